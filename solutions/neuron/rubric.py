"""How the assignment "Recurrent neurons" is graded. Stays with the instructor."""

from functools import partial

import numpy as np

from rnnlib import Layer, LayerStep, unroll
from rnnlib.parameters import parameters
from unrolled.judging.rubric import Case, Code, Typed, Written, Wrong, changed
from unrolled.judging.variants import formulas, literal

# What is right, as rnnlib has it, in the form in which the students write it. ----------------


def neuron_forward(xs, y_0, w_x, w_y, b, phi="relu"):
    neuron = Layer(np.reshape(w_x, (-1, 1)), np.reshape(w_y, (1, 1)), np.reshape(b, 1), phi)
    return unroll(neuron, xs, LayerStep(y=np.reshape(y_0, 1))).y[:, 0]


def stack_weights(W_x, W_y):
    return np.concatenate([W_x, W_y])


def layer_step(X, Y_before, W, b, phi="relu"):
    k = np.shape(X)[1]
    return Layer(W[:k], W[k:], b, phi).step(X, LayerStep(y=Y_before)).y


def layer_forward(xs, Y_0, W_x, W_y, b, phi="relu"):
    return unroll(Layer(W_x, W_y, b, phi), xs, LayerStep(y=Y_0)).y


# Wrong ideas. ---------------------------------------------------------------------------------


BIAS = "The sum inside the activation has three shares. Have you counted those in your line?"
MEMORY = "What is read at each step beside the input?"
RELU = "What does the activation make of a negative sum?"
TURNED = "An entry of a product runs along the vector and down one column of the matrix, not a row."
COLUMNS = "Vectors are rows here. On which side of its matrix does a row stand?"
START = "The output before the first step is an argument. Where do you use it?"
HANDED = "Each step needs the output of the step before it. Does yours hand it over?"
RAW = "Is it the output that goes back, or the sum before the activation?"
EARLY = "Is the output put on record before its step or after it?"
SHORT = "How many terms has the input, and how many steps has your loop?"
LAST = "Each step's output is asked for. Does your loop keep them, or only that of its end?"
ORDER = "The row and the stacked matrix must have the same order. Which comes first in each?"
STACK = "Which of the two matrices meets the input? How many rows has it?"
AXES = "Which axis is time, which one has the instances?"
MIXED = "Every instance has a memory of its own. Where do two of them meet in yours?"
ROWS = "Each neuron has one bias, each instance one row. To what do you add the biases?"


def raw_fed_back(xs, y_0, w_x, w_y, b):
    """The activation is applied to what is put out, but not to what goes back."""
    return np.maximum(0, neuron_forward(xs, y_0, w_x, w_y, b, "identity"))


NEURON = [
    Wrong(name, values, hint, f"neuron#{heading}")
    for name, values, hint, heading in [
        (
            "the bias is forgotten",
            changed(neuron_forward, b=np.zeros_like),
            BIAS,
            "the-equation",
        ),
        (
            "y(0) is taken as zero",
            changed(neuron_forward, y_0=np.zeros_like),
            START,
            "where-does-y-0-come-from",
        ),
        (
            "the memory is left out",
            changed(neuron_forward, w_y=np.zeros_like),
            MEMORY,
            "step-through-it",
        ),
        (
            "the activation is forgotten",
            partial(neuron_forward, phi="identity"),
            RELU,
            "the-equation",
        ),
        ("the sum before the activation is fed back", raw_fed_back, RAW, "the-equation"),
        (
            "every step starts from y(0)",
            lambda xs, **others: np.array([neuron_forward(x[None], **others)[0] for x in xs]),
            HANDED,
            "the-same-in-code",
        ),
        (
            "the record begins with y(0)",
            lambda xs, y_0, **weights: np.array([y_0, *neuron_forward(xs, y_0, **weights)[:-1]]),
            EARLY,
            "the-same-in-code",
        ),
        (
            "one step too few",
            lambda xs, **others: neuron_forward(xs[:-1], **others),
            SHORT,
            "a-ledger-of-shapes",
        ),
        (
            "the last output is returned for all",
            lambda **arguments: neuron_forward(**arguments)[-1],
            LAST,
            "a-ledger-of-shapes",
        ),
    ]
]

