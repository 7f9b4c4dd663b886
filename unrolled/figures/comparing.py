"""Two figures side by side, and one figure for each of several values."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import zip_longest
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unrolled.figures.drawing import Drawing
from unrolled.figures.figure import Figure, Frame, Table
from unrolled.figures.notation import number, sentence_html, sentence_text, vector
from unrolled.figures.sheet import Room, Sheet, unlike

Value = TypeVar("Value", bound=ArrayLike)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two frames as one: ``names`` say which is whose."""

    frames: tuple[Frame, Frame]
    names: tuple[str, str]

    @property
    def t(self) -> int:
        return self.frames[0].t

    @property
    def term(self) -> str:
        return " and ".join(dict.fromkeys(frame.term for frame in self.frames))

    @property
    def results(self) -> tuple[tuple[str, NDArray], ...]:
        return tuple(result for frame in self.frames for result in frame.results)

    def _told(self) -> list[str]:
        """When; what each computes; and what of it differs."""
        (when, _, first), (_, _, second) = (frame.text.partition(": ") for frame in self.frames)
        when = when.replace(f", {self.frames[0].term}", f", {self.term}")
        return [when, first, second, self._difference()]

    def _difference(self) -> str:
        first, second = (dict(frame.results) for frame in self.frames)
        common = [name for name in first if name in second]
        unequal = [name for name in common if not np.array_equal(first[name], second[name])]
        if not common:
            return ""
        if not unequal:
            return "Both get the same." if first.keys() == second.keys() else ""
        return f"They differ in {' and '.join(f'`{name}`' for name in unequal)}."

    @property
    def text(self) -> str:
        when, first, second, difference = self._told()
        one, two = self.names
        return f"{when}: {one}: {first} {two}: {second} {difference}".strip()

    def sentence(self) -> str:
        when, *whats, difference = map(sentence_html, self._told())
        lines = [f"<b>{when}.</b> {difference}"]
        lines += [f"{escape(name)}: {what}" for name, what in zip(self.names, whats, strict=True)]
        return "".join(f"<p>{line}</p>" for line in lines)

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        return tuple(sheet for frame in self.frames for sheet in frame.sheets)

    def outline(self, rooms: Sequence[Room]) -> str:
        return self._beside(Frame.outline, rooms)

    def html(self, rooms: Sequence[Room]) -> str:
        return (
            f'<div class="rnn-frame" data-text="{escape(sentence_text(self.text))}">'
            f'<div class="rnn-sentence">{self.sentence()}</div>'
            f"{self._beside(Frame.body, rooms)}</div>"
        )

    def _beside(self, half: Callable[[Frame, Sequence[Room]], str], rooms: Sequence[Room]) -> str:
        first = len(self.frames[0].sheets)
        halves = "".join(
            f'<div><p class="rnn-name">{escape(name)}</p>{half(frame, own)}</div>'
            for name, frame, own in zip(
                self.names, self.frames, (rooms[:first], rooms[first:]), strict=True
            )
        )
        return f'<div class="rnn-pair">{halves}</div>'


def pairs(first: Sequence[Frame], second: Sequence[Frame], names: tuple[str, str]) -> list[Pair]:
    """Frames of the same time step side by side; the shorter step waits for the longer."""
    one, two = by_step(first), by_step(second)
    if list(one) != list(two):
        raise ValueError(
            f"first has frames for the steps {_listed(one)}, second for {_listed(two)}: "
            f"the same number of steps was expected"
        )
    return [_pair(a, b, names) for t in one for a, b in _aligned(one[t], two[t])]


def _aligned(first: list[Frame], second: list[Frame]) -> Iterator[tuple[Frame, Frame]]:
    """Frames of the same term together; before them, the shorter side waits for the longer."""
    i = j = 0
    for here, frame in enumerate(first):
        there = next((k for k in range(j, len(second)) if second[k].term == frame.term), None)
        if there is not None:
            yield from _waiting(first[i:here], second[j:there], frame, second[there])
            yield frame, second[there]
            i, j = here + 1, there + 1
    yield from _waiting(first[i:], second[j:], first[-1], second[-1])


