"""Networks with gates: which gate is which, and the equations in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from networks import (
    draw,
    plus,
    random_gru,
    random_lstm,
    random_peephole_lstm,
    random_reset,
    random_state,
    row_times,
)
from strategies import SEEDS, SIZES

from rnnlib import LSTM, LSTMStep, unroll
from rnnlib.gated import GATES, GRU, GRU_GATES, GRUStep, PeepholeLSTM, ResetFirstGRU

CLOSE = {"rtol": 1e-12, "atol": 1e-15}


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def sigma(a):
    return 1 / (1 + math.exp(-a))


def times(*rows):
    return [math.prod(entries) for entries in zip(*rows, strict=True)]


# The equations, one number at a time


def plain_lstm(cell, xs, h, c):
    """Rows f, i, o, c̃, c and h of each step; with peepholes if the cell has any."""
    n = len(h)
    weights = zip(GATES, cell.W_x.tolist(), cell.W_h.tolist(), cell.b.tolist(), strict=True)
    weights = {gate: rest for gate, *rest in weights}
    P = cell.P.tolist() if hasattr(cell, "P") else [[0] * n] * 3

    def gate(name, x, h, function, *peephole):
        W_x, W_h, b = weights[name]
        return [function(a) for a in plus(row_times(x, W_x), row_times(h, W_h), b, *peephole)]

    for x in xs.tolist():
        f = gate("f", x, h, sigma, times(c, P[0]))
        i = gate("i", x, h, sigma, times(c, P[1]))
        c_tilde = gate("c_tilde", x, h, math.tanh)
        c = plus(times(f, c), times(i, c_tilde))
        o = gate("o", x, h, sigma, times(c, P[2]))
        h = times(o, [math.tanh(each) for each in c])
        yield f, i, o, c_tilde, c, h


def plain_gru(cell, xs, h):
    """Rows z, r, h̃ and h of each step, of either GRU."""
    weights = zip(GRU_GATES, cell.W_x.tolist(), cell.W_h.tolist(), cell.b.tolist(), strict=True)
    weights = {gate: rest for gate, *rest in weights}
    for x in xs.tolist():
        from_x = {g: plus(row_times(x, W_x), b) for g, (W_x, _, b) in weights.items()}
        from_h = {g: row_times(h, W_h) for g, (_, W_h, _) in weights.items()}
        z = [sigma(a) for a in plus(from_x["z"], from_h["z"])]
        r = [sigma(a) for a in plus(from_x["r"], from_h["r"])]
        if isinstance(cell, GRU):
            past = times(r, plus(from_h["h_tilde"], cell.b_h.tolist()))
        else:
            past = row_times(times(r, h), weights["h_tilde"][1])
        h_tilde = [math.tanh(a) for a in plus(from_x["h_tilde"], past)]
        h = [(1 - z_j) * new + z_j * old for z_j, new, old in zip(z, h_tilde, h, strict=True)]
        yield z, r, h_tilde, h


@pytest.mark.parametrize("network", [random_lstm, random_peephole_lstm, random_gru, random_reset])
@given(seed=SEEDS, k=SIZES, n=SIZES)
def test_unrolling_agrees_with_plain_python(network, seed, k, n):
    rng = np.random.default_rng(seed)
    cell, xs = network(rng, k, n), draw(rng, 5, k)
    start = random_state(rng, cell)
    plain = plain_gru if "z" in cell.Step._fields else plain_lstm
    rows = list(plain(cell, xs, *(getattr(start, name).tolist() for name in cell.state)))
    trace = unroll(cell, xs, start)
    for quantity, expected in zip(trace.steps, zip(*rows, strict=True), strict=False):
        np.testing.assert_allclose(quantity, expected, **CLOSE)


# Which gate is which: all numbers set by hand and different, so that no two can change places


def test_the_order_of_an_lstms_gates_is_f_i_o_c_tilde():
    assert GATES == ("f", "i", "o", "c_tilde")
    cell = LSTM(
        W_x=[[[1]], [[2]], [[3]], [[4]]],
        W_h=[[[0.5]], [[-0.5]], [[0.25]], [[-0.25]]],
        b=[[-1], [-2.5], [-2], [-3.75]],
    )
    step = cell.step([1], LSTMStep(h=[2], c=[0.7]))
    f, i, o = sigma(1 + 1 - 1), sigma(2 - 1 - 2.5), sigma(3 + 0.5 - 2)
    c_tilde = math.tanh(4 - 0.5 - 3.75)
    c = f * 0.7 + i * c_tilde
    expected = {"f": f, "i": i, "o": o, "c_tilde": c_tilde, "c": c, "h": o * math.tanh(c)}
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(step, name), [value], **CLOSE)


def test_the_order_of_the_peepholes_is_f_i_o_and_o_sees_the_new_cell_state():
    zeros = np.zeros((4, 1, 1))
    cell = PeepholeLSTM(zeros, zeros, b=[[0.1], [0.2], [0.3], [0.4]], P=[[1], [2], [3]])
    step = cell.step([9], LSTMStep(h=[9], c=[0.7]))
    f, i, c_tilde = sigma(0.1 + 1 * 0.7), sigma(0.2 + 2 * 0.7), math.tanh(0.4)
    c = f * 0.7 + i * c_tilde
    o = sigma(0.3 + 3 * c)
    expected = {"f": f, "i": i, "o": o, "c_tilde": c_tilde, "c": c, "h": o * math.tanh(c)}
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(step, name), [value], **CLOSE)


def test_the_order_of_a_grus_gates_is_z_r_h_tilde():
    assert GRU_GATES == ("z", "r", "h_tilde")
    cell = GRU(
        W_x=[[[1]], [[2]], [[3]]],
        W_h=[[[0.5]], [[-0.5]], [[0.25]]],
        b=[[-1], [-2.5], [-2]],
        b_h=[0.125],
    )
    step = cell.step([1], GRUStep(h=[2]))
    z, r = sigma(1 + 1 - 1), sigma(2 - 1 - 2.5)
    h_tilde = math.tanh(3 - 2 + r * (0.5 + 0.125))
    expected = {"z": z, "r": r, "h_tilde": h_tilde, "h": (1 - z) * h_tilde + z * 2}
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(step, name), [value], **CLOSE)


def open_or_shut(*gates):
    """Biases that hold these gates at 1 or at 0."""
    return [[80 if gate else -80] for gate in gates]


def test_what_each_gate_of_an_lstm_is_for():
    W = np.zeros((4, 1, 1))

    def step(f, i, o):
        cell = LSTM(W, W, [*open_or_shut(f, i, o), [0.5]])
        return cell.step([0], LSTMStep(h=[0], c=[0.75]))

    keeps, writes, hides = step(1, 0, 1), step(0, 1, 1), step(1, 1, 0)
    np.testing.assert_allclose(keeps.c, [0.75])
    np.testing.assert_allclose(writes.c, [math.tanh(0.5)])
    np.testing.assert_allclose(hides.c, [0.75 + math.tanh(0.5)])
    np.testing.assert_allclose(hides.h, [0], atol=1e-15)


# Laws


def test_without_peepholes_it_is_an_lstm(rng):
    lstm, xs = random_lstm(rng), draw(rng, 5, 4, 2)
    peepholes = PeepholeLSTM(lstm.W_x, lstm.W_h, lstm.b, np.zeros((3, 3)))
    np.testing.assert_allclose(unroll(peepholes, xs).h, unroll(lstm, xs).h, **CLOSE)


def test_where_the_reset_stands_matters_with_more_than_one_neuron(rng):
    """Before the product or after it; with one neuron they agree."""
    for n, same in ((1, True), (3, False)):
        cell = random_gru(rng, 2, n)
        cell = GRU(cell.W_x, cell.W_h, cell.b, np.zeros(n))
        x, h = draw(rng, 1, 2), draw(rng, 1, n)
        first = ResetFirstGRU(cell.W_x, cell.W_h, cell.b)
        ours, theirs = (each.step(x, GRUStep(h=h)).h for each in (cell, first))
        assert np.allclose(theirs, ours, rtol=1e-12) is same


@pytest.mark.parametrize("network", [random_lstm, random_peephole_lstm, random_gru, random_reset])
def test_a_trace_keeps_the_pre_activations(network, rng):
    cell, xs = network(rng), draw(rng, 5, 4, 2)
    trace = unroll(cell, xs, random_state(rng, cell, (4,)))
    is_gru = "z" in cell.Step._fields
    for gate in "zr" if is_gru else "fio":
        a = f"a_{gate}"
        np.testing.assert_allclose(
            getattr(trace, gate), 1 / (1 + np.exp(-getattr(trace, a))), **CLOSE
        )
    candidate, a = ("h_tilde", "a_h") if is_gru else ("c_tilde", "a_c")
    np.testing.assert_allclose(getattr(trace, candidate), np.tanh(getattr(trace, a)), **CLOSE)


# Errors: the argument, what it has, what was expected


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: LSTM(np.zeros((3, 2, 1)), np.zeros((4, 1, 1)), np.zeros((4, 1))),
            "W_x has shape (3, 2, 1), expected (4, k, n)",
        ),
        (
            lambda: LSTM(np.zeros((4, 2, 3)), np.zeros((4, 2, 3)), np.zeros((4, 3))),
            "W_h has shape (4, 2, 3), expected (4, 3, 3)",
        ),
        (
            lambda: LSTM(np.zeros((4, 2, 3)), np.zeros((4, 3, 3)), np.zeros(3)),
            "b has shape (3,), expected (4, 3)",
        ),
        (
            lambda: PeepholeLSTM(
                np.zeros((4, 2, 3)), np.zeros((4, 3, 3)), np.zeros((4, 3)), np.zeros((4, 3))
            ),
            "P has shape (4, 3), expected (3, 3)",
        ),
        (
            lambda: GRU(np.zeros((4, 2, 3)), np.zeros((3, 3, 3)), np.zeros((3, 3)), np.zeros(3)),
            "W_x has shape (4, 2, 3), expected (3, k, n)",
        ),
        (
            lambda: GRU(np.zeros((3, 2, 3)), np.zeros((3, 3, 3)), np.zeros((3, 3)), np.zeros(2)),
            "b_h has shape (2,), expected (3,)",
        ),
        (
            lambda: GRU(
                np.zeros((3, 2, 3)), np.zeros((3, 3, 3)), np.full((3, 3), np.inf), np.zeros(3)
            ),
            "b holds inf at index (0, 0); finite numbers were expected",
        ),
    ],
)
def test_weights_that_do_not_fit(make, message):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == message


def test_an_lstm_needs_both_states(rng):
    with pytest.raises(ValueError, match=r"initial has no c, and LSTM feeds back c"):
        unroll(random_lstm(rng), draw(rng, 4, 2), LSTMStep(h=np.zeros(3)))
