"""The tasks: what is right can be read off the input, by a loop that shares nothing with them."""

from __future__ import annotations

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
    assert batch.lengths is None or batch.lengths.shape == (7,)


@each_task
def test_the_loss_judges_it(task, rng):
    batch = task.batch(rng, 7)
    answers = np.zeros((task.T, 7, task.n_outputs))
    assert np.isfinite(task.loss(answers, batch.target, steps=task.steps, mask=batch.mask).value)


@each_task
def test_the_generator_decides(task):
    first = task.batch(np.random.default_rng(1), 5)
    again = task.batch(np.random.default_rng(1), 5)
    other = task.batch(np.random.default_rng(2), 5)
    np.testing.assert_array_equal(first.xs, again.xs)
    np.testing.assert_array_equal(first.target, again.target)
    assert not np.array_equal(first.xs, other.xs)


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


def test_the_latch(rng):
    xs, target, *_ = Latch(50, noise=0.2).batch(rng, 300)
    np.testing.assert_array_equal(target, xs[0])
    assert set(target[:, 0]) == {-1, 1}
    assert xs[1:].std() == pytest.approx(0.2, rel=0.05)
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
    for i in range(20):
        terms = [*xs[:, i, 0], target[-1, i, 0]]
        twice_cos = (terms[2] + terms[0]) / terms[1]
        for before, now, after in zip(terms, terms[1:], terms[2:], strict=False):
            assert after == pytest.approx(twice_cos * now - before, abs=1e-6)


def test_the_next_character(rng):
    task = NextCharacter(25)
    xs, classes, *_ = task.batch(rng, 50)
    for i in range(50):
        read, right = task.decode(xs[:, i].argmax(axis=-1)), task.decode(classes[:, i])
        assert read[1:] == right[:-1]
        assert read + right[-1] in task.text
    assert "".join(sorted(set(task.text))) == task.alphabet


def test_a_text_there_and_back():
    task = NextCharacter(3, text="abcab")
    assert task.alphabet == "abc"
    np.testing.assert_array_equal(task.encode("ba"), [[0, 1, 0], [1, 0, 0]])
    assert task.decode(task.classes("cab")) == "cab"


# What is to be had without a memory


def test_the_baseline_of_adding_is_that_of_always_answering_1(rng):
    target = Adding(20).batch(rng, 100_000).target
    for answer, loss in ((1, 1 / 6), (0.9, 1 / 6 + 0.01), (1.1, 1 / 6 + 0.01)):
        y = np.full((1, 100_000, 1), answer)
        assert squared_error(y, target, steps="last").value == pytest.approx(loss, rel=0.02)
    assert Adding(20).baseline == 1 / 6


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


def test_the_baseline_of_characters_is_that_of_their_shares():
    task = NextCharacter(2, text="aab")
    p = {"a": 2 / 3, "b": 1 / 3}
    by_hand = -2 * sum(share * np.log(share) for share in p.values())
    assert task.baseline == pytest.approx(by_hand, rel=1e-12)


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
        (lambda: Echo(5, delay=-1), "delay is -1"),
        (lambda: Echo(5, delay=5), "T is 5, expected a whole number, at least 6"),
        (lambda: Sine(0), "T is 0"),
        (lambda: NextCharacter(5, text="short"), "text has 5 characters, expected at least T"),
        (lambda: NextCharacter(5).classes("A"), "text holds 'A', expected characters of"),
    ],
)
def test_a_task_that_cannot_be(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@each_task
def test_a_batch_that_cannot_be(task, rng):
    with pytest.raises(ValueError, match="m is 0, expected a whole number, at least 1"):
        task.batch(rng, 0)
    with pytest.raises(TypeError, match=r"rng is of type int, .* numpy.random.default_rng\(SEED\)"):
        task.batch(1, 5)
