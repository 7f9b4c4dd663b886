"""Pictures of gradients, traces and trainings, with Matplotlib (``pip install unrolled[figures]``).

Each function draws into the axes that it is given, or else into a new figure, and returns the axes:
titles, limits and all else are Matplotlib's own business. Several calls with the same axes draw
several lines, each with a colour and a dash of its own.

Text, ticks and background are those of the Matplotlib style in force. The colours of the lines
differ for colour-blind readers (Okabe and Ito, 2008), and stand out from white and from black, so
that both the default style and ``dark_background`` go with them. The unrolled network itself is
drawn by ``unrolled.figures.drawing.unrolled``, which needs no Matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlib import flow
from rnnlib.trace import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from rnnlib.training import History

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#b0689a")
DASHES = ("-", "--", "-.", ":")
DIVERGING = "RdBu_r"  # white in the middle; no red beside green

MANY = 100
"""From so many iterations on a history is smoothed."""


def gradient_norms(
    norms: Trace | ArrayLike,
    *,
    name: str | None = None,
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """‖∂L/∂h(t)‖ over t, on a logarithmic scale: a gradient that vanishes falls to the left.

    Parameters
    ----------
    norms : Trace or (T+1, ...)
        The gradient that ``bptt`` returned; or norms for t = 0 … T, as ``flow.norms`` and
        ``flow.gradient_norms`` give them. Of a batch every sequence is drawn, and their median.
    name : str, optional
        Which quantity of the state of a gradient, as for ``flow.gradient_norms``.
    label : str, optional
        What a legend calls the line.
    ax : Axes, optional

    Raises
    ------
    ImportError
        If there is no Matplotlib.
    ValueError
        If the norms are not of shape (T+1, ...).

    Notes
    -----
    What a logarithmic scale cannot show, norms that are 0 or infinite, is left out.

    Examples
    --------
    >>> from rnnlib import Layer, unroll
    >>> half = Layer(W_x=[[1]], W_y=[[0.5]], b=[0], phi="identity")
    >>> ax = gradient_norms(flow.norms(unroll(half, [[1], [0], [0]])))
    >>> ax.lines[0].get_ydata()
    array([0.125, 0.25 , 0.5  , 1.   ])
    """
    what = "norm of the gradient"
    if isinstance(norms, Trace):
        name = norms.cell.state[0] if name is None else name
        what, norms = (
            rf"$\|\partial L/\partial {_symbol(name)}(t)\|$",
            flow.gradient_norms(norms, name),
        )
    norms = np.asarray(norms, dtype=float)
    if norms.ndim == 0 or len(norms) < 2 or 0 in norms.shape:
        raise ValueError(f"norms has shape {norms.shape}, expected (T+1, ...)")
    lines = _shown(norms.reshape(len(norms), -1))
    ax = _axes(ax)
    style, t = _next_style(ax), np.arange(len(norms))
    if lines.shape[1] > 1:
        ax.plot(t, lines, color=style["color"], alpha=0.25, linewidth=0.7)
    _plot(ax, t, _median(lines), label, style)
    _finish(ax, "time step $t$", what, logarithmic=np.isfinite(lines).any())
    return ax


def heat_map(
    trace: Trace,
    quantity: str | None = None,
    *,
    sequence: int | tuple[int, ...] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A quantity of a trace, neuron by neuron over time: white is 0, red above and blue below.

    Parameters
    ----------
    trace : Trace
        A trace, or a gradient.
    quantity : str, optional
        Its name, such as "h"; by default the output.
    sequence : int or tuple, optional
        Which sequence of a batch: the index between the time's and the neuron's.
    ax : Axes, optional

    Raises
    ------
    ImportError
        If there is no Matplotlib.
    AttributeError
        If the trace holds no such quantity.
    ValueError
        If the trace is of a batch, and ``sequence`` does not pick one of it.

    Notes
    -----
    The scale reaches as far below 0 as above. A sequence is drawn up to its own end; what is not
    finite stays empty. Neurons are counted from 0, as in the arrays.

    Examples
    --------
    >>> from rnnlib import unroll
    >>> from rnnlib.examples import notes_elman, notes_inputs
    >>> ax = heat_map(unroll(notes_elman(), notes_inputs()), "h")
    >>> ax.images[0].get_array().data
    array([[0., 3., 9.],
           [2., 3., 0.],
           [1., 0., 0.]])
    """
    quantity = trace.cell.output if quantity is None else quantity
    values = _one_sequence(trace, quantity, sequence)
    ax = _axes(ax)
    finite = np.abs(values[np.isfinite(values)])
    reach = finite.max(initial=0) or 1
    T, n = values.shape
    image = ax.imshow(
        np.where(np.isfinite(values), values, np.nan).T,
        cmap=DIVERGING,
        vmin=-reach,
        vmax=reach,
        aspect="auto",
        interpolation="nearest",
        extent=(0.5, T + 0.5, n - 0.5, -0.5),  # step t stands over t, neuron i beside i
    )
    ax.figure.colorbar(image, ax=ax, label=f"${_symbol(quantity)}(t)$")
    _whole_numbers(ax.xaxis)
    _whole_numbers(ax.yaxis)
    ax.set(xlabel="time step $t$", ylabel="neuron")
    return ax


