"""How the assignment "The Elman network" is graded. Stays with the instructor."""

from functools import partial

import numpy as np

from rnnlib import Dense, Elman, ElmanStep, count, generate, unroll
from rnnlib.examples import (
    exercise_1_inputs,
    exercise_2_elman,
    exercise_2_inputs,
    notes_elman,
    notes_inputs,
)
from rnnlib.parameters import parameters
from unrolled.judging.rubric import ByHand, Case, Code, Typed, Written, Wrong, changed, rerun
from unrolled.judging.variants import small_trace

# What is right, as rnnlib has it, in the form in which the students write it. ----------------


def step(x, h_before, g_h="relu", g_o="relu", **weights):
    record = Elman(**weights, g_h=g_h, g_o=g_o).step(x, ElmanStep(h=h_before))
    return record.h, record.y


def forward(xs, h_0, g_h="relu", g_o="relu", **weights):
    trace = unroll(Elman(**weights, g_h=g_h, g_o=g_o), xs, ElmanStep(h=h_0))
    return trace.h, trace.y


def outputs(xs, h_0, steps, g_h="relu", g_o="relu", **weights):
    network = Elman(**weights, g_h=g_h, g_o=g_o)
    # the first term that it generates is y(T); the outputs after the input begin with the next
    generated = generate(network, xs, int(steps) + 1, initial=ElmanStep(h=h_0))
    each = generated.trace.y[: len(xs)]
    return each, each[-1], generated.terms[1:]


def n_elman(k, n, o):
    return count(Elman(*map(np.ones, shapes(*map(int, (k, n, o)))))).total


def n_dense(k, n, o):
    return sum(count(Dense(np.ones(pair), np.ones(pair[1]))).total for pair in [(k, n), (n, o)])


def shapes(k, n, o):
    return [(k, n), (n, n), (n, o), (n,), (o,)]


# Wrong ideas. ---------------------------------------------------------------------------------


BIAS = "A layer's pre-activation is a sum of three shares. Have you counted those in your line?"
BIAS_O = "What does the output layer add to its product before the activation?"
TURNED = "An entry of a product runs along the vector and down one column of the matrix, not a row."
COLUMNS = "Vectors are rows here. On which side of its matrix does a row stand?"
MEMORY = "What does the hidden layer read beside the input? At step 2 it is no longer zero."
RELU_H = "What becomes of the hidden layer's negative numbers?"
RELU_O = "The output layer has an activation of its own. What becomes of its negative numbers?"
OLD_H = "Which step's hidden layer does the output read?"
NO_RELU = "Both layers have an activation. What becomes of a negative sum?"
AFTER = "In which order come the sum and the activation? Is the bias in the sum?"
FED_BACK = "Which layer of an Elman network is fed back?"
START = "The state before the first step is an argument. Where do you use it?"


def of_one_network(right):
    """Mistakes in the two equations, for each function that computes with them."""
    wrong = [
        ("the biases are forgotten", {"b_h": np.zeros_like, "b_o": np.zeros_like}, BIAS),
        ("the hidden layer's bias is forgotten", {"b_h": np.zeros_like}, BIAS),
        ("the output's bias is forgotten", {"b_o": np.zeros_like}, BIAS_O),
        ("W_h is transposed", {"W_h": np.transpose}, TURNED),
        # these two only where there are as many inputs, or outputs, as neurons
        ("W_x is transposed", {"W_x": np.transpose}, TURNED),
        (
            "all matrices are transposed",
            dict.fromkeys(["W_x", "W_h", "W_o"], np.transpose),
            COLUMNS,
        ),
        ("the memory is left out", {"W_h": np.zeros_like}, MEMORY),
    ]
    return [
        *(Wrong(name, changed(right, **by), hint, WHERE[hint]) for name, by, hint in wrong),
        Wrong("the hidden layer has no activation", no_relu(right, "h"), RELU_H, WHERE[RELU_H]),
        Wrong("the output has no activation", no_relu(right, "o"), RELU_O, WHERE[RELU_O]),
        Wrong("no activation anywhere", no_relu(right, "ho"), NO_RELU, WHERE[NO_RELU]),
    ]


def no_relu(right, layers):
    return partial(right, **{f"g_{layer}": "identity" for layer in layers})


