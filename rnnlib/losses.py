"""Losses over sequences: each returns its value and its gradient.

All follow (1.31) of Galvan's *On recurrent neural networks*: a step's loss, summed over the steps
of a sequence, and the mean of that over the sequences of the batch. The mean lives here, so that
``bptt`` sums and no more.

Give a loss the trace. It then reads from it what it has to read, the output or the output's
pre-activation, and leaves out what follows a sequence's end; and ``bptt(trace, loss)`` knows where
to begin. It also takes an array of a trace: then a ``mask`` says what counts, and the gradient,
which has the shape of what it is the gradient of, goes into ``bptt`` under its name, as in
``bptt(trace, y=loss.gradient)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.activations import below_the_largest, sigmoid
from rnnlib.checks import Array, as_array, check_shape, said
from rnnlib.lengths import alive
from rnnlib.trace import Trace


class _ValueAndGradient(NamedTuple):
    value: Any
    gradient: Array


class Loss(_ValueAndGradient):
    """The value of a loss, a number, and its gradient.

    ``of`` is the name of what it is the gradient of, if the loss was given a trace; else None.
    """

    of: str | None = None


def read_by(loss: Callable[..., Loss], cell: Any) -> str:
    """What a loss reads of a network: a cross-entropy the output's pre-activation, else the output.

    >>> from rnnlib.examples import notes_elman
    >>> read_by(squared_error, notes_elman()), read_by(softmax_cross_entropy, notes_elman())
    ('y', 'a_o')
    """
    if loss not in (softmax_cross_entropy, sigmoid_cross_entropy):
        return str(cell.output)
    name: str | None = getattr(cell, "pre_activation", None)
    if name is None:
        kind, output = type(cell).__name__, cell.output
        raise ValueError(
            f"{loss.__name__} reads the pre-activation of the output, and the output {output} of "
            f"{kind} has none: put a layer on top, Stack((..., Dense(W, b))); or, to read {output} "
            f"as it is, give the loss trace.{output}, and fit on={output!r}"
        )
    return name


def squared_error(
    y: ArrayLike | Trace, target: ArrayLike, steps: str = "all", mask: ArrayLike | None = None
) -> Loss:
    """L = Σ_t ‖y(t) − ȳ(t)‖², and ∂L/∂y(t) = 2 (y(t) − ȳ(t)); the mean over the batch.

    Parameters
    ----------
    y : Trace, or (T, ..., o)
        A trace, of which the output is read; or the outputs of one sequence, (T, o), or of a batch,
        (T, m, o).
    target : (T, ..., o), or (..., o) with ``steps="last"``
        What they should have been, ȳ.
    steps : "all" or "last"
        Which steps count. Of sequences of different lengths the last is the last of each, since a
        trace repeats it.
    mask : (T, ...), optional
        Which steps of which sequences count: booleans, or weights that are not negative.

    Examples
    --------
    >>> value, gradient = squared_error([[1.0, 2.0], [3.0, 4.0]], [[1, 2], [3, 2]])
    >>> float(value)
    4.0
    >>> gradient
    array([[0., 0.],
           [0., 4.]])
    """

    def term(y: Array, target: Array) -> tuple[Array, Array]:
        error = y - target
        return (error * error).sum(axis=-1), 2 * error

    return _over_steps(squared_error, term, y, _numbers, target, steps, mask)


def softmax_cross_entropy(
    a: ArrayLike | Trace, target: ArrayLike, steps: str = "all", mask: ArrayLike | None = None
) -> Loss:
    """L = −Σ_t Σ_j p̄_j(t) log p_j(t) with p = softmax(a); ∂L/∂a(t) = p(t) − p̄(t) for Σ_j p̄_j = 1.

    It reads the pre-activation a of the output, as an Elman network's trace holds it under ``a_o``,
    and not the output: what softmax has made already would be squashed twice. The logarithm of a
    softmax keeps its digits where the softmax itself is 0.

    Parameters
    ----------
    a : Trace, or (T, ..., o)
    target : (T, ...) integers, or (T, ..., o)
        The right class at each step, 0 to o−1, or the probability p̄ of each. Without the time axis
        if ``steps`` is "last".
    steps, mask
        As for ``squared_error``.

    Examples
    --------
    Two classes that are equally likely:

    >>> float(softmax_cross_entropy([[0.0, 0.0]], [1]).value)
    0.6931471805599453
    """

    def term(a: Array, target: Array) -> tuple[Array, Array]:
        shifted = below_the_largest(a)
        exponentials = np.exp(shifted)
        sums = exponentials.sum(axis=-1, keepdims=True)
        weight = target.sum(axis=-1, keepdims=True)
        value = -(target * (shifted - np.log(sums))).sum(axis=-1)
        return value, weight * exponentials / sums - target

    read = _classes_or_probabilities
    return _over_steps(softmax_cross_entropy, term, a, read, target, steps, mask)


def sigmoid_cross_entropy(
    a: ArrayLike | Trace, target: ArrayLike, steps: str = "all", mask: ArrayLike | None = None
) -> Loss:
    """L = −Σ_t Σ_j [p̄_j log σ(a_j) + (1 − p̄_j) log(1 − σ(a_j))];  ∂L/∂a = σ(a) − p̄.

    For outputs that are each true or false by themselves. Like ``softmax_cross_entropy`` it reads
    the pre-activation a, (T, ..., o); ``target`` holds numbers from 0 to 1. Parameters and errors
    are otherwise those of ``squared_error``.

    >>> float(sigmoid_cross_entropy([[0.0]], [[1.0]]).value)
    0.6931471805599453
    """

    def term(a: Array, target: Array) -> tuple[Array, Array]:
        # −log σ(a) = log(1 + exp(−a)); with |a| in the exponent nothing overflows
        small = np.exp(np.where(a.real < 0, a, -a))
        value = np.where(a.real < 0, 0, a) - a * target + np.log1p(small)
        return value.sum(axis=-1), sigmoid(a) - target

    return _over_steps(sigmoid_cross_entropy, term, a, _probabilities, target, steps, mask)


def _over_steps(
    loss: Callable[..., Loss],
    term: Callable[[Array, Array], tuple[Array, Array]],
    outputs: ArrayLike | Trace,
    read: Callable[[str, ArrayLike, tuple[int, ...]], Array],
    target: ArrayLike,
    steps: str,
    mask: ArrayLike | None,
) -> Loss:
    """Sum over the steps, mean over the batch.

    ``term`` gives each step's value and gradient, ``read`` the target as numbers of a shape.
    """
    of, lengths, name = None, None, "y" if loss is squared_error else "a"
    given: Any = outputs
    if isinstance(outputs, Trace):
        of, lengths = read_by(loss, outputs.cell), outputs.lengths
        given = getattr(outputs, of)
    outputs = as_array(name, given)
    if outputs.ndim < 2 or 0 in outputs.shape:
        raise ValueError(
            f"{name} has shape {outputs.shape}, expected (T, ..., o): time comes first"
        )
    if steps not in ("all", "last"):
        raise ValueError(f'steps is {said(steps)}, expected "all" or "last"')
    if steps == "last" and mask is not None:
        raise ValueError('mask was given with steps="last": which steps count is said already')
    looked_at = -1 if steps == "last" else slice(None)
    # the data type follows the outputs, whatever that of the target and of the mask
    dtype = outputs.real.dtype
    target = read("target", target, outputs[looked_at].shape).astype(dtype, copy=False)
    values, gradients = term(outputs[looked_at], target)
    if mask is not None or (lengths is not None and steps == "all"):
        weights = _weights(mask, lengths, outputs.shape[:-1]).astype(dtype, copy=False)
        values, gradients = values * weights, gradients * weights[..., None]
    sequences = dtype.type(np.prod(outputs.shape[1:-1]))
    gradient = np.zeros_like(outputs)
    gradient[looked_at] = gradients / sequences
    result = Loss(values.sum() / sequences, gradient)
    result.of = of
    return result


def _weights(mask: ArrayLike | None, lengths: Array | None, shape: tuple[int, ...]) -> Array:
    """How much each step of each sequence counts; nothing after its end."""
    weights = _numbers("mask", np.ones(shape) if mask is None else mask, shape)
    if lengths is not None:
        weights = weights * alive(lengths, shape[0])
    if (weights < 0).any():
        raise ValueError(f"mask holds {weights.min()}; booleans or weights from 0 on were expected")
    if not weights.any():
        raise ValueError("mask leaves no step: a loss over no step was asked for")
    return weights


def _numbers(name: str, value: ArrayLike, shape: tuple[int, ...]) -> Array:
    array = as_array(name, value)
    if np.iscomplexobj(array):
        raise TypeError(f"{name} holds complex numbers; real ones were expected")
    check_shape(name, array, shape)
    return array


def _probabilities(name: str, value: ArrayLike, shape: tuple[int, ...]) -> Array:
    numbers = _numbers(name, value, shape)
    strange = numbers[(numbers < 0) | (numbers > 1)]
    if strange.size:
        raise ValueError(f"{name} holds {strange[0]}; probabilities, 0 to 1, were expected")
    return numbers


def _classes_or_probabilities(name: str, value: ArrayLike, shape: tuple[int, ...]) -> Array:
    array, o = as_array(name, value), shape[-1]
    if array.shape == shape:
        return _probabilities(name, value, shape)
    classes = np.asarray(value)
    if classes.shape != shape[:-1] or classes.dtype.kind not in "iu":
        raise ValueError(
            f"{name} has shape {array.shape}, expected {shape} of probabilities, "
            f"or {shape[:-1]} of classes, which are integers"
        )
    strange = classes[(classes < 0) | (classes >= o)]
    if strange.size:
        raise ValueError(
            f"{name} holds the class {strange[0]}; with {o} outputs 0 to {o - 1} exist"
        )
    return np.eye(o)[classes]
