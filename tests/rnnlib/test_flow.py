"""Gradient flow: Jacobians against derivatives taken without them, and against their formulas."""

from __future__ import annotations

import math
from itertools import product as every

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import (
    RANDOM,
    draw,
    random_elman,
    random_gru,
    random_jordan,
    random_layer,
    random_lstm,
    random_peephole_lstm,
    random_state,
)
from strategies import SEEDS
from test_stack import random_dense

from rnnlib import ACTIVATIONS, LSTM, Elman, ElmanStep, Layer, activation, bptt, flow, pad, unroll
from rnnlib.stack import Stack

TINY = 1e-30
T = 4
CLOSE = {"rtol": 1e-12, "atol": 1e-14}


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def random_trace(rng, network, leading=(), T=T, **sizes):
    cell = network(rng, **sizes)
    return unroll(cell, draw(rng, T, *leading, 2), random_state(rng, cell, leading))


def side_by_side(cell, record):
    return np.concatenate([getattr(record, name) for name in cell.state], axis=-1)


def taken_apart(cell, state):
    parts = np.split(state, np.cumsum(cell.state_sizes)[:-1], axis=-1)
    return cell.Step(**dict(zip(cell.state, parts, strict=True)))


def last_state(cell, xs, state):
    """The state after ``xs``, as a function of the one before, one step after the other."""
    record = taken_apart(cell, state)
    for x in xs:
        record = cell.step(x, record)
    return side_by_side(cell, record)


def derivative(trace, k, t):
    """∂s_j(t)/∂s_i(k) at [..., i, j], by the complex step of the steps themselves."""
    state = side_by_side(trace.cell, trace[k])
    rows = []
    for i in range(state.shape[-1]):
        moved = state.astype(complex)
        moved[..., i] += TINY * 1j
        rows.append(last_state(trace.cell, trace.xs[k:t], moved).imag / TINY)
    return np.stack(rows, axis=-2)


# Jacobians of one step


@pytest.mark.parametrize("leading", [(), (3,), (2, 2)])
@pytest.mark.parametrize("network", RANDOM)
def test_each_jacobian_by_the_complex_step(network, leading, rng):
    trace = random_trace(rng, network, leading)
    found = flow.jacobians(trace)
    for t in range(1, T + 1):
        np.testing.assert_allclose(found[t - 1], derivative(trace, t - 1, t), **CLOSE)


@pytest.mark.parametrize("phi", ["sigmoid", "tanh", "identity", "softmax"])
def test_with_every_smooth_activation(phi, rng):
    for network, words in ((random_layer, {"phi": phi}), (random_jordan, {"g_h": phi, "g_o": phi})):
        trace = random_trace(rng, network, (3,), **words)
        for t in range(1, T + 1):
            J = flow.jacobians(trace)[t - 1]
            np.testing.assert_allclose(J, derivative(trace, t - 1, t), **CLOSE)


def test_with_a_readout_that_mixes_its_neurons(rng):
    """Softmax, through which each output depends on each pre-activation, inside the loop."""
    trace = random_trace(rng, random_jordan, (3,), g_h="tanh", g_o="softmax")
    found = flow.jacobians(trace)
    for t in range(1, T + 1):
        np.testing.assert_allclose(found[t - 1], derivative(trace, t - 1, t), **CLOSE)
    np.testing.assert_allclose(flow.product(trace, 0, T), derivative(trace, 0, T), **CLOSE)
    # what it puts out sums to 1 whatever came before, and so the changes sum to 0
    np.testing.assert_allclose(found.sum(axis=-1), 0, atol=1e-14)


@pytest.mark.parametrize("network", [random_layer, random_elman])
def test_of_a_network_with_relu_by_central_differences(network, rng):
    cell = network(rng)
    relu = {"phi": "relu"} if network is random_layer else {"g_h": "relu"}
    trace = random_trace(rng, lambda _: type(cell)(**(vars(cell) | relu)))
    for t in range(1, T + 1):
        state, x = side_by_side(cell, trace[t - 1]), trace.xs[t - 1 : t]
        for i, step in enumerate(1e-6 * np.eye(len(state))):
            there = last_state(trace.cell, x, state + step)
            back = last_state(trace.cell, x, state - step)
            np.testing.assert_allclose(
                flow.jacobians(trace)[t - 1][i], (there - back) / 2e-6, atol=1e-8
            )


