"""Layers one above another, two directions, and networks without memory."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import (
    PLAIN,
    RANDOM,
    draw,
    plus,
    random_elman,
    random_jordan,
    random_layer,
    random_lstm,
    random_state,
    row_times,
)
from strategies import SEEDS
from test_bptt import by_complex_step, smooth

from rnnlib import Dense, DenseStep, Layer, LayerStep, bptt, contributions, pad, unroll
from rnnlib.parameters import map_parameters, parameters, with_parameters
from rnnlib.stack import (
    BothDirections,
    DirectionsTrace,
    Stack,
    StackTrace,
    feed_forward,
)
from rnnlib.trace import Trace

T = 4


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def random_dense(rng, k=2, o=3, phi="tanh"):
    return Dense(draw(rng, k, o), draw(rng, o), phi)


def random_stack(rng, k=2):
    """Every kind of layer, each of another size than the one below."""
    return Stack(
        (
            random_layer(rng, k, 4),
            random_lstm(rng, 4, 3),
            random_jordan(rng, 3, 5, 2),
            random_elman(rng, 2, 4, 3),
            random_dense(rng, 3, 2, "sigmoid"),
        )
    )


def random_both(rng, k=2):
    return BothDirections(random_lstm(rng, k, 3), random_lstm(rng, k, 2))


def random_both_in_stacks(rng, k=2):
    """Two directions inside a stack, and a stack inside two directions."""
    deep = Stack((random_layer(rng, 5, 3), random_elman(rng, 3, 4, 2)))
    both = BothDirections(deep, random_jordan(rng, 5, 3, 4))
    return Stack((random_both(rng, k), both, random_dense(rng, 6, 2)))


COMPOUND = [random_dense, random_stack, random_both, random_both_in_stacks]


def start_of(rng, cell, leading=()):
    """A random state for step 0 of any network."""
    if isinstance(cell, Stack):
        return tuple(start_of(rng, each, leading) for each in cell.cells)
    if isinstance(cell, BothDirections):
        return start_of(rng, cell.forwards, leading), start_of(rng, cell.backwards, leading)
    return random_state(rng, cell, leading)


def flat_state(state):
    """All arrays of an initial state in a list."""
    if state is None:
        return []
    if isinstance(state, np.ndarray):
        return [state]
    return [array for part in state for array in flat_state(part)]


def with_state(state, arrays):
    """The same initial state made of other arrays."""
    arrays = iter(arrays)

    def again(part):
        if part is None:
            return None
        if isinstance(part, np.ndarray):
            return next(arrays)
        parts = [again(each) for each in part]
        return type(part)(*parts) if hasattr(part, "_fields") else tuple(parts)

    return again(state)


def assert_close(mine, theirs, rtol=1e-12, atol=1e-13):
    """Of two networks or two initial states all arrays agree."""
    if not isinstance(mine, tuple):
        mine, theirs = tuple(parameters(mine).values()), tuple(parameters(theirs).values())
    for one, other in zip(flat_state(mine), flat_state(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def output(trace):
    return getattr(trace, trace.cell.output)


# What is computed


def test_each_layer_reads_the_output_of_the_one_below(rng):
    stack, xs = random_stack(rng), draw(rng, T, 3, 2)
    trace = unroll(stack, xs)
    for cell, layer in zip(stack.cells, trace.layers, strict=True):
        alone = unroll(cell, xs)
        for mine, theirs in zip(layer.steps, alone.steps, strict=True):
            if mine is not None:
                np.testing.assert_array_equal(mine, theirs)
        xs = alone.h if cell.output == "h" else alone.y
    np.testing.assert_array_equal(trace.y, xs)


def test_a_stack_goes_step_by_step_as_well_as_layer_by_layer(rng):
    stack, xs = random_stack(rng), draw(rng, T, 3, 2)
    before = start_of(rng, stack, (3,))
    trace = unroll(stack, xs, before)
    for t in range(1, T + 1):
        before = stack.step(xs[t - 1], before)
        assert_close(before, trace[t])


def test_a_dense_layer_in_plain_python(rng):
    for phi in PLAIN:
        dense, xs = random_dense(rng, 3, 4, phi), draw(rng, 5, 3)
        trace = unroll(dense, xs)
        for t, x in enumerate(xs.tolist()):
            a = plus(row_times(x, dense.W.tolist()), dense.b.tolist())
            np.testing.assert_allclose(trace.a[t], a, rtol=1e-13, atol=1e-15)
            np.testing.assert_allclose(trace.y[t], PLAIN[phi](a), rtol=1e-13, atol=1e-15)


def test_the_second_direction_reads_from_the_end(rng):
    both, xs = random_both(rng), draw(rng, T, 3, 2)
    trace = unroll(both, xs)
    np.testing.assert_array_equal(trace.h[..., :3], unroll(both.forwards, xs).h)
    np.testing.assert_allclose(trace.h[..., 3:], unroll(both.backwards, xs[::-1]).h[::-1])
    assert trace.h.shape == (T, 3, 5)


# Laws


@pytest.mark.parametrize("network", RANDOM)
@given(seed=SEEDS)
def test_a_stack_of_one_is_that_cell(network, seed):
    rng = np.random.default_rng(seed)
    cell, xs = network(rng), draw(rng, T, 3, 2)
    start = random_state(rng, cell, (3,))
    own = draw(rng, *output(unroll(cell, xs)).shape)
    alone, stack = unroll(cell, xs, start), unroll(Stack((cell,)), xs, (start,))
    np.testing.assert_array_equal(output(stack), output(alone))
    for truncate in (None, 2):
        d_alone = bptt(alone, truncate=truncate, **{cell.output: own})
        d_stack = bptt(stack, truncate=truncate, **{cell.output: own})
        assert_close(d_stack.cell, d_alone.cell, 0, 0)
        np.testing.assert_array_equal(d_stack.xs, d_alone.xs)
        assert_close(d_stack[0], (d_alone[0],), 0, 0)


@given(seed=SEEDS, first=st.integers(1, 5))
def test_two_halves_equal_the_whole(seed, first):
    rng = np.random.default_rng(seed)
    stack, xs = random_stack(rng), draw(rng, 6, 3, 2)
    start = start_of(rng, stack, (3,))
    whole, before = unroll(stack, xs, start), unroll(stack, xs[:first], start)
    after = unroll(stack, xs[first:], before[-1])
    np.testing.assert_allclose(np.concatenate([before.y, after.y]), whole.y, rtol=1e-11, atol=1e-14)
    assert_close(after[-1], whole[-1], 1e-11)


@pytest.mark.parametrize("network", COMPOUND)
@given(seed=SEEDS, order=st.permutations(range(4)))
def test_permuting_the_batch_permutes_the_result(network, seed, order):
    rng = np.random.default_rng(seed)
    cell, xs, lengths = network(rng), draw(rng, T, 4, 2), rng.integers(1, T + 1, 4)
    trace, other = unroll(cell, xs, None, lengths), unroll(cell, xs[:, order], None, lengths[order])
    np.testing.assert_allclose(output(other), output(trace)[:, order], rtol=1e-11, atol=1e-14)
    own = draw(rng, *output(trace).shape)
    d = bptt(trace, **{cell.output: own})
    d_other = bptt(other, **{cell.output: own[:, order]})
    np.testing.assert_allclose(d_other.xs, d.xs[:, order], rtol=1e-10, atol=1e-13)
    assert_close(d_other.cell, d.cell, 1e-9)


@given(seed=SEEDS)
def test_reading_backwards_what_is_turned_around_changes_sides(seed):
    rng = np.random.default_rng(seed)
    one, other = random_lstm(rng, 2, 3), random_lstm(rng, 2, 3)
    xs = draw(rng, T, 2)
    there, back = (
        unroll(BothDirections(one, other), xs),
        unroll(BothDirections(other, one), xs[::-1]),
    )
    np.testing.assert_allclose(there.h, np.roll(back.h[::-1], 3, axis=-1), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("network", COMPOUND)
def test_calling_twice_gives_the_same_and_changes_nothing(network, rng):
    cell, xs = network(rng), draw(rng, T, 3, 2)
    start = start_of(rng, cell, (3,))
    start = start if isinstance(start, tuple) else None
    given_arrays = [xs, *flat_state(start), *parameters(cell).values()]
    copies = [array.copy() for array in given_arrays]
    first, second = unroll(cell, xs, start), unroll(cell, xs, start)
    np.testing.assert_array_equal(output(first), output(second))
    own = draw(rng, *output(first).shape)
    kept = own.copy()
    d_first, d_second = (bptt(first, **{cell.output: own}) for _ in range(2))
    assert_close(d_first.cell, d_second.cell, 0, 0)
    for array, before in zip([*given_arrays, own], [*copies, kept], strict=True):
        np.testing.assert_array_equal(array, before)


# Gradients


@pytest.mark.parametrize("lengths", [None, [2, 4, 1]])
@pytest.mark.parametrize("network", COMPOUND)
def test_every_gradient_by_the_complex_step(network, lengths, rng):
    cell, xs = network(rng), draw(rng, T, 3, 2)
    start = start_of(rng, cell, (3,))
    trace = unroll(cell, xs, start, lengths)
    weights = {cell.output: draw(rng, *output(trace).shape)}
    d = bptt(trace, **smooth(trace, weights)[1])

    def loss(cell=cell, xs=xs, start=start):
        return smooth(unroll(cell, xs, start, lengths), weights)[0]

    for name, array in parameters(cell).items():
        expected = by_complex_step(
            lambda moved, name=name: loss(with_parameters(cell, parameters(cell) | {name: moved})),
            array,
        )
        np.testing.assert_allclose(parameters(d.cell)[name], expected, rtol=1e-12, atol=1e-12)
    expected = by_complex_step(lambda moved: loss(xs=moved), xs)
    np.testing.assert_allclose(d.xs, expected, rtol=1e-12, atol=1e-12)
    arrays = flat_state(start)
    for i, (array, mine) in enumerate(zip(arrays, flat_state(d[0]), strict=True)):
        expected = by_complex_step(
            lambda moved, i=i: loss(
                start=with_state(start, [*arrays[:i], moved, *arrays[i + 1 :]])
            ),
            array,
        )
        np.testing.assert_allclose(mine, expected, rtol=1e-12, atol=1e-12)


def test_what_reaches_a_layer_is_the_gradient_of_what_stands_above_it(rng):
    stack, xs = random_stack(rng), draw(rng, T, 3, 2)
    trace = unroll(stack, xs)
    own = draw(rng, *trace.y.shape)
    d = bptt(trace, y=own)
    for j, layer in enumerate(trace.layers[:-1], start=1):
        above = unroll(Stack(stack.cells[j:]), output(layer))
        np.testing.assert_allclose(d.layers[j].xs, bptt(above, y=own).xs, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("k", [1, 2, 3, T, 9])
def test_below_and_above_one_recurrent_layer_the_way_back_can_be_cut(k, rng):
    """Each step's loss as if the network had started k steps before it."""
    stack = Stack((random_dense(rng, 2, 3), random_lstm(rng, 3, 4), random_dense(rng, 4, 2)))
    xs = draw(rng, T, 3, 2)
    trace = unroll(stack, xs, start_of(rng, stack, (3,)))
    own = draw(rng, *trace.y.shape)
    expected, d_xs = map_parameters(np.zeros_like, stack), np.zeros_like(xs)
    for t in range(1, T + 1):
        start = max(t - k, 0)
        window = unroll(stack, xs[start:t], trace[start])
        last = np.zeros_like(own[start:t])
        last[-1] = own[t - 1]
        d = bptt(window, y=last)
        expected = map_parameters(np.add, expected, d.cell)
        d_xs[start:t] += d.xs
    truncated = bptt(trace, truncate=k, y=own)
    assert_close(truncated.cell, expected, 1e-10)
    np.testing.assert_allclose(truncated.xs, d_xs, rtol=1e-10, atol=1e-13)


