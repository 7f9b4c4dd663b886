"""One limit on the memory of all processes of a sandbox together: the kernel's control groups.

A limit that a process sets on itself binds that process alone; sixteen of them take sixteen times
as much. Where this user may make a control group (root may, in version 1 and in version 2), a
sandbox gets one; elsewhere each process's own limit is what there is, and ``unrolled doctor``
says so.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_numbers = itertools.count()


class Group:
    """A control group of our own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        second = (folder / "memory.max").exists()
        self._limit = folder / ("memory.max" if second else "memory.limit_in_bytes")
        self._events = folder / ("memory.events" if second else "memory.oom_control")

    def limit(self, amount: int) -> None:
        """Let all processes in the group together take ``amount`` bytes."""
        self._limit.write_text(str(amount))

    def ended_for_memory(self) -> int:
        """How many processes the kernel has ended here because the memory was used up."""
        found = re.search(r"^oom_kill (\d+)", self._events.read_text(), re.MULTILINE)
        return int(found[1]) if found else 0

    def enter(self, command: list[str]) -> list[str]:
        """``command``, as a command that starts in the group."""
        script = 'echo 0 > "$0" && exec "$@"'
        return ["/bin/sh", "-c", script, str(self.folder / "cgroup.procs"), *command]

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def make() -> Group | None:
    """A new group, or None where this user may make none."""
    parent = ROOT / "memory" if (ROOT / "memory").is_dir() else ROOT
    try:
        _sweep(parent)
        if parent is ROOT and "memory" not in (ROOT / "cgroup.subtree_control").read_text():
            (ROOT / "cgroup.subtree_control").write_text("+memory")
        folder = parent / f"unrolled-{os.getpid()}-{next(_numbers)}"
        folder.mkdir()
        return Group(folder)
    except OSError:
        return None


def _sweep(parent: Path) -> None:
    """Remove what graders left that were ended by force."""
    for folder in parent.glob("unrolled-*"):
        if not Path("/proc", folder.name.split("-")[1]).exists():
            Group(folder).remove()
