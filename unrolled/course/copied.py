"""Answers that are right for somebody else: where each student has numbers of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from unrolled.course.course import Course
from unrolled.judging.assignment import Assignment
from unrolled.judging.fingerprint import right_fingerprint
from unrolled.judging.results import Result
from unrolled.judging.variants import variant_of


def copied_answers(
    course: Course, assignment: Assignment, results: Sequence[Result]
) -> dict[str, list[str]]:
    """By student, whose numbers the wrong answers are right for, in words for the instructor."""
    suspects = {r.student: [v for v in r.verdicts if v.given] for r in results}
    if not any(suspects.values()):
        return {}
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    secret = course.secret()
    for student in course.roster(assignment.name).ids:
        variant = variant_of(secret, student, assignment.name, own_numbers=True)
        for question in assignment.with_variant(variant).questions:
            owners[question.cell, right_fingerprint(question)].append(student)
    found: dict[str, list[str]] = {}
    for student, verdicts in suspects.items():
        for verdict in verdicts:
            others = [o for o in owners[verdict.question.cell, verdict.given] if o != student]
            if others:
                whose = ", ".join(others[:3])
                told = f"the answer to “{verdict.question.title}” is right for {whose}"
                found.setdefault(student, []).append(told)
    return found
