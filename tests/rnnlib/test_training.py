"""Optimisers, clipping, the training loop and what it records."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from needs import needed
from networks import RANDOM, random_elman, random_layer
from strategies import SEEDS

from rnnlib import Elman, bptt, initial, unroll
from rnnlib.examples import notes_elman
from rnnlib.losses import Loss, squared_error
from rnnlib.parameters import map_parameters, parameters, with_parameters
from rnnlib.tasks import Batch, Echo, Latch, TemporalOrder
from rnnlib.training import SGD, Adam, Diverged, clip, evaluate, fit, norm


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def gradients(rng, cell, number=5):
    return [map_parameters(lambda w: rng.normal(size=w.shape), cell) for _ in range(number)]


def walk(optimiser, cell, gradients):
    state = optimiser.start(cell)
    for gradient in gradients:
        cell, state = optimiser.step(cell, gradient, state)
    return cell


def single(cell):
    return map_parameters(lambda w: w.astype(np.float32), cell)


def assert_same(mine, theirs, **tolerance):
    for name, array in parameters(mine).items():
        np.testing.assert_allclose(array, parameters(theirs)[name], **tolerance)


# Optimisers


def test_sgd_in_numbers():
    cell = notes_elman()
    ones = map_parameters(np.ones_like, cell)
    state = SGD(0.5, momentum=0.5).start(cell)
    for b_h in ([0.5, -0.5, -1.5], [-0.25, -1.25, -2.25], [-1.125, -2.125, -3.125]):
        cell, state = SGD(0.5, momentum=0.5).step(cell, ones, state)
        np.testing.assert_array_equal(cell.b_h, b_h)


def test_adam_in_numbers():
    """The first step is the rate in the direction of the gradient's sign, whatever its size."""
    cell = notes_elman()
    gradient = map_parameters(lambda w: np.where(w > 0, 1e-3, -1e3), cell)
    stepped = walk(Adam(0.1), cell, [gradient])
    np.testing.assert_allclose(stepped.W_x, cell.W_x - 0.1 * np.sign(gradient.W_x), rtol=1e-5)


@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (SGD(0.1), "SGD", {"lr": 0.1}),
        (SGD(0.1, momentum=0.9), "SGD", {"lr": 0.1, "momentum": 0.9}),
        (Adam(0.1), "Adam", {"lr": 0.1}),
        (Adam(0.1, 0.8, 0.9, 1e-3), "Adam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}),
    ],
    ids=repr,
)
def test_optimisers_against_pytorch(ours, theirs, options, rng):
    torch = needed("torch")
    cell = random_elman(rng)
    steps = gradients(rng, cell)
    weights = [torch.tensor(w, requires_grad=True) for w in parameters(cell).values()]
    optimiser = getattr(torch.optim, theirs)(weights, **options)
    for gradient in steps:
        for weight, g in zip(weights, parameters(gradient).values(), strict=True):
            weight.grad = torch.tensor(g)
        optimiser.step()
    mine = parameters(walk(ours, cell, steps)).values()
    for ours_, weight in zip(mine, weights, strict=True):
        np.testing.assert_allclose(ours_, weight.detach().numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("optimiser", [SGD(0.1, 0.9), Adam(0.1)], ids=repr)
@pytest.mark.parametrize("network", RANDOM)
def test_a_step_changes_nothing_in_place_and_keeps_the_type(optimiser, network, rng):
    cell = single(network(rng))
    gradient = map_parameters(lambda w: np.ones(w.shape), cell)  # float64
    before = {name: array.copy() for name, array in parameters(cell).items()}
    stepped = walk(optimiser, cell, [gradient] * 3)
    assert type(stepped) is type(cell)
    for name, array in parameters(cell).items():
        np.testing.assert_array_equal(array, before[name])
        assert (parameters(stepped)[name] < array).all()
        assert parameters(stepped)[name].dtype == np.float32


def test_a_rate_may_be_a_number_of_numpy(rng):
    """Which in a product would turn float32 into float64."""
    cell = single(random_elman(rng))
    for optimiser in (SGD(np.float64(0.1)), Adam(np.float64(0.1), np.float64(0.9))):
        assert walk(optimiser, cell, [cell]).W_x.dtype == np.float32


@pytest.mark.parametrize("optimiser", [SGD(0.1), Adam(0.1)], ids=repr)
def test_a_gradient_of_another_network(optimiser, rng):
    cell = random_elman(rng)
    with pytest.raises(ValueError, match=r"W_x has shape \(1, 1\), expected \(2, 4\)"):
        optimiser.step(cell, random_elman(rng, 1, 1, 1), optimiser.start(cell))
    with pytest.raises(ValueError, match=r"arrays holds W_x, W_y, b; expected W_x, W_h"):
        optimiser.step(cell, random_layer(rng), optimiser.start(cell))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0), "rate is 0, expected a number above 0"),
        (lambda: SGD(0.1, momentum=1), "momentum is 1, expected a number from 0 to below 1"),
        (lambda: Adam(float("nan")), "rate is nan"),
        (lambda: Adam(0.1, beta_2=1.5), "beta_2 is 1.5"),
        (lambda: Adam(0.1, epsilon=-1), "epsilon is -1"),
        (lambda: clip(notes_elman(), 0), "limit is 0, expected a number above 0"),
        (lambda: clip(notes_elman(), np.inf), "limit is inf, expected a number above 0"),
    ],
)
def test_numbers_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD("0.1"), "rate is of type str, expected a number"),
        (lambda: SGD(0.1, None), "momentum is of type NoneType, expected a number"),
        (lambda: Adam(0.1, beta_2=[0.9]), "beta_2 is of type list, expected a number"),
        (lambda: clip(notes_elman(), 1j), "limit is of type complex, expected a number"),
    ],
)
def test_what_is_no_number(make, message):
    with pytest.raises(TypeError, match=message):
        make()