ONE_MATRIX = "batch#one-matrix-instead-of-two"
STACKED = [
    Wrong("W_y stands on top", lambda W_x, W_y: stack_weights(W_y, W_x), ORDER, ONE_MATRIX),
    Wrong(
        "the matrices stand side by side",
        lambda W_x, W_y: np.concatenate([W_x, W_y], axis=1),
        "How many columns has the product to have? So how many has the stack?",
        ONE_MATRIX,
    ),
    Wrong(
        "the matrices are added",
        lambda W_x, W_y: W_x + W_y,
        "Both matrices are to be there still. Which shape has the stack?",
        "batch#a-ledger-of-shapes",
    ),
    Wrong(
        "the stack is transposed",
        lambda W_x, W_y: stack_weights(W_x, W_y).T,
        "Rows or columns: which of the two belongs to a neuron?",
        "layer#rows-or-columns",
    ),
    Wrong(
        "W_y is transposed",
        changed(stack_weights, W_y=np.transpose),
        "The matrices are stacked as they are. Is something turned around?",
        "layer#rows-or-columns",
    ),
]


def memory_first(X, Y_before, W, b):
    """[Y, X] before a stack that has W_x on top."""
    k = X.shape[1]
    both = np.concatenate([Y_before, X], axis=1)
    return layer_step(both[:, :k], both[:, k:], W, b)


def bias_after(X, Y_before, W, b):
    return layer_step(X, Y_before, W, np.zeros_like(b)) + b


def bias_down(X, Y_before, W, b):
    """A bias for each instance: only where there are as many instances as neurons."""
    return np.maximum(0, layer_step(X, Y_before, W, b * 0, "identity") + np.reshape(b, (-1, 1)))


STEP = [
    Wrong(
        "the bias is forgotten", changed(layer_step, b=np.zeros_like), BIAS, "layer#the-equation"
    ),
    Wrong(
        "the activation is forgotten",
        partial(layer_step, phi="identity"),
        RELU,
        "layer#the-equation",
    ),
    Wrong(
        "the memory is left out",
        changed(layer_step, Y_before=np.zeros_like),
        MEMORY,
        "batch#the-equation",
    ),
    Wrong("[Y, X] stands before W_x on W_y", memory_first, ORDER, ONE_MATRIX),
    Wrong("the bias is added after the activation", bias_after, BIAS, "layer#the-equation"),
    Wrong("the biases are added down the columns", bias_down, ROWS, "batch#the-equation"),
    Wrong(
        "all instances share the first one's memory",
        lambda Y_before, **others: layer_step(Y_before=Y_before[[0] * len(Y_before)], **others),
        MIXED,
        "batch#step-through-one-row",
    ),
    Wrong(
        "the instances are summed up",
        lambda **arguments: layer_step(**arguments).sum(axis=0),
        "Each instance has an output of its own. How many rows has Y(t)?",
        "batch#a-ledger-of-shapes",
    ),
]


def other_axis(xs, Y_0, **weights):
    """The instances are taken for the steps."""
    return layer_forward(np.swapaxes(xs, 0, 1), Y_0, **weights)


def carried_on(xs, Y_0, **weights):
    """Each instance goes on where the one before it ended."""
    ys, y = [], Y_0[:1]
    for i in range(xs.shape[1]):
        ys.append(layer_forward(xs[:, i : i + 1], y, **weights))
        y = ys[-1][-1]
    return np.concatenate(ys, axis=1)


def stacked_wrongly(xs, Y_0, W_x, W_y, b):
    """[X, Y] before a stack that has W_y on top."""
    ys, Y = [], Y_0
    for X in xs:
        Y = layer_step(X, Y, stack_weights(W_y, W_x), b)
        ys.append(Y)
    return np.array(ys)


