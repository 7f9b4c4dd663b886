"""Unrolling through time, and the record that it leaves."""

import copy
import dataclasses
import pickle
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import (
    RANDOM,
    draw,
    plainly,
    random_elman,
    random_jordan,
    random_layer,
    random_state,
)
from strategies import LENGTHS, SEEDS, SIZES

from rnnlib import (
    ACTIVATIONS,
    Elman,
    ElmanStep,
    Jordan,
    JordanStep,
    LayerStep,
    Trace,
    pad,
    unroll,
)
from rnnlib.examples import exercise_3_jordan, notes_elman, notes_inputs


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


@pytest.fixture
def trace():
    """The worked example of the notes."""
    return unroll(notes_elman(), notes_inputs())


def kept(trace):
    """All that a trace holds."""
    return [quantity for quantity in trace.steps if quantity is not None]


def assert_same_steps(mine, theirs, rtol=1e-12):
    assert type(mine.steps) is type(theirs.steps)
    for one, other in zip(mine.steps, theirs.steps, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-15)


# What is computed


@pytest.mark.parametrize("g_o", ACTIVATIONS)
@pytest.mark.parametrize("g_h", ACTIVATIONS)
@pytest.mark.parametrize("network", [random_elman, random_jordan])
def test_unrolling_agrees_with_plain_python(rng, network, g_h, g_o):
    cell, xs = network(rng, k=2, n=4, o=3, g_h=g_h, g_o=g_o), draw(rng, 5, 2)
    for state in (None, draw(rng, *cell.state_sizes)):
        initial = None if state is None else cell.Step(**{cell.state[0]: state})
        trace = unroll(cell, xs, initial)
        for name, rows in plainly(cell, xs, initial=state).items():
            np.testing.assert_allclose(getattr(trace, name), rows, rtol=1e-12, atol=1e-15)


def test_a_layer_is_the_hidden_layer_of_an_elman_network(rng):
    layer, xs = random_layer(rng, k=3, l=5), draw(rng, 4, 3)
    elman = Elman(layer.W_x, layer.W_y, np.eye(5), layer.b, np.zeros(5), layer.phi, "identity")
    trace = unroll(layer, xs)
    np.testing.assert_allclose(trace.a, unroll(elman, xs).a_h, rtol=1e-13)
    np.testing.assert_allclose(trace.y, unroll(elman, xs).h, rtol=1e-13)


@pytest.mark.parametrize("network", RANDOM)
@pytest.mark.parametrize("leading", [(), (1,), (4,), (2, 3)])
def test_it_is_one_step_after_the_other(network, leading, rng):
    cell, xs = network(rng), draw(rng, 4, *leading, 2)
    before = random_state(rng, cell, leading)
    trace = unroll(cell, xs, before)
    for t in range(1, 5):
        before = cell.step(xs[t - 1], before)
        for mine, theirs in zip(trace[t], before, strict=True):
            if theirs is not None:
                np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("network", RANDOM)
