"""A small assignment with all that a human grades, and answers that are no plain numbers."""

from __future__ import annotations

import base64
import copy
import io
import shutil
from pathlib import Path

import courses
import nbformat
from courses import marked
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from unrolled.course.course import CONFIG, Course

NAME = "sketch"
RUBRIC = """
import numpy as np
from unrolled.judging.rubric import Case, Choice, Code, Typed, Words, Wrong, Written

def roots(b, c):
    return np.roots([1, b, c]).astype(complex)

def case(title, b, c, hidden=True):
    return Case(title, {"b": b, "c": c}, {"r": roots(b, c)}, hidden)

questions = [
    Typed(
        "facts",
        "Facts",
        right={
            "activation": Words("tanh", "hyperbolic tangent"),
            "both": Choice("a", "c", among="abcd"),
            "z": 1 + 2j,
            "undefined": np.nan,
        },
        wrong=[Wrong("took ReLU", lambda: {"activation": "relu"}, "Which one is below zero, too?")],
    ),
    Code(
        "roots",
        "Roots",
        "roots",
        [case("The example", 2, 5, hidden=False), case("Others", 2, 17), case("Real", 3, 2)],
        wrong=[Wrong("the sign", lambda b, c: -roots(b, c), "What is the sign of b?")],
    ),
    Code(
        "say",
        "Say it",
        "say",
        [
            Case("The example", {"n": 2}, {"s": "tanh tanh"}, hidden=False),
            Case("Longer", {"n": 3}, {"s": "tanh tanh tanh"}),
        ],
    ),
    Written("plot", "A picture"),
]
"""
ANSWERS = {
    "facts": "activation, both, z, undefined = 'Tanh', {'c', 'A'}, 1 + 2j, float('nan')",
    "roots": "def roots(b, c):\n    return np.roots([1, b, c]).astype(complex)",
    "say": "def say(n):\n    return ' '.join(['tanh'] * n)",
    "plot": "curve = np.tanh(np.linspace(-2, 2))",
    "why": "Because it *saturates*.",
}
STUB = "### BEGIN SOLUTION\n{}\n### END SOLUTION"


def task(text: str, name: str, points: float) -> NotebookNode:
    """nbgrader's manually graded task."""
    cell = marked(new_markdown_cell(text), name)
    cell.metadata.nbgrader.update(task=True, points=points)
    return cell


def source() -> NotebookNode:
    code = {name: new_code_cell(STUB.format(ANSWERS[name])) for name in ANSWERS if name != "why"}
    checks = [
        marked(new_code_cell("# from the rubric\n# until here"), f"{name}-check", points=4)
        for name in ("facts", "roots", "say")
    ]
    cells = [marked(new_code_cell("import numpy as np"), "setup")]
    for name, check in zip(("facts", "roots", "say"), checks, strict=True):
        cells += [marked(code[name], name, solution=True), check]
    return new_notebook(
        cells=[
            marked(new_markdown_cell("# A sketch"), "introduction"),
            *cells,
            marked(code["plot"], "plot", solution=True, points=2),
            marked(new_markdown_cell("Because."), "why", solution=True, points=3),
            task("## Draw your own network\n\nBelow this.", "own-network", 5),
        ]
    )


def make(root: Path) -> Course:
    """A course with the assignment released."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "gradebook.db").write_bytes(courses.empty_gradebook())
    shutil.copy(courses.ROOT / CONFIG, root)
    folder = root / "solutions" / NAME
    folder.mkdir(parents=True)
    (folder / "rubric.py").write_text(RUBRIC)
    nbformat.write(source(), folder / f"{NAME}.ipynb")
    course = Course(root)
    course.release(NAME)
    return course


def png(wide: int = 40, high: int = 30, colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (wide, high), colour).save(out, "PNG")
    return out.getvalue()


def picture(content: bytes) -> NotebookNode:
    """An output of a cell, as Matplotlib leaves it."""
    return new_output("display_data", data={"image/png": base64.b64encode(content).decode()})


def notebook(course: Course, **answers: str) -> NotebookNode:
    """The released notebook, answered; ``own_network`` is a cell below the task."""
    given = ANSWERS | {name.replace("_", "-"): text for name, text in answers.items()}
    path = course.folder("release", ".", NAME) / f"{NAME}.ipynb"
    made = copy.deepcopy(nbformat.read(path, as_version=4))
    for cell in made.cells:
        name = cell.metadata.nbgrader.grade_id
        if name != "own-network":
            cell.source = given.get(name, cell.source)
    if "own-network" in given:
        made.cells.append(new_code_cell(given["own-network"]))
    return made


def cell_of(made: NotebookNode, name: str) -> NotebookNode:
    return next(c for c in made.cells if c.metadata.get("nbgrader", {}).get("grade_id", "") == name)


def submit(course: Course, student: str, made: NotebookNode | None = None, **answers: str) -> Path:
    """Hand in as ``student``; returns the file."""
    path = course.folder("submitted", student, NAME) / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made or notebook(course, **answers), path)
    return path


def page(course: Course, student: str) -> str:
    path = course.folder("feedback", student, NAME) / f"{NAME}.html"
    return path.read_text(encoding="utf-8")