LAYER = [
    Wrong(name, values, hint, figure)
    for name, values, hint, figure in [
        (
            "the bias is forgotten",
            changed(layer_forward, b=np.zeros_like),
            BIAS,
            "layer#the-equation",
        ),
        (
            "the activation is forgotten",
            partial(layer_forward, phi="identity"),
            RELU,
            "layer#the-equation",
        ),
        (
            "the memory is left out",
            changed(layer_forward, W_y=np.zeros_like),
            MEMORY,
            "layer#step-through-it",
        ),
        (
            "W_y is transposed",
            changed(layer_forward, W_y=np.transpose),
            TURNED,
            "layer#rows-or-columns",
        ),
        (
            "both matrices are transposed",
            changed(layer_forward, W_x=np.transpose, W_y=np.transpose),
            COLUMNS,
            "layer#rows-or-columns",
        ),
        ("W_y stands on top of the stack", stacked_wrongly, ORDER, ONE_MATRIX),
        (
            "every step starts from Y(0)",
            lambda xs, Y_0, **weights: np.array(
                [layer_forward(X[None], Y_0, **weights)[0] for X in xs]
            ),
            HANDED,
            "layer#the-same-in-code",
        ),
        (
            "Y(0) is taken as zero",
            changed(layer_forward, Y_0=np.zeros_like),
            START,
            "neuron#where-does-y-0-come-from",
        ),
        (
            "the record begins with Y(0)",
            lambda xs, Y_0, **weights: np.array([Y_0, *layer_forward(xs, Y_0, **weights)[:-1]]),
            EARLY,
            "layer#the-same-in-code",
        ),
        ("instances are taken for steps", other_axis, AXES, "batch#four-sequences-three-steps"),
        (
            "the instances stand first in what is returned",
            lambda **arguments: np.swapaxes(layer_forward(**arguments), 0, 1),
            AXES,
            "batch#four-sequences-three-steps",
        ),
        (
            "the memory is carried over from one instance to the next",
            carried_on,
            MIXED,
            "batch#step-through-one-row",
        ),
        (
            "one step too few",
            lambda xs, **others: layer_forward(xs[:-1], **others),
            SHORT,
            "batch#a-ledger-of-shapes",
        ),
        (
            "the last output is returned for all",
            lambda **arguments: layer_forward(**arguments)[-1],
            LAST,
            "batch#a-ledger-of-shapes",
        ),
    ]
]


# By hand. -------------------------------------------------------------------------------------


def typed_wrong(right, ideas):
    """Ideas as (name, values, hint, figure), of each only the values that are not right."""

    def of_idea(values):
        found = {name: v for name, v in values.items() if not np.array_equal(v, right[name])}
        return lambda: found

    return [Wrong(name, of_idea(values), hint, figure) for name, values, hint, figure in ideas]


def by_step(name, ys):
    return {f"{name}_{t}": np.asarray(y) for t, y in enumerate(ys, start=1)}


def draw_until_all_shows(draw, question):
    """A drawer that draws until each wrong idea of the ``question`` comes to something else."""

    def drawer(rng):
        while True:
            numbers = draw(rng)
            asked = question(*numbers)
            values = np.concatenate([np.ravel(v) for v in asked.right.values()])
            differ = len({v.tobytes() for v in asked.right.values()}) == len(asked.right)
            good = values.max() <= 40 and differ and 0 < np.mean(values > 0) < 1
            silent = [v.ndim and not v.any(axis=-1).all() for v in asked.right.values()]
            if good and not any(silent) and all(idea.values() for idea in asked.wrong):
                return numbers

    return drawer


def small(rng, *shape):
    return rng.integers(-3, 4, size=shape)


def draw_neuron(rng):
    return small(rng, 4, 2), small(rng, 2), small(rng), small(rng)


def matrix(rows):
    text = " \\\\ ".join(" & ".join(f"{value:g}" for value in row) for row in rows)
    return f"\\begin{{bmatrix}} {text} \\end{{bmatrix}}"


def spelled(layer):
    """A layer as code."""
    weights = ", ".join(f"{name}={literal(value)}" for name, value in parameters(layer).items())
    return f'Layer({weights}, phi="relu")'


def neuron_by_hand(xs, w_x, w_y, b):
    numbers = {"xs": xs, "y_0": 0, "w_x": w_x, "w_y": w_y, "b": b}
    right = by_step("y", neuron_forward(**numbers))
    ideas = {idea.name: idea for idea in NEURON}
    known = [
        "the bias is forgotten",
        "the memory is left out",
        "the activation is forgotten",
        "the sum before the activation is fed back",
    ]
    inputs = ", ".join(f"$\\mathbf x({t}) = ({x[0]}, {x[1]})$" for t, x in enumerate(xs, start=1))
    layer = Layer(np.reshape(w_x, (-1, 1)), [[w_y]], [b], "relu")
    return Typed(
        cell="neuron-by-hand",
        title="A neuron by hand",
        right=right,
        wrong=typed_wrong(
            right,
            [
                (name, by_step("y", ideas[name].values(**numbers)), ideas[name].hint, where)
                for name in known
                for where in [ideas[name].figure]
            ],
        ),
        texts={
            "neuron-by-hand-task": f"$$\\mathbf w_x = ({w_x[0]}, {w_x[1]}), \\quad w_y = {w_y}, "
            f"\\quad b = {b}$$\n\nIts input is {inputs}.",
            "neuron-by-hand-check": f"neuron = {spelled(layer)}\nxs = {literal(xs)}",
        },
    )


