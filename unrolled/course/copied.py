"""Answers that are right for somebody else: where each student has numbers of their own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from unrolled.course.course import Course
from unrolled.judging.assignment import Assignment
from unrolled.judging.fingerprint import fingerprint, right_numbers
from unrolled.judging.results import Result
from unrolled.judging.variants import variant_of

MOST = 0.6
"""The part of somebody else's numbers that is no coincidence."""


def copied_answers(
    course: Course, assignment: Assignment, results: Sequence[Result]
) -> dict[str, list[str]]:
    """By student, whose numbers the wrong answers are right for, in words for the instructor.

    Not all of them have to be somebody else's: one number may have been changed to hide it.
    """
    suspects = {r.student: [v for v in r.verdicts if v.given] for r in results}
    if not any(suspects.values()):
        return {}
    right: dict[tuple[str, str], set[str]] = {}
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    secret = course.secret()
    for student in course.roster(assignment.name).ids:
        variant = variant_of(secret, student, assignment.name, own_numbers=True)
        for question in assignment.with_variant(variant).questions:
            numbers = right_numbers(question)
            marks = set(fingerprint(numbers, numbers).split())
            right[student, question.cell] = marks
            for mark in marks:
                owners[question.cell, mark].append(student)
    found: dict[str, list[str]] = {}
    for student, verdicts in suspects.items():
        for verdict in verdicts:
            cell = verdict.question.cell
            own = right.get((student, cell), set())
            theirs = set(verdict.given.split()) - own
            same = Counter(owner for mark in theirs for owner in owners.get((cell, mark), ()))
            whose = [
                o for o in same if same[o] >= MOST * len(right[o, cell] - own) and o != student
            ]
            if whose:
                told = (
                    f"the answer to “{verdict.question.title}” is right for {', '.join(whose[:3])}"
                )
                found.setdefault(student, []).append(told)
    return found
