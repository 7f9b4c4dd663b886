"""Reading an archive, or a folder, that strangers filled: bounded, and nothing outside of it."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from unrolled.errors import UnrolledError

MAX_FILES = 50_000
MAX_BYTES = 100_000_000
"""The largest file; a hand-in's outputs are stripped later, so it is more than is graded."""
MAX_TOTAL = 20_000_000_000
MAX_PATH, MAX_PART = 1000, 200
NO_HAND_INS = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints")
"""What computers leave in folders and archives by themselves."""


class ArchiveError(UnrolledError):
    """An archive, or a file in it, that cannot be read; the message says why."""


@dataclass(frozen=True)
class File:
    """One file of an archive.

    Attributes
    ----------
    parts : tuple of str
        Its path; each part is the name of a file or folder, and none leads out of the archive.
    read : callable
        Its content; raises ArchiveError if that cannot be had.
    refused : str
        Why it is not to be read, where it is not.
    """

    parts: tuple[str, ...]
    read: Callable[[], bytes]
    refused: str = ""

    @property
    def path(self) -> str:
        return "/".join(self.parts)


@contextmanager
def opened(path: Path) -> Iterator[list[File]]:
    """The files in a zip archive, or in a folder, in order of their paths.

    Raises
    ------
    ArchiveError
        If it is neither, damaged, or has too many files.
    """
    if path.is_dir():
        yield _sorted(_in_folder(path), path)
        return
    with ExitStack() as held:
        try:
            archive = held.enter_context(zipfile.ZipFile(path))
            files = _sorted(_in_zip(archive), path)
        except FileNotFoundError:
            raise ArchiveError(
                f"{path} does not exist; name the archive that you downloaded, or a folder"
            ) from None
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            raise ArchiveError(
                f"{path} cannot be read as a zip archive ({error}); download it again, or unpack "
                "it and name the folder"
            ) from None
        yield files


def _sorted(files: Iterator[File], path: Path) -> list[File]:
    found: dict[tuple[str, ...], File] = {}
    for n, file in enumerate(files):
        if n >= MAX_FILES:
            raise ArchiveError(f"{path} has more than {MAX_FILES} files; unpack it in parts")
        if not any(part in NO_HAND_INS or part.startswith("._") for part in file.parts):
            found[file.parts] = file  # of two with the same path the last is the one
    return [found[parts] for parts in sorted(found)]


def _in_zip(archive: zipfile.ZipFile) -> Iterator[File]:
    total = 0
    for info in archive.infolist():
        if info.is_dir():
            continue
        name, kind = _name(info), info.external_attr >> 16
        total += info.file_size
        refused = _refused(name, info.file_size)
        if kind and not stat.S_ISREG(kind) and stat.S_IFMT(kind):
            refused = "it is a link or a device, not a file"
        elif info.flag_bits & 1:
            refused = "it is locked with a password"
        elif total > MAX_TOTAL:
            refused = f"the archive holds more than {MAX_TOTAL // 10**9} GB"
        yield File(_parts(name), partial(_unpacked, archive, info), refused)


def _name(info: zipfile.ZipInfo) -> str:
    """Its name in the archive; one that is not marked as UTF-8 often is all the same."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as file:
            return _bounded(file)
    except ArchiveError:
        raise
    except Exception as error:  # whatever a broken stream makes the decompressors raise
        raise ArchiveError(f"it is damaged ({type(error).__name__})") from None


def _bounded(file: IO[bytes]) -> bytes:
    content = file.read(MAX_BYTES + 1)  # what the archive says of the size may be a lie
    if len(content) > MAX_BYTES:
        raise ArchiveError(f"it is larger than {MAX_BYTES // 10**6} MB")
    return content


def _in_folder(root: Path) -> Iterator[File]:
    for folder, below, files in os.walk(root):
        here = Path(folder)
        links = [name for name in below if (here / name).is_symlink()]
        for name in (*files, *links):
            path = here / name
            inside = path.relative_to(root).as_posix()
            status = path.lstat()
            refused = _refused(inside, status.st_size)
            if not stat.S_ISREG(status.st_mode):
                refused = "it is a link or a device, not a file"
            yield File(_parts(inside), partial(_content, path), refused)


def _content(path: Path) -> bytes:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return _bounded(file)
    except OSError as error:
        raise ArchiveError(f"it cannot be opened ({error.strerror})") from None


def _refused(name: str, size: int) -> str:
    parts = name.replace("\\", "/").split("/")
    if name.startswith("/") or ".." in parts or ":" in parts[0][1:2]:
        return "its path leads out of the archive"
    if not name.isprintable() or len(name) > MAX_PATH:
        return "its name has characters, or a length, that no file should have"
    if any(len(part.encode("utf-8", "replace")) > MAX_PART for part in parts):
        return "its name is too long"
    if size > MAX_BYTES:
        return f"it is larger than {MAX_BYTES // 10**6} MB"
    return ""


def _parts(name: str) -> tuple[str, ...]:
    shown = name if name.isprintable() else ascii(name)[1:-1]
    return tuple(part for part in shown.replace("\\", "/").split("/") if part not in ("", "."))
