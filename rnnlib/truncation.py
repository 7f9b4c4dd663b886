"""The way back by age: how far each step's loss has come, and what it leaves on its way.

On the whole way back the losses of all steps flow together, and no longer can be told apart. Here
they go side by side, each by itself: at age j the loss of step t has come to step t − j. So the
steps make one large batch, which shrinks by one step each time.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.cells import map_record, rows
from rnnlib.checks import Array
from rnnlib.losses import Loss
from rnnlib.parameters import map_parameters, parameters
from rnnlib.seeds import as_seeds, own_gradients
from rnnlib.trace import Trace, as_batch, at, by_rows, states_before

MOST_NUMBERS = 30_000_000
"""As many numbers as ``contributions`` returns at most: 240 MB."""


def backward_by_age(
    cell: Any,
    own: Any,
    now: Any,
    before: Any,
    steps: int,
    look: Callable[[int, Any], None] | None = None,
) -> tuple[Any, Any]:
    """The gradients of all steps and of the initial state, if each loss goes back over ``steps``.

    Of each record the quantities are (T, m, ·). ``look(age, d)`` gets to see what the losses of
    that age add.
    """
    T = len(next(quantity for quantity in now if quantity is not None))
    arriving = own
    for age in range(steps):
        here = slice(T - age)
        back = cell.backward(
            *(map_record(rows, at(each, here)) for each in (arriving, now, before))
        )
        d, flow = (_unfolded(each, T - age) for each in back)
        if look:
            look(age, d)
        if age == 0:
            total, reached = map_record(np.array, d), map_record(np.array, at(flow, 0))
        else:
            _add(total, d)
            _add(map_record(lambda state: state[None], reached), at(flow, slice(1)))
        # what has come to step t goes on to step t − 1, where no loss of its own joins it
        onward = {name: getattr(flow, name)[1:] for name in cell.state}
        arriving = map_record(_nothing, at(own, slice(T - age - 1)))._replace(**onward)
    return total, reached


def _unfolded(d: Any, steps: int) -> Any:
    return map_record(lambda q: q.reshape(steps, -1, q.shape[-1]), d)


def _add(total: Any, more: Any) -> None:
    """In place, to the first steps of ``total``."""
    for whole, part in zip(total, more, strict=True):
        if part is not None:
            whole[: len(part)] += part


def _nothing(quantity: Array) -> Array:
    zero: Array = np.broadcast_to(quantity.dtype.type(0), quantity.shape)
    return zero


def contributions(trace: Trace, loss: Loss | None = None, **seeds: ArrayLike | Loss) -> Any:
    """What step τ contributes to the gradient of step t's loss, ∂L_t/∂W at τ, for each weight W.

    Returns a cell like the trace's whose arrays have two axes in front: ``table.W_h[t-1, τ-1]`` has
    the shape of W_h. The table is lower triangular, since no loss reaches forwards; its sum over
    both axes is the gradient, and the sum over τ > t − k the one truncated to k steps.

    Parameters and errors are those of ``bptt``. It costs T²/2 products for each weight, and holds
    T² times as many numbers as the cell: it is meant to be looked at.

    Notes
    -----
    The terms of the double sum over t and k in (1.33) and (1.34) of *On recurrent neural networks*.
    """
    if type(trace) is not Trace:  # a stack's is one too, but of several cells
        raise TypeError(f"trace is of type {type(trace).__name__}, expected a Trace, of one cell")
    cell, T = trace.cell, len(trace)
    shapes = {name: (T, T, *array.shape) for name, array in parameters(cell).items()}
    numbers = sum(map(prod, shapes.values()))
    if numbers > MOST_NUMBERS:
        raise ValueError(
            f"trace has {T} steps, so that the table would hold {numbers:,} numbers; at most "
            f"{MOST_NUMBERS:,} were expected: unroll fewer steps"
        )
    own = own_gradients(trace, as_seeds(trace, loss, seeds))
    now, before, xs = by_rows(trace.steps), states_before(trace), as_batch(trace.xs)
    table = {name: np.zeros(shape, xs.dtype) for name, shape in shapes.items()}

    def look(age: int, d: Any) -> None:
        for step in range(T - age):
            one = cell.gradient(at(d, step), at(now, step), at(before, step), xs[step])
            for name, gradient in one.items():
                if name != "xs":
                    table[name][step + age, step] = gradient

    backward_by_age(cell, own, now, before, T, look)
    filled = iter(table.values())
    return map_parameters(lambda _: next(filled), cell)
