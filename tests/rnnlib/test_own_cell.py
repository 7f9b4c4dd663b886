"""A cell of one's own: with a step it is unrolled, with a way back it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
from networks import draw, random_state
from test_bptt import by_complex_step

from rnnlib import (
    Adam,
    Cell,
    Dense,
    Stack,
    bptt,
    contributions,
    count,
    fit,
    flow,
    generate,
    load,
    save,
    squared_error,
    unroll,
    weight,
)
from rnnlib.examples import MinimalGatedUnit, MinimalStep
from rnnlib.parameters import parameters, with_parameters
from rnnlib.tasks import Adding


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


def random_unit(rng, k=2, n=3):
    shapes = {"W_f": (k, n), "U_f": (n, n), "b_f": n, "W_h": (k, n), "U_h": (n, n), "b_h": n}
    return MinimalGatedUnit(**{name: draw(rng, *np.atleast_1d(s)) for name, s in shapes.items()})


def test_it_unrolls_step_by_step(rng):
    unit, xs = random_unit(rng), draw(rng, 4, 5, 2)
    trace, h = unroll(unit, xs), np.zeros((5, 3))
    for x, step in zip(xs, trace, strict=True):
        f = 1 / (1 + np.exp(-(x @ unit.W_f + h @ unit.U_f + unit.b_f)))
        h = (1 - f) * h + f * np.tanh(x @ unit.W_h + (f * h) @ unit.U_h + unit.b_h)
        np.testing.assert_allclose(step.f, f, rtol=1e-14)
        np.testing.assert_allclose(step.h, h, rtol=1e-14)


def test_every_gradient_by_the_complex_step(rng):
    unit, xs, own = random_unit(rng), draw(rng, 4, 5, 2), draw(rng, 4, 5, 3)
    start = random_state(rng, unit, (5,))
    d = bptt(unroll(unit, xs, start), h=own)

    def loss(unit=unit, xs=xs, h=start.h):
        return (own * unroll(unit, xs, MinimalStep(h=h)).h).sum()

    for name, array in parameters(unit).items():
        expected = by_complex_step(
            lambda moved, name=name: loss(with_parameters(unit, parameters(unit) | {name: moved})),
            array,
        )
        np.testing.assert_allclose(getattr(d.cell, name), expected, rtol=1e-12, atol=1e-13)
    expected = by_complex_step(lambda moved: loss(xs=moved), xs)
    np.testing.assert_allclose(d.xs, expected, rtol=1e-12, atol=1e-13)
    expected = by_complex_step(lambda moved: loss(h=moved), start.h)
    np.testing.assert_allclose(d[0].h, expected, rtol=1e-12, atol=1e-13)


def test_all_of_the_library_takes_it(rng, tmp_path):
    unit, xs = random_unit(rng), draw(rng, 4, 5, 2)
    assert count(unit).total == 2 * (2 * 3 + 3 * 3 + 3)
    assert count(unit).rows[0].formula == "2 × 3"
    save(tmp_path / "unit.npz", Stack((unit,)))
    again = load(tmp_path / "unit.npz", MinimalGatedUnit)
    np.testing.assert_array_equal(again.cells[0].U_h, unit.U_h)
    with pytest.raises(ValueError, match=r"of your own give the class, load\(path, MinimalGated"):
        load(tmp_path / "unit.npz")

    trace = unroll(unit, xs)
    loss = squared_error(trace, draw(rng, 4, 5, 3))
    table = contributions(trace, loss)
    np.testing.assert_allclose(table.U_f.sum(axis=(0, 1)), bptt(trace, loss).cell.U_f, rtol=1e-12)
    assert flow.jacobians(trace).shape == (4, 5, 3, 3)

    both = Stack((unit, Dense(draw(rng, 3, 2), draw(rng, 2))))
    assert generate(both, xs[:, 0], steps=3).terms.shape == (3, 2)
    both = Stack((unit, Dense(draw(rng, 3, 1), draw(rng, 1))))
    options = {"optimiser": Adam(0.02), "iterations": 300, "rng": rng, "progress": False}
    history = fit(both, Adding(4), **options).history
    assert np.mean(history.losses[-20:]) < 0.5 * Adding(4).baseline


class CountStep(NamedTuple):
    n: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Counter(Cell):
    W: np.ndarray = weight("k n")
    Step, state, output = CountStep, ("n",), "n"

    def step(self, x, before):
        return CountStep(before.n + x @ self.W)


def test_with_a_step_alone_it_unrolls_and_says_what_it_lacks():
    trace = unroll(Counter([[1]]), [[1], [1], [1]])
    assert trace.n.ravel().tolist() == [1, 2, 3]
    with pytest.raises(TypeError, match="Counter has no method backward: it can be unrolled, and"):
        bptt(trace, n=np.ones((3, 1)))


def test_a_weight_that_does_not_say_where_it_stands_has_no_gradient():
    class Backwards(Counter):
        def backward(self, d, now, before):
            return d, CountStep(d.n)

    with pytest.raises(TypeError, match="W of Backwards does not say where it stands, and so has"):
        bptt(unroll(Backwards([[1]]), [[1], [1]]), n=np.ones((2, 1)))


def test_a_step_that_returns_no_record():
    class Wrong(Counter):
        def step(self, x, before):
            return x

    with pytest.raises(TypeError, match=r"of Wrong returned an array of shape \(1, 1\), e"):
        unroll(Wrong([[1]]), [[1]])


def test_shapes_are_checked_by_their_symbols():
    with pytest.raises(ValueError, match=r"^U_f has shape \(3, 2\), expected \(3, 3\)$"):
        MinimalGatedUnit(
            np.ones((2, 3)), np.ones((3, 2)), np.ones(3), np.ones((2, 3)), np.ones((3, 3)), [0] * 3
        )
