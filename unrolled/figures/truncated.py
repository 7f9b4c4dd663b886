"""The frames of truncation: which step contributes what to which loss's gradient."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlib.trace import Trace
from rnnlib.truncation import contributions
from unrolled.figures.figure import Frame, Table
from unrolled.figures.notation import number
from unrolled.figures.sheet import Layout, Sheet


def truncated(
    trace: Trace, weight: str, entry: tuple[int, ...] | None, seeds: dict[str, ArrayLike]
) -> tuple[list[Frame], Table, str]:
    """The contributions to one entry of a weight's gradient, truncated to k = 1 … T steps.

    Returns the frames, the whole table, and the entry's name.
    """
    table, entry = _contributions_to(trace, weight, entry, seeds)
    T, whole = len(table), table.sum()
    name = f"{weight}[{', '.join(map(str, entry))}]"
    frames = []
    for k in range(1, T + 1):
        kept = np.tril(np.triu(table, 1 - k))
        dropped = [(t, s) for t in range(T) for s in range(t + 1) if t - s >= k]
        terms = f"{T * (T + 1) // 2 - len(dropped)} of {T * (T + 1) // 2} terms are kept"
        lost = f"; what is dropped sums to {number(whole - kept.sum())}" if dropped else ""
        text = (
            f"k = {k}: each loss reaches back over {k} step{'s' * (k > 1)}. {terms}, "
            f"and their sum is {number(kept.sum())}; the whole gradient is {number(whole)}{lost}."
        )
        sums = ((f"sum for {name}", np.array([kept.sum()])),)
        sheet = _triangle(table, kept, k, dropped)
        frames.append(Frame(k, "truncation", text, sums, "", (sheet,)))
    rows = [
        [f"loss of {t + 1}", *(number(table[t, s]) if s <= t else "" for s in range(T))]
        for t in range(T)
    ]
    names = ["from", *(f"step {s + 1}" for s in range(T))]
    return frames, Table(f"Contributions to ∂L/∂{name}", names, rows), name


def _contributions_to(
    trace: Trace, weight: str, entry: tuple[int, ...] | None, seeds: dict[str, ArrayLike]
) -> tuple[NDArray, tuple[int, ...]]:
    cell = contributions(trace, None, **seeds)
    if not isinstance(getattr(cell, weight, None), np.ndarray):
        known = ", ".join(n for n, v in vars(trace.cell).items() if isinstance(v, np.ndarray))
        raise ValueError(f"weight is {weight!r}, expected one of: {known}")
    each = getattr(cell, weight)
    shape = each.shape[2:]
    if entry is None:  # the largest tells most
        entry = np.unravel_index(np.abs(each.sum(axis=(0, 1))).argmax(), shape)
    entry = tuple(int(i) for i in entry)
    if len(entry) != len(shape) or not all(0 <= i < n for i, n in zip(entry, shape, strict=True)):
        raise ValueError(f"entry is {entry}, expected the place of an entry of {weight}, {shape}")
    return each[(slice(None), slice(None), *entry)], entry


def _triangle(table: NDArray, kept: NDArray, k: int, dropped: list[tuple[int, int]]) -> Sheet:
    """One row for each step's loss, one column for the step that it reaches; sums to the right."""
    T = len(table)
    layout = Layout()
    layout.add("head", [[f"t = {s + 1}" for s in range(T)]], "a", "reaches")
    for t in range(T):
        layout.add(f"loss of {t + 1}", table[t : t + 1, : t + 1], "d")
    sums = Layout(column=2, row=0, blocks=layout.blocks)
    sums.add("sum", [["sum"]], "a", "")
    for t in range(T):
        sums.add(f"sum of {t + 1}", [[kept[t].sum()]], "a", "")
    sums.add("total", [[kept.sum()]], "a", "all")
    struck = frozenset((f"loss of {t + 1}", 0, s) for t, s in dropped)
    stays = {(f"loss of {t + 1}", 0, s) for t in range(T) for s in range(max(0, t - k + 1), t + 1)}
    return Sheet(tuple(layout.blocks), frozenset(stays), frozenset({"total"}), struck=struck)
