"""What the commands do."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate
from tqdm import tqdm

from autograder import cli, pages, precheck
from autograder import demo as sample
from autograder import doctor as examination
from autograder.assignment import Assignment
from autograder.course import Course, CourseError
from autograder.executors import ClusterError
from autograder.filling import FillingError
from autograder.grade import grade as grade_class
from autograder.grade import in_order
from autograder.gradebook import GradebookError
from autograder.handin import Unreadable
from autograder.report import Grade, canvas_csv, grades, mistakes, moodle_csv
from autograder.result import UNSAFE, Result
from autograder.rubric import RubricError
from autograder.sandbox import SandboxMissing
from autograder.store import Store, StoreError, write

ERRORS = (
    ClusterError,
    CourseError,
    FillingError,
    GradebookError,
    RubricError,
    SandboxMissing,
    StoreError,
    Unreadable,
    sample.DemoError,
)


def grade(options: argparse.Namespace) -> int:
    """Grade a class, or show what grading it would change."""
    course = Course(options.course)
    assignment = course.assignment(options.assignment)
    before, start = _kept(course, assignment), time.monotonic()
    results = graded(
        course,
        assignment,
        unsafe=options.unsafe,
        jobs=options.jobs,
        cluster=options.cluster,
        dry_run=options.dry_run,
    )
    changed = changes(before, results)
    wall = time.monotonic() - start
    report = None if options.dry_run else write_report(course, assignment, results, wall)
    if options.json:
        _print_json(
            assignment=assignment.name,
            results=[result.to_json() for result in results],
            changes=changed,
            problems=course.problems(assignment.name),
            report=report and str(report),
        )
    elif options.dry_run:
        print(_told(changed))
    else:
        print(table(assignment, results))
        print(f"\nThe class:     {report}")
        print(f"Each student:  {course.folder('feedback', 'STUDENT', assignment.name)}")
        print(f"Points:        {course.db_url}")
    return _needing_a_human(course, assignment, results)


def _kept(course: Course, assignment: Assignment) -> dict[str, dict[str, Any]]:
    """The results of earlier runs, by student."""
    store = Store(course.root, assignment.name)
    entries = {student: store.load(student) for student in course.students(assignment.name)}
    return {student: entry.result for student, entry in entries.items() if entry is not None}


def graded(course: Course, assignment: Assignment, **how: Any) -> list[Result]:
    """Grade the class behind a progress bar."""
    if how.get("unsafe"):
        print(f"autograder: {UNSAFE}", file=sys.stderr)
    students = course.students(assignment.name)
    results = grade_class(course, assignment, **how)
    return in_order(list(tqdm(results, total=len(students), desc="Grading", unit="hand-in")))


def _needing_a_human(course: Course, assignment: Assignment, results: Sequence[Result]) -> int:
    """Tell of each hand-in that could not be graded; the exit code."""
    told = course.problems(assignment.name)
    for result in results:
        first = result.verdicts[0]
        if {v.status for v in result.verdicts} == {"unreadable"} or (
            result.remark == "not graded" and first.reasons == result.notes
        ):
            folder = course.folder("submitted", result.student, assignment.name)
            told.append(f"{folder}: {first.reasons[0]}")
    for line in told:
        print(f"autograder: {line}", file=sys.stderr)
    return cli.NOT_ALL if told else 0


def changes(before: dict[str, dict[str, Any]], results: Sequence[Result]) -> list[dict[str, Any]]:
    """Whose points differ from the last run's, and in which questions."""
    changed = []
    for result in results:
        if (old := before.get(result.student)) is None:
            continue
        points = {v["question"]: v["points"] for v in old["verdicts"]}
        new = {v.question.cell: v.points for v in result.verdicts}
        cells = [cell for cell in new if new[cell] != points.get(cell)]
        if cells:
            changed.append(
                {
                    "student": result.student,
                    "before": old["points"],
                    "after": result.points,
                    "questions": cells,
                }
            )
    return changed


def _told(changed: list[dict[str, Any]]) -> str:
    if not changed:
        return "Nobody's points would change."
    rows = [
        [c["student"], c["before"], c["after"], f"{c['after'] - c['before']:+g}", ", ".join(cells)]
        for c in changed
        for cells in [c["questions"]]
    ]
    up = sum(c["after"] > c["before"] for c in changed)
    down = sum(c["after"] < c["before"] for c in changed)
    shown = tabulate(rows, ["hand-in", "before", "after", "change", "in"])
    return f"{shown}\n\n{up} would gain, {down} would lose. Nothing was written."