WHERE = {
    BIAS: "elman#step-through-it",
    BIAS_O: "elman#the-equations",
    TURNED: "elman#step-through-it",
    COLUMNS: "elman#is-it-xw-or-wx",
    MEMORY: "elman#memory",
    RELU_H: "elman#step-through-it",
    RELU_O: "elman#the-equations",
    NO_RELU: "elman#the-equations",
}


def bias_after_the_activation(x, h_before, b_h, b_o, **weights):
    h, _ = step(x, h_before, b_h=b_h * 0, b_o=b_o, **weights)
    h = h + b_h
    return h, np.maximum(0, h @ weights["W_o"]) + b_o


def output_of_the_step_before(x, h_before, **weights):
    h, _ = step(x, h_before, **weights)
    return h, np.maximum(0, h_before @ weights["W_o"] + weights["b_o"])


def memory_first(x, h_before, W_x, W_h, **weights):
    """[h, x] before a stack that has W_x on top."""
    row, stacked = np.concatenate([h_before, x]), np.concatenate([W_x, W_h])
    no_memory = dict(W_h=np.zeros_like(W_h), h_before=np.zeros_like(h_before))
    return step(row, W_x=stacked, **no_memory, **weights)


STEP = [
    *of_one_network(step),
    Wrong("the output is read from h(t−1)", output_of_the_step_before, OLD_H, "elman#memory"),
    Wrong(
        "the bias is added after the activation",
        bias_after_the_activation,
        AFTER,
        "elman#the-equations",
    ),
    Wrong(
        "[h, x] stands before W_x on W_h",
        memory_first,
        "The row and the stacked matrix must have the same order. Which comes first in each?",
        "elman#one-matrix-instead-of-two",
    ),
]


def always_from_the_start(xs, h_0, **weights):
    rows = [forward(x[None], h_0, **weights) for x in xs]
    return tuple(np.concatenate(column) for column in zip(*rows, strict=True))


def too_early(xs, h_0, **weights):
    """h(0) to h(T−1) in place of h(1) to h(T)."""
    hs, ys = forward(xs, h_0, **weights)
    return np.concatenate([[h_0], hs[:-1]]), ys


def output_fed_back(xs, h_0, **weights):
    h, rows = h_0, []
    for x in xs:
        rows.append(step(x, h, **weights))
        h = rows[-1][1]
    return tuple(map(np.array, zip(*rows, strict=True)))


FORWARD = [
    *of_one_network(forward),
    Wrong(
        "every step starts from h(0)",
        always_from_the_start,
        "Each step needs the hidden layer of the step before it. Does yours hand it over?",
        "elman#memory",
    ),
    Wrong(
        "h(0) is taken as zero",
        changed(forward, h_0=np.zeros_like),
        START,
        "elman#where-does-h-0-come-from",
    ),
    Wrong(
        "the record begins with h(0)",
        too_early,
        "Is the hidden layer put on record before its step or after it?",
        "elman#the-same-in-code",
    ),
    Wrong("the output is fed back", output_fed_back, FED_BACK, "elman#the-equations"),
    Wrong(
        "one step too few",
        lambda xs, h_0, **weights: forward(xs[:-1], h_0, **weights),
        "How many terms has the input, and how many steps has your loop?",
        "elman#a-ledger-of-shapes",
    ),
    Wrong(
        "the last step is returned for all",
        lambda xs, h_0, **weights: tuple(q[-1] for q in forward(xs, h_0, **weights)),
        "Each step's numbers are asked for. Does your loop keep them, or only those of its end?",
        "elman#the-same-in-code",
    ),
]


def goes_on(next_term, keep_h=False, forget_h=False):
    """A student's elman_outputs that goes on in another way after the input."""

    def wrong(xs, h_0, steps, **weights):
        hs, each = forward(xs, h_0, **weights)
        h, y, after = h_0 if forget_h else hs[-1], each[-1], []
        for _ in range(int(steps)):
            new_h, y = step(next_term(xs, y), h, **weights)
            h = h if keep_h else new_h
            after.append(y)
        return each, each[-1], np.array(after)

    return wrong


def last_once_more(xs, h_0, steps, **weights):
    each, last, after = outputs(xs, h_0, steps, **weights)
    return each, last, np.concatenate([[last], after[:-1]])


def first_for_last(xs, h_0, steps, **weights):
    each, _, after = outputs(xs, h_0, steps, **weights)
    return each, each[0], after


