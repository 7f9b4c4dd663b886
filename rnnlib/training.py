"""Training: optimisers, clipping, and a loop that keeps a record.

A gradient of a network is a network, and so is what an optimiser remembers: all of this works on
any network, parameter by parameter. Nothing is changed in place. A network keeps its type of
numbers: float32 stays float32, whatever the gradients and the tasks are made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from rnnlib.backpropagation import bptt
from rnnlib.cells import check_network
from rnnlib.checks import Array, as_count, check_generator, said
from rnnlib.lengths import alive
from rnnlib.losses import Loss, read_by
from rnnlib.parameters import Network, dtype_of, map_parameters, parameters, with_parameters
from rnnlib.tasks import Batch
from rnnlib.trace import Trace, unroll


def _number(name: str, value: float, share: bool = False) -> float:
    """A number of Python's: one of NumPy's float64 would make float64 of float32."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} is of type {type(value).__name__}, expected a number")
    if not (0 <= value < 1 if share else 0 < value < np.inf):
        expected = "from 0 to below 1" if share else "above 0"
        raise ValueError(f"{name} is {value}, expected a number {expected}")
    return float(value)


class _Optimiser:
    """Settings that are checked: rate and ε are above 0, all others shares of what went before."""

    def __post_init__(self) -> None:
        for name, value in vars(self).copy().items():
            share = name not in ("rate", "epsilon")
            object.__setattr__(self, name, _number(name, value, share))

    def _check_state(self, state: object, kind: type) -> None:
        if not isinstance(state, kind):
            raise TypeError(
                f"state is {said(state)}, expected what the step before returned beside the "
                f"network, or start(cell)"
            )


def _arrays(gradient: object) -> dict[str, Array]:
    """The parameters of a gradient, or an error that says where it is to be had."""
    if isinstance(gradient, Trace):
        raise TypeError("gradient is a Trace; that of the network in it was expected: d.cell")
    try:
        return parameters(gradient)
    except TypeError:
        what = f"gradient is {said(gradient)}; a network of gradients was expected"
        raise TypeError(f"{what}, as bptt returns it in d.cell") from None


def _as_of(cell: Network, gradient: Network) -> Network:
    """The gradient in the cell's type of numbers; an error if it is that of another network."""
    gradient = with_parameters(cell, _arrays(gradient))
    return map_parameters(lambda w, g: g.astype(w.dtype, copy=False), cell, gradient)


@dataclass(frozen=True)
class SGD(_Optimiser):
    """v ← momentum v + ∂L/∂W,  W ← W − rate v, for every parameter W.

    >>> from rnnlib.examples import notes_elman
    >>> cell, gradient = notes_elman(), map_parameters(np.ones_like, notes_elman())
    >>> sgd = SGD(rate=0.5)
    >>> stepped, state = sgd.step(cell, gradient, sgd.start(cell))
    >>> stepped.b_h
    array([ 0.5, -0.5, -1.5])
    """

    rate: float
    momentum: float = 0.0

    def start(self, cell: Network) -> Network:
        """What is remembered before the first step: v = 0, a network like ``cell``."""
        check_network("cell", cell)
        return map_parameters(np.zeros_like, cell)

    def step(self, cell: Network, gradient: Network, state: Network) -> tuple[Network, Network]:
        """The network after one step, and what is remembered, v."""
        self._check_state(state, type(cell))
        v = map_parameters(lambda v, g: self.momentum * v + g, state, _as_of(cell, gradient))
        return map_parameters(lambda w, v: w - self.rate * v, cell, v), v


class AdamState(NamedTuple):
    """How many steps were taken, and the running means of the gradient and of its square."""

    steps: int
    m: Any
    v: Any


@dataclass(frozen=True)
class Adam(_Optimiser):
    """m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  W ← W − rate m̂ / (√v̂ + ε).

    g is ∂L/∂W; m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) undo, at step t, that m and v began as
    zeros (Kingma and Ba, 2015).

    The first step of each parameter is as long as the rate, however large the gradient, and however
    small as long as it is far above ε:

    >>> from rnnlib.examples import notes_elman
    >>> cell, adam = notes_elman(), Adam(rate=0.5)
    >>> gradient = map_parameters(lambda w: np.full_like(w, 1000), cell)
    >>> stepped, state = adam.step(cell, gradient, adam.start(cell))
    >>> stepped.b_h.round(6)
    array([ 0.5, -0.5, -1.5])
    """

    rate: float
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def start(self, cell: Network) -> AdamState:
        """What is remembered before the first step: m = v = 0."""
        check_network("cell", cell)
        # float16 has no room for g² and ε
        wide = map_parameters(lambda w: w.astype(np.promote_types(w.dtype, np.float32)), cell)
        zeros = map_parameters(np.zeros_like, wide)
        return AdamState(0, zeros, zeros)

    def step(self, cell: Network, gradient: Network, state: AdamState) -> tuple[Network, Any]:
        """The network after one step, and what is remembered."""
        self._check_state(state, AdamState)
        beta_1, beta_2, t = self.beta_1, self.beta_2, state.steps + 1
        gradient = _as_of(state.m, gradient)
        m = map_parameters(lambda m, g: beta_1 * m + (1 - beta_1) * g, state.m, gradient)
        v = map_parameters(lambda v, g: beta_2 * v + (1 - beta_2) * g * g, state.v, gradient)
        rate, scale = self.rate / (1 - beta_1**t), 1 - beta_2**t

        def moved(w: Array, m: Array, v: Array) -> Array:
            return (w - rate * m / (np.sqrt(v / scale) + self.epsilon)).astype(w.dtype)

        return map_parameters(moved, cell, m, v), AdamState(t, m, v)


