"""``unrolled extend``: give students more time for an assignment."""

from __future__ import annotations

import argparse
from datetime import timedelta

from unrolled.cli.output import tell
from unrolled.course.course import Course, CourseError
from unrolled.course.lateness import due_date, extend, in_words


def run(options: argparse.Namespace) -> None:
    """Give students more time for an assignment."""
    course = Course(options.course)
    course.check_known(options.assignment)
    known = set(course.class_roster().ids) | course.all_submitted()
    if unknown := [student for student in options.students if student not in known]:
        raise CourseError(
            f"{', '.join(unknown)}: no student of this course has that id, in the roster or "
            "among the hand-ins"
        )
    try:
        more = timedelta(days=options.days, hours=options.hours)
    except OverflowError:
        raise CourseError("that is more time than a calendar has") from None
    extend(course, options.assignment, options.students, more)
    due = due_date(course, options.assignment)
    for student in options.students:
        until = in_words(due + more, course) if due else "no deadline yet"
        print(f"{student}: {until}")
    if due is None:
        tell(
            f"{options.assignment} has no deadline, so that nobody is late; nbgrader "
            f"sets it: nbgrader db assignment add {options.assignment} "
            '--duedate "2026-12-01 18:00 UTC"'
        )
