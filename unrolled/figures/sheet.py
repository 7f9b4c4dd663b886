"""A sheet: the numbers of one time step in their places, of which a frame marks some."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unrolled.figures.notation import number, plain, sentence_html, vector

ROW, AIR = 1.5, 0.5
"""Heights of a row, and of the air above a matrix, in rem, as in stepper.css."""


@dataclass(frozen=True, eq=False)
class Block:
    """Numbers, or words, at a place on a sheet.

    Attributes
    ----------
    label : str
        The block's name, unique on its sheet: marks refer to it.
    values : (rows, columns)
    at : (row, column)
        The row where the block begins, and the sheet's column that it stands in. Columns are as
        wide as their widest block; blocks of column 0 end where it ends, all others begin where
        it begins, so that a vector meets its matrix.
    kind : str
        "x", "h", "y", "c" or "g" for what flows through the network (g is a gate), "d" for
        gradients, "w" for weights, "a" for sums.
    shown : str
        What stands before the numbers, symbols between backticks.
    """

    label: str
    values: NDArray
    at: tuple[int, int]
    kind: str
    shown: str

    @cached_property
    def written(self) -> list[list[str]]:
        """The entries as they are shown."""
        return [[_entry(value) for value in row] for row in self.values]


@dataclass(frozen=True)
class Room:
    """The size of sheets that take each other's place, frame after frame: one for them all.

    How wide a text is depends on the fonts of whoever looks at it, so the browser has to measure.
    It measures the same texts in every frame, and so gets the same widths, in any font.

    Attributes
    ----------
    columns : tuple of (classes, texts)
        For each column of cells how it is edged, and the texts that may be its widest.
    height : float
        In rem, which fonts do not change.
    """

    columns: tuple[tuple[str, tuple[str, ...]], ...]
    height: float

    def html(self, rows: str = "", height: float = 0, attributes: str = "") -> str:
        """A table of this size with ``rows`` in it, which are ``height`` high."""
        widest = "".join(
            f'<td class="{classes}"><div>{"<br/>".join(map(sentence_html, texts))}</div></td>'
            for classes, texts in self.columns
        )
        rest = self.height - height
        below = f'<tr><td style="height:{rest:g}rem"></td></tr>' if rest else ""
        return (
            f'<div class="rnn-sheet"{attributes}>'
            f'<table><tr class="room">{widest}</tr>{rows}{below}</table></div>'
        )


@dataclass(frozen=True, eq=False)
class Sheet:
    """Blocks, and which of them a term reads, computes, or has yet to compute.

    ``used``, ``new``, ``hidden`` and ``struck`` hold labels, or entries (label, row, column);
    struck ones are left out of a sum. ``differing`` holds what a second sheet has otherwise: a
    label if it has no such block, else entries.
    """

    blocks: tuple[Block, ...]
    used: frozenset = frozenset()
    new: frozenset = frozenset()
    hidden: frozenset = frozenset()
    struck: frozenset = frozenset()
    differing: frozenset = frozenset()

    def __getitem__(self, label: str) -> Block:
        for block in self.blocks:
            if block.label == label:
                return block
        raise KeyError(label)

    def state(self, block: Block, i: int, j: int) -> str:
        """The classes that say what an entry is in this frame."""

        def among(marks: frozenset) -> bool:
            return block.label in marks or (block.label, i, j) in marks

        if among(self.hidden):
            return "later"
        state = "on" if among(self.new) else "in" if among(self.used) else ""
        unlike = (block.label, i, j) in self.differing
        return f"{state}{' off' * among(self.struck)}{' unlike' * unlike}".strip()

    def describe(self) -> str:
        """What the sheet shows, in words, without what is not computed yet and what is unnamed."""
        said = []
        for block in self.blocks:
            told = [each if isinstance(each, str) else each[0] for each in self.hidden]
            if block.label in told or block.shown in ("", "="):
                continue
            values = block.values if len(block.values) > 1 else block.values[0]
            written = vector(values) if values.dtype.kind in "fiu" else ", ".join(values.flat)
            said.append(f"{plain(block.label)} = {written}")
        return "; ".join(said) or "nothing is computed yet"

    def html(self, room: Room) -> str:
        """The sheet as a table of numbers, one column a neuron.

        For a screen reader it is a picture, described in words: read cell by cell it says nothing.
        """
        cells: dict[tuple[int, int], str] = {}
        for block in self.blocks:
            self._place(cells, block, self.first(block))
        gap = ' class="gap"'
        rows = "".join(
            f"<tr{gap * (row in self._gaps)}>"
            f"{''.join(cells.get((row, j), '<td></td>') for j in range(len(room.columns)))}</tr>"
            for row in self._rows
        )
        described = escape(self.describe())
        attributes = f' role="img" tabindex="0" aria-label="{described}"'
        return room.html(rows, self.height, attributes)

    @property
    def height(self) -> float:
        """In rem, as the style has it."""
        return ROW * len(self._rows) + AIR * len(self._gaps)

    def first(self, block: Block) -> int:
        """The cell that a block's numbers begin in: one column of cells holds each column's labels,
        and blocks of column 0 end where it ends."""
        column, width = block.at[1], block.values.shape[1]
        before = sum(1 + size for other, size in self._sizes.items() if other < column)
        inset = 0 if column else self._sizes[0] - width
        return before + 1 + inset

    @cached_property
    def _rows(self) -> range:
        top = min(block.at[0] for block in self.blocks)
        return range(top, max(block.at[0] + len(block.values) for block in self.blocks))

    @cached_property
    def _gaps(self) -> set[int]:
        """The rows with a little air above them: each matrix of weights in the middle has it."""
        matrices = (b for b in self.blocks if b.kind == "w" and not b.shown.startswith("+"))
        return {b.at[0] for b in matrices if b.at[1] == 1} - {self._rows.start}

    @cached_property
    def _sizes(self) -> dict[int, int]:
        """How many numbers each of the sheet's columns is wide."""
        sizes: dict[int, int] = {}
        for block in self.blocks:
            column = block.at[1]
            sizes[column] = max(sizes.get(column, 0), block.values.shape[1])
        return sizes

    def _place(self, cells: dict, block: Block, first: int) -> None:
        """Write a block's label and numbers into the cells of the sheet."""
        rows, columns = block.values.shape
        marks = {self.state(block, i, j) for i in range(rows) for j in range(columns)}
        state = next((each for each in ("on", "in") if any(each in m for m in marks)), "")
        if block.label in self.differing:
            state += " unlike"
        shown = sentence_html(block.shown)
        if shown:
            cells[block.at[0], first - 1] = f'<td class="l {state.strip()}">{shown}</td>'
        for i in range(rows):
            for j in range(columns):
                state = self.state(block, i, j)
                text = "·" if state == "later" else sentence_html(block.written[i][j])
                edge = " s" * (j == 0) + " e" * (j == columns - 1)
                edge += " t" * (i == 0) + " b" * (i == rows - 1)
                classes = f"{block.kind} {state}".strip()
                cells[block.at[0] + i, first + j] = f'<td class="{classes}{edge}">{text}</td>'


