"""``unrolled grade``: grade a class, or show what grading it would change."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from tabulate import tabulate
from tqdm import tqdm

from unrolled.authoring.releasing import as_it_would_be_released
from unrolled.cli import exit_codes
from unrolled.cli.output import print_json, tell
from unrolled.course.course import Course
from unrolled.course.store import Store
from unrolled.judging.assignment import Assignment
from unrolled.judging.results import UNSAFE, Result
from unrolled.pages.rendering import points
from unrolled.running.grading import by_student
from unrolled.running.grading import grade as grade_class
from unrolled.running.reporting import write_report
from unrolled.seen import visible


def run(options: argparse.Namespace) -> int:
    """Grade a class, or show what grading it would change."""
    course = Course(options.course)
    with ExitStack() as held:
        if options.dry_run:  # what would come of it, if it were released now
            assignment, _ = held.enter_context(as_it_would_be_released(course, options.assignment))
        else:
            assignment = course.assignment(options.assignment)
            for line in course.unreleased(assignment):
                tell(line)
    before, start = kept(course, assignment), time.monotonic()
    results = grade_with_progress(
        course,
        assignment,
        unsafe=options.unsafe,
        jobs=options.jobs,
        cluster=options.cluster,
        dry_run=options.dry_run,
        withhold=options.withhold,
    )
    changed = changes(before, results)
    wall = time.monotonic() - start
    report = None if options.dry_run else write_report(course, assignment, results, wall)
    if options.json:
        print_json(
            assignment=assignment.name,
            results=[_without_pictures(result) for result in results],
            changes=changed,
            problems=course.problems(assignment.name),
            missing=course.missing(assignment.name),
            report=report and str(report),
        )
    elif options.dry_run:
        print(told(changed))
    else:
        print(table(assignment, results))
        if gone := course.missing(assignment.name):
            print(f"\nNothing from {len(gone)} of the class: {', '.join(gone)}")
        print(f"\nThe class:     {report}")
        print(f"Each student:  {course.folder('feedback', 'STUDENT', assignment.name)}")
        print(f"Points:        {course.db_url}")
    return _needing_a_human(course, assignment, results)


def _without_pictures(result: Result) -> dict[str, Any]:
    """A result for another program; its pictures stand in the pages."""
    data = result.to_json()
    for verdict in data["verdicts"]:
        del verdict["drawn"]
    return data


def kept(course: Course, assignment: Assignment) -> dict[str, dict[str, Any]]:
    """The results of earlier runs, by student."""
    store = Store(course.root, assignment.name)
    entries = {
        student: store.load(student) for student in course.submitted_students(assignment.name)
    }
    return {student: entry.result for student, entry in entries.items() if entry is not None}


def grade_with_progress(course: Course, assignment: Assignment, **how: Any) -> list[Result]:
    """Grade the class behind a progress bar."""
    if how.get("unsafe"):
        tell(UNSAFE)
    students = course.submitted_students(assignment.name)
    results = grade_class(course, assignment, **how)
    return by_student(list(tqdm(results, total=len(students), desc="Grading", unit="hand-in")))


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
        tell(line)
    return exit_codes.NOT_ALL if told else 0


def changes(before: dict[str, dict[str, Any]], results: Sequence[Result]) -> list[dict[str, Any]]:
    """Whose points differ from the last run's, and in which questions."""
    changed = []
    for result in results:
        if (old := before.get(result.student)) is None:
            continue
        earlier = {v["question"]: v["points"] for v in old["verdicts"]}
        new = {v.question.cell: v.points for v in result.verdicts}
        cells = [cell for cell in new if new[cell] != earlier.get(cell)]
        if cells:
            changed.append(
                {
                    "student": result.student,
                    "before": old["points"],
                    "after": result.points,  # the machine's, as before: a human's stay
                    "questions": cells,
                }
            )
    return changed


def told(changed: list[dict[str, Any]]) -> str:
    """Who gains and who loses, as a table of text."""
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


def table(assignment: Assignment, results: Sequence[Result]) -> str:
    """The class as a table of text."""
    heads = [question.cell for question in assignment.questions]
    rows = [
        [
            visible(result.student),
            *("–" if v.score is None else points(v.score) for v in result.verdicts),
            points(result.score),
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
