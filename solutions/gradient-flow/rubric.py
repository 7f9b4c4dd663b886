"""How the assignment "How far a gradient reaches" is graded. Stays with the instructor."""

import numpy as np

from rnnlib import Elman, ElmanStep, Layer, bptt, flow, squared_error, training, unroll
from unrolled.judging.rubric import Case, Code, Typed, Written, Wrong
from unrolled.judging.variants import code

NEURON = "gradients#one-neuron-in-the-head"
MANY = "gradients#many-neurons"
IN_CODE = "gradients#the-same-in-code"
GROWS = "gradients#first-it-grows-then-it-vanishes"
SLOPES = "gradients#the-part-of-the-weights-the-part-of-the-slopes"
CLIPPING = "gradients#clipping-against-exploding"

equivalent = {
    "clip, line 12: norm > threshold → norm >= threshold": "where they are equal the factor is 1",
}


# one neuron, by hand


def neuron_run(w, xs):
    return unroll(Layer([[1]], [[w]], [0], "identity"), np.reshape(xs, (-1, 1)))


def gradients_of_w(trace, d):
    """∂L/∂w, what it is by the last step alone, and with y(t) in place of y(t−1)."""
    last = trace.y[-2, 0] * d.y[-1, 0]
    return [float(value) for value in (d.cell.W_y[0, 0], last, (trace.y * d.y).sum())]


def draw_neuron(rng):
    while True:
        w, xs = int(rng.choice([-3, -2, 2, 3])), rng.integers(-5, 6, size=4).tolist()
        trace = neuron_run(w, xs)
        target = int(trace.y[-1, 0]) + int(rng.choice([-3, -2, -1, 1, 2, 3]))
        d = bptt(trace, y=squared_error(trace.y, [target], steps="last").gradient)
        if np.abs(trace.y).max() < 10 and trace.y.all() and len({*gradients_of_w(trace, d)}) == 3:
            return w, xs, target


def one_neuron(variant):
    w, xs, target = variant.numbers("one neuron", (-2, [1, 3, 4, 5], 4), draw_neuron)
    trace = neuron_run(w, xs)
    d = bptt(trace, y=squared_error(trace.y, [target], steps="last").gradient)
    reach, dy1 = flow.product(trace, 1, 4).item(), d.y[0].item()
    dw, dw_last, dw_shifted = gradients_of_w(trace, d)
    statement = ", ".join(f"$x({t}) = {x}$" for t, x in enumerate(xs, start=1))
    return Typed(
        cell="one-neuron",
        title="One neuron, by hand",
        right={"one_reach": reach, "one_dy": dy1, "one_dw": dw},
        texts={
            "one-neuron-task": f"The weight is $w = {w}$, the input {statement}, and the target is "
            f"${target}$.",
            "one-neuron-check": "\n".join(
                [code("w", w), code("xs", np.reshape(xs, (-1, 1))), code("target", target)]
            ),
        },
        wrong=[
            Wrong(
                "one factor w too many",
                lambda: {"one_reach": reach * w},
                "How often does a change pass the weight between step 1 and step 4?",
                NEURON,
            ),
            Wrong(
                "one factor w too few",
                lambda: {"one_reach": reach / w},
                "How often does a change pass the weight between step 1 and step 4?",
                NEURON,
            ),
            Wrong(
                "w times the distance instead of its power",
                lambda: {"one_reach": 3 * w},
                "What does the second step do to what the first has made of the change?",
                NEURON,
            ),
            Wrong(
                "the sign is lost",
                lambda: {"one_reach": -reach},
                "Follow the sign of the change from step to step.",
                NEURON,
            ),
            Wrong(
                "the reach is taken for the gradient",
                lambda: {"one_dy": reach},
                "That is how far y(4) moves. By how much does the loss move with y(4)?",
                NEURON,
            ),
            Wrong(
                "the factor 2 of the square is forgotten",
                lambda: {"one_dy": dy1 / 2},
                "What is the derivative of a square?",
                NEURON,
            ),
            Wrong(
                "the gradient of the weight is that of the last step alone",
                lambda: {"one_dw": dw_last},
                "The weight takes part in more steps than the last. What does each of them add?",
                "gradients#step-through-it",
            ),
            Wrong(
                "y(t) stands where y(t−1) belongs, in the gradient of the weight",
                lambda: {"one_dw": dw_shifted},
                "With what is w multiplied at step t: with the output of which step?",
                "gradients#step-through-it",
            ),
        ],
    )