@pytest.mark.parametrize("phi", ["sigmoid", "tanh", "relu", "identity"])
def test_of_a_layer_it_is_the_weights_times_the_slopes(phi, rng):
    trace = random_trace(rng, random_layer, (3,), phi=phi)
    slopes = activation(phi).derivative(trace.a)
    for t, b in every(range(T), range(3)):
        expected = trace.cell.W_y @ np.diag(slopes[t, b])
        np.testing.assert_allclose(flow.jacobians(trace)[t, b], expected, **CLOSE)


def test_of_an_elman_network_it_is_the_weights_times_the_slopes(rng):
    trace = random_trace(rng, random_elman)
    for J, now in zip(flow.jacobians(trace), trace, strict=True):
        expected = trace.cell.W_h @ np.diag(1 - np.tanh(now.a_h) ** 2)
        np.testing.assert_allclose(J, expected, **CLOSE)


def test_of_a_jordan_network_both_layers_are_in_it(rng):
    trace = random_trace(rng, random_jordan, g_o="sigmoid")
    for J, now in zip(flow.jacobians(trace), trace, strict=True):
        hidden = trace.cell.W_h @ np.diag(1 - now.h**2)
        expected = hidden @ trace.cell.W_o @ np.diag(now.y * (1 - now.y))
        np.testing.assert_allclose(J, expected, **CLOSE)


def test_of_an_lstm_it_has_four_blocks(rng):
    """The state is [h, c]: rows say where a change comes from, columns where it goes."""
    trace, n = random_trace(rng, random_lstm), 3
    W_f, W_i, W_o, W_c = trace.cell.W_h
    for t in range(1, T + 1):
        now, before = trace[t], trace[t - 1]
        f, i, o, c_tilde, tanh_c = now.f, now.i, now.o, now.c_tilde, np.tanh(now.c)
        h_to_c = (
            W_f @ np.diag(before.c * f * (1 - f))
            + W_i @ np.diag(c_tilde * i * (1 - i))
            + W_c @ np.diag(i * (1 - c_tilde**2))
        )
        c_to_c = np.diag(f)
        out = np.diag(o * (1 - tanh_c**2))
        h_to_h = W_o @ np.diag(tanh_c * o * (1 - o)) + h_to_c @ out
        J = flow.jacobians(trace)[t - 1]
        np.testing.assert_allclose(J[:n, :n], h_to_h, **CLOSE)
        np.testing.assert_allclose(J[:n, n:], h_to_c, **CLOSE)
        np.testing.assert_allclose(J[n:, :n], c_to_c @ out, **CLOSE)
        np.testing.assert_allclose(J[n:, n:], c_to_c, **CLOSE)


@pytest.mark.parametrize("network", RANDOM)
def test_a_sequence_that_has_ended_stands_still(network, rng):
    cell, lengths = network(rng), (3, 5, 1)
    sequences = [draw(rng, length, 2) for length in lengths]
    found = flow.jacobians(unroll(cell, *pad(sequences)[:1], lengths=lengths))
    for b, (sequence, length) in enumerate(zip(sequences, lengths, strict=True)):
        alone = flow.jacobians(unroll(cell, sequence))
        np.testing.assert_allclose(found[:length, b], alone, **CLOSE)
        assert (found[length:, b] == np.eye(alone.shape[-1])).all()


@pytest.mark.parametrize("network", RANDOM)
def test_nothing_is_changed_and_twice_is_the_same(network, rng):
    trace = random_trace(rng, network, (3,))
    kept = [block.copy() for block in trace.steps]
    first = flow.jacobians(trace)
    np.testing.assert_array_equal(flow.jacobians(trace), first)
    for block, before in zip(trace.steps, kept, strict=True):
        np.testing.assert_array_equal(block, before)


def test_float32_stays(rng):
    cell = random_layer(rng)
    single = Layer(*(array.astype(np.float32) for array in (cell.W_x, cell.W_y, cell.b)))
    trace = unroll(single, draw(rng, T, 2).astype(np.float32))
    assert flow.jacobians(trace).dtype == flow.product(trace, 0, T).dtype == np.float32
    assert flow.norms(trace).dtype == np.float32


# Their product


@pytest.mark.parametrize("leading", [(), (2,)])
@pytest.mark.parametrize("network", RANDOM)
def test_the_product_is_the_derivative_of_many_steps(network, leading, rng):
    trace = random_trace(rng, network, leading)
    for k in range(T + 1):
        for t in range(k, T + 1):
            np.testing.assert_allclose(flow.product(trace, k, t), derivative(trace, k, t), **CLOSE)


