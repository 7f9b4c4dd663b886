"""Backpropagation through time: every gradient against a derivative taken without it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st
from networks import RANDOM, draw, random_state

from rnnlib import bptt, contributions, pad, unroll
from rnnlib.parameters import map_parameters, parameters, with_parameters

TINY = 1e-30
SEEDS = st.integers(0, 2**32 - 1)
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


def seed_names(cell):
    return [name for name in cell.Blocks._fields if name in cell.Step._fields]


def kept(trace):
    return [quantity for quantity in trace.steps if quantity is not None]


def weights_for(rng, trace):
    return {name: draw(rng, *getattr(trace, name).shape) for name in seed_names(trace.cell)}


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
    cell, xs = network(rng), draw(rng, T, *leading, 2)
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


@pytest.mark.parametrize("network", RANDOM)
def test_the_gradient_of_a_state_is_that_of_starting_again_from_it(network, rng):
    """∂L/∂h(t), consequences included: a loss of later steps as a function of h(t) alone."""
    cell, xs = network(rng), draw(rng, T, 3, 2)
    trace = unroll(cell, xs, random_state(rng, cell, (3,)))
    seed = {cell.output: draw(rng, *getattr(trace, cell.output).shape)}
    d = bptt(trace, **seed)
    for t in range(1, T):
        later = unroll(cell, xs[t:], trace[t])
        d_later = bptt(later, **{cell.output: seed[cell.output][t:]})
        for name in cell.state:
            own = seed[cell.output][t - 1] if name == cell.output else 0
            through = getattr(d[t], name)
            if name == "h" and cell.output == "y" and hasattr(cell, "W_o"):
                own = d[t].a_o @ cell.W_o.T
            if type(cell).__name__ in ("LSTM", "PeepholeLSTM") and name == "c":
                continue
            np.testing.assert_allclose(
                through, own + getattr(d_later[0], name), rtol=1e-12, atol=1e-14
            )


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