# Clipping


def test_the_norm_is_that_of_all_entries_together(rng):
    cell = random_elman(rng)
    everything = np.concatenate([w.ravel() for w in parameters(cell).values()])
    assert norm(cell) == pytest.approx(np.linalg.norm(everything), rel=1e-14)
    assert norm(map_parameters(np.zeros_like, cell)) == 0
    huge = map_parameters(lambda w: -1e200 * abs(w), cell)
    assert norm(huge) == pytest.approx(1e200 * norm(cell), rel=1e-14)
    assert norm(map_parameters(lambda w: w * np.inf, cell)) == np.inf


@given(seed=SEEDS, limit=st.floats(0.01, 100))
def test_clipping_shortens_and_keeps_the_direction(seed, limit):
    gradient = random_elman(np.random.default_rng(seed))
    clipped = clip(gradient, limit)
    if norm(gradient) <= limit:
        assert clipped is gradient
    else:
        assert norm(clipped) == pytest.approx(limit, rel=1e-12)
        factor = limit / norm(gradient)
        assert_same(clipped, map_parameters(lambda g: factor * g, gradient), rtol=1e-12)


def test_clipping_of_what_float32_can_just_hold(rng):
    """The norm itself is beyond it."""
    gradient = map_parameters(lambda w: np.full_like(w, 3e38), single(random_elman(rng)))
    clipped = clip(gradient, np.float64(1))
    assert norm(gradient) > 1e39
    assert norm(clipped) == pytest.approx(1, rel=1e-6)
    assert clipped.W_x.dtype == np.float32


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_has_no_direction_to_keep(value, rng):
    cell = random_elman(rng)
    gradient = with_parameters(cell, parameters(cell) | {"b_o": np.array([1, value, 1])})
    with pytest.raises(ValueError, match=r"the norm of gradient is (inf|nan), expected a finite"):
        clip(gradient, 1)


# The training loop


def small(rng):
    return initial.elman(rng, 1, 8, 1)


def test_it_learns_and_the_history_tells(rng):
    task = Echo(10, delay=1)
    fitted = fit(small(rng), task, optimiser=Adam(0.02), iterations=400, rng=rng, progress=False)
    history = fitted.history
    assert len(history.losses) == len(history.norms) == history.best == 400
    assert np.mean(history.losses[:5]) > 0.5 * task.baseline
    assert np.mean(history.losses[-20:]) < 0.05 * task.baseline
    assert evaluate(fitted.cell, task, task.batch(rng, 100)) < 0.05 * task.baseline