def test_the_order_is_that_of_time(rng):
    """With rows ∂h(3)/∂h(0) = J(1) J(2) J(3), and no other order."""
    trace = random_trace(rng, random_elman, T=3)
    J = dict(enumerate(flow.jacobians(trace), start=1))
    whole = flow.product(trace, 0, 3)
    np.testing.assert_allclose(whole, J[1] @ J[2] @ J[3], **CLOSE)
    assert not np.allclose(whole, J[3] @ J[2] @ J[1], rtol=1e-3)


@pytest.mark.parametrize("network", RANDOM)
def test_a_gradient_meets_the_transposes(network, rng):
    """∂L/∂s(0) = ∂L/∂s(T) ∂s(T)/∂s(0)ᵀ, for a loss of the last output."""
    trace = random_trace(rng, network, (3,))
    seed = np.zeros_like(getattr(trace, trace.cell.output))
    seed[-1] = draw(rng, *seed[-1].shape)
    d = bptt(trace, **{trace.cell.output: seed})
    last = unroll(trace.cell, trace.xs[-1:], trace[T - 1])
    at_the_end = bptt(last, **{trace.cell.output: seed[-1:]})
    at_the_start = side_by_side(trace.cell, at_the_end[0])[..., None, :]
    back = at_the_start @ flow.product(trace, 0, T - 1).swapaxes(-1, -2)
    np.testing.assert_allclose(back[..., 0, :], side_by_side(trace.cell, d[0]), **CLOSE)


@given(seed=SEEDS, k=st.integers(0, 3), t=st.integers(3, 6))
def test_a_product_is_made_of_parts(seed, k, t):
    trace = random_trace(np.random.default_rng(seed), random_lstm, T=6)
    parts = flow.product(trace, k, 3) @ flow.product(trace, 3, t)
    np.testing.assert_allclose(flow.product(trace, k, t), parts, **CLOSE)


# Norms over time


@pytest.mark.parametrize("network", RANDOM)
def test_the_norm_is_the_products_largest_singular_value(network, rng):
    trace = random_trace(rng, network, (3,))
    found = flow.norms(trace)
    assert found.shape == (T + 1, 3)
    for t, b in every(range(T + 1), range(3)):
        largest = np.linalg.svd(flow.product(trace, t, T)[b], compute_uv=False)[0]
        np.testing.assert_allclose(found[t, b], largest, rtol=1e-12)
    np.testing.assert_allclose(found[T], 1)


def test_a_product_beyond_a_floats_range_has_the_norm_infinity():
    cell = Layer(W_x=[[0, 0]], W_y=1e100 * np.array([[1, 2], [3, -4]]), b=[0, 0], phi="identity")
    found = flow.norms(unroll(cell, np.ones((5, 1))))
    assert np.isinf(found[0]) and np.isfinite(found[2:]).all()


@pytest.mark.parametrize("network", RANDOM)
def test_the_gradients_norms_over_time(network, rng):
    trace = random_trace(rng, network, (3,))
    d = bptt(trace, **{trace.cell.output: draw(rng, *getattr(trace, trace.cell.output).shape)})
    for name in trace.cell.state:
        found = flow.gradient_norms(d, name)
        assert found.shape == (T + 1, 3)
        for t, b in every(range(T + 1), range(3)):
            length = math.hypot(*getattr(d[t], name)[b])
            np.testing.assert_allclose(found[t, b], length, rtol=1e-12)
    np.testing.assert_array_equal(
        flow.gradient_norms(d), flow.gradient_norms(d, trace.cell.state[0])
    )


# The weights' part and the activations'


@pytest.mark.parametrize("leading", [(), (3,), (2, 2)])
@pytest.mark.parametrize("network", [random_layer, random_elman])
def test_weights_and_slopes_make_the_jacobians(network, leading, rng):
    trace = random_trace(rng, network, leading)
    parts = flow.split(trace)
    assert parts.weights is (trace.cell.W_y if network is random_layer else trace.cell.W_h)
    assert parts.slopes.shape == (T, *leading, 4)
    together = parts.weights * parts.slopes[..., None, :]
    np.testing.assert_allclose(together, flow.jacobians(trace), **CLOSE)


