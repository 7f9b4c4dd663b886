"""``unrolled regrade``: judge some hand-ins again, and have a human look at what was asked for."""

from __future__ import annotations

import argparse
from dataclasses import replace

from tabulate import tabulate

from unrolled.cli.commands.grade import grade_with_progress
from unrolled.course import requests
from unrolled.course.course import Course
from unrolled.course.gradebook import open_gradebook
from unrolled.course.requests import Request
from unrolled.judging.results import Mark
from unrolled.running.grading import graded, show_marks
from unrolled.running.reporting import write_report


def run(options: argparse.Namespace) -> None:
    """Judge some hand-ins again, and have a human look at what was asked for."""
    course = Course(options.course)
    assignment = course.assignment(options.assignment)
    asked = [Request(student) for student in options.students]
    if options.requests:
        asked += requests.read(options.requests, assignment.questions)
    requests.check(asked, course.submitted_students(assignment.name))
    before = graded(course, assignment)
    only = {request.student for request in asked}
    after = grade_with_progress(course, assignment, only=only, dry_run=options.dry_run)
    rows = [row for row in requests.in_rows(asked, before, after)]
    heads = ["hand-in", "question", "before", "now", "reason"]
    print(tabulate(rows, heads, disable_numparse=True))
    looks = [(request.student, request.question) for request in asked if request.question]
    answers = f"{len(looks)} answer{'' if len(looks) == 1 else 's'}"
    if options.dry_run:
        print(f"\n{answers} would wait for a human. Nothing was written.")
        return
    with open_gradebook(course, assignment) as book:
        marks = {student: book.marks(student) for student in only}
        book.give(
            {
                (student, cell): replace(marks[student].get(cell, Mark()), again=True)
                for student, cell in looks
            }
        )
    shown = [one.result for one in show_marks(course, assignment)]
    print(f"\n{answers} for a human: in formgrader, or with unrolled marks {assignment.name}")
    print(f"The class:     {write_report(course, assignment, shown)}")
