"""``unrolled similar``: name hand-ins that are much alike."""

from __future__ import annotations

import argparse

from tabulate import tabulate

from unrolled.authoring.similarity import alike, given_text, texts
from unrolled.cli.output import print_json
from unrolled.course.course import Course
from unrolled.course.files import write
from unrolled.pages.similar import similar_page

MOST = 200
"""The most pairs that are shown: where there are more, the code is written in few ways."""


def run(options: argparse.Namespace) -> None:
    """Name hand-ins that are much alike."""
    course = Course(options.course)
    assignment = course.assignment(options.assignment)
    written, roster = texts(course, assignment), course.class_roster()
    together = [roster.members(student) for student in written]
    found = alike(written, given_text(assignment), options.above / 100, together)
    pairs = sorted(found, key=lambda pair: (-pair.share, pair.students))
    if options.json:
        print_json(
            compared=len(written),
            pairs=[{"students": pair.students, "shares": pair.shares} for pair in pairs],
        )
        return
    path = course.root / f"similar-{assignment.name}.html"
    write(path, similar_page(assignment, pairs[:MOST], len(written), options.above / 100))
    rows = [
        [*pair.students, *(f"{100 * share:.0f} %" for share in pair.shares)]
        for pair in pairs[:MOST]
    ]
    if rows:
        print(tabulate(rows, ["hand-in", "and", "of the first", "of the second"]))
    alike_ = f"{len(pairs)} pair{'' if len(pairs) == 1 else 's'} of {len(written)} hand-ins"
    print(f"\n{alike_}, side by side: {path}")
