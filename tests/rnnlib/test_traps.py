"""What a user gets wrong without noticing: each is refused, or right."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil

import numpy as np
import pytest
from networks import RANDOM, draw, random_elman, random_gru, random_layer, random_lstm

import rnnlib
from rnnlib import (
    LSTM,
    SGD,
    Adam,
    BothDirections,
    Dense,
    ElmanStep,
    GRUStep,
    Stack,
    activation,
    bptt,
    clip,
    contributions,
    fit,
    initial,
    pad,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    squared_error,
    unroll,
)
from rnnlib.convert import to_torch
from rnnlib.examples import notes_elman, notes_inputs
from rnnlib.parameters import map_parameters, parameters
from rnnlib.tasks import TemporalOrder
from rnnlib.training import norm

T = 4


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


# The loss names what it reads


def test_a_cross_entropy_given_a_trace_reads_the_pre_activation(rng):
    trace = unroll(random_elman(rng, g_o="softmax"), draw(rng, T, 5, 2))
    target = rng.integers(0, 3, (T, 5))
    loss = softmax_cross_entropy(trace, target)
    assert loss.of == "a_o"
    assert loss.value == softmax_cross_entropy(trace.a_o, target).value
    np.testing.assert_array_equal(loss.gradient, softmax_cross_entropy(trace.a_o, target).gradient)
    mine, theirs = bptt(trace, loss), bptt(trace, a_o=loss.gradient)
    np.testing.assert_array_equal(mine.cell.W_x, theirs.cell.W_x)


def test_of_a_stack_it_reads_the_top_layer(rng):
    network = Stack((random_lstm(rng), Dense(draw(rng, 3, 2), draw(rng, 2), "sigmoid")))
    trace, target = unroll(network, draw(rng, T, 2)), rng.integers(0, 2, (T, 2))
    assert sigmoid_cross_entropy(trace, target).of == "a"
    assert squared_error(trace, target).of == "y"


def test_a_network_without_pre_activation_has_no_cross_entropy(rng):
    trace = unroll(random_lstm(rng), draw(rng, T, 2))
    with pytest.raises(ValueError, match=r"the output h of LSTM has none: put a layer on top"):
        softmax_cross_entropy(trace, np.zeros(T, int))


def test_fit_does_not_squash_twice(rng):
    cell = initial.elman(rng, 6, 16, 4, g_o="softmax")
    options = {"optimiser": Adam(0.01), "iterations": 200, "progress": False}
    fitted, told = (
        fit(cell, TemporalOrder(12), rng=np.random.default_rng(1), on=on, **options)
        for on in (None, "a_o")
    )
    assert fitted.history.losses == told.history.losses
    # what two softmaxes, one after the other, cannot get below
    assert fitted.history.losses[-1] < -np.log(np.e / (np.e + 3)) / 10


def test_a_loss_of_one_quantity_is_no_seed_for_another(rng):
    trace = unroll(random_elman(rng), draw(rng, T, 2))
    loss = softmax_cross_entropy(trace, np.zeros(T, int))
    np.testing.assert_array_equal(bptt(trace, a_o=loss).xs, bptt(trace, loss).xs)
    with pytest.raises(ValueError, match="y is a loss of a_o, expected a_o=loss"):
        bptt(trace, y=loss)
    with pytest.raises(TypeError, match="loss has read an array, and does not know which: give"):
        bptt(trace, squared_error(trace.y, np.zeros((T, 3))))


# Lengths go with the trace


@pytest.mark.parametrize("loss", [squared_error, sigmoid_cross_entropy])
def test_what_follows_a_sequences_end_does_not_count(loss, rng):
    cell = random_elman(rng)
    sequences = [draw(rng, length, 2) for length in (2, 4)]
    target = rng.integers(0, 2, (T, 2, 3))
    found = loss(unroll(cell, *[pad(sequences)[0]], lengths=pad(sequences)[1]), target)
    alone = [
        loss(unroll(cell, each), target[: len(each), i]).value for i, each in enumerate(sequences)
    ]
    assert found.value == pytest.approx(np.mean(alone), rel=1e-12)
    assert not found.gradient[2:, 0].any()


def test_a_mask_and_lengths_both_count(rng):
    xs, lengths = pad([draw(rng, 2, 2), draw(rng, 4, 2)])
    trace, target = unroll(random_elman(rng), xs, lengths=lengths), draw(rng, T, 2, 3)
    mask = np.array([[1, 0], [1, 1], [1, 1], [1, 1]])
    by_hand = squared_error(trace.y, target, mask=mask * (np.arange(T)[:, None] < lengths))
    assert squared_error(trace, target, mask=mask).value == by_hand.value


# Read-only


@pytest.mark.parametrize("network", RANDOM)
def test_neither_cells_nor_traces_nor_gradients_can_be_written_into(network, rng):
    cell = network(rng)
    trace = unroll(cell, draw(rng, T, 2))
    d = bptt(trace, squared_error(trace, np.zeros_like(getattr(trace, cell.output))))
    held = [trace.xs, d.xs, *parameters(cell).values(), *parameters(d.cell).values()]
    for each in (trace, d):
        held += [q for record in (each.steps, each[0], each[2]) for q in record if q is not None]
    held += parameters(pickle.loads(pickle.dumps(cell))).values()
    held += parameters(copy.deepcopy(cell)).values()
    held += [q for q in pickle.loads(pickle.dumps(trace)).steps if q is not None]
    for array in held:
        with pytest.raises(ValueError, match="read-only"):
            array += 1


def test_a_failed_assignment_changes_nothing():
    cell = notes_elman()
    before = cell.W_h.copy()
    with pytest.raises(ValueError, match="read-only"):
        cell.W_h -= 1
    np.testing.assert_array_equal(cell.W_h, before)


def test_the_callers_arrays_stay_writable(rng):
    W, xs = np.ones((2, 3)), notes_inputs()
    cell = Dense(W, np.zeros(3))
    trace = unroll(cell, xs)
    W += 1
    xs += 1
    assert cell.W.max() == 1 and (trace.xs == notes_inputs()).all()
    again = map_parameters(lambda w: W if w.ndim == 2 else w, cell)
    W += 1
    assert again.W.flags.writeable is False


# Types of numbers


@pytest.mark.parametrize("a", [-10, -17, -20, -80])
def test_a_gate_keeps_its_digits_where_it_is_nearly_closed(a):
    """There is one sigmoid, and its relative error is that of the type."""
    zeros = np.zeros((4, 1, 1), np.float32)
    b = np.array([[0], [a], [40], [1]], np.float32)
    trace = unroll(LSTM(zeros, zeros, b), np.zeros((1, 1), np.float32))
    exact = np.exp(np.float64(a)) / (1 + np.exp(np.float64(a)))
    assert trace.i[0, 0] == activation("sigmoid")(np.float32(a))
    assert trace.i[0, 0] == pytest.approx(exact, rel=5e-7)
    gradient = bptt(trace, h=np.ones((1, 1), np.float32)).cell.b[1, 0]
    slope = 1 - np.tanh(exact * np.tanh(1)) ** 2
    expected = exact * (1 - exact) * np.tanh(1) * slope
    assert gradient == pytest.approx(expected, rel=2e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex128])
def test_cross_entropy_of_the_largest_numbers(dtype):
    most = np.finfo(dtype).max * 0.9
    a = np.array([[most, -most]], dtype)
    value, gradient = softmax_cross_entropy(a, [0])
    assert value == 0 and (gradient == 0).all()
    value, gradient = softmax_cross_entropy(a, [1])
    assert value.real >= most and (gradient == [[1, -1]]).all()


def test_a_list_does_not_make_float64_of_float32(rng):
    cell = map_parameters(lambda w: w.astype(np.float32), random_elman(rng))
    xs = draw(rng, T, 2).astype(np.float32)
    trace = unroll(cell, xs, ElmanStep(h=[0.5, 0.25, 0, 1]))
    assert trace.h.dtype == trace[0].h.dtype == np.float32
    assert unroll(cell, xs.tolist()).h.dtype == np.float32
    assert bptt(trace, y=np.ones((T, 3)).tolist()).xs.dtype == np.float32


@pytest.mark.parametrize("size", [0, 1e-3, 1])
def test_adam_in_float16(size, rng):
    """It does as in float32, rounded."""
    small = initial.elman(np.random.default_rng(1), 1, 2, 1, dtype=np.float16)
    steps = []
    for cell in (map_parameters(lambda w: w.astype(np.float32), small), small):
        gradient, adam = map_parameters(lambda w: np.full_like(w, size), cell), Adam(1e-2)
        state = adam.start(cell)
        for _ in range(3):
            cell, state = adam.step(cell, gradient, state)
        steps.append(cell)
    for wide, narrow in zip(*(parameters(cell).values() for cell in steps), strict=True):
        assert narrow.dtype == np.float16
        np.testing.assert_allclose(narrow, wide, atol=2e-3)


def test_a_masked_array_is_refused(rng):
    xs = np.ma.masked_greater(draw(rng, T, 2), 0.5)
    with pytest.raises(TypeError, match="xs is a masked array, and masks are not looked at: give"):
        unroll(random_elman(rng), xs)


# Networks that other libraries have not


@pytest.mark.parametrize("names", [("relu", "tanh"), ("sigmoid",), ("identity", "identity")])
def test_pytorch_gets_no_network_that_it_has_not(names, rng):
    layers = tuple(random_layer(rng, 3, 3, name) for name in names)
    with pytest.raises(TypeError, match="PyTorch's recurrent layers all have tanh, or all relu"):
        to_torch(Stack(layers))
    with pytest.raises(TypeError, match="PyTorch's recurrent layers all have"):
        to_torch(random_elman(rng, g_h="softmax"))


# Modules


def test_no_function_shadows_a_module():
    for module in pkgutil.iter_modules(rnnlib.__path__):
        held = importlib.import_module(f"rnnlib.{module.name}")
        assert getattr(rnnlib, module.name) is held


def test_all_that_is_public_is_documented():
    for module in pkgutil.iter_modules(rnnlib.__path__):
        held = importlib.import_module(f"rnnlib.{module.name}")
        assert held.__doc__
        for name, thing in vars(held).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != held.__name__:
                continue
            if inspect.isclass(thing) or inspect.isfunction(thing):
                assert thing.__doc__, f"{module.name}.{name}"
            if inspect.isclass(thing):
                for part, method in vars(thing).items():
                    if not part.startswith("_") and (
                        inspect.isfunction(method) or isinstance(method, property)
                    ):
                        assert method.__doc__, f"{module.name}.{name}.{part}"


# Ends and limits


def test_both_directions_do_not_go_on_from_their_end(rng):
    both, xs = BothDirections(random_gru(rng), random_gru(rng)), draw(rng, T, 2)
    trace = unroll(both, xs)
    with pytest.raises(TypeError, match=r"initial is the end of a trace, which BothDirections can"):
        unroll(both, xs, trace[-1])
    with pytest.raises(TypeError, match=r"initial\[0\] is the end of a trace"):
        unroll(Stack((both,)), xs, unroll(Stack((both,)), xs)[-1])
    unroll(both, xs, trace[0])
    unroll(both, xs, (trace[-1].forwards, None))


def test_a_table_that_nobody_could_look_at_is_refused(rng):
    trace = unroll(random_elman(rng, 2, 100, 2), draw(rng, 100, 2))
    with pytest.raises(ValueError, match=r"trace has 100 steps, .* would hold 105,\d+,000 numbers"):
        contributions(trace, y=trace.y)


# Calls that are nearly right


ELMAN, XS = notes_elman(), notes_inputs()
TRACE = unroll(ELMAN, XS)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: unroll(XS, ELMAN), "they have changed places, expected unroll(cell, xs)"),
        (lambda: unroll(type(ELMAN), XS), "cell is the class Elman; a network was expected, made"),
        (lambda: unroll((ELMAN, ELMAN), XS), "layers one above another are a Stack"),
        (lambda: unroll(ELMAN, XS, TRACE), "(the end of a trace is trace[-1])"),
        (lambda: unroll(ELMAN, XS, ElmanStep([0, 0, 0])), "by name (what it holds is a_h)"),
        (lambda: unroll(ELMAN, [[[1, 2]], [[1, 2], [3, 4]]]), "pad makes a batch: *pad(xs)"),
        (lambda: unroll(ELMAN, [[1, 2]], lengths=[1]), "xs is one sequence; give it alone"),
        (lambda: bptt(TRACE, TRACE.y), "a gradient is given by the name of what it belongs to"),
        (lambda: bptt(ELMAN, y=TRACE.y), "expected a Trace, which unroll returns"),
        (lambda: clip(TRACE, 1), "gradient is a Trace; that of the network in it was expected: d"),
        (lambda: norm(5), "gradient is 5; a network of gradients was expected, as bptt returns it"),
        (lambda: SGD(1).step(ELMAN, TRACE, ELMAN), "gradient is a Trace; that of the network"),
        (lambda: parameters(5), "cell is 5; a network was expected, whose fields are its arrays"),
        (lambda: pad([[1, 2, 3], [4]]), "np.reshape(sequence, (-1, 1))"),
        (lambda: unroll(random_gru, XS), "cell is of type function; a network was expected"),
        (lambda: TRACE[-1].h.step, "no attribute 'step'"),
        (
            lambda: fit(ELMAN, (XS, XS), optimiser=SGD(1), iterations=1, rng=0),
            "task is a tuple",
        ),
        (
            lambda: unroll(ELMAN, XS, GRUStep(h=[0])),
            "initial is of type GRUStep, Elman",
        ),
    ],
)
def test_an_error_says_what_to_do(call, message):
    with pytest.raises((TypeError, ValueError, AttributeError)) as error:
        call()
    assert message in str(error.value)
    assert len(str(error.value)) < 250 and "_TwoLayers" not in str(error.value)