@pytest.mark.parametrize("phi", ["sigmoid", "tanh", "relu", "identity"])
def test_no_jacobian_exceeds_the_bound(phi, rng):
    trace = random_trace(rng, random_layer, (3,), phi=phi)
    whole = flow.bound(trace.cell)
    stretch = np.linalg.norm(flow.jacobians(trace), 2, axis=(-2, -1))
    assert (stretch <= whole * (1 + 1e-12)).all()
    for t in range(T + 1):
        assert (flow.norms(trace)[t] <= whole ** (T - t) * (1 + 1e-12)).all()


@pytest.mark.parametrize("phi", flow.LARGEST_SLOPES)
def test_the_largest_slopes_are_right_and_reached(phi):
    slopes = activation(phi).derivative(np.linspace(-8, 8, 4001))
    assert slopes.max() == pytest.approx(flow.LARGEST_SLOPES[phi], abs=1e-12)


def test_every_activation_but_softmax_has_a_largest_slope():
    assert flow.LARGEST_SLOPES.keys() == ACTIVATIONS.keys() - {"softmax"}


def test_the_bound_is_the_largest_singular_value_times_the_largest_slope():
    W = [[0, 3], [2, 0]]  # singular values 3 and 2, eigenvalues ±√6
    for phi, slope in flow.LARGEST_SLOPES.items():
        assert flow.bound(Layer([[1, 1]], W, [0, 0], phi)) == pytest.approx(3 * slope)
    elman = Elman([[1, 1]], W, [[1], [1]], [0, 0], [0], g_h="sigmoid")
    assert flow.bound(elman) == pytest.approx(0.75)
    assert flow.bound(elman, slope=0.1) == pytest.approx(0.3)
    assert flow.spectral_radius(W) == pytest.approx(math.sqrt(6))


def test_in_the_long_run_the_spectral_radius_decides(rng):
    """A largest singular value above 1 is no cause for explosion (Pascanu and others, 2013)."""
    W = rng.standard_normal((30, 30))
    W *= 1.1 / np.linalg.norm(W, 2)
    trace = unroll(Layer(np.zeros((1, 30)), W, np.zeros(30)), np.zeros((100, 1)))
    assert flow.bound(trace.cell) > 1
    assert 0.5 < flow.spectral_radius(W) < 0.8
    assert flow.norms(trace)[0] < 1e-15


# The sum over paths


@pytest.mark.parametrize("network", [random_layer, random_elman])
def test_the_sum_over_all_paths_is_the_product(network, rng):
    """Three neurons, six steps: nine entries of 3⁵ paths each, 2,187 in all."""
    sizes = {"l": 3} if network is random_layer else {"n": 3}
    trace, number = random_trace(rng, network, T=6, **sizes), 0
    whole = flow.product(trace, 0, 6)
    for i, j in every(range(3), repeat=2):
        found = flow.paths(trace, i, j, 0, 6)
        np.testing.assert_allclose(found.terms.sum(), whole[i, j], rtol=0, atol=1e-14)
        number += len(found.terms)
    assert number == 2187


@pytest.mark.parametrize(("k", "t"), [(0, 1), (1, 2), (0, 2), (1, 4), (0, 4)])
def test_each_path_is_what_its_neurons_say(k, t, rng):
    trace = random_trace(rng, random_elman, n=3)
    W, slope = trace.cell.W_h, 1 - np.tanh(trace.a_h) ** 2
    found = flow.paths(trace, 2, 1, k, t)
    ways = [(2, *between, 1) for between in every(range(3), repeat=t - k - 1)]
    assert [tuple(way) for way in found.neurons] == ways
    for way, along, across in zip(*found, strict=True):
        hops = list(zip(way[:-1], way[1:], range(k + 1, t + 1), strict=True))
        assert along == pytest.approx(math.prod(W[a, b] for a, b, _ in hops), rel=1e-12)
        assert across == pytest.approx(math.prod(slope[s - 1, b] for _, b, s in hops), rel=1e-12)
    np.testing.assert_allclose(found.terms.sum(), flow.product(trace, k, t)[2, 1], **CLOSE)


def test_a_single_neuron_has_one_path_however_long(rng):
    trace = random_trace(rng, random_layer, T=80, l=1)
    found = flow.paths(trace, 0, 0, 0, 80)
    assert found.neurons.shape == (1, 81)
    np.testing.assert_allclose(found.terms, flow.product(trace, 0, 80)[0], rtol=1e-12)


