"""Where a gradient begins: the loss's own gradients, by the name of what the loss has read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.checks import Array, as_array, check_shape, said
from rnnlib.lengths import hold_back
from rnnlib.losses import Loss
from rnnlib.trace import Trace, by_rows


def as_seeds(
    trace: Trace, loss: Loss | None, seeds: dict[str, ArrayLike | Loss]
) -> dict[str, Array]:
    """The loss's own gradients by name, each of the shape of what it is the gradient of."""
    if not isinstance(trace, Trace):
        what = ", which unroll returns" if hasattr(trace, "n_inputs") else ""
        raise TypeError(f"trace is of type {type(trace).__name__}, expected a Trace{what}")
    names = names_of_seeds(trace)
    if loss is not None:
        if not isinstance(loss, Loss):
            raise TypeError(
                f"loss is {said(loss)}, expected what a loss returned; a gradient is given by the "
                f"name of what it belongs to: {names[-1]}=..."
            )
        if loss.of is None:
            raise TypeError(
                f"loss has read an array, and does not know which: give the loss the trace, or its "
                f"gradient by name, {names[-1]}=loss.gradient"
            )
        seeds = {loss.of: loss, **seeds}
    if not seeds:
        raise ValueError(f"no seed; the loss's own gradient was expected, for {_either(names)}")
    return {name: _as_seed(trace, name, seed, names) for name, seed in seeds.items()}


def names_of_seeds(trace: Trace) -> list[str]:
    """The quantities of a trace that a loss may read, in their order."""
    cell = trace.cell
    known = {*getattr(cell, "seeds", ()), *getattr(cell, "state", ()), cell.output}
    return [name for name in trace.steps._fields if name in known]


def _as_seed(trace: Trace, name: str, seed: ArrayLike | Loss, names: list[str]) -> Array:
    if name not in names:
        raise ValueError(f"there is no seed {name}, expected {_either(names)}")
    if isinstance(seed, Loss):
        if seed.of not in (None, name):
            raise ValueError(f"{name} is a loss of {seed.of}, expected {seed.of}=loss")
        seed = seed.gradient
    quantity = getattr(trace, name)
    array = as_array(name, seed, like=quantity.dtype)
    check_shape(name, array, quantity.shape)
    return array


def own_gradients(trace: Trace, seeds: dict[str, Array]) -> Any:
    """The seeds as records of all steps, each quantity (T, m, n), and zero where there is none."""

    def begin(name: str, quantity: Array) -> Array:
        if name not in seeds:
            zero: Array = np.broadcast_to(quantity.dtype.type(0), quantity.shape)
            return zero
        own = hold_back(seeds[name], trace.lengths)
        return own if np.iscomplexobj(own) else own.astype(quantity.dtype, copy=False)

    steps = trace.steps._asdict()
    own = {name: begin(name, q) for name, q in steps.items() if q is not None}
    return by_rows(type(trace.steps)(**own))


def _either(names: list[str]) -> str:
    return f"one of: {', '.join(names)}"