# two neurons with ReLU, by hand


def pair_trace(W_x, W_h, b_h, xs):
    n = len(W_h)
    return unroll(Elman(W_x, W_h, np.zeros((n, 1)), b_h, [0], g_h="relu"), xs)


def typed_pair(trace, g, J=None):
    """The four answers, with the Jacobians ``J`` of the steps 2 and 3 (the right ones if None)."""
    J_2, J_3 = flow.jacobians(trace)[1:] if J is None else J
    typed = {"J_2": J_2, "J_3": J_3, "reach": J_2 @ J_3, "back": g @ (J_2 @ J_3).T}
    return {name: value + 0.0 for name, value in typed.items()}  # nobody types −0


def wrong_pairs(trace, g):
    """The mistakes that people make in it: what is typed, by a short name."""
    W_h, slopes = flow.split(trace)
    right = typed_pair(trace, g)
    J = right["J_2"], right["J_3"]

    def jacobians(make):
        return typed_pair(trace, g, [make(t) for t in (1, 2)])

    return {
        "transposed": jacobians(lambda t: J[t - 1].T),
        "rows": jacobians(lambda t: slopes[t][:, None] * W_h),
        "no slopes": jacobians(lambda t: W_h),
        "slopes before": jacobians(lambda t: W_h * slopes[t - 1]),
        "states": jacobians(lambda t: W_h * trace.h[t]),
        "order": {"reach": J[1] @ J[0]},
        "no transposes": {"back": g @ J[0] @ J[1]},
        "no transposes, turned": {"back": g @ J[1] @ J[0]},
    }


def good_pair(trace, g):
    """Another neuron is off at step 3 than at step 2, and no mistake gives what is right."""
    right = typed_pair(trace, g)
    wrong = wrong_pairs(trace, g)
    apart = all(
        any(not np.array_equal(values[name], right[name]) for name in values)
        for values in wrong.values()
    )
    reaches = {str(values["reach"]) for values in wrong.values() if "reach" in values}
    backs = {str(wrong[key]["back"]) for key in ("transposed", "no transposes", "rows")}
    on = trace.a_h > 0
    differs = on[1, 0] != on[2, 0]
    return (
        apart
        and len(reaches) == 6
        and len(backs) == 3
        and trace.a_h.all()
        and np.abs(trace.a_h).max() < 20
        and on.sum(axis=1).tolist() == [2, 1, 1]
        and differs
        and right["back"].all()
    )


def draw_pair(rng):
    while True:
        W_x, W_h = rng.integers(-3, 4, size=(1, 2)), rng.integers(-3, 4, size=(2, 2))
        b_h, xs, g = (rng.integers(-2, 3, size=s) for s in (2, (3, 1), 2))
        if W_h.all() and g.all() and good_pair(pair_trace(W_x, W_h, b_h, xs), g):
            return tuple(array.tolist() for array in (W_x, W_h, b_h, xs, g))


def row(values):
    return "(" + ", ".join(f"{value:g}" for value in values) + ")"


def matrix(values):
    rows = (" & ".join(f"{value:g}" for value in each) for each in values)
    return "\\begin{bmatrix} " + " \\\\ ".join(rows) + " \\end{bmatrix}"


PAIR = ([[2, 0]], [[-3, 3], [2, -1]], [1, 1], [[1], [-2], [-2]], [2, -1])


