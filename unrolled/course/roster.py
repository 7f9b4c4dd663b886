"""The list of a class: a table of comma-separated values, ours or a platform's own."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path

from unrolled.course import names
from unrolled.course.files import write
from unrolled.errors import UnrolledError

MAX_NAME = 128  # of a student, in nbgrader's gradebook


class RosterError(UnrolledError):
    """A table of students that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Student:
    """One student of the class.

    Attributes
    ----------
    id : str
        The name of the folder that is handed in; in nbgrader's gradebook, too.
    lms_user_id : str
        The platform's number: Canvas's ``ID``, Moodle's ``ID number``.
    username : str
        What one logs in with on the platform, where it is not the id.
    sis_user_id : str
        Canvas's ``SIS User ID``.
    participant : str
        Moodle's number of this student in one assignment, or several, with spaces between them.
    section, group : str
        Whom the student sits with, and whom the student hands in with.
    handed_in : str
        When Moodle's grading worksheet says that the student handed in.
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""
    username: str = ""
    sis_user_id: str = ""
    participant: str = ""
    section: str = ""
    group: str = ""
    handed_in: str = ""

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def participants(self) -> set[str]:
        return set(self.participant.split())

    @cached_property
    def spellings(self) -> set[str]:
        """All that a platform may write for this student's name."""
        return names.orders([self.first_name, self.last_name]) | names.spellings(self.id)


# How a field is called: by us, who use nbgrader's names, in Canvas's gradebook, in Moodle's lists.
# Of several columns that are there, the first that is not empty counts.
COLUMNS = {
    "id": ("id", "Username", "SIS Login ID", "Email address"),
    "first_name": ("first_name", "First name"),
    "last_name": ("last_name", "Last name", "Surname"),
    "name": ("name", "Full name", "Student"),
    "email": ("email", "Email address", "Email"),
    "lms_user_id": ("lms_user_id", "ID", "ID number"),
    "username": ("username", "Username"),
    "sis_user_id": ("sis_user_id", "SIS User ID"),
    "participant": ("participant", "Identifier"),
    "section": ("section", "Section"),
    "group": ("group", "Group", "Groups"),
    "handed_in": ("handed_in", "Last modified (submission)"),
}


@dataclass(frozen=True)
class Roster:
    """The students of a class, in the order of the table."""

    students: tuple[Student, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(student.id for student in self.students)

    @classmethod
    def read(cls, path: Path) -> Roster:
        """A table whose column ``id`` names the students; or Canvas's or Moodle's own.

        Raises
        ------
        RosterError
            If there is no such file, nothing that names the students, or a name that no folder can
            have.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
            first = text.partition("\n")[0]
            delimiter = max(",;\t", key=first.count)  # some countries' spreadsheets write “;”
            rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
            columns = [column or "" for column in rows.fieldnames or []]
            if not set(COLUMNS["id"]) & set(columns):
                raise RosterError(
                    f"{path} has no column “id”; it has: {', '.join(columns) or 'none'}. Canvas's "
                    "gradebook and Moodle's lists serve too, as they are"
                )
            students = tuple(_student(row) for row in rows if not _is_no_student(row))
        except (OSError, UnicodeError, csv.Error) as error:
            raise RosterError(f"{path} cannot be read as a table of students: {error}") from None
        for student in students:
            if mistake := _mistake(student.id):
                raise RosterError(f"{path}: {mistake}")
        if not students:
            raise RosterError(f"{path} names nobody")
        if twice := [name for name, n in Counter(s.id for s in students).items() if n > 1]:
            raise RosterError(f"{path} names a student twice: {', '.join(twice)}")
        return cls(students)

    def write(self, path: Path) -> None:
        """Keep it, as a table of those columns in which something stands."""
        write(path, self.as_table())

    def as_table(self) -> str:
        """The table's text."""
        rows = [asdict(student) for student in self.students]
        columns = [
            f.name for f in fields(Student) if f.name == "id" or any(row[f.name] for row in rows)
        ]
        out = io.StringIO()
        table = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        return out.getvalue()

    def with_more(self, others: Roster) -> Roster:
        """These students, and those of ``others`` who are not among them."""
        known = set(self.ids)
        return Roster((*self.students, *(s for s in others.students if s.id not in known)))

    def completed_by(self, others: Roster) -> Roster:
        """These students, with what ``others`` know beyond that; who is who, the address says."""
        known = {s.email.casefold(): s for s in others.students if s.email}
        known |= {s.id: s for s in others.students}
        return Roster(
            tuple(
                _completed(s, known.get(s.id) or known.get(s.email.casefold()))
                for s in self.students
            )
        )

    def find(self, id_: str) -> Student | None:
        """The student of that id."""
        return next((student for student in self.students if student.id == id_), None)

    @property
    def sections(self) -> dict[str, set[str]]:
        """The ids of each section, in order; none where the table has no sections."""
        found: dict[str, set[str]] = {}
        for student in sorted(self.students, key=lambda student: student.section):
            found.setdefault(student.section, set()).add(student.id)
        return found if set(found) - {""} else {}

    def members(self, student: str) -> tuple[str, ...]:
        """All who hand in together with a student, the student among them."""
        found = self.find(student)
        if found is None or not found.group:
            return (student,)
        return tuple(other.id for other in self.students if other.group == found.group)


def _completed(student: Student, other: Student | None) -> Student:
    more = {} if other is None else {k: v for k, v in asdict(other).items() if v}
    return Student(**{**more, **{k: v for k, v in asdict(student).items() if v}})


def _student(row: Mapping[str | None, str | None]) -> Student:
    found = {field: _first(row, columns) for field, columns in COLUMNS.items()}
    name = found.pop("name")
    if not found["first_name"] and not found["last_name"]:
        last, comma, first = name.partition(",")
        words = name.split()
        found["first_name"] = first.strip() if comma else " ".join(words[:-1])
        found["last_name"] = last.strip() if comma else " ".join(words[-1:])
    numbers = found["participant"].split()
    found["participant"] = " ".join(n for n in numbers if n.isdecimal())  # “Participant 1234567”
    return Student(**found)


def _first(row: Mapping[str | None, str | None], columns: Iterable[str]) -> str:
    values = ((row.get(column) or "").strip() for column in columns)
    return next(filter(None, values), "")


def _is_no_student(row: Mapping[str | None, str | None]) -> bool:
    """An empty line, or one that Canvas writes above and below its students."""
    if len(row) > 1 and not any(isinstance(v, str) and v.strip() for v in row.values()):
        return True  # as spreadsheets leave them below
    student = (row.get("Student") or "").strip()
    return student in ("Points Possible", "Student, Test") or (
        "ID" in row and "id" not in row and "Student" in row and not (row["ID"] or "").strip()
    )


def _mistake(student: str) -> str:
    """Why nothing can be kept under this name; empty if it can."""
    if not student.isprintable() or "/" in student or student.startswith((".", "__")):
        return f"{student!r} cannot be the name of a student's folder"
    if not 0 < len(student) <= MAX_NAME:
        return f"an id has {len(student)} characters; 1 to {MAX_NAME} are good"
    return ""