def test_the_same_seed_gives_the_same_network():
    runs = [
        fit(
            small(np.random.default_rng(1)),
            Latch(5),
            optimiser=SGD(0.1, 0.5),
            iterations=20,
            rng=np.random.default_rng(2),
            progress=False,
        )
        for _ in range(2)
    ]
    assert runs[0].history.losses == runs[1].history.losses
    assert_same(runs[0].cell, runs[1].cell, rtol=0)


@dataclasses.dataclass
class Fixed:
    """The same batch again and again; it notes how many sequences were asked for."""

    always: Batch
    loss: Callable = squared_error
    steps: str = "all"
    asked: list = dataclasses.field(default_factory=list)

    def batch(self, rng, m):
        self.asked.append(m)
        return self.always


def zeros_and_ones(scale=1.0):
    return Batch(np.zeros((3, 4, 1)), scale * np.ones((3, 4, 1)))


@pytest.mark.parametrize("clip_at", [None, 0.01])
@pytest.mark.parametrize("truncate", [None, 2])
@pytest.mark.parametrize("extra", ["nothing", "mask", "lengths"])
def test_one_iteration_is_one_step_of_the_optimiser(clip_at, truncate, extra, rng):
    cell, xs, target = small(rng), rng.normal(size=(3, 4, 1)), rng.normal(size=(3, 4, 1))
    mask = rng.integers(0, 2, (3, 4)) if extra == "mask" else None
    lengths = np.array([1, 2, 3, 2]) if extra == "lengths" else None

    trace = unroll(cell, xs, lengths=lengths)
    loss = squared_error(trace, target, mask=mask)
    gradient = bptt(trace, loss, truncate=truncate).cell
    clipped = gradient if clip_at is None else clip(gradient, clip_at)

    task = Fixed(Batch(xs, target, mask, lengths))
    options = {"truncate": truncate, "clip_at": clip_at, "batch_size": 4, "progress": False}
    fitted = fit(cell, task, optimiser=SGD(0.1), iterations=1, rng=rng, **options)
    assert_same(fitted.cell, walk(SGD(0.1), cell, [clipped]), rtol=1e-14)
    assert fitted.history.norms == [norm(gradient)]
    assert fitted.history.losses == [loss.value] == [evaluate(cell, task, task.always)]
    assert task.asked == [4]


def test_the_last_step_is_that_of_each_sequence(rng):
    cell, xs, target = small(rng), rng.normal(size=(3, 4, 1)), rng.normal(size=(4, 1))
    lengths = np.array([1, 2, 3, 2])
    loss = squared_error(unroll(cell, xs, lengths=lengths), target, steps="last")
    task = Fixed(Batch(xs, target, None, lengths), steps="last")
    options = {"optimiser": SGD(0.1), "iterations": 1, "rng": rng, "progress": False}
    assert fit(cell, task, **options).history.losses == [loss.value]


def test_a_loss_may_read_the_pre_activation_and_lengths_are_respected(rng):
    task = TemporalOrder(10)
    cell = initial.elman(rng, task.n_inputs, 8, task.n_outputs, g_o="softmax")
    options = {"optimiser": Adam(0.01), "iterations": 30, "rng": rng, "progress": False}
    fitted = fit(cell, task, on="a_o", **options)
    assert fitted.history.losses[-1] < fitted.history.losses[0]


def test_the_best_network_is_returned_and_patience_ends(rng):
    """With a rate that is far too large nothing gets better: the first trial stays the best."""
    task, cell = Latch(5), small(rng)
    fitted = fit(
        cell,
        task,
        optimiser=SGD(0.3),
        iterations=1000,
        rng=rng,
        clip_at=30,
        validate_every=5,
        patience=3,
        progress=False,
    )
    history = fitted.history
    assert history.validated == list(range(5, 5 * len(history.validated) + 1, 5))
    best = int(np.argmin(history.validation_losses))
    assert history.best == history.validated[best]
    assert len(history.validated) == best + 4 < 200
    assert len(history.losses) == history.validated[-1]
    trial = task.batch(np.random.default_rng(20261121), 320)  # not the same batch, but as large
    assert evaluate(fitted.cell, task, trial) < 10 * history.validation_losses[best] + 1


def test_float32_stays_float32_on_tasks_of_float64(rng):
    cell = initial.elman(rng, 1, 8, 1, dtype=np.float32)
    options = {"iterations": 5, "rng": rng, "clip_at": 0.1, "progress": False}
    fitted = fit(cell, Latch(5), optimiser=Adam(0.01), validate_every=2, **options)
    for name, array in parameters(fitted.cell).items():
        assert array.dtype == np.float32
        assert not np.array_equal(array, parameters(cell)[name])
    assert evaluate(cell, Latch(5), Latch(5).batch(rng, 3)).dtype == np.float32