def two_neurons(variant):
    W_x, W_h, b_h, xs, g = variant.numbers("two neurons", PAIR, draw_pair)
    trace, g = pair_trace(W_x, W_h, b_h, xs), np.array(g)
    wrong = wrong_pairs(trace, g)

    def idea(name, key, hint, figure=MANY):
        return Wrong(name, lambda: wrong[key], hint, figure)

    inputs = ", ".join(f"$x({t}) = {x:g}$" for t, (x,) in enumerate(xs, start=1))
    return Typed(
        cell="two-neurons",
        title="A Jacobian by hand",
        right=typed_pair(trace, g),
        texts={
            "two-neurons-task": f"$$W_x = {matrix(W_x)}, \\quad W_h = {matrix(W_h)}, \\quad "
            f"\\mathbf b_h = {row(b_h)}$$\n\nIts input is {inputs}. The loss has "
            f"$\\partial L / \\partial \\mathbf h(3) = {row(g)}$.",
            "two-neurons-check": "\n".join(
                [
                    f'network = Elman({W_x}, {W_h}, [[0], [0]], {b_h}, [0], g_h="relu")',
                    code("xs", np.array(xs)),
                    code("dh_3", g),
                ]
            ),
        },
        wrong=[
            idea(
                "the Jacobian is transposed",
                "transposed",
                "Which index says where the change comes from: the row's or the column's?",
            ),
            idea(
                "the slopes scale the rows of W_h, not the columns",
                "rows",
                "A slope belongs to the neuron that a change arrives at. Is that a row of W_h, or "
                "a column?",
            ),
            idea(
                "the slopes of the activation are left out",
                "no slopes",
                "What becomes of a change that arrives at a neuron which is off?",
                SLOPES,
            ),
            idea(
                "the slopes are those of the step before",
                "slopes before",
                "J(t) leads from h(t−1) to h(t). At the pre-activation of which step is the slope "
                "taken?",
            ),
            idea(
                "the state stands where its slope belongs",
                "states",
                "How much does a neuron that is on pass of a small change, however large its state "
                "is?",
                SLOPES,
            ),
            idea(
                "the Jacobians are multiplied in the wrong order",
                "order",
                "A change is a row and stands on the left. Which matrix does it meet first?",
                IN_CODE,
            ),
            idea(
                "the gradient goes back without transposes",
                "no transposes",
                "The gradient goes from h(3) back to h(1), against the direction of the change. "
                "What does this do to the matrix?",
                IN_CODE,
            ),
            idea(
                "the gradient goes back in the right order, but without transposes",
                "no transposes, turned",
                "You meet the steps in the right order. But the entry of row i and column j leads "
                "from i to j, and you go from j to i.",
                IN_CODE,
            ),
        ],
    )


# when it vanishes

# with these the norm falls below the bound, rises above it again, and falls once more
THERE_AND_BACK = [(3, 0.12), (4, 0.09), (5, 0.072), (10, 0.036), (4, 0.04), (5, 0.032), (10, 0.016)]
ENOUGH = 0.1


def powers(p, q, most=100):
    """The norms of W^d for d = 0 … ``most``."""
    network = Elman([[0, 0]], [[0, p], [q, 0]], [[0], [0]], [0, 0], [0], g_h="identity")
    return flow.norms(unroll(network, np.zeros((most, 1))))[::-1]


def vanishing(variant):
    p, q = variant.numbers(
        "vanishing",
        THERE_AND_BACK[0],
        lambda rng: THERE_AND_BACK[rng.integers(len(THERE_AND_BACK))],
    )
    W = np.array([[0, p], [q, 0]])
    small = powers(p, q) < ENOUGH
    first, for_good = int(np.argmax(small)), int(np.flatnonzero(~small)[-1]) + 1
    radius, largest = flow.spectral_radius(W), float(np.linalg.norm(W, 2))
    limit = 1 / flow.LARGEST_SLOPES["sigmoid"]
    by_radius = int(np.argmax(radius ** np.arange(100.0) < ENOUGH))
    return Typed(
        cell="vanishing",
        title="When it vanishes",
        right={
            "largest": largest,
            "radius": radius,
            "first_below": first,
            "stays_below": for_good,
            "limit_sigmoid": limit,
        },
        tolerance=0.005,
        texts={
            "vanishing-task": f"$$W_h = {matrix(W)}$$",
            "vanishing-check": code("W_h", W),
        },
        wrong=[
            Wrong(
                "singular value and spectral radius are mixed up",
                lambda: {"largest": radius, "radius": largest},
                "One of the two belongs to a single step, the other to the long run.",
                GROWS,
            ),
            Wrong(
                "the largest entry is taken for an eigenvalue",
                lambda: {"radius": largest},
                "What is W_h²? Its eigenvalues are the squares of those of W_h.",
                GROWS,
            ),
            Wrong(
                "the square of the spectral radius",
                lambda: {"radius": radius**2},
                "That is an eigenvalue of W_h². And one of W_h?",
                GROWS,
            ),
            Wrong(
                "the powers of the spectral radius are taken for the norms",
                lambda: {"first_below": by_radius},
                "The radius tells of the long run. Write down the norms themselves, one by one.",
                GROWS,
            ),
            Wrong(
                "below once is taken for below for good",
                lambda: {"stays_below": first},
                "What is the norm one step later?",
                GROWS,
            ),
            Wrong(
                "the last distance that is not below is counted",
                lambda: {"stays_below": for_good - 1},
                "Is the norm at this distance below the bound?",
                GROWS,
            ),
            Wrong(
                "the largest slope of tanh stands for that of the sigmoid",
                lambda: {"limit_sigmoid": 1},
                "That is the answer for tanh. How steep is a sigmoid at most?",
                SLOPES,
            ),
            Wrong(
                "the largest slope is taken for the limit",
                lambda: {"limit_sigmoid": 1 / limit},
                "That is the largest slope. Which weight times this slope is 1?",
                SLOPES,
            ),
        ],
    )


