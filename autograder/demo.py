"""``autograder demo``: the whole project on a sample class, in a folder of its own.

The class is made up. Beside those who are right, each in a style of their own, and those who handed
in nothing or a damaged file, each student has some of the wrong ideas of the rubric in the numbers
that they typed, and some slips in their code. That code only ever runs in the sandbox.
"""

from __future__ import annotations

import copy
import random
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from autograder import ideas, samples, variants
from autograder.assignment import Assignment
from autograder.course import CONFIG, Course, environment
from autograder.handin import cell_id
from autograder.mutants import mutants
from autograder.rubric import ByHand, Code, Question, Typed
from autograder.strength import model_answers

NAMES = [
    "ada",
    "bela",
    "chen",
    "dora",
    "emil",
    "fay",
    "gus",
    "hana",
    "ivan",
    "june",
    "kofi",
    "lena",
    "milo",
    "nina",
    "omar",
    "pia",
    "quin",
    "rosa",
    "sven",
    "tara",
]
DAMAGED = '{"cells": [{"cell_type": "code", "metadata": {"nbgrader": {"gr'


class DemoError(RuntimeError):
    """The demonstration cannot go on; the message says why."""


def repository() -> Path:
    """The clone of this project in which we stand.

    Raises
    ------
    DemoError
        If this is none: the demonstration needs the book's sources.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "_toc.yml").is_file() and (folder / CONFIG).is_file():
            return folder
    raise DemoError(f"{here} is not in a clone of Unrolled; go to one and try again")


def build_book(root: Path) -> Path:
    """Build the book; returns its front page.

    Raises
    ------
    DemoError
        With the end of the build's log, if it fails.
    """
    tool = Path(sys.executable).with_name("jupyter-book")
    done = subprocess.run(
        [str(tool), "build", str(root)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise DemoError(f"the book does not build; its log ends with:\n{done.stdout[-3000:]}")
    return root / "_build" / "html" / "index.html"


def make_course(root: Path) -> Course:
    """A fresh course in ``demo/``: the repository's assignments, and links to its book."""
    folder = root / "demo"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    shutil.copy(root / CONFIG, folder)
    for assignments in ("solutions", "assignments"):
        shutil.copytree(root / assignments, folder / assignments)
    book = (root / "_build" / "html" / "book").as_uri()
    with (folder / CONFIG).open("a", encoding="utf-8") as config:
        config.write(f"\nc.Autograder.book = {book!r}\n")
    return Course(folder)


def hand_in(course: Course, assignment: Assignment) -> None:
    """Put the made-up class's hand-ins into the course's folder of hand-ins."""
    for student, text in made_up_class(course, assignment).items():
        folder = course.folder("submitted", student, assignment.name)
        folder.mkdir(parents=True)
        (folder / f"{assignment.notebook}.ipynb").write_text(text, encoding="utf-8")


def made_up_class(course: Course, assignment: Assignment) -> dict[str, str]:
    """What each student handed in, as the text of a notebook file; the same at each call."""
    model = model_answers(course, assignment.name)
    students = iter(NAMES)
    class_ = {next(students): notebook(assignment, model)}
    styles = course.folder("source", ".", assignment.name) / "styles"
    for path in sorted(styles.glob("*.txt"))[:3]:
        class_[next(students)] = notebook(assignment, model | samples.texts(path))
    class_[next(students)] = nbformat.writes(assignment.released)
    class_[next(students)] = DAMAGED
    if code := [q.cell for q in assignment.questions if isinstance(q, Code)][:1]:
        class_[next(students)] = notebook(assignment, model | {code[0]: "while True:\n    pass"})
    for student in students:
        rng = random.Random(f"{student}, {assignment.name}")
        class_[student] = notebook(assignment, model | mistaken(assignment, model, rng))
    return class_


def notebook(assignment: Assignment, answers: dict[str, str]) -> str:
    """The released notebook with ``answers`` in its cells, as the text of a file."""
    made = copy.deepcopy(assignment.released)
    for cell in made.cells:
        cell.source = answers.get(cell_id(cell), cell.source)
    return nbformat.writes(made)


def mistaken(assignment: Assignment, model: dict[str, str], rng: random.Random) -> dict[str, str]:
    """Some answers that are wrong, one or two in three, as ``rng`` has it."""
    answers = {}
    for question in assignment.questions:
        match question:
            case ByHand() | Typed() if question.wrong and rng.random() < 0.4:
                answers[question.cell] = _typed(question, rng)
            case Code() if rng.random() < 0.4:
                answers[question.cell] = rng.choice(list(mutants(model[question.cell]))).text
    return answers


def _typed(question: Question, rng: random.Random) -> str:
    """What somebody types who has one of the wrong ideas."""
    wrong = ideas.values_of(rng.choice(question.wrong), question, None) or {}
    values = {name: want.values for name, want in ideas.right_values(question, None).items()}
    names = question.names if isinstance(question, ByHand) else {name: name for name in values}
    return "\n".join(variants.code(names[name], value) for name, value in (values | wrong).items())