OUTPUTS = [
    *of_one_network(outputs),
    Wrong(
        "h(0) is taken as zero",
        changed(outputs, h_0=np.zeros_like),
        START,
        "elman#where-does-h-0-come-from",
    ),
    Wrong(
        "y(T) comes once more after the input",
        last_once_more,
        "The output y(T) still belongs to the input. Which step is the first after it?",
        "sequences#one-network-three-questions",
    ),
    Wrong(
        "after the input the last term is read again",
        goes_on(lambda xs, y: xs[-1]),
        "After the input has ended, what does the network read in its place?",
        "sequences#one-network-three-questions",
    ),
    Wrong(
        "after the input zeros are read",
        goes_on(lambda xs, y: xs[-1] * 0),
        "After the input has ended, what does the network read in its place?",
        "sequences#one-network-three-questions",
    ),
    Wrong(
        "after the input the memory starts anew",
        goes_on(lambda xs, y: y, forget_h=True),
        "What has the network kept at the end of the input? Does it still have it when it goes on?",
        "elman#memory",
    ),
    Wrong(
        "after the input the memory stands still",
        goes_on(lambda xs, y: y, keep_h=True),
        "Each further step has a hidden layer of its own. Is it handed over to the next?",
        "elman#memory",
    ),
    Wrong(
        "the first output is taken for the last",
        first_for_last,
        "Which row of the outputs belongs to the last step?",
        "elman#a-ledger-of-shapes",
    ),
]

BY_HAND = [
    Wrong(name, lambda true, by=by: rerun(true, **by), hint, WHERE[hint])
    for name, by, hint in [
        ("the memory is left out", {"W_h": np.zeros_like}, MEMORY),
        ("W_h is transposed", {"W_h": np.transpose}, TURNED),
        ("the biases are forgotten", {"b_h": np.zeros_like, "b_o": np.zeros_like}, BIAS),
        ("the hidden layer's bias is forgotten", {"b_h": np.zeros_like}, BIAS),
        ("the output's bias is forgotten", {"b_o": np.zeros_like}, BIAS_O),
        ("the hidden layer has no activation", {"g_h": lambda _: "identity"}, RELU_H),
        ("the output has no activation", {"g_o": lambda _: "identity"}, RELU_O),
    ]
]


def that_show(true):
    """The ideas by hand that come to something else with these numbers, and not to the same."""
    seen, ideas = [true], []
    for idea in BY_HAND:
        wrong = idea.values(true)
        if not any(np.array_equal(wrong.h, t.h) and np.array_equal(wrong.y, t.y) for t in seen):
            ideas.append(idea)
            seen.append(wrong)
    return ideas


# What is asked. -------------------------------------------------------------------------------


def draw_by_hand(k, n, o):
    """A drawer of small networks in which each wrong idea shows, and no two are the same."""

    def draw(rng):
        while True:
            true = small_trace(rng, Elman, k, n, o, T=4)
            if len(that_show(true)) == len(BY_HAND) and len(np.unique(true.h, axis=0)) == len(true):
                return true

    return draw


def by_hand(variant, number, notes, sizes):
    name = f"ex{number}"
    true = variant.numbers(name, notes, draw_by_hand(*sizes))
    return ByHand(
        cell=f"{name}-by-hand",
        title=f"Exercise {number}, by hand",
        true=true,
        names={"h": f"{name}_h", "y": f"{name}_y"},
        statement=f"exercise-{number}",
        wrong=that_show(true),
    )


def draw(rng, k, n, o, T, started=False):
    """Random weights, all different, with an input on which every part of the network shows.

    Returns the arguments of ``forward``.
    """
    while True:
        weights = [rng.normal(size=shape) / np.sqrt(2) for shape in shapes(k, n, o)]
        network = Elman(*weights, g_h="relu", g_o="relu")
        h_0 = rng.uniform(0.5, 1.5, size=n) if started else np.zeros(n)
        trace = unroll(network, rng.normal(size=(T, k)), ElmanStep(h=h_0))
        if all(0 < np.mean(q > 0) < 1 for q in (trace.h, trace.y)) and trace.h.any(axis=1).all():
            return {"xs": trace.xs, "h_0": h_0} | parameters(network)


def step_case(title, xs, h_0, hidden=True, **weights):
    arguments = {"x": xs[0], "h_before": h_0} | weights
    h, y = step(**arguments)
    return Case(title, arguments, {"h": h, "y": y}, hidden)


