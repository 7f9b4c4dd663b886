"""Backpropagation through time: the way back over a trace.

The gradient of a trace is a trace: ``bptt(trace, y=...)`` returns one that holds, under the name
of every quantity, the gradient of the loss with respect to it, at every time step.
"""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlib.cells import Cell, at, batched, each_step, unbatched
from rnnlib.checks import as_array, check_shape
from rnnlib.parameters import map_parameters
from rnnlib.trace import Trace, alive


def bptt(trace: Trace, truncate: int | None = None, **seeds: ArrayLike) -> Trace:
    """The gradient of a loss L with respect to everything that a trace holds.

    At each step, from T to 1, the gradient of a state is the loss's own and what flows back from
    the step after: ∂L/∂h(t) = own + ∂L/∂a(t+1) W_hᵀ. A weight serves at every step, so that its
    gradient is the sum over all steps: ∂L/∂W_h = Σ_t h(t−1)ᵀ ∂L/∂a(t).

    Parameters
    ----------
    trace : Trace
        What ``unroll`` returned.
    truncate : int, optional
        Each step's loss reaches back over so many steps and no further; with 1, no step's loss
        reaches the step before. The whole way if left out.
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

    Raises
    ------
    ValueError
        If no seed is given, one has an unknown name, does not fit, or holds what is not finite; if
        ``truncate`` is less than 1.

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
    truncate = None if truncate is None else _checked_steps(truncate)
    return way_back(trace, truncate, _checked_seeds(trace, seeds))


@singledispatch
def way_back(trace: Trace, truncate: int | None, seeds: dict[str, NDArray]) -> Trace:
    """``bptt`` with arguments that have been checked.

    Traces of networks made of networks register a way of their own: see ``rnnlib.stack``.
    """
    d = _begin(trace, seeds)
    trace.cell.read_back(trace.blocks, d)
    flow = _walk(trace, d) if truncate is None else _walk_by_age(trace, d, truncate)
    return _collect(trace, d, flow)


def contributions(trace: Trace, **seeds: ArrayLike) -> Cell:
    """What step τ contributes to the gradient of step t's loss, ∂L_t/∂W at τ, for each weight W.

    Returns a cell like the trace's whose arrays have two axes in front: ``table.W_h[t-1, τ-1]`` has
    the shape of W_h. The table is lower triangular, since no loss reaches forwards; its sum over
    both axes is the gradient, and the sum over τ > t − k the one truncated to k steps.

    Parameters and errors are those of ``bptt``. It costs T²/2 products for each weight: it is meant
    to be looked at.

    Notes
    -----
    The terms of the double sum over t and k in (1.33) and (1.34) of *On recurrent neural networks*.
    """
    if type(trace) is not Trace:  # a stack's is one too, but of several cells
        raise TypeError(f"trace is of type {type(trace).__name__}, expected a Trace, of one cell")
    cell, T, d = trace.cell, len(trace), _begin(trace, _checked_seeds(trace, seeds))
    cell.read_back(trace.blocks, d)
    nothing = map_parameters(np.zeros_like, cell)
    table = [[nothing] * T for _ in range(T)]
    flat_xs, before = _flat_inputs(trace), states_before(trace)

    def note(age: int, d: NamedTuple) -> None:
        for step in range(T - age):
            one = slice(step, step + 1)
            table[step + age][step] = cell.gather(
                flat_xs[one], at(before, step), at(trace.blocks, one), at(d, one)
            )

    _walk_by_age(trace, d, T, note)
    cells = [each for row in table for each in row]
    return map_parameters(lambda *terms: np.stack(terms).reshape(T, T, *terms[0].shape), *cells)


def _checked_steps(truncate: int) -> int:
    if not isinstance(truncate, int | np.integer) or truncate < 1:
        raise ValueError(f"truncate is {truncate!r}; a number of steps, at least 1, was expected")
    return int(truncate)


def _checked_seeds(trace: Trace, seeds: dict[str, ArrayLike]) -> dict[str, NDArray]:
    if not hasattr(trace, "blocks"):
        raise TypeError(f"trace is of type {type(trace).__name__}, expected a Trace")
    blocks, steps = trace.blocks._asdict(), trace.steps._asdict()
    names = [each for each, block in blocks.items() if block is not None and each in steps]
    if not seeds:
        raise ValueError(f"no seed; the loss's own gradient was expected, for {_either(names)}")
    for name, value in seeds.items():
        if name not in names:
            raise ValueError(f"there is no seed {name}, expected {_either(names)}")
        seeds[name] = as_array(name, value)
        check_shape(name, seeds[name], getattr(trace, name).shape)
    return seeds


def _begin(trace: Trace, seeds: dict[str, NDArray]) -> NamedTuple:
    """Blocks of gradients that hold the loss's own, and zeros elsewhere."""
    blocks = trace.blocks
    complex_step = any(np.iscomplexobj(seed) for seed in seeds.values())
    d = type(blocks)(
        *(np.zeros(b.shape, np.result_type(b, 1j) if complex_step else b.dtype) for b in blocks)
    )
    for name, seed in seeds.items():
        own = getattr(d, name)
        own[...] = seed.reshape(own.shape)
        if trace.lengths is not None:
            _move_to_the_end(own, trace.lengths.reshape(-1))
    return d


