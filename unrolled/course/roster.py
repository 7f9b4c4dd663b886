"""The students to whom numbers of their own are given out, in a table of comma-separated values."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from unrolled.errors import UnrolledError

MAX_NAME = 128  # of a student, in nbgrader's gradebook


class RosterError(UnrolledError):
    """A table of students that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Roster:
    """Students, each by the name of the folder that is handed in, in the order of the table."""

    students: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Roster:
        """The column ``id`` of a table, as in nbgrader's.

        Raises
        ------
        RosterError
            If there is no such file, no such column, or a name that no folder can have.
        """
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                rows = csv.DictReader(file)
                columns = rows.fieldnames or []
                if "id" not in columns:
                    raise RosterError(f"{path} has no column “id”; it has: {', '.join(columns)}")
                students = tuple((row["id"] or "").strip() for row in rows)
        except (OSError, UnicodeError, csv.Error) as error:
            raise RosterError(f"{path} cannot be read as a table of students: {error}") from None
        for student in students:
            if mistake := _mistake(student):
                raise RosterError(f"{path}: {mistake}")
        if not students or len(set(students)) < len(students):
            raise RosterError(f"{path} names {'a student twice' if students else 'nobody'}")
        return cls(students)

    def write(self, path: Path) -> None:
        """Keep it, as a table of this one column."""
        path.write_text("\n".join(["id", *self.students, ""]), encoding="utf-8")


def _mistake(student: str) -> str:
    """Why nothing can be kept under this name; empty if it can."""
    if not student.isprintable() or "/" in student or student.startswith((".", "__")):
        return f"{student!r} cannot be the name of a student's folder"
    if not 0 < len(student) <= MAX_NAME:
        return f"an id has {len(student)} characters; 1 to {MAX_NAME} are good"
    return ""
