"""How the assignment "Elman and Jordan networks" is graded. Stays with the instructor."""

import numpy as np

from rnnlib import Elman, ElmanStep, Jordan, JordanStep, unroll
from rnnlib.examples import (
    exercise_1_inputs,
    exercise_2_elman,
    exercise_2_inputs,
    exercise_3_jordan,
    notes_elman,
    notes_inputs,
)
from unrolled.judging.rubric import ByHand, Case, Code, Written, from_trace

WEIGHTS = ("W_x", "W_h", "W_o", "b_h", "b_o")


def weights(cell):
    return {name: getattr(cell, name) for name in WEIGHTS}


def draw(kind, rng, k, n, o):
    """A network of small random numbers, all different, so that no mix-up of them goes unseen."""
    fed_back = n if kind is Elman else o
    shapes = [(k, n), (fed_back, n), (n, o), (n,), (o,)]
    return kind(*(rng.normal(size=shape) / np.sqrt(2) for shape in shapes), g_h="relu", g_o="relu")


def step_case(title, cell, x, h_before, hidden=True):
    step = cell.step(x, ElmanStep(h=h_before))
    arguments = {"x": np.asarray(x, float), "h_before": np.asarray(h_before, float)}
    return Case(title, arguments | weights(cell), {"h": step.h, "y": step.y}, hidden)


def forward_case(title, cell, xs, start=None, hidden=True):
    fed_back = cell.state[0]
    start = np.zeros(cell.state_sizes[0]) if start is None else start
    record = {"h": ElmanStep(h=start), "y": JordanStep(y=start)}[fed_back]
    trace = unroll(cell, xs, record)
    arguments = {"xs": np.asarray(xs, float), f"{fed_back}_0": start}
    return Case(title, arguments | weights(cell), from_trace(trace, h="h", y="y"), hidden)


rng = np.random.default_rng(4030)

small, wide = draw(Elman, rng, 3, 4, 2), draw(Elman, rng, 5, 2, 3)
step_cases = [
    step_case("The notes' second step", notes_elman(), [1, -2], [0, 2, 1], hidden=False),
    step_case("Other weights and sizes", small, rng.normal(size=3), rng.uniform(size=4)),
    step_case("More inputs than neurons", wide, rng.normal(size=5), rng.uniform(size=2)),
    step_case("No memory yet, h(t−1) = 0", small, rng.normal(size=3), np.zeros(4)),
]

elman_cases = [
    forward_case("The notes' example", notes_elman(), notes_inputs(), hidden=False),
    forward_case("A longer sequence", small, rng.normal(size=(9, 3))),
    forward_case("Other sizes", wide, rng.normal(size=(5, 5))),
    forward_case(
        "A state h(0) that is not zero", small, rng.normal(size=(4, 3)), rng.uniform(size=4)
    ),
    forward_case("A single time step", wide, rng.normal(size=(1, 5))),
    forward_case("Another sequence after it", small, rng.normal(size=(6, 3))),
]

small, wide = draw(Jordan, rng, 3, 4, 2), draw(Jordan, rng, 2, 3, 4)
jordan_cases = [
    forward_case("Exercise 3", exercise_3_jordan(), notes_inputs(), hidden=False),
    forward_case("A longer sequence", small, rng.normal(size=(8, 3))),
    forward_case("More outputs than neurons", wide, rng.normal(size=(6, 2))),
    forward_case(
        "An output y(0) that is not zero", small, rng.normal(size=(4, 3)), rng.uniform(size=2)
    ),
    forward_case("Another sequence after it", wide, rng.normal(size=(5, 2))),
]


def by_hand(number, network, inputs):
    name = f"ex{number}"
    return ByHand(
        cell=f"{name}-by-hand",
        title=f"Exercise {number}, by hand",
        true=unroll(network, inputs),
        names={"h": f"{name}_h", "y": f"{name}_y"},
    )


questions = [
    by_hand(1, notes_elman(), exercise_1_inputs()),
    by_hand(2, exercise_2_elman(), exercise_2_inputs()),
    by_hand(3, exercise_3_jordan(), notes_inputs()),
    Code("elman-step", "One step in code", "elman_step", step_cases),
    Code(
        "elman-forward",
        "A whole sequence in code",
        "elman_forward",
        elman_cases,
        over_time=True,
    ),
    Code(
        "jordan-forward",
        "The Jordan network in code",
        "jordan_forward",
        jordan_cases,
        over_time=True,
    ),
    Written("in-words", "In your own words"),
]
