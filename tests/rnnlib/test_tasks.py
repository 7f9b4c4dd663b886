"""The tasks: what is right can be read off the input, by a loop that shares nothing with them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from rnnlib.losses import softmax_cross_entropy, squared_error
from rnnlib.tasks import Adding, Echo, Latch, NextCharacter, Sine, TemporalOrder

TASKS = [
    Adding(20),
    Adding(20, shortest=5),
    TemporalOrder(30),
    Latch(10),
    Echo(12, delay=3),
    Sine(15),
    NextCharacter(25),
]
each_task = pytest.mark.parametrize("task", TASKS, ids=repr)


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


@each_task
def test_shapes(task, rng):
    batch = task.batch(rng, 7)
    assert batch.xs.shape == (task.T, 7, task.n_inputs)
    assert batch.xs.dtype == np.float64
    leading = (7,) if task.steps == "last" else (task.T, 7)
    if batch.target.dtype.kind == "i":
        assert batch.target.shape == leading
    else:
        assert batch.target.shape == (*leading, task.n_outputs)
    assert batch.mask is None or batch.mask.shape == (task.T, 7)
    assert batch.mask is None or batch.mask.dtype == bool
    assert batch.lengths is None or batch.lengths.shape == (7,)
    assert batch.lengths is None or batch.lengths.dtype.kind == "i"
    assert not np.shares_memory(batch.xs, batch.target)


@each_task
def test_the_loss_judges_it(task, rng):
    batch = task.batch(rng, 7)
    answers = np.zeros((task.T, 7, task.n_outputs))
    assert np.isfinite(task.loss(answers, batch.target, steps=task.steps, mask=batch.mask).value)


@each_task
def test_the_generator_decides(task):
    rng = np.random.default_rng(1)
    first, next_ = task.batch(rng, 5), task.batch(rng, 5)
    again = task.batch(np.random.default_rng(1), 5)
    other = task.batch(np.random.default_rng(2), 5)
    np.testing.assert_array_equal(first.xs, again.xs)
    np.testing.assert_array_equal(first.target, again.target)
    assert not np.array_equal(first.xs, other.xs)
    assert not np.array_equal(first.xs, next_.xs)
    # the sequences of a batch differ, too
    assert len(np.unique(first.xs, axis=1)[0]) > 1


@pytest.mark.parametrize("task", TASKS[:2], ids=repr)
def test_adding(task, rng):
    xs, target, mask, lengths = task.batch(rng, 200)
    assert mask is None
    for i in range(200):
        T = task.T if lengths is None else lengths[i]
        marked = [t for t in range(task.T) if xs[t, i, 1] == 1]
        assert len(marked) == 2 and set(xs[:, i, 1]) == {0, 1}
        assert 0 <= marked[0] < T // 2 <= marked[1] < T
        assert target[i, 0] == xs[marked[0], i, 0] + xs[marked[1], i, 0]
        assert not xs[T:, i].any()
    assert xs[..., 0].min() >= 0 and xs[..., 0].max() < 1
    assert xs[:5, :, 0].mean() == pytest.approx(0.5, abs=0.05)
    if lengths is not None:
        assert lengths.min() == task.shortest and lengths.max() == task.T


def test_temporal_order(rng):
    xs, classes, *_ = TemporalOrder(30).batch(rng, 300)
    np.testing.assert_array_equal(xs.sum(axis=-1), 1)
    for i in range(300):
        found = [(t, "XY"[xs[t, i].argmax()]) for t in range(30) if xs[t, i].argmax() < 2]
        (early, first), (late, second) = found
        assert 3 <= early < 6 and 15 <= late < 18
        assert ["XX", "XY", "YX", "YY"][classes[i]] == first + second
    assert set(classes) == {0, 1, 2, 3}
    assert set(xs.argmax(axis=-1).ravel()) == set(range(6))


def test_the_marks_are_found_everywhere_in_their_halves(rng):
    xs = Adding(6).batch(rng, 1000).xs
    np.testing.assert_allclose(xs[..., 1].mean(axis=1), np.full(6, 1 / 3), atol=0.06)


def test_the_latch(rng):
    xs, target, *_ = Latch(50, noise=0.2).batch(rng, 300)
    np.testing.assert_array_equal(target, xs[0])
    assert set(target[:, 0]) == {-1, 1}
    assert target.mean() == pytest.approx(0, abs=0.2)
    assert xs[1:].std() == pytest.approx(0.2, rel=0.05)
    assert xs[1:].mean() == pytest.approx(0, abs=0.01)
    assert not Latch(5, noise=0).batch(rng, 3).xs[1:].any()


@pytest.mark.parametrize("delay", [0, 3, 11])
def test_echo(delay, rng):
    xs, target, mask, _ = Echo(12, delay).batch(rng, 20)
    assert set(xs.ravel()) == {0, 1}
    for t in range(12):
        assert mask[t].all() == mask[t].any() == (t >= delay)
        if t >= delay:
            np.testing.assert_array_equal(target[t], xs[t - delay])


def test_the_next_term_of_a_sine(rng):
    xs, target, *_ = Sine(40).batch(rng, 20)
    np.testing.assert_array_equal(xs[1:], target[:-1])
    assert xs[0].min() < -0.5 and xs[0].max() > 0.5  # the phases differ
    for i in range(20):
        terms = [*xs[:, i, 0], target[-1, i, 0]]
        twice_cos = (terms[2] + terms[0]) / terms[1]
        for before, now, after in zip(terms, terms[1:], terms[2:], strict=False):
            assert after == pytest.approx(twice_cos * now - before, abs=1e-6)
        assert 10 <= 2 * np.pi / np.arccos(twice_cos / 2) <= 30


def test_the_next_character(rng):
    task = NextCharacter(25)
    xs, classes, *_ = task.batch(rng, 50)
    for i in range(50):
        read, right = task.decode(xs[:, i].argmax(axis=-1)), task.decode(classes[:, i])
        assert read[1:] == right[:-1]
        assert read + right[-1] in task.text
    assert "".join(sorted(set(task.text))) == task.alphabet
    assert 600 <= len(task.text) <= 1000


def test_pieces_are_cut_everywhere(rng):
    """Of five characters there are two pieces of 3 + 1."""
    xs, classes, *_ = (task := NextCharacter(3, text="abcde")).batch(rng, 50)
    assert {task.decode(xs[:, i].argmax(axis=-1)) for i in range(50)} == {"abc", "bcd"}
    assert {task.decode(classes[:, i]) for i in range(50)} == {"bcd", "cde"}


def test_a_text_there_and_back():
    task = NextCharacter(3, text="abcab")
    assert task.alphabet == "abc"
    np.testing.assert_array_equal(task.encode("ba"), [[0, 1, 0], [1, 0, 0]])
    assert task.decode(task.classes("cab")) == "cab"


# What is to be had without a memory


def test_always_answering_1_to_the_adding_problem_has_a_loss_of_a_sixth(rng):
    target = Adding(20).batch(rng, 100_000).target
    for answer, loss in ((1, 1 / 6), (0.9, 1 / 6 + 0.01), (1.1, 1 / 6 + 0.01)):
        y = np.full((1, 100_000, 1), answer)
        assert squared_error(y, target, steps="last").value == pytest.approx(loss, rel=0.02)


@pytest.mark.parametrize("task", [Adding(2), Adding(5), Adding(20), Adding(8, shortest=2)])
def test_the_baseline_of_adding_is_that_of_the_best_answer_to_the_last_step(task, rng):
    """Whose number is half of the sum if it is marked, and else says nothing."""
    batch = task.batch(rng, 100_000)
    last = np.full(100_000, task.T) if batch.lengths is None else batch.lengths
    number, marked = batch.xs[last - 1, np.arange(100_000)].T
    best = np.where(marked == 1, number + 1 / 2, 1)[None, :, None]
    found = squared_error(best, batch.target, steps="last").value
    assert found == pytest.approx(task.baseline, rel=0.02)


def test_the_baseline_of_temporal_order_is_that_of_guessing(rng):
    target = TemporalOrder(10).batch(rng, 1000).target
    guess = softmax_cross_entropy(np.zeros((1, 1000, 4)), target, steps="last")
    assert guess.value == pytest.approx(TemporalOrder(10).baseline, rel=1e-12)


def test_the_baseline_of_the_latch_and_of_echo(rng):
    latch, echo = Latch(5).batch(rng, 1000), Echo(12, 3).batch(rng, 1000)
    forgot = squared_error(np.zeros((1, 1000, 1)), latch.target, steps="last")
    assert forgot.value == Latch(5).baseline
    half = squared_error(np.full((12, 1000, 1), 0.5), echo.target, mask=echo.mask)
    assert half.value == pytest.approx(Echo(12, 3).baseline, rel=1e-12)


def test_an_echo_at_once_needs_no_memory(rng):
    task = Echo(12, delay=0)
    xs, target, mask, _ = task.batch(rng, 10)
    assert squared_error(xs, target, mask=mask).value == task.baseline == 0


def test_the_baseline_of_sine_is_that_of_the_best_answer_to_one_term(rng):
    task = Sine(20)
    xs, target, *_ = task.batch(rng, 100_000)
    best = (xs * target).mean() / (xs * xs).mean()
    for answer in (best * xs, best * xs + 0.1 * xs**3, best * xs + 0.1, best * xs - 0.1 * xs**2):
        loss = squared_error(answer, target).value
        assert loss > 0.99 * task.baseline
    assert squared_error(best * xs, target).value == pytest.approx(task.baseline, rel=0.02)


def test_the_baseline_of_characters_in_numbers():
    """The pieces are aab and abb: after a comes a once and b twice, after b always b."""
    task = NextCharacter(2, text="aabb")
    assert task.baseline == pytest.approx((np.log(3) + 2 * np.log(3 / 2)) / 2, rel=1e-12)


@pytest.mark.parametrize("T", [1, 40])
def test_the_baseline_of_characters_is_that_of_the_pairs_in_all_pieces(T):
    task = NextCharacter(T)
    pieces = [task.text[start : start + T + 1] for start in range(len(task.text) - T)]
    followers = {}
    for piece in pieces:
        for this, following in pairwise(piece):
            followers.setdefault(this, []).append(following)
    shares = {this: Counter(all_) for this, all_ in followers.items()}
    surprise = sum(
        -np.log(shares[this][following] / shares[this].total())
        for piece in pieces
        for this, following in pairwise(piece)
    )
    assert task.baseline == pytest.approx(surprise / len(pieces), rel=1e-12)


@each_task
def test_each_task_has_a_baseline(task):
    assert isinstance(task.baseline, float) and 0 < task.baseline < np.inf


# Bad input


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adding(1), "T is 1, expected a whole number, at least 2"),
        (lambda: Adding(2.5), "T is 2.5, expected a whole number"),
        (lambda: Adding(5, shortest=6), "shortest is 6, expected at most T = 5"),
        (lambda: TemporalOrder(9), "T is 9, expected a whole number, at least 10"),
        (lambda: Latch(5, noise=-1), "noise is -1, expected a number from 0 on"),
        (lambda: Latch(5, noise=float("nan")), "noise is nan"),
        (lambda: Latch(5, noise=float("inf")), "noise is inf"),
        (lambda: Latch(5, noise="0"), "noise is '0', expected a number from 0 on"),
        (lambda: Latch(1), "T is 1, expected a whole number, at least 2"),
        (lambda: Adding(5, shortest=1), "shortest is 1, expected a whole number, at least 2"),
        (lambda: Sine(True), "T is True, expected a whole number, at least 1"),
        (lambda: Echo(5, delay=-1), "delay is -1"),
        (lambda: Echo(5, delay=5), "T is 5, expected a whole number, at least 6"),
        (lambda: Sine(0), "T is 0"),
        (lambda: NextCharacter(5, text="short"), "text has 5 characters, expected at least T"),
        (lambda: NextCharacter(0), "T is 0"),
        (lambda: NextCharacter(5).encode("A"), "text holds 'A', expected characters of"),
        (lambda: NextCharacter(5).decode([-1]), "classes holds -1, expected whole numbers from 0"),
        (lambda: NextCharacter(1, text="ab").decode([2]), "classes holds 2, .* from 0 to 1"),
        (lambda: NextCharacter(5).decode([0.5]), "classes holds 0.5"),
    ],
)
def test_a_task_that_cannot_be(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_text_that_is_none():
    with pytest.raises(TypeError, match="text is of type int, expected str"):
        NextCharacter(5, text=7)


@each_task
def test_a_batch_that_cannot_be(task, rng):
    with pytest.raises(ValueError, match="m is 0, expected a whole number, at least 1"):
        task.batch(rng, 0)
    with pytest.raises(TypeError, match=r"rng is of type int, .* numpy.random.default_rng\(SEED\)"):
        task.batch(1, 5)
