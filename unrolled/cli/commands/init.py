"""``unrolled init``: begin a course."""

from __future__ import annotations

import argparse

from unrolled.course.beginning import begin

NEXT = """A course begins in {root}:
  nbgrader_config.py  its settings, with what can be changed in comments
  roster.csv          the class: write your students into it, or put a platform's table there
  solutions/          the assignments: {assignments}
Next, in that folder: unrolled release {first}"""


def run(options: argparse.Namespace) -> None:
    """Begin a course."""
    course = begin(options.folder, [] if options.empty else options.assignments or None)
    assignments = course.assignments()
    print(
        NEXT.format(
            root=course.root,
            assignments=", ".join(assignments) or "none yet",
            first=assignments[0] if assignments else "NAME",
        )
    )