@given(seed=SEEDS, T=LENGTHS, k=SIZES, n=SIZES)
def test_a_batch_of_one_equals_the_single_sequence(network, seed, T, k, n):
    rng = np.random.default_rng(seed)
    cell, xs = network(rng, k, n), draw(rng, T, k)
    single, batch = unroll(cell, xs), unroll(cell, xs[:, None])
    for mine, theirs in zip(kept(single), kept(batch), strict=True):
        assert mine[:, None].shape == theirs.shape
        np.testing.assert_allclose(mine[:, None], theirs, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("network", RANDOM)
@given(seed=SEEDS, T=LENGTHS, m=st.integers(2, 5), data=st.data())
def test_permuting_the_batch_permutes_the_result(network, seed, T, m, data):
    rng = np.random.default_rng(seed)
    order = data.draw(st.permutations(range(m)))
    cell, xs = network(rng), draw(rng, T, m, 2)
    initial = random_state(rng, cell, (m,))
    reordered = initial._replace(**{each: getattr(initial, each)[order] for each in cell.state})
    straight, permuted = unroll(cell, xs, initial), unroll(cell, xs[:, order], reordered)
    for mine, theirs in zip(kept(straight), kept(permuted), strict=True):
        np.testing.assert_allclose(mine[:, order], theirs, rtol=1e-11, atol=1e-14)


@given(seed=SEEDS, T=LENGTHS, k=SIZES, n=SIZES)
def test_stacked_weights_give_the_same_sequence(seed, T, k, n):
    """h(t) = tanh([x(t), h(t−1)] [W_x; W_h] + b_h)."""
    rng = np.random.default_rng(seed)
    cell, xs = random_elman(rng, k, n), draw(rng, T, k)
    W, h = np.vstack([cell.W_x, cell.W_h]), np.zeros(n)
    for x, step in zip(xs, unroll(cell, xs), strict=True):
        h = np.tanh(np.concatenate([x, h]) @ W + cell.b_h)
        np.testing.assert_allclose(step.h, h, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("network", RANDOM)
@given(seed=SEEDS, T=LENGTHS, data=st.data())
def test_two_halves_are_one_whole(network, seed, T, data):
    rng = np.random.default_rng(seed)
    cut = data.draw(st.integers(1, T - 1))
    cell, xs = network(rng), draw(rng, T, 3, 2)
    whole, first = unroll(cell, xs), unroll(cell, xs[:cut])
    second = unroll(cell, xs[cut:], initial=first[-1])
    for entire, *parts in zip(kept(whole), kept(first), kept(second), strict=True):
        np.testing.assert_allclose(entire, np.concatenate(parts), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("network", RANDOM)
def test_the_past_reaches_on_and_the_future_does_not_reach_back(network, rng):
    cell, xs = network(rng), draw(rng, 5, 2)
    changed = xs.copy()
    changed[2] += 0.5  # x(3)
    for name, mine, theirs in zip(
        cell.Step._fields, kept(unroll(cell, xs)), kept(unroll(cell, changed)), strict=True
    ):
        if name == "past":  # h(t−1), which x(t) does not reach
            continue
        np.testing.assert_allclose(mine[:2], theirs[:2], rtol=1e-13)
        assert (np.abs(mine[2:] - theirs[2:]) > 1e-6).any(axis=-1).all()


@given(seed=SEEDS, T=LENGTHS, k=SIZES, n=SIZES)
def test_jordan_with_identity_readout_equals_elman(seed, T, k, n):
    rng = np.random.default_rng(seed)
    weights = draw(rng, k, n), draw(rng, n, n), np.eye(n), draw(rng, n), np.zeros(n)
    xs = draw(rng, T, k)
    np.testing.assert_allclose(
        unroll(Jordan(*weights), xs).y, unroll(Elman(*weights), xs).h, rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("network", RANDOM)
def test_calling_twice_gives_the_same(network, rng):
    cell, xs = network(rng), draw(rng, 5, 3, 2)
    for mine, theirs in zip(kept(unroll(cell, xs)), kept(unroll(cell, xs)), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("network", RANDOM)
def test_the_complex_step_differentiates_a_whole_unrolling(network, rng):
    cell, xs = network(rng), draw(rng, 4, 3, 2)
    recurrent = "W_y" if network is random_layer else "W_h"
    weights = getattr(cell, recurrent)
    unit = np.zeros_like(weights)
    unit[..., 1, 2] = 1

    def loss(shift):
        shifted = dataclasses.replace(cell, **{recurrent: weights + shift * unit})
        return (getattr(unroll(shifted, xs), cell.output) ** 2).sum()

    by_complex_step = loss(1e-30j).imag / 1e-30
    assert abs(by_complex_step) > 1e-3
    np.testing.assert_allclose(by_complex_step, (loss(1e-5) - loss(-1e-5)) / 2e-5, rtol=1e-7)


def test_float32_stays_float32_the_zero_state_too(rng):
    for network in RANDOM:
        cell = network(rng)
        arrays = {n: v.astype(np.float32) for n, v in vars(cell).items() if n[0] in "WbP"}
        trace = unroll(dataclasses.replace(cell, **arrays), np.ones((3, 2), np.float32))
        assert {quantity.dtype for quantity in kept(trace)} == {np.dtype(np.float32)}
        assert {getattr(trace[0], each).dtype for each in cell.state} == {np.dtype(np.float32)}


@pytest.mark.filterwarnings("ignore:(overflow|invalid value):RuntimeWarning")
def test_a_network_that_explodes_goes_on_and_the_trace_shows_where():
    cell = Elman([[1]], [[1e200]], [[1]], [1], [0], "identity", "identity")
    trace = unroll(cell, np.zeros((4, 1)))
    np.testing.assert_array_equal(np.isfinite(trace.h[:, 0]), [True, True, False, False])


class FibonacciStep(NamedTuple):
    older: np.ndarray | None = None
    newer: np.ndarray | None = None
    sum: np.ndarray | None = None


class Fibonacci:
    """A class that inherits nothing: two quantities are fed back, and the input is added."""

    Step, output = FibonacciStep, "sum"
    state, state_sizes, n_inputs = ("older", "newer"), (1, 2), 1

    def step(self, x, before):
        sum = x + before.older + before.newer[:, :1]
        return FibonacciStep(before.newer[:, :1], np.concatenate([sum, -sum], axis=-1), sum)


def test_any_cell_can_be_unrolled():
    seeds = FibonacciStep(older=[0], newer=[1, -1])
    trace = unroll(Fibonacci(), np.zeros((5, 1)), seeds)
    np.testing.assert_array_equal(trace.sum, [[1], [2], [3], [5], [8]])
    np.testing.assert_array_equal(trace[2].newer, [2, -2])
    assert trace[0].sum is None
    batch = unroll(Fibonacci(), np.ones((3, 2, 1)))
    np.testing.assert_array_equal(batch.sum[:, 1, 0], [1, 2, 4])
    with pytest.raises(ValueError, match="initial has no newer, and Fibonacci feeds back newer"):
        unroll(Fibonacci(), [[0]], FibonacciStep(older=[0]))
    with pytest.raises(TypeError, match=r"give FibonacciStep\(older=..., newer=...\)"):
        unroll(Fibonacci(), [[0]], [0, 1])


# The initial state


def test_the_state_is_zero_if_left_out(rng):
    for network in RANDOM:
        cell = network(rng)
        for leading in ((), (3,)):
            trace = unroll(cell, draw(rng, 4, *leading, 2))
            for name, size in zip(cell.state, cell.state_sizes, strict=True):
                np.testing.assert_array_equal(
                    getattr(trace[0], name), np.zeros((*leading, size)), strict=True
                )


def test_step_0_holds_what_is_fed_back_and_nothing_else(trace):
    np.testing.assert_array_equal(trace[0].h, [0, 0, 0])
    assert (trace[0].a_h, trace[0].a_o, trace[0].y) == (None, None, None)
    later = unroll(notes_elman(), notes_inputs(), initial=trace[-1])
    np.testing.assert_array_equal(later[0].h, [9, 0, 0])
    assert later[0].y is None


def test_a_state_matters(trace):
    other = unroll(notes_elman(), notes_inputs(), ElmanStep(h=[0, 1, 0]))
    np.testing.assert_array_equal(other[1].a_h, [0, 3, 2])  # one more row (0, 1, 1) of W_h
    assert (other.h != trace.h).any()


def test_one_state_serves_every_sequence_of_a_batch(rng):
    cell, xs, h = random_elman(rng), draw(rng, 3, 5, 2), draw(rng, 4)
    shared = unroll(cell, xs, ElmanStep(h=h))
    assert_same_steps(shared, unroll(cell, xs, ElmanStep(h=np.tile(h, (5, 1)))), rtol=0)
    assert shared[0].h.shape == (5, 4)


# Reading a trace


def test_the_time_steps_are_those_of_the_notes(trace):
    assert len(trace) == 3
    for t, h, y in [(1, [0, 2, 1], [0, 6]), (2, [3, 3, 0], [5, 4]), (3, [9, 0, 0], [8, 0])]:
        assert isinstance(trace[t], ElmanStep)
        np.testing.assert_array_equal(trace[t].h, h)
        np.testing.assert_array_equal(trace[t].y, y)
        np.testing.assert_array_equal(trace.h[t - 1], h)


def test_negative_steps_count_from_the_end(trace):
    for t in (1, 2, 3):
        np.testing.assert_array_equal(trace[t - 4].h, trace[t].h)
    np.testing.assert_array_equal(trace[np.int64(-1)].h, [9, 0, 0])


@pytest.mark.parametrize("t", [4, -4, 100])
def test_there_are_no_other_steps(trace, t):
    with pytest.raises(IndexError) as error:
        trace[t]
    assert str(error.value) == f"the trace holds steps 0 to 3; got t = {t}"


@pytest.mark.parametrize("t", [slice(0, 2), 1.0, "h", (1, 2), None])
def test_a_trace_is_indexed_by_one_step(trace, t):
    with pytest.raises(TypeError) as error:
        trace[t]
    assert str(error.value) == (
        f"a trace is indexed by one time step, 0 to 3; got {t!r} "
        "(slice a quantity: trace.y[0:2] holds y(1) and y(2))"
    )


def test_forwards_and_backwards(trace):
    np.testing.assert_array_equal([step.y for step in trace], [[0, 6], [5, 4], [8, 0]])
    np.testing.assert_array_equal([step.y for step in reversed(trace)], [[8, 0], [5, 4], [0, 6]])


def test_every_quantity_has_time_first(rng):
    trace = unroll(random_elman(rng, k=2, n=4, o=3), draw(rng, 6, 5, 2))
    shapes = {name: quantity.shape for name, quantity in trace.steps._asdict().items()}
    assert shapes == {"a_h": (6, 5, 4), "h": (6, 5, 4), "a_o": (6, 5, 3), "y": (6, 5, 3)}
    for name in shapes:
        assert getattr(trace, name) is getattr(trace.steps, name)
    trace = unroll(random_layer(rng, k=2, l=4), draw(rng, 6, 2))
    assert trace.a.shape == trace.y.shape == (6, 4)


def test_it_keeps_the_network_and_the_input(trace):
    assert isinstance(trace.cell, Elman)
    np.testing.assert_array_equal(trace.xs, notes_inputs())


def test_what_a_trace_does_not_hold(trace):
    with pytest.raises(AttributeError) as error:
        _ = trace.c
    assert str(error.value) == "a trace of Elman holds a_h, h, a_o, y; got 'c'"
    assert not hasattr(unroll(random_layer(np.random.default_rng(1)), [[0, 0]]), "h")


def test_the_quantities_are_offered_for_completion(trace):
    assert {"a_h", "h", "a_o", "y", "xs", "cell"} <= set(dir(trace))


def test_a_trace_says_what_it_is(trace):
    assert repr(trace) == "<Trace of Elman, T = 3: a_h (3, 3), h (3, 3), a_o (3, 2), y (3, 2)>"
    assert repr(unroll(exercise_3_jordan(), [[1, 2]])).startswith("<Trace of Jordan, T = 1: ")


def test_a_trace_is_fixed_and_equal_to_itself_alone(trace):
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.xs = notes_inputs()
    other = unroll(notes_elman(), notes_inputs())
    assert trace != other
    assert len({trace, other}) == 2


def test_a_trace_can_be_copied_and_stored(trace):
    for twin in (copy.copy(trace), copy.deepcopy(trace), pickle.loads(pickle.dumps(trace))):
        assert isinstance(twin, Trace)
        assert repr(twin) == repr(trace)
        assert_same_steps(twin, trace, rtol=0)
        np.testing.assert_array_equal(twin[0].h, [0, 0, 0])


# What the caller gave stays the caller's


@pytest.mark.parametrize("network", RANDOM)
def test_nothing_is_changed_in_place(network, rng):
    cell, xs = network(rng), draw(rng, 4, 3, 2)
    state = random_state(rng, cell, (3,))
    fed_back = [getattr(state, each) for each in cell.state]
    weights = [value for value in vars(cell).values() if isinstance(value, np.ndarray)]
    given_arrays = [xs, *fed_back, *weights]
    copies = [array.copy() for array in given_arrays]
    unroll(cell, xs, state)
    for array, before in zip(given_arrays, copies, strict=True):
        np.testing.assert_array_equal(array, before)


def test_integers_are_taken_and_stay_integers():
    xs = notes_inputs().astype(int)
    trace = unroll(notes_elman(), xs)
    assert xs.dtype == int
    np.testing.assert_array_equal(xs, [[-1, 1], [1, -2], [3, -4]])
    assert trace.xs.dtype == trace.y.dtype == np.float64
    np.testing.assert_array_equal(trace.y, [[0, 6], [5, 4], [8, 0]])


def test_a_trace_stays_what_it_is_when_the_callers_arrays_change(rng):
    xs, h = notes_inputs(), np.zeros(3)
    trace = unroll(notes_elman(), xs, ElmanStep(h=h))
    xs += 1
    h += 1
    np.testing.assert_array_equal(trace.xs, notes_inputs())
    np.testing.assert_array_equal(trace[0].h, [0, 0, 0])


# Errors: the argument, what it has, what was expected


@pytest.mark.parametrize(
    ("xs", "kind", "message"),
    [
        (3.0, ValueError, "xs has shape (), expected (T, ..., 2): time comes first"),
        ([1, 2], ValueError, "xs has shape (2,), expected (T, ..., 2): time comes first"),
        ([], ValueError, "xs has shape (0,), expected (T, ..., 2): time comes first"),
        (
            np.zeros((0, 2)),
            ValueError,
            "xs has shape (0, 2), that is no step; at least one was expected",
        ),
        (
            np.zeros((4, 3)),
            ValueError,
            "xs has shape (4, 3), expected (..., 2): the network has as many inputs",
        ),
        (
            np.zeros((2, 4, 1)),
            ValueError,
            "xs has shape (2, 4, 1), expected (..., 2): the network has as many inputs",
        ),
        ([[1, 2], [3, np.nan]], ValueError, "xs holds nan at index (1, 1)"),
        ([[1, 2], [-np.inf, 3]], ValueError, "xs holds -inf at index (1, 0)"),
        (
            [[1, 2], [3]],
            ValueError,
            "xs is ragged: xs[0] has shape (2,), but xs[1] has shape (1,); "
            "all terms need the same shape",
        ),
        ([[1, 2], 3], ValueError, "xs is ragged: xs[0] has shape (2,), but xs[1] has shape ();"),
        (
            [[[1, 2], [3, 4]], [[1, 2], [3, 4, 5]]],
            ValueError,
            "xs is ragged: xs[1][0] has shape (2,), but xs[1][1] has shape (3,);",
        ),
        (
            [[[1, 2], [3, 4]], [[1, 2]]],
            ValueError,
            "xs is ragged: xs[0] has shape (2, 2), but xs[1] has shape (1, 2);",
        ),
        (
            [np.zeros((2, 2)), np.zeros((2, 3))],
            ValueError,
            "xs is ragged: xs[0] has shape (2, 2), but xs[1] has shape (2, 3);",
        ),
        ("abc", TypeError, "xs holds entries of type str; numbers were expected"),
        ([["1", "2"]], TypeError, "xs holds entries of type str; numbers were expected"),
        (None, TypeError, "xs is None; numbers were expected"),
        ([[1, None]], TypeError, "xs holds entries of type object; numbers were expected"),
        ((x for x in [[1, 2]]), TypeError, "xs is a generator; numbers"),
    ],
)
def test_what_is_no_sequence(xs, kind, message):
    with pytest.raises(kind) as error:
        unroll(notes_elman(), xs)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("cell", "shape", "initial", "kind", "message"),
    [
        (
            notes_elman(),
            (4, 2),
            ElmanStep(h=[0, 0]),
            ValueError,
            "initial.h has shape (2,), expected (3,): ",
        ),
        (
            notes_elman(),
            (4, 2),
            ElmanStep(h=0.0),
            ValueError,
            "initial.h has shape (), expected (3,): ",
        ),
        (
            notes_elman(),
            (4, 2),
            ElmanStep(h=np.zeros((4, 3))),
            ValueError,
            "initial.h has shape (4, 3), expected (3,): ",
        ),
        (
            notes_elman(),
            (4, 5, 2),
            ElmanStep(h=np.zeros((4, 3))),
            ValueError,
            "initial.h has shape (4, 3), expected (5, 3): ",
        ),
        (
            notes_elman(),
            (4, 2),
            ElmanStep(h=[0, 0, np.nan]),
            ValueError,
            "initial.h holds nan at index (2,); finite numbers were expected",
        ),
        (
            notes_elman(),
            (4, 2),
            ElmanStep(y=[0, 0]),
            ValueError,
            "initial has no h, and Elman feeds back h: give ElmanStep(h=...) of shape (..., 3)",
        ),
        (
            exercise_3_jordan(),
            (4, 2),
            JordanStep(h=[0, 0, 0]),
            ValueError,
            "initial has no y, and Jordan feeds back y: give JordanStep(y=...) of shape (..., 2)",
        ),
        (
            notes_elman(),
            (4, 2),
            LayerStep(y=[0, 0, 0]),
            TypeError,
            "initial is of type LayerStep, Elman expected its own record: give ElmanStep(h=...)",
        ),
        (
            notes_elman(),
            (4, 2),
            np.zeros(3),
            TypeError,
            "initial is of type ndarray, Elman expected its own record: give ElmanStep(h=...)",
        ),
        (  # trace for trace[-1]: with as many steps as sequences, the shapes would even fit
            notes_elman(),
            (4, 3, 2),
            unroll(notes_elman(), notes_inputs()),
            TypeError,
            "initial is of type Trace, Elman expected its own record: give ElmanStep(h=...)",
        ),
    ],
)
def test_what_is_no_state(cell, shape, initial, kind, message):
    with pytest.raises(kind) as error:
        unroll(cell, np.zeros(shape), initial)
    assert str(error.value).startswith(message)


# Sequences of different lengths


def test_pad_fills_up_with_zeros_and_keeps_the_lengths():
    xs, lengths = pad([[[1, 2]], [[3, 4], [5, 6], [7, 8]]])
    np.testing.assert_array_equal(lengths, [1, 3])
    np.testing.assert_array_equal(xs[:, 0], [[1, 2], [0, 0], [0, 0]])
    np.testing.assert_array_equal(xs[:, 1], [[3, 4], [5, 6], [7, 8]])


@pytest.mark.parametrize("network", RANDOM)
def test_a_sequence_that_has_ended_stands_still(network, rng):
    """Continuing from the last records of all goes on from each one's own end."""
    cell = network(rng)
    sequences = [draw(rng, length, 2) for length in (2, 5, 3)]
    xs, lengths = pad(sequences)
    more = draw(rng, 4, 3, 2)
    later = unroll(cell, more, initial=unroll(cell, xs, lengths=lengths)[-1])
    for i, sequence in enumerate(sequences):
        alone = unroll(cell, np.concatenate([sequence, more[:, i]]))
        mine = getattr(later, cell.output)[:, i]
        np.testing.assert_allclose(mine, getattr(alone, cell.output)[-4:], rtol=1e-11, atol=1e-14)


def test_all_of_full_length_is_as_if_no_length_was_given(rng):
    cell, xs = random_elman(rng), draw(rng, 4, 3, 2)
    with_lengths, without = unroll(cell, xs, lengths=[4, 4, 4]), unroll(cell, xs)
    np.testing.assert_array_equal(with_lengths.y, without.y)
    np.testing.assert_array_equal(with_lengths.lengths, [4, 4, 4])
    assert without.lengths is None


@pytest.mark.parametrize(
    ("lengths", "kind", "message"),
    [
        ([4, 4], ValueError, r"lengths has shape \(2,\), expected \(3,\): one for each sequence"),
        ([0, 4, 4], ValueError, "lengths holds 0; xs has 4 steps, so 1 to 4 were expected"),
        ([1, 5, 4], ValueError, "lengths holds 5; xs has 4 steps"),
        ([1.0, 2.0, 3.0], TypeError, "lengths holds entries of type float64; integers"),
    ],
)
def test_lengths_that_do_not_fit(lengths, kind, message, rng):
    with pytest.raises(kind, match=message):
        unroll(random_elman(rng), draw(rng, 4, 3, 2), lengths=lengths)


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "sequences is empty; at least one was expected"),
        ([[1, 2]], r"sequences\[0\] has shape \(2,\), expected \(T, k\)"),
        ([[[1, 2]], [[1, 2, 3]]], r"sequences\[1\] has shape \(1, 3\), expected \(T, 2\)"),
        ([[[1, 2]], np.zeros((0, 2))], r"sequences\[1\] has shape \(0, 2\), expected \(T, 2\)"),
        ([[[np.inf]]], r"sequences\[0\] holds inf"),
    ],
)
def test_sequences_that_cannot_be_padded(sequences, message):
    with pytest.raises(ValueError, match=message):
        pad(sequences)
