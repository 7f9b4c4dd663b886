"""Training: optimisers, clipping, and a loop that keeps a record.

A gradient of a network is a network, and so is what an optimiser remembers: all of this works on
any network, parameter by parameter. Nothing is changed in place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnnlib.bptt import bptt
from rnnlib.losses import Loss
from rnnlib.parameters import map_parameters, parameters
from rnnlib.tasks import Batch
from rnnlib.trace import unroll

Network = TypeVar("Network")


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} is {value!r}, expected a number above 0")


def _check_share(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value < 1:
            raise ValueError(f"{name} is {value!r}, expected a number from 0 to below 1")


@dataclass(frozen=True)
class SGD:
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

    def __post_init__(self) -> None:
        _check_positive(rate=self.rate)
        _check_share(momentum=self.momentum)

    def start(self, cell: Network) -> Network:
        """What is remembered before the first step: v = 0, a network like ``cell``."""
        return map_parameters(np.zeros_like, cell)

    def step(self, cell: Network, gradient: Network, v: Network) -> tuple[Network, Network]:
        """The network after one step, and what is remembered."""
        v = map_parameters(lambda v, g: self.momentum * v + g, v, gradient)
        return map_parameters(lambda w, v: w - self.rate * v, cell, v), v


class AdamState(NamedTuple):
    """How many steps were taken, and the running means of the gradient and of its square."""

    steps: int
    m: object
    v: object


@dataclass(frozen=True)
class Adam:
    """m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  W ← W − rate m̂ / (√v̂ + ε).

    g is ∂L/∂W; m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) undo, at step t, that m and v began as
    zeros (Kingma and Ba, 2015).
    """

    rate: float
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _check_positive(rate=self.rate, epsilon=self.epsilon)
        _check_share(beta_1=self.beta_1, beta_2=self.beta_2)

    def start(self, cell: Network) -> AdamState:
        zeros = map_parameters(np.zeros_like, cell)
        return AdamState(0, zeros, zeros)

    def step(self, cell: Network, gradient: Network, state: AdamState) -> tuple[Network, AdamState]:
        """The network after one step, and what is remembered."""
        beta_1, beta_2, t = self.beta_1, self.beta_2, state.steps + 1
        m = map_parameters(lambda m, g: beta_1 * m + (1 - beta_1) * g, state.m, gradient)
        v = map_parameters(lambda v, g: beta_2 * v + (1 - beta_2) * g * g, state.v, gradient)
        rate = self.rate / (1 - beta_1**t)
        scale = 1 - beta_2**t

        def moved(w, m, v):
            return w - rate * m / (np.sqrt(v / scale) + self.epsilon)

        return map_parameters(moved, cell, m, v), AdamState(t, m, v)


def norm(gradient: Network) -> float:
    """√(Σ g²) over all entries of all parameters; large ones don't overflow.

    >>> from rnnlib.examples import notes_elman
    >>> round(norm(map_parameters(np.ones_like, notes_elman())) ** 2, 12)
    26.0
    """
    arrays = parameters(gradient).values()
    largest = float(max(np.abs(array).max(initial=0) for array in arrays))
    if largest == 0 or not np.isfinite(largest):
        return largest
    return largest * float(np.sqrt(sum(((array / largest) ** 2).sum() for array in arrays)))


def clip(gradient: Network, limit: float) -> Network:
    """The gradient, made shorter if its norm exceeds ``limit``; its direction stays.

    All parameters are scaled by the same factor (Pascanu, Mikolov and Bengio, 2013).

    Raises
    ------
    ValueError
        If ``limit`` is not above 0.
    """
    _check_positive(limit=limit)
    length = norm(gradient)
    if not length > limit:
        return gradient
    return map_parameters(lambda g: g / length * limit, gradient)


@dataclass
class History:
    """What happened, iteration by iteration.

    ``losses`` are those of the batches that were trained on, ``norms`` those of the gradients,
    before clipping. ``validated`` holds the iterations after which the validation batch was tried,
    ``validation_losses`` its losses. ``best`` is the iteration after which the network was best.
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
    """The loss is no longer a number; ``fitted`` is what was reached before."""

    def __init__(self, message: str, fitted: Fitted) -> None:
        super().__init__(message)
        self.fitted = fitted


