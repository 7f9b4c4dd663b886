"""Pictures: what is drawn, and how it is labelled. Not how it looks, which is for eyes to judge."""

from __future__ import annotations

import builtins
import dataclasses
import warnings

import matplotlib
import numpy as np
import pytest
from networks import draw, random_elman, random_layer, random_lstm

from rnnlib import LayerStep, bptt, flow, pad, unroll
from rnnlib.training import History
from unrolled.figures import plots

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb

T = 5


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


@pytest.fixture(autouse=True)
def no_warnings_and_no_figures_left():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
        for number in plt.get_fignums():
            plt.figure(number).canvas.draw()  # some of them come only now
    plt.close("all")


def random_trace(rng, network, *leading):
    return unroll(network(rng), draw(rng, T, *leading, 2))


def series(ax):
    """The lines that stand for something, without those that stand faintly behind them."""
    return [line for line in ax.lines if line.get_gid() == "series"]


def names_in_legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# Norms of gradients over time


@pytest.mark.parametrize("name", [None, "h", "c"])
def test_the_norms_of_a_gradient(name, rng):
    d = bptt(random_trace(rng, random_lstm), h=draw(rng, T, 3))
    ax = plots.gradient_norms(d, name=name)
    [line] = series(ax)
    np.testing.assert_array_equal(line.get_xdata(), range(T + 1))
    np.testing.assert_array_equal(line.get_ydata(), flow.gradient_norms(d, name or "h"))
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "time step $t$"
    assert ax.get_ylabel() == rf"$\|\partial L/\partial {name or 'h'}(t)\|$"
    assert ax.get_legend() is None


def test_norms_of_jacobians(rng):
    norms = flow.norms(random_trace(rng, random_elman))
    ax = plots.gradient_norms(norms, label="Elman")
    np.testing.assert_array_equal(series(ax)[0].get_ydata(), norms)
    assert ax.get_ylabel() == "norm of the gradient"
    assert names_in_legend(ax) == ["Elman"]


def test_of_a_batch_every_sequence_and_their_median(rng):
    norms = flow.norms(random_trace(rng, random_elman, 3))
    ax = plots.gradient_norms(norms)
    [median] = series(ax)
    faint = [line for line in ax.lines if line is not median]
    np.testing.assert_array_equal(np.stack([line.get_ydata() for line in faint], 1), norms)
    np.testing.assert_array_equal(median.get_ydata(), np.median(norms, axis=1))
    assert {line.get_color() for line in ax.lines} == {median.get_color()}


def test_zeros_and_infinities_are_left_out():
    line = series(plots.gradient_norms([0, 1, np.inf, 2, 1]))[0].get_ydata()
    np.testing.assert_array_equal(line, [np.nan, 1, np.nan, 2, 1])


def test_a_gradient_that_has_vanished_altogether():
    assert np.isnan(series(plots.gradient_norms([0, 0, 0]))[0].get_ydata()).all()


@pytest.mark.parametrize("norms", [1.0, [1.0], np.zeros((3, 0))])
def test_what_is_no_norms_over_time(norms):
    with pytest.raises(ValueError, match=r"norms has shape .*, expected \(T\+1, \.\.\.\)"):
        plots.gradient_norms(norms)


def test_several_lines_in_one_picture_differ_in_colour_and_dash():
    _, ax = plt.subplots()
    for name in ("one", "two", "three", "four"):
        assert plots.gradient_norms(np.ones((3, 2)), label=name, ax=ax) is ax
    assert len({line.get_color() for line in series(ax)}) == 4
    assert len({line.get_linestyle() for line in series(ax)}) == 4
    assert names_in_legend(ax) == ["one", "two", "three", "four"]


