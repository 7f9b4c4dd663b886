"""Reading what was handed in, which may be anything.

Of a hand-in only one thing is ever used: the text of the cells that carry the id of an answer. All
else (other cells, metadata, outputs, points) comes from the released notebook.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from unrolled.errors import UnrolledError
from unrolled.judging.notebook import cell_id, is_answer, source

MAX_BYTES = 10_000_000


class Unreadable(UnrolledError):
    """A hand-in from which no answer can be taken; the message is for the student."""


@dataclass(frozen=True)
class Submission:
    """The answers of one hand-in.

    Attributes
    ----------
    answers : dict
        The text of each answer cell, by nbgrader's id; the released text where none was handed in.
    attempted : set of str
        Those ids whose text differs from the released one.
    notes : list of str
        What was found out of place, for student and instructor.
    missing : set of str
        The ids of the answer cells that were taken out.
    numbers : str
        The mark of whose numbers the notebook was given out with; empty for everybody's.
    """

    answers: dict[str, str]
    attempted: set[str]
    notes: list[str] = field(default_factory=list)
    missing: set[str] = field(default_factory=set, compare=False)
    numbers: str = ""


def read(path: Path, released: NotebookNode) -> Submission:
    """The answers in the notebook at ``path``.

    Raises
    ------
    Unreadable
        If it is no regular file, too large, or not a notebook.
    """
    return parse(load(path), path.name, released)


def parse(content: bytes, name: str, released: NotebookNode) -> Submission:
    """The answers in the ``content`` of a notebook file called ``name``.

    Raises
    ------
    Unreadable
        If it is not a notebook.
    """
    texts: dict[str, list[str]] = {}
    notebook = _notebook(content, name)
    for cell in _cells(notebook):
        if id_ := cell_id(cell):
            texts.setdefault(id_, []).append(source(cell))
    answers, attempted, notes, missing = {}, set(), [], set()
    for cell in released.cells:
        id_ = cell_id(cell)
        found = texts.get(id_, [])
        if is_answer(cell):
            changed = [text for text in found if text.strip() != cell.source.strip()]
            answers[id_] = changed[0] if changed else cell.source
            if changed:
                attempted.add(id_)
            if not found:
                missing.add(id_)
                notes.append(f"The answer cell “{id_}” is missing from the notebook.")
            elif len(found) > 1:
                notes.append(f"The cell “{id_}” occurs {len(found)} times; the first was graded.")
        elif id_ and (len(found) != 1 or found[0].strip() != cell.source.strip()):
            notes.append(f"The cell “{id_}”, which is not an answer, was changed; ours was used.")
    return Submission(answers, attempted, notes, missing, _numbers(notebook))


def _numbers(notebook: dict) -> str:
    try:
        mark = notebook["metadata"]["unrolled"]["numbers"]
    except (KeyError, TypeError, IndexError):
        return ""
    return mark if isinstance(mark, str) else ""


def load(path: Path) -> bytes:
    """The content of a file that a stranger put there.

    Raises
    ------
    Unreadable
        If it is no regular file, or too large.
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
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES:
        raise Unreadable(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB.")
    return content


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


def _cells(notebook: dict) -> list:
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not cells:
        raise Unreadable(
            "The notebook has no cells that can be read; save it again in Jupyter (format 4)."
        )
    return cells
