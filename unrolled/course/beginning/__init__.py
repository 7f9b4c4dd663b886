"""A new course: its few files, with comments in them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from unrolled.course.course import CONFIG, ROSTER, Course, CourseError
from unrolled.course.files import write

OURS = Path(__file__).parents[3] / "solutions"
"""The assignments of this project, where the program runs in a clone of it."""


def begin(root: Path, assignments: Sequence[str] | None = None) -> Course:
    """Make a course in the folder ``root``; a file that is there already stays as it is.

    Parameters
    ----------
    assignments
        Which of this project's to copy into it; all by default.

    Raises
    ------
    CourseError
        If it is a course already, or there is no such assignment.
    StoreError
        If something cannot be written.
    """
    if (root / CONFIG).exists():
        raise CourseError(f"{root} is a course already: it has a {CONFIG}")
    there = sorted(path.parent.name for path in OURS.glob("*/rubric.py"))
    wanted = there if assignments is None else assignments
    if unknown := sorted(set(wanted) - set(there)):
        known = ", ".join(there) or "none, since the program does not run in a clone of it"
        raise CourseError(f"no assignment {', '.join(unknown)}; this project has: {known}")
    try:
        (root / "solutions").mkdir(parents=True, exist_ok=True)
        for name in wanted:
            if not (root / "solutions" / name).exists():
                hidden = shutil.ignore_patterns("__pycache__", ".*")
                shutil.copytree(OURS / name, root / "solutions" / name, ignore=hidden)
    except OSError as error:
        raise CourseError(f"{root} cannot be made: {error.strerror}") from None
    # the settings come last: until then it is no course, and the same command goes on
    for name, source in ((".gitignore", "gitignore"), (ROSTER, ROSTER), (CONFIG, CONFIG)):
        text = files(__package__).joinpath(f"{source}.txt").read_text(encoding="utf-8")
        if not (root / name).exists():
            write(root / name, text.replace("COURSE", _id(root)))
    return Course(root)


def _id(root: Path) -> str:
    """The folder's name as nbgrader can use it."""
    return re.sub(r"[^\w.-]+", "-", root.resolve().name).strip("-.") or "course"
