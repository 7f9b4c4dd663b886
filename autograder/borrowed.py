"""Answers that are right for somebody else: where each student has numbers of their own."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.rubric import ByHand, Question, Typed

if TYPE_CHECKING:
    from autograder.assignment import Assignment
    from autograder.course import Course
    from autograder.result import Result

DECIMALS = 2


def fingerprint(values: Mapping[str, Any]) -> str:
    """The same for the same typed numbers; empty where they are no numbers."""
    try:
        rounded = {
            name: np.round(np.asarray(value, float), DECIMALS).tolist()
            for name, value in sorted(values.items())
        }
        text = json.dumps(rounded, allow_nan=False)
    except (TypeError, ValueError):
        return ""
    return hashlib.sha256(text.replace("-0.0", "0.0").encode()).hexdigest()[:16]


def right_fingerprint(question: Question) -> str:
    """That of the right answer; empty for a question that is not typed."""
    match question:
        case ByHand():
            return fingerprint({name: getattr(question.true, name) for name in question.names})
        case Typed():
            return fingerprint(question.right)
    return ""


def borrowed(
    course: Course, assignment: Assignment, results: Sequence[Result]
) -> dict[str, list[str]]:
    """By student, whose numbers the wrong answers are right for, in words for the instructor."""
    suspects = {r.student: [v for v in r.verdicts if v.given] for r in results}
    if not any(suspects.values()):
        return {}
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for student in course.roster(assignment.name):
        variant = course.variant(student, assignment.name)
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
