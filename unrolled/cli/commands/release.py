"""``unrolled release``: make the students' notebook."""

from __future__ import annotations

import argparse

from unrolled.course.course import Course
from unrolled.course.roster import Roster


def run(options: argparse.Namespace) -> None:
    """Make the students' notebook."""
    course = Course(options.course)
    if options.per_student:
        roster = Roster.read(options.per_student)
        print(course.release_per_student(options.assignment, roster))
    else:
        course.release(options.assignment)
        print(course.folder("release", ".", options.assignment))
