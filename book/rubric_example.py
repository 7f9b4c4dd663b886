"""How the assignment "A leaky neuron" is graded. Stays with the instructor."""

import numpy as np

from rnnlib import Layer, unroll
from unrolled.judging.rubric import Case, Code, Typed, Written, Wrong


def leaky(xs, a):
    neuron = Layer(W_x=[[1]], W_y=[[a]], b=[0], phi="identity")
    return unroll(neuron, np.reshape(xs, (-1, 1))).y[:, 0]


def case(title, xs, a, hidden=True):
    return Case(title, {"xs": np.array(xs, float), "a": a}, {"ys": leaky(xs, a)}, hidden)


# what people get wrong, as functions with the same arguments
def forgets(xs, a):
    return xs


def leaks_the_input(xs, a):
    return a * leaky(xs, a)


def questions(variant):
    rng = variant.rng("leaky")  # other numbers for each student, the same on a regrade
    first = variant.numbers("left", notes=8, draw=lambda rng: int(2 * rng.integers(2, 9)))
    return [
        Typed(
            "left",
            "What is left of it",
            right={"left_1": first * 0.5, "left_3": first * 0.5**3},
            tolerance=0.005,
            texts={
                "left-task": f"The neuron reads {first} at step 0, and nothing after it.",
                "left-check": f"first = {first}",
            },
            wrong=[
                Wrong(
                    "one step too many",
                    lambda: {"left_1": first * 0.5**2, "left_3": first * 0.5**4},
                    "How often has it been multiplied by a after one step?",
                    "neuron#step-through-it",
                )
            ],
        ),
        Code(
            "leaky",
            "A leaky neuron",
            function="leaky",
            over_time=True,
            cases=[
                case("The example", [8, 0, 0, 1], 0.5, hidden=False),
                case("A longer sequence", rng.normal(size=9), 0.9),
                case("It turns its sign", rng.normal(size=5), -0.7),
                case("A single step", rng.normal(size=1), 0.3),
            ],
            wrong=[
                Wrong("the memory is forgotten", forgets, "What becomes of y(t−1)?"),
                Wrong(
                    "the input leaks too", leaks_the_input, "What is multiplied by a, and what not?"
                ),
            ],
        ),
        Written("why", "In your own words"),
    ]


# mutants of the model solution that change nothing, as `unrolled strength` names them
equivalent = {}
