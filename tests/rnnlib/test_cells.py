"""One time step: the single neuron, the layer, the batch, and the Elman and Jordan networks."""

import copy
import dataclasses
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import draw, plainly, random_elman, random_jordan, random_layer
from strategies import SEEDS, SIZES

from rnnlib import ACTIVATIONS, Elman, ElmanStep, Jordan, JordanStep, Layer, LayerStep
from rnnlib.examples import exercise_3_jordan, notes_elman

RANDOM = [random_elman, random_jordan, random_layer]


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def before_of(cell, state):
    """The record of the step before with this state; each of these cells feeds back one thing."""
    return cell.Step(**{cell.state[0]: state})


# Source 000, "Recurrent neurons (p. 381)": from one neuron to a batch


def test_a_single_neuron():
    """y(t) = φ(⟨x(t), w_x⟩ + y(t−1) w_y + b)."""
    neuron = Layer(W_x=[[0.5], [-2], [0.25]], W_y=[[-0.75]], b=[0.125], phi="tanh")
    step = neuron.step([1, 0.5, 2], LayerStep(y=[0.5]))
    a = (1 * 0.5 + 0.5 * -2 + 2 * 0.25) + 0.5 * -0.75 + 0.125
    np.testing.assert_array_equal(step.a, [a])
    np.testing.assert_allclose(step.y, [math.tanh(a)], rtol=1e-15)


def test_a_layer_of_five_neurons(rng):
    """Neuron j computes φ(⟨x, w_x,j⟩ + ⟨y, w_y,j⟩ + b_j), its weights the columns j."""
    layer = random_layer(rng, k=3, l=5, phi="sigmoid")
    x, y_before = draw(rng, 3), draw(rng, 5)
    step = layer.step(x, LayerStep(y=y_before))
    for j in range(5):
        a_j = sum(x[i] * layer.W_x[i, j] for i in range(3))
        a_j += sum(y_before[i] * layer.W_y[i, j] for i in range(5)) + layer.b[j]
        np.testing.assert_allclose(step.a[j], a_j, rtol=1e-14)
        np.testing.assert_allclose(step.y[j], 1 / (1 + math.exp(-a_j)), rtol=1e-14)


def test_the_column_form_is_a_transposition(rng):
    """y(t) = φ(W_xᵀ x(t) + W_yᵀ y(t−1) + b), with columns for vectors."""
    layer = random_layer(rng, k=3, l=5)
    x, y_before = draw(rng, 3), draw(rng, 5)
    column = np.tanh(layer.W_x.T @ x[:, None] + layer.W_y.T @ y_before[:, None] + layer.b[:, None])
    assert column.shape == (5, 1)
    step = layer.step(x[None, :], LayerStep(y=y_before[None, :]))
    np.testing.assert_allclose(step.y.T, column, rtol=1e-14)


def test_a_batch_computes_each_instance_by_itself(rng):
    """Y(t) = φ(X(t) W_x + Y(t−1) W_y + b), of shape (m, l)."""
    layer = random_layer(rng, k=3, l=5)
    X, Y_before = draw(rng, 4, 3), draw(rng, 4, 5)
    step = layer.step(X, LayerStep(y=Y_before))
    assert step.a.shape == step.y.shape == (4, 5)
    for i in range(4):
        alone = layer.step(X[i], LayerStep(y=Y_before[i]))
        np.testing.assert_allclose(step.a[i], alone.a, rtol=1e-13)
        np.testing.assert_allclose(step.y[i], alone.y, rtol=1e-13)


@given(SEEDS, st.integers(1, 4), SIZES, SIZES)
def test_stacked_weights_equal_separate_ones(seed, m, k, l):  # noqa: E741
    """[X(t) Y(t−1)] W + b with W = [W_x; W_y]: the input first."""
    rng = np.random.default_rng(seed)
    layer = random_layer(rng, k, l)
    X, Y_before = draw(rng, m, k), draw(rng, m, l)
    stacked = np.hstack([X, Y_before]) @ np.vstack([layer.W_x, layer.W_y]) + layer.b
    np.testing.assert_allclose(layer.step(X, LayerStep(y=Y_before)).a, stacked, atol=1e-13)


# Elman and Jordan networks