def fit(
    cell: Network,
    task: object,
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

    Parameters
    ----------
    cell
        Any network that ``unroll`` takes.
    task
        Anything with ``batch(rng, m)``, ``loss`` and ``steps``, as in ``rnnlib.tasks``.
    optimiser : SGD or Adam
    iterations : int
        How many batches, each drawn anew.
    rng : numpy.random.Generator
        Draws the batches.
    on : str, optional
        The quantity that the loss reads: the output if left out. Cross-entropies read the
        pre-activation of the output, such as ``"a_o"`` of an Elman network.
    batch_size : int
        Sequences in a batch.
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

    Returns
    -------
    Fitted
        The network that did best on the validation batch, or, without one, the last; and the
        history. An interruption from the keyboard ends training, and returns what was reached.

    Raises
    ------
    Diverged
        If the loss or the gradient is not finite; it holds what was reached before.
    ValueError
        If a number is out of its range, or ``patience`` is given without ``validate_every``.
    """
    _check_counts(
        iterations=iterations,
        batch_size=batch_size,
        validate_every=validate_every,
        patience=patience,
    )
    if patience is not None and validate_every is None:
        raise ValueError("patience was given without validate_every: there is nothing to wait for")
    on = on or cell.output
    trial = task.batch(rng, 10 * batch_size) if validate_every else None
    state, history, best = optimiser.start(cell), History(), cell
    try:
        for iteration in _counted(iterations, history, progress):
            batch = task.batch(rng, batch_size)
            gradient = _gradient(cell, task, batch, on, truncate, history)
            if gradient is None:
                reached = Fitted(best if trial else cell, history)
                raise Diverged(_advice(iteration, optimiser, clip_at), reached)
            if clip_at is not None:
                gradient = clip(gradient, clip_at)
            cell, state = optimiser.step(cell, gradient, state)
            if trial and iteration % validate_every == 0:
                history.validated.append(iteration)
                history.validation_losses.append(float(evaluate(cell, task, trial, on)))
                if np.argmin(history.validation_losses) == len(history.validation_losses) - 1:
                    best, history.best = cell, iteration
                elif patience and iteration - history.best >= patience * validate_every:
                    break
            elif not trial:
                history.best = iteration
    except KeyboardInterrupt:
        pass
    return Fitted(best if history.validated else cell, history)


def evaluate(cell: Network, task: object, batch: Batch, on: str | None = None) -> np.number:
    """The loss of ``cell`` on one batch of ``task``; ``on`` is as for ``fit``."""
    outputs = getattr(unroll(cell, batch.xs, lengths=batch.lengths), on or cell.output)
    return _judged(task, outputs, batch).value


def _judged(task: object, outputs: NDArray, batch: Batch) -> Loss:
    return task.loss(outputs, batch.target, steps=task.steps, mask=batch.mask)


def _gradient(
    cell: Network, task: object, batch: Batch, on: str, truncate: int | None, history: History
) -> Network | None:
    """The gradient, or None if it is not finite; it and the loss are noted in the history."""
    with np.errstate(over="ignore", invalid="ignore"):
        trace = unroll(cell, batch.xs, lengths=batch.lengths)
        outputs = getattr(trace, on)
        if not np.isfinite(outputs).all():
            return None
        loss = _judged(task, outputs, batch)
        gradient = bptt(trace, truncate=truncate, **{on: loss.gradient}).cell
        length = norm(gradient)
    history.losses.append(float(loss.value))
    history.norms.append(length)
    return gradient if np.isfinite(loss.value) and np.isfinite(length) else None


def _advice(iteration: int, optimiser: SGD | Adam, clip_at: float | None) -> str:
    clipping = "" if clip_at else ", or clipping (clip_at=1.0)"
    return (
        f"the loss or its gradient is not finite at iteration {iteration}; "
        f"try a smaller rate than {optimiser.rate}{clipping}"
    )


def _counted(iterations: int, history: History, progress: bool) -> Iterable[int]:
    """1, 2, …, ``iterations``, with a bar that shows the last loss."""
    numbers = range(1, iterations + 1)
    if not progress:
        return numbers
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return numbers
    return _with_bar(tqdm(numbers, unit="batch"), history)


def _with_bar(bar, history: History) -> Iterable[int]:
    for number in bar:
        yield number
        if history.losses:
            bar.set_postfix(loss=f"{history.losses[-1]:.4g}", refresh=False)


def _check_counts(**counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None and (not isinstance(count, int | np.integer) or count < 1):
            raise ValueError(f"{name} is {count!r}, expected a whole number, at least 1")
