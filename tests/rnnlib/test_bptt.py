"""Backpropagation through time: every gradient against a derivative taken without it."""

from __future__ import annotations

import numpy as np
import pytest
from networks import RANDOM, draw, random_elman, random_jordan, random_state

from rnnlib import ACTIVATIONS, Activation, activation, bptt, contributions, pad, unroll
from rnnlib.examples import notes_elman, notes_inputs
from rnnlib.parameters import map_parameters, parameters, with_parameters
from rnnlib.seeds import names_of_seeds

TINY = 1e-30
T = 4


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def smooth(trace, weights):
    """A loss of every quantity that may be a seed, different at each step; and its own gradient."""
    loss, own = 0, {}
    for name, weight in weights.items():
        quantity = getattr(trace, name)
        loss = loss + (weight * quantity**2).sum()
        own[name] = 2 * weight * quantity
    return loss, own


def kept(trace):
    return [quantity for quantity in trace.steps if quantity is not None]


def weights_for(rng, trace):
    return {name: draw(rng, *getattr(trace, name).shape) for name in names_of_seeds(trace)}


def by_complex_step(function, array):
    """The derivative of ``function`` with respect to each entry of ``array``."""
    derivative = np.empty(array.shape)
    for index in np.ndindex(array.shape):
        moved = array.astype(complex)
        moved[index] += TINY * 1j
        derivative[index] = function(moved).imag / TINY
    return derivative


@pytest.mark.parametrize("leading", [(), (3,), (2, 2)])
@pytest.mark.parametrize("network", RANDOM)
def test_every_gradient_by_the_complex_step(network, leading, rng):
    assert_every_gradient(network(rng), leading, rng)


@pytest.mark.parametrize("leading", [(), (3,)])
@pytest.mark.parametrize("network", [random_elman, random_jordan])
def test_a_readout_whose_jacobian_is_neither_diagonal_nor_symmetric(
    network, leading, rng, monkeypatch
):
    def heaped(a):  # y_j = sin a_1 + ... + sin a_j
        return np.sin(a).cumsum(axis=-1)

    def slope(a, y):  # row i: where a change of a_i goes to
        return np.cos(a)[..., :, None] * np.triu(np.ones((a.shape[-1], a.shape[-1])))

    monkeypatch.setitem(ACTIVATIONS, "heaped", Activation("heaped", heaped, slope))
    a = draw(rng, 4)
    moved = [heaped(a + TINY * 1j * unit).imag / TINY for unit in np.eye(4)]
    np.testing.assert_allclose(activation("heaped").derivative(a), moved)
    assert_every_gradient(network(rng, g_o="heaped"), leading, rng)


