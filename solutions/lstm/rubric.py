"""How the assignment "The LSTM" is graded. Stays with the instructor."""

from functools import partial
from itertools import combinations

import numpy as np

from rnnlib import LSTM, LSTMStep, count, unroll
from unrolled.judging.rubric import Case, Code, Reach, Typed, Written, Wrong
from unrolled.judging.variants import code

F, I, O, C = range(4)  # noqa: E741 - the order of the gates
EQUATIONS = "lstm#the-equations"


def sigma(a):
    return 1 / (1 + np.exp(-a))


# What one computes who has one wrong idea, in one step. ``gates`` and ``update`` are the two halves
# of a step, so that each mistake is one replacement.


def gates(x, c_before, h_before, W_x, W_h, b):
    a = x @ W_x + h_before @ W_h + b
    return sigma(a[F]), sigma(a[I]), sigma(a[O]), np.tanh(a[C])


def update(f, i, o, c_tilde, c_before, h_before):
    c = f * c_before + i * c_tilde
    return c, o * np.tanh(c)


def step_with(gates=gates, update=update):
    def step(x, c_before, h_before, W_x, W_h, b):
        return update(*gates(x, c_before, h_before, W_x, W_h, b), c_before, h_before)

    return step


def other_gates(**changed):
    """The gates out of other inputs, weights or biases: each is a function of the right ones."""

    def wrong(**right):
        return gates(**(right | {name: change(right) for name, change in changed.items()}))

    return step_with(
        gates=lambda x, c_before, h_before, W_x, W_h, b: wrong(
            x=x, c_before=c_before, h_before=h_before, W_x=W_x, W_h=W_h, b=b
        )
    )


def in_order(*order):
    """The gates taken in another order: position j of the arrays is read as gate ``order[j]``."""

    def mixed(*arguments):
        x, c_before, h_before, W_x, W_h, b = arguments
        where = [order.index(name) for name in "fioc"]
        return gates(x, c_before, h_before, W_x[where], W_h[where], b[where])

    return step_with(gates=mixed)


def other_update(c=None, h=None):
    """Another formula for c(t) or for h(t); both get f, i, o, c̃, c(t−1), h(t−1) and the new c."""

    def wrong(f, i, o, c_tilde, c_before, h_before):
        was = (f, i, o, c_tilde, c_before, h_before)
        new = c(*was) if c else update(*was)[0]
        return new, h(*was, new) if h else o * np.tanh(new)

    return step_with(update=wrong)


def sigma_for_all(x, c_before, h_before, W_x, W_h, b):
    return tuple(sigma(x @ W_x + h_before @ W_h + b))


WRONG_STEPS = {
    "the gates' order is taken as i, f, c̃, o": (
        in_order("i", "f", "c", "o"),
        "In which order do the gates stand on the first axis? Other libraries have another.",
        "lstm#counting-parameters",
    ),
    "forget and input gate are swapped": (
        in_order("i", "f", "o", "c"),
        "Which gate stands first in the arrays, and which of the two multiplies c(t−1)?",
        EQUATIONS,
    ),
    "output gate and candidate are swapped": (
        in_order("f", "i", "c", "o"),
        "Which of the four stands last in the arrays?",
        "lstm#a-ledger-of-shapes",
    ),
    "the bias is forgotten": (
        other_gates(b=lambda right: 0 * right["b"]),
        "Is all that each gate adds up in your sum, before σ or tanh?",
        EQUATIONS,
    ),
    "the gates do not see the hidden state": (
        other_gates(h_before=lambda right: 0 * right["h_before"]),
        "A gate sees two things: the input and what else?",
        EQUATIONS,
    ),
    "the gates see the cell state in place of the hidden state": (
        other_gates(h_before=lambda right: right["c_before"]),
        "There are two memories. Which of them do the gates see?",
        "lstm#which-of-them-is-the-output",
    ),
    "W_h is transposed": (
        other_gates(W_h=lambda right: right["W_h"].swapaxes(1, 2)),
        "Vectors are rows here: on which side of W_h does h(t−1) stand?",
        "elman#is-it-xw-or-wx",
    ),
    "the candidate has a sigmoid": (
        step_with(gates=sigma_for_all),
        "A gate lies between 0 and 1. Between which numbers does the candidate lie?",
        EQUATIONS,
    ),
    "the input gate is left out": (
        other_update(c=lambda f, i, o, c_tilde, c, h: f * c + c_tilde),
        "Who decides how much of the candidate is written?",
        EQUATIONS,
    ),
    "the input gate is one minus the forget gate": (
        other_update(c=lambda f, i, o, c_tilde, c, h: f * c + (1 - f) * c_tilde),
        "An LSTM's input gate has weights of its own. Are they used?",
        "lstm#the-gru-beside-it",
    ),
    "the forget gate multiplies the hidden state": (
        other_update(c=lambda f, i, o, c_tilde, c, h: f * h + i * c_tilde),
        "There are two memories. Which of them does the forget gate keep?",
        "lstm#which-of-them-is-the-output",
    ),
    "the activation is forgotten on the way out": (
        other_update(h=lambda f, i, o, c_tilde, c, h, new: o * new),
        "c(t) is right, h(t) is not: what happens to c(t) before the output gate lets it out?",
        EQUATIONS,
    ),
    "the old cell state is shown": (
        other_update(h=lambda f, i, o, c_tilde, c, h, new: o * np.tanh(c)),
        "c(t) is right, h(t) is not: which cell state does it show, the old or the new one?",
        EQUATIONS,
    ),
    "the output gate gets a tanh of its own": (
        other_update(h=lambda f, i, o, c_tilde, c, h, new: np.tanh(o * new)),
        "c(t) is right, h(t) is not: is the tanh taken of c(t) alone?",
        EQUATIONS,
    ),
}


