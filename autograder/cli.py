"""The command ``autograder``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate
from tqdm import tqdm

from autograder import demo, pages
from autograder.assignment import Assignment
from autograder.course import CONFIG, Course, CourseError
from autograder.grade import UNSAFE, Result, grade, in_order
from autograder.rubric import RubricError
from autograder.sandbox import SandboxMissing
from autograder.store import write


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0, or 1 when something is missing or wrong."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (CourseError, RubricError, SandboxMissing, demo.DemoError) as error:
        print(f"autograder: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autograder",
        description="Grades hand-ins in a sandbox, into nbgrader's gradebook.",
        epilog="example: autograder grade elman-jordan --course ~/courses/rnn",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    grading = commands.add_parser(
        "grade",
        help="grade all hand-ins of an assignment",
        description="Grades submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb of every student: into "
        "the gradebook, autograded/ and feedback/.",
    )
    _takes_assignment(grading)
    grading.add_argument("--jobs", type=_positive, help="hand-ins at a time (default: all cores)")
    grading.add_argument(
        "--unsafe",
        action="store_true",
        help="run students' code without a sandbox, as yourself; every result is stamped with it",
    )
    grading.set_defaults(run=_grade)
    releasing = commands.add_parser(
        "release",
        help="make the students' notebook of an assignment, by nbgrader",
        description="Lets nbgrader make the students' notebook out of the instructor's.",
    )
    _takes_assignment(releasing)
    releasing.set_defaults(run=_release)
    showing = commands.add_parser(
        "demo",
        help="build the book, release an assignment, and grade a sample class",
        description="Builds the book and grades a sample class, in the folder demo/.",
    )
    showing.set_defaults(run=_demo)
    return parser


def _takes_assignment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("assignment", help="its name, as in the source folder")
    parser.add_argument(
        "--course", type=Path, default=Path(), help=f"the folder that holds {CONFIG} (default: .)"
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def _grade(options: argparse.Namespace) -> None:
    course = Course(options.course)
    assignment = course.assignment(options.assignment)
    results = graded(course, assignment, options.unsafe, options.jobs)
    report = write_report(course, assignment, results)
    print(table(assignment, results))
    print(f"\nThe class:     {report}")
    print(f"Each student:  {course.folder('feedback', 'STUDENT', assignment.name)}")
    print(f"Points:        {course.db_url}")


def _release(options: argparse.Namespace) -> None:
    course = Course(options.course)
    course.release(options.assignment)
    print(course.folder("release", ".", options.assignment))


def graded(
    course: Course, assignment: Assignment, unsafe: bool = False, jobs: int | None = None
) -> list[Result]:
    """Grade the class behind a progress bar."""
    if unsafe:
        print(f"autograder: {UNSAFE}", file=sys.stderr)
    students = course.students(assignment.name)
    results = grade(course, assignment, unsafe, jobs)
    return in_order(list(tqdm(results, total=len(students), desc="Grading", unit="hand-in")))


def write_report(course: Course, assignment: Assignment, results: Sequence[Result]) -> Path:
    """Write the instructor's page of the class; returns where."""
    path = course.root / f"report-{assignment.name}.html"
    write(path, pages.report(course, assignment, results, path))
    return path


def table(assignment: Assignment, results: Sequence[Result]) -> str:
    """The class as a table of text."""
    heads = [question.cell for question in assignment.questions]
    rows = [
        [
            result.student,
            *("–" if v.points is None else f"{v.points:g}" for v in result.verdicts),
            f"{result.points:g}",
            result.remark,
        ]
        for result in results
    ]
    rows_align = ["left"] + ["right"] * (len(heads) + 1) + ["left"]
    return tabulate(
        rows,
        ["hand-in", *(head.replace("-", "\n") for head in heads), "points", "what happened"],
        colalign=rows_align,
        disable_numparse=True,
    )


def _demo(options: argparse.Namespace) -> None:
    root = demo.repository()
    print("1. Building the book", flush=True)
    book = demo.build_book(root)
    print("2. Releasing the assignment, and handing in a sample class", flush=True)
    course = demo.make_course(root)
    assignment = course.assignment(demo.ASSIGNMENT)
    demo.hand_in(course, assignment)
    print("3. Grading it", flush=True)
    results = graded(course, assignment)
    report = write_report(course, assignment, results)
    page = course.folder("feedback", "slip-by-hand", assignment.name)
    print(f"\n{table(assignment, results)}\n\nOpen in a browser:")
    print(f"  the book             {book}")
    print(f"  the class            {report}")
    print(f"  a student's feedback {page / f'{assignment.notebook}.html'}")
