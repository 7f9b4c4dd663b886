"""A trace as a figure that steps through time.

``stepper(trace)`` shows one frame for each time step and each term of it. It is made of core
widgets that talk to each other in the browser, so that it works in JupyterLab and on a published
page that has no kernel. It needs the extra ``widgets``.

What a kind of network shows is one function, registered with ``frames``, that yields the frames of
its trace. Everything else here serves every kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rnnlib.cells import Cell, Elman, Jordan, Layer
from rnnlib.drawing import STYLE, network_svg, wiring
from rnnlib.notation import markup, number, sentence_html, sentence_text, vector
from rnnlib.trace import Trace

if TYPE_CHECKING:
    import ipywidgets

SECONDS_A_FRAME = 2.5


@dataclass(frozen=True)
class Block:
    """Numbers at a place on the sheet of one time step.

    Attributes
    ----------
    label : str
        What stands before the numbers.
    values : (rows, columns)
    at : (row, column)
        The row of the sheet where the block begins, and which of its three columns it is in.
    kind : str
        "x", "h" or "y" for what flows through the network, "w" for weights, "a" for sums.
    """

    label: str
    values: NDArray
    at: tuple[int, int]
    kind: str


@dataclass(frozen=True)
class Frame:
    """One time step and one term of it.

    Attributes
    ----------
    t : int
        The time step, 0 for the initial state.
    term : str
        What is computed, in a word or two.
    text : str
        One sentence; symbols stand between backticks.
    results : tuple of (name, vector)
        What this frame adds, for the table of all steps.
    sheet : tuple of Block
        All blocks of the time step, in the same places in every frame.
    used, new, hidden : sets of labels
        Blocks that the term reads, the block that it computes, and those not computed yet. A label
        is unique on a sheet.
    lit, known : sets
        What of the network's drawing is marked and what is drawn as computed; see
        ``rnnlib.drawing.network_svg``.
    """

    t: int
    term: str
    text: str
    results: tuple[tuple[str, NDArray], ...]
    sheet: tuple[Block, ...]
    used: frozenset[str]
    new: frozenset[str]
    hidden: frozenset[str]
    lit: frozenset[tuple]
    known: frozenset[tuple]


@singledispatch
def frames(cell: Cell, trace: Trace) -> Iterator[Frame]:
    """The frames of a trace, one for each time step and term; chosen by the kind of ``cell``.

    Raises
    ------
    ValueError
        If no figure is known for this kind of network.
    """
    raise ValueError(
        f"no stepper for {type(cell).__name__}, expected the trace of an Elman or Jordan network "
        f"or of a Layer"
    )


@frames.register(Elman)
@frames.register(Jordan)
def _two_layer_frames(cell: Elman | Jordan, trace: Trace) -> Iterator[Frame]:
    k, n = cell.W_x.shape
    memory = cell.state[0]
    fed_back = len(cell.W_h)  # rows of W_h
    row_x, row_m = k, k + 1 + fed_back  # rows of the sheet in which x(t) and the memory stand
    row_h = row_m + 3
    for t in range(1, len(trace) + 1):
        record, x, before = trace[t], trace.xs[t - 1], getattr(trace[t - 1], memory)
        share, kept, read = x @ cell.W_x, before @ cell.W_h, record.h @ cell.W_o
        past, kind = f"{memory}({t - 1})", memory
        sheet = (
            Block("W_x", cell.W_x, (0, 1), "w"),
            Block(f"x({t})", _row(x), (row_x, 0), "x"),
            Block("from x", _row(share), (row_x, 1), "a"),
            Block("W_h", cell.W_h, (k + 1, 1), "w"),
            Block(past, _row(before), (row_m, 0), kind),
            Block("from memory", _row(kept), (row_m, 1), "a"),
            Block("b_h", _row(cell.b_h), (row_m + 1, 1), "w"),
            Block("a_h", _row(record.a_h), (row_m + 2, 1), "a"),
            Block(f"h({t})", _row(record.h), (row_h, 1), "h"),
            Block("W_o", cell.W_o, (row_h - n, 2), "w"),
            Block("from h", _row(read), (row_h, 2), "a"),
            Block("b_o", _row(cell.b_o), (row_h + 1, 2), "w"),
            Block("a_o", _row(record.a_o), (row_h + 2, 2), "a"),
            Block(f"y({t})", _row(record.y), (row_h + 3, 2), "y"),
        )
        scene = _Scene(t, len(trace), sheet, wiring(cell))
        if t == 1:
            yield scene.start(memory, before)
        yield scene.frame(
            "input",
            f"`x({t})` = {vector(x)} times `W_x` gives {vector(share)}.",
            ((f"x({t})", x), (f"x({t}) W_x", share)),
            used={f"x({t})", "W_x"},
            new={"from x"},
            lit={("x", t), ("W_x", t)},
        )
        yield scene.frame(
            "memory",
            f"`{past}` = {vector(before)} times `W_h` gives {vector(kept)}.",
            ((f"{past} W_h", kept),),
            used={past, "W_h"},
            new={"from memory"},
            lit={(memory, t - 1), ("W_h", t)},
        )
        yield scene.frame(
            "hidden layer",
            f"{vector(share)} + {vector(kept)} + `b_h` = {vector(record.a_h)}, "
            f"and {cell.g_h} of this is `h({t})` = {vector(record.h)}.",
            ((f"a_h({t})", record.a_h), (f"h({t})", record.h)),
            used={"from x", "from memory", "b_h"},
            new={"a_h", f"h({t})"},
            lit={("h", t)},
        )
        yield scene.frame(
            "output",
            f"`h({t})` = {vector(record.h)} times `W_o`, plus `b_o`, gives {vector(record.a_o)}, "
            f"and {cell.g_o} of this is `y({t})` = {vector(record.y)}.",
            ((f"a_o({t})", record.a_o), (f"y({t})", record.y)),
            used={f"h({t})", "W_o", "b_o"},
            new={"from h", "a_o", f"y({t})"},
            lit={("h", t), ("W_o", t), ("y", t)},
        )


@frames.register
def _layer_frames(cell: Layer, trace: Trace) -> Iterator[Frame]:
    k = cell.n_inputs
    row_x, row_m = k, k + 1 + len(cell.W_y)
    for t in range(1, len(trace) + 1):
        record, x, before = trace[t], trace.xs[t - 1], trace[t - 1].y
        share, kept, past = x @ cell.W_x, before @ cell.W_y, f"y({t - 1})"
        sheet = (
            Block("W_x", cell.W_x, (0, 1), "w"),
            Block(f"x({t})", _row(x), (row_x, 0), "x"),
            Block("from x", _row(share), (row_x, 1), "a"),
            Block("W_y", cell.W_y, (k + 1, 1), "w"),
            Block(past, _row(before), (row_m, 0), "y"),
            Block("from memory", _row(kept), (row_m, 1), "a"),
            Block("b", _row(cell.b), (row_m + 1, 1), "w"),
            Block("a", _row(record.a), (row_m + 2, 1), "a"),
            Block(f"y({t})", _row(record.y), (row_m + 3, 1), "y"),
        )
        scene = _Scene(t, len(trace), sheet, wiring(cell))
        if t == 1:
            yield scene.start("y", before)
        yield scene.frame(
            "input",
            f"`x({t})` = {vector(x)} times `W_x` gives {vector(share)}.",
            ((f"x({t})", x), (f"x({t}) W_x", share)),
            used={f"x({t})", "W_x"},
            new={"from x"},
            lit={("x", t), ("W_x", t)},
        )
        yield scene.frame(
            "memory",
            f"`{past}` = {vector(before)} times `W_y` gives {vector(kept)}.",
            ((f"{past} W_y", kept),),
            used={past, "W_y"},
            new={"from memory"},
            lit={("y", t - 1), ("W_y", t)},
        )
        yield scene.frame(
            "output",
            f"{vector(share)} + {vector(kept)} + `b` = {vector(record.a)}, "
            f"and {cell.phi} of this is `y({t})` = {vector(record.y)}.",
            ((f"a({t})", record.a), (f"y({t})", record.y)),
            used={"from x", "from memory", "b"},
            new={"a", f"y({t})"},
            lit={("y", t)},
        )


def _row(values: NDArray) -> NDArray:
    return np.atleast_2d(values)


class _Scene:
    """One time step: it remembers, from frame to frame, what has been computed."""

    def __init__(self, t: int, T: int, sheet: tuple[Block, ...], plan) -> None:
        self.t, self.T, self.sheet = t, T, sheet
        self.plan = plan
        # weights and what the step before left are there from the beginning
        self.there = {block.label for block in sheet if block.kind == "w"}
        self.known = {(layer, s) for layer in plan.layers for s in range(1, t)}
        self.known.add((plan.back[0], 0))
        self.there |= {block.label for block in sheet if block.label == f"{plan.back[0]}({t - 1})"}

    def start(self, memory: str, state: NDArray) -> Frame:
        label = f"{memory}(0)"
        why = "nothing has been read" if not state.any() else "this is what the network starts from"
        return self._frame(
            0,
            "start",
            f"Before step 1 of {self.T}, start: `{label}` = {vector(state)}; {why}.",
            ((label, state),),
            set(),
            {label},
            {(memory, 0)},
        )

    def frame(self, term: str, text: str, results, *, used: set, new: set, lit: set) -> Frame:
        self.there |= used | new
        text = f"Step {self.t} of {self.T}, {term}: {text}"
        made = self._frame(self.t, term, text, results, used, new, lit)
        self.known |= {key for key in lit if key[0] in self.plan.layers}
        return made

    def _frame(self, t, term, text, results, used, new, lit) -> Frame:
        return Frame(
            t,
            term,
            text,
            results,
            self.sheet,
            frozenset(used),
            frozenset(new),
            frozenset(block.label for block in self.sheet) - self.there,
            frozenset(lit),
            frozenset(self.known),
        )


class Stepper:
    """What ``stepper`` returns: a figure that shows itself in a notebook and on the book's pages.

    Attributes
    ----------
    title : str
    frames : list of Frame
    widget : ipywidgets.VBox
        The figure: ``Play``, a slider, and one ``HTML`` widget for each frame.
    """

    def __init__(self, trace: Trace, title: str) -> None:
        self.trace, self.title = trace, title
        self.frames = list(frames(trace.cell, trace))
        self.widget = _widget(self)

    def table(self) -> str:
        """All steps in one table, as HTML: what shows where scripts are off."""
        names, rows = _table(self.frames)
        head = "".join(f'<th scope="col">{_heading(name)}</th>' for name in names)
        body = "".join(
            f'<tr><th scope="row">{t}</th>{"".join(f"<td>{each}</td>" for each in row)}</tr>'
            for t, row in enumerate(rows)
        )
        return (
            f'<div class="rnn-theme rnn-table" tabindex="0" role="region" '
            f'aria-label="{escape(self.title)}"><table><caption>{escape(self.title)}</caption>'
            f'<thead><tr><th scope="col"><var>t</var></th>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    def __str__(self) -> str:
        """The same table as plain text."""
        names, rows = _table(self.frames)
        lines = [["t", *names], *([str(t), *row] for t, row in enumerate(rows))]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        laid_out = (
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
        return "\n".join([self.title, *laid_out])

    def __repr__(self) -> str:
        return f"<Stepper of {self.trace!r}>"

    def _ipython_display_(self) -> None:
        """Two outputs: the table for readers without scripts, and the figure for all others."""
        from IPython.display import display

        static = {"text/html": f"<noscript>{self.table()}</noscript>", "text/plain": str(self)}
        display(static, raw=True)
        # the view alone: its twin in plain text would name a random id
        view = "application/vnd.jupyter.widget-view+json"
        display({view: self.widget._repr_mimebundle_()[view]}, raw=True)


def stepper(trace: Trace, title: str | None = None) -> Stepper:
    """A figure that steps through a trace, term by term.

    Parameters
    ----------
    trace : Trace
        Of an Elman or Jordan network or of a Layer, over a single sequence of shape (T, k).
    title : str
        The question that the figure answers.

    Raises
    ------
    ValueError
        If the trace is one of a batch, or of a network for which there is no figure.
    TypeError
        If ``trace`` is no Trace.
    ImportError
        If the extra ``widgets`` is not installed.
    """
    if not isinstance(trace, Trace):
        raise TypeError(f"trace is of type {type(trace).__name__}, expected a Trace from unroll")
    if trace.xs.ndim != 2:
        k = trace.cell.n_inputs
        raise ValueError(
            f"trace has inputs of shape {trace.xs.shape}, expected a single sequence, (T, {k}): "
            f"unroll one instance of the batch, such as xs[:, 0]"
        )
    if title is None:
        name = type(trace.cell).__name__
        article = "an" if name[0] in "AEIO" else "a"
        title = f"What does {article} {name} network compute at each time step?"
    return Stepper(trace, title)


def _table(all_frames: list[Frame]) -> tuple[list[str], list[list[str]]]:
    """Names of the columns, and for each step 0 … T its vectors, each "" where there is none."""
    by_step: dict[int, dict[str, str]] = {}
    for frame in all_frames:
        for name, values in frame.results:
            by_step.setdefault(frame.t, {})[_general(name, frame.t)] = vector(values)
    names = list(by_step[1])
    return names, [[row.get(name, "") for name in names] for row in by_step.values()]


def _general(name: str, t: int) -> str:
    """The name of a quantity without its time step: h(t) for h(2) at step 2."""
    return name.replace(f"({t})", "(t)").replace(f"({t - 1})", "(t−1)")


def _heading(name: str) -> str:
    return " ".join(map(markup, name.split()))


def _widget(figure: Stepper) -> ipywidgets.VBox:
    """The figure, of core widgets that are linked in the browser."""
    try:
        import ipywidgets
    except ImportError as error:
        raise ImportError("the stepper needs ipywidgets: pip install unrolled[widgets]") from error
    last = len(figure.frames) - 1
    play = ipywidgets.Play(max=last, interval=int(1000 * SECONDS_A_FRAME), show_repeat=False)
    slider = ipywidgets.IntSlider(max=last, readout=False)
    sheets = [ipywidgets.HTML(_frame_html(frame, figure)) for frame in figure.frames]
    stack = ipywidgets.Stack(sheets, selected_index=0)
    ipywidgets.jslink((play, "value"), (slider, "value"))
    ipywidgets.jslink((slider, "value"), (stack, "selected_index"))
    css = STYLE + resources.files("rnnlib").joinpath("stepper.css").read_text(encoding="utf-8")
    head = ipywidgets.HTML(f'<style>{css}</style><p class="rnn-title">{escape(figure.title)}</p>')
    controls = ipywidgets.HBox([play, slider])
    box = ipywidgets.VBox([head, controls, stack])
    for each, name in ((box, "rnn-stepper"), (box, "rnn-theme"), (controls, "rnn-controls")):
        each.add_class(name)
    return box


def _frame_html(frame: Frame, figure: Stepper) -> str:
    drawing = network_svg(
        wiring(figure.trace.cell), len(figure.trace), max(frame.t, 1), frame.lit, frame.known
    )
    when, _, what = sentence_html(frame.text).partition(": ")
    return (
        f'<div class="rnn-frame" data-text="{escape(sentence_text(frame.text))}">'
        f'<p class="rnn-sentence"><b>{when}:</b> {what}</p>'
        f'<div class="rnn-parts">{drawing}{_sheet_html(frame)}</div></div>'
    )


def _sheet_html(frame: Frame) -> str:
    """The sheet as a table of numbers, one column a neuron.

    For a screen reader it is a picture, described in words: read cell by cell it says nothing.
    """
    height = max(block.at[0] + len(block.values) for block in frame.sheet)
    widths = [
        max((b.values.shape[1] for b in frame.sheet if b.at[1] == column), default=0)
        for column in range(3)
    ]
    cells: dict[tuple[int, int], str] = {}
    for block in frame.sheet:
        # blocks of a column end where it ends on the left side, so that vectors meet their matrix
        first = sum(widths[: block.at[1]]) + block.at[1] + 1
        if block.at[1] == 0:
            first += widths[0] - block.values.shape[1]
        _place(cells, block, first, frame)
    columns = sum(widths) + sum(width > 0 for width in widths)
    gap = ' class="gap"'  # a little air above each matrix of the middle column
    gaps = {b.at[0] for b in frame.sheet if b.at[1] == 1 and b.label.startswith("W")} - {0}
    rows = "".join(
        f"<tr{gap * (row in gaps)}>"
        f"{''.join(cells.get((row, column), '<td></td>') for column in range(columns))}</tr>"
        for row in range(height)
    )
    return (
        f'<div class="rnn-sheet" role="img" tabindex="0" aria-label="{escape(_describe(frame))}">'
        f"<table>{rows}</table></div>"
    )


def _place(cells: dict[tuple[int, int], str], block: Block, first: int, frame: Frame) -> None:
    """Write a block's label and numbers into the cells of the sheet."""
    hidden = block.label in frame.hidden
    state = "on" if block.label in frame.new else "in" if block.label in frame.used else ""
    rows, columns = block.values.shape
    label = "=" if block.label.startswith("from ") else markup(block.label)
    plus = "+ " if block.label.startswith("b") else ""
    cells[block.at[0], first - 1] = f'<td class="l {state}">{plus}{label}</td>'
    for i in range(rows):
        for j in range(columns):
            edge = " s" * (j == 0) + " e" * (j == columns - 1)
            text = "·" if hidden else number(block.values[i, j])
            shown = f"{block.kind} {'later' if hidden else state}".strip()
            cells[block.at[0] + i, first + j] = f'<td class="{shown}{edge}">{text}</td>'


def _describe(frame: Frame) -> str:
    """What the sheet shows, in words, without what is not computed yet."""
    said = []
    for block in frame.sheet:
        if block.label in frame.hidden or block.label.startswith("from "):
            continue
        values = block.values if block.kind == "w" and len(block.values) > 1 else block.values[0]
        rows = ", ".join(map(vector, values)) if values.ndim == 2 else vector(values)
        said.append(f"{block.label} = {rows}")
    return "; ".join(said)