def norm(gradient: Network) -> float:
    """√(Σ g²) over all entries of all parameters; large ones don't overflow.

    >>> from rnnlib.examples import notes_elman
    >>> round(norm(map_parameters(np.ones_like, notes_elman())) ** 2, 12)
    26.0
    """
    arrays = _arrays(gradient).values()
    largest = float(max(np.abs(array).max(initial=0) for array in arrays))
    if largest == 0 or not np.isfinite(largest):
        return largest
    return largest * float(np.sqrt(sum(((array / largest) ** 2).sum() for array in arrays)))


def clip(gradient: Network, limit: float) -> Network:
    """The gradient, made shorter if its norm exceeds ``limit``; its direction stays.

    All parameters are scaled by the same factor (Pascanu, Mikolov and Bengio, 2013). A norm that is
    not finite is an error, since no direction is left.

    >>> from rnnlib.examples import notes_elman
    >>> ones = map_parameters(np.ones_like, notes_elman())
    >>> clip(ones, limit=np.sqrt(26) / 2).b_h
    array([0.5, 0.5, 0.5])
    """
    limit, length = _number("limit", limit), norm(gradient)
    if not np.isfinite(length):
        raise ValueError(f"the norm of gradient is {length}, expected a finite one")
    if length <= limit:
        return gradient
    # in float64: the norm may be beyond what float32 can hold, though every entry is within
    length = np.float64(length)
    return map_parameters(lambda g: (g / length * limit).astype(g.dtype, copy=False), gradient)


@dataclass
class History:
    """What happened, iteration by iteration.

    ``losses`` are those of the batches that were trained on, ``norms`` those of the gradients,
    before clipping. ``validated`` holds the iterations after which the validation batch was tried,
    ``validation_losses`` its losses. ``best`` is the iteration after which the network was as
    ``fit`` returns it, 0 if it is the one that was given.
    """

    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    validated: list[int] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    best: int = 0


class Fitted(NamedTuple):
    """A trained network, and the history of its training."""

    cell: object
    history: History


class Diverged(ArithmeticError):
    """The loss or its gradient is not finite; ``fitted`` is what was reached before.

    Its network is the best on the validation batch, or the last whose loss and gradient were
    finite. Its history ends before the iteration that failed.
    """

    def __init__(self, message: str, fitted: Fitted) -> None:
        super().__init__(message)
        self.fitted = fitted


@np.errstate(over="ignore", invalid="ignore")  # what is not finite is noticed, see Diverged
def fit(
    cell: Any,
    task: Any,
    *,
    optimiser: SGD | Adam,
    iterations: int,
    rng: np.random.Generator,
    on: str | None = None,
    batch_size: int = 32,
    clip_at: float | None = None,
    truncate: int | None = None,
    validate_every: int | None = None,
    patience: int | None = None,
    progress: bool = True,
) -> Fitted:
    """Train a network on a task: draw a batch, unroll, take the loss, go back, step.

    An interruption from the keyboard ends training, and returns what was reached; if the loss or
    its gradient is not finite, ``Diverged`` is raised and holds it.

    Parameters
    ----------
    cell
        Any network that ``unroll`` takes.
    task
        Anything with ``batch(rng, m)``, ``loss`` and ``steps``, as in ``rnnlib.tasks``.
    optimiser : SGD or Adam
    iterations, batch_size : int
        How many batches ``rng`` draws, and of how many sequences.
    on : str, optional
        The quantity that the loss reads. If left out, the loss says it: cross-entropies read the
        pre-activation of the output, such as ``"a_o"`` of an Elman network, all else the output.
    clip_at : float, optional
        The largest norm of a gradient; longer ones are clipped.
    truncate : int, optional
        As for ``bptt``.
    validate_every : int, optional
        After so many iterations a batch of 10 times the size, drawn at the start, is tried; the
        network that did best on it is returned.
    patience : int, optional
        Training stops when so many trials in a row were no better than the best.
    progress : bool
        Show a bar, if tqdm is installed.

    Examples
    --------
    A network learns to say what it heard one step ago:

    >>> from rnnlib import initial
    >>> from rnnlib.tasks import Echo
    >>> rng = np.random.default_rng(0)
    >>> cell, adam = initial.elman(rng, k=1, n=8, o=1), Adam(rate=0.02)
    >>> _, history = fit(cell, Echo(10, 1), optimiser=adam, iterations=200, rng=rng, progress=False)
    >>> history.losses[-1] < 0.1 * history.losses[0]
    True
    """
    check_network("cell", cell)
    _check_task(task)
    as_count("iterations", iterations)
    as_count("batch_size", batch_size)
    if validate_every is not None:
        as_count("validate_every", validate_every)
    if patience is not None:
        as_count("patience", patience)
        if validate_every is None:
            raise ValueError(
                "patience was given without validate_every: there is nothing to wait for"
            )
    if clip_at is not None:
        _number("clip_at", clip_at)
    if isinstance(optimiser, type) or not hasattr(optimiser, "step"):
        raise TypeError(f"optimiser is {said(optimiser)}, expected SGD(rate) or Adam(rate)")
    check_generator(rng)
    trial = task.batch(rng, 10 * batch_size) if validate_every else None
    state, history, best, sound = optimiser.start(cell), History(), cell, cell
    try:
        for iteration in _counted(iterations, history, progress):
            loss, gradient, length = _forth_and_back(
                cell, task, task.batch(rng, batch_size), on, truncate
            )
            if not np.isfinite(length):
                raise Diverged(
                    f"the loss or its gradient is not finite at iteration {iteration}; try a "
                    f"smaller rate than {optimiser.rate}"
                    + ("" if clip_at else ", or clipping (clip_at=1.0)"),
                    _fitted(history, best, sound, max(iteration - 2, 0)),
                )
            sound, gradient = cell, gradient if clip_at is None else clip(gradient, clip_at)
            cell, state = optimiser.step(cell, gradient, state)
            history.losses.append(loss)
            history.norms.append(length)
            if trial and validate_every and iteration % validate_every == 0:
                tried = float(evaluate(cell, task, trial, on))
                if tried < min(history.validation_losses, default=np.inf):
                    best, history.best = cell, iteration
                history.validated.append(iteration)
                history.validation_losses.append(tried)
                if patience and iteration - history.best >= patience * validate_every:
                    break
    except KeyboardInterrupt:
        pass
    return _fitted(history, best, cell, len(history.losses))


