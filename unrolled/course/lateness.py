"""Deadlines, extensions and late days, by nbgrader's due dates and nbgrader's late plugin.

nbgrader keeps an extension beside a hand-in, so that nobody can have one who has not handed in.
Here they stand in a table, ``extensions.csv``, and go into the gradebook from there.
"""

from __future__ import annotations

import csv
import io
import math
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nbgrader import api
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import update

from unrolled.course.collecting import late_by_platform
from unrolled.course.course import Course, CourseError, find_alembic
from unrolled.course.files import write
from unrolled.course.gradebook import errors_named

TABLE = "extensions.csv"
DAY = 86400


@dataclass(frozen=True)
class Lateness:
    """How late one hand-in came.

    Attributes
    ----------
    seconds : float
        After the deadline of this student.
    deadline : datetime
        With the extension, in UTC.
    days_used : int
        How many late days of the student's own go into it.
    penalty : float
        The points that are taken off.
    """

    seconds: float
    deadline: datetime | None = None
    days_used: int = 0
    penalty: float = 0.0
    zone: str = "UTC"

    @property
    def words(self) -> str:
        """What the student reads."""
        if self.deadline is None:
            return "The platform says that this was handed in late; it does not say how late."
        when = _local(self.deadline, self.zone)
        said = [f"Handed in {duration(self.seconds)} after the deadline, {when}."]
        if self.days_used:
            days = "late day is" if self.days_used == 1 else "late days are"
            said.append(f"{self.days_used} {days} used for it.")
        if self.penalty:
            points = "point is" if self.penalty == 1 else "points are"
            said.append(f"{self.penalty:g} {points} taken off.")
        return " ".join(said)


def _local(moment: datetime, zone: str) -> str:
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%B %Y, %H:%M} {zone}"


def in_words(moment: datetime, course: Course) -> str:
    """A moment in UTC as it is called where the course is."""
    return _local(moment, _zone(course))


def _zone(course: Course) -> str:
    """The time zone of nbgrader's exchange, which is the course's.

    Raises
    ------
    CourseError
        If there is no such zone.
    """
    zone = str(course.config.get("Exchange", {}).get("timezone", "UTC"))
    try:
        return ZoneInfo(zone).key
    except (KeyError, ValueError, OSError):
        raise CourseError(
            f"c.Exchange.timezone is {zone!r} in nbgrader_config.py, no zone such as Europe/Berlin"
        ) from None