def room_for(sheets: Iterable[Sheet]) -> Room:
    """Room for each of these sheets, also for the numbers that a frame has yet to compute."""
    texts, edges = defaultdict(set), defaultdict(set)
    height = 0.0
    for sheet in sheets:
        height = max(height, sheet.height)
        for block in sheet.blocks:
            first = sheet.first(block)
            last = first + block.values.shape[1] - 1
            for row in block.written:
                for column, text in enumerate(row, start=first):
                    texts[column].add(text)
            if block.shown:
                texts[first - 1].add(block.shown)
                edges[first - 1].add("l")
            if block.kind == "w":  # brackets take room
                edges[first].add("w s")
                edges[last].add("w e")
    columns = (
        (" ".join(sorted(edges[column])), tuple(_widest(texts[column])))
        for column in range(max(texts) + 1)
    )
    return Room(tuple(columns), height)


# digits are of one width in most fonts; where they are not, all frames still have the same room
_ONE_DIGIT = str.maketrans("123456789¹²³⁴⁵⁶⁷⁸⁹", "0" * 9 + "⁰" * 9)


def _widest(texts: Iterable[str]) -> Iterator[str]:
    """All but those whose letters another text has too, and more: they are no wider than it."""
    counted = {text: Counter(text) for text in sorted({t.translate(_ONE_DIGIT) for t in texts})}
    for text, letters in counted.items():
        if not any(letters < others for others in counted.values()):
            yield text


def _entry(value: str | float) -> str:
    return plain(value) if isinstance(value, str) else number(value)


@dataclass
class Layout:
    """Puts blocks below each other in one column of a sheet, and their factors to the left."""

    column: int = 1
    row: int = 0
    blocks: list[Block] = field(default_factory=list)

    def add(self, label: str, values: ArrayLike, kind: str, shown: str | None = None) -> None:
        """A block in this column, below the last."""
        values = _matrix(values)
        self.blocks.append(
            Block(label, values, (self.row, self.column), kind, _shown(label, shown))
        )
        self.row += len(values)

    def beside(self, label: str, values: ArrayLike, kind: str, shown: str | None = None) -> None:
        """A block that ends to the left of the row that comes next."""
        values = _matrix(values)
        place = (self.row, self.column - 1)
        self.blocks.append(Block(label, values, place, kind, _shown(label, shown)))

    def product(
        self,
        weights: tuple[str, ArrayLike],
        factor: tuple[str, ArrayLike, str] | tuple[str, ArrayLike, str, str],
        result: tuple[str, ArrayLike],
    ) -> None:
        """A vector to the left of its matrix, and their product below the matrix."""
        self.add(*weights, "w")
        self.beside(*factor)
        self.add(*result, "a", "=")


def _shown(label: str, shown: str | None) -> str:
    return f"`{label}`" if shown is None else shown


def _matrix(values: ArrayLike) -> NDArray:
    values = np.atleast_2d(values)
    return values if values.dtype.kind in "OU" else values.astype(float)


def unlike(first: Sheet, second: Sheet) -> tuple[frozenset, frozenset]:
    """What differs between two sheets: entries of blocks that both have, and whole blocks that
    only one has, or in another shape."""
    return frozenset(_unlike(first, second)), frozenset(_unlike(second, first))


def _unlike(own: Sheet, other: Sheet) -> Iterator[object]:
    labels = {block.label: block for block in other.blocks}
    for block in own.blocks:
        twin = labels.get(block.label)
        if twin is None or twin.values.shape != block.values.shape:
            yield block.label
        else:
            yield from ((block.label, i, j) for i, j in _different_entries(block, twin))


def _different_entries(block: Block, twin: Block) -> Iterable[tuple[int, int]]:
    return [(int(i), int(j)) for i, j in np.argwhere(block.values != twin.values)]
