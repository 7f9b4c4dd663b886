"""What has been judged, kept beside the course, so that a run goes on where the last one stopped.

One file for each hand-in, in ``.unrolled/ASSIGNMENT/``, called by a hash of the student's name,
which may be longer than a file's can be. Its key is the content of all that the result depends on:
the hand-in, the assignment, the grader, the limits. Time stamps play no part.
A file is written whole or not at all, first when the hand-in has been judged, and again when pages
and gradebook have been written too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from unrolled.course.files import write


@dataclass(frozen=True)
class Entry:
    """One result that was kept.

    Attributes
    ----------
    key : str
        The content of all that it depends on.
    hand_in : str
        The content of the hand-in alone.
    shown : str
        What else its page shows: a human's marks.
    withheld : bool
        Whether its page goes without the expected numbers.
    """

    key: str
    result: dict[str, Any]
    complete: bool
    hand_in: str = ""
    shown: str = ""
    withheld: bool = False


class Store:
    """The results of one assignment of a course."""

    def __init__(self, course: Path, assignment: str) -> None:
        self.folder = course / ".unrolled" / assignment

    def _path(self, student: str) -> Path:
        name = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self.folder / f"{name}.json"

    def load(self, student: str) -> Entry | None:
        """What is kept of a hand-in; None if nothing is, or nothing that can be read."""
        try:
            data = json.loads(self._path(student).read_text(encoding="utf-8"))
            return Entry(
                str(data["key"]),
                dict(data["result"]),
                bool(data["complete"]),
                str(data["hand_in"]),
                str(data["shown"]),
                bool(data["withheld"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, student: str, entry: Entry) -> None:
        """Keep a result."""
        write(self._path(student), json.dumps(entry.__dict__, ensure_ascii=False, indent=1))


@contextlib.contextmanager
def locked(course: Path, tell: Any = print) -> Iterator[None]:
    """Be the only grader in a course; waits for another, and tells so."""
    folder = course / ".unrolled"
    write(folder / ".gitignore", "*\n")
    lock, who = FileLock(folder / "lock"), folder / "who"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        with contextlib.suppress(OSError):
            tell(f"another grader is at work in {course} ({who.read_text().strip()}); waiting")
        lock.acquire()
    try:
        write(who, f"process {os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        lock.release()
