"""The losses: numbers by hand, gradients by the complex step, and what comes in wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import draw
from strategies import SEEDS

from rnnlib.losses import sigmoid_cross_entropy, softmax_cross_entropy, squared_error

TINY = 1e-30
T, M, O = 3, 4, 5  # noqa: E741


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


def test_the_last_step_in_numbers():
    """Errors of 1 and 3 in a batch of two; the steps before do not matter."""
    y = [[[7.0], [8.0]], [[1.0], [2.0]]]
    loss = squared_error(y, [[0], [5]], steps="last")
    assert loss.value == (1 + 9) / 2
    np.testing.assert_array_equal(loss.gradient, [[[0], [0]], [[1], [-3]]])


def test_a_mask_in_numbers():
    """The second sequence has no step that counts, and yet it is one of the two of the mean."""
    y = [[[7.0], [8.0]], [[1.0], [2.0]], [[3.0], [4.0]]]
    mask = [[False, False], [True, False], [True, False]]
    loss = squared_error(y, np.zeros((3, 2, 1)), mask=mask)
    assert loss.value == (1 + 9) / 2
    np.testing.assert_array_equal(loss.gradient, [[[0], [0]], [[1], [0]], [[3], [0]]])


def test_the_mean_is_over_all_axes_between_time_and_the_last(rng):
    y, target = draw(rng, T, 2, M, O), draw(rng, T, 2, M, O)
    block, flat = squared_error(y, target), squared_error(*np.reshape([y, target], (2, T, -1, O)))
    assert block.value == pytest.approx(flat.value, rel=1e-14)
    np.testing.assert_array_equal(block.gradient.ravel(), flat.gradient.ravel())


def test_softmax_cross_entropy_in_numbers():
    a = np.log([[1.0, 2.0, 5.0], [1.0, 1.0, 2.0]])
    loss = softmax_cross_entropy(a, [2, 0])
    assert loss.value == pytest.approx(-math.log(5 / 8) - math.log(1 / 4), rel=1e-14)
    expected = [[1 / 8, 2 / 8, 5 / 8 - 1], [1 / 4 - 1, 1 / 4, 2 / 4]]
    np.testing.assert_allclose(loss.gradient, expected, rtol=1e-14)


def test_shares_that_do_not_sum_to_one():
    """Σ_j p̄_j = 3/4: a weight of the step, and in the gradient one of the softmax."""
    loss = softmax_cross_entropy(np.log([[1.0, 3.0]]), [[0.25, 0.5]])
    assert loss.value == pytest.approx(-math.log(1 / 4) / 4 - math.log(3 / 4) / 2, rel=1e-14)
    np.testing.assert_allclose(loss.gradient, [[3 / 16 - 1 / 4, 9 / 16 - 1 / 2]], rtol=1e-14)


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
    integers = softmax_cross_entropy(a, np.eye(O, dtype=int)[classes])
    assert integers.value == spelt.value


def test_classes_of_the_last_step(rng):
    a, classes = draw(rng, T, M, O), rng.integers(0, O, M)
    last = softmax_cross_entropy(a, classes, steps="last")
    assert last.value == softmax_cross_entropy(a[-1:], classes[None]).value
    single = softmax_cross_entropy(a[:, 0], int(classes[0]), steps="last")
    assert single.value == softmax_cross_entropy(a[-1:, 0], classes[:1]).value


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


@pytest.mark.parametrize("loss", LOSSES[1:], ids=lambda loss: loss.__name__)
def test_gradients_where_entries_are_equal_or_zero(loss):
    """There the stable formulas pass from one case to the other."""
    for a in (np.zeros((1, 3)), np.array([[-2.0, 1.5, 1.5]])):
        gradient = loss(a, [[1, 0, 0]]).gradient
        for j in range(3):
            moved = loss(a + TINY * 1j * np.eye(3)[j], [[1, 0, 0]])
            assert gradient[0, j] == pytest.approx(moved.value.imag / TINY, rel=1e-12)


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


@pytest.mark.filterwarnings("error")
@each_loss
def test_both_ends_stay_finite(loss, rng):
    for a in (draw(rng, T, M, O) * 1000, draw(rng, T, M, O) * 1000 + TINY * 1j):
        value, gradient = loss(a, targets(loss, rng, T, M, O))
        assert np.isfinite(value) and np.isfinite(gradient).all()


def test_the_sigmoid_keeps_the_digits_of_a_small_loss():
    for a, target in ((40.0, 1), (-40.0, 0)):
        value = sigmoid_cross_entropy([[a]], [[target]]).value
        assert value == pytest.approx(math.exp(-40), rel=1e-12, abs=0)


@each_loss
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_type_follows_the_outputs(loss, dtype, rng):
    outputs, target = draw(rng, T, M, O).astype(dtype), targets(loss, rng, T, M, O)
    for mask in (None, np.ones((T, M))):
        result = loss(outputs, target, mask=mask)
        assert result.value.dtype == result.gradient.dtype == dtype
    last = loss(outputs[:, 0], target[0, 0].astype(np.float64), steps="last")
    assert last.value.dtype == last.gradient.dtype == dtype
    # nor does a float32 target make less of float64
    assert loss(outputs, target.astype(np.float32)).gradient.dtype == dtype


def test_classes_leave_float32_alone(rng):
    a = draw(rng, T, M, O).astype(np.float32)
    result = softmax_cross_entropy(a, rng.integers(0, O, (T, M)))
    assert result.value.dtype == result.gradient.dtype == np.float32


@each_loss
def test_integers_become_float64(loss):
    result = loss([[1, 2]], [[0, 1]])
    assert result.value.dtype == result.gradient.dtype == np.float64


@each_loss
@pytest.mark.parametrize("steps", ["all", "last"])
def test_what_the_caller_gave_is_neither_changed_nor_handed_back(loss, steps, rng):
    outputs, target = draw(rng, T, M, O), targets(loss, rng, T, M, O)
    mask = rng.integers(0, 3, (T, M)).astype(float)
    options = {"mask": mask} if steps == "all" else {"steps": "last"}
    mine = outputs, target if steps == "all" else target[-1], mask
    before = [each.copy() for each in mine]
    first, again = loss(*mine[:2], **options), loss(*mine[:2], **options)
    for now, then in zip(mine, before, strict=True):
        np.testing.assert_array_equal(now, then)
        assert not np.shares_memory(first.gradient, now)
    assert first.value == again.value
    np.testing.assert_array_equal(first.gradient, again.gradient)


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


@each_loss
def test_an_error_names_the_first_argument(loss):
    name = "y" if loss is squared_error else "a"
    with pytest.raises(ValueError, match=rf"^{name} holds nan at index \(0, 0\)"):
        loss([[np.nan]], [[0]])
    with pytest.raises(ValueError, match=rf"^{name} has shape \(1,\), expected \(T, ..., o\)"):
        loss([0], [0])


@each_loss
@pytest.mark.parametrize(
    ("target", "mask", "message"),
    [
        ([["a", "b"]], None, "target holds entries of type str; numbers were expected"),
        ([[1j, 0]], None, "target holds complex numbers; real ones were expected"),
        ([[1, 0]], [1j], "mask holds complex numbers; real ones were expected"),
    ],
)
def test_what_is_no_real_number(loss, target, mask, message):
    with pytest.raises(TypeError, match=message):
        loss([[1.0, 2.0]], target, mask=mask)


@each_loss
def test_a_ragged_target(loss):
    with pytest.raises(ValueError, match="target is ragged"):
        loss(np.zeros((2, 2)), [[1, 2], [3]])


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


@pytest.mark.parametrize(
    ("classes", "steps", "has", "probabilities", "named"),
    [
        (np.ones((T, M)), "all", "(3, 4)", "(3, 4, 5)", "(3, 4)"),  # not integers
        (np.ones((M, T), int), "all", "(4, 3)", "(3, 4, 5)", "(3, 4)"),
        (np.ones((T, M), int), "last", "(3, 4)", "(4, 5)", "(4,)"),
    ],
)
def test_classes_that_do_not_fit(classes, steps, has, probabilities, named):
    with pytest.raises(ValueError) as error:
        softmax_cross_entropy(Y, classes, steps=steps)
    assert str(error.value) == (
        f"target has shape {has}, expected {probabilities} of probabilities, "
        f"or {named} of classes, which are integers"
    )


def test_classes_without_known_steps():
    with pytest.raises(ValueError, match="steps is 'first'"):
        softmax_cross_entropy(Y, np.full((T, M), 3), steps="first")
