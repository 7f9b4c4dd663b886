"""Reading what was handed in, which may be anything.

Of a hand-in only the text of its cells is ever used: answers, and what a student wrote beside them.
All else (locked cells, metadata, outputs, points) comes from the released notebook. People split
cells, copy, merge, move and rename them: an answer is found by its id, and else by what it defines.
"""

from __future__ import annotations

import ast
import json
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbformat import NotebookNode

from unrolled.errors import UnrolledError
from unrolled.judging import program
from unrolled.judging.notebook import as_given_out, cell_id, is_answer, source
from unrolled.judging.program import MOST_OWN_CELLS, Cell, Program, defined, plain

MAX_BYTES = 10_000_000


HELD = "/proc/self/fd/"


class Unreadable(UnrolledError):
    """A hand-in from which no answer can be taken; the message is for the student."""


@dataclass(frozen=True)
class Submission:
    """The answers of one hand-in.

    Attributes
    ----------
    answers : dict
        The text of each answer, by nbgrader's id; the released text where none was handed in.
    attempted : set of str
        Those ids to which there is an answer, in the cell or elsewhere.
    notes : list of str
        What was found out of place, for student and instructor.
    missing : set of str
        The ids of the answer cells that were taken out, and whose answers are nowhere else.
    numbers : str
        The mark of whose numbers the notebook was given out with; empty for everybody's.
    program : Program
        What runs of it.
    """

    answers: dict[str, str]
    attempted: set[str]
    notes: list[str] = field(default_factory=list)
    missing: set[str] = field(default_factory=set, compare=False)
    numbers: str = ""
    program: Program = field(default_factory=Program, compare=False)


def read(path: Path, released: NotebookNode) -> Submission:
    """The answers in the notebook at ``path``.

    Raises
    ------
    Unreadable
        If it is no regular file, too large, or not a notebook.
    """
    return parse(load(path), path.name, released)


def parse(
    content: bytes,
    name: str,
    released: NotebookNode,
    asked: Mapping[str, Collection[str]] | None = None,
) -> Submission:
    """The answers in the ``content`` of a notebook file called ``name``.

    Parameters
    ----------
    asked
        The names that each answer is to define, where they are known; else those that the released
        cell defines.

    Raises
    ------
    Unreadable
        If it is not a notebook, or nothing in it is of this one.
    """
    notebook = _notebook(content, name)
    return _Reading(cells(notebook), released, asked or {}).submission(_numbers(notebook))


def with_ids(content: bytes, name: str, released: NotebookNode) -> list[tuple[str, dict]]:
    """Each cell of a hand-in, outputs and all, with the id of the released one that it is, or "".

    Raises
    ------
    Unreadable
        If it is not a notebook.
    """
    raw = cells(_notebook(content, name))
    known = _Reading(raw, released, {}).cells
    pairs = zip(known, raw, strict=True)
    return [(cell.id, whole) for cell, whole in pairs if isinstance(whole, dict)]