def swapped(step):
    return lambda *a, **k: step(*a, **k)[::-1]


RIGHT_STEP = step_with()


def forward_with(step=RIGHT_STEP, carry=lambda before, now: now):
    """A whole sequence; ``carry`` says what goes on to the next step."""

    def forward(xs, c_0, h_0, W_x, W_h, b):
        before, record = (c_0, h_0), []
        for x in xs:
            record.append(step(x, *before, W_x, W_h, b))
            before = carry(before, record[-1])
        cs, hs = zip(*record, strict=True)
        return np.array(cs), np.array(hs)

    return forward


def changed_start(change):
    return lambda xs, c_0, h_0, *weights, **named: forward_with()(
        xs, *change(c_0, h_0), *weights, **named
    )


def last_for_all(**arguments):
    return tuple(np.repeat(q[-1:], len(q), axis=0) for q in forward_with()(**arguments))


def one_step_late(xs, c_0, h_0, **weights):
    cs, hs = forward_with()(xs, c_0, h_0, **weights)
    return np.vstack([c_0, cs])[:-1], np.vstack([h_0, hs])[:-1]


WRONG_LOOPS = {
    "the start is zero, whatever was given": (
        changed_start(lambda c_0, h_0: (0 * c_0, 0 * h_0)),
        "From which states does the first step start?",
        "lstm#a-ledger-of-shapes",
    ),
    "c(0) and h(0) are swapped": (
        changed_start(lambda c_0, h_0: (h_0, c_0)),
        "Look at the order of the arguments: which comes first, c(0) or h(0)?",
        "lstm#a-ledger-of-shapes",
    ),
    "no state is carried over": (
        forward_with(carry=lambda before, now: before),
        "Step 1 is fine. What should step 2 start from?",
        "lstm#the-same-in-code",
    ),
    "the cell state is not carried over": (
        forward_with(carry=lambda before, now: (before[0], now[1])),
        "Step 1 is fine. Two things go on to the next step: are both the new ones?",
        "lstm#which-of-them-is-the-output",
    ),
    "the hidden state is not carried over": (
        forward_with(carry=lambda before, now: (now[0], before[1])),
        "Step 1 is fine. Two things go on to the next step: are both the new ones?",
        "lstm#which-of-them-is-the-output",
    ),
    "the hidden state is carried over as the cell state": (
        forward_with(carry=lambda before, now: (now[1], now[1])),
        "Step 1 is fine. Two different things go on to the next step: which?",
        "lstm#which-of-them-is-the-output",
    ),
    "the last step is returned for all steps": (
        last_for_all,
        "Do your lists keep each step's own arrays, or the same array many times?",
        "lstm#the-same-in-code",
    ),
    "the record begins with the state before the first step": (
        one_step_late,
        "Row 1 is to be step 1: is the start in your lists, too?",
        "lstm#a-ledger-of-shapes",
    ),
}