def layer_ideas(name, run, xs, layer):
    """What comes of four mistakes with a layer; ``run(layer, xs)`` gives the outputs."""
    W_x, W_y, b = parameters(layer).values()
    wrong = [
        ("the bias is forgotten", Layer(W_x, W_y, 0 * b, "relu"), BIAS, "layer#the-equation"),
        ("the memory is left out", Layer(W_x, 0 * W_y, b, "relu"), MEMORY, "layer#step-through-it"),
        ("W_y is transposed", Layer(W_x, W_y.T, b, "relu"), TURNED, "layer#rows-or-columns"),
        ("the activation is forgotten", Layer(W_x, W_y, b, "identity"), RELU, "layer#the-equation"),
    ]
    return [(idea, by_step(name, run(other, xs)), *where) for idea, other, *where in wrong]


def outputs(layer, xs):
    return unroll(layer, xs).y


def draw_layer(rng):
    return small(rng, 2, 3), small(rng, 3, 3), small(rng, 3), small(rng, 3, 2), small(rng, 2, 2)


def layer_by_hand(W_x, W_y, b, xs, second):
    layer = Layer(W_x, W_y, b, "relu")
    right = by_step("layer_y", outputs(layer, xs))
    return Typed(
        cell="layer-by-hand",
        title="A layer by hand",
        right=right,
        wrong=typed_wrong(right, layer_ideas("layer_y", outputs, xs, layer)),
        texts={
            "layer-by-hand-task": formulas(layer, xs),
            "layer-by-hand-check": f"layer = {spelled(layer)}\nxs = {literal(xs)}",
        },
    )


def batch_by_hand(W_x, W_y, b, xs, second):
    """Two sequences: the first two terms of the layer's, and another one."""
    layer, batch = Layer(W_x, W_y, b, "relu"), np.stack([xs[:2], second], axis=1)
    right = by_step("Y", outputs(layer, batch))
    first, last = outputs(layer, batch[:, 0]), outputs(layer, batch[:, 0])[-1]
    after_it = unroll(layer, second, LayerStep(y=last)).y
    mistakes = [
        (
            "instances are taken for steps",
            by_step("Y", outputs(layer, np.swapaxes(batch, 0, 1))),
            AXES,
            "batch#four-sequences-three-steps",
        ),
        (
            "the memory is carried over from one instance to the next",
            by_step("Y", np.stack([first, after_it], axis=1)),
            MIXED,
            "batch#step-through-one-row",
        ),
        *layer_ideas("Y", outputs, batch, layer),
    ]
    tables = ", \\quad ".join(f"X({t}) = {matrix(X)}" for t, X in enumerate(batch, start=1))
    return Typed(
        cell="batch-by-hand",
        title="A batch by hand",
        right=right,
        wrong=typed_wrong(right, mistakes),
        texts={
            "batch-by-hand-task": f"$${tables}$$",
            "batch-by-hand-check": f"layer = {spelled(layer)}\nxs = {literal(batch)}",
        },
    )


def both_by_hand(*numbers):
    """The two questions as one, so that the numbers are good for both."""
    layer, batch = layer_by_hand(*numbers), batch_by_hand(*numbers)
    return Typed("both", "", {**layer.right, **batch.right}, wrong=[*layer.wrong, *batch.wrong])


def draw_sizes(rng):
    """k, l, m, T: all different, and m different from k + l."""
    k, l, m, T = (int(size) for size in rng.permutation([2, 3, 4, 6]))  # noqa: E741
    return k, l, m + 6, T


