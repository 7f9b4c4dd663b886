"""``unrolled export``: write the points for a learning platform."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from unrolled.cli import exit_codes
from unrolled.cli.output import tell
from unrolled.course.collecting import platform_numbers
from unrolled.course.course import Course
from unrolled.course.exports import Grade, canvas_csv, grades, moodle_csv
from unrolled.course.files import in_a_name, write
from unrolled.running.reporting import settle


def run(options: argparse.Namespace) -> int:
    """Write the points for a learning platform."""
    course = Course(options.course)
    asked = course.assignment(options.assignment)
    assignment, titles = asked.name, {q.cell: q.title for q in asked.questions}
    late = {student: one.words for student, one in settle(course, assignment).items()}
    found, most = grades(course, assignment, titles, late, options.zeros)
    gone = course.missing(assignment)
    graded = {grade.student.id for grade in found}
    later = [student for student in course.handed_in(assignment) if student not in graded]
    path = options.out or course.root / f"{options.platform}-{assignment}.csv"
    make = {"canvas": canvas_csv, "moodle": moodle_csv}[options.platform]
    numbers = platform_numbers(course, assignment, options.platform)
    for part, of_it in _parts(found, path, options.sections):
        write(part, make(of_it, assignment, most, numbers))
        print(part)
    if waiting := sum(grade.score is None for grade in found):
        tell(f"{waiting} without a grade: they wait for a human")
    if later:
        tell(
            f"{', '.join(later)} handed in, but not graded yet, so left out: "
            f"unrolled grade {assignment}"
        )
    if gone and not options.zeros:
        tell(
            f"{len(gone)} of the class handed in nothing and are left out, unless you "
            f"ask for --zeros: {', '.join(gone)}"
        )
    return exit_codes.NOT_ALL if waiting or later else 0


def _parts(
    found: Sequence[Grade], path: Path, sections: bool
) -> list[tuple[Path, Sequence[Grade]]]:
    """The tables to be written: one, or one for each section."""
    if not sections:
        return [(path, found)]
    apart: dict[str, list[Grade]] = defaultdict(list)
    for grade in found:
        apart[grade.student.section].append(grade)
    return [
        (path.with_stem(f"{path.stem}-{in_a_name(name)}"), apart[name]) for name in sorted(apart)
    ]
