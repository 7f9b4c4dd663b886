"""A platform's bulk download: whose each file is, and which attempt counts.

A file's name is split where only the platform can have written: students choose what comes last.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from nbgrader.utils import parse_utc

from unrolled.course import names
from unrolled.course.archives import File
from unrolled.course.roster import Roster, Student

# “Full Name_1234567_assignsubmission_file_”, of a folder or before the name of a file
MOODLE = re.compile(
    r"(?P<name>[^_]*)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)"
)
# “lastfirst_LATE_USER_FILE_name.ipynb”
CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<number>\d+)_(?P<attempt>\d+)_(?P<rest>.+)")
CANVAS_HIDDEN = re.compile(r"anon_(LATE_)?[^_]+_\d+_.+")
CANVAS_TEXT = re.compile(r"(?P<name>.+?)(_LATE)?_(?P<number>\d+)_(text|link)\.html")
# nbgrader's exchange: “student+assignment+2026-10-09 12:00:00.000000 UTC”, and perhaps a secret
EXCHANGE = re.compile(r"(?P<name>[^+]+)\+(?P<assignment>[^+]+)\+(?P<time>[^+]+)(\+.*)?")
NUMBERED = re.compile(r"-\d+(?=\.ipynb$)")


@dataclass(frozen=True)
class Piece:
    """A file, and what its path says of who handed it in.

    Attributes
    ----------
    platform : str
        "canvas", "moodle", "exchange" or "folder".
    name, number : str
        The name as the platform writes it, and its number for the student.
    attempt : tuple
        What is larger of a later attempt; for whole hand-ins, but for Canvas, where each file has
        its own.
    inside : tuple of str
        Where it lies in the hand-in.
    problem : str
        Why it can be nobody's, where that is seen at once.
    """

    file: File
    platform: str
    name: str
    number: str = ""
    attempt: tuple[int | str, ...] = ()
    inside: tuple[str, ...] = ()
    late: bool = False
    time: str = ""
    problem: str = ""

    @property
    def owner(self) -> tuple[str, str, str]:
        """The same for all that one person handed in."""
        return self.platform, self.number, "" if self.number else self.name


@dataclass(frozen=True)
class HandIn:
    """What one student, or one group, is to have in ``submitted/``.

    Attributes
    ----------
    number : str
        The platform's number of this student; empty for one in whose name another handed in.
    time : str
        When it was handed in, where that is known.
    state : str
        What became of it: "new", "changed", "the same", or "older" than what was collected before;
        "damaged" where files of it cannot be read and what was there stays, or there is nothing.
    """

    student: str
    pieces: tuple[Piece, ...]
    number: str = ""
    time: str = ""
    state: str = "new"

    @property
    def platform(self) -> str:
        return self.pieces[0].platform

    @property
    def late(self) -> bool:
        """Whether the platform says so."""
        return any(piece.late for piece in self.pieces)

    @property
    def attempt(self) -> str:
        """What is larger of a later attempt; empty where nothing tells."""
        return " ".join(map(str, max(piece.attempt for piece in self.pieces)))


@dataclass
class Found:
    """What an archive holds.

    Attributes
    ----------
    hand_ins : list of HandIn
        In order of the students' ids.
    unmapped : list of (str, str)
        The path of each file that is in none of them, and why.
    """

    hand_ins: list[HandIn] = field(default_factory=list)
    unmapped: list[tuple[str, str]] = field(default_factory=list)

    def leave_out(self, file: File, why: str) -> None:
        """List a file that is not taken."""
        if (file.path, why) not in self.unmapped:
            self.unmapped.append((file.path, why))


def hand_ins(
    files: Iterable[File],
    assignment: str,
    roster: Roster,
    groups: bool = False,
    assignments: Collection[str] = (),
) -> Found:
    """Whose each file is; what is nobody's, or could be of two, is listed.

    Parameters
    ----------
    groups
        Whether a hand-in counts for all members of its student's group.
    assignments
        All of the course's, by which a folder of another one is known.
    """
    found, owners = Found(), defaultdict(list)
    for piece in _pieces(list(files), assignment, roster, set(assignments) - {assignment}):
        if why := piece.file.refused or piece.problem:
            found.leave_out(piece.file, why)
        else:
            owners[piece.owner].append(piece)
    claims: dict[str, list[list[Piece]]] = defaultdict(list)
    for owned in owners.values():
        students = _whose(owned[0], roster, groups)
        if isinstance(students, str):
            for piece in owned:
                found.leave_out(piece.file, students)
        else:
            for student in students:
                claims[student].append(owned)
    for student in sorted(claims):
        chosen = _chosen(claims[student], groups)
        if chosen is not None:
            pieces = tuple(_last_attempt(chosen, assignment))
            own = _who(pieces[0], roster)
            number = pieces[0].number if isinstance(own, Student) and own.id == student else ""
            found.hand_ins.append(HandIn(student, pieces, number, pieces[0].time))
            continue
        whose = ", ".join(sorted({owned[0].number or owned[0].name for owned in claims[student]}))
        why = f"{whose} could each be {student}; write the right number into the roster"
        for piece in (piece for owned in claims[student] for piece in owned):
            found.leave_out(piece.file, why)
    return found


def _chosen(claims: list[list[Piece]], groups: bool) -> list[Piece] | None:
    """Of what is one student's, or one group's, the last; None if nothing tells which it is."""
    if len(claims) == 1:
        return claims[0]
    if groups and all(piece.attempt for owned in claims for piece in owned):
        return max(claims, key=lambda owned: max(piece.attempt for piece in owned))
    return None


def _pieces(
    files: list[File], assignment: str, roster: Roster, others: Collection[str]
) -> list[Piece]:
    """What each path says, without the folders around all of them."""
    while True:
        pieces = [_piece(file, assignment, others) for file in files]
        around = {file.parts[0] for file in files if len(file.parts) > 1}
        if len(around) != 1 or any(len(file.parts) < 2 for file in files):
            return pieces
        if pieces[0].platform != "folder" or isinstance(_who(pieces[0], roster), Student):
            return pieces
        files = [replace(file, parts=file.parts[1:]) for file in files]


def _piece(file: File, assignment: str, others: Collection[str]) -> Piece:
    first, *below = file.parts or ("",)
    if found := MOODLE.fullmatch(first):
        inside = (*([found["rest"]] if found["rest"] else []), *below)
        is_file = found["kind"] == "file" and inside
        text = "" if is_file else "it is a text typed into Moodle, not a file"
        return Piece(file, "moodle", found["name"], found["number"], (), inside, problem=text)
    if not below and CANVAS_HIDDEN.fullmatch(first):
        why = "Canvas hides who handed it in; switch anonymous grading off and download again"
        return Piece(file, "canvas", "anon", problem=why)
    if not below and (found := CANVAS.fullmatch(first)):
        attempt, inside = (int(found["attempt"]),), (found["rest"],)
        late = bool(found["late"])
        return Piece(file, "canvas", found["name"], found["number"], attempt, inside, late)
    if not below and (found := CANVAS_TEXT.fullmatch(first)):
        why = "it is a text or a link typed into Canvas, not a file"
        return Piece(file, "canvas", found["name"], found["number"], problem=why)
    if below and (found := EXCHANGE.fullmatch(first)):
        return _in_exchange(file, found, assignment)
    if not below:
        suffix = PurePath(first).suffix
        stem, word = first.removesuffix(suffix), re.escape(assignment)
        name = re.sub(rf"^{word}[_ +-]+|[_ +-]+{word}$", "", stem)
        return Piece(file, "folder", name, inside=(f"{assignment}{suffix}",))
    of = below[0] if len(below) > 1 else ""
    inside = tuple(below[1:] if of == assignment else below)
    why = f"it is a hand-in of {of}" if of in others else ""
    return Piece(file, "folder", first, inside=inside, problem=why)


def _in_exchange(file: File, found: re.Match, assignment: str) -> Piece:
    why, attempt = "", ("",)
    try:
        attempt = (parse_utc(found["time"]).isoformat(),)
    except (ValueError, OverflowError):
        why = "its time stamp cannot be read"
    if found["assignment"] != assignment:
        why = f"it is a hand-in of {found['assignment']}"
    inside, time = file.parts[1:], found["time"]
    return Piece(file, "exchange", found["name"], "", attempt, inside, False, time, why)


def _whose(piece: Piece, roster: Roster, groups: bool) -> tuple[str, ...] | str:
    """The students who handed it in; or why nobody knows them."""
    if groups:
        wanted = names.spellings(piece.name)
        team = [s for s in roster.students if s.group and names.spellings(s.group) & wanted]
        if team and len({s.group for s in team}) == 1:
            return tuple(s.id for s in team)
    student = _who(piece, roster)
    if isinstance(student, str):
        return student
    return roster.members(student.id) if groups else (student.id,)


def _who(piece: Piece, roster: Roster) -> Student | str:
    """The student of a piece, by number before name; or why there is none."""
    if piece.number and (known := [s for s in roster.students if _has_number(s, piece)]):
        return known[0] if len(known) == 1 else f"several students have the number {piece.number}"
    if not piece.number:
        for wanted in (str, names.same_case):
            named = [
                s
                for s in roster.students
                if wanted(piece.name) in {wanted(n) for n in (s.id, s.username, s.email) if n}
            ]
            if len(named) == 1:
                return named[0]
    spelled = names.spellings(piece.name)
    if piece.platform != "canvas":
        spelled |= names.orders([piece.name])
    alike = [s for s in roster.students if s.spellings & spelled]
    if len(alike) > 1:
        who = ", ".join(s.id for s in alike)
        return f"several students have this name: {who}; write their numbers into the roster"
    if not alike:
        number = f" nor the number {piece.number}" if piece.number else ""
        return f"nobody in the roster has the name {piece.name!r}{number}"
    [student] = alike
    # Moodle's numbers are others in each assignment
    if piece.platform == "canvas" and student.lms_user_id:
        number = student.lms_user_id
        return f"it has the name of {student.id}, whose number in the roster is {number}"
    return student


def _has_number(student: Student, piece: Piece) -> bool:
    if piece.platform == "canvas":
        return piece.number == student.lms_user_id
    return piece.number in student.participants


def _last_attempt(owned: Sequence[Piece], assignment: str) -> list[Piece]:
    """Of several attempts the last: of the whole hand-in, or in Canvas of each file."""
    if owned[0].platform != "canvas":
        last = max(piece.attempt for piece in owned)
        return [piece for piece in owned if piece.attempt == last]
    latest: dict[str, Piece] = {}
    for piece in sorted(owned, key=lambda piece: piece.attempt):
        name = _without_number(piece.inside[0], assignment)
        latest[name] = replace(piece, inside=(name,))
    return list(latest.values())


def _without_number(name: str, assignment: str) -> str:
    """The name that a file had before Canvas numbered it: “elman-1.ipynb” was “elman.ipynb”."""
    plain = NUMBERED.sub("", name)
    return plain if plain == f"{assignment}.ipynb" else name
