"""Notebooks and their cells: nbgrader's marks on them, and ours made of a student's texts."""

from __future__ import annotations

import copy
import hashlib
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode, from_dict

INSTALLATION = "installation"
"""The id of the cell that gets what a notebook needs."""


def cell_id(cell: Any) -> str:
    """nbgrader's id of a cell of any notebook, trusted or not; empty if it has none."""
    try:
        found = cell["metadata"]["nbgrader"]["grade_id"]
    except (KeyError, TypeError, IndexError):
        return ""
    return found if isinstance(found, str) else ""


def is_answer(cell: NotebookNode) -> bool:
    """Whether a cell of the *released* notebook is one that students fill in."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def is_task(cell: NotebookNode) -> bool:
    """Whether a cell of the *released* notebook is nbgrader's *manually graded task*: students
    work in cells of their own below it, and a human grades that."""
    return bool(cell.metadata.get("nbgrader", {}).get("task"))


def only_for_a_human(cell: NotebookNode) -> bool:
    """Whether a cell of the *released* notebook has points that no check can give."""
    return is_task(cell) or (is_answer(cell) and bool(cell.metadata.nbgrader.get("grade")))


def heading(cell: NotebookNode) -> str:
    """The first line of a text cell, without the marks of a heading."""
    lines = (line.strip("#* \t") for line in cell.source.splitlines())
    return next((line for line in lines if line and not line.startswith("<!--")), "")


def checksum(cell: NotebookNode) -> str:
    """What nbgrader wrote into a cell's metadata when it released it, if nobody changed it since.

    The same as ``nbgrader.utils.compute_checksum``: a student's machine has no nbgrader.
    """
    settings = cell.metadata.nbgrader
    grade, solution = bool(settings.get("grade")), bool(settings.get("solution"))
    locked = not solution and (grade or bool(settings.get("locked")))
    parts = [cell.source, cell.cell_type, grade, solution, locked, settings["grade_id"]]
    if grade:
        parts.append(float(settings["points"]))
    return hashlib.md5("".join(map(str, parts)).encode()).hexdigest()


def as_given_out(cell: Any) -> bool:
    """Whether a cell of any notebook is as nbgrader released it, going by nbgrader's own mark.

    So a cell is known as untouched that was released with another text than today's. Whoever forges
    the mark gets our text in the place of theirs.
    """
    try:
        settings = dict(cell["metadata"]["nbgrader"])
        scalars = {k: v for k, v in settings.items() if isinstance(v, str | int | float)}
        made = {"cell_type": cell["cell_type"], "source": source(cell)}
        return (
            checksum(from_dict({**made, "metadata": {"nbgrader": scalars}})) == scalars["checksum"]
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError):
        return False


def source(cell: dict[str, Any]) -> str:
    """The text of a cell of any notebook; empty if it has none."""
    text = cell.get("source", cell.get("input", ""))  # as format 3 calls it
    if isinstance(text, list):
        text = "".join(part for part in text if isinstance(part, str))
    if not isinstance(text, str):
        return ""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # lone surrogates are legal in JSON but in no file and no database
    return text.encode("utf-8", "replace").decode()


def rebuild(released: NotebookNode, answers: dict[str, str]) -> NotebookNode:
    """The released notebook with the student's texts in its answer cells, HTML in them inert."""
    notebook = copy.deepcopy(released)
    for cell in notebook.cells:
        if is_answer(cell):
            cell.source = answers.get(cell_id(cell), cell.source)
            if cell.cell_type == "markdown":
                cell.source = without_tags(cell.source)
    return notebook


def without_tags(markdown: str) -> str:
    """The text with every tag, link and picture shown rather than obeyed.

    formgrader renders it in the instructor's browser: HTML would run there, and so would Markdown's
    own links to script; its pictures would ask another site at once. A space between the brackets
    takes their meaning away, and is none to a reader.
    """
    shown = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", markdown)
    return re.sub(r"\](?=[(\[:])", "] ", shown)


def load_released(path: Path) -> NotebookNode:
    """The released notebook, which is ours."""
    return nbformat.read(path, as_version=4)