def wrong_ideas(ideas, use=lambda values: values):
    return [Wrong(name, use(values), hint, where) for name, (values, hint, where) in ideas.items()]


SWAPPED = Wrong(
    "h is returned before c",
    swapped(RIGHT_STEP),
    "Look at the docstring: which of the two is returned first?",
    EQUATIONS,
)


# cases


def draw(rng, k, n):
    """Random weights, all different, so that no mix-up of them goes unseen."""
    return LSTM(*(rng.normal(size=shape) for shape in [(4, k, n), (4, n, n), (4, n)]))


def weights(cell):
    return {"W_x": cell.W_x, "W_h": cell.W_h, "b": cell.b}


def step_case(title, cell, x, c, h, hidden=True):
    step = cell.step(x, LSTMStep(c=c, h=h))
    arguments = {"x": np.asarray(x, float), "c_before": np.asarray(c, float)}
    arguments |= {"h_before": np.asarray(h, float)} | weights(cell)
    return Case(title, arguments, rounded({"c": step.c, "h": step.h}, hidden), hidden)


def forward_case(title, cell, xs, c=None, h=None, hidden=True):
    zero = np.zeros(cell.state_sizes[0])
    c, h = (zero if q is None else np.asarray(q, float) for q in (c, h))
    trace = unroll(cell, xs, LSTMStep(c=c, h=h))
    arguments = {"xs": np.asarray(xs, float), "c_0": c, "h_0": h} | weights(cell)
    return Case(title, arguments, rounded({"c": trace.c, "h": trace.h}, hidden), hidden)


def rounded(expected, hidden):
    """What stands in the notebook is short, and the same on every machine."""
    return expected if hidden else {name: value.round(9) for name, value in expected.items()}


def public_lstm():
    """One input and two neurons; numbers with one decimal."""
    return LSTM(
        W_x=[[[0.5, -1]], [[1.5, 0.5]], [[-0.5, 1]], [[1, -1.5]]],
        W_h=[[[1, 0.5], [-1, 2]], [[-0.5, 1], [1.5, 0]], [[2, -1], [0.5, 1]], [[1, -2], [0, 1.5]]],
        b=[[1, 0.5], [-0.5, -1], [0.5, 1.5], [0.5, -0.5]],
    )


def step_cases(rng):
    small, wide = draw(rng, 3, 4), draw(rng, 5, 2)
    return [
        step_case("The example", public_lstm(), [2], [1, -0.5], [-0.5, 0.75], hidden=False),
        step_case("Other weights and sizes", small, *normals(rng, 3, 4, 4)),
        step_case("More inputs than neurons", wide, *normals(rng, 5, 2, 2)),
        step_case("No memory yet", small, rng.normal(size=3), np.zeros(4), np.zeros(4)),
        step_case("As many inputs as neurons", draw(rng, 3, 3), *normals(rng, 3, 3, 3)),
    ]


def forward_cases(rng):
    small, wide = draw(rng, 3, 4), draw(rng, 5, 2)
    start = [1, -0.5], [-0.5, 0.75]
    return [
        forward_case("The example", public_lstm(), [[2], [-1], [1]], *start, hidden=False),
        forward_case("A longer sequence", small, rng.normal(size=(9, 3))),
        forward_case("States at the start that are not zero", wide, *normals(rng, (5, 5), 2, 2)),
        forward_case("A single time step", small, *normals(rng, (1, 3), 4, 4)),
        forward_case("Another sequence after it", small, rng.normal(size=(6, 3))),
        forward_case(
            "More steps, as many inputs as neurons", draw(rng, 3, 3), *normals(rng, (20, 3), 3, 3)
        ),
    ]


def normals(rng, *sizes):
    return [rng.normal(size=size) for size in sizes]