def forward_case(title, hidden=True, **arguments):
    h, y = forward(**arguments)
    return Case(title, arguments, {"h": h, "y": y}, hidden)


def outputs_case(title, hidden=True, **arguments):
    each, last, after = outputs(**arguments)
    return Case(title, arguments, {"each": each, "last": last, "after": after}, hidden)


def draw_outputs(rng, k, n, T, steps, started=False):
    """As ``draw``, for a network that goes on by itself and neither falls silent nor grows."""
    while True:
        arguments = draw(rng, k, n, k, T, started) | {"steps": steps}
        each, _, after = outputs(**arguments)
        if each[-1].any() and after.any(axis=1).all() and after.max() < 20:
            return arguments


def step_cases(variant):
    rng = variant.rng("one step")
    notes = {"xs": notes_inputs()[1:], "h_0": np.array([0.0, 2, 1])} | parameters(notes_elman())
    return [
        step_case("The notes' second step", **notes, hidden=False),
        step_case("Other weights and sizes", **draw(rng, 3, 5, 2, 1, started=True)),
        step_case("More inputs than neurons", **draw(rng, 5, 2, 3, 1, started=True)),
        step_case("All layers of one size", **draw(rng, 4, 4, 4, 1, started=True)),
        step_case("No memory yet, h(t−1) = 0", **draw(rng, 3, 4, 2, 1)),
    ]


def forward_cases(variant):
    rng = variant.rng("a whole sequence")
    notes = {"xs": notes_inputs(), "h_0": np.zeros(3)} | parameters(notes_elman())
    longer = draw(rng, 3, 4, 2, 9)
    return [
        forward_case("The notes' example", **notes, hidden=False),
        forward_case("A longer sequence", **longer),
        forward_case("Other sizes", **draw(rng, 5, 2, 3, 5)),
        forward_case("A state h(0) that is not zero", **draw(rng, 3, 4, 2, 4, started=True)),
        forward_case("All layers of one size", **draw(rng, 3, 3, 3, 6, started=True)),
        forward_case("A single time step", **draw(rng, 5, 4, 3, 1, started=True)),
        forward_case("The longer sequence once more", **longer),
    ]


def outputs_cases(variant):
    rng = variant.rng("three kinds of output")
    notes = {"xs": notes_inputs(), "h_0": np.zeros(3), "steps": 2} | parameters(notes_elman())
    return [
        outputs_case("The notes' example", **notes, hidden=False),
        outputs_case("Other weights and sizes", **draw_outputs(rng, 3, 4, T=5, steps=3)),
        outputs_case("A state h(0) that is not zero", **draw_outputs(rng, 2, 5, 4, 4, True)),
        outputs_case("All layers of one size", **draw_outputs(rng, 3, 3, 4, 3, True)),
        outputs_case("One term, and one step more", **draw_outputs(rng, 3, 2, 1, 1, True)),
        outputs_case("Many steps after the input", **draw_outputs(rng, 2, 3, T=3, steps=7)),
    ]


def draw_sizes(rng):
    k, n, o = rng.permutation([2, 3, 4, 5])[:3]
    return int(k), int(n), int(o), int(rng.choice([4, 6]))


def counting(variant):
    k, n, o, T = variant.numbers("counting", (4, 3, 1, 3), draw_sizes)
    dense = (T * k, T * n, o)
    right = {
        "n_elman": n_elman(k, n, o),
        "n_dense": n_dense(*dense),
        "n_elman_long": n_elman(k, n, o),
        "n_dense_long": n_dense(10 * T * k, T * n, o),
    }
    statement = (
        f"The sequences have $T = {T}$ terms of $k = {k}$ numbers each. The Elman network has "
        f"$n = {n}$ hidden neurons. The other reads all ${T * k}$ numbers at once, into one hidden "
        f"layer of ${T * n}$ neurons, as many as ${T}$ steps of ${n}$ neurons have. Each network "
        f"has $o = {o}$ output{'' if o == 1 else 's'}."
    )
    return Typed(
        cell="counting",
        title="Counting parameters",
        right=right,
        texts={
            "counting-task": statement,
            "counting-check": f"k, n, o, T = {k}, {n}, {o}, {T}",
        },
        wrong=counting_wrong(k, n, o, T, right),
    )


COUNT = "elman#counting-parameters"