# in code


def hidden_layer(rng, k, n, size=1.0):
    """An Elman network of which only the hidden layer matters, all weights different."""
    W_x, b_h = rng.normal(size=(k, n)), rng.normal(size=n) / 2
    W_h = size * rng.normal(size=(n, n)) / np.sqrt(n)
    return Elman(W_x, W_h, np.zeros((n, 1)), b_h, [0])


def weights(network):
    return {name: getattr(network, name) for name in ("W_x", "W_h", "b_h")}


def run(xs, h_0, W_x, W_h, b_h):
    n = len(b_h)
    network = Elman(W_x, W_h, np.zeros((n, 1)), b_h, [0])
    return unroll(network, xs, ElmanStep(h=h_0))


def small_network():
    W_h = [[0.5, 1, 0], [-1, 0.5, 2], [1, 0, -0.5]]
    return Elman([[1, 0.5, -1], [0, 1, 0.5]], W_h, np.zeros((3, 1)), [0.5, -0.5, 0], [0])


SMALL_XS = [[1, 0], [0, 1], [1, 1]]


def step_case(title, network, x, h_before, hidden=True):
    arguments = {"x": np.asarray(x, float), "h_before": np.asarray(h_before, float)}
    trace = unroll(network, [arguments["x"]], ElmanStep(h=arguments["h_before"]))
    return Case(title, arguments | weights(network), {"J": flow.jacobians(trace)[0]}, hidden)


def sequence_case(title, network, xs, h_0, of, hidden=True):
    """A case whose right value ``of`` computes from a trace; ``of`` is (name, function)."""
    name, value = of
    arguments = {"xs": np.asarray(xs, float), "h_0": np.asarray(h_0, float)} | weights(network)
    return Case(title, arguments, {name: value(run(**arguments))}, hidden)


def sequence_cases(rng, of):
    small, wide = hidden_layer(rng, 3, 4), hidden_layer(rng, 5, 3, size=1.5)
    zeros = np.zeros(4)
    return [
        sequence_case("The example", small_network(), SMALL_XS, [0, 0, 0], of, hidden=False),
        sequence_case("A longer sequence", small, rng.normal(size=(6, 3)), zeros, of),
        sequence_case("Other sizes", wide, rng.normal(size=(4, 5)), rng.normal(size=3), of),
        sequence_case("A single time step", small, rng.normal(size=(1, 3)), rng.normal(size=4), of),
        sequence_case("Another sequence after it", small, rng.normal(size=(5, 3)), zeros, of),
    ]


def slope_ideas(of):
    """The mistakes in a single J(t), as Wrong of whatever ``of`` makes of all of them.

    ``of`` gets a function that computes J from (h, h_before, a, W_h), and returns the student's.
    """

    def idea(name, J, hint, figure=MANY):
        return Wrong(name, of(J), hint, figure)

    return [
        idea(
            "the slopes of tanh are left out",
            lambda h, before, a, W_h: W_h,
            "Between the pre-activation and the state there is tanh. What does it do to a change?",
            SLOPES,
        ),
        idea(
            "tanh itself stands where its slope belongs",
            lambda h, before, a, W_h: W_h * h,
            "You multiply by the state. How steep is tanh where the state is nearly 1?",
            SLOPES,
        ),
        idea(
            "the slope is taken of a, as if it were tanh(a)",
            lambda h, before, a, W_h: W_h * (1 - a**2),
            "The slope of tanh is never negative. Is yours? Look at what you square.",
            SLOPES,
        ),
        idea(
            "the slopes are those of the step before",
            lambda h, before, a, W_h: W_h * (1 - before**2),
            "J(t) ends at h(t). The slopes of which step belong to it?",
        ),
        idea(
            "the slopes scale the rows of W_h, not the columns",
            lambda h, before, a, W_h: (1 - h**2)[:, None] * W_h,
            "A slope belongs to the neuron that a change arrives at. Is that a row of W_h, or a "
            "column?",
        ),
        idea(
            "the Jacobian is transposed",
            lambda h, before, a, W_h: (W_h * (1 - h**2)).T,
            "The row is where a change comes from, the column where it goes to.",
        ),
    ]


