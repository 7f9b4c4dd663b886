"""Backpropagation through time: the way back over a trace.

The gradient of a trace is a trace: ``bptt(trace, y=...)`` returns one that holds, under the name
of every quantity, the gradient of the loss with respect to it, at every time step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.cells import map_record, rows
from rnnlib.checks import Array, as_count
from rnnlib.losses import Loss
from rnnlib.parameters import with_parameters
from rnnlib.seeds import as_seeds, own_gradients
from rnnlib.trace import Trace, by_rows, each_step, put, states_before
from rnnlib.truncation import backward_by_age


def bptt(
    trace: Trace, loss: Loss | None = None, truncate: int | None = None, **seeds: ArrayLike | Loss
) -> Trace:
    """The gradient of a loss L with respect to everything that a trace holds.

    At each step, from T to 1, the gradient of a state is the loss's own and what flows back from
    the step after: ∂L/∂h(t) = own + ∂L/∂a(t+1) W_hᵀ. A weight serves at every step, so that its
    gradient is the sum over all steps: ∂L/∂W_h = Σ_t h(t−1)ᵀ ∂L/∂a(t).

    Parameters
    ----------
    trace : Trace
        What ``unroll`` returned.
    loss : Loss, optional
        What a loss returned that was given the trace: it knows which quantity it has read.
    truncate : int, optional
        Each step's loss reaches back over so many steps and no further; with 1, no step's loss
        reaches the step before. The whole way if left out, which is cheaper, too: truncated to k,
        every step's loss goes back k steps by itself.
    **seeds : (T, ..., n)
        By the name of a quantity, the loss's own gradient with respect to it at each step, as
        the losses return it: ``bptt(trace, y=loss.gradient)``. For a loss of the last step alone
        it is zero elsewhere.

    Returns
    -------
    Trace
        ``d.cell`` is the gradient of the cell, a cell with the same fields: ``d.cell.W_h``;
        ``d.xs`` is that of the inputs, ``d[0]`` that of the initial state, and ``d[t].h``, which is
        ``d.h[t-1]``, that of h(t) with all its consequences. Of sequences of different lengths,
        what follows a sequence's end is zero.

    Notes
    -----
    Equations (1.32) to (1.44) of Galvan's *On recurrent neural networks*, of which (1.38) to (1.43)
    are lost there, in rows instead of columns.

    Examples
    --------
    How the worked example's last output depends on its initial state:

    >>> from rnnlib import unroll
    >>> from rnnlib.examples import notes_elman, notes_inputs
    >>> trace = unroll(notes_elman(), notes_inputs())
    >>> d = bptt(trace, y=[[0, 0], [0, 0], [1, 0]])
    >>> d[0].h
    array([ 0., -1.,  0.])
    """
    if truncate is not None:
        truncate = as_count("truncate", truncate, what="a number of steps")
    return backpropagated(trace, truncate, as_seeds(trace, loss, seeds))


def backpropagated(trace: Trace, truncate: int | None, seeds: dict[str, Array]) -> Trace:
    """``bptt`` with arguments that have been checked.

    A network made of networks has a way of its own to do it: see ``rnnlib.stack``.
    """
    cell, shape = trace.cell, trace.xs.shape
    if hasattr(cell, "backpropagated"):
        gradient: Trace = cell.backpropagated(trace, truncate, seeds)
        return gradient
    own, now, before = own_gradients(trace, seeds), by_rows(trace.steps), states_before(trace)
    if truncate is None:
        d, flow = _backward(cell, own, now, before, len(trace))
    else:
        d, flow = backward_by_age(cell, own, now, before, min(truncate, len(trace)))
    weights = cell.gradient(*(map_record(rows, each) for each in (d, now, before)), rows(trace.xs))
    d_xs = weights.pop("xs").reshape(shape)
    d = map_record(lambda q: q.reshape(*shape[:-1], -1), d)
    flow = map_record(lambda q: q.reshape(*shape[1:-1], -1), flow)
    return Trace(with_parameters(cell, weights), d_xs, flow, d, trace.lengths)


def _backward(cell: Any, own: Any, now: Any, before: Any, T: int) -> tuple[Any, Any]:
    """The loop that goes back: to the loss's own gradient comes what flows from the step after.

    ``own``, ``now`` and ``before`` hold all steps, each quantity (T, m, ·). Returns the gradients
    of all steps, and what reaches the initial state.
    """
    flow, gradients = map_record(lambda state: np.zeros_like(state[0]), before), None
    steps = list(zip(*(each_step(each, T) for each in (own, now, before)), strict=True))
    for t in reversed(range(T)):
        own, now, before = steps[t]
        arriving = {name: getattr(own, name) + getattr(flow, name) for name in cell.state}
        d, flow = cell.backward(own._replace(**arriving), now, before)
        gradients = put(gradients, d, t, T)
    return gradients, flow
