"""How the assignment "The Jordan network" is graded. Stays with the instructor."""

from functools import partial

import numpy as np

from rnnlib import Elman, Jordan, JordanStep, unroll
from rnnlib.examples import exercise_3_jordan, notes_elman, notes_inputs
from rnnlib.parameters import parameters
from unrolled.judging.rubric import ByHand, Case, Code, Typed, Written, Wrong, changed, rerun
from unrolled.judging.variants import code, formulas, network_code, small_trace

# What is right, as rnnlib has it, in the form in which the students write it. ----------------


def forward(xs, y_0, g_h="relu", g_o="relu", **weights):
    trace = unroll(Jordan(**weights, g_h=g_h, g_o=g_o), xs, JordanStep(y=y_0))
    return trace.h, trace.y


def taught(xs, ds, y_0, g_h="relu", g_o="relu", **weights):
    return in_one_go(xs, [y_0, *ds[:-1]], g_h=g_h, g_o=g_o, **weights)


def in_one_go(xs, fed_back, g_h="relu", g_o="relu", **weights):
    """All steps at once, each with the row of ``fed_back`` that it reads."""
    record = Jordan(**weights, g_h=g_h, g_o=g_o).step(xs, JordanStep(y=fed_back))
    return record.h, record.y


# Wrong ideas. ---------------------------------------------------------------------------------


BIAS = "A layer's pre-activation is a sum of three shares. Have you counted those in your line?"
BIAS_O = "What does the output layer add to its product before the activation?"
MEMORY = "What does the hidden layer read beside the input? At step 2 it is no longer zero."
RELU_H = "What becomes of the hidden layer's negative numbers?"
RELU_O = "The output layer has an activation of its own. What becomes of its negative numbers?"
NO_RELU = "Both layers have an activation. What becomes of a negative sum?"
FED_BACK = "Which layer does a Jordan network feed back? The number of rows of W_h tells."
FED_RAW = "Is it the output that you feed back, or what it was before its activation?"
START = "What step 1 is fed is an argument. Where do you use it?"

WHERE = {
    BIAS: "jordan#the-equations",
    BIAS_O: "jordan#the-equations",
    MEMORY: "jordan#step-through-it",
    RELU_H: "jordan#step-through-it",
    RELU_O: "jordan#the-equations",
    NO_RELU: "jordan#the-equations",
    FED_BACK: "jordan#beside-elman",
    FED_RAW: "jordan#the-equations",
    START: "jordan#the-same-in-code",
}


def of_one_network(right):
    """Mistakes in the two equations, for each function that computes with them."""
    wrong = [
        ("the biases are forgotten", {"b_h": np.zeros_like, "b_o": np.zeros_like}, BIAS),
        ("the hidden layer's bias is forgotten", {"b_h": np.zeros_like}, BIAS),
        ("the output's bias is forgotten", {"b_o": np.zeros_like}, BIAS_O),
        ("the memory is left out", {"W_h": np.zeros_like}, MEMORY),
        ("y(0) is taken as zero", {"y_0": np.zeros_like}, START),
    ]
    return [
        *(Wrong(name, changed(right, **by), hint, WHERE[hint]) for name, by, hint in wrong),
        Wrong("the hidden layer has no activation", no_relu(right, "h"), RELU_H, WHERE[RELU_H]),
        Wrong("the output has no activation", no_relu(right, "o"), RELU_O, WHERE[RELU_O]),
        Wrong("no activation anywhere", no_relu(right, "ho"), NO_RELU, WHERE[NO_RELU]),
        Wrong(
            "W_h is transposed",
            changed(right, W_h=np.transpose),
            "An entry of a product runs along the vector and down one column of the matrix.",
            "jordan#a-ledger-of-shapes",
        ),
        Wrong(
            "all matrices are transposed",
            changed(right, **dict.fromkeys(["W_x", "W_h", "W_o"], np.transpose)),
            "Vectors are rows here. On which side of its matrix does a row stand?",
            "elman#is-it-xw-or-wx",
        ),
    ]


def no_relu(right, layers):
    return partial(right, **{f"g_{layer}": "identity" for layer in layers})


def step(x, y_before, **weights):
    h, y = in_one_go(x[None], y_before[None], **weights)
    return h[0], y[0]