def one_step(J):
    def jacobian(x, h_before, W_x, W_h, b_h):
        a = x @ W_x + h_before @ W_h + b_h
        return J(np.tanh(a), h_before, a, W_h)

    return jacobian


def all_steps(trace, J):
    before = np.concatenate([trace[0].h[None], trace.h[:-1]])
    W_h = trace.cell.W_h
    return [J(*each, W_h) for each in zip(trace.h, before, trace.a_h, strict=True)]


def multiplied(J):
    def jacobian_product(**arguments):
        return chain(all_steps(run(**arguments), J))

    return jacobian_product


def chain(matrices):
    whole = np.eye(len(matrices[0]))
    for each in matrices:
        whole = whole @ each
    return whole


def from_jacobians(of):
    """A student's function of the right Jacobians."""
    return lambda **arguments: of(flow.jacobians(run(**arguments)))


def without_bias(of):
    return lambda **arguments: of(**(arguments | {"b_h": np.zeros_like(arguments["b_h"])}))


def each_from_the_start(**arguments):
    """The Jacobians of somebody who never carries the state on."""
    xs = arguments.pop("xs")
    return chain([flow.jacobians(run(xs=x[None], **arguments))[0] for x in xs])


BIAS = ("the bias is forgotten", "Which part of the pre-activation is neither x nor h?")


def jacobian_question(variant):
    rng = variant.rng("jacobian")
    small, wide = hidden_layer(rng, 3, 4), hidden_layer(rng, 5, 2)
    cases = [
        step_case("The example", small_network(), [1, 0], [0.5, -0.5, 0.2], hidden=False),
        step_case("Other weights and sizes", small, rng.normal(size=3), rng.uniform(-1, 1, 4)),
        step_case("More inputs than neurons", wide, rng.normal(size=5), rng.uniform(-1, 1, 2)),
        step_case("No memory yet, h(t−1) = 0", small, rng.normal(size=3), np.zeros(4)),
    ]
    right = one_step(lambda h, before, a, W_h: W_h * (1 - h**2))
    wrong = [*slope_ideas(one_step), Wrong(BIAS[0], without_bias(right), BIAS[1], MANY)]
    return Code("jacobian", "The Jacobian in code", "jacobian", cases, wrong=wrong)


def product_question(variant):
    def whole(trace):
        return flow.product(trace, 0, len(trace))

    cases = sequence_cases(variant.rng("jacobian product"), ("product", whole))
    wrong = [
        Wrong(
            "the Jacobians are multiplied in the wrong order",
            from_jacobians(lambda J: chain(J[::-1])),
            "A change is a row and stands on the left. Which step does it meet first?",
            IN_CODE,
        ),
        Wrong(
            "the product is transposed",
            from_jacobians(lambda J: chain(J).T),
            "The row is where a change comes from, the column where it goes to.",
            MANY,
        ),
        Wrong(
            "the first step is left out",
            from_jacobians(lambda J: chain([np.eye(len(J[0])), *J[1:]])),
            "From h(0) to h(1) is a step, too.",
            MANY,
        ),
        Wrong(
            "the last step is left out",
            from_jacobians(lambda J: chain([np.eye(len(J[0])), *J[:-1]])),
            "Does your product reach h(T), or the step before it?",
            MANY,
        ),
        Wrong(
            "only the last Jacobian is returned",
            from_jacobians(lambda J: J[-1]),
            "What you return leads over one step. What becomes of those before it?",
            MANY,
        ),
        Wrong(
            "the Jacobians are multiplied entry by entry",
            from_jacobians(lambda J: np.prod(J, axis=0)),
            "A change of one neuron reaches all others. Which product of matrices adds these up?",
            "gradients#as-a-sum-over-paths",
        ),
        Wrong(
            "the Jacobians are added",
            from_jacobians(lambda J: np.sum(J, axis=0)),
            "What one step makes of a change goes into the next step. Is that a sum?",
            MANY,
        ),
        Wrong(
            "the state is not carried on",
            each_from_the_start,
            "J(2) has the slopes at a(2), and in a(2) there is h(1). Is there in yours?",
            IN_CODE,
        ),
        *slope_ideas(multiplied),
        Wrong(
            BIAS[0],
            without_bias(from_jacobians(chain)),
            BIAS[1],
            MANY,
        ),
    ]
    title = "A product of Jacobians"
    return Code("jacobian-product", title, "jacobian_product", cases, wrong=wrong)