def _fitted(history: History, best: Network, last: Network, steps: int) -> Fitted:
    """The best network, if there was a trial; or the last, after so many steps."""
    if not history.validated:
        best, history.best = last, steps
    return Fitted(best, history)


def _check_task(task: Any) -> None:
    if isinstance(task, type) or not all(hasattr(task, p) for p in ("batch", "loss", "steps")):
        raise TypeError(
            f"task is {said(task)}, expected one as in rnnlib.tasks: an object whose "
            f"batch(rng, m) draws a rnnlib.tasks.Batch(xs, target), with a loss and steps"
        )


def evaluate(cell: Any, task: Any, batch: Batch, on: str | None = None) -> Any:
    """The loss of ``cell`` on one batch of ``task``; ``on`` is as for ``fit``.

    Infinite if the outputs are not finite.
    """
    _check_task(task)
    if not hasattr(batch, "xs"):
        raise TypeError(f"batch is {said(batch)}, expected what task.batch(rng, m) draws")
    return _judged(cell, task, batch, on)[1].value


@np.errstate(over="ignore", invalid="ignore")
def _judged(cell: Any, task: Any, batch: Batch, on: str | None) -> tuple[Trace, Loss]:
    """The network unrolled in its own type of numbers, and the loss."""
    dtype, on = dtype_of(cell), read_by(task.loss, cell) if on is None else on
    if not isinstance(on, str):
        raise TypeError(f"on is {said(on)}, expected the name of a quantity, such as 'y'")
    trace = unroll(cell, np.asarray(batch.xs, dtype), lengths=batch.lengths)
    outputs, mask = getattr(trace, on), batch.mask
    if not np.isfinite(outputs).all():
        return trace, Loss(dtype.type(np.inf), np.full_like(outputs, np.nan))
    if batch.lengths is not None and task.steps == "all":
        going_on = alive(batch.lengths, len(trace))
        mask = going_on if mask is None else mask * going_on
    loss = Loss(*task.loss(outputs, batch.target, steps=task.steps, mask=mask))
    loss.of = on
    return trace, loss


def _forth_and_back(
    cell: Any, task: Any, batch: Batch, on: str | None, truncate: int | None
) -> tuple[float, Any, float]:
    """The loss, its gradient and the gradient's norm: not finite if any of them is not."""
    trace, loss = _judged(cell, task, batch, on)
    if not (np.isfinite(loss.value) and np.isfinite(loss.gradient).all()):
        return float(loss.value), None, np.inf
    gradient = bptt(trace, loss, truncate).cell
    return float(loss.value), gradient, norm(gradient)


def _counted(iterations: int, history: History, progress: bool) -> Iterator[int]:
    """1, 2, …, ``iterations``, with a bar that shows the last loss."""
    numbers: Any = range(1, iterations + 1)
    if progress:
        try:
            from tqdm.auto import tqdm

            numbers = tqdm(numbers, unit="batch")
        except ImportError:
            progress = False
    for number in numbers:
        yield number
        if progress and history.losses:
            numbers.set_postfix(loss=f"{history.losses[-1]:.4g}", refresh=False)
