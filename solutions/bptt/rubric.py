"""How the assignment "Backpropagation through time" is graded. Stays with the instructor."""

from functools import partial
from itertools import combinations

import numpy as np

from rnnlib import Elman, ElmanStep, bptt, squared_error, unroll
from rnnlib.examples import notes_elman
from rnnlib.parameters import parameters
from unrolled.judging.rubric import Case, Code, Typed, Written, Wrong
from unrolled.judging.variants import code, formulas, network_code

WEIGHTS = ("W_x", "W_h", "W_o", "b_h", "b_o")
GRADIENTS = {f"d{name}": name for name in WEIGHTS}
E = 1e-4  # the step of the finite differences
EQUATIONS = "bptt#the-equations"


# What is right, by rnnlib


def relu_elman(W_x, W_h, W_o, b_h, b_o):
    return Elman(W_x, W_h, W_o, b_h, b_o, g_h="relu", g_o="relu")


def run(xs, h_0, **weights):
    return unroll(relu_elman(**weights), xs, ElmanStep(h=np.asarray(h_0, float)))


def right_loss(xs, targets, h_0, **weights):
    return squared_error(run(xs, h_0, **weights).y, targets).value


def right_back(xs, targets, h_0, truncate=None, **weights):
    trace = run(xs, h_0, **weights)
    loss = squared_error(trace, targets)
    return bptt(trace, loss, truncate=truncate)


def right_gradients(names=WEIGHTS, truncate=None, **arguments):
    gradient = parameters(right_back(truncate=truncate, **arguments).cell)
    return {f"d{name}": gradient[name] for name in names}


def central(loss, at, e):
    """Finite differences of ``loss`` along every entry of ``at``."""
    slopes = np.zeros(at.shape)
    for entry in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[entry] += e
        down[entry] -= e
        slopes[entry] = (loss(up) - loss(down)) / (2 * e)
    return slopes


def loss_of_W_h(arguments):
    return lambda W_h: right_loss(**(arguments | {"W_h": W_h}))


# What one computes who has one wrong idea. A walk back has replaceable parts.


def states(xs, h_0, W_x, W_h, W_o, b_h, b_o):
    """h(0) to h(T), and y(1) to y(T)."""
    hs, ys = [np.asarray(h_0, float)], []
    for x in np.asarray(xs, float):
        hs.append(np.maximum(0, x @ W_x + hs[-1] @ W_h + b_h))
        ys.append(np.maximum(0, hs[-1] @ W_o + b_o))
    return np.array(hs), np.array(ys)


def doubled_error(y, target, t, T):
    return 2 * (y - target)


def slope(d, of):
    return d * (of > 0)


def walk_with(
    error=doubled_error,
    output_slope=slope,
    through_W_o=lambda d, W_o: d @ W_o.T,
    through_W_h=lambda d, W_h: d @ W_h.T,
    join=lambda own, later, h: slope(own + later, h),
    before=lambda hs, t: hs[t - 1],
    swap=False,
    gather=lambda terms: terms.sum(axis=0),
):
    """A walk back that returns the rows d_o and d_h from step 1 on, and all gradients."""

    def walk(xs, targets, h_0, W_x, W_h, W_o, b_h, b_o):
        hs, ys = states(xs, h_0, W_x, W_h, W_o, b_h, b_o)
        T, d_h, rows = len(ys), np.zeros(len(b_h)), []
        for t in range(T, 0, -1):
            d_o = output_slope(error(ys[t - 1], targets[t - 1], t, T), ys[t - 1])
            d_h = join(through_W_o(d_o, W_o), through_W_h(d_h, W_h), hs[t])
            terms = [
                np.outer(xs[t - 1], d_h),
                np.outer(before(hs, t), d_h),
                np.outer(hs[t], d_o),
                d_h,
                d_o,
            ]
            rows.append((d_o, d_h, [each.T if swap else each for each in terms]))
        d_o, d_h, terms = zip(*rows, strict=True)
        gradients = [gather(np.array(each)) for each in zip(*terms, strict=True)]
        named = dict(zip(GRADIENTS, gradients, strict=True))
        return {"d_o": d_o[::-1], "d_h": d_h[::-1]} | named

    return walk