def hold_case(title, rng, n, T, taken_in=(1,)):
    """``taken_in``: the steps at which hold is 0."""
    xs = np.column_stack([rng.uniform(-2, 2, size=(T, n)), np.ones(T)])
    xs[[t - 1 for t in taken_in]] = np.column_stack(
        [large(rng, 1, 2, (len(taken_in), n)), np.zeros(len(taken_in))]
    )
    # the last value that came with hold 0, or else the state at the start
    start = large(rng, 0.6, 0.9, n)
    wanted = np.tanh(xs[taken_in[-1] - 1, :n]) if taken_in else start

    def measure(W_x, W_h, b):
        last = unroll(LSTM(W_x, W_h, b), xs, LSTMStep(c=start, h=np.tanh(start)))[T]
        return max(np.abs(last.c - wanted).max(), np.abs(last.h - np.tanh(wanted)).max())

    return Reach(
        title,
        {"n": n},
        {"W_x": (4, n + 1, n), "W_h": (4, n, n), "b": (4, n)},
        measure,
        "the largest error of c and h at the end",
        at_most=0.02,
        partly=0.2,
    )


def large(rng, low, high, size):
    """Values of both signs, none of them so small that it is kept by keeping nothing."""
    return rng.choice([-1, 1], size) * rng.uniform(low, high, size)


def hold_cases(rng):
    return [
        hold_case("A value is taken in, and held for 99 steps", rng, n=1, T=100),
        hold_case("Three neurons, a value for each", rng, n=3, T=100),
        hold_case("A second value replaces the first", rng, n=2, T=80, taken_in=(1, 40)),
        hold_case("A state at the start is held", rng, n=2, T=100, taken_in=()),
    ]


# hand computations


def draw_until_it_tells(draw_one, ideas_of, right_of):
    """Draws until every wrong idea shows, and no two of them give the same."""

    def draw(rng):
        while True:
            numbers = draw_one(rng)
            right, ideas = right_of(*numbers), [idea() for idea in ideas_of(*numbers)]
            apart = all(
                one.keys() != other.keys() or differs(one, other)
                for one, other in combinations(ideas, 2)
            )
            if apart and all(differs(idea, right) for idea in ideas):
                return numbers

    return draw


def differs(values, others):
    return any(np.abs(np.asarray(v) - others[name]).max() > 0.02 for name, v in values.items())


STEP_NOTES = ([[0.5, 0.9], [0.8, 0.1], [0.5, 0.9]], [-0.5, 0.9], [2, -1])


def step_numbers(rng):
    return (
        rng.integers(1, 10, size=(3, 2)) / 10,
        rng.choice([-9, -8, -6, -5, -4, 4, 5, 6, 8, 9], 2) / 10,
        rng.choice([-2, -1.5, -1, 1, 1.5, 2], 2),
    )


def step_right(gates, c_tilde, c_before):
    """As rnnlib has it: weights of 0, and the biases that give these gates."""
    gates = np.asarray(gates)
    b = [*np.log(gates / (1 - gates)), np.arctanh(c_tilde)]
    cell = LSTM(np.zeros((4, 1, 2)), np.zeros((4, 2, 2)), b)
    step = cell.step([0], LSTMStep(c=c_before, h=[0, 0]))
    return {"step_c": step.c, "step_h": step.h}


def step_ideas(gates, c_tilde, c_before):
    (f, i, o), c_tilde, c_before = np.array(gates), np.array(c_tilde), np.array(c_before)
    c = f * c_before + i * c_tilde

    def both(c):
        return {"step_c": c, "step_h": o * np.tanh(c)}

    return {
        "forget and input gate are swapped": (
            partial(both, i * c_before + f * c_tilde),
            "Which gate multiplies what was there, and which what comes in?",
        ),
        "the input gate is left out": (
            partial(both, f * c_before + c_tilde),
            "Is all of the candidate written? There is a gate for it.",
        ),
        "the forget gate is left out": (
            partial(both, c_before + i * c_tilde),
            "Is all of c(t−1) kept? There is a gate for it.",
        ),
        "the candidate gets another tanh": (
            partial(both, f * c_before + i * np.tanh(c_tilde)),
            "The candidate is given as it is: its tanh has been taken already.",
        ),
        "the activation is forgotten on the way out": (
            partial(dict, step_h=o * c),
            "The output gate lets something through. Is it c(t) itself?",
        ),
        "the output gate gets the tanh": (
            partial(dict, step_h=np.tanh(o * c)),
            "Of what is the tanh taken: of c(t), or of the product?",
        ),
        "the old cell state is shown": (
            partial(dict, step_h=o * np.tanh(c_before)),
            "Which cell state goes through the output gate: the old one, or the new one?",
        ),
    }


