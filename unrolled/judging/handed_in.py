"""What lies in the folder of a hand-in: which notebook of it is graded.

People rename files, hand in a folder, a zip, or an untouched original beside the finished copy. All
that is read here was put there by a stranger: no link is followed, nothing is unpacked to the disk,
and every file, list and depth has a limit, whatever the archive says of itself.
"""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from unrolled.judging import submission
from unrolled.judging.submission import MAX_BYTES, Unreadable

MAX_WITH_OUTPUTS = 100_000_000
"""The largest notebook file, outputs and all; without them it may have MAX_BYTES."""
MAX_PARTS = 3_000_000
"""The most values in a notebook, about, that is larger than MAX_BYTES."""
MAX_ENTRIES, MAX_DEPTH, MAX_NOTEBOOKS = 1000, 3, 20
MAX_INDEX = 1 << 20
"""The longest list of contents of a zip, in bytes."""
SKIPPED = ("__MACOSX",)


@dataclass(frozen=True)
class HandedIn:
    """The notebook that is graded: its content without outputs, and what is to be said of it."""

    content: bytes
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Found:
    """A notebook somewhere in a hand-in."""

    name: str
    content: bytes


def notebook(folder: Path, name: str, released: NotebookNode) -> HandedIn:
    """The notebook of the hand-in in ``folder``, which should be called ``name``.

    Raises
    ------
    Unreadable
        If there is none that can be read.
    """
    found, reasons = [], []
    for each in _notebooks(folder, name):
        if isinstance(each, Unreadable):
            reasons.append(each)
        else:
            found.append(each)
    if not found:
        raise reasons[0] if reasons else Unreadable(f"There is no notebook {name} in the hand-in.")
    if len(found) == 1:
        [best] = found
        notes = [] if best.name == name else [f"The notebook {best.name[:80]!r} was graded."]
        return HandedIn(best.content, tuple(notes))
    # max takes the first of those that are alike: the one of the right name comes first
    found.sort(key=lambda each: each.name != name)
    best = max(found, key=lambda each: _attempted(each, released))
    others = ", ".join(each.name[:80] for each in found[:4] if each is not best)
    note = f"There is more than one notebook; {best.name[:80]} was graded, and not {others}."
    return HandedIn(best.content, (note,))


def _attempted(found: _Found, released: NotebookNode) -> int:
    try:
        return len(submission.parse(found.content, found.name, released).attempted)
    except Unreadable:
        return -1


def _notebooks(folder: Path, name: str) -> Iterator[_Found | Unreadable]:
    """The notebooks in a folder, in those below it, and in zips; or why one cannot be read."""
    files = list(_files(folder))
    exact = folder / name
    if not any(path == exact for path in files) and os.path.lexists(exact):
        files.insert(0, exact)  # a link, or no file: the reason is told
    notebooks = [path for path in files if _is_notebook(path.name)]
    for path in notebooks[:MAX_NOTEBOOKS]:
        try:
            yield _Found(_below(folder, path), load(path))
        except Unreadable as reason:
            yield reason
    for path in [path for path in files if path.suffix.lower() == ".zip"][:MAX_NOTEBOOKS]:
        try:
            yield from _zipped(load(path), _below(folder, path))
        except Unreadable as reason:
            yield reason


def _below(folder: Path, path: Path) -> str:
    return ascii(str(path.relative_to(folder)))[1:-1]


def _is_notebook(name: str) -> bool:
    """Also those to which a browser or a mailer has added something."""
    lowered = name.lower()
    ends = (".ipynb", ".ipynb.txt", ".ipynb.json")
    return lowered.endswith(ends) and not lowered.startswith("._")


def _files(folder: Path, depth: int = 0) -> Iterator[Path]:
    """The regular files in a folder and below, the nearest first; no link is followed."""
    folders = []
    try:
        with os.scandir(folder) as entries:
            listed = sorted(
                (entry for entry, _ in zip(entries, range(MAX_ENTRIES), strict=False)),
                key=lambda entry: entry.name,
            )
    except OSError:
        return
    for entry in listed:
        if entry.name.startswith(".") or entry.name in SKIPPED:
            continue
        if entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            folders.append(Path(entry.path))
    for below in folders[:MAX_NOTEBOOKS] if depth < MAX_DEPTH else ():
        yield from _files(below, depth + 1)


