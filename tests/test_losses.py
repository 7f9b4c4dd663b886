"""The losses: numbers by hand, gradients by the complex step, and what comes in wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import draw

from rnnlib.losses import sigmoid_cross_entropy, softmax_cross_entropy, squared_error

TINY = 1e-30
T, M, O = 3, 4, 5  # noqa: E741
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def probabilities(rng, *shape):
    numbers = rng.uniform(0.1, 1, shape)
    return numbers / numbers.sum(axis=-1, keepdims=True)


def targets(loss, rng, *shape):
    return {
        squared_error: draw,
        softmax_cross_entropy: probabilities,
        sigmoid_cross_entropy: lambda rng, *shape: rng.uniform(0, 1, shape),
    }[loss](rng, *shape)


LOSSES = [squared_error, softmax_cross_entropy, sigmoid_cross_entropy]
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)


# Values


def test_squared_error_in_numbers():
    loss = squared_error([[1.0, 2.0], [3.0, 4.0]], [[0, 2], [3, 1]])
    assert loss.value == 1 + 9
    np.testing.assert_array_equal(loss.gradient, [[2, 0], [0, 6]])


def test_it_sums_over_time_and_takes_the_mean_over_the_batch():
    y = np.ones((3, 2, 1))
    loss = squared_error(y, np.zeros((3, 2, 1)))
    assert loss.value == 3
    np.testing.assert_array_equal(loss.gradient, np.full((3, 2, 1), 2 / 2))


def test_softmax_cross_entropy_in_numbers():
    a = np.log([[1.0, 2.0, 5.0], [1.0, 1.0, 2.0]])
    loss = softmax_cross_entropy(a, [2, 0])
    assert loss.value == pytest.approx(-math.log(5 / 8) - math.log(1 / 4), rel=1e-14)
    expected = [[1 / 8, 2 / 8, 5 / 8 - 1], [1 / 4 - 1, 1 / 4, 2 / 4]]
    np.testing.assert_allclose(loss.gradient, expected, rtol=1e-14)


def test_sigmoid_cross_entropy_in_numbers():
    a = np.log([[3.0, 1.0]])  # sigmoid of it: 3/4 and 1/2
    loss = sigmoid_cross_entropy(a, [[1, 0]])
    assert loss.value == pytest.approx(-math.log(3 / 4) - math.log(1 / 2), rel=1e-14)
    np.testing.assert_allclose(loss.gradient, [[3 / 4 - 1, 1 / 2]], rtol=1e-14)


def test_classes_are_probabilities_with_a_single_one(rng):
    a, classes = draw(rng, T, M, O), rng.integers(0, O, (T, M))
    named = softmax_cross_entropy(a, classes)
    spelt = softmax_cross_entropy(a, np.eye(O)[classes])
    assert named.value == spelt.value
    np.testing.assert_array_equal(named.gradient, spelt.gradient)


# Gradients


@each_loss
@pytest.mark.parametrize("way", ["all", "last", "mask"])
def test_gradients_by_the_complex_step(loss, way, rng):
    outputs = 3 * draw(rng, T, M, O)
    target = targets(loss, rng, *([M, O] if way == "last" else [T, M, O]))
    options = {"steps": "last"} if way == "last" else {}
    if way == "mask":
        options["mask"] = rng.integers(0, 3, (T, M))
    gradient = loss(outputs, target, **options).gradient
    for index in np.ndindex(outputs.shape):
        moved = outputs.astype(complex)
        moved[index] += TINY * 1j
        expected = loss(moved, target, **options).value.imag / TINY
        assert gradient[index] == pytest.approx(expected, rel=1e-12, abs=1e-14)


# Laws


@each_loss
def test_a_batch_of_one_is_the_single_sequence(loss, rng):
    outputs, target = draw(rng, T, O), targets(loss, rng, T, O)
    single, batch = loss(outputs, target), loss(outputs[:, None], target[:, None])
    assert single.value == batch.value
    np.testing.assert_array_equal(single.gradient[:, None], batch.gradient)


@each_loss
@given(seed=SEEDS)
def test_the_sum_of_the_steps_is_the_whole(loss, seed):
    rng = np.random.default_rng(seed)
    outputs, target = draw(rng, T, M, O), targets(loss, rng, T, M, O)
    parts = [loss(outputs[[t]], target[[t]]) for t in range(T)]
    whole = loss(outputs, target)
    assert whole.value == pytest.approx(sum(part.value for part in parts), rel=1e-12)
    np.testing.assert_allclose(whole.gradient, np.concatenate([p.gradient for p in parts]))


@each_loss
def test_permuting_the_batch_changes_nothing_but_the_order(loss, rng):
    outputs, target, order = draw(rng, T, M, O), targets(loss, rng, T, M, O), [2, 0, 3, 1]
    straight, permuted = loss(outputs, target), loss(outputs[:, order], target[:, order])
    assert straight.value == pytest.approx(permuted.value, rel=1e-14)
    np.testing.assert_array_equal(straight.gradient[:, order], permuted.gradient)


@each_loss
def test_the_last_step_alone_is_a_mask_with_the_last_step(loss, rng):
    outputs, target, mask = draw(rng, T, M, O), targets(loss, rng, T, M, O), np.zeros((T, M))
    mask[-1] = 1
    last, masked = loss(outputs, target[-1], steps="last"), loss(outputs, target, mask=mask)
    assert last.value == pytest.approx(masked.value, rel=1e-14)
    np.testing.assert_allclose(last.gradient, masked.gradient, rtol=1e-14)


@each_loss
def test_a_mask_of_ones_is_no_mask_and_of_twos_twice_the_loss(loss, rng):
    outputs, target = draw(rng, T, M, O), targets(loss, rng, T, M, O)
    plain = loss(outputs, target)
    assert loss(outputs, target, mask=np.ones((T, M), bool)).value == plain.value
    double = loss(outputs, target, mask=np.full((T, M), 2))
    assert double.value == pytest.approx(2 * plain.value, rel=1e-14)
    np.testing.assert_allclose(double.gradient, 2 * plain.gradient, rtol=1e-14)


@given(seed=SEEDS, shift=st.floats(-100, 100))
def test_a_shift_of_all_pre_activations_does_not_change_softmax(seed, shift):
    rng = np.random.default_rng(seed)
    a, target = draw(rng, T, M, O), rng.integers(0, O, (T, M))
    plain, shifted = softmax_cross_entropy(a, target), softmax_cross_entropy(a + shift, target)
    assert shifted.value == pytest.approx(plain.value, rel=1e-11)
    np.testing.assert_allclose(shifted.gradient, plain.gradient, atol=1e-12)


def test_two_classes_by_softmax_are_one_by_sigmoid(rng):
    a, target = draw(rng, T, M, 1), rng.integers(0, 2, (T, M))
    two = softmax_cross_entropy(np.concatenate([np.zeros_like(a), a], axis=-1), target)
    one = sigmoid_cross_entropy(a, target[..., None])
    assert two.value == pytest.approx(one.value, rel=1e-13)


# Extremes and types


@pytest.mark.filterwarnings("error")
def test_nothing_overflows():
    for loss in (softmax_cross_entropy, sigmoid_cross_entropy):
        right = loss([[1000.0, -1000.0]], [[1.0, 0.0]])
        wrong = loss([[1000.0, -1000.0]], [[0.0, 1.0]])
        assert right.value == 0
        assert wrong.value == 2000
        assert np.isfinite(wrong.gradient).all()


@each_loss
def test_float32_stays_float32(loss, rng):
    outputs, target = draw(rng, T, M, O).astype(np.float32), targets(loss, rng, T, M, O)
    for mask in (None, np.ones((T, M))):
        result = loss(outputs, target, mask=mask)
        assert result.value.dtype == result.gradient.dtype == np.float32


@each_loss
def test_what_the_caller_gave_is_not_changed(loss, rng):
    given_ = draw(rng, T, M, O), targets(loss, rng, T, M, O)
    before = [each.copy() for each in given_]
    loss(*given_)
    for mine, theirs in zip(given_, before, strict=True):
        np.testing.assert_array_equal(mine, theirs)


# Bad input

Y = np.zeros((T, M, O))


@each_loss
@pytest.mark.parametrize(
    ("outputs", "target", "options", "message"),
    [
        (Y[0, 0], Y[0, 0], {}, r"has shape \(5,\), expected \(T, ..., o\): time comes first"),
        (Y[:0], Y[:0], {}, r"has shape \(0, 4, 5\), expected \(T, ..., o\)"),
        (Y, Y[1:], {}, r"target has shape \(2, 4, 5\), expected \(3, 4, 5\)"),
        (Y, Y[0], {}, r"target has shape \(4, 5\), expected \(3, 4, 5\)"),
        (Y, Y, {"steps": "last"}, r"target has shape \(3, 4, 5\), expected \(4, 5\)"),
        (Y, Y, {"steps": "first"}, 'steps is \'first\', expected "all" or "last"'),
        (Y + np.nan, Y, {}, "holds nan"),
        (Y, Y + np.inf, {}, "target holds inf"),
        (Y, Y, {"mask": np.ones((M, T))}, r"mask has shape \(4, 3\), expected \(3, 4\)"),
        (Y, Y, {"mask": np.zeros((T, M))}, "a loss over no step"),
        (Y, Y, {"mask": -np.ones((T, M))}, "mask holds -1.0"),
        (Y, Y[0], {"mask": np.ones((T, M)), "steps": "last"}, 'mask was given with steps="last"'),
    ],
)
def test_what_does_not_fit(loss, outputs, target, options, message):
    with pytest.raises(ValueError, match=message):
        loss(outputs, target, **options)


@pytest.mark.parametrize("loss", [softmax_cross_entropy, sigmoid_cross_entropy])
def test_what_is_no_probability(loss):
    with pytest.raises(ValueError, match=r"target holds 1\.5; probabilities, 0 to 1"):
        loss(Y, Y + 1.5)
    with pytest.raises(ValueError, match=r"target holds -0\.5"):
        loss(Y, Y - 0.5)


@pytest.mark.parametrize("wrong", [-1, 5])
def test_a_class_that_does_not_exist(wrong):
    with pytest.raises(ValueError, match=f"the class {wrong}; with 5 outputs 0 to 4 exist"):
        softmax_cross_entropy(Y, np.full((T, M), wrong))
    with pytest.raises(ValueError, match=f"the class {wrong}"):
        softmax_cross_entropy(Y, np.full(M, wrong), steps="last")