def step_by_hand(variant):
    draw_one = draw_until_it_tells(
        step_numbers, lambda *n: [v for v, _ in step_ideas(*n).values()], step_right
    )
    numbers = variant.numbers("one step", STEP_NOTES, draw_one)
    gates, c_tilde, c_before = (np.asarray(each) for each in numbers)
    rows = {"f": gates[0], "i": gates[1], "o": gates[2], "\\tilde c": c_tilde}
    lines = [f"$\\mathbf {name}(t) = {row(values)}$" for name, values in rows.items()]
    lines[3] = f"$\\tilde{{\\mathbf c}}(t) = {row(c_tilde)}$"
    told = ", ".join(lines) + f", and $\\mathbf c(t-1) = {row(c_before)}$."
    in_code = [
        code("gates", gates).replace("= ", "= np.array(") + ")",
        code("c_tilde", c_tilde),
        code("c_before", c_before),
    ]
    return Typed(
        "one-step-by-hand",
        "One step by hand",
        step_right(*numbers),
        tolerance=0.005,
        texts={"one-step": told, "one-step-by-hand-check": "\n".join(in_code)},
        wrong=[Wrong(k, v, hint, EQUATIONS) for k, (v, hint) in step_ideas(*numbers).items()],
    )


def row(values):
    return "(" + ", ".join(f"{value:g}" for value in values) + ")"


SEQUENCE_W_X = np.array([[0, 0, 20], [0, 20, 0], [0, -20, 0], [20, 0, 0]])[:, :, None]
SEQUENCE_B = [[-10], [-10], [10], [0]]
SEQUENCE_NOTES = ([[1, 1, 0], [1, 1, 1], [-1, 0, 1], [-1, 1, 1], [1, 0, 0]],)
NAMES = {"gate_f": "f", "gate_i": "i", "gate_o": "o", "cell_c": "c", "hidden_h": "h"}


def sequence_numbers(rng):
    return (np.column_stack([rng.choice([-1, 1], 5), rng.integers(0, 2, size=(5, 2))]),)


def sequence_right(xs):
    trace = unroll(LSTM(SEQUENCE_W_X, np.zeros((4, 1, 1)), SEQUENCE_B), xs)
    return {name: getattr(trace, quantity)[:, 0] for name, quantity in NAMES.items()}


def sequence_ideas(xs):
    xs = np.asarray(xs, float)

    def gates_of(bias=1.0):
        a = np.einsum("tk,gkn->gt", xs, SEQUENCE_W_X) + bias * np.array(SEQUENCE_B)
        return [*sigma(a[:3]), np.tanh(a[3])]

    def run(f, i, o, c_tilde, keep=lambda c, h: c):
        cs, hs, c, h = [], [], 0.0, 0.0
        for at in zip(f, i, o, c_tilde, strict=True):
            c = at[0] * keep(c, h) + at[1] * at[3]
            h = at[2] * np.tanh(c)
            cs.append(c)
            hs.append(h)
        return {"cell_c": np.array(cs), "hidden_h": np.array(hs)}

    f, i, o, c_tilde = gates_of()
    right = run(f, i, o, c_tilde)
    no_bias = gates_of(bias=0)
    return {
        "the bias is forgotten": (
            lambda: {"gate_f": no_bias[0], "gate_i": no_bias[1], "gate_o": no_bias[2]},
            "What is the pre-activation of this gate when its signal is 0?",
            EQUATIONS,
        ),
        "the output gate opens with the write signal": (
            lambda: {"gate_o": i},
            "Look at the signs in the row of the output gate: what do they do to an open gate?",
            "lstm#a-cell-that-writes-keeps-and-reads",
        ),
        "forget and input gate are swapped": (
            lambda: run(i, f, o, c_tilde),
            "Which gate multiplies what was there, and which what comes in?",
            EQUATIONS,
        ),
        "all that was there is kept": (
            lambda: run(f * 0 + 1, i, o, c_tilde),
            "At which steps is the forget gate closed, and what is left of c(t−1) there?",
            EQUATIONS,
        ),
        "what is written takes the place of what was there": (
            lambda: run(f * (i < 0.5), i, o, c_tilde),
            "The forget and the input gate are two: can a step keep, and write as well?",
            EQUATIONS,
        ),
        "the candidate has no sign": (
            lambda: run(f, i, o, sigma(20 * xs[:, 0])),
            "The candidate goes through tanh: what is it when the value is −1?",
            EQUATIONS,
        ),
        "what the output gate hides is lost": (
            lambda: run(f, i, o, c_tilde, keep=lambda c, h: h),
            "There are two memories. Which of them goes into c(t) one step later?",
            "lstm#which-of-them-is-the-output",
        ),
        "the activation is forgotten on the way out": (
            lambda: {"hidden_h": o * right["cell_c"]},
            "Can h(t) be 1 or more? It goes through an activation.",
            EQUATIONS,
        ),
        "the output gate is overlooked": (
            lambda: {"hidden_h": np.tanh(right["cell_c"])},
            "At which steps does the output gate let nothing out?",
            "lstm#step-through-it",
        ),
    }