def test_nothing_that_belongs_to_the_caller_is_changed(rng):
    task, cell = Latch(5), small(rng)
    before = {name: array.copy() for name, array in parameters(cell).items()}
    batch = task.batch(rng, 4)
    kept = [np.copy(batch.xs), np.copy(batch.target)]

    class Same(Latch):
        def batch(self, rng, m):
            return batch

    fit(cell, Same(5), optimiser=SGD(0.1, 0.9), iterations=5, rng=rng, progress=False)
    for name, array in parameters(cell).items():
        np.testing.assert_array_equal(array, before[name])
    for mine, theirs in zip(kept, batch, strict=False):
        np.testing.assert_array_equal(mine, theirs)


def test_without_a_trial_that_was_made_the_last_network_is_the_best(rng):
    options = {"optimiser": SGD(0.1), "iterations": 3, "rng": rng, "progress": False}
    cell = small(rng)
    fitted = fit(cell, Latch(5), validate_every=10, **options)
    assert (fitted.history.best, fitted.history.validated) == (3, [])
    assert not np.array_equal(fitted.cell.W_x, cell.W_x)


def test_divergence_between_two_trials_leaves_the_best(rng):
    """Trials that are not finite are none that is better."""
    with pytest.raises(Diverged) as info:
        fit(
            small(rng),
            Latch(20),
            optimiser=SGD(1e90),
            iterations=50,
            rng=rng,
            validate_every=1,
            progress=False,
        )
    cell, history = info.value.fitted
    assert history.best == history.validated[int(np.argmin(history.validation_losses))]
    assert all(np.isfinite(w).all() for w in parameters(cell).values())
    assert not np.isnan(history.validation_losses).any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rate", [1e10, 1e60, 1e100, 1e150, 1e200, 1e250, 1e308])
def test_divergence_at_any_size_is_told_the_same_way(rate, rng):
    """Whether the outputs, the loss, the gradient or the weights overflow first."""
    with pytest.raises(Diverged) as info:
        fit(small(rng), Latch(5), optimiser=SGD(rate), iterations=99, rng=rng, progress=False)
    cell, history = info.value.fitted
    assert all(np.isfinite(w).all() for w in parameters(cell).values())
    assert np.isfinite(history.losses).all() and np.isfinite(history.norms).all()
    # the network of the last loss that was finite, before the step that spoiled it
    again = small(rng_again := np.random.default_rng(20261121))
    if history.best:
        options = {"iterations": history.best, "rng": rng_again, "progress": False}
        again = fit(again, Latch(5), optimiser=SGD(rate), **options).cell
    assert_same(cell, again, rtol=0)
    assert len(history.losses) == len(history.norms) == history.best + 1
    assert f"at iteration {history.best + 2};" in str(info.value)


def test_divergence_at_once(rng):
    cell = with_parameters(small(rng), parameters(small(rng)) | {"b_o": np.array([np.inf])})
    with pytest.raises(Diverged, match="at iteration 1;") as info:
        fit(cell, Latch(5), optimiser=SGD(0.1), iterations=9, rng=rng, progress=False)
    assert info.value.fitted.cell is cell
    assert info.value.fitted.history.losses == []


def linear(**weights):
    zeros = {"W_x": [[0]], "W_h": [[0]], "W_o": [[0]], "b_h": [0], "b_o": [0]}
    return Elman(**zeros | weights, g_h="identity")


def spoiled(y, target, **how):
    value, gradient = squared_error(y, target, **how)
    return Loss(value, np.nan * gradient)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("cell", "task"),
    [
        (linear(b_h=[1e200], W_o=[[1e200]]), Fixed(zeros_and_ones())),
        (linear(b_o=[1e160]), Fixed(zeros_and_ones())),
        (linear(W_o=[[1e200]], W_h=[[1e200]]), Fixed(zeros_and_ones())),
        (linear(), Fixed(zeros_and_ones(), loss=spoiled)),
    ],
    ids=["the outputs", "the loss", "the gradient", "the loss's own gradient"],
)
def test_what_alone_is_not_finite(cell, task, rng):
    with pytest.raises(Diverged, match="at iteration 1;"):
        fit(cell, task, optimiser=SGD(0.1), iterations=9, rng=rng, progress=False)


