"""How the assignment "A training loop of your own" is graded. Stays with the instructor."""

import numpy as np

from rnnlib import SGD, Elman, bptt, squared_error, unroll
from rnnlib.parameters import parameters
from rnnlib.tasks import Echo
from unrolled.judging.rubric import Case, Code, Reach, Typed, Written, Wrong, from_trace
from unrolled.judging.variants import code

LOSS = "training#how-wrong-is-a-sequence"
MEAN = "training#the-sum-over-time-or-the-mean"
STEP = "training#one-step-downhill"
FORWARD = "elman#the-equations"
MEMORY = "elman#memory"
BATCH = "batch#the-equation"
BACK = "bptt#the-equations"
SUM = "bptt#why-a-sum-over-time"

WEIGHTS = ("W_x", "W_h", "W_o", "b_h", "b_o")
NEURONS = 16
AT_MOST, PARTLY = 0.15, 0.5
"""Of the squared error, summed over the steps, the first five included.

Without memory nobody gets below 10/3. Gradients that are cut off at each step, or left out but for
the output's, end between 0.5 and 2; the right ones between 0.005 and 0.08.
"""

RECIPE = "another recipe, which trains as well: how to train is up to the student"
equivalent = {
    "gradients, line 24: (0, 1) → (1, 0)": "it does not matter which axis is summed first",
    "train, line 13: 4 → 5": RECIPE,
    "train, line 14: 4 → 5": RECIPE,
    "train, line 16: np.zeros → np.ones": RECIPE,
    "train, line 18: 2500 → 2501": RECIPE,
    "train, line 19: 0 → 1": "one of the four hundred sequences is left out",
    "train, line 19: 32 → 33": RECIPE,
}


# a loss by hand


def draw_outputs(rng):
    """Outputs and targets of four sequences of three steps, and a bias.

    Every step counts, and no mistake in the loss or in the step gives what another one gives.
    """
    while True:
        ys, targets = rng.integers(-2, 3, size=(3, 4)), rng.integers(-2, 3, size=(3, 4))
        errors, b_o = ys - targets, int(rng.integers(-3, 4))
        total, last, squares = errors.sum(), errors[-1].sum(), (errors**2).sum()
        losses = {squares, squares / 3, squares * 4, np.abs(errors).sum()}
        steps = {0, total, -total, last, total / 3}
        if np.abs(errors).max() < 4 and b_o and len(losses) == 4 and len(steps) == 5:
            return ys.tolist(), targets.tolist(), b_o


OUTPUTS = (
    [[1, 0, 2, -1], [0, 1, 1, 2], [2, -1, 0, 1]],
    [[1, 1, 0, -1], [2, 1, 0, 0], [1, 1, -1, -1]],
    1,
)
RATE = 0.1


def matrix(values):
    rows = (" & ".join(map(str, each)) for each in values)
    return "\\begin{bmatrix} " + " \\\\ ".join(rows) + " \\end{bmatrix}"


def loss_by_hand(variant):
    ys, targets, b_o = variant.numbers("loss", OUTPUTS, draw_outputs)
    loss = squared_error(*(np.array(each, float)[..., None] for each in (ys, targets)))
    dy, value = loss.gradient[..., 0], float(loss.value)
    db_o = dy.sum()
    T, m = dy.shape
    return Typed(
        cell="loss-by-hand",
        title="A loss by hand",
        right={"loss_value": value, "dy": dy, "new_b_o": b_o - RATE * db_o},
        texts={
            "loss-by-hand-task": f"$$Y = {matrix(ys)}, \\qquad \\bar Y = {matrix(targets)}, "
            f"\\qquad b_o = {b_o}$$",
            "loss-by-hand-check": "\n".join(
                [code("ys", ys), code("targets", targets), code("b_o", b_o)]
            ),
        },
        wrong=[
            Wrong(
                "the mean is taken over the steps, too",
                lambda: {"loss_value": value / T},
                "Over which of the two is the sum taken, and over which the mean?",
                MEAN,
            ),
            Wrong(
                "the sum is taken over the sequences, too",
                lambda: {"loss_value": value * m},
                "How many sequences are there? What happens to their losses?",
                LOSS,
            ),
            Wrong(
                "the errors are not squared",
                lambda: {"loss_value": float(np.abs(dy).sum() / 2)},
                "What is done to each error before they are added?",
                LOSS,
            ),
            Wrong(
                "the factor 2 of the square is forgotten in the gradient",
                lambda: {"dy": dy / 2},
                "What is the derivative of a square?",
                LOSS,
            ),
            Wrong(
                "the gradient is that of the sum over the batch, not of the mean",
                lambda: {"dy": dy * m},
                "The loss is a mean over the sequences. What does this do to its derivative?",
                LOSS,
            ),
            Wrong(
                "the gradient has the wrong sign",
                lambda: {"dy": 0.0 - dy},
                "If an output is too large and grows, does the loss rise or fall?",
                LOSS,
            ),
            Wrong(
                "the step goes uphill",
                lambda: {"new_b_o": b_o + RATE * db_o},
                "The gradient points to where the loss rises.",
                STEP,
            ),
            Wrong(
                "the bias gets its gradient from the last step alone",
                lambda: {"new_b_o": b_o - RATE * dy[-1].sum()},
                "The bias takes part in every step. Does each of them count in your gradient?",
                SUM,
            ),
            Wrong(
                "the gradient of the bias is a mean over the steps",
                lambda: {"new_b_o": b_o - RATE * db_o / T},
                "What each step adds to the gradient of a shared weight is added up.",
                MEAN,
            ),
        ],
    )


