"""Unrolled: a course companion on recurrent neural networks, built on ``rnnlib``.

From here come the checks in the students' notebooks. Figures are in ``unrolled.figures``; what an
instructor needs is behind the command ``unrolled``.
"""

from unrolled.student.checks import CheckFailed, check_by_hand, check_call, check_numbers

__all__ = ["CheckFailed", "check_by_hand", "check_call", "check_numbers"]
