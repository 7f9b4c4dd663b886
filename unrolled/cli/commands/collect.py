"""``unrolled collect``: take hand-ins out of a platform's bulk download."""

from __future__ import annotations

import argparse
from pathlib import Path

from nbgrader.exchange.default import Exchange
from tabulate import tabulate

from unrolled.cli import exit_codes
from unrolled.cli.output import print_json, tell
from unrolled.course.collecting import collect
from unrolled.course.course import Course, CourseError
from unrolled.course.downloads import Found
from unrolled.course.roster import Roster


def run(options: argparse.Namespace) -> int:
    """Take hand-ins out of a platform's bulk download."""
    course = Course(options.course)
    course.check_known(options.assignment)
    roster = course.class_roster(options.roster)
    if options.worksheet:
        roster = roster.completed_by(Roster.read(options.worksheet))
    if not roster.students:
        raise CourseError(
            f"nobody knows who is in the class: there is no {course.root / 'roster.csv'}. Write "
            "one, with the columns id, first_name, last_name, email and lms_user_id, or name "
            "Canvas's gradebook or Moodle's list of participants with --roster"
        )
    source = options.archive or _exchange(course)
    found = collect(course, options.assignment, source, roster, options.groups, options.dry_run)
    handed_in = {hand_in.student for hand_in in found.hand_ins}
    missing = [id_ for id_ in roster.ids if id_ not in handed_in]
    if options.json:
        print_json(
            hand_ins=[
                {
                    "student": h.student,
                    "state": h.state,
                    "late": h.late,
                    "files": [piece.file.path for piece in h.pieces],
                }
                for h in found.hand_ins
            ],
            unmapped=[{"file": file, "why": why} for file, why in found.unmapped],
            missing=missing,
        )
    else:
        print(_told(found, missing, options.dry_run))
    for file, why in found.unmapped:
        tell(f"{file}: {why}")
    return exit_codes.NOT_ALL if found.unmapped else 0


def _told(found: Found, missing: list[str], dry_run: bool) -> str:
    rows = [
        [
            hand_in.student,
            hand_in.state + (", late" if hand_in.late else ""),
            ", ".join(piece.file.path for piece in hand_in.pieces),
        ]
        for hand_in in found.hand_ins
    ]
    lines = [tabulate(rows, ["student", "hand-in", "from"], disable_numparse=True)] if rows else []
    lines.append(f"{len(rows)} in it; nothing from {len(missing)} of the roster")
    lines[-1] += f": {', '.join(missing)}." if missing else "."
    return "\n\n".join(lines) + (" Nothing was written." if dry_run else "")


def _exchange(course: Course) -> Path:
    """Where nbgrader's exchange has what was handed in."""
    exchange = Exchange(coursedir=course.directory, config=course.config)
    return Path(exchange.root) / course.id / "inbound"