# in code


def draw(rng, k, n, o):
    """An Elman network with tanh and a linear output, all its numbers different."""
    shapes = [(k, n), (n, n), (n, o), (n,), (o,)]
    return Elman(*(rng.normal(size=shape) / np.sqrt(2) for shape in shapes))


def weights(network):
    return {name: getattr(network, name) for name in WEIGHTS}


def small_network():
    return Elman([[1, -1]], [[0.5, 1], [-1, 0]], [[1], [2]], [0.5, 0], [-0.5])


# four sequences of three steps: with two, a mean and the 2 of a square may cancel
SMALL_XS = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [1, 1, 0, 1]], float)[..., None]
SMALL_TARGETS = np.array([[0, 1, 1, 1], [1, 0, 1, 0], [0, 1, 0, 0]], float)[..., None]


def forward(xs, **network):
    """The right trace of a network given by its arrays."""
    return unroll(Elman(**network), xs)


def loss_of(xs, targets, **network):
    return float(squared_error(forward(xs, **network).y, targets).value)


def forward_case(title, network, xs, hidden=True):
    arguments = {"xs": xs} | weights(network)
    return Case(title, arguments, from_trace(forward(**arguments), h="h", y="y"), hidden)


def student_forward(bias_h=1, bias_o=1, W=lambda W_h: W_h, phi=np.tanh, g_o=lambda a: a, old=False):
    """A student's ``forward``, with a mistake."""

    def forward(xs, W_x, W_h, W_o, b_h, b_o):
        h, hs, ys = np.zeros((xs.shape[1], len(b_h))), [], []
        for x in xs:
            before = h
            h = phi(x @ W_x + h @ W(W_h) + bias_h * b_h)
            hs.append(h)
            ys.append(g_o((before if old else h) @ W_o + bias_o * b_o))
        return np.array(hs), np.array(ys)

    return forward


def one_long_sequence(xs, W_x, W_h, W_o, b_h, b_o):
    """The state of each sequence goes on into the next one of the batch."""
    h, hs = np.zeros(len(b_h)), np.zeros((*xs.shape[:2], len(b_h)))
    for i in range(xs.shape[1]):
        for t in range(len(xs)):
            hs[t, i] = h = np.tanh(xs[t, i] @ W_x + h @ W_h + b_h)
    return hs, hs @ W_o + b_o


def forward_question(variant):
    rng = variant.rng("forward")
    small, wide = draw(rng, 2, 4, 3), draw(rng, 5, 3, 1)
    cases = [
        forward_case("The example", small_network(), SMALL_XS, hidden=False),
        forward_case("A longer batch", small, rng.normal(size=(7, 5, 2))),
        forward_case("Other sizes", wide, rng.normal(size=(4, 3, 5))),
        forward_case("A single time step", small, rng.normal(size=(1, 4, 2))),
        forward_case("A batch of one sequence", small, rng.normal(size=(5, 1, 2))),
        forward_case("Another batch after it", wide, rng.normal(size=(4, 3, 5))),
    ]
    wrong = [
        Wrong(
            "the hidden bias is forgotten",
            student_forward(bias_h=0),
            "Which part of the hidden layer's pre-activation is neither x nor h?",
            FORWARD,
        ),
        Wrong(
            "the output's bias is forgotten",
            student_forward(bias_o=0),
            "Your states are right. What does the output add to them?",
            FORWARD,
        ),
        Wrong(
            "the output has a tanh, too",
            student_forward(g_o=np.tanh),
            "Which of the two layers has an activation function here?",
            FORWARD,
        ),
        Wrong(
            "relu stands where tanh belongs",
            student_forward(phi=lambda a: np.maximum(0, a)),
            "Which activation function has the hidden layer here?",
            FORWARD,
        ),
        Wrong(
            "W_h is transposed",
            student_forward(W=lambda W_h: W_h.T),
            "h(t−1) is a row and stands on the left. On which side, and how, stands W_h?",
            "elman#is-it-xw-or-wx",
        ),
        Wrong(
            "the state is not carried on",
            student_forward(W=np.zeros_like),
            "Your first step is right. What does the second know of it?",
            MEMORY,
        ),
        Wrong(
            "the output reads h(t−1)",
            student_forward(old=True),
            "Which state does the output of step t read?",
            FORWARD,
        ),
        Wrong(
            "the state of one sequence goes on into the next",
            one_long_sequence,
            "Your first sequence is right. With what state does the second one begin?",
            BATCH,
        ),
    ]
    title = "The network over a batch, in code"
    return Code("forward", title, "forward", cases, over_time=True, wrong=wrong)