def stepwise(next_memory):
    """A student's jordan_forward that hands on something else; ``next_memory(h, y, weights)``."""

    def wrong(xs, y_0, **weights):
        memory, rows = y_0, []
        for x in xs:
            rows.append(step(x, memory, **weights))
            memory = next_memory(*rows[-1], weights)
        return tuple(map(np.array, zip(*rows, strict=True)))

    return wrong


def an_elman_network(xs, y_0, **weights):
    trace = unroll(Elman(**weights, g_h="relu", g_o="relu"), xs)
    return trace.h, trace.y


def too_early(xs, y_0, **weights):
    """y(0) to y(T−1) in place of y(1) to y(T)."""
    hs, ys = forward(xs, y_0, **weights)
    return hs, np.concatenate([[y_0], ys[:-1]])


FORWARD = [
    *of_one_network(forward),
    Wrong("the hidden layer is fed back", stepwise(lambda h, y, _: h), FED_BACK, WHERE[FED_BACK]),
    Wrong(
        "an Elman network, whose state before the first step is zero",
        an_elman_network,
        FED_BACK,
        WHERE[FED_BACK],
    ),
    Wrong(
        "the output is fed back without its activation",
        stepwise(lambda h, y, weights: h @ weights["W_o"] + weights["b_o"]),
        FED_RAW,
        WHERE[FED_RAW],
    ),
    Wrong(
        "every step starts from y(0)",
        lambda xs, y_0, **weights: in_one_go(xs, [y_0] * len(xs), **weights),
        "Each step needs the output of the step before it. Does yours hand it over?",
        "jordan#the-same-in-code",
    ),
    Wrong(
        "the record of outputs begins with y(0)",
        too_early,
        "Is the output put on record before its step or after it?",
        "jordan#the-same-in-code",
    ),
    Wrong(
        "one step too few",
        lambda xs, y_0, **weights: forward(xs[:-1], y_0, **weights),
        "How many terms has the input, and how many steps has your loop?",
        "jordan#a-ledger-of-shapes",
    ),
    Wrong(
        "the last step is returned for all",
        lambda xs, y_0, **weights: tuple(q[-1] for q in forward(xs, y_0, **weights)),
        "Each step's numbers are asked for. Does your loop keep them, or only those of its end?",
        "jordan#the-same-in-code",
    ),
]

WHOSE = "Which step's right answer does a step read: its own, or that of the step before?"
TAUGHT = [
    *of_one_network(taught),
    Wrong(
        "the network's own outputs are fed back",
        lambda ds, **arguments: forward(**arguments),
        "What is fed back while the network learns: what it says, or what is right?",
        "jordan#what-it-cannot-tell-apart",
    ),
    Wrong(
        "a step is fed its own right answer",
        lambda xs, ds, y_0, **weights: in_one_go(xs, ds, **weights),
        WHOSE,
        "jordan#the-equations",
    ),
    Wrong(
        "step 1 is fed d(1)",
        lambda xs, ds, y_0, **weights: in_one_go(xs, [ds[0], *ds[:-1]], **weights),
        START,
        WHERE[START],
    ),
    Wrong(
        "the right answer is fed back two steps later",
        lambda xs, ds, y_0, **weights: in_one_go(xs, [y_0, y_0, *ds][: len(xs)], **weights),
        WHOSE,
        "jordan#the-equations",
    ),
    Wrong(
        "every step is fed y(0)",
        lambda xs, ds, y_0, **weights: in_one_go(xs, [y_0] * len(xs), **weights),
        "From step 2 on a step reads a right answer. Does yours?",
        "jordan#the-equations",
    ),
    Wrong(
        "the right answers are returned as outputs",
        lambda ds, **arguments: (taught(ds=ds, **arguments)[0], ds),
        "The right answers are fed back. What does the network itself answer?",
        "jordan#the-equations",
    ),
]

BY_HAND = [
    Wrong(name, lambda true, by=by: rerun(true, **by), hint, WHERE[hint])
    for name, by, hint in [
        ("the memory is left out", {"W_h": np.zeros_like}, MEMORY),
        ("the biases are forgotten", {"b_h": np.zeros_like, "b_o": np.zeros_like}, BIAS),
        ("the hidden layer's bias is forgotten", {"b_h": np.zeros_like}, BIAS),
        ("the output's bias is forgotten", {"b_o": np.zeros_like}, BIAS_O),
        ("the hidden layer has no activation", {"g_h": lambda _: "identity"}, RELU_H),
        ("the output has no activation", {"g_o": lambda _: "identity"}, RELU_O),
    ]
]


