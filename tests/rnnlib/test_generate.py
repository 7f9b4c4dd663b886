"""Generating: the network's own output is its next input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import draw, random_elman, random_layer, random_lstm
from strategies import SEEDS
from test_stack import random_both, random_dense, start_of

from rnnlib import unroll
from rnnlib.generation import generate
from rnnlib.stack import Stack


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def random_predictors(rng, k=3):
    """Networks with as many outputs as inputs."""
    return [
        random_layer(rng, k, k),
        random_elman(rng, k, 5, k),
        random_lstm(rng, k, k),
        Stack((random_lstm(rng, k, 4), random_layer(rng, 4, 2), random_dense(rng, 2, k))),
    ]


def output(trace):
    return getattr(trace, trace.cell.output)


@given(seed=SEEDS, T0=st.integers(1, 4), steps=st.integers(1, 5))
def test_taught_with_what_it_generated_it_puts_out_the_same(seed, T0, steps):
    rng = np.random.default_rng(seed)
    for cell in random_predictors(rng):
        start, initial = draw(rng, T0, 2, 3), start_of(rng, cell, (2,))
        terms, trace = generate(cell, start, steps, initial=initial)
        assert terms.shape == (steps, 2, 3) and len(trace) == T0 + steps - 1
        taught = unroll(cell, np.concatenate([start, terms[:-1]]), initial)
        np.testing.assert_allclose(output(taught)[T0 - 1 :], terms, rtol=1e-10, atol=1e-13)
        np.testing.assert_array_equal(output(trace), output(taught))


def test_it_is_the_loop_that_one_would_write(rng):
    for cell in random_predictors(rng):
        start, steps = draw(rng, 3, 3), 4
        terms, xs = [], list(start)
        for _ in range(steps):
            terms.append(output(unroll(cell, xs))[-1])
            xs.append(terms[-1])
        np.testing.assert_allclose(generate(cell, start, steps).terms, terms, rtol=1e-11)


def test_two_halves_equal_the_whole(rng):
    for cell in random_predictors(rng):
        whole = generate(cell, draw(rng, 3, 3), 6)
        first = generate(cell, whole.trace.xs[:3], 2)
        second = generate(cell, first.terms[-1:], 4, initial=first.trace[-1])
        both = np.concatenate([first.terms, second.terms])
        np.testing.assert_allclose(both, whole.terms, rtol=1e-10)


def test_letters_are_drawn_by_the_function_that_feeds(rng):
    """The next letter is drawn by the softmax's probabilities, and read as one-hot."""
    letters, cell = 4, random_elman(rng, 4, 5, 4, g_o="softmax")

    def writer(seed):
        rng = np.random.default_rng(seed)
        return lambda y: np.eye(letters)[rng.choice(letters, p=y)]

    start = np.eye(letters)[[2, 0]]
    terms, trace = generate(cell, start, 20, feed=writer(7))
    np.testing.assert_array_equal(np.sort(terms, axis=-1), np.tile([0, 0, 0, 1], (20, 1)))
    np.testing.assert_array_equal(trace.xs, np.concatenate([start, terms[:-1]]))
    np.testing.assert_array_equal(generate(cell, start, 20, feed=writer(7)).terms, terms)
    assert (generate(cell, start, 20, feed=writer(8)).terms != terms).any()


def test_what_feeds_may_change_the_number_of_quantities(rng):
    cell = random_elman(rng, k=3, n=4, o=2)
    terms, trace = generate(cell, draw(rng, 2, 3), 3, feed=lambda y: [*y, y.sum()])
    np.testing.assert_allclose(terms[:, :2], trace.y[1:], rtol=1e-12)
    np.testing.assert_allclose(terms[:, 2], trace.y[1:].sum(axis=-1), rtol=1e-12)


def test_nothing_of_the_callers_is_changed(rng):
    cell, start = random_layer(rng, 3, 3), draw(rng, 2, 3)
    before = start.copy()
    first, second = generate(cell, start, 3), generate(cell, start, 3)
    np.testing.assert_array_equal(start, before)
    np.testing.assert_array_equal(first.terms, second.terms)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"steps": 0}, "steps is 0, expected a number of terms, at least 1"),
        ({"steps": 1.5}, "steps is 1.5, expected a number of terms, at least 1"),
        ({"start": np.zeros((0, 3))}, "xs has shape (0, 3), that is no step"),
        ({}, "feed(y) has shape (2,), expected (3,)"),
        ({"feed": lambda y: [1, 2, 3, 4]}, "feed(y) has shape (4,), expected (3,)"),
        ({"feed": lambda y: [1, 2, np.nan]}, "feed(y) holds nan at index (2,)"),
    ],
)
def test_what_cannot_go_on(kwargs, message):
    cell = random_elman(np.random.default_rng(1), k=3, n=4, o=2)
    with pytest.raises(ValueError) as error:
        generate(cell, **({"start": np.zeros((2, 3)), "steps": 2} | kwargs))
    assert str(error.value).startswith(message)


def test_who_reads_from_the_end_cannot_write_the_next_term(rng):
    with pytest.raises(TypeError, match="BothDirections has no single step"):
        generate(random_both(rng, 5), draw(rng, 2, 5), 2)
