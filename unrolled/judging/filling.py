"""What a rubric writes into a notebook: the numbers to compute with, the public case, the hints.

    python -m unrolled.judging.filling solutions/elman ...

writes them into source notebooks, after a change of the rubric. In a cell it stands between two
lines, in code ``# from the rubric`` and ``# until here``, in text the same as HTML comments. So
numbers stand in one place, the rubric, and a student's own can take the place of the notes'.
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from unrolled.errors import UnrolledError
from unrolled.judging import ideas, rubric, variants
from unrolled.judging.notebook import INSTALLATION, cell_id, checksum
from unrolled.judging.rubric import ByHand, Case, Code, Question, Typed
from unrolled.judging.variants import Variant

LINES = r"(?m)^(?P<begin>{0}from the {2}{1}\n)(?:.*\n)*?(?P<end>{0}until here{1})$"
REGION = {
    "code": re.compile(LINES.format("# ", "", "rubric")),
    "markdown": re.compile(LINES.format("<!-- ", " -->", "rubric")),
}
OF_COURSE = re.compile(LINES.format("# ", "", "course"))


class FillingError(UnrolledError):
    """A rubric's text has no place in the notebook; the message names the cell."""


def texts(question: Question) -> dict[str, str]:
    """What the rubric has to say in the notebook about one question, by cell id."""
    match question:
        case ByHand():
            return _by_hand(question)
        case Typed():
            numbers = question.texts.get(question.points, "")
            return {**question.texts, question.points: f"{numbers}\n{_hints(question)}".lstrip()}
        case Code(public=Case() as public):
            lines = [
                variants.code("arguments", public.arguments),
                variants.code("expected", public.expected),
                _hints(question),
            ]
            return {question.points: "\n".join(lines)}
    return {}


def _by_hand(question: ByHand) -> dict[str, str]:
    network, xs = question.true.cell, question.true.xs
    lines = [
        variants.network_code("network", network),
        variants.code("xs", xs),
        _hints(question),
    ]
    texts = {question.points: "\n".join(lines)}
    if question.statement:
        texts[question.statement] = variants.formulas(network, xs)
    return texts


def _hints(question: Question) -> str:
    found = ideas.hints(question)
    if not found:
        return "hints = {}"
    lines = (
        f"    {variants.literal(place)}:\n        {variants.literal(hint)},\n"
        for place, hint in found.items()
    )
    return f"hints = {{\n{''.join(lines)}}}"


def fill(notebook: NotebookNode, questions: Sequence[Question]) -> NotebookNode:
    """A copy of ``notebook`` with the texts of its rubric in their places.

    Raises
    ------
    FillingError
        If a student's own numbers have no place to stand in.
    """
    notebook = copy.deepcopy(notebook)
    wanted = {cell: text for question in questions for cell, text in texts(question).items()}
    for cell in notebook.cells:
        text = wanted.get(cell_id(cell))
        if text is not None:
            cell.source = _between(REGION[cell.cell_type], cell.source, text)
    return notebook


def _between(lines: re.Pattern, source: str, text: str) -> str:
    return lines.sub(lambda found: f"{found['begin']}{text}\n{found['end']}", source)


def set_package(path: Path, package: str) -> None:
    """Write into the source notebook at ``path`` where students get what it needs."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell_id(cell) == INSTALLATION:
            cell.source = _between(OF_COURSE, cell.source, variants.code("SOURCE", package))
    text = nbformat.writes(notebook) + "\n"
    if text != path.read_text(encoding="utf-8"):
        path.write_text(text, encoding="utf-8")


def check_places(notebook: NotebookNode, questions: Sequence[Question]) -> None:
    """Raise FillingError unless each text of the rubric has its place in ``notebook``."""
    cells = {cell_id(cell): cell for cell in notebook.cells}
    for question in questions:
        for name in texts(question):
            cell = cells.get(name)
            if cell is None or not REGION[cell.cell_type].search(cell.source):
                raise FillingError(
                    f"the cell {name!r} has no lines “from the rubric” and “until here”: the "
                    "numbers of its question have no place there"
                )


def mark_for_student(notebook: NotebookNode, variant: Variant) -> NotebookNode:
    """The notebook of one student as it is given out: marked, and with nbgrader's checksums."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata.setdefault("unrolled", {})["numbers"] = variant.tag
    for cell in notebook.cells:
        if "checksum" in cell.metadata.get("nbgrader", {}):
            cell.metadata.nbgrader.checksum = checksum(cell)
    return notebook


def filled_text(folder: Path) -> str:
    """The text of the source notebook in ``folder`` as it must be: with what its rubric says."""
    notebook = nbformat.read(folder / f"{folder.name}.ipynb", as_version=4)
    return nbformat.writes(fill(notebook, rubric.load(folder).questions())) + "\n"


def main(folders: Sequence[str]) -> None:
    """Fill the source notebooks in ``folders``."""
    for folder in map(Path, folders):
        (folder / f"{folder.name}.ipynb").write_text(filled_text(folder), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
