"""From a platform's bulk download to ``submitted/``, and a record of what came from where."""

from __future__ import annotations

import csv
import io
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from nbgrader.utils import parse_utc

from unrolled.course.archives import ArchiveError, opened
from unrolled.course.course import Course
from unrolled.course.downloads import Found, HandIn, hand_ins
from unrolled.course.files import StoreError, harmless, write
from unrolled.course.roster import Roster
from unrolled.course.store import locked

MAX_FILES, MAX_BYTES = 1000, 300_000_000
"""Of one hand-in."""


def collect(
    course: Course,
    assignment: str,
    source: Path,
    roster: Roster,
    groups: bool = False,
    dry_run: bool = False,
) -> Found:
    """Put what an archive or folder holds into ``submitted/STUDENT/ASSIGNMENT/``.

    Parameters
    ----------
    roster
        The class. What is handed in by nobody of it is left out, and listed.
    groups
        Whether a hand-in counts for all members of its student's group.
    dry_run
        Say what would be done, and write nothing.

    Raises
    ------
    ArchiveError
        If the archive cannot be read.
    StoreError
        If something cannot be written; the hand-ins before it are collected then.
    """
    path = _record_of(course, assignment)
    with ExitStack() as held:
        if not dry_run:
            held.enter_context(locked(course.root))
        record = _Record.read(path)
        files = held.enter_context(opened(source))
        found = hand_ins(files, assignment, roster, groups, course.assignments())
        found.hand_ins = [
            replace(hand_in, state=_place(course, assignment, hand_in, found, record, dry_run))
            for hand_in in (_timed(each, course, roster) for each in found.hand_ins)
        ]
        if not dry_run:
            record.update(found)
            write(path, record.text())
    return found


def _timed(hand_in: HandIn, course: Course, roster: Roster) -> HandIn:
    """A hand-in with the time that Moodle's worksheet has of it."""
    student = roster.find(hand_in.student)
    if hand_in.time or student is None or not student.handed_in:
        return hand_in
    zone = str(course.config.get("Exchange", {}).get("timezone", "UTC"))
    try:
        local = parse_utc(student.handed_in).replace(tzinfo=ZoneInfo(zone))
    except (ValueError, OverflowError, KeyError):
        return hand_in
    time = local.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    return replace(hand_in, time=time)


def _place(
    course: Course, assignment: str, hand_in: HandIn, found: Found, record: _Record, dry_run: bool
) -> str:
    """Write one hand-in, whole or not at all; what it replaces is kept. Returns its state."""
    target = course.folder("submitted", hand_in.student, assignment)
    if record.has_later(hand_in):
        return "older"
    contents, whole = _contents(hand_in, found)
    there = _content_of(target)
    if not contents or not (whole or there is None):
        return "damaged"
    if hand_in.time:
        contents["timestamp.txt",] = f"{hand_in.time}\n".encode()
    if there == contents:
        return "the same"
    if not dry_run:
        try:
            _replace(course.root / ".unrolled" / assignment, target, contents)
        except OSError as error:
            raise StoreError(
                f"{target} cannot be written: {error.strerror}; what was there is kept. "
                "Make room or give the right to write, and run the same command again"
            ) from None
    return "new" if there is None else "changed"


Contents = dict[tuple[str, ...], bytes]


def _contents(hand_in: HandIn, found: Found) -> tuple[Contents, bool]:
    """The files of a hand-in, without a time stamp that the student wrote; whether that is all."""
    contents: Contents = {}
    room, whole = MAX_BYTES, True
    for piece in hand_in.pieces:
        # the exchange's is nbgrader's own, and its folder's name says the same
        if piece.inside[0].casefold() == "timestamp.txt":
            continue
        try:
            content = piece.file.read()
            room -= len(content)
            if room < 0 or len(contents) >= MAX_FILES:
                raise ArchiveError("the hand-in has too many files, or too large ones")
            if any(_clash(piece.inside, other) for other in contents):
                raise ArchiveError("another file of the hand-in has its place")
            contents[piece.inside] = content
        except ArchiveError as reason:
            found.leave_out(piece.file, str(reason))
            whole = False
    return contents, whole


def _clash(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one path is the other, or would lie in it."""
    return all(a == b for a, b in zip(one, other, strict=False))


def _content_of(folder: Path) -> Contents | None:
    if not folder.is_dir():
        return None
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).parts: path.read_bytes() for path in paths}


def _replace(ours: Path, target: Path, contents: Contents) -> None:
    """Put a folder with these files into the place of another, which is kept."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for parts, content in contents.items():
        path = unfinished.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if target.exists() or target.is_symlink():
        kept = ours / "replaced" / target.parent.name
        kept.mkdir(parents=True, exist_ok=True)
        shutil.move(target, kept / datetime.now().strftime("%Y-%m-%d %H.%M.%S.%f"))
    unfinished.rename(target)


@dataclass
class _Record:
    """Where each hand-in came from: a table beside the course, for people and for the next run."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    unmapped: list[tuple[str, str]] = field(default_factory=list)

    COLUMNS = ("student", "platform", "number", "attempt", "late", "file", "problem")

    @classmethod
    def read(cls, path: Path) -> _Record:
        try:
            with open(path, encoding="utf-8", newline="") as file:
                rows = [{k: row[k] or "" for k in cls.COLUMNS} for row in csv.DictReader(file)]
        except FileNotFoundError:
            rows = []
        except (OSError, UnicodeError, KeyError, csv.Error):
            raise ArchiveError(
                f"{path} is not as unrolled collect wrote it; move it away, and collect again"
            ) from None
        return cls({row["student"]: row for row in rows if row["student"]})

    def has_later(self, hand_in: HandIn) -> bool:
        """Whether a later attempt than this was collected before."""
        row = self.rows.get(hand_in.student)
        if row is None or row["platform"] != hand_in.platform or not hand_in.attempt:
            return False
        kept, this = row["attempt"], hand_in.attempt
        if hand_in.platform == "canvas":
            return kept.isdecimal() and int(kept) > int(this)
        return kept > this

    def update(self, found: Found) -> None:
        """Take in what was found now."""
        for hand_in in found.hand_ins:
            if hand_in.state not in ("older", "damaged"):
                self.rows[hand_in.student] = {
                    "student": hand_in.student,
                    "platform": hand_in.platform,
                    "number": hand_in.number,
                    "attempt": hand_in.attempt,
                    "late": "late" if hand_in.late else "",
                    "file": harmless(hand_in.pieces[0].file.path),
                }
        self.unmapped = found.unmapped

    def text(self) -> str:
        """The table."""
        out = io.StringIO()
        table = csv.DictWriter(out, self.COLUMNS, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(self.rows[student] for student in sorted(self.rows))
        table.writerows(
            {"file": harmless(file), "problem": harmless(why)} for file, why in self.unmapped
        )
        return out.getvalue()


def _record_of(course: Course, assignment: str) -> Path:
    return course.root / f"collected-{assignment}.csv"


def platform_numbers(course: Course, assignment: str, platform: str) -> dict[str, str]:
    """The numbers by which a platform knows who handed in, as its archive had them."""
    rows = _Record.read(_record_of(course, assignment)).rows.values()
    return {r["student"]: r["number"] for r in rows if r["platform"] == platform and r["number"]}


def late_by_platform(course: Course, assignment: str) -> set[str]:
    """Who handed in late as the platform says, which does not say how late."""
    rows = _Record.read(_record_of(course, assignment)).rows.values()
    return {row["student"] for row in rows if row.get("late")}