def counting_wrong(k, n, o, T, right):
    def in_both(name, elman, dense, hint):
        found = {"n_elman": right["n_elman"] + elman, "n_dense": right["n_dense"] + dense}
        return Wrong(name, lambda: found, hint, COUNT)

    def in_elman(name, n_elman, n_elman_long, hint):
        found = {"n_elman": n_elman, "n_elman_long": n_elman_long}
        return Wrong(name, lambda: found, hint, COUNT)

    ours = right["n_elman"]
    return [
        in_both("biases are not counted", -n - o, -T * n - o, "Which neurons have a bias?"),
        in_both("the output's bias is not counted", -o, -o, "Which neurons have a bias?"),
        in_elman(
            "W_h is not counted",
            ours - n * n,
            ours - n * n,
            "Which weights lead from the hidden layer back to itself?",
        ),
        in_elman(
            "the weights are counted once for each time step",
            T * ours,
            10 * T * ours,
            "Has each time step weights of its own?",
        ),
        Wrong(
            "a longer sequence has more weights",
            lambda: {"n_elman_long": 10 * ours},
            "Which shapes of the Elman network have the length of the sequence in them?",
            COUNT,
        ),
        Wrong(
            "the dense network has as few hidden neurons as the Elman network",
            lambda: {"n_dense": n_dense(T * k, n, o)},
            "How many hidden neurons has the network that reads all terms at once?",
            COUNT,
        ),
        Wrong(
            "the hidden layer grows with the sequence",
            lambda: {"n_dense_long": n_dense(10 * T * k, 10 * T * n, o)},
            "Only the input is longer. Which layers keep their sizes?",
            COUNT,
        ),
    ]


COUNT_ELMAN = [
    Wrong(name, lambda k, n, o, by=by: n_elman(k, n, o) + by(k, n, o), hint, COUNT)
    for name, by, hint in [
        ("biases are not counted", lambda k, n, o: -n - o, "Which neurons have a bias?"),
        ("the output's bias is not counted", lambda k, n, o: -o, "Which neurons have a bias?"),
        (
            "the hidden layer's bias is not counted",
            lambda k, n, o: -n,
            "Which neurons have a bias?",
        ),
        (
            "W_h is not counted",
            lambda k, n, o: -n * n,
            "Which weights lead from the hidden layer back to itself?",
        ),
        (
            "the output layer is not counted",
            lambda k, n, o: -n * o - o,
            "Your number is that of the hidden layer. What comes after it?",
        ),
        (
            "W_h is counted as n by o",
            lambda k, n, o: n * o - n * n,
            "What is fed back in an Elman network, and how many numbers is it?",
        ),
        (
            "the hidden layer has two biases",
            lambda k, n, o: n,
            "Some libraries have a bias for the input and one for the memory. How many have we?",
        ),
    ]
]


def count_case(title, k, n, o, hidden=True):
    return Case(title, {"k": k, "n": n, "o": o}, {"count": np.array(n_elman(k, n, o))}, hidden)


def count_cases(variant):
    rng = variant.rng("counting")
    few, some, many = (int(rng.integers(*limits)) for limits in ((4, 9), (10, 20), (21, 40)))
    return [
        count_case("The notes' example", 2, 3, 2, hidden=False),
        count_case("Many neurons", few, many, some),
        count_case("Many inputs", many, some, few),
        count_case("Many outputs", some, few, many),
        count_case("A single output", some, many, 1),
    ]


def questions(variant):
    return [
        by_hand(variant, 1, unroll(notes_elman(), exercise_1_inputs()), (2, 3, 2)),
        by_hand(variant, 2, unroll(exercise_2_elman(), exercise_2_inputs()), (3, 2, 1)),
        Code("elman-step", "One step in code", "elman_step", step_cases(variant), wrong=STEP),
        Code(
            "elman-forward",
            "A whole sequence in code",
            "elman_forward",
            forward_cases(variant),
            over_time=True,
            wrong=FORWARD,
        ),
        Code(
            "elman-outputs",
            "Three kinds of output",
            "elman_outputs",
            outputs_cases(variant),
            by_quantity=True,
            wrong=OUTPUTS,
        ),
        counting(variant),
        Code(
            "count-elman",
            "Counting in code",
            "count_elman",
            count_cases(variant),
            wrong=COUNT_ELMAN,
        ),
        Written("in-words", "In your own words"),
    ]