def assert_every_gradient(cell, leading, rng):
    xs = draw(rng, T, *leading, 2)
    initial = random_state(rng, cell, leading)
    trace = unroll(cell, xs, initial)
    weights = weights_for(rng, trace)
    d = bptt(trace, **smooth(trace, weights)[1])

    def loss(cell=cell, xs=xs, initial=initial):
        return smooth(unroll(cell, xs, initial), weights)[0]

    for name, array in parameters(cell).items():
        expected = by_complex_step(
            lambda moved, name=name: loss(
                cell=with_parameters(cell, parameters(cell) | {name: moved})
            ),
            array,
        )
        np.testing.assert_allclose(parameters(d.cell)[name], expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        d.xs, by_complex_step(lambda moved: loss(xs=moved), xs), rtol=1e-12, atol=1e-12
    )
    for name in cell.state:
        expected = by_complex_step(
            lambda moved, name=name: loss(initial=initial._replace(**{name: moved})),
            getattr(initial, name),
        )
        np.testing.assert_allclose(getattr(d[0], name), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cut", [1, 2, 3])
@pytest.mark.parametrize("network", RANDOM)
def test_two_halves_are_one_whole(network, cut, rng):
    """What reaches the second half's initial state goes on, as a seed, into the first's end."""
    cell, xs = network(rng), draw(rng, T, 3, 2)
    whole = unroll(cell, xs, random_state(rng, cell, (3,)))
    own = smooth(whole, weights_for(rng, whole))[1]
    d = bptt(whole, **own)

    first = unroll(cell, xs[:cut], whole[0])
    second = unroll(cell, xs[cut:], first[-1])
    d_second = bptt(second, **{name: seed[cut:] for name, seed in own.items()})
    own_of_first = {name: seed[:cut].copy() for name, seed in own.items()}
    for name in cell.state:
        own_of_first[name][-1] += getattr(d_second[0], name)
    d_first = bptt(first, **own_of_first)

    for entire, *parts in zip(kept(d), kept(d_first), kept(d_second), strict=True):
        np.testing.assert_allclose(np.concatenate(parts), entire, rtol=1e-11, atol=1e-13)
    for name in cell.state:
        np.testing.assert_allclose(
            getattr(d_first[0], name), getattr(d[0], name), rtol=1e-11, atol=1e-13
        )
    total = map_parameters(np.add, d_first.cell, d_second.cell)
    for mine, theirs in zip(parameters(total).values(), parameters(d.cell).values(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("network", RANDOM)
def test_truncated_to_all_steps_is_not_truncated(network, rng):
    trace = unroll(network(rng), draw(rng, T, 3, 2), random_state(rng, network(rng), (3,)))
    own = smooth(trace, weights_for(rng, trace))[1]
    whole = bptt(trace, **own)
    for k in (T, T + 1, 100):
        truncated = bptt(trace, truncate=k, **own)
        for mine, theirs in zip(kept(whole), kept(truncated), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-13)
        for mine, theirs in zip(
            parameters(whole.cell).values(), parameters(truncated.cell).values(), strict=True
        ):
            np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(whole.xs, truncated.xs, rtol=1e-10, atol=1e-13)
        for name in trace.cell.state:
            np.testing.assert_allclose(
                getattr(whole[0], name), getattr(truncated[0], name), rtol=1e-10, atol=1e-13
            )


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("network", RANDOM)
def test_truncated_means_that_a_steps_loss_sees_the_last_k_steps_alone(network, k, rng):
    """Step t's loss as if the network had started at step t − k, from the state it then had."""
    cell, xs = network(rng), draw(rng, T, 3, 2)
    trace = unroll(cell, xs, random_state(rng, cell, (3,)))
    own = smooth(trace, weights_for(rng, trace))[1]
    expected = map_parameters(np.zeros_like, cell)
    for t in range(1, T + 1):
        start = max(t - k, 0)
        window = unroll(cell, xs[start:t], trace[start])
        last = {}
        for name, seed in own.items():
            last[name] = np.zeros_like(seed[start:t])
            last[name][-1] = seed[t - 1]
        expected = map_parameters(np.add, expected, bptt(window, **last).cell)
    truncated = bptt(trace, truncate=k, **own).cell
    for mine, theirs in zip(
        parameters(truncated).values(), parameters(expected).values(), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("network", RANDOM)
def test_the_table_of_contributions_sums_to_the_gradient(network, rng):
    trace = unroll(network(rng), draw(rng, T, 3, 2))
    own = smooth(trace, weights_for(rng, trace))[1]
    table = parameters(contributions(trace, **own))
    for name, gradient in parameters(bptt(trace, **own).cell).items():
        assert table[name].shape == (T, T, *gradient.shape)
        np.testing.assert_allclose(table[name].sum(axis=(0, 1)), gradient, rtol=1e-9, atol=1e-13)
        assert not np.triu(np.moveaxis(table[name], (0, 1), (-2, -1)), 1).any()
    for k in (1, 2, 3):
        truncated = parameters(bptt(trace, truncate=k, **own).cell)
        for name, gradient in truncated.items():
            band = sum(table[name][t, s] for t in range(T) for s in range(max(t - k + 1, 0), t + 1))
            np.testing.assert_allclose(band, gradient, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("network", RANDOM)
def test_padding_leaks_into_no_value_and_no_gradient(network, rng):
    cell = network(rng)
    sequences = [draw(rng, length, 2) for length in (3, 5, 1)]
    xs, lengths = pad(sequences)
    for i, length in enumerate(lengths):
        xs[length:, i] = np.nan
    trace = unroll(cell, xs, lengths=lengths)
    seed = draw(rng, *getattr(trace, cell.output).shape)
    seed[~(np.arange(1, 6)[:, None] <= lengths)] = 0
    d = bptt(trace, **{cell.output: seed})
    total = map_parameters(np.zeros_like, cell)
    for i, (sequence, length) in enumerate(zip(sequences, lengths, strict=True)):
        alone = unroll(cell, sequence)
        d_alone = bptt(alone, **{cell.output: seed[:length, i]})
        total = map_parameters(np.add, total, d_alone.cell)
        for mine, theirs in zip(kept(trace), kept(alone), strict=True):
            np.testing.assert_allclose(mine[:length, i], theirs, rtol=1e-12, atol=1e-14)
            np.testing.assert_array_equal(mine[length:, i], mine[[length - 1] * (5 - length), i])
        for mine, theirs in zip(kept(d), kept(d_alone), strict=True):
            np.testing.assert_allclose(mine[:length, i], theirs, rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(d.xs[:length, i], d_alone.xs, rtol=1e-11, atol=1e-14)
        assert not d.xs[length:, i].any()
    for mine, theirs in zip(parameters(d.cell).values(), parameters(total).values(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-13)


# The notes' example, and what surprises


def test_the_worked_example_by_hand():
    """Only neuron 1 is active at step 3, so that its loss goes back through W_h's first column."""
    trace = unroll(notes_elman(), notes_inputs())
    d = bptt(trace, y=[[0, 0], [0, 0], [1, 0]])
    np.testing.assert_array_equal(d.a_o, [[0, 0], [0, 0], [1, 0]])
    np.testing.assert_array_equal(d.h[2], [1, 1, -2])  # the first column of W_o
    np.testing.assert_array_equal(d.a_h[2], [1, 0, 0])
    np.testing.assert_array_equal(d.h[1], [1, 0, -1])  # the first column of W_h
    np.testing.assert_array_equal(d.a_h[1], [1, 0, 0])
    np.testing.assert_array_equal(d.h[0], [1, 0, -1])
    np.testing.assert_array_equal(d.a_h[0], [0, 0, -1])
    np.testing.assert_array_equal(d[0].h, [0, -1, 0])
    np.testing.assert_array_equal(d.cell.b_h, [2, 0, -1])
    h = [[0, 0, 0], [0, 2, 1], [3, 3, 0]]
    by_hand = sum(np.outer(before, da) for before, da in zip(h, d.a_h, strict=True))
    np.testing.assert_array_equal(d.cell.W_h, by_hand)


def test_the_gradient_of_relu_by_central_differences(rng):
    """Where no pre-activation is within reach of 0, ReLU is as good as linear."""
    cell = random_elman(rng, g_h="relu", g_o="relu")
    xs = draw(rng, T, 3, 2)
    trace = unroll(cell, xs)
    assert min(abs(trace.a_h).min(), abs(trace.a_o).min()) > 1e-4
    assert 0.2 < (trace.a_h > 0).mean() < 0.8
    weight = draw(rng, *trace.y.shape)
    gradient = bptt(trace, y=weight).cell
    for name, array in parameters(cell).items():
        for index in np.ndindex(array.shape):
            moved = []
            for step in (1e-5, -1e-5):
                changed = array.copy()
                changed[index] += step
                other = with_parameters(cell, parameters(cell) | {name: changed})
                moved.append((weight * unroll(other, xs).y).sum())
            difference = (moved[0] - moved[1]) / 2e-5
            assert parameters(gradient)[name][index] == pytest.approx(difference, abs=1e-8)


@pytest.mark.parametrize("network", RANDOM)
def test_calling_twice_gives_the_same_and_changes_nothing(network, rng):
    trace = unroll(network(rng), draw(rng, T, 3, 2))
    seed = draw(rng, *getattr(trace, trace.cell.output).shape)
    before = [quantity.copy() for quantity in kept(trace)], seed.copy()
    first, second = (bptt(trace, **{trace.cell.output: seed}) for _ in range(2))
    for mine, theirs in zip(kept(first), kept(second), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in zip([*kept(trace), seed], [*before[0], before[1]], strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("network", RANDOM)
def test_float32_stays_float32(network, rng):
    cell = map_parameters(lambda w: w.astype(np.float32), network(rng))
    trace = unroll(cell, draw(rng, T, 3, 2).astype(np.float32))
    d = bptt(trace, **{cell.output: draw(rng, *getattr(trace, cell.output).shape)})
    for array in (*kept(d), d.xs, *parameters(d.cell).values()):
        assert array.dtype == np.float32


def test_a_gradient_that_explodes_is_still_a_gradient():
    cell = notes_elman()
    trace = unroll(cell, notes_inputs())
    with np.errstate(over="ignore", invalid="ignore"):
        d = bptt(trace, y=np.full((3, 2), 1e308))
    assert not np.isfinite(d.cell.W_o).all()
    assert type(d.cell) is type(cell)


@pytest.mark.parametrize("network", RANDOM)
def test_the_last_of_each_sequence_gets_what_a_loss_of_the_last_step_says(network, rng):
    """A record that stands still hands its gradient on to the step at which it was computed."""
    cell = network(rng)
    xs, lengths = pad([draw(rng, length, 2) for length in (2, 4)])
    trace = unroll(cell, xs, lengths=lengths)
    seed = np.zeros_like(getattr(trace, cell.output))
    seed[-1] = draw(rng, *seed.shape[1:])
    d = bptt(trace, **{cell.output: seed})
    alone = unroll(cell, xs[:2, 0])
    d_alone = bptt(alone, **{cell.output: seed[[0, -1], 0]})
    for mine, theirs in zip(kept(d), kept(d_alone), strict=True):
        np.testing.assert_allclose(mine[:2, 0], theirs, rtol=1e-12, atol=1e-14)
        assert not mine[2:, 0].any()


# Bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "no seed; the loss's own gradient was expected, for one of: a_h, h, a_o, y"),
        ({"z": np.zeros((3, 2))}, "there is no seed z, expected one of: a_h, h, a_o, y"),
        ({"y": np.zeros((2, 2))}, r"y has shape \(2, 2\), expected \(3, 2\)"),
        ({"y": np.full((3, 2), np.nan)}, r"y holds nan at index \(0, 0\)"),
        (
            {"y": np.zeros((3, 2)), "truncate": 0},
            "truncate is 0, expected a number of steps, at least 1",
        ),
        ({"y": np.zeros((3, 2)), "truncate": 1.5}, r"truncate is 1\.5, expected a number of steps"),
    ],
)
def test_seeds_that_do_not_fit(options, message):
    trace = unroll(notes_elman(), notes_inputs())
    with pytest.raises(ValueError, match=message):
        bptt(trace, **options)


def test_what_is_no_trace():
    for function in (bptt, contributions):
        with pytest.raises(TypeError, match="trace is of type Elman, expected a Trace"):
            function(notes_elman(), y=[[0, 0]])
