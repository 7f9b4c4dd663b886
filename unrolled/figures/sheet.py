"""A sheet: the numbers of one time step in their places, of which a frame marks some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unrolled.figures.notation import number, plain, sentence_html, vector


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

    def html(self) -> str:
        """The sheet as a table of numbers, one column a neuron.

        For a screen reader it is a picture, described in words: read cell by cell it says nothing.
        """
        top = min(block.at[0] for block in self.blocks)
        height = max(block.at[0] + len(block.values) for block in self.blocks)
        first, widths = self._columns()
        cells: dict[tuple[int, int], str] = {}
        for block in self.blocks:
            self._place(cells, block, first[block.at[1]] + self._inset(block))
        # a little air above each matrix of weights in the middle
        matrices = (b for b in self.blocks if b.kind == "w" and not b.shown.startswith("+"))
        gaps = {b.at[0] for b in matrices if b.at[1] == 1} - {top}
        gap = ' class="gap"'
        rows = "".join(
            f"<tr{gap * (row in gaps)}>"
            f"{''.join(cells.get((row, column), '<td></td>') for column in range(len(widths)))}"
            f"</tr>"
            for row in range(top, height)
        )
        described = escape(self.describe())
        return (
            f'<div class="rnn-sheet" role="img" tabindex="0" aria-label="{described}">'
            f"<table>{_columns_html(widths)}{rows}</table></div>"
        )

    def _sizes(self) -> dict[int, int]:
        """How many numbers each of the sheet's columns is wide."""
        sizes: dict[int, int] = {}
        for block in self.blocks:
            column = block.at[1]
            sizes[column] = max(sizes.get(column, 0), block.values.shape[1])
        return dict(sorted(sizes.items()))

    def _inset(self, block: Block) -> int:
        return self._sizes()[0] - block.values.shape[1] if block.at[1] == 0 else 0

    def _columns(self) -> tuple[dict[int, int], list[int]]:
        """Where each column's numbers begin; and for each cell how many letters it needs, 0 for
        labels: a frame in which a number is still to come has the same width as one that shows it.
        """
        first, widths = {}, []
        for column, size in self._sizes().items():
            widths.append(0)
            first[column] = len(widths)
            widths += [1] * size
        for block in self.blocks:
            start = first[block.at[1]] + self._inset(block)
            for row in block.written:
                for j, text in enumerate(row):
                    widths[start + j] = max(widths[start + j], _length(text))
        return first, widths

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
                text = "·" if state == "later" else block.written[i][j]
                edge = " s" * (j == 0) + " e" * (j == columns - 1)
                edge += " t" * (i == 0) + " b" * (i == rows - 1)
                classes = f"{block.kind} {state}".strip()
                cells[block.at[0] + i, first + j] = f'<td class="{classes}{edge}">{text}</td>'


def _entry(value: object) -> str:
    return escape(plain(value)) if isinstance(value, str) else number(value)


def _length(text: str) -> int:
    return len(text) - text.count("\u0303")


def _columns_html(widths: list[int]) -> str:
    """Widths for cells that need more than the two letters which every cell has room for."""
    if max(widths) <= 2:
        return ""
    cols = (
        f'<col style="width:{width + 0.5:g}ch"/>' if width > 2 else "<col/>" for width in widths
    )
    return f"<colgroup>{''.join(cols)}</colgroup>"


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
        factor: tuple[str, ArrayLike, str],
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
    return [tuple(map(int, at)) for at in np.argwhere(block.values != twin.values)]