def duration(seconds: float) -> str:
    """A time in its two largest units.

    >>> duration(90_000), duration(59), duration(3600)
    ('1 day 1 hour', '59 seconds', '1 hour')
    """
    parts: list[str] = []
    rest = max(1, round(seconds))
    for name, size in (("day", DAY), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count and len(parts) < 2:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(parts)


def extensions(course: Course) -> dict[tuple[str, str], timedelta]:
    """The extensions that were given, by assignment and student.

    Raises
    ------
    CourseError
        If the table cannot be read.
    """
    path = course.root / TABLE
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return {
                (row["assignment"].strip(), row["student"].strip()): timedelta(float(row["days"]))
                for row in csv.DictReader(file)
            }
    except FileNotFoundError:
        return {}
    except (OSError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CourseError(
            f"{path} cannot be read ({error}): it has the columns assignment, student and days, "
            "such as elman,ann,2.5"
        ) from None


def extend(course: Course, assignment: str, students: Iterable[str], more: timedelta) -> None:
    """Give students more time for an assignment, in the place of what they had; 0 takes it away."""
    given = extensions(course) | {(assignment, student): more for student in students}
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["assignment", "student", "days"])
    table.writerows(
        (*who, f"{time / timedelta(days=1):.10g}") for who, time in sorted(given.items())
    )
    write(course.root / TABLE, out.getvalue())


def due_date(course: Course, assignment: str) -> datetime | None:
    """When nbgrader says that an assignment is due, in UTC."""
    find_alembic()
    with errors_named(course.db_url), api.Gradebook(course.db_url, course.id) as book:
        try:
            return book.find_assignment(assignment).duedate
        except api.MissingEntry:
            return None


def settle(course: Course, assignment: str) -> dict[str, Lateness]:
    """Write extensions and penalties into the gradebook; returns who was late, and how late.

    A penalty depends on the points, a human's too: so this is done after every change of them.

    Raises
    ------
    CourseError
        If the late plugin fails.
    GradebookError
        If the gradebook cannot be used.
    """
    given = extensions(course)
    find_alembic()
    with errors_named(course.db_url), api.Gradebook(course.db_url, course.id) as book:
        task, hand_in, notebook = (
            api.Assignment,
            api.SubmittedAssignment,
            api.SubmittedNotebook,
        )
        for row in (
            book.db.query(hand_in).join(task).filter(task.name == assignment) if given else ()
        ):
            more = given.get((assignment, row.student_id))
            if more is not None and row.extension != (more or None):
                row.extension = more or None
        book.db.flush()
        found, penalties = _late(book, course, assignment), {}
        rows = (
            book.db.query(
                hand_in.student_id, notebook.id, notebook.score, notebook.late_submission_penalty
            )
            .select_from(notebook)
            .join(hand_in, notebook.assignment_id == hand_in.id)
            .join(task, hand_in.assignment_id == task.id)
            .filter(task.name == assignment)
        )
        plugin = _plugin(course) if found else None
        for student, id_, score, before in rows:
            late = found.get(student)
            penalty = _penalty(plugin, student, score, late) if late and plugin else None
            if (before or None) != penalty:
                penalties[id_] = penalty
            if late and penalty:
                found[student] = Lateness(
                    late.seconds, late.deadline, late.days_used, penalty, late.zone
                )
        for id_, penalty in penalties.items():
            row = update(notebook).where(notebook.id == id_)
            book.db.execute(row.values(late_submission_penalty=penalty))
        book.db.commit()
    for student in late_by_platform(course, assignment) - set(found):
        found[student] = Lateness(0.0)
    return found


def _late(book: api.Gradebook, course: Course, assignment: str) -> dict[str, Lateness]:
    """Who was late by the gradebook's dates, with the late days of the whole term spent."""
    own: dict[str, int] = defaultdict(lambda: _setting(course, "late_days", 0))
    zone = _zone(course)
    task, hand_in = api.Assignment, api.SubmittedAssignment
    rows = (
        book.db.query(
            task.name, task.duedate, hand_in.student_id, hand_in.timestamp, hand_in.extension
        )
        .join(hand_in, hand_in.assignment_id == task.id)
        .filter(task.duedate.isnot(None), hand_in.timestamp.isnot(None))
        .order_by(task.duedate, task.name)
    )
    found = {}
    for name, due, student, stamp, extension in rows:
        deadline = due + (extension or timedelta())
        seconds = (stamp - deadline).total_seconds()
        if seconds <= 0:
            continue
        used = min(math.ceil(seconds / DAY), own[student])
        own[student] -= used
        if name == assignment:
            found[student] = Lateness(seconds, deadline, used, zone=zone)
    return found


def _setting(course: Course, name: str, default: int) -> int:
    value = course.config.get("Unrolled", {}).get(name, default)
    if not isinstance(value, int) or value < 0:
        raise CourseError(f"c.Unrolled.{name} is {value!r} in nbgrader_config.py, no whole number")
    return value


def _plugin(course: Course) -> Any:
    """nbgrader's late plugin, as the course's configuration names it."""
    sys.path.insert(0, str(course.root))  # where one's own plugin lies
    try:
        assigning = AssignLatePenalties(config=course.config)
        assigning.init_plugin()
        return assigning.plugin_inst
    except Exception as error:
        raise CourseError(f"nbgrader's late plugin cannot be loaded: {error}") from error
    finally:
        sys.path.remove(str(course.root))


def _penalty(plugin: Any, student: str, score: float, late: Lateness) -> float | None:
    """What the plugin takes off: never below 0, never more than there is."""
    seconds = late.seconds - late.days_used * DAY
    if seconds <= 0:
        return None
    try:
        penalty = plugin.late_submission_penalty(student, score, seconds)
        return None if penalty is None else min(max(float(penalty), 0.0), score) or None
    except Exception as error:
        name = type(plugin).__name__
        raise CourseError(f"nbgrader's late plugin {name} failed on {student}: {error}") from error
