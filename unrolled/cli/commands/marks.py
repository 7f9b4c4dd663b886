"""``unrolled marks``: take a human's points and comments from a table, or write one to fill in."""

from __future__ import annotations

import argparse
import sys

from tabulate import tabulate

from unrolled.course import marks
from unrolled.course.course import Course
from unrolled.course.files import write
from unrolled.course.gradebook import open_gradebook
from unrolled.running.grading import graded, show_marks
from unrolled.running.reporting import write_report
from unrolled.seen import visible


def run(options: argparse.Namespace) -> None:
    """Take a human's marks from a table, or write one to fill in."""
    course = Course(options.course)
    assignment = course.assignment(options.assignment)
    results = graded(course, assignment)
    if not results:
        raise marks.MarksError(f"nobody has been graded yet: unrolled grade {assignment.name}")
    if options.table is None:
        path = course.root / f"marks-{assignment.name}.csv"
        table = marks.to_fill_in(results)
        if options.dry_run:
            print(table)
        elif path.exists():
            raise marks.MarksError(f"{path} is there already; take it, or move it away")
        else:
            write(path, table)
            print(path)
        return
    given = marks.read(options.table, results)
    changes = marks.changes(given, results)
    rows = [[visible(c.student), c.title, visible(c.before), visible(c.after)] for c in changes]
    print(tabulate(rows, ["hand-in", "question", "before", "after"], disable_numparse=True))
    answers = f"{len(changes)} answer{'' if len(changes) == 1 else 's'}"
    if options.dry_run:
        print(f"\n{answers} would change. Nothing was written.")
        return
    with open_gradebook(course, assignment) as book:
        book.give(given)
    shown = list(show_marks(course, assignment))
    report = write_report(course, assignment, [one.result for one in shown])
    pages = sum(one.anew for one in shown)
    print(f"\n{answers} changed, {pages} page{'' if pages == 1 else 's'} written anew.")
    print(f"The class:     {report}")
    for one in shown:
        if one.stale:
            student = visible(one.result.student)
            print(
                f"unrolled: {student} has handed in something else since it was graded; that page "
                f"stays as it is until: unrolled grade {assignment.name}",
                file=sys.stderr,
            )
