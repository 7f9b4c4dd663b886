"""Marks of typed numbers, by which the same numbers are known again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from unrolled.judging.rubric import ByHand, Question, Typed

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