def release(options: argparse.Namespace) -> None:
    """Make the students' notebook."""
    course = Course(options.course)
    if options.per_student:
        print(course.release_per_student(options.assignment, options.per_student))
    else:
        course.release(options.assignment)
        print(course.folder("release", ".", options.assignment))


def check(options: argparse.Namespace) -> int:
    """Look at a notebook before it is handed in."""
    found = precheck.look_at(options.notebook, options.unsafe)
    if options.json:
        _print_json(**found.to_json())
    else:
        print(found.in_words())
    return 0 if found.well else cli.FAILED


def doctor(options: argparse.Namespace) -> int:
    """Say what this machine lacks."""
    findings = examination.examine()
    if options.json:
        _print_json(findings=[finding.__dict__ for finding in findings])
    else:
        print(examination.in_words(findings))
    return cli.FAILED if any(f.needed and not f.there for f in findings) else 0


def strength(options: argparse.Namespace) -> int:
    """Say how strong the questions of assignments are."""
    from autograder import executors, strength

    course = Course(options.course)
    with executors.local() as pool:
        found = [
            strength.measure(course, name, pool)
            for name in options.assignments or course.assignments()
        ]
    if options.json:
        _print_json(assignments=[one.__dict__ for one in found])
    else:
        print(strength.table(found))
    return 0 if all(one.good for one in found) else cli.FAILED


def _print_json(**values: Any) -> None:
    print(json.dumps(values, ensure_ascii=False, indent=1))


def write_report(
    course: Course, assignment: Assignment, results: Sequence[Result], wall: float | None = None
) -> Path:
    """Write the instructor's page of the class, graded in ``wall`` seconds; returns where."""
    path = course.root / f"report-{assignment.name}.html"
    write(path, pages.report(course, assignment, results, path, wall))
    return path


def export(options: argparse.Namespace) -> None:
    """Write the points for a learning platform."""
    course = Course(options.course)
    assignment = course.assignment(options.assignment)
    found, most = _grades(course, assignment)
    make = {"canvas": canvas_csv, "moodle": moodle_csv}[options.platform]
    path = options.out or course.root / f"{options.platform}-{assignment.name}.csv"
    write(path, make(found, assignment.name, most))
    print(path)
    if waiting := sum(grade.score is None for grade in found):
        print(f"autograder: {waiting} without a grade: they wait for a human", file=sys.stderr)


def _grades(course: Course, assignment: Assignment) -> tuple[list[Grade], float]:
    from nbgrader.api import MissingEntry

    try:
        return grades(course.db_url, course.id, assignment.name)
    except MissingEntry:
        raise GradebookError(
            f"{course.db_url} has no grades of {assignment.name}; "
            f"grade it first: autograder grade {assignment.name}"
        ) from None


def table(assignment: Assignment, results: Sequence[Result]) -> str:
    """The class as a table of text."""
    heads = [question.cell for question in assignment.questions]
    rows = [
        [
            pages.visible(result.student),
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


def demo(options: argparse.Namespace) -> None:
    """The whole project on a sample class."""
    root = sample.repository()
    print("1. Building the book", flush=True)
    book = sample.build_book(root)
    print("2. Handing in for a made-up class", flush=True)
    course = sample.make_course(root)
    assignments = [course.assignment(name) for name in course.assignments()]
    for assignment in assignments:
        sample.hand_in(course, assignment)
    print("3. Grading it", flush=True)
    reports = {}
    for assignment in assignments:
        results = graded(course, assignment)
        reports[assignment.name] = write_report(course, assignment, results)
        print(f"\n{table(assignment, results)}\n\n{_commonest(results)}\n", flush=True)
    print(f"Open in a browser:\n  the book      {book}")
    for name, report in reports.items():
        print(f"  {name:13} {report}")
    print("From each of these a link leads to every student's feedback.")


def _commonest(results: Sequence[Result]) -> str:
    """The mistakes that most students made."""
    lines = [
        f"  {len(mistake.students)}× {mistake.title}: {pages.visible(mistake.words)}"
        for mistake in mistakes(results, most=3)
    ]
    return "\n".join(["The commonest mistakes:", *lines])
