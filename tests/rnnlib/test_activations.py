"""Activations and their derivatives."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import PLAIN

from rnnlib import ACTIVATIONS, Activation, activation

ENTRYWISE = ["sigmoid", "tanh", "relu", "identity"]
ANALYTIC = ["sigmoid", "tanh", "identity"]
POINTS = np.array([-30.0, -4.0, -1.3, -0.2, 0.0, 0.1, 0.7, 2.5, 19.0])
TINY = 1e-30


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def test_there_are_these_five():
    assert list(ACTIVATIONS) == ["sigmoid", "tanh", "relu", "identity", "softmax"]
    for name, each in ACTIVATIONS.items():
        assert isinstance(each, Activation)
        assert each.name == name
        assert activation(name) is each


# Values


def test_values_that_can_be_told_by_heart():
    np.testing.assert_array_equal(activation("sigmoid")([0]), [0.5])
    np.testing.assert_allclose(activation("sigmoid")(math.log(3)), 0.75, rtol=1e-15)
    np.testing.assert_array_equal(activation("tanh")([0]), [0])
    np.testing.assert_allclose(activation("tanh")(math.log(2)), 0.6, rtol=1e-15)
    np.testing.assert_array_equal(activation("relu")([-2, 0, 3]), [0, 0, 3])
    np.testing.assert_array_equal(activation("identity")([-2, 0, 3]), [-2, 0, 3])
    np.testing.assert_allclose(activation("softmax")(np.log([1, 2, 5])), [1 / 8, 2 / 8, 5 / 8])


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(row=st.lists(st.floats(-30, 30), min_size=1, max_size=5))
def test_values_agree_with_plain_python(name, row):
    np.testing.assert_allclose(activation(name)(row), PLAIN[name](row), rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("name", ENTRYWISE)
def test_shapes_are_kept_and_entries_do_not_mix(name):
    phi = activation(name)
    block = POINTS[:8].reshape(2, 1, 4)
    assert phi(block).shape == phi.derivative(block).shape == (2, 1, 4)
    for function in (phi, phi.derivative):
        singly = [float(function(p)) for p in POINTS[:8]]
        np.testing.assert_array_equal(function(block).ravel(), singly)
    assert phi([]).shape == phi.derivative([]).shape == (0,)


def test_softmax_works_along_the_last_axis(rng):
    a = rng.normal(size=(3, 2, 4))
    y = activation("softmax")(a)
    np.testing.assert_allclose(y.sum(axis=-1), np.ones((3, 2)), rtol=1e-14)
    np.testing.assert_array_equal(y[2, 1], activation("softmax")(a[2, 1]))


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=5), st.floats(-1e3, 1e3))
def test_a_shift_does_not_change_softmax(row, shift):
    softmax = activation("softmax")
    np.testing.assert_allclose(softmax(np.add(row, shift)), softmax(row), rtol=1e-9, atol=1e-12)


@given(st.floats(-700, 700))
def test_what_sigmoid_and_tanh_have_to_do_with_each_other(a):
    sigmoid, tanh = activation("sigmoid"), activation("tanh")
    np.testing.assert_allclose(sigmoid(a) + sigmoid(-a), 1, rtol=1e-15)
    np.testing.assert_allclose(2 * sigmoid(2 * a) - 1, tanh(a), atol=1e-15)


# Derivatives


@pytest.mark.parametrize("name", ANALYTIC)
def test_derivatives_by_the_complex_step(name):
    phi = activation(name)
    by_complex_step = phi(POINTS + TINY * 1j).imag / TINY
    np.testing.assert_allclose(phi.derivative(POINTS), by_complex_step, rtol=1e-12, atol=1e-15)
    # where it is large enough to see
    assert np.max(np.abs(by_complex_step)) > 0.2


def test_the_derivative_of_relu_by_central_differences():
    relu, a, step = activation("relu"), POINTS[POINTS != 0], 1e-3
    differences = (relu(a + step) - relu(a - step)) / (2 * step)
    np.testing.assert_allclose(relu.derivative(a), differences, atol=1e-11)
    assert relu.derivative(0.0) == 0  # where there is none, 0 is the custom


def test_the_jacobian_of_softmax(rng):
    softmax, a = activation("softmax"), rng.normal(size=4)
    moved = [softmax(a + TINY * 1j * unit).imag / TINY for unit in np.eye(4)]  # one entry each
    np.testing.assert_allclose(softmax.derivative(a), np.stack(moved), atol=1e-12)


def test_the_jacobian_of_softmax_in_numbers():
    """diag(y) − y yᵀ at y = (1/8, 2/8, 5/8)."""
    jacobian = np.array([[7, -2, -5], [-2, 12, -10], [-5, -10, 15]]) / 64
    np.testing.assert_allclose(
        activation("softmax").derivative(np.log([1, 2, 5])), jacobian, atol=1e-16
    )


def test_the_jacobians_of_a_batch_are_those_of_its_rows(rng):
    a = rng.normal(size=(2, 3, 4))
    jacobians = activation("softmax").derivative(a)
    assert jacobians.shape == (2, 3, 4, 4)
    np.testing.assert_array_equal(jacobians[1, 2], activation("softmax").derivative(a[1, 2]))


def test_the_complex_step_goes_through_relu():
    shifted = activation("relu")([-1 + TINY * 1j, 2 + TINY * 1j, 0 + TINY * 1j])
    np.testing.assert_array_equal(shifted, [0, 2 + TINY * 1j, 0])


# Large numbers, small numbers, types


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nothing_overflows(name):
    for a in ([-1e4, 1e4, 0.0], [-1e4 + TINY * 1j, 1e4 + TINY * 1j, 0.0]):
        assert np.isfinite(activation(name)(a)).all()
        assert np.isfinite(activation(name).derivative(a)).all()


@pytest.mark.filterwarnings("error")
def test_the_limits():
    np.testing.assert_array_equal(activation("sigmoid")([-1e4, 1e4]), [0, 1])
    np.testing.assert_array_equal(activation("tanh")([-1e4, 1e4]), [-1, 1])
    np.testing.assert_array_equal(activation("softmax")([-1e4, 1e4]), [0, 1])
    np.testing.assert_array_equal(activation("softmax")([1e4, 1e4]), [0.5, 0.5])


def test_the_sigmoid_keeps_its_digits_where_it_is_small():
    sigmoid = activation("sigmoid")
    np.testing.assert_allclose(sigmoid(-100), math.exp(-100), rtol=1e-14)
    np.testing.assert_allclose(sigmoid.derivative([-100, 100]), math.exp(-100), rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_type_follows_the_input(name, dtype):
    a = np.array([-1, 0, 2], dtype)
    assert activation(name)(a).dtype == dtype
    assert activation(name).derivative(a).dtype == dtype


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_integers_and_truth_values_become_float64(name):
    for a in ([-1, 0, 2], [True, False]):
        assert activation(name)(a).dtype == np.float64


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_input_is_neither_changed_nor_handed_back(name):
    a = np.array([-1.0, 0.0, 2.0])
    y = activation(name)(a)
    activation(name).derivative(a)
    np.testing.assert_array_equal(a, [-1, 0, 2])
    assert not np.shares_memory(a, y)


def test_relu_does_not_hide_what_is_not_a_number():
    """Inside a network an overflow may come by, past the check of what comes in."""
    assert np.isnan(activation("relu").function(np.array([np.nan]))).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_can_be_copied_and_stored(name):
    phi = activation(name)
    for twin in (copy.deepcopy(phi), pickle.loads(pickle.dumps(phi))):
        np.testing.assert_array_equal(twin([1.0, -2.0]), phi([1.0, -2.0]))


# Errors


@pytest.mark.parametrize("name", ["Tanh", "", None, ["tanh"], np.tanh])
def test_an_unknown_activation(name):
    with pytest.raises(ValueError) as error:
        activation(name)
    assert str(error.value) == (
        f"unknown activation {name!r}, expected one of: sigmoid, tanh, relu, identity, softmax"
    )


@pytest.mark.parametrize(
    ("a", "kind", "message"),
    [
        ([1, np.nan], ValueError, "a holds nan at index (1,); finite numbers were expected"),
        (-np.inf, ValueError, "a holds -inf at index (); finite numbers were expected"),
        ("1", TypeError, "a holds entries of type str; numbers were expected"),
        (None, TypeError, "a is None; numbers were expected"),
        (
            [[1, 2], [3]],
            ValueError,
            "a is ragged: a[0] has shape (2,), but a[1] has shape (1,); "
            "all terms need the same shape",
        ),
    ],
)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_is_no_array_of_numbers(name, a, kind, message):
    for function in (activation(name), activation(name).derivative):
        with pytest.raises(kind) as error:
            function(a)
        assert str(error.value) == message


@pytest.mark.parametrize(("a", "shape"), [(3.0, "()"), ([], "(0,)"), ([[], []], "(2, 0)")])
def test_softmax_needs_entries_to_share_among(a, shape):
    for function in (activation("softmax"), activation("softmax").derivative):
        with pytest.raises(ValueError) as error:
            function(a)
        assert str(error.value).startswith(f"a has shape {shape}, expected (..., n)")