def test_1_46_with_its_printed_slopes_is_another_derivative(rng):
    """Slopes at both ends make ∂h(t)/∂a(k); without that of step t it is ∂a(t)/∂a(k)."""
    trace, k, t, i, j = random_trace(rng, random_elman, n=3), 1, 4, 0, 2
    W, slope = trace.cell.W_h, 1 - np.tanh(trace.a_h) ** 2
    found = flow.paths(trace, i, j, k, t)
    of_h = found.terms.sum() * slope[k - 1, i]
    of_a = of_h / slope[t - 1, j]

    def moved(a_k):
        h = np.tanh(a_k)
        for s in range(k + 1, t + 1):
            record = trace.cell.step(trace.xs[s - 1], ElmanStep(h=h))
            h = record.h
        return record

    a_k = trace[k].a_h.astype(complex)
    a_k[i] += TINY * 1j
    np.testing.assert_allclose(of_h, moved(a_k).h[j].imag / TINY, rtol=1e-12)
    np.testing.assert_allclose(of_a, moved(a_k).a_h[j].imag / TINY, rtol=1e-12)
    assert abs(of_a - of_h) > 1e-6

    # (1.45), in rows, likewise: the slopes are those of the steps before
    def factors(steps):
        return np.linalg.multi_dot([np.diag(slope[s - 1]) @ W for s in steps])

    np.testing.assert_allclose(factors(range(k, t))[i, j], of_a, rtol=1e-12)
    assert abs(factors(range(k + 1, t + 1))[i, j] - of_a) > 1e-6


# An LSTM's path through c


@pytest.mark.parametrize("leading", [(), (2,)])
@pytest.mark.parametrize("network", [random_lstm, random_peephole_lstm])
def test_through_c_is_the_product_of_the_forget_gates(network, leading, rng):
    trace = random_trace(rng, network, leading)
    for k in range(T + 1):
        for t in range(k, T + 1):
            expected = np.ones((*leading, 3))
            for s in range(k + 1, t + 1):
                expected = expected * trace[s].f
            np.testing.assert_allclose(flow.through_c(trace, k, t), expected, **CLOSE)


def test_through_c_is_all_there_is_where_nothing_comes_back_through_h(rng):
    cell = random_lstm(rng)
    deaf = LSTM(cell.W_x, np.zeros_like(cell.W_h), cell.b)
    trace = unroll(deaf, draw(rng, T, 2), random_state(rng, deaf))
    whole = flow.product(trace, 0, T)[3:, 3:]
    np.testing.assert_allclose(whole, np.diag(flow.through_c(trace, 0, T)), **CLOSE)


def test_through_c_is_a_part_of_the_whole(rng):
    """The rest has left by h: one step is the forget gate alone, two steps are more."""
    trace = random_trace(rng, random_lstm)
    one, two = flow.product(trace, 0, 1)[3:, 3:], flow.product(trace, 0, 2)[3:, 3:]
    np.testing.assert_allclose(one, np.diag(flow.through_c(trace, 0, 1)), **CLOSE)
    J_1, J_2 = flow.jacobians(trace)[:2]
    by_h = J_1[3:, :3] @ J_2[:3, 3:]
    np.testing.assert_allclose(two - np.diag(flow.through_c(trace, 0, 2)), by_h, **CLOSE)
    assert np.abs(by_h).max() > 1e-3


def test_after_its_end_a_sequence_forgets_nothing(rng):
    cell = random_lstm(rng)
    xs, lengths = pad([draw(rng, 4, 2), draw(rng, 2, 2)])
    trace = unroll(cell, xs, lengths=lengths)
    np.testing.assert_array_equal(flow.through_c(trace, 0, 4)[1], flow.through_c(trace, 0, 2)[1])
    assert (flow.through_c(trace, 2, 4)[1] == 1).all()


# What is refused


@pytest.mark.parametrize(
    ("k", "t", "error"),
    [
        (2, 1, (ValueError, "k is 2 and t is 1, expected 0 ≤ k ≤ t ≤ 4")),
        (-1, 1, (ValueError, "k is -1")),
        (0, 5, (ValueError, "t is 5, expected 0 ≤ k ≤ t ≤ 4")),
        (0, 2.0, (ValueError, "t is 2.0, expected a time step, at least 0")),
        ("0", 2, (ValueError, "k is '0', expected a time step")),
    ],
)
@pytest.mark.parametrize("function", [flow.product, flow.through_c])
def test_steps_that_are_not_there(function, k, t, error, rng):
    with pytest.raises(error[0], match=error[1]):
        function(random_trace(rng, random_lstm), k, t)