def sequence_by_hand(variant):
    draw_one = draw_until_it_tells(
        sequence_numbers, lambda xs: [v for v, *_ in sequence_ideas(xs).values()], sequence_right
    )
    (xs,) = variant.numbers("five steps", SEQUENCE_NOTES, draw_one)
    lines = ["| $t$ | value | write | keep |", "|---|---|---|---|"]
    for t, x in enumerate(np.asarray(xs), start=1):
        lines.append("| " + " | ".join(f"{n}".replace("-", "−") for n in (t, *x)) + " |")
    return Typed(
        "whole-sequence-by-hand",
        "Five steps with gates that are open or closed",
        sequence_right(xs),
        tolerance=0.005,
        texts={
            "whole-sequence": "\n".join(["", *lines, ""]),
            "whole-sequence-by-hand-check": code("xs", np.asarray(xs)),
        },
        wrong=wrong_ideas(sequence_ideas(xs)),
    )


def counting(variant):
    k, n = variant.numbers("sizes", (3, 5), lambda rng: rng.choice(np.arange(3, 12), 2, False))
    k, n = int(k), int(n)
    lstm = LSTM(np.zeros((4, k, n)), np.zeros((4, n, n)), np.zeros((4, n)))
    total, biases = count(lstm).total, count(lstm).biases
    ideas = [
        ("the biases are not counted", "n_lstm", total - biases, "Biases are parameters, too."),
        (
            "one gate is counted",
            "n_lstm",
            total // 4,
            "That is one of the four that are computed at each step.",
        ),
        (
            "the candidate is not counted",
            "n_lstm",
            total // 4 * 3,
            "Three gates, and what else has weights?",
        ),
        (
            "hidden to hidden is counted as n",
            "n_lstm",
            4 * (k * n + n + n),
            "How many weights lead from n neurons to n neurons?",
        ),
        (
            "the cell state has weights of its own",
            "n_lstm",
            4 * (k * n + 2 * n * n + n),
            "Which of the two memories do the gates see? The other has no weights.",
        ),
        (
            "one second bias for all gates",
            "n_two_biases",
            total + n,
            "How many of the gates have a second bias?",
        ),
        (
            "one second bias for each gate",
            "n_two_biases",
            total + 4,
            "A bias is one number for each neuron, not for each gate alone.",
        ),
        (
            "everything counts twice",
            "n_two_biases",
            2 * total,
            "Which of the parameters are there twice: all of them?",
        ),
        (
            "one memory is carried",
            "n_carried",
            n,
            "How many memories has an LSTM?",
        ),
        (
            "the gates are carried",
            "n_carried",
            6 * n,
            "Does the next step ask what the gates were?",
        ),
    ]
    told = f"An LSTM has $k = {k}$ inputs and $n = {n}$ neurons."
    return Typed(
        "counting",
        "Counting",
        {
            "n_lstm": total,
            "n_two_biases": total + biases,
            "n_carried": sum(lstm.state_sizes),
        },
        texts={"counting-task": told, "counting-check": f"k, n = {k}, {n}"},
        wrong=[
            Wrong(name, partial(dict, **{variable: value}), hint, "lstm#counting-parameters")
            for name, variable, value, hint in ideas
        ],
    )


