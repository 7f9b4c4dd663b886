"""The wall between the judge and a student's code: a bubblewrap sandbox per question.

Inside there is no network, no other process, none of the machine's files but the C library, the
Python interpreter and NumPy (all read-only), an empty working folder in memory, and no environment
but what is listed here. What runs inside is ``inside.py``.
"""

from __future__ import annotations

import itertools
import os
import platform
import select
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder import wire

HERE = Path(__file__).parent
CURE = "apt-get install bubblewrap"

_slots = itertools.count()


@dataclass(frozen=True)
class Limits:
    """What one question may use."""

    seconds: float = 10.0
    """Wall time for its cells, and again for each of its cases."""
    cpu_seconds: int = 20
    """Processor time for everything together."""
    memory: int = 1 << 30
    """Bytes beyond what Python and NumPy take."""
    file_bytes: int = 16 << 20
    folder_bytes: int = 32 << 20
    open_files: int = 256
    processes: int = 16


class SandboxMissing(RuntimeError):
    """There is no working sandbox on this machine; the message says what to do."""


class Stopped(Exception):
    """The student's side gave no answer; ``kind`` is "timeout" or "killed"."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def check() -> None:
    """Raise SandboxMissing, with what to do, unless a sandbox starts on this machine."""
    if shutil.which("bwrap") is None:
        raise SandboxMissing(f"bubblewrap is not installed; install it with: {CURE}")
    try:
        with question(Limits(), unsafe=False) as box:
            box.start([])
    except (Stopped, wire.WireError):
        said = subprocess.run(
            [*command(Limits()), "-c", "pass"], capture_output=True, text=True, timeout=30
        ).stderr.strip()
        raise SandboxMissing(
            f"bubblewrap is installed but does not start: {said or 'no reason given'}; the machine "
            "must allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, on Ubuntu also "
            "kernel.apparmor_restrict_unprivileged_userns=0), or grade as root"
        ) from None


def interpreter() -> Path:
    """The Python that the virtual environment was made from: it is what the sandbox runs."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _readable() -> Iterator[tuple[Path, str]]:
    """What of the machine's files the sandbox holds, read-only, and where it finds them.

    Python stands at a neutral place: its own may lie below a home folder that only its owner
    may enter, and is nobody's business.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    yield interpreter(), "/python/bin/python3"
    yield Path(sysconfig.get_path("stdlib")), f"/python/lib/{version}"
    shared = Path(sysconfig.get_config_var("LIBDIR")) / sysconfig.get_config_var("INSTSONAME")
    if shared.suffix != ".a" and shared.exists():
        yield shared, f"/python/lib/{shared.name}"
    machine = f"{platform.machine()}-linux-gnu"
    yield Path("/usr/lib") / machine, f"/lib/{machine}"
    for loader in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"):
        if os.path.exists(loader):
            yield Path(loader), loader
    packages = Path(np.__file__).parent.parent
    for part in ("numpy", "numpy.libs"):
        if (packages / part).exists():
            yield packages / part, f"/packages/{part}"
    for ours in ("inside.py", "wire.py"):
        yield HERE / ours, f"/grader/{ours}"


def command(limits: Limits) -> list[str]:
    """The bubblewrap command, up to and with the interpreter."""
    places = dict((place, path) for path, place in _readable())
    # made beforehand, since the folders that bubblewrap makes on the way are for root alone
    parents = sorted({str(p) for place in places for p in Path(place).parents} - {"/"})
    folders = [flag for folder in parents for flag in ("--perms", "0755", "--dir", folder)]
    binds = [flag for place, path in places.items() for flag in ("--ro-bind", str(path), place)]
    return [
        "bwrap",
        *_namespaces(),
        *("--die-with-parent", "--new-session", "--clearenv"),
        *("--setenv", "PYTHONPATH", "/packages"),
        *("--setenv", "LD_LIBRARY_PATH", "/python/lib"),
        *("--setenv", "OPENBLAS_NUM_THREADS", "1"),
        *("--setenv", "HOME", "/home"),
        *("--setenv", "LANG", "C.UTF-8"),
        *folders,
        *binds,
        *("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"),
        *("--size", str(limits.folder_bytes), "--perms", "1777", "--tmpfs", "/home"),
        *("--remount-ro", "/", "--chdir", "/home"),
        *("--", "/python/bin/python3", "-s", "-S", "-P", "-B"),
    ]


def _namespaces() -> list[str]:
    if os.geteuid() != 0:
        return ["--unshare-user", "--unshare-all", "--disable-userns", "--cap-drop", "ALL"]
    # Root needs no user namespace, and no limit on processes binds it in one. So inside, our own
    # code gives up root for a user number that nobody else has, and then runs the student's.
    each = [f"--unshare-{kind}" for kind in ("ipc", "pid", "net", "uts", "cgroup-try")]
    return [*each, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]


@contextmanager
def question(limits: Limits, unsafe: bool = False) -> Iterator[Box]:
    """A fresh sandbox, gone with all its processes at the end.

    With ``unsafe`` there is no wall: the student's code runs as a plain process of this user.
    """
    outside = [sys.executable, "-B"] if unsafe else command(limits)
    script = str(HERE / "inside.py") if unsafe else "/grader/inside.py"
    process = subprocess.Popen(
        [*outside, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        start_new_session=True,
    )
    try:
        yield Box(process, limits)
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


class Box:
    """The judge's end of one sandbox: messages go in and come out, each within its time."""

    def __init__(self, process: subprocess.Popen, limits: Limits) -> None:
        self._process = process
        self._limits = limits
        self._pending = b""

    def start(self, cells: list[dict[str, str]]) -> dict[str, Any]:
        """Send the cells, wait until they have run, and return what the other side says of it."""
        limits = {
            name: getattr(self._limits, name)
            for name in ("cpu_seconds", "memory", "file_bytes", "open_files", "processes")
        }
        # 60000 user numbers above all that Debian gives out, taken in turn
        limits["uid"] = 200_000 + next(_slots) % 60_000
        return self.ask({"cells": cells, "limits": limits})

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send one message and return the answer.

        Raises
        ------
        Stopped
            If there is none in time, or the process has ended.
        WireError
            If the answer does not keep to the encoding.
        """
        try:
            self._process.stdin.write(wire.to_line(message))
        except BrokenPipeError:
            raise Stopped("killed", "the process ended before it was asked") from None
        return wire.from_line(self._line(time.monotonic() + self._limits.seconds))

    def _line(self, deadline: float) -> bytes:
        stdout = self._process.stdout.fileno()
        while b"\n" not in self._pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([stdout], [], [], left)[0]:
                raise Stopped("timeout", f"no answer within {self._limits.seconds:g} seconds")
            data = os.read(stdout, 1 << 16)
            if not data:
                raise Stopped("killed", "the process ended without an answer")
            self._pending += data
            if len(self._pending) > wire.MAX_BYTES:
                raise Stopped("killed", f"an answer of more than {wire.MAX_BYTES} bytes")
        line, _, self._pending = self._pending.partition(b"\n")
        return line