WRONG_WALKS = {
    "nothing comes back from the step after": (
        {"through_W_h": lambda d, W_h: 0 * d},
        "h(t) has two consequences: the output of its step, and what else?",
        EQUATIONS,
    ),
    "the factor 2 of the squared error is forgotten": (
        {"error": lambda y, target, t, T: y - target},
        "All is half of what it should be. What is the derivative of a square? And is anything "
        "divided by the number of steps?",
        "bptt#three-small-errors",
    ),
    "the error has the wrong sign": (
        {"error": lambda y, target, t, T: 2 * (target - y)},
        "If y(t) is too large, should the gradient be positive or negative?",
        "bptt#three-small-errors",
    ),
    "only the last step's loss counts": (
        {"error": lambda y, target, t, T: 2 * (y - target) * (t == T)},
        "The loss is a sum over all steps. Does each step's own error come in?",
        "training#all-steps-or-the-last",
    ),
    "the slope of the output is left out": (
        {"output_slope": lambda d, y: d},
        "An output that is off: does a small change of a weight change it?",
        EQUATIONS,
    ),
    "the slope of the hidden layer is left out": (
        {"join": lambda own, later, h: own + later},
        "A hidden neuron that is off at a step: what gets through it there?",
        EQUATIONS,
    ),
    "what comes back passes no slope": (
        {"join": lambda own, later, h: slope(own, h) + later},
        "Two things arrive at the hidden layer. Do both go through its activation?",
        "bptt#step-through-it",
    ),
    "W_h is not transposed on the way back": (
        {"through_W_h": lambda d, W_h: d @ W_h},
        "Forwards row i of W_h belongs to the neuron that a value comes from. And on the way back?",
        EQUATIONS,
    ),
    "W_o is not transposed on the way back": (
        {"through_W_o": lambda d, W_o: d @ W_o},
        "W_o leads from the hidden layer to the outputs. How do you get back?",
        EQUATIONS,
    ),
    "h(t) stands where h(t−1) belongs": (
        {"before": lambda hs, t: hs[t]},
        "At step t, which hidden layer is multiplied by W_h on the way forwards?",
        "bptt#why-a-sum-over-time",
    ),
    "h(0) is left out": (
        {"before": lambda hs, t: hs[t - 1] * (t > 1)},
        "W_h is used at step 1, too. Is h(0) zero?",
        "bptt#the-initial-state",
    ),
    "the gradients are turned: columns for rows": (
        {"swap": True},
        "A gradient has the shape of its weight: do its rows belong to where a value comes from?",
        "bptt#a-ledger-of-shapes",
    ),
    "the steps are not summed: the first step's term is all that is left": (
        {"gather": lambda terms: terms[-1]},
        "A weight serves at every step. Do the steps' terms add up, or does one replace another?",
        "bptt#why-a-sum-over-time",
    ),
    "the steps are not summed: the last step's term is all that counts": (
        {"gather": lambda terms: terms[0]},
        "A weight serves at every step. Are the earlier steps in your gradient?",
        "bptt#why-a-sum-over-time",
    ),
    "the mean over the steps is taken": (
        {"gather": lambda terms: terms.mean(axis=0)},
        "The loss is a sum over the steps. Is your gradient one, too?",
        "training#the-sum-over-time-or-the-mean",
    ),
}


def gradients_with(**parts):
    def gradients(**arguments):
        found = walk_with(**parts)(**arguments)
        return tuple(found[name] for name in GRADIENTS)

    return gradients


# ... in truncation: which loss t reaches which step τ


def truncated_with(
    keep=lambda t, tau, steps, T: t - tau < steps,
    error=doubled_error,
    hidden_slope=slope,
    before=lambda hs, t: hs[t - 1],
):
    def truncated(xs, targets, h_0, W_x, W_h, W_o, b_h, b_o, steps):
        hs, ys = states(xs, h_0, W_x, W_h, W_o, b_h, b_o)
        T, steps = len(ys), int(steps)
        sums = [np.zeros(np.shape(each)) for each in (W_x, W_h, b_h)]
        for t in range(1, T + 1):
            d = slope(error(ys[t - 1], targets[t - 1], t, T), ys[t - 1]) @ W_o.T
            for tau in range(t, 0, -1):
                d = hidden_slope(d, hs[tau])
                if keep(t, tau, steps, T):
                    sums[0] += np.outer(xs[tau - 1], d)
                    sums[1] += np.outer(before(hs, tau), d)
                    sums[2] += d
                d = d @ W_h.T
        return tuple(sums)

    return truncated


