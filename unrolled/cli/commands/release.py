"""``unrolled release``: make the students' notebook."""

from __future__ import annotations

import argparse
import sys

from unrolled.authoring.releasing import prepare
from unrolled.course.course import Course
from unrolled.course.roster import Roster


def run(options: argparse.Namespace) -> None:
    """Make the students' notebook."""
    course = Course(options.course)
    roster = Roster.read(options.per_student) if options.per_student else None
    if prepare(course, options.assignment):
        source = course.folder("source", ".", options.assignment)
        print(f"unrolled: what the rubric says was written into {source}", file=sys.stderr)
    if roster:
        print(course.release_per_student(options.assignment, roster))
    else:
        course.release(options.assignment)
        print(course.folder("release", ".", options.assignment))