def what_is_left(variant):
    gate, T = variant.numbers(
        "what is left",
        (0.9, 20),
        lambda rng: (float(rng.choice([0.8, 0.85, 0.88, 0.92])), int(rng.integers(8, 13))),
    )
    bias = np.log(gate / (1 - gate))
    keeps = LSTM(np.zeros((4, 1, 1)), np.zeros((4, 1, 1)), b=[[bias], [-50], [0], [0]])
    shares = unroll(keeps, np.zeros((100, 1)), LSTMStep(c=[1], h=[0])).c[:, 0]
    half = 1 + int(np.sum(shares >= 0.5))
    ideas = [
        (
            "one step too few",
            {"share_left": gate ** (T - 1)},
            "How often has the gate multiplied after one step, and how often after two?",
        ),
        (
            "each step takes away the same",
            {"share_left": max(0.0, 1 - T * (1 - gate))},
            "Does the second step take away a share of the whole, or of what is left?",
        ),
        (
            "the share that is lost",
            {"share_left": 1 - gate**T},
            "That is what has gone. What is left?",
        ),
        (
            "the gate of a single step",
            {"share_left": gate},
            "That is what is left after one step.",
        ),
        (
            "half is not yet reached",
            {"steps_to_half": half - 1},
            "Is it below one half already?",
        ),
        (
            "the gate is taken for the bias",
            {"gate_bias": gate},
            "The bias is what σ is taken of. Which number does σ make into the gate?",
        ),
        (
            "the logarithm of the gate",
            {"gate_bias": np.log(gate)},
            "Solve σ(b) = the gate for b: σ has a sum below its bar.",
        ),
        (
            "the sign is turned",
            {"gate_bias": -bias},
            "A gate above one half: is its pre-activation above or below 0?",
        ),
        (
            "σ of the gate",
            {"gate_bias": sigma(gate)},
            "Which way round does σ go: from the bias to the gate, or back?",
        ),
    ]
    told = [
        f"A forget gate stands at {gate:g} at every step, and the input gate is closed. "
        "Look at the cell state of that neuron.",
        "",
        f"- `share_left`: Which share of $c(0)$ is left in $c({T})$? Two decimals.",
        "- `steps_to_half`: After how many steps is less than half left, for the first time?",
        f"- `gate_bias`: With weights of 0, which forget bias makes the gate {gate:g}? "
        "Two decimals.",
    ]
    return Typed(
        "what-is-left",
        "What is left",
        {"share_left": shares[T - 1], "steps_to_half": half, "gate_bias": bias},
        tolerance=0.005,
        texts={
            "what-is-left-task": "\n".join(told),
            "what-is-left-check": f"gate, T = {gate!r}, {T}",
        },
        wrong=[
            Wrong(name, partial(dict, **values), hint, "lstm#and-yet-it-forgets")
            for name, values, hint in ideas
        ],
    )


STILL_LARGE = "a gate of 16 is as good as one of 15, and 14 would do as well"
equivalent = {
    "hold-weights, line 10: np.zeros → np.ones": "beside 30 and 15 the values are small",
    "hold-weights, line 13: 30 → 31": STILL_LARGE,
    "hold-weights, line 13: 15 → 16": STILL_LARGE,
    "hold-weights, line 14: 30 → 31": STILL_LARGE,
    "hold-weights, line 14: 15 → 16": STILL_LARGE,
    "hold-weights, line 15: 15 → 16": STILL_LARGE,
}


def questions(variant):
    return [
        step_by_hand(variant),
        sequence_by_hand(variant),
        Code(
            "lstm-step",
            "One step in code",
            "lstm_step",
            step_cases(variant.rng("steps")),
            by_quantity=True,
            wrong=[SWAPPED, *wrong_ideas(WRONG_STEPS)],
        ),
        Code(
            "lstm-forward",
            "A whole sequence in code",
            "lstm_forward",
            forward_cases(variant.rng("sequences")),
            over_time=True,
            wrong=[*wrong_ideas(WRONG_LOOPS), *wrong_ideas(WRONG_STEPS, forward_with)],
        ),
        Code(
            "hold-weights",
            "An LSTM that remembers",
            "hold_weights",
            hold_cases(variant.rng("holding")),
        ),
        counting(variant),
        what_is_left(variant),
        Written("in-words", "In your own words"),
    ]