def test_what_is_no_trace_of_one_cell(rng):
    layers = Stack((random_layer(rng, 2, 3), random_dense(rng, 3, 1)))
    trace = unroll(layers, draw(rng, T, 2))
    with pytest.raises(TypeError, match="trace is of type StackTrace, expected a Trace, of one"):
        flow.jacobians(trace)
    with pytest.raises(TypeError, match="trace is of type ndarray"):
        flow.norms(np.eye(3))
    with pytest.raises(TypeError, match="d is of type Layer"):
        flow.gradient_norms(random_layer(rng))
    with pytest.raises(ValueError, match="trace is of a Dense, which has no state"):
        flow.jacobians(trace.layers[1])
    assert flow.jacobians(trace.layers[0]).shape == (T, 3, 3)


def test_a_gradient_of_what_is_no_state(rng):
    d = bptt(random_trace(rng, random_lstm), h=np.ones((T, 3)))
    with pytest.raises(ValueError, match="name is 'f', expected one of: h, c"):
        flow.gradient_norms(d, "f")


@pytest.mark.parametrize("network", [random_jordan, random_lstm, random_gru])
def test_where_weights_and_slopes_cannot_be_told_apart(network, rng):
    trace = random_trace(rng, network)
    kind = type(trace.cell).__name__
    with pytest.raises(TypeError, match=f"trace is of a {kind}, expected Layer or Elman"):
        flow.split(trace)
    with pytest.raises(TypeError, match=f"cell is of a {kind}, expected Layer or Elman"):
        flow.bound(trace.cell)


def test_softmax_has_no_slopes(rng):
    trace = random_trace(rng, random_layer, phi="softmax")
    for refused in (lambda: flow.split(trace), lambda: flow.bound(trace.cell)):
        with pytest.raises(ValueError, match="the activation is softmax, expected one of: sigmoid"):
            refused()
    assert flow.bound(trace.cell, slope=0.5) > 0


@pytest.mark.parametrize("slope", [-1, np.nan, np.inf])
def test_a_slope_that_is_none(slope, rng):
    with pytest.raises(ValueError, match=r"slope is .*, expected a number from 0 on"):
        flow.bound(random_layer(rng), slope)


def test_sequences_of_different_lengths_are_not_split(rng):
    xs, lengths = pad([draw(rng, 4, 2), draw(rng, 2, 2)])
    with pytest.raises(ValueError, match="sequences of 2 to 4 steps"):
        flow.split(unroll(random_layer(rng), xs, lengths=lengths))
    flow.split(unroll(random_layer(rng), xs, lengths=[4, 4]))


@pytest.mark.parametrize("W", [[[1, 2]], [1, 2], np.zeros((0, 0)), [[np.nan]]])
def test_no_square_matrix(W):
    with pytest.raises(ValueError, match="W "):
        flow.spectral_radius(W)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((4, 0, 0, 2), "i is 4, expected a neuron, 0 to 3"),
        ((0, -1, 0, 2), "j is -1"),
        ((0, 0.5, 0, 2), "j is 0.5"),
        ((0, 0, 2, 2), "k is 2 and t is 2, expected 0 ≤ k < t ≤ 12"),
        ((0, 0, 0, 13), "k is 0 and t is 13"),
        ((0, 0, 0, 12), r"from step 0 to 12 there are 4\^11 paths, at most 100,000"),
    ],
)
def test_paths_that_are_none_or_too_many(arguments, error, rng):
    with pytest.raises(ValueError, match=error):
        flow.paths(random_trace(rng, random_layer, T=12), *arguments)


def test_paths_are_those_of_one_sequence(rng):
    with pytest.raises(ValueError, match=r"trace is of a batch of shape \(3,\)"):
        flow.paths(random_trace(rng, random_layer, (3,)), 0, 0, 0, 2)


@pytest.mark.parametrize("network", [random_elman, random_gru])
def test_only_an_lstm_has_a_path_through_c(network, rng):
    trace = random_trace(rng, network)
    with pytest.raises(TypeError, match=f"is of a {type(trace.cell).__name__}, expected an LSTM"):
        flow.through_c(trace, 0, 2)
