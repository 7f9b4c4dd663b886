"""Initialisers keep their laws, and networks made with them have the shapes asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SIZES

from rnnlib import LSTM, ResetFirstGRU, Stack, initial
from rnnlib.examples import MinimalGatedUnit
from rnnlib.gated import GATES
from rnnlib.parameters import parameters


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


@given(rows=SIZES, columns=SIZES, seed=st.integers(0, 2**32 - 1))
def test_orthogonal_keeps_lengths(rows, columns, seed):
    q = initial.orthogonal(np.random.default_rng(seed), rows, columns)
    assert q.shape == (rows, columns)
    short = q.T @ q if rows >= columns else q @ q.T
    np.testing.assert_allclose(short, np.eye(min(rows, columns)), atol=1e-12)


def test_orthogonal_prefers_no_direction(rng):
    """Both signs of the determinant, and of every entry, are equally likely."""
    many = np.array([initial.orthogonal(rng, 3, 3) for _ in range(2000)])
    assert abs((np.linalg.det(many) > 0).mean() - 0.5) < 0.05
    assert (abs((many > 0).mean(axis=0) - 0.5) < 0.05).all()
    np.testing.assert_allclose((many**2).mean(axis=0), 1 / 3, atol=0.03)


def test_glorot_is_uniform_within_its_bound(rng):
    W = initial.glorot(rng, 200, 100)
    bound = np.sqrt(6 / 300)
    assert abs(W).max() <= bound
    assert W.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)
    assert W.mean() == pytest.approx(0, abs=0.002)


def test_identity(rng):
    np.testing.assert_array_equal(initial.identity(rng, 2, 3), [[1, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(initial.identity(rng, 2, 2, scale=0.5), [[0.5, 0], [0, 0.5]])


NETWORKS = {
    "layer": (lambda rng, **o: initial.layer(rng, 2, 5, **o), {"W_x": (2, 5), "W_y": (5, 5)}),
    "elman": (
        lambda rng, **o: initial.elman(rng, 2, 5, 3, **o),
        {"W_x": (2, 5), "W_h": (5, 5), "W_o": (5, 3)},
    ),
    "jordan": (
        lambda rng, **o: initial.jordan(rng, 2, 5, 3, **o),
        {"W_x": (2, 5), "W_h": (3, 5), "W_o": (5, 3)},
    ),
    "lstm": (
        lambda rng, **o: initial.lstm(rng, 2, 5, forget_bias=0, **o),
        {"W_x": (4, 2, 5), "W_h": (4, 5, 5)},
    ),
    "peephole_lstm": (
        lambda rng, **o: initial.peephole_lstm(rng, 2, 5, forget_bias=0, **o),
        {"W_x": (4, 2, 5), "W_h": (4, 5, 5)},
    ),
    "gru": (
        lambda rng, **o: initial.gru(rng, 2, 5, **o),
        {"W_x": (3, 2, 5), "W_h": (3, 5, 5)},
    ),
    "dense": (lambda rng, **o: initial.dense(rng, 2, 3, **o), {"W": (2, 3)}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_have_the_shapes_asked_for_and_biases_of_zero(name, rng):
    make, shapes = NETWORKS[name]
    arrays = parameters(make(rng))
    assert {name: array.shape for name, array in arrays.items() if name[0] == "W"} == shapes
    for name, array in arrays.items():
        assert array.any() == (name[0] == "W")


@pytest.mark.parametrize("name", NETWORKS)
def test_the_type_of_numbers_does_not_change_the_draw(name):
    double, single = (
        parameters(NETWORKS[name][0](np.random.default_rng(1), dtype=dtype))
        for dtype in (np.float64, np.float32)
    )
    for each, array in double.items():
        assert (array.dtype, single[each].dtype) == (np.float64, np.float32)
        np.testing.assert_array_equal(single[each], array.astype(np.float32))


@pytest.mark.parametrize("name", sorted(NETWORKS.keys() - {"dense"}))
def test_what_is_fed_back_gets_the_initialiser_asked_for(name, rng):
    make, _ = NETWORKS[name]

    def sevens(rng, rows, columns):
        return np.full((rows, columns), 7.0)

    for part, key in (("recurrent", "W_y" if name == "layer" else "W_h"), ("inputs", "W_x")):
        arrays = parameters(make(rng, **{part: sevens}))
        assert [each for each, array in arrays.items() if (array == 7).all()] == [key]


@pytest.mark.parametrize("make", [initial.lstm, initial.peephole_lstm])
def test_the_forget_bias_goes_to_the_forget_gate(make, rng):
    b = make(rng, 2, 3, forget_bias=2.5).b
    np.testing.assert_array_equal(b[GATES.index("f")], 2.5)
    assert np.count_nonzero(b) == 3


@pytest.mark.parametrize("name", ["lstm", "peephole_lstm", "gru"])
def test_each_gate_has_weights_of_its_own(name, rng):
    cell = NETWORKS[name][0](rng)
    for W in (cell.W_x, cell.W_h):
        assert len(np.unique(W)) == W.size


def test_peepholes_begin_closed():
    plain, other = (
        make(np.random.default_rng(1), 2, 3, forget_bias=1)
        for make in (initial.lstm, initial.peephole_lstm)
    )
    for name, array in parameters(plain).items():
        np.testing.assert_array_equal(array, parameters(other)[name])
    assert not other.P.any()


def test_the_generator_decides():
    make = NETWORKS["elman"][0]
    first, again, other = (make(np.random.default_rng(seed)) for seed in (1, 1, 2))
    for name, array in parameters(first).items():
        np.testing.assert_array_equal(array, parameters(again)[name])
    assert not np.array_equal(first.W_h, other.W_h)


@pytest.mark.parametrize("kind", [MinimalGatedUnit, ResetFirstGRU])
def test_any_cell_is_drawn_as_its_weights_say(kind, rng):
    """A cell of one's own too: what the input meets, what is fed back, and biases."""
    sizes = {"k": 2, "n": 3}
    cell = initial.draw(kind, rng, **sizes, inputs=initial.identity, recurrent=initial.orthogonal)
    for name, array in parameters(cell).items():
        matrices = array.reshape(-1, *array.shape[-2:]) if array.ndim > 1 else []
        if name.startswith("b"):
            assert not array.any()
        elif array.shape[-2] == 2:
            np.testing.assert_array_equal(matrices, [np.eye(2, 3)] * len(matrices))
        else:
            for W in matrices:
                np.testing.assert_allclose(W @ W.T, np.eye(3), atol=1e-12)
    first, drawn = next(iter(parameters(cell).items()))
    given = initial.draw(kind, rng, **sizes, **{first: drawn})
    np.testing.assert_array_equal(parameters(given)[first], drawn)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda rng: initial.draw(rng, LSTM, k=2, n=3),
            TypeError,
            "rng is of type type, expected a numpy.random.Generator",
        ),
        (
            lambda rng: initial.draw(Stack, rng, k=2),
            TypeError,
            "kind is the class Stack, expected the class of a cell",
        ),
        (
            lambda rng: initial.draw(LSTM, rng, k=2),
            TypeError,
            "LSTM is drawn with k; expected the sizes k, n, and perhaps W_x, W_h, b, inputs",
        ),
        (
            lambda rng: initial.elman(rng, 2, 3, 1, recurent=initial.identity),
            TypeError,
            "Elman is drawn with k, n, o, g_h, g_o, recurent; expected the sizes k, n, o, and",
        ),
        (
            lambda rng: initial.layer(rng, 2, 3, recurrent="orthogonal"),
            TypeError,
            "recurrent is 'orthogonal', expected a function that draws a matrix",
        ),
        (lambda rng: initial.orthogonal(rng, 0, 3), ValueError, "rows is 0, expected a whole"),
        (lambda rng: initial.glorot(rng, 3, 2.5), ValueError, "columns is 2.5"),
        (lambda rng: initial.elman(rng, 2, 0, 1), ValueError, "n is 0"),
        (lambda rng: initial.lstm(7, 2, 3, forget_bias=1), TypeError, "rng is of type int"),
        (
            lambda rng: initial.lstm(rng, 2, 3, forget_bias=np.nan),
            ValueError,
            "forget_bias holds nan",
        ),
        (lambda rng: initial.dense(rng, 2, 3, dtype=int), ValueError, "dtype is int64, expected a"),
        (lambda rng: initial.layer(rng, 2, 3, "tan"), ValueError, "unknown activation 'tan'"),
    ],
)
def test_what_cannot_be(make, kind, message, rng):
    with pytest.raises(kind, match=message):
        make(rng)