@pytest.mark.filterwarnings("error")
def test_weights_that_overflow(rng):
    """The step is one too far; the next iteration tells."""
    cell, task = linear(), Fixed(zeros_and_ones(1e10))
    with pytest.raises(Diverged, match="at iteration 2;") as info:
        fit(cell, task, optimiser=SGD(1e308), iterations=9, rng=rng, progress=False)
    assert info.value.fitted.cell is cell


def test_a_network_without_finite_outputs_has_an_infinite_loss(rng):
    task = Fixed(zeros_and_ones())
    assert evaluate(linear(b_h=[1e200], W_o=[[1e200]]), task, task.always) == np.inf


def test_trials_take_a_larger_batch_and_no_better_is_not_better(rng):
    task = Fixed(zeros_and_ones(), loss=lambda y, target, **_: Loss(np.float64(1), 0 * y))
    options = {"batch_size": 4, "validate_every": 2, "patience": 3, "progress": False}
    fitted = fit(linear(), task, optimiser=SGD(0.1), iterations=99, rng=rng, **options)
    assert task.asked == [40] + [4] * 8
    assert fitted.history.best == 2
    assert fitted.history.validated == [2, 4, 6, 8]


def test_divergence_says_where_and_what_to_try(rng):
    cell = dataclasses.replace(initial.elman(rng, 1, 8, 1, g_h="relu"), W_h=10 * np.eye(8))
    with pytest.raises(
        Diverged, match=r"at iteration \d+; try a smaller rate than 1e\+90, or clip"
    ) as info:
        fit(
            cell,
            Latch(20),
            optimiser=SGD(1e90),
            iterations=50,
            rng=rng,
            progress=False,
        )
    assert all(np.isfinite(w).all() for w in parameters(info.value.fitted.cell).values())
    assert len(info.value.fitted.history.losses) >= 1


def test_an_interruption_returns_what_was_reached(rng):
    class Interrupted(Latch):
        batches = 0

        def batch(self, rng, m):
            type(self).batches += 1
            if self.batches > 7:
                raise KeyboardInterrupt
            return super().batch(rng, m)

    fitted = fit(
        small(rng), Interrupted(5), optimiser=SGD(0.1), iterations=50, rng=rng, progress=False
    )
    assert len(fitted.history.losses) == 7


def test_the_bar_shows_the_loss_and_without_tqdm_there_is_none(rng, capsys, monkeypatch):
    options = {"optimiser": SGD(0.1), "iterations": 3, "rng": rng}
    fit(small(rng), Latch(5), **options)
    shown = capsys.readouterr().err
    assert "3/3" in shown and "loss=" in shown
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert len(fit(small(rng), Latch(5), **options).history.losses) == 3
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"iterations": 0}, "iterations is 0, expected a whole number, at least 1"),
        ({"batch_size": 2.5}, "batch_size is 2.5"),
        ({"validate_every": 0}, "validate_every is 0"),
        ({"patience": 2}, "patience was given without validate_every"),
        ({"clip_at": 0}, "clip_at is 0, expected a number above 0"),
        ({"truncate": 0}, "truncate is 0"),
    ],
)
def test_settings_that_cannot_be(options, message, rng):
    settings = {"optimiser": SGD(0.1), "iterations": 3, "rng": rng, "progress": False} | options
    with pytest.raises(ValueError, match=message):
        fit(small(rng), Latch(5), **settings)


def test_an_optimiser_that_is_none(rng):
    for wrong, what in ((0.1, "0.1"), (Adam, "the class Adam")):
        with pytest.raises(TypeError, match=rf"optimiser is {what}, expected SGD\(rate\)"):
            fit(small(rng), Latch(5), optimiser=wrong, iterations=3, rng=rng, progress=False)


def test_a_quantity_that_is_not_there(rng):
    with pytest.raises(AttributeError, match="a trace of Layer holds a, y; got 'a_o'"):
        fit(
            random_layer(rng, 1, 1),
            Latch(5),
            on="a_o",
            optimiser=SGD(0.1),
            iterations=3,
            rng=rng,
            progress=False,
        )