def shapes(k, l, m, T):  # noqa: E741
    right = {
        "shape_X": (m, k),
        "shape_W_x": (k, l),
        "shape_W_y": (l, l),
        "shape_XY": (m, k + l),
        "shape_W": (k + l, l),
        "shape_ys": (T, m, l),
    }
    ledger = "batch#a-ledger-of-shapes"
    ideas = [
        (
            "W_x and W are those of columns",
            {"shape_W_x": (l, k), "shape_W": (l, k + l)},
            "With rows the matrix stands on the right. What does each of its rows meet?",
            "layer#rows-or-columns",
        ),
        (
            "vectors are columns of the batch",
            {"shape_X": (k, m), "shape_XY": (k + l, m)},
            "Is an instance a row of the batch or a column?",
            ledger,
        ),
        (
            "W_y is taken for another W_x",
            {"shape_W_y": (k, l)},
            "What does W_y meet: the input, or the layer's own output?",
            "layer#the-equation",
        ),
        (
            "the two are stacked in the other direction",
            {"shape_XY": (2 * m, k), "shape_W": (k, 2 * l)},
            "Which of the two grows by the stacking, the rows or the columns?",
            ONE_MATRIX,
        ),
        (
            "the instances stand first",
            {"shape_ys": (m, T, l)},
            AXES,
            "batch#four-sequences-three-steps",
        ),
        (
            "the outputs are those of the last step",
            {"shape_ys": (m, l)},
            "The outputs of all time steps are asked for. Which axis is missing?",
            ledger,
        ),
        (
            "the outputs have the input's size",
            {"shape_ys": (T, m, k)},
            "How many numbers does the layer put out for one instance at one step?",
            ledger,
        ),
    ]
    return Typed(
        cell="shapes",
        title="Shapes",
        right=right,
        wrong=typed_wrong(right, ideas),
        texts={
            "shapes-task": f"The layer has $l = {l}$ neurons and reads $m = {m}$ sequences of "
            f"$T = {T}$ terms with $k = {k}$ numbers each.",
            "shapes-check": f"k, l, m, T = {k}, {l}, {m}, {T}",
        },
    )


NEURON_NUMBERS = np.array([[1, 0], [4, 1], [1, 2], [3, 0]]), np.array([2, -1]), -2, 1
LAYER_NUMBERS = tuple(
    map(
        np.array,
        (
            [[1, 2, -2], [2, -1, 2]],
            [[0, 1, 0], [0, -2, 0], [-2, 0, 2]],
            [1, -1, 0],
            [[2, 2], [0, 2], [1, 1]],
            [[-1, 0], [1, 2]],
        ),
    )
)


def by_hand(variant):
    draw = draw_until_all_shows(draw_layer, both_by_hand)
    layer = variant.numbers("layer", LAYER_NUMBERS, draw)
    draw = draw_until_all_shows(draw_neuron, neuron_by_hand)
    return [
        neuron_by_hand(*variant.numbers("neuron", NEURON_NUMBERS, draw)),
        layer_by_hand(*layer),
        batch_by_hand(*layer),
        shapes(*variant.numbers("shapes", (2, 5, 4, 3), draw_sizes)),
    ]


# In code. -------------------------------------------------------------------------------------


def lively(ys):
    """Whether both branches of ReLU occur, and the memory is never all zeros."""
    rows = ys.reshape(-1, ys.shape[-1])
    return 0 < np.mean(ys > 0) < 1 and rows.any(axis=1).all()


def draw(rng, T, m, k, l, started=False):  # noqa: E741
    """Random weights, all different, and a batch on which every part of the layer shows.

    Returns the arguments of ``layer_forward``.
    """
    while True:
        W_x, W_y, b = (rng.normal(size=shape) for shape in [(k, l), (l, l), (l,)])
        Y_0 = rng.uniform(0.5, 1.5, size=(m, l)) if started else np.zeros((m, l))
        arguments = {"xs": rng.normal(size=(T, m, k)), "Y_0": Y_0, "W_x": W_x, "W_y": W_y, "b": b}
        ys = layer_forward(**arguments)
        if lively(ys) and ys.max() < 50:
            return arguments


def draw_one(rng, T, k, started=False):
    """As ``draw``, for a single neuron: its memory is there more often than not."""
    while True:
        w_x = rng.normal(size=k)
        w_y, b = (float(rng.choice([-1, 1]) * rng.uniform(0.4, 1.2)) for _ in range(2))
        y_0 = float(rng.uniform(1, 2)) if started else 0.0
        arguments = {"xs": rng.normal(size=(T, k)), "y_0": y_0, "w_x": w_x, "w_y": w_y, "b": b}
        ys = neuron_forward(**arguments)
        if (T == 1 and ys[0] > 0) or (np.mean(ys > 0) > 0.5 and 0 in ys[:-1]):
            return arguments


def case(right, name, title, hidden=True, **arguments):
    return Case(title, arguments, {name: right(**arguments)}, hidden)