def training_history(
    history: History,
    quantity: str = "losses",
    *,
    baseline: float | None = None,
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The loss over the iterations of a training; the validation's, and where the best was found.

    Parameters
    ----------
    history : History
        As ``fit`` returns it.
    quantity : "losses" or "norms"
        Losses, or the norms of the gradients before clipping.
    baseline : float, optional
        What can be reached without any memory, such as a task's ``baseline``: a line across.
    label : str, optional
        What a legend calls the line.
    ax : Axes, optional

    Raises
    ------
    ImportError
        If there is no Matplotlib.
    ValueError
        If ``quantity`` is neither, or the history is empty.

    Notes
    -----
    From 100 iterations on the line is a running mean, over a fiftieth of them, and the iterations
    themselves stand faintly behind it. The scale is logarithmic if all values are above 0.

    Examples
    --------
    >>> from rnnlib.training import History
    >>> ax = training_history(History(losses=[4.0, 2.0, 1.0], norms=[3.0, 2.0, 1.0]))
    >>> ax.lines[0].get_xydata().tolist()
    [[1.0, 4.0], [2.0, 2.0], [3.0, 1.0]]
    """
    if quantity not in ("losses", "norms"):
        raise ValueError(f'quantity is {quantity!r}, expected "losses" or "norms"')
    values = np.asarray(getattr(history, quantity), dtype=float)
    if not len(values):
        raise ValueError(f"history has no {quantity}; at least one iteration was expected")
    ax = _axes(ax)
    style, iteration = _next_style(ax), np.arange(1, len(values) + 1)
    if len(values) < MANY:
        _plot(ax, iteration, values, label, style)
    else:
        ax.plot(iteration, values, color=style["color"], alpha=0.25, linewidth=0.7)
        _plot(ax, *_running_mean(iteration, values), label, style)
    if quantity == "losses" and history.validated:
        _draw_validation(ax, history, label)
    if baseline is not None:
        ax.axhline(baseline, color="#7f7f7f", linestyle=(0, (1, 2)), label="without memory")
        ax.legend()
    what = {"losses": "loss", "norms": "norm of the gradient"}[quantity]
    _finish(ax, "iteration", what, logarithmic=bool((values > 0).all()))
    return ax


def _axes(ax: Axes | None) -> Axes:
    """The axes given, or those of a new figure."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("pictures need Matplotlib: pip install unrolled[figures]") from None
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    return ax


def _next_style(ax: Axes) -> dict[str, Any]:
    """A colour and a dash for the next line, neither of them used before as long as there are."""
    number = sum(line.get_gid() == "series" for line in ax.lines)
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": DASHES[number % len(DASHES)]}


def _plot(ax: Axes, x: ArrayLike, y: ArrayLike, label: str | None, style: dict[str, Any]) -> None:
    ax.plot(x, y, label=label, gid="series", linewidth=1.8, **style)
    if label is not None:
        ax.legend()


def _draw_validation(ax: Axes, history: History, label: str | None) -> None:
    style = _next_style(ax)
    _plot(
        ax,
        history.validated,
        history.validation_losses,
        "validation" if label is None else f"{label}, validation",
        style | {"marker": "o", "markersize": 4},
    )
    if history.best in history.validated:
        best = history.validation_losses[history.validated.index(history.best)]
        ax.plot(history.best, best, "D", color=style["color"], fillstyle="none", markersize=10)
        ax.annotate("best", (history.best, best), (0, 10), textcoords="offset points", ha="center")


def _finish(ax: Axes, xlabel: str, ylabel: str, logarithmic: bool) -> None:
    if logarithmic:
        ax.set_yscale("log", nonpositive="mask")
    _whole_numbers(ax.xaxis)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.3)


def _whole_numbers(axis: Axis) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))


def _symbol(name: str) -> str:
    """A quantity's name for Matplotlib's mathematics.

    >>> _symbol("h"), _symbol("a_h"), _symbol("c_tilde")
    ('h', 'a_{h}', '\\\\tilde{c}')
    """
    letter, _, index = name.partition("_")
    if index == "tilde":
        return rf"\tilde{{{letter}}}"
    return f"{letter}_{{{index}}}" if index else letter


def _shown(lines: NDArray) -> NDArray:
    """Only what a logarithmic scale can show."""
    return np.where((lines > 0) & np.isfinite(lines), lines, np.nan)


def _median(lines: NDArray) -> NDArray:
    """The median of what is there of each row; nothing where nothing is."""
    there = np.isfinite(lines).any(axis=1)
    middle = np.full(len(lines), np.nan)
    middle[there] = np.nanmedian(lines[there], axis=1)
    return middle


def _running_mean(x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
    """Means over a fiftieth of all, each in the middle of what it is the mean of."""
    width = max(len(y) // 50, 2)
    kernel = np.ones(width) / width
    return np.convolve(x, kernel, "valid"), np.convolve(y, kernel, "valid")


def _one_sequence(trace: Trace, quantity: str, sequence: int | tuple[int, ...] | None) -> NDArray:
    """The quantity of one sequence up to its end, (T, n)."""
    values = getattr(trace, quantity)
    leading = values.shape[1:-1]
    index = () if sequence is None else np.atleast_1d(sequence).tolist()
    if len(index) != len(leading):
        raise ValueError(
            f"sequence is {sequence!r}, expected one of the batch of shape {leading}"
            if leading
            else f"sequence is {sequence!r}, expected None: the trace is of one sequence"
        )
    try:
        values = values[(slice(None), *index)]
    except IndexError:
        raise ValueError(
            f"sequence is {sequence!r}, expected one of the batch of shape {leading}"
        ) from None
    lengths = trace.lengths
    return values if lengths is None else values[: lengths[tuple(index)]]