def _either(names: list[str]) -> str:
    return f"one of: {', '.join(names)}"


def _move_to_the_end(own: NDArray, lengths: NDArray) -> None:
    """After its end a sequence's record repeats its last: so the last gets all their gradients."""
    ended = ~alive(lengths, len(own))[..., None]
    late = np.where(ended, own, 0).sum(axis=0)
    own[lengths - 1, np.arange(len(lengths))] += late
    np.copyto(own, 0, where=ended)


def _walk(trace: Trace, d: NamedTuple) -> tuple[NDArray, ...]:
    """Fill ``d`` from the last step to the first; returns what reaches the initial state."""
    flow = tuple(np.zeros_like(getattr(d, each)[0]) for each in trace.cell.state)
    now = each_step(trace.blocks)
    before = [batched(trace.cell, trace.initial), *now[:-1]]
    for step in reversed(list(zip(now, before, each_step(d), strict=True))):
        flow = trace.cell.retreat(*step, flow)
    return flow


def _walk_by_age(trace: Trace, d: NamedTuple, truncate: int, note=None) -> tuple[NDArray, ...]:
    """The same, with each step's loss reaching back over ``truncate`` steps.

    The losses of all steps go back side by side: at age j, that of step t is at step t − j. So the
    steps make one large batch, which shrinks by one step each time. ``note(age, d)`` gets to see
    the gradients at each age.
    """
    cell, T = trace.cell, len(trace)
    before = states_before(trace)
    own, m = type(d)(*(block.copy() for block in d)), d[0].shape[-2]
    reached = tuple(np.zeros_like(getattr(d, each)[0]) for each in cell.state)
    flow = tuple(np.zeros_like(getattr(d, each)) for each in cell.state)
    for block in d:
        block[...] = 0
    for age in range(min(truncate, T)):
        here = slice(0, T - age)
        fresh = own if age == 0 else type(d)(*(np.zeros_like(block) for block in at(d, here)))
        back = cell.retreat(
            fold(at(trace.blocks, here)),
            fold(at(before, here)),
            fold(fresh),
            tuple(each.reshape(-1, each.shape[-1]) for each in flow),
        )
        for whole, part in zip(at(d, here), fresh, strict=True):
            whole += part
        if note:
            note(age, fresh)
        back = [each.reshape(T - age, m, -1) for each in back]
        for whole, part in zip(reached, back, strict=True):
            whole += part[0]
        flow = tuple(each[1:] for each in back)
    return reached


def fold(blocks: NamedTuple) -> NamedTuple:
    """Blocks of several steps as blocks of one step with as many more sequences: views."""
    return type(blocks)(
        *(
            None if block is None else block.reshape(*block.shape[:-3], -1, block.shape[-1])
            for block in blocks
        )
    )


def _flat_inputs(trace: Trace) -> NDArray:
    return trace.xs.reshape(len(trace), -1, trace.xs.shape[-1])


def states_before(trace: Trace) -> NamedTuple:
    """For each step the state of the step before, (T, m, ·)."""
    initial = batched(trace.cell, trace.initial)
    states = {
        each: np.concatenate([getattr(initial, each)[None], getattr(trace.blocks, each)[:-1]])
        for each in trace.cell.state
    }
    return trace.cell.Blocks(**states)


def _collect(trace: Trace, d: NamedTuple, flow: tuple[NDArray, ...]) -> Trace:
    """The gradients as a trace."""
    cell, leading = trace.cell, trace.xs.shape[1:-1]
    initial = (each.reshape(*leading, each.shape[-1]) for each in flow)
    return Trace(
        cell=cell.gather(_flat_inputs(trace), batched(cell, trace.initial), trace.blocks, d),
        xs=cell.input_back(d).reshape(trace.xs.shape),
        initial=cell.Step(**dict(zip(cell.state, initial, strict=True))),
        steps=unbatched(cell.gradient_records(d), leading),
        blocks=d,
        lengths=trace.lengths,
    )