def test_a_layer_without_memory_has_nothing_to_cut(rng):
    trace = unroll(random_dense(rng), draw(rng, T, 3, 2))
    own = draw(rng, *trace.y.shape)
    assert_close(bptt(trace, truncate=1, y=own).cell, bptt(trace, y=own).cell)
    table = contributions(trace, y=own)
    np.testing.assert_allclose(table.W.sum(axis=(0, 1)), bptt(trace, y=own).cell.W, rtol=1e-10)
    assert not table.W[~np.eye(T, dtype=bool)].any()


def test_in_either_direction_the_way_back_can_be_cut(rng):
    both, xs = random_both(rng), draw(rng, T, 3, 2)
    trace = unroll(both, xs)
    own = draw(rng, *trace.h.shape)
    d = bptt(trace, truncate=2, h=own)
    forwards = bptt(unroll(both.forwards, xs), truncate=2, h=own[..., :3])
    backwards = bptt(unroll(both.backwards, xs[::-1]), truncate=2, h=own[::-1, :, 3:])
    assert_close(d.cell, BothDirections(forwards.cell, backwards.cell))
    np.testing.assert_allclose(d.xs, forwards.xs + backwards.xs[::-1], rtol=1e-12)
    np.testing.assert_allclose(d.h, np.concatenate([forwards.h, backwards.h[::-1]], axis=-1))


