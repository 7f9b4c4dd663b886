"""Figures of core widgets that talk to each other in the browser.

A figure is a list of frames, each with a sentence. ``Play`` and a slider choose the frame; a second
slider, where there is one, chooses among several lists. No kernel is needed for it: the same figure
works in JupyterLab and on a published page.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from importlib import resources
from itertools import zip_longest
from types import ModuleType
from typing import TYPE_CHECKING, Generic, TypeVar

from numpy.typing import NDArray

from unrolled.figures.drawing import STYLE
from unrolled.figures.notation import sentence_html, sentence_text, vector
from unrolled.figures.sheet import Room, Sheet, room_for

if TYPE_CHECKING:
    import ipywidgets

SECONDS_A_FRAME = 2.5
Shown = TypeVar("Shown")  # a frame, or two as one


@dataclass(frozen=True, eq=False)
class Frame:
    """What a figure shows at once.

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
    drawing : str
        A picture, as HTML that needs no words: the sentence and the sheets say it.
    sheets : tuple of Sheet
        The numbers.
    """

    t: int
    term: str
    text: str
    results: tuple[tuple[str, NDArray], ...]
    drawing: str = ""
    sheets: tuple[Sheet, ...] = ()

    def sentence(self) -> str:
        """The sentence in HTML, with what comes before the first colon in bold."""
        when, colon, what = sentence_html(self.text).partition(": ")
        return f"<p><b>{when}:</b> {what}</p>" if colon else f"<p>{when}</p>"

    def body(self, rooms: Sequence[Room]) -> str:
        """All but the sentence, in HTML; ``rooms`` are those of the sheets."""
        sheets = (sheet.html(room) for sheet, room in zip(self.sheets, rooms, strict=False))
        return _body(self.drawing, sheets)

    def outline(self, rooms: Sequence[Room]) -> str:
        """What is as large as the body, and empty."""
        sheets = (room.html() for _, room in zip(self.sheets, rooms, strict=False))
        return _body(_PICTURE.sub(r'<svg class="rnn-svg" \1></svg>', self.drawing), sheets)

    def html(self, rooms: Sequence[Room]) -> str:
        """The whole frame."""
        return (
            f'<div class="rnn-frame" data-text="{escape(sentence_text(self.text))}">'
            f'<div class="rnn-sentence">{self.sentence()}</div>{self.body(rooms)}</div>'
        )


# of a drawing the pictures' sizes alone
_PICTURE = re.compile(r'<svg [^>]*(viewBox="[^"]*" style="[^"]*")[^>]*>.*?</svg>', re.DOTALL)


def _body(drawing: str, sheets: Iterable[str]) -> str:
    sheets = [*sheets]
    together = "".join(sheets)
    if len(sheets) > 1:
        together = f'<div class="rnn-sheets">{together}</div>'
    return f'<div class="rnn-parts">{drawing}{together}</div>'


@dataclass(frozen=True)
class Table:
    """A figure's static twin: ``names`` of the columns, and rows of as many texts."""

    caption: str
    names: Sequence[str]
    rows: Sequence[Sequence[str]]

    def html(self) -> str:
        head = "".join(f'<th scope="col">{_heading(name)}</th>' for name in self.names)
        body = "".join(
            f'<tr><th scope="row">{_heading(first)}</th>'
            f"{''.join(f'<td>{sentence_html(each)}</td>' for each in rest)}</tr>"
            for first, *rest in self.rows
        )
        caption = escape(self.caption)
        return (
            f'<div class="rnn-theme rnn-table" tabindex="0" role="region" aria-label="{caption}">'
            f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table></div>"
        )

    def __str__(self) -> str:
        lines = [[sentence_text(each) for each in line] for line in (self.names, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        laid_out = (
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
        return "\n".join([self.caption, *laid_out])


def _heading(name: str) -> str:
    return sentence_html(" ".join(f"`{word}`" for word in name.split()))


def table_of(title: str, frames: Sequence[Frame]) -> Table:
    """All steps in one table, a row for each and a column for each of the frames' results."""
    by_step: dict[int, dict[str, str]] = {}
    for frame in frames:
        row = by_step.setdefault(frame.t, {})
        row |= {_general(name, frame.t): vector(values) for name, values in frame.results}
    names = max(by_step.values(), key=len)
    rows = [[str(t), *(row.get(name, "") for name in names)] for t, row in by_step.items()]
    return Table(title, ["t", *names], rows)


def _general(name: str, t: int) -> str:
    """The name of a quantity without its time step: h(t) for h(2) at step 2."""
    for step, when in ((t, "t"), (t - 1, "t−1"), (t + 1, "t+1")):
        name = name.replace(f"({step})", f"({when})")
    return name


class Figure(Generic[Shown]):
    """A figure that shows itself in a notebook and on the book's pages.

    Attributes
    ----------
    title : str
        The question that it answers.
    frames : list of Frame
    tables : list of Table
        What shows where scripts are off, and on paper.
    slider : str
        What the slider moves, if that is not the step.
    families : dict of lists of Frame, or None
        With a second slider, the frames for each of its values; ``frames`` are then the first's.
    family : str
        What the second slider moves.
    """

    def __init__(
        self,
        title: str,
        frames: Sequence[Shown],
        tables: Sequence[Table],
        *,
        slider: str = "",
        families: Mapping[str, Sequence[Shown]] | None = None,
        family: str = "",
    ) -> None:
        _ipywidgets()  # who has none is told so here, not when the figure is shown
        self.title, self.frames, self.tables = title, list(frames), list(tables)
        self.slider, self.families, self.family = slider, families, family

    @cached_property
    def widget(self) -> ipywidgets.VBox:
        """The figure, of core widgets that are linked in the browser."""
        return _widget(self)

    def table(self) -> str:
        """The static twin, as HTML."""
        return "".join(table.html() for table in self.tables)

    def __str__(self) -> str:
        """The static twin, as plain text."""
        return "\n\n".join(map(str, self.tables))

    def __repr__(self) -> str:
        return f"<Figure of {len(self.frames)} frames: {self.title}>"

    def _ipython_display_(self) -> None:
        """Two outputs: the tables for readers without scripts, and the figure for all others."""
        from IPython.display import display

        static = {"text/html": f"<noscript>{self.table()}</noscript>", "text/plain": str(self)}
        display(static, raw=True)
        # the view alone: its twin in plain text would name a random id
        view = "application/vnd.jupyter.widget-view+json"
        display({view: self.widget._repr_mimebundle_()[view]}, raw=True)


def _ipywidgets() -> ModuleType:
    try:
        import ipywidgets
    except ImportError as error:
        raise ImportError("the stepper needs ipywidgets: pip install unrolled[widgets]") from error
    return ipywidgets


def _widget(figure: Figure) -> ipywidgets.VBox:
    widgets = _ipywidgets()
    families = list((figure.families or {"": figure.frames}).values())
    last = max(map(len, families)) - 1
    play = widgets.Play(max=last, interval=int(1000 * SECONDS_A_FRAME), show_repeat=False)
    slider = widgets.IntSlider(max=last, readout=False, description=figure.slider)
    widgets.jslink((play, "value"), (slider, "value"))
    rooms = _rooms(families)
    stacks = [_stack([frame.html(rooms) for frame in frames], last + 1) for frames in families]
    for stack in stacks:
        widgets.jslink((slider, "value"), (stack, "selected_index"))
    controls = [widgets.HBox([play, slider])]
    if figure.families:
        shown = widgets.Stack(stacks, selected_index=0)
        controls.insert(0, _chooser(list(figure.families), figure.family, shown))
    else:
        [shown] = stacks
    stage = widgets.VBox([widgets.HTML(_sizer(families, rooms)), shown])
    head = widgets.HTML(f'{_style()}<p class="rnn-title">{escape(figure.title)}</p>')
    box = widgets.VBox([head, *controls, stage])
    for each in controls:
        each.add_class("rnn-controls")
    stage.add_class("rnn-stage")
    return box.add_class("rnn-stepper").add_class("rnn-theme")


def _stack(sheets: list[str], length: int) -> ipywidgets.Stack:
    """One sheet at a time; the last one serves for all that are missing."""
    widgets = _ipywidgets()
    first = widgets.HTML(sheets[0])
    # one layout and one style for all: it spares weight
    shared = {"layout": first.layout, "style": first.style}
    children = [first, *(widgets.HTML(sheet, **shared) for sheet in sheets[1:])]
    children += children[-1:] * (length - len(children))
    return widgets.Stack(children, selected_index=0)


def _chooser(values: Sequence[str], family: str, shown: ipywidgets.Stack) -> ipywidgets.HBox:
    """The second slider, with its value beside it."""
    widgets = _ipywidgets()
    slider = widgets.IntSlider(max=len(values) - 1, readout=False, description=family)
    labels = [sentence_html(each) for each in values]
    value = _stack([f'<p class="rnn-value">{each}</p>' for each in labels], len(labels))
    for stack in (shown, value):
        widgets.jslink((slider, "value"), (stack, "selected_index"))
    # as wide as the widest value, or the slider would change its length while it is dragged
    room = widgets.HTML(_unseen(f"<p>{each}</p>" for each in labels))
    beside = widgets.VBox([room, value]).add_class("rnn-values")
    return widgets.HBox([slider, beside]).add_class("rnn-what-if")


def _unseen(parts: Iterable[str]) -> str:
    """What takes its room and is not seen, nor heard."""
    return f'<div class="rnn-sizer" aria-hidden="true">{"".join(parts)}</div>'


def _rooms(families: Sequence[Sequence[Frame]]) -> list[Room]:
    """For each sheet of a frame the room that all frames give it."""
    every = zip_longest(*(frame.sheets for frames in families for frame in frames))
    return [room_for(sheet for sheet in sheets if sheet is not None) for sheets in every]


def _sizer(families: Sequence[Sequence[Frame]], rooms: Sequence[Room]) -> str:
    """All sentences and the outlines of all bodies, unseen and one behind the other.

    A stack puts one frame at a time on the page, and a figure would have the size of that frame.
    With these it has the size of its largest, whatever the page's width and fonts.
    """
    frames = [frame for frames in families for frame in frames]
    sentences = dict.fromkeys(frame.sentence() for frame in frames)
    outlines = dict.fromkeys(frame.outline(rooms) for frame in frames)
    return _unseen([*(f'<div class="rnn-room">{each}</div>' for each in sentences), *outlines])


def _style() -> str:
    """The figures' style. The book's pages have it already: there it is not sent once more."""
    if os.environ.get("RNNLIB_STYLE") == "page":
        return ""
    css = resources.files("unrolled.figures").joinpath("stepper.css").read_text(encoding="utf-8")
    return f"<style>{STYLE}{css}</style>"
