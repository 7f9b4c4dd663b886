"""``unrolled export``: write the points for a learning platform."""

from __future__ import annotations

import argparse
import sys

from nbgrader.api import MissingEntry

from unrolled.course.course import Course
from unrolled.course.exports import Grade, canvas_csv, grades, moodle_csv
from unrolled.course.files import write
from unrolled.course.gradebook import GradebookError
from unrolled.judging.assignment import Assignment


def run(options: argparse.Namespace) -> None:
    """Write the points for a learning platform."""
    course = Course(options.course)
    assignment = course.assignment(options.assignment)
    found, most = _grades(course, assignment)
    make = {"canvas": canvas_csv, "moodle": moodle_csv}[options.platform]
    path = options.out or course.root / f"{options.platform}-{assignment.name}.csv"
    write(path, make(found, assignment.name, most))
    print(path)
    if waiting := sum(grade.score is None for grade in found):
        print(f"unrolled: {waiting} without a grade: they wait for a human", file=sys.stderr)


def _grades(course: Course, assignment: Assignment) -> tuple[list[Grade], float]:
    try:
        titles = {question.cell: question.title for question in assignment.questions}
        return grades(course.db_url, course.id, assignment.name, titles)
    except MissingEntry:
        raise GradebookError(
            f"{course.db_url} has no grades of {assignment.name}; "
            f"grade it first: unrolled grade {assignment.name}"
        ) from None