def load(path: Path) -> bytes:
    """The content of a notebook or a zip that a stranger put there; a notebook without its outputs.

    Raises
    ------
    Unreadable
        If it is no regular file, or too large.
    """
    return _slim(submission.load(path, MAX_WITH_OUTPUTS), path.name)


def _slim(content: bytes, name: str) -> bytes:
    """A notebook without what is not looked at, if it is large because of that: a few pictures
    stay, for the human who grades."""
    if len(content) <= MAX_BYTES or name.lower().endswith(".zip"):
        return content
    too_large = Unreadable(
        f"{name} is larger than {MAX_BYTES // 1_000_000} MB without its outputs; clear them, and "
        "take out what is not part of the work."
    )
    # a limit on what it becomes, which may be many times as large as the file
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > MAX_PARTS:
        raise too_large
    try:
        whole = json.loads(content)
        room = MAX_BYTES // 2
        for cell in submission.cells(whole):
            if isinstance(cell, dict):
                cell["outputs"], room = _pictures(cell.pop("outputs", None), room)
                cell.pop("attachments", None)
        slim = json.dumps(whole).encode()
    except (ValueError, RecursionError, AttributeError):
        raise Unreadable(f"{name} is damaged: it is not a notebook file.") from None
    if len(slim) > MAX_BYTES:
        raise too_large
    return slim


def _pictures(outputs: object, room: int) -> tuple[list[dict], int]:
    """Of a cell's outputs its pictures, as far as there is ``room``, and how much there is left."""
    kept = []
    for output in outputs if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        picture = data.get("image/png") if isinstance(data, dict) else None
        size = len(json.dumps(picture))
        if picture and size <= room:
            room -= size
            kept.append({"output_type": "display_data", "data": {"image/png": picture}})
    return kept, room


def _zipped(content: bytes, name: str) -> Iterator[_Found | Unreadable]:
    """The notebooks in a zip."""
    if _index_size(content) > MAX_INDEX:
        raise Unreadable(f"{name} holds too many files.")
    left = MAX_WITH_OUTPUTS
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in [e for e in archive.infolist() if _is_packed_notebook(e)][:MAX_NOTEBOOKS]:
                with archive.open(entry) as file:
                    unpacked = file.read(left + 1)  # what its header says is not to be trusted
                left -= len(unpacked)
                if left < 0:
                    raise Unreadable(
                        f"The notebooks in {name} are larger than {MAX_WITH_OUTPUTS // 1_000_000} "
                        "MB together."
                    )
                inside = ascii(entry.filename)[1:-1]
                try:
                    yield _Found(f"{name}/{inside}", _slim(unpacked, inside))
                except Unreadable as reason:
                    yield reason
    except Unreadable:
        raise
    except Exception:  # zipfile has no list of what it raises on a damaged or locked file
        raise Unreadable(f"{name} is a zip that cannot be opened.") from None


def _is_packed_notebook(entry: zipfile.ZipInfo) -> bool:
    parts = entry.filename.split("/")
    hidden = any(part.startswith(".") or part in SKIPPED for part in parts)
    link = stat.S_ISLNK(entry.external_attr >> 16)
    return _is_notebook(parts[-1]) and not hidden and not link and len(parts) <= MAX_DEPTH + 2


def _index_size(content: bytes) -> int:
    """How many bytes the list of contents takes, by which zipfile goes."""
    end = content.rfind(b"PK\5\6")
    if end < 0 or content.rfind(b"PK\6\7", max(0, end - 20), end) >= 0:  # none, or for huge files
        return MAX_INDEX + 1 if end >= 0 else 0
    return int.from_bytes(content[end + 12 : end + 16], "little")