def stretch(matrix):
    return np.linalg.norm(matrix, 2)


def sizes(J, of=stretch, part=lambda J, t: J[t:]):
    """``of`` the product of a ``part`` of J(1) … J(T), by default of J(t+1) … J(T); t = 0 … T."""
    start = np.eye(len(J[0]))
    return np.array([of(chain([start, *part(J, t)])) for t in range(len(J) + 1)])


def own_norms(J):
    return np.array([stretch(each) for each in J])


def measured(J):
    return lambda **arguments: sizes(all_steps(run(**arguments), J))


def norms_question(variant):
    cases = sequence_cases(variant.rng("norms"), ("norms", flow.norms))
    wrong = [
        Wrong(
            "the norm of the vector of all entries",
            from_jacobians(lambda J: sizes(J, np.linalg.norm)),
            "At t = T nothing has happened to the change yet. Which norm of the identity is 1?",
            "gradients#many-neurons",
        ),
        Wrong(
            "the spectral radius is taken for the norm",
            from_jacobians(lambda J: sizes(J, flow.spectral_radius)),
            "An eigenvalue tells of the long run. How much can a row become longer at most?",
            GROWS,
        ),
        Wrong(
            "the largest entry is taken for the norm",
            from_jacobians(lambda J: sizes(J, lambda matrix: np.abs(matrix).max())),
            "A change may move several neurons at once. How long can a row become?",
            GROWS,
        ),
        Wrong(
            "each Jacobian's own norm, not that of the product",
            from_jacobians(lambda J: np.append(own_norms(J), 1)),
            "Between t and T there are more steps than one.",
            MANY,
        ),
        Wrong(
            "the norms are multiplied, not the Jacobians",
            from_jacobians(lambda J: np.append(np.cumprod(own_norms(J)[::-1])[::-1], 1)),
            "That is a bound. What one step stretches most, the next may not stretch at all.",
            SLOPES,
        ),
        Wrong(
            "the norms of what step 0 does to step t, not of what step t does to step T",
            from_jacobians(lambda J: sizes(J, part=lambda J, t: J[:t])),
            "Which of your norms belongs to no step at all: the first, or the last?",
            "gradients#a-ledger-of-shapes",
        ),
        Wrong(
            "the norms are in the order of the distance, not of time",
            from_jacobians(lambda J: sizes(J)[::-1]),
            "Entry t belongs to step t. Where should the shortest distance stand?",
            "gradients#a-ledger-of-shapes",
        ),
        Wrong(
            "the Jacobians are multiplied in the wrong order",
            from_jacobians(lambda J: sizes(J, part=lambda J, t: J[t:][::-1])),
            "If you walk back from T, on which side of the product does each earlier Jacobian "
            "belong?",
            IN_CODE,
        ),
        *slope_ideas(measured)[:-1],  # a transposed product has the same norm
        Wrong(BIAS[0], without_bias(from_jacobians(sizes)), BIAS[1], MANY),
    ]
    return Code("norms", "Norms over distance", "norms", cases, wrong=wrong)


GRADIENTS = ("dW_x", "dW_h", "dW_o", "db_h", "db_o")


def gradient(rng, k, n, o, size):
    """Five arrays of random numbers, all of them together of length ``size``."""
    shapes = [(k, n), (n, n), (n, o), (n,), (o,)]
    arrays = [rng.normal(size=shape) for shape in shapes]
    length = np.sqrt(sum((array**2).sum() for array in arrays))
    return [array * size / length for array in arrays]


def clip_case(title, arrays, threshold, hidden=True):
    arrays = [np.asarray(array, float) for array in arrays]
    clipped = training.clip(Elman(*arrays), threshold)
    right = {f"d{name}": getattr(clipped, name) for name in ("W_x", "W_h", "W_o", "b_h", "b_o")}
    arguments = dict(zip(GRADIENTS, arrays, strict=True))
    return Case(title, arguments | {"threshold": threshold}, right, hidden)