def _waiting(
    first: list[Frame], second: list[Frame], one: Frame, two: Frame
) -> Iterator[tuple[Frame, Frame]]:
    """Pairs in which the shorter side repeats its last frame, or shows ``one`` or ``two``."""
    for a, b in zip_longest(first, second):
        yield a or (first or [one])[-1], b or (second or [two])[-1]


def by_step(frames: Iterable[Frame]) -> dict[int, list[Frame]]:
    steps: dict[int, list[Frame]] = {}
    for frame in frames:
        steps.setdefault(frame.t, []).append(frame)
    return steps


def _listed(steps: Iterable[int]) -> str:
    return ", ".join(map(str, steps))


def _pair(left: Frame, right: Frame, names: tuple[str, str]) -> Pair:
    """The two frames with what differs between their sheets marked."""
    if len(left.sheets) == len(right.sheets):
        marks = [unlike(a, b) for a, b in zip(left.sheets, right.sheets, strict=True)]
        left, right = (
            dataclasses.replace(
                frame,
                sheets=tuple(
                    dataclasses.replace(sheet, differing=each[side])
                    for sheet, each in zip(frame.sheets, marks, strict=True)
                ),
            )
            for side, frame in enumerate((left, right))
        )
    return Pair((left, right), names)


def family(
    make: Callable[[Value], Figure | Drawing], values: Iterable[Value], label: str, title: str
) -> Figure:
    """The figure of ``what_if``."""
    made: dict[str, Figure | Drawing] = {}
    for value in values:
        name = _name(value)
        if name in made:
            raise ValueError(f"values holds {name} twice, expected values that differ when written")
        made[name] = _checked(make(value), name)
    if len(made) < 2:
        raise ValueError(f"values holds {len(made)} values, expected at least 2")
    figures = {name: each for name, each in made.items() if isinstance(each, Figure)}
    drawings = {name: each for name, each in made.items() if isinstance(each, Drawing)}
    if figures and drawings:
        raise ValueError("make returns figures for some values and drawings for others")
    if drawings:
        rows = [[name, drawing.text] for name, drawing in drawings.items()]
        frames = [
            Frame(i, label, f"{_beginning(label)} {name}: {drawing.text}", (), drawing.html)
            for i, (name, drawing) in enumerate(drawings.items())
        ]
        return Figure(title, frames, [Table(title, [label, "what it shows"], rows)], slider=label)
    families = {name: figure.frames for name, figure in figures.items()}
    first = next(iter(figures.values()))
    tables = _joined(figures, label, title)
    return Figure(title, first.frames, tables, slider=first.slider, families=families, family=label)


def _beginning(label: str) -> str:
    """A word gets a capital letter, a symbol does not."""
    return label[0].upper() + label[1:] if label[1:2].isalpha() else label


def _name(value: ArrayLike) -> str:
    if isinstance(value, str):
        return value
    array = np.asarray(value)
    return number(array.item()) if array.ndim == 0 else vector(array)


def _checked(made: object, name: str) -> Figure | Drawing:
    if isinstance(made, Drawing) or (isinstance(made, Figure) and not made.families):
        return made
    what = "a figure with two sliders" if isinstance(made, Figure) else type(made).__name__
    raise TypeError(
        f"make returns {what} for {name}, expected a figure with one slider, such as stepper(...), "
        f"or a drawing"
    )


def _joined(figures: dict[str, Figure], label: str, title: str) -> list[Table]:
    """All figures' tables in one, if they have the same columns; else one after the other."""
    tables = {name: figure.tables[0] for name, figure in figures.items()}
    columns = {tuple(table.names) for table in tables.values()}
    if len(columns) > 1:
        return [
            dataclasses.replace(table, caption=f"{title} ({label} {name})")
            for name, table in tables.items()
        ]
    [names] = columns
    rows = [[name, *row] for name, table in tables.items() for row in table.rows]
    return [Table(title, [label, *names], rows)]
