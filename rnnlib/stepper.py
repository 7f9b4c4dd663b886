"""Figures that step through time: in JupyterLab, and on a published page without a kernel.

They are made of core widgets that talk to each other in the browser, and need the extra
``widgets``. Every figure has a title, the question that it answers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.figures.backwards import backwards, truncated, way_of
from rnnlib.figures.figure import Figure, table_of
from rnnlib.figures.forwards import forwards, shown_of
from rnnlib.trace import Trace

__all__ = ["back_stepper", "stepper", "truncation"]


def stepper(
    trace: Trace, title: str | None = None, *, sequence: int | None = None, stacked: bool = False
) -> Figure:
    """A figure that steps through a trace, term by term.

    Parameters
    ----------
    trace : Trace
        Of an Elman or Jordan network, a Layer, an LSTM or a GRU, over a sequence of shape (T, k).
        A batch, (T, m, k), of up to four sequences is shown as matrices, if the network has no
        gates.
    title : str
        The question that the figure answers.
    sequence : int, optional
        Which sequence of a batch to show, from 0.
    stacked : bool
        One product [x(t), h(t−1)] W instead of two; not for networks with gates.

    Raises
    ------
    ValueError
        If the trace is one of a larger batch, or of a network for which there is no figure.
    TypeError
        If ``trace`` is no Trace, or one of a stack of networks.
    ImportError
        If the extra ``widgets`` is not installed.
    """
    trace = shown_of(trace, sequence)
    if title is None:
        name = type(trace.cell).__name__
        article = "an" if name[0] in "AEIOL" else "a"
        article = "a" if name == "Layer" else article
        title = f"What does {article} {name} network compute at each time step?"
    frames = list(forwards(trace.cell, trace, stacked))
    return Figure(title, frames, [table_of(title, frames)])


def back_stepper(
    trace: Trace, title: str | None = None, *, sequence: int | None = None, **seeds: ArrayLike
) -> Figure:
    """A figure that walks back over a trace, from the last step to the first, as ``bptt`` does.

    At each step: the loss's own gradient, what flows back from the step after, their sum, and what
    the step adds to the gradient of the weights that feed back.

    Parameters
    ----------
    trace : Trace
        Of an Elman or Jordan network, a Layer or an LSTM.
    title, sequence
        As for ``stepper``.
    **seeds : (T, n), of a batch (T, m, n)
        The loss's own gradients by the quantity's name, as for ``bptt``: ``y=loss.gradient``.

    Raises
    ------
    ValueError, TypeError, ImportError
        As ``stepper`` and ``bptt`` do; ValueError for a batch without ``sequence``.
    """
    trace, seeds = _one(trace, sequence, seeds)
    title = title or "How does the gradient flow back through time?"
    frames = list(backwards(trace.cell, way_of(trace, seeds)))
    return Figure(title, frames, [table_of(title, frames)])


def truncation(
    trace: Trace,
    title: str | None = None,
    *,
    weight: str = "W_h",
    entry: tuple[int, ...] | None = None,
    sequence: int | None = None,
    **seeds: ArrayLike,
) -> Figure:
    """Which step contributes what to which loss's gradient, and what truncation to k steps drops.

    A triangle of numbers, for one entry of one weight; the slider is k.

    Parameters
    ----------
    trace : Trace
        Of any cell.
    title, sequence, **seeds
        As for ``back_stepper``.
    weight : str
        The name of the weight.
    entry : tuple of int, optional
        Which entry of it; that with the largest gradient if left out.

    Raises
    ------
    ValueError, TypeError, ImportError
        As ``back_stepper``; ValueError if there is no such weight or entry.
    """
    trace, seeds = _one(trace, sequence, seeds)
    title = title or "What does truncation drop?"
    frames, table, _ = truncated(trace, weight, entry, seeds)
    return Figure(title, frames, [table, table_of(title, frames)], slider="k")


def _one(
    trace: Trace, sequence: int | None, seeds: dict[str, ArrayLike]
) -> tuple[Trace, dict[str, ArrayLike]]:
    """A single sequence of the trace, and of the seeds."""
    shown = shown_of(trace, sequence)
    if shown.xs.ndim > 2:
        raise ValueError(
            f"trace has inputs of shape {trace.xs.shape}, expected a single sequence: "
            f"say which one by sequence=0"
        )
    if sequence is not None:
        seeds = {name: np.asarray(s)[: len(shown), sequence] for name, s in seeds.items()}
    return shown, seeds