@pytest.mark.parametrize("g_o", ACTIVATIONS)
@pytest.mark.parametrize("g_h", ACTIVATIONS)
@pytest.mark.parametrize("network", [random_elman, random_jordan])
def test_a_step_agrees_with_plain_python(rng, network, g_h, g_o):
    cell = network(rng, k=2, n=4, o=3, g_h=g_h, g_o=g_o)
    x, state = draw(rng, 2), draw(rng, *cell.state_sizes)
    step = cell.step(x, before_of(cell, state))
    for name, (row,) in plainly(cell, [x], initial=state).items():
        np.testing.assert_allclose(getattr(step, name), row, rtol=1e-13, atol=1e-15)


@given(SEEDS, SIZES, SIZES)
def test_a_jordan_network_that_reads_out_its_hidden_layer_is_an_elman_network(seed, k, n):
    rng = np.random.default_rng(seed)
    weights = draw(rng, k, n), draw(rng, n, n), np.eye(n), draw(rng, n), np.zeros(n)
    x, h = draw(rng, k), draw(rng, n)
    elman = Elman(*weights).step(x, ElmanStep(h=h))
    jordan = Jordan(*weights).step(x, JordanStep(y=h))
    for mine, theirs in zip(elman, jordan, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-14)


def test_what_a_step_needs_and_nothing_else(rng):
    """An Elman network reads h alone of the step before, a Jordan network y alone."""
    x = draw(rng, 2)
    for cell, name in [(random_elman(rng), "h"), (random_jordan(rng), "y")]:
        before = cell.step(draw(rng, 2), before_of(cell, draw(rng, *cell.state_sizes)))
        only = cell.Step(**{name: getattr(before, name)})
        for mine, theirs in zip(cell.step(x, before), cell.step(x, only), strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("network", RANDOM)
@given(seed=SEEDS, k=SIZES)
def test_a_batch_of_one_equals_the_single_instance(network, seed, k):
    rng = np.random.default_rng(seed)
    cell = network(rng, k)
    x, state = draw(rng, k), draw(rng, *cell.state_sizes)
    single = cell.step(x, before_of(cell, state))
    batch = cell.step(x[None], before_of(cell, state[None]))
    for mine, theirs in zip(single, batch, strict=True):
        np.testing.assert_allclose(mine[None], theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("network", RANDOM)
def test_the_axes_in_front_are_free(network, rng):
    cell = network(rng, k=3)
    x, state = draw(rng, 2, 5, 3), draw(rng, 2, 5, *cell.state_sizes)
    block = cell.step(x, before_of(cell, state))
    for i, j in np.ndindex(2, 5):
        for whole, alone in zip(
            block, cell.step(x[i, j], before_of(cell, state[i, j])), strict=True
        ):
            np.testing.assert_allclose(whole[i, j], alone, rtol=1e-12)


@pytest.mark.parametrize("network", RANDOM)
def test_one_state_serves_a_whole_batch(network, rng):
    cell = network(rng)
    x, state = draw(rng, 5, 2), draw(rng, *cell.state_sizes)
    shared = cell.step(x, before_of(cell, state))
    repeated = cell.step(x, before_of(cell, np.tile(state, (5, 1))))
    for mine, theirs in zip(shared, repeated, strict=True):
        np.testing.assert_array_equal(mine, theirs)


# A cell is its weights


def test_a_cell_knows_its_sizes(rng):
    elman, jordan, layer = (network(rng) for network in RANDOM)
    assert (elman.n_inputs, elman.n_outputs, elman.state, elman.state_sizes) == (2, 3, ("h",), (4,))
    assert (jordan.n_inputs, jordan.n_outputs) == (2, 3)
    assert (jordan.state, jordan.state_sizes) == (("y",), (3,))
    assert (layer.n_inputs, layer.state, layer.state_sizes) == (2, ("y",), (4,))


def test_the_customary_activations():
    assert [f.default for f in dataclasses.fields(Elman)][-2:] == ["tanh", "identity"]
    assert [f.default for f in dataclasses.fields(Jordan)][-2:] == ["tanh", "identity"]
    assert dataclasses.fields(Layer)[-1].default == "tanh"


def test_a_cell_owns_its_weights():
    """What the caller does with the arrays afterwards is no business of the cell."""
    W_x, W_y, b = np.ones((2, 1)), np.ones((1, 1)), np.ones(1)
    layer = Layer(W_x, W_y, b)
    for mine, given_array in [(layer.W_x, W_x), (layer.W_y, W_y), (layer.b, b)]:
        assert not np.shares_memory(mine, given_array)
        np.testing.assert_array_equal(given_array, np.ones_like(given_array))


def test_the_fields_are_fixed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        notes_elman().W_x = np.zeros((2, 3))


def test_a_cell_is_equal_to_itself_alone():
    """Comparing arrays has no yes or no; so a cell is compared, and hashed, as an object."""
    cell = notes_elman()
    same = cell
    assert cell == same
    assert cell != notes_elman()
    assert len({cell, cell, notes_elman()}) == 2


def test_one_weight_replaced():
    changed = dataclasses.replace(notes_elman(), b_o=[0, 0], g_o="identity")
    assert isinstance(changed, Elman)
    np.testing.assert_array_equal(changed.step([-1, 1], ElmanStep(h=[0, 0, 0])).y, [0, 5])
    with pytest.raises(ValueError, match=r"^b_o has shape \(3,\), expected \(2,\)$"):
        dataclasses.replace(notes_elman(), b_o=[0, 0, 0])


def test_a_cell_says_what_it_is():
    text = repr(exercise_3_jordan())
    assert text.startswith("Jordan(W_x=array([[-1., -3.,  0.],")
    assert text.endswith("g_h='relu', g_o='relu')")


@pytest.mark.parametrize("network", RANDOM)
def test_a_cell_can_be_copied_and_stored(network, rng):
    cell = network(rng)
    for twin in (copy.copy(cell), copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))):
        assert type(twin) is type(cell)
        for field in dataclasses.fields(cell):
            mine, theirs = getattr(cell, field.name), getattr(twin, field.name)
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("network", RANDOM)
def test_float32_stays_float32(network, rng):
    cell = network(rng)
    single = dataclasses.replace(
        cell, **{name: v.astype(np.float32) for name, v in vars(cell).items() if name[0] in "Wb"}
    )
    before = before_of(single, np.zeros(single.state_sizes, np.float32))
    for quantity in single.step(np.ones(2, np.float32), before):
        assert quantity.dtype == np.float32