# Sequences of different lengths


@pytest.mark.parametrize("network", COMPOUND)
def test_padding_leaks_into_no_value_and_no_gradient(network, rng):
    cell = network(rng)
    sequences = [draw(rng, length, 2) for length in (3, 5, 1)]
    xs, lengths = pad(sequences)
    for i, length in enumerate(lengths):
        xs[length:, i] = np.nan
    trace = unroll(cell, xs, lengths=lengths)
    seed = draw(rng, *output(trace).shape)
    seed[~(np.arange(1, 6)[:, None] <= lengths)] = 0
    d = bptt(trace, **{cell.output: seed})
    total = map_parameters(np.zeros_like, cell)
    for i, (sequence, length) in enumerate(zip(sequences, lengths, strict=True)):
        alone = unroll(cell, sequence)
        d_alone = bptt(alone, **{cell.output: seed[:length, i]})
        total = map_parameters(np.add, total, d_alone.cell)
        mine = output(trace)
        np.testing.assert_allclose(mine[:length, i], output(alone), rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(mine[length:, i], mine[[length - 1] * (5 - length), i])
        np.testing.assert_allclose(output(d)[:length, i], output(d_alone), rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(d.xs[:length, i], d_alone.xs, rtol=1e-11, atol=1e-14)
        assert not d.xs[length:, i].any()
        assert not output(d)[length:, i].any()
    assert_close(d.cell, total, 1e-11)


@pytest.mark.parametrize("leading", [(), (1,), (2, 2)])
@pytest.mark.parametrize("network", COMPOUND)
def test_any_axes_between_time_and_the_last(network, leading, rng):
    cell, xs = network(rng), draw(rng, T, *leading, 2)
    lengths = rng.integers(1, T + 1, leading) if leading else None
    trace = unroll(cell, xs, lengths=lengths)
    flat_lengths = None if lengths is None else lengths.ravel()
    flat = unroll(cell, xs.reshape(T, -1, 2), lengths=flat_lengths)
    assert output(trace).shape[:-1] == (T, *leading)
    np.testing.assert_array_equal(output(trace).reshape(output(flat).shape), output(flat))
    d = bptt(trace, **{cell.output: output(trace)})
    d_flat = bptt(flat, **{cell.output: output(flat)})
    np.testing.assert_array_equal(d.xs.reshape(T, -1, 2), d_flat.xs)
    assert_close(d.cell, d_flat.cell)


# Reading the traces


def test_the_trace_of_a_stack_is_that_of_its_layers(rng):
    stack, xs = random_stack(rng), draw(rng, T, 3, 2)
    trace = unroll(stack, xs)
    assert isinstance(trace, StackTrace)
    assert trace.cell is stack and len(trace) == T
    np.testing.assert_array_equal(trace.xs, xs)
    assert trace.y is trace.layers[-1].y and trace.a is trace.layers[-1].a
    for t in (0, 1, T, -1):
        assert_close(trace[t], tuple(layer[t] for layer in trace.layers), 0, 0)
    assert [record[-1].y[0, 0] for record in trace] == list(trace.y[:, 0, 0])
    assert [record[-1].y[0, 0] for record in reversed(trace)] == list(trace.y[::-1, 0, 0])
    assert repr(trace) == "<Trace of Stack, T = 4: a (4, 3, 2), y (4, 3, 2)>"
    with pytest.raises(AttributeError, match="a trace of Stack holds a, y; got 'c'"):
        _ = trace.c
    with pytest.raises(IndexError, match="the trace holds steps 0 to 4; got t = 5"):
        trace[5]
    for twin in (copy.deepcopy(trace), pickle.loads(pickle.dumps(trace))):
        np.testing.assert_array_equal(twin.y, trace.y)


def test_the_trace_of_both_directions_keeps_the_order_in_which_each_read(rng):
    trace = unroll(random_both(rng), draw(rng, T, 2))
    assert isinstance(trace, DirectionsTrace)
    np.testing.assert_array_equal(trace.backwards.xs, trace.xs[::-1])
    np.testing.assert_array_equal(trace[1][1].h, trace.h[T - 1, 3:])
    np.testing.assert_array_equal(trace[-1][0].h, trace.h[T - 1, :3])
    np.testing.assert_array_equal(trace[-1][1].h, trace.h[0, 3:])
    assert repr(trace) == "<Trace of BothDirections, T = 4: h (4, 5)>"


def test_parameters_have_the_names_of_their_layers(rng):
    stack = Stack((random_both(rng), random_dense(rng, 5, 2)))
    names = ["cells.0.forwards.W_x", "cells.0.backwards.b", "cells.1.W", "cells.1.b"]
    assert set(names) < set(parameters(stack))
    assert parameters(stack).keys() == parameters(unroll_and_back(stack, rng).cell).keys()


def unroll_and_back(stack, rng):
    trace = unroll(stack, draw(rng, T, stack.n_inputs))
    return bptt(trace, y=np.ones_like(trace.y))


def test_a_layer_may_start_from_zero_while_another_does_not(rng):
    stack, xs = Stack((random_layer(rng, 2, 3), random_layer(rng, 3, 4))), draw(rng, T, 2)
    y = draw(rng, 4)
    some = unroll(stack, xs, (None, LayerStep(y=y)))
    all_of_them = unroll(stack, xs, [LayerStep(y=np.zeros(3)), LayerStep(y=y)])
    np.testing.assert_array_equal(some.y, all_of_them.y)
    assert (some.y != unroll(stack, xs).y).any()


def test_what_explodes_in_one_layer_goes_on_in_the_next():
    growing = Stack((Layer([[1]], [[1e200]], [0], "identity"), Dense([[1]], [0])))
    with np.errstate(over="ignore", invalid="ignore"):
        trace = unroll(growing, np.ones((4, 1)))
        assert np.isinf(trace.y[-1]).all()
        assert not np.isfinite(bptt(trace, y=np.ones((4, 1))).cell.cells[0].W_y).all()


def test_float32_stays_float32(rng):
    for network in COMPOUND:
        cell = map_parameters(lambda array: array.astype(np.float32), network(rng))
        trace = unroll(cell, draw(rng, T, 2).astype(np.float32))
        d = bptt(trace, **{cell.output: output(trace)})
        assert output(trace).dtype == d.xs.dtype == np.float32
        assert {array.dtype for array in parameters(d.cell).values()} == {np.dtype(np.float32)}


# Feed-forward networks: source 004, section 1.2

P = [3, 4, 2, 3]  # p(0) … p(U): all that follows one another is different
U = len(P) - 1


def columns(rng):
    """W^1 … W^U as the source has them, p(i) × p(i−1), and b^1 … b^U, as nested lists.

    Index 0 stays empty, so that the numbers are the source's.
    """
    W = [None] + [draw(rng, P[i], P[i - 1]).tolist() for i in range(1, U + 1)]
    b = [None] + [draw(rng, P[i]).tolist() for i in range(1, U + 1)]
    return W, b


def network_of(W, b, F="identity"):
    return feed_forward([np.transpose(each) for each in W[1:]], b[1:], "tanh", F)


def forwards(W, b, x, F="identity"):
    """Definition 2, equations (1.3) to (1.6), one number at a time."""
    phi, a = [x], [None]
    for i in range(1, U + 1):
        a.append(
            [
                sum(W[i][l][j] * phi[i - 1][j] for j in range(P[i - 1])) + b[i][l]
                for l in range(P[i])  # noqa: E741 - the source's symbol
            ]
        )
        phi.append([math.tanh(each) for each in a[i]])
    return a, phi, PLAIN[F](a[U])


def slope(a):
    return 1 - math.tanh(a) ** 2


def delta_by_parents(W, a, u, i, l, as_printed=False):  # noqa: E741 - the source's symbol
    """δ_ul = ∂a_u/∂a_l of (1.18): a sum over the neurons that neuron l of layer i feeds.

    As printed, the slope in it is that of the parent, σ′(a_k); it is that of l itself.
    """
    if i == U:
        return float(u == l)
    return sum(
        delta_by_parents(W, a, u, i + 1, k, as_printed)
        * slope(a[i + 1][k] if as_printed else a[i][l])
        * W[i + 1][k][l]
        for k in range(P[i + 1])
    )


def deltas(W, a):
    """Δ^U = Id, and Δ^i = Δ^{i+1} W^{i+1} diag(σ′(a^i)) for i < U, in plain loops.

    (1.23) as printed has W^i, whose shape does not fit, and 0 where the recursion begins.
    """
    delta = {U: np.eye(P[U]).tolist()}
    for i in range(U - 1, 0, -1):
        delta[i] = [
            [
                sum(delta[i + 1][u][k] * W[i + 1][k][l] for k in range(P[i + 1])) * slope(a[i][l])
                for l in range(P[i])  # noqa: E741
            ]
            for u in range(P[U])
        ]
    return delta


@pytest.mark.parametrize("F", ["identity", "softmax", "sigmoid"])
def test_the_output_is_that_of_definition_2(F, rng):
    W, b = columns(rng)
    X = draw(rng, 5, P[0])
    trace = unroll(network_of(W, b, F), X)
    for row, x in enumerate(X.tolist()):
        a, phi, y = forwards(W, b, x, F)
        np.testing.assert_allclose(trace.y[row], y, rtol=1e-13)
        for i in range(1, U + 1):
            np.testing.assert_allclose(trace.layers[i - 1].a[row], a[i], rtol=1e-12, atol=1e-15)
            if i < U:
                np.testing.assert_allclose(trace.layers[i - 1].y[row], phi[i], rtol=1e-12)


def test_the_gradient_of_a_layers_pre_activation_is_delta(rng):
    """(1.23) to (1.26), and neuron by neuron (1.15) to (1.20)."""
    W, b = columns(rng)
    x = draw(rng, P[0]).tolist()
    a, phi, _ = forwards(W, b, x)
    delta = deltas(W, a)
    trace = unroll(network_of(W, b), [x])
    for u in range(P[U]):
        d = bptt(trace, a=[np.eye(P[U])[u]])
        for i in range(1, U + 1):
            layer = d.layers[i - 1]
            np.testing.assert_allclose(layer.a[0], delta[i][u], rtol=1e-12, atol=1e-15)
            for l in range(P[i]):  # noqa: E741
                by_path = delta_by_parents(W, a, u, i, l)
                np.testing.assert_allclose(layer.a[0, l], by_path, rtol=1e-12, atol=1e-15)
                np.testing.assert_allclose(layer.cell.b[l], by_path, rtol=1e-12, atol=1e-15)
                for j in range(P[i - 1]):
                    weight = layer.cell.W[j, l]
                    np.testing.assert_allclose(
                        weight, by_path * phi[i - 1][j], rtol=1e-12, atol=1e-15
                    )


def test_the_slope_in_1_18_is_not_the_parents(rng):
    """By central differences: what the source prints is another number."""
    W, b = columns(rng)
    x, tiny = draw(rng, P[0]).tolist(), 1e-6
    a, _, _ = forwards(W, b, x)
    differences = []
    for moved in (b[1][2] + tiny, b[1][2] - tiny):  # what moves a bias moves its a_l
        differences.append(forwards(W, [None, [*b[1][:2], moved, b[1][3]], *b[2:]], x)[0][U][0])
    expected = (differences[0] - differences[1]) / (2 * tiny)
    assert delta_by_parents(W, a, 0, 1, 2) == pytest.approx(expected, rel=1e-7)
    assert delta_by_parents(W, a, 0, 1, 2, as_printed=True) != pytest.approx(expected, rel=0.01)


def test_the_gradient_of_the_whole_network_is_1_13(rng):
    """∂g/∂W^i = ∇L J(F) ∂a^U/∂W^i, with a softmax for F and L = Σ c_u y_u."""
    W, b = columns(rng)
    x, c = draw(rng, P[0]).tolist(), draw(rng, P[U]).tolist()
    a, phi, y = forwards(W, b, x, "softmax")
    J = [[y[u] * ((u == v) - y[v]) for v in range(P[U])] for u in range(P[U])]
    g_a = row_times(c, J)
    delta = deltas(W, a)
    d = bptt(unroll(network_of(W, b, "softmax"), [x]), y=[c])
    for i in range(1, U + 1):
        g_a_i = row_times(g_a, delta[i])
        np.testing.assert_allclose(d.layers[i - 1].a[0], g_a_i, rtol=1e-11, atol=1e-15)
        expected = [[g * p for g in g_a_i] for p in phi[i - 1]]  # rows: the transposed of ∂g/∂W^i
        np.testing.assert_allclose(d.cell.cells[i - 1].W, expected, rtol=1e-11, atol=1e-15)
        np.testing.assert_allclose(d.cell.cells[i - 1].b, g_a_i, rtol=1e-11, atol=1e-15)


# Errors: the argument, what it has, what was expected


def two_layers():
    rng = np.random.default_rng(1)
    return Stack((random_layer(rng, 2, 3), random_layer(rng, 3, 4)))


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: Stack(()), ValueError, "cells is (); a tuple of at least one cell was expected"),
        (
            lambda: Stack((Dense,)),
            TypeError,
            "cells[0] is the class Dense; a network was expected, made of its weights",
        ),
        (lambda: Stack([1]), TypeError, "cells[0] is of type int; a network was expected"),
        (
            lambda: Stack((Dense([[1, 2]], [0, 0]), Dense([[1], [2], [3]], [0]))),
            ValueError,
            "cells[1] has 3 inputs, expected 2: so many outputs has cells[0]",
        ),
        (
            lambda: BothDirections(Dense([[1]], [0]), Dense([[1], [2]], [0])),
            ValueError,
            "backwards.n_inputs is 2, expected 1, as forwards has it",
        ),
        (
            lambda: BothDirections(
                random_layer(np.random.default_rng(1)), random_lstm(np.random.default_rng(1))
            ),
            ValueError,
            "backwards.output is h, expected y, as forwards has it",
        ),
        (
            lambda: BothDirections(Dense([[1]], [0]), None),
            TypeError,
            "backwards is of type NoneType; a network was expected",
        ),
        (
            lambda: feed_forward([[[1]], [[1]]], [[0]]),
            ValueError,
            "biases has 1 arrays, expected 2, as weights",
        ),
        (lambda: Dense([[1, 2]], [0]), ValueError, "b has shape (1,), expected (2,)"),
        (lambda: Dense([1, 2], [0]), ValueError, "W has shape (2,), expected (k, o)"),
        (lambda: Dense([[1]], [0], "cube"), ValueError, "phi: unknown activation 'cube'"),
    ],
)
def test_what_is_no_network(make, kind, message):
    with pytest.raises(kind) as error:
        make()
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("initial", "kind", "message"),
    [
        (
            LayerStep(y=[0, 0, 0]),
            TypeError,
            "initial is of type LayerStep, Stack expected a tuple of 2 records",
        ),
        ((None,), ValueError, "initial holds 1 records, Stack expected 2"),
        (
            (None, LayerStep(y=[0, 0, 0])),
            ValueError,
            "initial[1].y has shape (3,), expected (4,): ",
        ),
        (
            (DenseStep(), None),
            TypeError,
            "initial[0] is of type DenseStep, Layer expected its own record: give LayerStep(y=...)",
        ),
    ],
)
def test_what_is_no_state(initial, kind, message):
    with pytest.raises(kind) as error:
        unroll(two_layers(), np.zeros((T, 2)), initial)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("kwargs", "kind", "message"),
    [
        ({}, ValueError, "no seed; the loss's own gradient was expected, for one of: a, y"),
        ({"h": 0}, ValueError, "there is no seed h, expected one of: a, y"),
        ({"y": np.zeros((T, 3))}, ValueError, "y has shape (4, 3), expected (4, 4)"),
        (
            {"y": np.zeros((T, 4)), "truncate": 0},
            ValueError,
            "truncate is 0, expected a number of steps",
        ),
        (
            {"y": np.zeros((T, 4)), "truncate": 2},
            ValueError,
            "truncate is 2, and the trace is of a stack with 2 recurrent layers; None was expected",
        ),
    ],
)
def test_what_cannot_go_back(kwargs, kind, message):
    with pytest.raises(kind) as error:
        bptt(unroll(two_layers(), np.zeros((T, 2))), **kwargs)
    assert str(error.value).startswith(message)


def test_the_table_of_contributions_is_that_of_one_cell(rng):
    trace = unroll(two_layers(), np.zeros((T, 2)))
    with pytest.raises(TypeError, match="trace is of type StackTrace, expected a Trace, of one c"):
        contributions(trace, y=trace.y)
    assert isinstance(trace, Trace)


def test_both_directions_have_no_single_step(rng):
    for network in (random_both(rng), Stack((random_both(rng),))):
        with pytest.raises(TypeError, match="BothDirections has no single step"):
            network.step([0, 0], (None,))
