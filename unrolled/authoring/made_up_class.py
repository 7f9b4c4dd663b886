"""A made-up class, to show grading with.

Beside those who are right, each in a style of their own, and those who handed in nothing or a
damaged file, each student has some of the wrong ideas of the rubric in the numbers that they typed,
and some slips in their code. That code only ever runs in the sandbox.
"""

from __future__ import annotations

import copy
import random

import nbformat

from unrolled.authoring import samples
from unrolled.authoring.mutants import mutants
from unrolled.authoring.strength import model_answers
from unrolled.course.course import Course
from unrolled.judging import ideas, variants
from unrolled.judging.assignment import Assignment
from unrolled.judging.notebook import cell_id
from unrolled.judging.rubric import ByHand, Code, Typed

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
        class_[student] = notebook(assignment, model | mistaken_answers(assignment, model, rng))
    return class_


def notebook(assignment: Assignment, answers: dict[str, str]) -> str:
    """The released notebook with ``answers`` in its cells, as the text of a file."""
    made = copy.deepcopy(assignment.released)
    for cell in made.cells:
        cell.source = answers.get(cell_id(cell), cell.source)
    return nbformat.writes(made)


def mistaken_answers(
    assignment: Assignment, model: dict[str, str], rng: random.Random
) -> dict[str, str]:
    """Some answers that are wrong, one or two in three, as ``rng`` has it."""
    answers = {}
    for question in assignment.questions:
        match question:
            case ByHand() | Typed() if question.wrong and rng.random() < 0.4:
                answers[question.cell] = _typed(question, rng)
            case Code() if rng.random() < 0.4:
                answers[question.cell] = rng.choice(list(mutants(model[question.cell]))).text
    return answers


def _typed(question: ByHand | Typed, rng: random.Random) -> str:
    """What somebody types who has one of the wrong ideas."""
    wrong = ideas.values_of(rng.choice(question.wrong), question) or {}
    values = {name: want.values for name, want in ideas.right_values(question).items()}
    names = question.names if isinstance(question, ByHand) else {name: name for name in values}
    return "\n".join(variants.code(names[name], value) for name, value in (values | wrong).items())
