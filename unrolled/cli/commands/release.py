"""``unrolled release``: make the students' notebook."""

from __future__ import annotations

import argparse

from unrolled.authoring.releasing import prepare
from unrolled.cli.output import tell
from unrolled.course.course import Course
from unrolled.course.roster import Roster


def run(options: argparse.Namespace) -> None:
    """Make the students' notebook."""
    course = Course(options.course)
    roster = Roster.read(options.per_student) if options.per_student else None
    if prepare(course, options.assignment):
        source = course.folder("source", ".", options.assignment)
        tell(f"what the rubric says was written into {source}")
    if roster:
        print(course.release_per_student(options.assignment, roster))
    else:
        course.release(options.assignment)
        print(course.folder("release", ".", options.assignment))
