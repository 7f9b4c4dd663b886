"""A figure that computes in the browser, and whose every number a reader can change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.trace import Trace
from unrolled.figures.forwards import shown_of
from unrolled.figures.states import check_fits, state_of

if TYPE_CHECKING:
    from unrolled.figures.widget import LiveFigure

MODES = ("watch", "predict", "check")


def live(
    trace: Trace,
    title: str | None = None,
    *,
    sequence: int | None = None,
    backwards: bool = False,
    mode: str = "watch",
    moment: int = 1,
    **seeds: ArrayLike,
) -> LiveFigure:
    """A figure of a trace that computes: every number can be changed, and all others follow.

    It steps through the network forwards and backwards, lets a reader predict what comes next, and
    checks what was computed by hand. In JupyterLab ``figure.trace`` is what the reader made of it.

    Parameters
    ----------
    trace : Trace
        Of a Layer, an Elman or Jordan network, an LSTM or a GRU, with at most 5 inputs, neurons and
        outputs, over at most 10 steps.
    title : str, optional
        The question that the figure answers. On a page, its address follows from it.
    sequence : int, optional
        Which sequence of a batch, from 0.
    backwards : bool
        Whether it opens on the way back.
    mode : str
        How it opens: "watch"; "predict", which asks for each vector before it shows; or "check",
        which shows no results, and takes the reader's own.
    moment : int
        Where it opens: 0 is the start, 1 the first quantity that is computed.
    **seeds : (T, n)
        The loss's own gradients by the quantity's name, as for ``bptt``; 1 for the first entry of
        the last output if left out.

    Raises
    ------
    ValueError
        If the network or the sequence is too large for a figure, or of another kind, or there is no
        such mode.
    TypeError
        If ``trace`` is no Trace.
    ImportError
        If the extra ``widgets`` is not installed.
    """
    try:
        from unrolled.figures.widget import LiveFigure
    except ImportError as error:
        raise ImportError("the figure needs anywidget: pip install unrolled[widgets]") from error
    if mode not in MODES:
        raise ValueError(f"mode is {mode!r}, expected one of: {', '.join(MODES)}")
    trace = shown_of(trace, sequence)
    kind = check_fits(trace)
    if sequence is not None:
        seeds = {name: np.asarray(s)[: len(trace), sequence] for name, s in seeds.items()}
    state = state_of(trace, seeds) | {
        "view": "backwards" if backwards else "forwards",
        "mode": mode,
        "step": moment,
    }
    return LiveFigure(title=title or f"What does this {kind} network compute?", state=state)