def loss_case(title, ys, targets, hidden=True):
    right = squared_error(ys, targets)
    expected = {"value": np.asarray(right.value), "dys": right.gradient}
    return Case(title, {"ys": ys, "targets": targets}, expected, hidden)


def student_loss(scale=lambda T, m, o: 1 / m, of_gradient=2.0, value=True):
    """A student's ``loss`` with another ``scale``, by which the gradient may be right."""

    def loss(ys, targets):
        errors, m = ys - targets, ys.shape[1]
        whole = scale(*ys.shape)
        return (whole if value else 1 / m) * (errors**2).sum(), of_gradient * whole * errors

    return loss


def loss_question(variant):
    rng = variant.rng("loss")

    def case(title, *shape):
        return loss_case(title, rng.normal(size=shape), rng.normal(size=shape))

    cases = [
        loss_case("The example", SMALL_XS, 2 * SMALL_TARGETS, hidden=False),
        case("Other sizes", 5, 3, 2),
        case("A single time step", 1, 4, 3),
        case("A batch of one sequence", 6, 1, 2),
    ]
    wrong = [
        Wrong(
            "the mean is taken over the steps, too",
            student_loss(lambda T, m, o: 1 / (T * m)),
            "Over which axes do you add, and over which do you take the mean?",
            MEAN,
        ),
        Wrong(
            "the mean is taken over all numbers",
            student_loss(lambda T, m, o: 1 / (T * m * o)),
            "Over which axes do you add, and over which do you take the mean?",
            MEAN,
        ),
        Wrong(
            "the sum is taken over the sequences, too",
            student_loss(lambda T, m, o: 1),
            "What becomes of the losses of the sequences of a batch?",
            LOSS,
        ),
        Wrong(
            "the loss is half of it",
            student_loss(lambda T, m, o: 1 / (2 * m)),
            "Some books put a ½ before the square. Does this one?",
            LOSS,
        ),
        Wrong(
            "the factor 2 of the square is forgotten in the gradient",
            student_loss(of_gradient=1),
            "Your value is right. What is the derivative of a square?",
            LOSS,
        ),
        Wrong(
            "the gradient has the wrong sign",
            student_loss(of_gradient=-2),
            "If an output is too large and grows, does the loss rise or fall?",
            LOSS,
        ),
        Wrong(
            "the gradient is that of the sum over the batch, not of the mean",
            student_loss(lambda T, m, o: 1, value=False),
            "Your value is a mean over the sequences. What does this do to its derivative?",
            LOSS,
        ),
    ]
    return Code("loss", "The loss in code", "loss", cases, by_quantity=True, wrong=wrong)


def right_gradient(xs, targets, **network):
    trace = forward(xs, **network)
    d = bptt(trace, y=squared_error(trace.y, targets).gradient)
    return {f"d{name}": array for name, array in parameters(d.cell).items()}


def gradient_case(title, network, xs, targets, hidden=True):
    arguments = {"xs": xs, "targets": targets} | weights(network)
    return Case(title, arguments, right_gradient(**arguments), hidden)