def test_integers_become_float64():
    cell = notes_elman()
    assert {v.dtype for v in vars(cell).values() if isinstance(v, np.ndarray)} == {np.dtype(float)}


# Errors: the argument, what it has, what was expected


def weights_of(kind):
    """k = 2, n = 4, o = 3; zeros will do."""
    if kind is Layer:
        return {"W_x": np.zeros((2, 4)), "W_y": np.zeros((4, 4)), "b": np.zeros(4)}
    fed_back = 4 if kind is Elman else 3
    return {
        "W_x": np.zeros((2, 4)),
        "W_h": np.zeros((fed_back, 4)),
        "W_o": np.zeros((4, 3)),
        "b_h": np.zeros(4),
        "b_o": np.zeros(3),
    }


@pytest.mark.parametrize(
    ("kind", "name", "shape", "expected"),
    [
        (Layer, "W_x", (4,), "(k, l)"),
        (Layer, "W_x", (2, 0), "(k, l)"),
        (Layer, "W_x", (0, 4), "(k, l)"),
        (Layer, "W_y", (4, 2), "(4, 4)"),
        (Layer, "W_y", (4,), "(4, 4)"),
        (Layer, "b", (1, 4), "(4,)"),
        (Layer, "b", (), "(4,)"),
        (Elman, "W_x", (1, 2, 4), "(k, n)"),
        (Elman, "W_h", (3, 4), "(4, 4)"),
        (Elman, "W_h", (4, 3), "(4, 4)"),
        (Elman, "W_o", (3, 4), "(4, o)"),
        (Elman, "W_o", (4, 0), "(4, o)"),
        (Elman, "b_h", (3,), "(4,)"),
        (Elman, "b_o", (4,), "(3,)"),
        (Elman, "b_o", (0,), "(3,)"),
        (Jordan, "W_h", (4, 4), "(3, 4)"),
        (Jordan, "W_h", (4, 3), "(3, 4)"),
        (Jordan, "b_h", (1, 4), "(4,)"),
    ],
)
def test_weights_of_a_wrong_shape(kind, name, shape, expected):
    kind(**weights_of(kind))
    with pytest.raises(ValueError) as error:
        kind(**{**weights_of(kind), name: np.zeros(shape)})
    assert str(error.value) == f"{name} has shape {shape}, expected {expected}"