def length_of(arrays):
    return np.sqrt(sum((array**2).sum() for array in arrays))


def scaled(factor):
    """A student's clip, where ``factor`` of the arrays and the threshold is what scales them."""

    def clip(dW_x, dW_h, dW_o, db_h, db_o, threshold):
        arrays = [dW_x, dW_h, dW_o, db_h, db_o]
        return tuple(array * factor(arrays, threshold) for array in arrays)

    return clip


def limited(length):
    """A student's clip whose norm is ``length``."""
    return scaled(lambda arrays, threshold: min(1, threshold / length(arrays)))


def array_by_array(change):
    def clip(dW_x, dW_h, dW_o, db_h, db_o, threshold):
        return tuple(change(array, threshold) for array in (dW_x, dW_h, dW_o, db_h, db_o))

    return clip


def clip_question(variant):
    rng = variant.rng("clip")
    example = [[[3, -1]], [[1, 2], [-2, 0]], [[2], [1]], [0, 1], [0]]
    sizes = [(2, 3, 1), (4, 2, 3), (3, 5, 2)]
    long, longer, short = (
        gradient(rng, *each, size=size) for each, size in zip(sizes, (4, 60, 0.5), strict=True)
    )
    spike, steep = (gradient(rng, *sizes[0], size=1.0) for _ in range(2))
    spike[1][2, 0] += 40  # a single entry of dW_h
    steep[3] *= 30  # all of db_h
    cases = [
        clip_case("The example", example, 2.5, hidden=False),
        clip_case("A gradient that is too long", long, 1.5),
        clip_case("One that is far too long", longer, 5.0),
        clip_case("One with a single large entry", spike, 3.0),
        clip_case("One that is long by its biases", steep, 2.0),
        clip_case("One that is short enough", short, 2.0),
        clip_case("A gradient of zeros", [np.zeros_like(array) for array in short], 1.0),
    ]
    wrong = [
        Wrong(
            "each entry is clipped by itself",
            array_by_array(lambda array, threshold: array.clip(-threshold, threshold)),
            "Does the gradient still point in the same direction? Compare the ratio of two entries "
            "before and after.",
            CLIPPING,
        ),
        Wrong(
            "each array is clipped by its own norm",
            array_by_array(
                lambda array, threshold: array * min(1, threshold / (length_of([array]) or 1))
            ),
            "All five arrays are one gradient. How many factors do you have?",
            CLIPPING,
        ),
        Wrong(
            "short gradients are made longer",
            scaled(lambda arrays, threshold: threshold / length_of(arrays)),
            "What should happen to a gradient that is shorter than the threshold?",
            CLIPPING,
        ),
        Wrong(
            "the gradient is made to have length 1, whatever the threshold",
            scaled(lambda a, threshold: 1 / length_of(a) if length_of(a) > threshold else 1),
            "How long is the gradient that you return? How long may it be?",
            CLIPPING,
        ),
        Wrong(
            "the root in the norm is forgotten",
            limited(lambda arrays: length_of(arrays) ** 2),
            "You divide by a sum of squares. Is that a length?",
            CLIPPING,
        ),
        Wrong(
            "the norms of the arrays are added",
            limited(lambda arrays: sum(length_of([array]) for array in arrays)),
            "Put all entries into one long vector. Is its length the sum of the lengths of its "
            "parts?",
            CLIPPING,
        ),
        Wrong(
            "the largest entry is taken for the norm",
            limited(lambda arrays: max(np.abs(array).max() for array in arrays)),
            "The norm is made of all entries, and not of one.",
            CLIPPING,
        ),
        Wrong(
            "the biases are left out of the norm",
            limited(lambda arrays: length_of(arrays[:3])),
            "The gradients of all parameters count in the norm. Do those of the biases in yours?",
            CLIPPING,
        ),
    ]
    return Code("clip", "Clipping", "clip", cases, wrong=wrong)


def questions(variant):
    return [
        one_neuron(variant),
        two_neurons(variant),
        vanishing(variant),
        jacobian_question(variant),
        product_question(variant),
        norms_question(variant),
        clip_question(variant),
        Written("in-words", "In your own words"),
    ]