def neuron_cases(variant):
    rng, of = variant.rng("one neuron"), partial(case, neuron_forward, "y")
    xs, w_x = np.array([[4, 1], [2, 0], [0, 3], [2, 0]]), np.array([1, -2])
    book = {"xs": xs, "y_0": 0, "w_x": w_x, "w_y": 2, "b": -1}
    longer = draw_one(rng, 9, 3)
    return [
        of("The book's example", **book, hidden=False),
        of("A longer sequence", **longer),
        of("A single input", **draw_one(rng, 6, 1)),
        of("An output y(0) that is not zero", **draw_one(rng, 5, 2, started=True)),
        of("A single time step", **draw_one(rng, 1, 4, started=True)),
        of("The longer sequence once more", **longer),
    ]


W_X, W_Y, B = [[1, 0, -1], [0, 2, 1]], [[0, 1, 0], [1, 0, 0], [0, -1, 1]], [0, 1, 0]
BATCH = [
    [[1, 0], [0, 1], [2, 1], [0, 0]],
    [[0, 1], [1, 1], [0, 0], [0, 0]],
    [[2, 0], [0, 1], [1, 0], [0, 0]],
]


def stack_cases(variant):
    rng, of = variant.rng("stacking"), partial(case, stack_weights, "W")
    return [
        of("The book's layer", W_x=np.array(W_X), W_y=np.array(W_Y), hidden=False),
        *(
            of(title, W_x=rng.normal(size=(k, size)), W_y=rng.normal(size=(size, size)))
            for title, k, size in [
                ("More inputs than neurons", 5, 2),
                ("More neurons than inputs", 3, 4),
                ("As many inputs as neurons", 3, 3),
                ("A single neuron", 2, 1),
            ]
        ),
    ]


def step_case(title, hidden=True, *, xs, Y_0, W_x, W_y, b):
    W = stack_weights(W_x, W_y)
    return case(layer_step, "Y", title, hidden, X=xs[0], Y_before=Y_0, W=W, b=b)


def book_layer():
    """The layer of the book's chapter on batches with its input."""
    return {"xs": np.array(BATCH), "Y_0": np.zeros((4, 3)), "W_x": np.array(W_X)} | {
        "W_y": np.array(W_Y),
        "b": np.array(B),
    }


def step_cases(variant):
    rng, book = variant.rng("one step of a batch"), book_layer()
    third = book | {"xs": book["xs"][2:], "Y_0": layer_forward(**book)[1]}
    return [
        step_case("The book's third step", **third, hidden=False),
        step_case("Other weights and sizes", **draw(rng, 1, 4, 3, 5, started=True)),
        step_case("More inputs than neurons", **draw(rng, 1, 3, 5, 2, started=True)),
        step_case("As many instances as neurons", **draw(rng, 1, 4, 2, 4, started=True)),
        step_case("A batch of one", **draw(rng, 1, 1, 3, 4, started=True)),
    ]


def layer_cases(variant):
    rng, of = variant.rng("a batch of sequences"), partial(case, layer_forward, "y")
    longer = draw(rng, 7, 4, 3, 5)
    return [
        of("The book's batch", **book_layer(), hidden=False),
        of("A longer batch", **longer),
        of("An output Y(0) that is not zero", **draw(rng, 4, 3, 5, 4, started=True)),
        of("As many instances as steps", **draw(rng, 4, 4, 2, 5, started=True)),
        of("As many inputs as neurons", **draw(rng, 4, 2, 3, 3, started=True)),
        of("A batch of one", **draw(rng, 5, 1, 3, 4)),
        of("A single time step", **draw(rng, 1, 5, 2, 3, started=True)),
        of("The longer batch once more", **longer),
    ]


def questions(variant):
    return [
        *by_hand(variant),
        Code(
            "neuron-forward",
            "A neuron in code",
            "neuron_forward",
            neuron_cases(variant),
            over_time=True,
            wrong=NEURON,
        ),
        Code(
            "stack-weights",
            "One matrix of two",
            "stack_weights",
            stack_cases(variant),
            wrong=STACKED,
        ),
        Code("layer-step", "One step of a batch", "layer_step", step_cases(variant), wrong=STEP),
        Code(
            "layer-forward",
            "A batch of sequences",
            "layer_forward",
            layer_cases(variant),
            over_time=True,
            wrong=LAYER,
        ),
        Written("in-words", "In your own words"),
    ]


equivalent = {
    "neuron-forward, line 15: x @ w_x → w_x @ x": "of two vectors it is the same inner product",
}