def luminance(colour):
    """Relative luminance, as WCAG defines it."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("background", ["white", "black", "#14181e"])
@pytest.mark.parametrize("colour", plots.COLOURS)
def test_lines_stand_out_from_a_light_page_and_from_a_dark_one(colour, background):
    dark, light = sorted([luminance(colour), luminance(background)])
    assert (light + 0.05) / (dark + 0.05) >= 3  # WCAG 1.4.11


# A trace as a map


def test_neurons_over_time(rng):
    trace = random_trace(rng, random_lstm)
    ax = plots.heat_map(trace, "c")
    [image] = ax.images
    np.testing.assert_array_equal(image.get_array(), trace.c.T)
    assert ax.get_xlabel() == "time step $t$" and ax.get_ylabel() == "neuron"
    assert image.colorbar.ax.get_ylabel() == "$c(t)$"


def test_step_t_stands_over_t_and_neuron_i_beside_i(rng):
    ax = plots.heat_map(random_trace(rng, random_lstm))
    assert ax.get_xlim() == (0.5, T + 0.5)
    assert ax.get_ylim() == (2.5, -0.5)
    for ticks in (ax.get_xticks(), ax.get_yticks()):
        assert all(float(tick).is_integer() for tick in ticks)


def test_zero_is_in_the_middle(rng):
    trace = random_trace(rng, random_layer)
    lowest, highest = plots.heat_map(trace).images[0].get_clim()
    assert -lowest == highest == np.abs(trace.y).max()
    middle = plt.get_cmap(plots.DIVERGING)(0.5)
    assert min(middle[:3]) > 0.95


@pytest.mark.parametrize(
    ("quantity", "label"), [("a_h", "$a_{h}(t)$"), ("h", "$h(t)$"), (None, "$y(t)$")]
)
def test_a_quantity_is_written_as_in_the_notes(quantity, label, rng):
    image = plots.heat_map(random_trace(rng, random_elman), quantity).images[0]
    assert image.colorbar.ax.get_ylabel() == label


def test_a_candidate_wears_its_tilde(rng):
    image = plots.heat_map(random_trace(rng, random_lstm), "c_tilde").images[0]
    assert image.colorbar.ax.get_ylabel() == r"$\tilde{c}(t)$"


def test_a_gradient_is_a_trace_too(rng):
    d = bptt(random_trace(rng, random_elman), y=draw(rng, T, 3))
    np.testing.assert_array_equal(plots.heat_map(d, "h").images[0].get_array(), d.h.T)


@pytest.mark.parametrize(("leading", "sequence"), [((3,), 1), ((2, 3), (1, 2))])
def test_one_sequence_of_a_batch(leading, sequence, rng):
    trace = random_trace(rng, random_layer, *leading)
    index = (slice(None), *np.atleast_1d(sequence))
    image = plots.heat_map(trace, sequence=sequence).images[0]
    np.testing.assert_array_equal(image.get_array(), trace.y[index].T)


def test_a_sequence_is_drawn_to_its_own_end(rng):
    xs, lengths = pad([draw(rng, 5, 2), draw(rng, 2, 2)])
    trace = unroll(random_layer(rng), xs, lengths=lengths)
    image = plots.heat_map(trace, sequence=1).images[0]
    np.testing.assert_array_equal(image.get_array(), trace.y[:2, 1].T)


def test_what_is_not_finite_stays_empty(rng):
    trace = random_trace(rng, random_layer)
    y = trace.y.copy()
    y[1, 2], y[2, 3] = np.inf, np.nan
    trace = dataclasses.replace(trace, steps=LayerStep(trace.a, y))
    image = plots.heat_map(trace).images[0]
    assert image.get_array().mask.sum() == 2
    assert image.get_clim()[1] == np.abs(trace.y[np.isfinite(trace.y)]).max()


def test_a_map_of_zeros(rng):
    trace = random_trace(rng, random_layer)
    trace = dataclasses.replace(trace, steps=LayerStep(0 * trace.a, 0 * trace.y))
    assert plots.heat_map(trace).images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize("sequence", [None, 3, (0, 0), "0"])
def test_a_batch_is_no_map(sequence, rng):
    with pytest.raises(ValueError, match=r"sequence is .*, expected one of .* shape \(3,\)"):
        plots.heat_map(random_trace(rng, random_layer, 3), sequence=sequence)


def test_one_sequence_has_no_others(rng):
    with pytest.raises(ValueError, match="sequence is 0, expected None"):
        plots.heat_map(random_trace(rng, random_layer), sequence=0)


# Training


def history(iterations, **more):
    falling = [2.0 ** (-i / 10) for i in range(iterations)]
    return History(losses=falling, norms=[3 * loss for loss in falling], **more)


@pytest.mark.parametrize(
    ("quantity", "label"), [("losses", "loss"), ("norms", "norm of the gradient")]
)
def test_a_short_training_iteration_by_iteration(quantity, label):
    ax = plots.training_history(history(20), quantity)
    [line] = ax.lines
    np.testing.assert_array_equal(line.get_xdata(), range(1, 21))
    np.testing.assert_array_equal(line.get_ydata(), getattr(history(20), quantity))
    assert ax.get_yscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("iteration", label)


def test_a_long_training_is_smoothed():
    behind, line = plots.training_history(history(200)).lines
    np.testing.assert_array_equal(behind.get_ydata(), history(200).losses)
    np.testing.assert_allclose(line.get_ydata()[0], np.mean(history(200).losses[:4]))
    np.testing.assert_allclose(line.get_xdata()[[0, -1]], [2.5, 198.5])


def test_validation_and_where_the_best_was_found():
    tried = history(20, validated=[5, 10, 15], validation_losses=[1.0, 0.5, 0.75], best=10)
    ax = plots.training_history(tried, label="LSTM")
    _, validation, best = ax.lines
    assert validation.get_xydata().tolist() == [[5, 1], [10, 0.5], [15, 0.75]]
    assert best.get_xydata().tolist() == [[10, 0.5]]
    assert [text.get_text() for text in ax.texts] == ["best"]
    assert names_in_legend(ax) == ["LSTM", "LSTM, validation"]


def test_what_can_be_had_without_memory():
    ax = plots.training_history(history(20), baseline=1 / 6)
    assert ax.lines[-1].get_ydata() == [1 / 6, 1 / 6]
    assert names_in_legend(ax) == ["without memory"]


def test_a_loss_that_reached_zero_has_no_logarithm():
    assert plots.training_history(History(losses=[1.0, 0.0])).get_yscale() == "linear"


def test_two_trainings_in_one_picture():
    ax = plots.training_history(history(150), label="one")
    plots.training_history(history(150), label="two", ax=ax)
    one, two = series(ax)
    assert one.get_color() != two.get_color()


def test_a_history_of_nothing():
    with pytest.raises(ValueError, match="history has no losses"):
        plots.training_history(History())
    with pytest.raises(ValueError, match='quantity is \'loss\', expected "losses" or "norms"'):
        plots.training_history(history(3), "loss")


# Without Matplotlib


def test_without_matplotlib_the_error_says_what_to_install(rng, monkeypatch):
    def missing(name, *rest, real=builtins.__import__):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest)

    trace = random_trace(rng, random_layer)
    monkeypatch.setattr(builtins, "__import__", missing)
    for picture in (
        lambda: plots.gradient_norms([1.0, 2.0]),
        lambda: plots.heat_map(trace),
        lambda: plots.training_history(history(3)),
    ):
        with pytest.raises(ImportError, match=r"pip install unrolled\[figures\]"):
            picture()