class _Reading:
    """A hand-in beside the released notebook: which cell is which, and what is a student's own."""

    def __init__(
        self, handed_in: list[dict], released: NotebookNode, asked: Mapping[str, Collection[str]]
    ) -> None:
        self.released = {cell_id(cell): cell for cell in released.cells if cell_id(cell)}
        self.notebook = released
        self.asks = {
            id_: set(asked.get(id_) or defined(cell.source))
            for id_, cell in self.released.items()
            if is_answer(cell) and cell.cell_type == "code"
        }
        # a copy of a cell that was to be filled in defines nothing
        self.untouched = {plain(cell.source) for cell in released.cells if is_answer(cell)}
        self.notes: list[str] = []
        marked = [self._read(n, cell) for n, cell in enumerate(handed_in)]
        ids = [cell.id for cell in marked if cell.id]
        self.strange = sum(id_ not in self.released for id_ in ids) > len(ids) / 2
        self.late = False
        self.cells = self._known(marked)
        self.groups = self._grouped()

    def _read(self, number: int, cell: object) -> Cell:
        """A cell; one that nobody changed has our text of today, whatever it was given out with."""
        found = _cell(number, cell)
        if found.id in self.released and as_given_out(cell):
            return replace(found, source=self.released[found.id].source)
        return found

    def _known(self, cells: list[Cell]) -> list[Cell]:
        """The cells with the ids of the released ones that they are, also where these were lost."""
        cells = [cell if cell.id in self.released else replace(cell, id="") for cell in cells]
        lost = [id_ for id_ in self.released if id_ not in {cell.id for cell in cells}]
        texts = {plain(self.released[id_].source): id_ for id_ in reversed(lost)}
        found = 0
        for n, cell in enumerate(cells):
            id_ = "" if cell.id else texts.pop(plain(cell.source), "") or self._by_name(cell, lost)
            if id_:
                cells[n] = replace(cell, id=id_)
                found += 1
        if found:
            self.notes.append(
                f"{found} cells had lost their marks and were found by what is in them."
                if found > 1
                else "One cell had lost its marks and was found by what is in it."
            )
        return cells

    def _by_name(self, cell: Cell, lost: list[str]) -> str:
        """The answer without a cell that a cell of code defines."""
        names = defined(cell.source) if cell.kind == "code" else set()
        return next((id_ for id_ in lost if names & self.asks.get(id_, set())), "")

    def _grouped(self) -> dict[str, list[Cell]]:
        """The cells by the released cell that they are, or below which they stand."""
        groups: dict[str, list[Cell]] = {}
        self.places: dict[int, str] = {}
        place = ""
        for cell in self.cells:
            place = self.places[cell.number] = cell.id or place
            if plain(cell.source) not in self.untouched:
                groups.setdefault(place, []).append(cell)
        return groups

    def _index(self, cell: Cell) -> int:
        """Which of the released cells it stands below; −1 above them all."""
        place = self.places[cell.number]
        return list(self.released).index(place) if place else -1

    def submission(self, numbers: str) -> Submission:
        answers, attempted, missing = {}, set(), set()
        for id_, cell in self.released.items():
            if not is_answer(cell):
                continue
            given = self._code(id_) if cell.cell_type == "code" else self._text(id_)
            answers[id_] = given or cell.source
            if given:
                attempted.add(id_)
            elif not any(each.id == id_ for each in self.cells):
                missing.add(id_)
                self.notes.append(f"The answer cell “{id_}” is missing from the notebook.")
        if self.strange or len(missing) == len(answers):
            raise Unreadable(
                "Nothing of this assignment is in the notebook: it may be that of another one."
            )
        self._note_changes()
        return Submission(answers, attempted, self.notes, missing, numbers, self._program())

    def _changed(self, id_: str) -> list[Cell]:
        """The cells of that id that are not as they were released."""
        as_released = plain(self.released[id_].source)
        return [
            cell
            for cell in self.groups.get(id_, [])
            if cell.id and plain(cell.source) not in ("", as_released)
        ]

    def _code(self, id_: str) -> str:
        """An answer in code: its own cells, or the last of those that define what is asked."""
        own = self._changed(id_)
        if len(own) > 1:
            self.notes.append(f"The cell “{id_}” is there {len(own)} times; all of them ran.")
        if any(self.asks[id_] & defined(cell.source) for cell in own):
            last = max(n for n, c in enumerate(own) if self.asks[id_] & defined(c.source))
            own = [
                c for n, c in enumerate(own) if n >= last or not self.asks[id_] & defined(c.source)
            ]
            return _joined(own)
        elsewhere = [cell for cell in self._students() if self.asks[id_] & defined(cell.source)]
        if elsewhere:
            self.notes.append(f"The answer to “{id_}” was found in another cell.")
            self.late |= self._index(elsewhere[-1]) > list(self.released).index(id_)
        return _joined([*own, *elsewhere[-1:]])

    def _students(self) -> Iterator[Cell]:
        """The cells of code whose text is a student's: their own, and changed ones of ours."""
        grouped = [cell for group in self.groups.values() for cell in group]
        for cell in sorted(grouped, key=lambda cell: cell.number):
            same = cell.id and plain(cell.source) == plain(self.released[cell.id].source)
            if cell.kind == "code" and not same:
                yield cell

    def _text(self, id_: str) -> str:
        """A written answer, with what stands beside its cell."""
        places = list(self.released)
        before = places[places.index(id_) - 1] if places.index(id_) else ""
        place = id_ if any(cell.id == id_ for cell in self.cells) else before
        beside = [cell for cell in self.groups.get(place, []) if not cell.id and _is_prose(cell)]
        if place != before:  # between the task and the answer
            above = [cell for cell in self.groups.get(before, []) if not cell.id]
            beside = [cell for cell in above if _is_prose(cell)] + beside
        given = self._changed(id_) + beside
        if given:
            if beside:
                self.notes.append(f"Of the answer to “{id_}” some stands in other cells.")
            return _joined(given)
        task = self._changed(before) if before and not is_answer(self.released[before]) else []
        others = [c for c in self.cells if not c.id and _is_prose(c) and len(c.source.split()) > 4]
        given = [cell for cell in task if cell.kind != "code"] or others
        if given:
            self.notes.append(
                f"The answer to “{id_}” may be in other cells: a human looks at them."
            )
        return _joined(given)

    def _note_changes(self) -> None:
        changed = [
            id_
            for id_, cell in self.released.items()
            if not is_answer(cell)
            and (self._changed(id_) or not any(each.id == id_ for each in self.cells))
        ]
        if changed:
            names = ", ".join(f"“{id_}”" for id_ in changed)
            what = (
                "This cell, which is no answer, was"
                if len(changed) == 1
                else "These cells, which are no answers, were"
            )
            self.notes.append(f"{what} changed or taken out; ours ran instead: {names}.")

    def _program(self) -> Program:
        own = [cell for cell in self.cells if not cell.id and cell.kind == "code"]
        groups = self.groups
        if len(own) > MOST_OWN_CELLS:
            self.notes.append(
                f"Of {len(own)} cells of your own the first {MOST_OWN_CELLS} ran: that many may."
            )
            last = own[MOST_OWN_CELLS - 1].number
            groups = {
                place: [cell for cell in cells if cell.id or cell.number <= last]
                for place, cells in groups.items()
            }
        found = program.build(self.notebook, groups, {})
        if not self.late:
            return found
        # others may call what is defined further down than it should be
        return Program(found.steps, dict.fromkeys(found.until, len(found.steps)))


