"""``unrolled strength``: say how strong the questions of assignments are."""

from __future__ import annotations

import argparse

from unrolled.authoring.strength import measure, table
from unrolled.cli import exit_codes
from unrolled.cli.output import print_json
from unrolled.course.course import Course
from unrolled.running import executors


def run(options: argparse.Namespace) -> int:
    """Say how strong the questions of assignments are."""
    course = Course(options.course)
    with executors.local() as pool:
        found = [
            measure(course, name, pool) for name in options.assignments or course.assignments()
        ]
    if options.json:
        print_json(assignments=[one.__dict__ for one in found])
    else:
        print(table(found))
    return 0 if all(one.good for one in found) else exit_codes.FAILED
