"""Figures that step through time: in JupyterLab, and on a published page without a kernel.

They are made of core widgets that talk to each other in the browser, and need the extra
``widgets``. Every figure has a title, the question that it answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.cells import Elman, Jordan, Layer
from rnnlib.checks import as_array, check_shape
from rnnlib.gated import GRU, LSTM
from rnnlib.trace import Trace
from unrolled.figures.charts import chart
from unrolled.figures.comparing import Value, family, pairs
from unrolled.figures.conventions import (
    axes_frames,
    boxes,
    gate_frames,
    orientation,
    orientation_table,
    units_frames,
)
from unrolled.figures.drawing import Drawing
from unrolled.figures.figure import Figure, Table, table_of
from unrolled.figures.forwards import check_size, forwards, shown_of
from unrolled.figures.truncated import truncated


def stepper(
    trace: Trace, title: str | None = None, *, sequence: int | None = None, stacked: bool = False
) -> Figure:
    """A figure that steps through a trace, term by term.

    Parameters
    ----------
    trace : Trace
        Of an Elman or Jordan network or a Layer, over a sequence of shape (T, k). A batch,
        (T, m, k), of up to four sequences is shown as matrices. ``live`` shows networks with gates,
        the way back too.
    title : str
        The question that the figure answers.
    sequence : int, optional
        Which sequence of a batch to show, from 0.
    stacked : bool
        One product [x(t), h(t−1)] W instead of two.

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
    check_size(trace)
    if title is None:
        name = type(trace.cell).__name__
        article = "an" if name[0] in "AEIOL" else "a"
        article = "a" if name == "Layer" else article
        title = f"What does {article} {name} network compute at each time step?"
    frames = list(forwards(trace, stacked))
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
    title, sequence
        As for ``stepper``.
    **seeds : (T, n), of a batch (T, m, n)
        The loss's own gradients by the quantity's name, as for ``bptt``: ``y=loss.gradient``.
    weight : str
        The name of the weight.
    entry : tuple of int, optional
        Which entry of it; that with the largest gradient if left out.

    Raises
    ------
    ValueError, TypeError, ImportError
        As ``stepper`` and ``bptt`` do; ValueError for a batch without ``sequence``, or if there is
        no such weight or entry.
    """
    trace, seeds = _one(trace, sequence, seeds)
    if len(trace) > 20:
        raise ValueError(f"the trace has {len(trace)} steps, expected at most 20, such as xs[:20]")
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


def side_by_side(
    first: Trace | Figure,
    second: Trace | Figure,
    title: str | None = None,
    *,
    names: tuple[str, str] | None = None,
) -> Figure:
    """Two networks on the same input, step by step; what differs is underlined.

    On a narrow screen one stands above the other.

    Parameters
    ----------
    first, second : Trace or Figure
        Traces of the same input, or figures with one slider over as many steps: those of
        ``stepper``.
    title : str
        The question that the figure answers.
    names : pair of str, optional
        What the two are called; the kinds of network if left out.

    Raises
    ------
    ValueError
        If the inputs or the numbers of steps differ.
    TypeError, ImportError
        As ``stepper``.
    """
    kinds = "first", "second"
    if isinstance(first, Trace) and isinstance(second, Trace):
        if not np.array_equal(first.xs, second.xs):
            raise ValueError(
                f"first has inputs of shape {first.xs.shape}, second of {second.xs.shape}, and "
                f"they differ; two networks on the same input were expected"
            )
        if type(first.cell) is not type(second.cell):
            kinds = type(first.cell).__name__, type(second.cell).__name__
    names = kinds if names is None else names
    figures = [each if isinstance(each, Figure) else stepper(each) for each in (first, second)]
    title = title or f"What is different: {names[0]} or {names[1]}?"
    tables = [
        Table(f"{title} {name}", table.names, table.rows)
        for name, figure in zip(names, figures, strict=True)
        for table in figure.tables
    ]
    return Figure(title, pairs(figures[0].frames, figures[1].frames, names), tables)


def what_if(
    make: Callable[[Value], Figure | Drawing],
    values: Iterable[Value],
    label: str,
    title: str,
) -> Figure:
    """One figure for each of several values, all computed beforehand, and a slider to choose.

    Parameters
    ----------
    make
        Takes a value, and returns a figure with one slider, such as ``stepper(...)``, or a
        drawing, such as ``magnitudes(...)``. All of the same kind.
    values
        What the slider goes through: numbers, vectors or words.
    label : str
        What they are values of.
    title : str
        The question that the figure answers.

    Raises
    ------
    ValueError
        If there are less than two values, or two that are written alike.
    TypeError
        If ``make`` returns anything else.
    ImportError
        If the extra ``widgets`` is not installed.

    Examples
    --------
    Two sliders, the initial state and the step::

        what_if(
            lambda h0: stepper(unroll(elman, xs, ElmanStep(h=h0))),
            [[0, 0, 0], [1, 0, 0], [9, 9, 9]],
            "h(0)",
            title="Does the network ever forget where it started?",
        )
    """
    return family(make, values, label, title)


def magnitudes(
    series: Mapping[str, ArrayLike],
    symbol: str = "‖`∂L/∂h(t)`‖",
    *,
    limits: tuple[float, float] = (1e-8, 1e4),
) -> Drawing:
    """A chart of how large vectors are at each time step, on a scale of powers of ten.

    Parameters
    ----------
    series : mapping of names to arrays (T,) or (T, n)
        Up to four; of vectors the length is shown: ``{"Elman": d.h}``.
    symbol : str
        What is shown; symbols stand between backticks.
    limits : pair of float
        The ends of the scale, the same for every chart that is to be compared with this one.
        What is beyond is drawn at the end.

    Raises
    ------
    ValueError
        If shapes or lengths do not go together.
    """
    return chart(series, symbol, limits)


def rows_and_columns(x: ArrayLike, W: ArrayLike, title: str | None = None) -> Figure:
    """The product x W with rows, beside the same with columns, Wᵀ xᵀ, entry by entry.

    Parameters
    ----------
    x : (k,)
    W : (k, n)
    title : str

    Raises
    ------
    ValueError
        If shapes do not fit.
    """
    x, W = as_array("x", x), as_array("W", W)
    check_shape("W", W, ("k", "n"))
    check_shape("x", x, (W.shape[0],))
    title = title or "Is it x W or W x?"
    return Figure(title, list(orientation(x, W)), [orientation_table(title, x, W)], slider="entry")


def batch_axes(xs: ArrayLike, title: str | None = None) -> Figure:
    """What the axes of a batch of sequences are: step, sequence, feature.

    Parameters
    ----------
    xs : (T, m, k)
    title : str

    Raises
    ------
    ValueError
        If it has not three axes.
    """
    xs = as_array("xs", xs)
    check_shape("xs", xs, ("T", "m", "k"))
    title = title or "Which axis is time?"
    frames = list(axes_frames(xs))
    rows = [frame.text.replace("`", "").split(": ", 1) for frame in frames if ": " in frame.text]
    return Figure(title, frames, [Table(title, ["index", "what it is"], rows)], slider="index")


def units_and_steps(
    network: Elman | Jordan | Layer | None = None,
    *,
    units: Sequence[int] = (1, 2, 3, 4),
    steps: int = 4,
    title: str | None = None,
) -> Figure:
    """A network with more neurons, and over more steps: two sliders.

    Parameters
    ----------
    network : Elman, Jordan or Layer, optional
        Its kind and its numbers of inputs and outputs, up to four, are what is drawn; an Elman
        network with two of each if left out.
    units : sequence of int
        Numbers of neurons in the layer, 1 to 4.
    steps : int
        The most time steps, 2 to 6.
    title : str

    Raises
    ------
    ValueError
        If a number is out of its range, or there is no drawing of this kind of network.
    """
    network = network or Elman(
        np.zeros((2, 1)), np.zeros((1, 1)), np.zeros((1, 2)), np.zeros(1), np.zeros(2)
    )
    sizes = [boxes(network, n) for n in units]
    for name, counts in (("network", [sizes[0]["x"], sizes[0]["y"]]), ("units", list(units))):
        if not all(n in range(1, 5) for n in counts):
            raise ValueError(
                f"{name} has {counts} neurons, expected 1 to 4: more dots do not fit a box"
            )
    if steps not in range(2, 7):
        raise ValueError(f"steps is {steps!r}, expected 2 to 6")
    title = title or "Is the hidden layer the row of boxes?"

    def make(n: int) -> Figure:
        frames = units_frames(network, n, steps)
        rows = [[str(frame.t), frame.text] for frame in frames]
        return Figure(title, frames, [Table(title, ["T", "what it is"], rows)], slider="T")

    return family(make, units, "neurons", title)


def gate_layouts(cell: LSTM | GRU, title: str | None = None) -> Figure:
    """Where each gate's parameters are, in rnnlib, PyTorch and Keras, and how many they are.

    Parameters
    ----------
    cell : LSTM or GRU
    title : str

    Raises
    ------
    TypeError
        If it is neither.
    """
    if type(cell) not in (LSTM, GRU):
        raise TypeError(f"cell is of type {type(cell).__name__}, expected an LSTM or a GRU")
    title = title or "Which gate comes first, and how many parameters are there?"
    frames, table = gate_frames(cell)
    return Figure(title, frames, [Table(title, table.names, table.rows)], slider="gate")