def _cell(number: int, cell: object) -> Cell:
    if not isinstance(cell, dict):
        return Cell(number, "", "")
    kind = cell.get("cell_type")
    return Cell(number, kind if isinstance(kind, str) else "", source(cell), cell_id(cell))


def _joined(cells: list[Cell]) -> str:
    in_order = sorted(cells, key=lambda cell: cell.number)
    return "\n\n".join(cell.source for cell in in_order)


PROSE = re.compile(
    r"(?:\b(?!(?:for|in|if|is|not|and|or|import|from|as|return|else|lambda|yield|with|def)\b)"
    r"[^\W\d_]+[,;:]? ){3}[^\W\d_]+"
)


def _is_prose(cell: Cell) -> bool:
    """Whether a human should read it; a text is often typed into a cell that is one of code."""
    if cell.kind != "code":
        return bool(cell.source.strip())
    if _is_all_text(cell.source):
        return bool(PROSE.search(cell.source))
    return bool(PROSE.search(re.sub(r"#.*|\"[^\"\n]*\"|'[^'\n]*'", "", cell.source)))


def _is_all_text(source: str) -> bool:
    """Whether code holds nothing but comments and texts, bare, printed or given a name."""
    try:
        parsed = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False

    def is_text(node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            return all(map(is_text, node.args))
        return isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str)
        )

    return all(isinstance(one, ast.Expr | ast.Assign) and is_text(one.value) for one in parsed)


def _numbers(notebook: dict) -> str:
    try:
        mark = notebook["metadata"]["unrolled"]["numbers"]
    except (KeyError, TypeError, IndexError):
        return ""
    return mark if isinstance(mark, str) else ""


def load(path: Path, most: int = MAX_BYTES) -> bytes:
    """The content of a file that a stranger put there.

    Raises
    ------
    Unreadable
        If it is no regular file, or has more than ``most`` bytes.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Unreadable(f"There is no notebook {path.name} in the hand-in.") from None
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be opened: {error.strerror}.") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable(f"{path.name} is not a file.")
        if not _is_inside(descriptor, path):
            raise Unreadable(f"{path.name} lies behind a link.")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(most + 1)
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise Unreadable(f"{path.name} is larger than {most // 1_000_000} MB.")
    return content


@contextmanager
def standing(folder: Path) -> Iterator[Path]:
    """The folder as it is now, under a name that stays its own: whoever puts a link into its place,
    or into that of the folder above it, while it is read changes nothing.

    Raises
    ------
    Unreadable
        If it, or the folder above it, is a link or no folder.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    held: list[int] = []
    try:
        held.append(os.open(folder.parent, flags))
        held.append(os.open(folder.name, flags, dir_fd=held[0]))
        yield Path(f"{HELD}{held[1]}")
    except NotADirectoryError:
        linked = folder.is_symlink() or folder.parent.is_symlink()
        what = "a symbolic link" if linked else "a file"
        raise Unreadable(f"The hand-in is {what}, not a folder.") from None
    finally:
        for descriptor in held:
            os.close(descriptor)


def _is_inside(descriptor: int, path: Path) -> bool:
    """Whether what was opened lies in the folder that stands, if it was opened by such a one."""
    if not str(path).startswith(HELD):
        return True
    top = os.readlink(Path(*path.parts[:5]))
    return os.readlink(f"{HELD}{descriptor}").startswith(f"{top}/")


def _notebook(content: bytes, name: str) -> dict:
    """The JSON object in it."""
    if not content.strip():
        raise Unreadable(f"{name} is empty.")
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError):
        raise Unreadable(f"{name} is damaged: it is not a notebook file.") from None
    if not isinstance(notebook, dict):
        raise Unreadable(f"{name} is damaged: it is not a notebook file.")
    return notebook


def cells(notebook: dict) -> list:
    """The cells of a notebook of any format, whatever they are.

    Raises
    ------
    Unreadable
        If there are none.
    """
    cells = notebook.get("cells")
    if not cells and isinstance(worksheets := notebook.get("worksheets"), list):  # format 3
        lists = [sheet.get("cells") for sheet in worksheets if isinstance(sheet, dict)]
        cells = [cell for listed in lists if isinstance(listed, list) for cell in listed]
    if not isinstance(cells, list) or not cells:
        raise Unreadable("The notebook has no cells that can be read; save it again in Jupyter.")
    return cells