# What is asked. -------------------------------------------------------------------------------


def draw_pair(rng):
    """A Jordan network's trace by hand in which each wrong idea shows, and an Elman network."""
    while True:
        true = small_trace(rng, Jordan, 2, 3, 2, T=3)
        wrong = [idea.values(true) for idea in BY_HAND]
        elman = with_memory(true.cell, rng.integers(-2, 3, size=(3, 3)))
        values = [right_beside(elman, true)["share_elman"], elman.W_h.sum(axis=0)]
        if (
            len(np.unique(true.h, axis=0)) == len(true)
            and all(np.any(w.h != true.h) or np.any(w.y != true.y) for w in wrong)
            and all(each.any() for each in values)
            and all(beside_differs(idea, elman, true) for idea in beside_wrong(elman, true))
        ):
            return elman, true


def with_memory(jordan, W_h):
    """The Elman network that shares all weights but ``W_h`` with a Jordan network."""
    return Elman(**(parameters(jordan) | {"W_h": W_h}), g_h="relu", g_o="relu")


def right_beside(elman, true):
    """The numbers in which the two networks are compared."""
    ours = unroll(elman, true.xs)
    differ = (ours.h != true.h).any(axis=1)
    return {
        "first_step": 1 + int(differ.argmax()),
        "share_elman": ours[1].h @ elman.W_h,
        "share_jordan": true[1].y @ true.cell.W_h,
        "carried_elman": len(elman.W_h),
        "carried_jordan": len(true.cell.W_h),
    }


def beside_differs(idea, elman, true):
    right = right_beside(elman, true)
    return any(np.any(value != right[name]) for name, value in idea.values().items())


def beside_wrong(elman, true):
    ours, jordan = unroll(elman, true.xs), true.cell
    n, o = jordan.W_o.shape
    k = len(jordan.W_x)

    def wrong(name, values, hint, heading):
        return Wrong(name, lambda: values, hint, f"jordan#{heading}")

    return [
        wrong(
            "the networks differ from the first step",
            {"first_step": 1},
            "What do the two networks feed back at that step?",
            "beside-elman",
        ),
        wrong(
            "the first difference is seen a step too late",
            {"first_step": 3},
            "Have you compared the hidden layers of the step before, too?",
            "beside-elman",
        ),
        wrong(
            "the memory of step 2 is taken for that which step 2 reads",
            {"share_elman": ours[2].h @ elman.W_h, "share_jordan": true[2].y @ jordan.W_h},
            "Which step's record does step 2 read?",
            "step-through-it",
        ),
        wrong(
            "W_h of the Elman network is transposed",
            {"share_elman": ours[1].h @ elman.W_h.T},
            "An entry of a product runs along the vector and down one column of the matrix.",
            "step-through-it",
        ),
        wrong(
            "the input and the bias are counted as the memory's share",
            {"share_elman": ours[2].a_h, "share_jordan": true[2].a_h},
            "Only the memory's share is asked for. Which of the three shares is that?",
            "step-through-it",
        ),
        wrong(
            "both networks are said to carry the hidden layer",
            {"carried_elman": n, "carried_jordan": n},
            "Which layer does this network feed back? How many numbers has it?",
            "a-ledger-of-shapes",
        ),
        wrong(
            "the networks are mixed up",
            {"carried_elman": o, "carried_jordan": n},
            "Which layer does this network feed back? How many numbers has it?",
            "a-ledger-of-shapes",
        ),
        wrong(
            "the weights are counted in place of what they multiply",
            {"carried_elman": n * n, "carried_jordan": o * n},
            "Weights stay where they are. Which numbers pass from a step to the next?",
            "a-ledger-of-shapes",
        ),
        wrong(
            "the input is counted as handed over",
            {"carried_elman": n + k, "carried_jordan": o + k},
            "Does a step hand its input on?",
            "a-ledger-of-shapes",
        ),
    ]