def student_gradients(
    scale=lambda T, m, o: 2 / m,
    slope=lambda h: 1 - h**2,
    back=lambda W_h: W_h.T,
    across=1,
    late=False,
    lasting=lambda T: range(T),
    bias=lambda da: da.sum(axis=(0, 1)),
):
    """A student's ``gradients``, with a mistake.

    ``across`` 0 cuts the way from step to step; ``late`` takes h(t) for h(t−1); ``lasting`` says
    which steps have a loss.
    """

    def gradients(xs, targets, W_x, W_h, W_o, b_h, b_o):
        trace = forward(xs, W_x=W_x, W_h=W_h, W_o=W_o, b_h=b_h, b_o=b_o)
        T = len(xs)
        dy = scale(*targets.shape) * (trace.y - targets)
        dy[[t for t in range(T) if t not in lasting(T)]] = 0
        da, flow = np.zeros_like(trace.h), 0
        for t in reversed(range(T)):
            da[t] = (dy[t] @ W_o.T + across * flow) * slope(trace.h[t])
            flow = da[t] @ back(W_h)
        before = np.concatenate([np.zeros_like(trace.h[:1]), trace.h[:-1]])

        def summed(left, right):
            return np.einsum("tmi,tmj->ij", left, right)

        fed_back = summed(trace.h if late else before, da)
        return summed(xs, da), fed_back, summed(trace.h, dy), bias(da), bias(dy)

    return gradients


def gradient_ideas():
    """Mistakes in backpropagation: a name, the student's function, a hint, where it is settled."""
    yield (
        "the gradient does not go from step to step",
        student_gradients(across=0),
        "h(t) moves the output of step t. What else does it move?",
        BACK,
    )
    yield (
        "only the last step has a loss",
        student_gradients(lasting=lambda T: [T - 1]),
        "Which steps count in this loss?",
        LOSS,
    )
    yield (
        "the slope of tanh is left out",
        student_gradients(slope=np.ones_like),
        "Between the state and its pre-activation there is tanh. What does it do to a gradient?",
        BACK,
    )
    yield (
        "W_h is not transposed on the way back",
        student_gradients(back=lambda W_h: W_h),
        "Forwards W_h leads from h(t−1) to h(t). How do you go the other way?",
        BACK,
    )
    yield (
        "h(t) stands where h(t−1) belongs",
        student_gradients(late=True),
        "With which state is W_h multiplied at step t?",
        BACK,
    )
    yield (
        "the mean is taken over the steps, too",
        student_gradients(lambda T, m, o: 2 / (T * m)),
        "What the steps add to a shared weight is summed. Do you divide by something more?",
        MEAN,
    )
    yield (
        "the mean is taken over all numbers",
        student_gradients(lambda T, m, o: 2 / (T * m * o)),
        "Over which axes does the loss add, and over which does it take the mean?",
        MEAN,
    )
    yield (
        "the gradient is that of the sum over the batch, not of the mean",
        student_gradients(lambda T, m, o: 2),
        "Where is the mean over the sequences in your gradient?",
        LOSS,
    )
    yield (
        "the factor 2 of the square is forgotten",
        student_gradients(lambda T, m, o: 1 / m),
        "What is the derivative of a square?",
        LOSS,
    )
    yield (
        "the gradient has the wrong sign",
        student_gradients(lambda T, m, o: -2 / m),
        "If an output is too large and grows, does the loss rise or fall?",
        LOSS,
    )
    yield (
        "the biases get their gradient from the first step alone",
        student_gradients(bias=lambda da: da[0].sum(axis=0)),
        "The biases take part in every step. Does each of them count in your gradient?",
        SUM,
    )


SIZES = {
    "A longer batch": (2, 4, 2, 5, 3),
    "Other sizes": (5, 3, 1, 4, 6),
    "Two time steps": (1, 2, 3, 2, 4),
    "A batch of one sequence": (3, 5, 2, 6, 1),
}
"""k, n, o, T, m. With a single step the gradient of W_h is 0: nothing would be right."""


def batches(rng):
    """Networks of different sizes, each with a title, inputs and targets."""
    for title, (k, n, o, T, m) in SIZES.items():
        xs, targets = rng.normal(size=(T, m, k)), rng.normal(size=(T, m, o))
        yield title, draw(rng, k, n, o), xs, targets


def gradients_question(variant):
    rng = variant.rng("gradients")
    cases = [
        gradient_case("The example", small_network(), SMALL_XS, SMALL_TARGETS, hidden=False),
        *(gradient_case(*batch) for batch in batches(rng)),
    ]
    return Code(
        "gradients",
        "The gradient in code",
        "gradients",
        cases,
        by_quantity=True,
        gradients={f"d{name}": name for name in WEIGHTS},
        loss=loss_of,
        wrong=[Wrong(*idea) for idea in gradient_ideas()],
    )