@pytest.mark.parametrize("kind", [Layer, Elman, Jordan])
def test_weights_that_are_no_array_of_numbers(kind):
    for name, right in weights_of(kind).items():
        not_finite = right.copy()
        not_finite.flat[-1] = np.nan
        last = tuple(length - 1 for length in right.shape)
        for wrong, error_kind, message in [
            (not_finite, ValueError, f"{name} holds nan at index {last}"),
            (right.astype(str), TypeError, f"{name} holds entries of type str"),
            ([[1, 2], [3]], ValueError, f"{name} is ragged: {name}[0] has shape (2,)"),
            (None, TypeError, f"{name} is None; numbers were expected"),
        ]:
            with pytest.raises(error_kind) as error:
                kind(**{**weights_of(kind), name: wrong})
            assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Layer, "phi"), (Elman, "g_h"), (Elman, "g_o"), (Jordan, "g_h"), (Jordan, "g_o")],
)
def test_a_cell_with_an_unknown_activation(kind, name):
    with pytest.raises(ValueError) as error:
        kind(**weights_of(kind), **{name: "ReLU"})
    assert str(error.value) == (
        f"{name}: unknown activation 'ReLU', "
        "expected one of: sigmoid, tanh, relu, identity, softmax"
    )


BEFORE = ElmanStep(h=[0, 0, 0])


@pytest.mark.parametrize(
    ("x", "before", "kind", "message"),
    [
        (
            [1, 2, 3],
            BEFORE,
            ValueError,
            "x has shape (3,), expected (..., 2): the network has as many inputs",
        ),
        (
            1,
            BEFORE,
            ValueError,
            "x has shape (), expected (..., 2): the network has as many inputs",
        ),
        (
            [1, np.inf],
            BEFORE,
            ValueError,
            "x holds inf at index (1,); finite numbers were expected",
        ),
        (["1", "2"], BEFORE, TypeError, "x holds entries of type str; numbers were expected"),
        (
            [1, 2],
            ElmanStep(h=[0, 0]),
            ValueError,
            "before.h has shape (2,), expected (3,): "
            "the input fixes the leading axes, the weights the last",
        ),
        (
            [1, 2],
            ElmanStep(h=np.zeros((5, 3))),
            ValueError,
            "before.h has shape (5, 3), expected (3,): "
            "the input fixes the leading axes, the weights the last",
        ),
        (
            [[1, 2], [3, 4]],
            ElmanStep(h=np.zeros((5, 3))),
            ValueError,
            "before.h has shape (5, 3), expected (2, 3): "
            "the input fixes the leading axes, the weights the last",
        ),
        (
            [1, 2],
            ElmanStep(h=[0, np.nan, 0]),
            ValueError,
            "before.h holds nan at index (1,); finite numbers were expected",
        ),
        (
            [1, 2],
            ElmanStep(y=[0, 0]),
            ValueError,
            "before has no h, and Elman feeds back h: give ElmanStep(h=...) of shape (..., 3), "
            "by name (what it holds is y)",
        ),
        (
            [1, 2],
            JordanStep(h=[0, 0, 0]),
            TypeError,
            "before is of type JordanStep, Elman expected its own record: give ElmanStep(h=...)",
        ),
        (
            [1, 2],
            [0, 0, 0],
            TypeError,
            "before is of type list, Elman expected its own record: give ElmanStep(h=...)",
        ),
        (
            [1, 2],
            None,
            TypeError,
            "before is of type NoneType, Elman expected its own record: give ElmanStep(h=...)",
        ),
    ],
)
def test_a_step_with_wrong_arguments(x, before, kind, message):
    with pytest.raises(kind) as error:
        notes_elman().step(x, before)
    assert str(error.value) == message