def by_hand(variant):
    notes = notes_elman(), unroll(exercise_3_jordan(), notes_inputs())
    elman, true = variant.numbers("ex3", notes, draw_pair)
    networks = [
        network_code(type(network).__name__.lower(), network) for network in (elman, true.cell)
    ]
    return [
        ByHand(
            cell="ex3-by-hand",
            title="Exercise 3, by hand",
            true=true,
            names={"h": "ex3_h", "y": "ex3_y"},
            statement="exercise-3",
            wrong=BY_HAND,
        ),
        Typed(
            cell="beside-elman",
            title="Beside an Elman network",
            right=right_beside(elman, true),
            wrong=beside_wrong(elman, true),
            texts={
                "beside-elman-task": formulas(elman, true.xs),
                "beside-elman-check": "\n".join([*networks, code("xs", true.xs)]),
            },
        ),
    ]


def draw(rng, k, n, o, T, started=False):
    """Random weights, all different, with an input on which every part of the network shows.

    Returns the arguments of ``forward``.
    """
    shapes = [(k, n), (o, n), (n, o), (n,), (o,)]
    while True:
        weights = [rng.normal(size=shape) / np.sqrt(2) for shape in shapes]
        network = Jordan(*weights, g_h="relu", g_o="relu")
        y_0 = rng.uniform(0.5, 1.5, size=o) if started else np.zeros(o)
        trace = unroll(network, rng.normal(size=(T, k)), JordanStep(y=y_0))
        both = all(0 < np.mean(q > 0) < 1 for q in (trace.h, trace.y))
        if both and trace.y[:-1].any(axis=1).all() and trace.h.any(axis=1).all():
            return {"xs": trace.xs, "y_0": y_0} | parameters(network)


def draw_taught(rng, k, n, o, T, started=False):
    """As ``draw``, with right answers; what they give has both branches of ReLU too."""
    while True:
        arguments = draw(rng, k, n, o, T, started) | {"ds": rng.normal(size=(T, o))}
        if all(0 < np.mean(q > 0) < 1 for q in taught(**arguments)):
            return arguments


def case(right, title, hidden=True, **arguments):
    h, y = right(**arguments)
    return Case(title, arguments, {"h": h, "y": y}, hidden)


def example():
    """The Jordan network of the book's chapter, on the notes' input."""
    weights = parameters(notes_elman()) | {"W_h": np.array([[1.0, -1, 0], [0, 1, 1]])}
    return {"xs": notes_inputs(), "y_0": np.zeros(2)} | weights


def forward_cases(variant):
    rng = variant.rng("a whole sequence")
    longer = draw(rng, 3, 4, 2, 9)
    of = partial(case, forward)
    return [
        of("The book's example", **example(), hidden=False),
        of("A longer sequence", **longer),
        of("More outputs than neurons", **draw(rng, 2, 3, 4, 6)),
        of("An output y(0) that is not zero", **draw(rng, 3, 5, 2, 4, started=True)),
        of("All layers of one size", **draw(rng, 3, 3, 3, 5, started=True)),
        of("A single time step", **draw(rng, 5, 4, 3, 1, started=True)),
        of("The longer sequence once more", **longer),
    ]


def taught_cases(variant):
    rng = variant.rng("while it learns")
    right_answers = {"ds": np.array([[1.0, 2], [0, 1], [3, 0]])}
    of = partial(case, taught)
    return [
        of("The book's example", **example(), **right_answers, hidden=False),
        of("Other weights and sizes", **draw_taught(rng, 3, 4, 2, 7)),
        of("More outputs than neurons", **draw_taught(rng, 2, 3, 4, 5)),
        of("An output y(0) that is not zero", **draw_taught(rng, 3, 5, 2, 4, started=True)),
        of("All layers of one size", **draw_taught(rng, 3, 3, 3, 6, started=True)),
        of("A single time step", **draw_taught(rng, 5, 4, 3, 1, started=True)),
    ]


def questions(variant):
    return [
        *by_hand(variant),
        Code(
            "jordan-forward",
            "The Jordan network in code",
            "jordan_forward",
            forward_cases(variant),
            over_time=True,
            wrong=FORWARD,
        ),
        Code(
            "jordan-taught",
            "While it learns",
            "jordan_taught",
            taught_cases(variant),
            over_time=True,
            wrong=TAUGHT,
        ),
        Written("in-words", "In your own words"),
    ]