def step_case(title, network, xs, targets, rate, hidden=True):
    arguments = {"xs": xs, "targets": targets} | weights(network)
    sgd, d = SGD(rate), Elman(*right_gradient(**arguments).values())
    stepped, _ = sgd.step(network, d, sgd.start(network))
    return Case(title, arguments | {"rate": rate}, weights(stepped), hidden)


def student_step(gradients=None, sign=-1, moved=WEIGHTS, rate_of=lambda rate, T, m: rate):
    """A student's ``descent_step``, with a mistake."""
    gradients = gradients or student_gradients()

    def descent_step(xs, targets, rate, **network):
        d = dict(zip(WEIGHTS, gradients(xs, targets, **network), strict=True))
        step = sign * rate_of(rate, *xs.shape[:2])
        return tuple(network[name] + step * d[name] * (name in moved) for name in WEIGHTS)

    return descent_step


def one_after_another(xs, targets, rate, **network):
    """Each array is moved before the gradient of the next is taken."""
    for name in WEIGHTS:
        gradient = right_gradient(xs, targets, **network)[f"d{name}"]
        network = network | {name: network[name] - rate * gradient}
    return tuple(network.values())


def step_question(variant):
    rng = variant.rng("descent step")
    rates, one = (0.1, 0.02, 0.5, 0.05), draw(rng, 3, 4, 1)
    cases = [
        step_case("The example", small_network(), SMALL_XS, SMALL_TARGETS, 0.05, hidden=False),
        *(step_case(*batch, rate) for batch, rate in zip(batches(rng), rates, strict=True)),
        step_case("A single time step", one, rng.normal(size=(1, 4, 3)), np.ones((1, 4, 1)), 0.2),
    ]
    wrong = [
        Wrong(
            "the step goes uphill",
            student_step(sign=1),
            "Does the loss fall with your step? The gradient points to where it rises.",
            STEP,
        ),
        Wrong(
            "the biases are not trained",
            student_step(moved=("W_x", "W_h", "W_o")),
            "Which of the five arrays are still as they were?",
            STEP,
        ),
        Wrong(
            "only the output's weights and bias are trained",
            student_step(moved=("W_o", "b_o")),
            "Which of the five arrays are still as they were?",
            STEP,
        ),
        Wrong(
            "the rate is left out",
            student_step(rate_of=lambda rate, T, m: 1),
            "How long is your step, if the rate is small?",
            STEP,
        ),
        Wrong(
            "the step is divided by the size of the batch once more",
            student_step(rate_of=lambda rate, T, m: rate / m),
            "The loss is a mean over the sequences already. What does your gradient say to it?",
            LOSS,
        ),
        Wrong(
            "the arrays are moved one after another, each with a gradient of its own",
            one_after_another,
            "All gradients are taken at the same place, before anything has moved.",
            STEP,
        ),
        *(
            Wrong(name, student_step(function), hint, figure)
            for name, function, hint, figure in gradient_ideas()
            if "wrong sign" not in name
        ),
    ]
    return Code("descent-step", "One step downhill", "descent_step", cases, wrong=wrong)


def reach(title, rng, delay, size):
    """Training data, drawn anew, and the loss on sequences that are not among them.

    An echo of another delay and size than in the notebook: who returns weights that were made for
    the notebook's, by hand or elsewhere, has learnt nothing from the data.
    """
    task = Echo(T=15, delay=delay)
    data, new = task.batch(rng, 400), task.batch(rng, 1000)
    seed = int(rng.integers(1, 10_000))

    def measure(**network):
        # for an echo of size 1, so that the limits are the same for all
        return loss_of(new.xs, size * new.target, **network) / size**2

    k, n, o = task.n_inputs, NEURONS, task.n_outputs
    return Reach(
        title,
        arguments={"xs": data.xs, "targets": size * data.target, "seed": seed},
        returns={"W_x": (k, n), "W_h": (n, n), "W_o": (n, o), "b_h": (n,), "b_o": (o,)},
        measure=measure,
        what="the loss on new sequences",
        at_most=AT_MOST,
        partly=PARTLY,
        from_data=True,
    )


def train_question(variant):
    rng = variant.rng("train")
    cases = [
        reach("An echo of five steps, turned round", rng, 5, -rng.uniform(0.8, 1.25)),
        reach("An echo of six steps", rng, 6, rng.choice([-1, 1]) * rng.uniform(0.8, 1.25)),
    ]
    return Code("train", "Training", "train", cases, seconds=60)


def questions(variant):
    return [
        loss_by_hand(variant),
        forward_question(variant),
        loss_question(variant),
        gradients_question(variant),
        step_question(variant),
        train_question(variant),
        Written("report", "A short report"),
    ]