def forgetting_pieces(xs, targets, h_0, steps, **weights):
    """Pieces that each begin with a state of zero."""
    T, steps = len(xs), int(steps)
    pieces = [
        truncated_with(keep=lambda *_: True)(
            xs[first : first + steps],
            targets[first : first + steps],
            h_0 if first == 0 else 0 * h_0,
            steps=steps,
            **weights,
        )
        for first in range(0, T, steps)
    ]
    return tuple(sum(each) for each in zip(*pieces, strict=True))


TRUNCATION = "bptt#truncation"
WRONG_TRUNCATIONS = {
    "nothing is truncated": (
        truncated_with(keep=lambda t, tau, steps, T: True),
        "That is the whole gradient. Where does the number of steps come in?",
        TRUNCATION,
    ),
    "one step too many": (
        truncated_with(keep=lambda t, tau, steps, T: t - tau <= steps),
        "The number of steps counts the loss's own step, too. Which steps are reached with 1?",
        TRUNCATION,
    ),
    "one step too few": (
        truncated_with(keep=lambda t, tau, steps, T: t - tau < steps - 1),
        "With 1, a loss reaches its own step. Does it with yours?",
        TRUNCATION,
    ),
    "each loss reaches its own step alone": (
        truncated_with(keep=lambda t, tau, steps, T: t == tau),
        "That is right with 1. How far does a loss reach with 2?",
        TRUNCATION,
    ),
    "the sequence is cut into pieces": (
        truncated_with(keep=lambda t, tau, steps, T: (t - 1) // steps == (tau - 1) // steps),
        "At the first step of a piece, how far back does the loss reach? And how far should it?",
        "bptt#pieces",
    ),
    "the sequence is cut into pieces, from its end": (
        truncated_with(keep=lambda t, tau, steps, T: (T - t) // steps == (T - tau) // steps),
        "At the first step of a piece, how far back does the loss reach? And how far should it?",
        "bptt#pieces",
    ),
    "the way forwards is cut, too": (
        forgetting_pieces,
        "The state still carries all of the past. Is your way forwards the whole one?",
        TRUNCATION,
    ),
    "only the last steps of the sequence count": (
        truncated_with(keep=lambda t, tau, steps, T: tau > T - steps),
        "Each step's loss has a reach of its own. Which steps does the first loss reach?",
        "bptt#the-table-of-contributions",
    ),
    "only the last step's loss counts": (
        truncated_with(keep=lambda t, tau, steps, T: t == T and t - tau < steps),
        "The loss is a sum over all steps, and each of them reaches back.",
        "bptt#the-table-of-contributions",
    ),
    "the factor 2 of the squared error is forgotten": (
        truncated_with(error=lambda y, target, t, T: y - target),
        "All is half of what it should be. What is the derivative of a square?",
        "bptt#three-small-errors",
    ),
    "the slope of the hidden layer is left out": (
        truncated_with(hidden_slope=lambda d, h: d),
        "A hidden neuron that is off at a step: what gets through it there?",
        EQUATIONS,
    ),
    "h(t) stands where h(t−1) belongs": (
        truncated_with(before=lambda hs, t: hs[t]),
        "At step t, which hidden layer is multiplied by W_h on the way forwards?",
        "bptt#why-a-sum-over-time",
    ),
    "h(0) is left out": (
        truncated_with(before=lambda hs, t: hs[t - 1] * (t > 1)),
        "W_h is used at step 1, too. Is h(0) zero?",
        "bptt#the-initial-state",
    ),
}


# ... in the loss


def loss_with(measure):
    def loss(xs, targets, h_0, **weights):
        _, ys = states(xs, h_0, **weights)
        return measure(ys - np.asarray(targets, float))

    return loss


SQUARED = "training#how-wrong-is-a-sequence"
SUM_OR_MEAN = "training#the-sum-over-time-or-the-mean"
WRONG_LOSSES = {
    "the mean over the steps is taken": (
        loss_with(lambda error: np.sum(error**2) / len(error)),
        "Is the loss here a sum over the steps, or their mean?",
        SUM_OR_MEAN,
    ),
    "the mean over all numbers is taken": (
        loss_with(lambda error: np.mean(error**2)),
        "Is the loss here a sum over steps and outputs, or their mean?",
        SUM_OR_MEAN,
    ),
    "half of the square is taken": (
        loss_with(lambda error: np.sum(error**2) / 2),
        "Some texts have a factor one half in front of the square. Has the formula above?",
        SQUARED,
    ),
    "only the last step counts": (
        loss_with(lambda error: np.sum(error[-1] ** 2)),
        "Which steps does the sum run over?",
        "training#all-steps-or-the-last",
    ),
    "only the first output counts": (
        loss_with(lambda error: np.sum(error[:, 0] ** 2)),
        "The squared length of a row has a term for each of its numbers.",
        SQUARED,
    ),
    "the length is not squared": (
        loss_with(lambda error: np.sum(np.sqrt(np.sum(error**2, axis=1)))),
        "Look at the exponent: is it the length of the error, or its square?",
        SQUARED,
    ),
    "the error is not squared": (
        loss_with(lambda error: np.sum(np.abs(error))),
        "Look at the exponent: is it the error's size, or its square?",
        SQUARED,
    ),
    "the outputs are summed before squaring": (
        loss_with(lambda error: np.sum(np.sum(error, axis=1) ** 2)),
        "Which comes first, the square or the sum? Can errors of two outputs cancel?",
        SQUARED,
    ),
    "the root is taken": (
        loss_with(lambda error: np.sqrt(np.sum(error**2))),
        "Is there a root in the formula?",
        SQUARED,
    ),
}


# ... in the finite differences


def differences_with(slope_at):
    def differences(e, **arguments):
        loss, W_h = loss_of_W_h(arguments), np.asarray(arguments["W_h"], float)
        slopes = np.zeros(W_h.shape)
        for entry in np.ndindex(W_h.shape):
            unit = np.zeros(W_h.shape)
            unit[entry] = float(e)
            slopes[entry] = slope_at(loss, W_h, unit, float(e))
        return slopes

    return differences


def not_moved_back(e, **arguments):
    loss, W_h = loss_of_W_h(arguments), np.array(arguments["W_h"], float)
    slopes = np.zeros(W_h.shape)
    for entry in np.ndindex(W_h.shape):
        W_h[entry] += e
        up = loss(W_h)
        W_h[entry] -= 2 * e
        slopes[entry] = (up - loss(W_h)) / (2 * e)
    return slopes


def of(**changed):
    """Differences of a weight other than W_h."""

    def differences(e, **arguments):
        (name,) = changed
        at = np.asarray(arguments[name], float)
        return central(lambda value: right_loss(**(arguments | {name: value})), at, float(e))

    return differences


DIFFERENCES = "bptt#is-it-right"
WRONG_DIFFERENCES = {
    "the difference to one side is taken": (
        differences_with(lambda loss, W_h, unit, e: (loss(W_h + unit) - loss(W_h)) / e),
        "It is nearly right. Is your difference the same on both sides of the weight?",
        DIFFERENCES,
    ),
    "the difference is divided by e": (
        differences_with(lambda loss, W_h, unit, e: (loss(W_h + unit) - loss(W_h - unit)) / e),
        "Twice too large: how far apart are the two places at which you take the loss?",
        DIFFERENCES,
    ),
    "the difference is not divided": (
        differences_with(lambda loss, W_h, unit, e: loss(W_h + unit) - loss(W_h - unit)),
        "A slope is a change of the loss, divided by what?",
        DIFFERENCES,
    ),
    "the difference has the wrong sign": (
        differences_with(
            lambda loss, W_h, unit, e: (loss(W_h - unit) - loss(W_h + unit)) / (2 * e)
        ),
        "If the loss grows with the weight, is the slope positive or negative?",
        DIFFERENCES,
    ),
    "all weights are moved at once": (
        differences_with(lambda loss, W_h, unit, e: (loss(W_h + e) - loss(W_h - e)) / (2 * e)),
        "All entries are the same. How many weights does your change move at a time?",
        DIFFERENCES,
    ),
    "the weights are not moved back": (
        not_moved_back,
        "The first entry is right. Is W_h as it was when the second one begins?",
        DIFFERENCES,
    ),
    "the gradient is turned: columns for rows": (
        differences_with(
            lambda loss, W_h, unit, e: (loss(W_h + unit.T) - loss(W_h - unit.T)) / (2 * e)
        ),
        "Does the slope of the entry (i, j) stand in row i and column j?",
        "bptt#a-ledger-of-shapes",
    ),
    "another weight is moved": (
        of(W_x=True),
        "Which of the weights is to be moved?",
        DIFFERENCES,
    ),
}


def wrong_ideas(ideas, use=lambda values: values):
    return [Wrong(name, use(values), hint, where) for name, (values, hint, where) in ideas.items()]


# cases


def draw(rng, k, n, o, T, start=True):
    """Arguments with both branches of ReLU at work, none of them within reach of a corner."""
    while True:
        arguments = {
            "xs": rng.normal(size=(T, k)),
            "targets": rng.normal(size=(T, o)),
            "h_0": rng.uniform(0.2, 1, size=n) if start else np.zeros(n),
            "W_x": rng.normal(size=(k, n)) / np.sqrt(k),
            "W_h": rng.normal(size=(n, n)) / np.sqrt(n),
            "W_o": rng.normal(size=(n, o)),
            "b_h": rng.uniform(0, 1, size=n),
            "b_o": rng.uniform(0, 1, size=o),
        }
        if is_lively(arguments):
            return arguments


def another_sequence(rng, arguments, T):
    """The same network with other inputs and targets."""
    k, o = arguments["W_x"].shape[0], arguments["b_o"].size
    while True:
        other = {"xs": rng.normal(size=(T, k)), "targets": rng.normal(size=(T, o))}
        if is_lively(arguments | other):
            return arguments | other


def is_lively(arguments):
    given = {name: value for name, value in arguments.items() if name != "targets"}
    trace = run(**given)
    back = right_back(**arguments)
    nearest = min(np.abs(trace.a_h).min(), np.abs(trace.a_o).min())
    on, passes = trace.h > 0, back.a_h != 0
    return (
        nearest > 0.01
        and on.any(axis=1).all()
        and not on.all()
        and (len(on) == 1 or (passes.all(axis=1).sum() < len(on) and passes.any(axis=1).all()))
        and (trace.y > 0).any()
        and (len(on) == 1 or (trace.y == 0).any())
        and np.abs(back.cell.W_h).max() < 100
    )


PUBLIC = {
    "xs": [[1, -2], [1, 1], [3, -3]],
    "targets": [[4, 5], [3, 5], [2, 2]],
    "h_0": [0, 2, 1],
}
# long enough for each way to truncate to give something else
PUBLIC_TRUNCATION = {
    "xs": [[2, -1], [3, -1], [2, -2], [1, 0], [1, 2]],
    "targets": [[0, 2], [2, 4], [3, 3], [1, 4], [5, 1]],
    "h_0": [1, 2, 0],
}


def public(given=PUBLIC):
    """The network of the notes with another input, at which no neuron stands on ReLU's corner."""
    return as_arrays(given) | parameters(notes_elman())


def several(rng):
    """Hidden arguments with their titles, of all sizes."""
    first = draw(rng, 3, 4, 2, 6, start=False)
    return {
        "Other weights and sizes": first,
        "More inputs than neurons, and a state to start from": draw(rng, 5, 2, 3, 5),
        "A single step": draw(rng, 2, 3, 2, 1),
        "A single output": draw(rng, 2, 3, 1, 7),
        "All layers of one size": draw(rng, 3, 3, 3, 5),
        "Another sequence after it": another_sequence(rng, first, 4),
    }


def cases(rng, expected, **more):
    """``expected`` makes the right values out of the arguments."""
    made = {"The example": (public() | more, False)}
    made |= {title: (arguments | more, True) for title, arguments in several(rng).items()}
    return [
        Case(title, arguments, expected(**arguments), hidden)
        for title, (arguments, hidden) in made.items()
    ]


def loss_expected(**arguments):
    return {"loss": np.asarray(right_loss(**arguments))}


def differences_expected(e, **arguments):
    # rounded, so that the public case is the same on every machine
    return {"dW_h": central(loss_of_W_h(arguments), arguments["W_h"], e).round(9)}


def truncation_cases(rng):
    names = ("W_x", "W_h", "b_h")
    long = draw(rng, 3, 4, 2, 8)
    chosen = [
        ("The example, with 3 steps", public(PUBLIC_TRUNCATION), 3, False),
        ("A longer sequence, with 2 steps", long, 2, True),
        ("The same with 3 steps", long, 3, True),
        ("With 1 step", draw(rng, 2, 3, 1, 6), 1, True),
        ("With more steps than the sequence has", draw(rng, 3, 3, 3, 4), 6, True),
        ("Other sizes", draw(rng, 4, 2, 3, 9), 3, True),
    ]
    return [
        Case(
            title,
            arguments | {"steps": steps},
            right_gradients(names, truncate=steps, **arguments),
            hidden,
        )
        for title, arguments, steps, hidden in chosen
    ]


# the hand computation


BY_HAND = {
    "xs": [[1, 1], [-1, -2]],
    "targets": [[3, 2], [1, 4]],
    "h_0": [1, 1],
    "W_x": [[1, 2], [-1, 1]],
    "W_h": [[-1, -2], [1, 0]],
    "W_o": [[-1, 1], [2, -1]],
    "b_h": [-1, 1],
    "b_o": [1, 1],
}


def as_arrays(arguments):
    return {name: np.array(value, float) for name, value in arguments.items()}


def rows_of(record, loss):
    """A walk's record as the student types it: by the names of the first part and of the second."""
    first = {"total_loss": loss}
    for t in (2, 1):
        first |= {f"d_o_{t}": record["d_o"][t - 1], f"d_h_{t}": record["d_h"][t - 1]}
    return first, {name: record[name] for name in GRADIENTS}


def by_hand_right(arguments):
    back = right_back(**arguments)
    record = {"d_o": back.a_o, "d_h": back.a_h} | right_gradients(**arguments)
    return rows_of(record, right_loss(**arguments))


def by_hand_ideas(arguments):
    """For each wrong idea what it gives, by the names of the first part and of the second."""
    loss = right_loss(**arguments)
    return {
        name: (rows_of(walk_with(**parts)(**arguments), loss), hint, where)
        for name, (parts, hint, where) in WRONG_WALKS.items()
        if "mean" not in name  # over two steps it is the half that a forgotten 2 leaves
    }


def by_hand_losses(arguments):
    """Those that even two steps with two outputs tell apart."""
    names = (
        "the mean over the steps is taken",
        "only the last step counts",
        "the error is not squared",
        "the root is taken",
    )
    return {
        name: ({"total_loss": WRONG_LOSSES[name][0](**arguments)}, *WRONG_LOSSES[name][1:])
        for name in names
    }


def where_wrong(values, right):
    """What differs from what is right; the rest of a wrong computation may still be right."""
    return {name: v for name, v in values.items() if not np.allclose(v, right[name])}


def draw_by_hand(rng):
    while True:
        arguments = {
            name: rng.integers(low, high, size=size).astype(float)
            for name, (low, high, size) in {
                "xs": (-2, 3, (2, 2)),
                "targets": (0, 5, (2, 2)),
                "h_0": (0, 3, 2),
                "W_x": (-2, 3, (2, 2)),
                "W_h": (-2, 3, (2, 2)),
                "W_o": (-2, 3, (2, 2)),
                "b_h": (-1, 3, 2),
                "b_o": (-1, 3, 2),
            }.items()
        }
        if is_good_by_hand(arguments):
            return arguments


def is_good_by_hand(arguments):
    """Small numbers, no corner, and every wrong idea shows."""
    given = {name: value for name, value in arguments.items() if name != "targets"}
    hs, ys = states(**given)
    # the cheap conditions first: most draws end here
    if max(hs.max(), ys.max()) > 8 or hs[1:].all() or ys.all() or not hs.any(axis=1).all():
        return False
    trace = run(**given)
    if not (trace.a_h.all() and trace.a_o.all()):
        return False
    first, second = right = by_hand_right(arguments)
    largest = max(np.abs(each).max() for part in right for each in part.values())
    if largest > 40 or not all(np.any(each) for part in right for each in part.values()):
        return False
    backs, collected = zip(
        *(values for values, *_ in by_hand_ideas(arguments).values()), strict=True
    )
    losses = [values for values, *_ in by_hand_losses(arguments).values()]
    # none of the ideas goes unseen, and none is taken for another
    seen = [
        where_wrong(a, first) or where_wrong(b, second)
        for a, b in [*zip(backs, collected, strict=True), *((each, {}) for each in losses)]
    ]
    together = (backs, first), (collected, second), (losses, first)
    return all(seen) and all(apart(ideas, right) for ideas, right in together)


def apart(ideas, right):
    """Whether those of the ideas that show differ from each other."""
    shown = [values for values in ideas if where_wrong(values, right)]
    return all(where_wrong(one, other) for one, other in combinations(shown, 2))


def by_hand(variant):
    arguments = as_arrays(variant.numbers("two steps", BY_HAND, draw_by_hand))
    first, second = by_hand_right(arguments)
    wrong_first, wrong_second = [], []
    for (a, b), *told_of in by_name(by_hand_ideas(arguments)):
        # all rows, right ones too: a slip in one row is not an idea that would show in more
        del a["total_loss"]
        wrong_first.append((where_wrong(a, first), a, *told_of))
        wrong_second.append((where_wrong(b, second), b, *told_of))
    for values, *told_of in by_name(by_hand_losses(arguments)):
        wrong_first.append((values, values, *told_of))
    numbers = "\n".join(
        [
            network_code("network", relu_elman(**{n: arguments[n] for n in WEIGHTS})),
            *(code(name, arguments[name]) for name in ("xs", "targets", "h_0")),
        ]
    )
    return [
        Typed(
            "back-by-hand",
            "The way back, by hand",
            first,
            texts={"two-steps": told(arguments), "back-by-hand-check": numbers},
            wrong=simplest_first(wrong_first),
        ),
        Typed(
            "gradients-by-hand",
            "The gradients, by hand",
            second,
            texts={"gradients-by-hand-check": numbers},
            wrong=simplest_first(wrong_second),
        ),
    ]


def by_name(ideas):
    """Each idea's values, name, hint and figure."""
    return [(values, name, hint, where) for name, (values, hint, where) in ideas.items()]


def simplest_first(ideas):
    """Those that show at all; first those that show in few places, which are theirs alone."""
    shown = sorted((each for each in ideas if each[0]), key=lambda each: len(each[0]))
    return [Wrong(name, partial(dict, a), hint, where) for _, a, name, hint, where in shown]


def told(arguments):
    """The network, its input, its targets, and its way forwards, as text."""
    weights = {name: arguments[name] for name in WEIGHTS}
    trace = run(arguments["xs"], arguments["h_0"], **weights)
    targets = " and ".join(
        f"$\\bar{{\\mathbf y}}({t}) = {row(target)}$"
        for t, target in enumerate(arguments["targets"], start=1)
    )
    lines = [
        formulas(relu_elman(**weights), arguments["xs"]),
        "",
        f"It starts from $\\mathbf h(0) = {row(arguments['h_0'])}$, and should answer {targets}. "
        "The way forwards is done:",
        "",
        "| $t$ | $\\mathbf a_h(t)$ | $\\mathbf h(t)$ | $\\mathbf a_o(t)$ | $\\mathbf y(t)$ |",
        "|---|---|---|---|---|",
    ]
    for t, (a_h, h, a_o, y) in enumerate(
        zip(trace.a_h, trace.h, trace.a_o, trace.y, strict=True), start=1
    ):
        cells = " | ".join(f"${row(each)}$" for each in (a_h, h, a_o, y))
        lines.append(f"| {t} | {cells} |")
    return "\n".join([*lines, ""])


def row(values):
    return "(" + ", ".join(f"{value + 0:g}" for value in values) + ")"


equivalent = {
    "sequence-loss, line 8: ys - targets → targets - ys": "a square has no sign",
    "numerical-gradient, line 9: np.zeros → np.ones": "every entry is overwritten",
}


def questions(variant):
    return [
        *by_hand(variant),
        Code(
            "sequence-loss",
            "The loss in code",
            "sequence_loss",
            cases(variant.rng("loss"), loss_expected),
            wrong=wrong_ideas(WRONG_LOSSES),
        ),
        Code(
            "numerical-gradient",
            "The gradient by finite differences",
            "numerical_gradient",
            cases(variant.rng("differences"), differences_expected, e=E),
            gradients={"dW_h": "W_h"},
            loss=lambda e, **arguments: right_loss(**arguments),
            wrong=wrong_ideas(WRONG_DIFFERENCES),
        ),
        Code(
            "elman-gradients",
            "Backpropagation through time in code",
            "elman_gradients",
            cases(variant.rng("gradients"), right_gradients),
            by_quantity=True,
            gradients=GRADIENTS,
            loss=right_loss,
            wrong=wrong_ideas(WRONG_WALKS, lambda parts: gradients_with(**parts)),
        ),
        Code(
            "truncated-gradients",
            "Truncation",
            "truncated_gradients",
            truncation_cases(variant.rng("truncation")),
            by_quantity=True,
            wrong=wrong_ideas(WRONG_TRUNCATIONS),
        ),
        Written("in-words", "In your own words"),
    ]
