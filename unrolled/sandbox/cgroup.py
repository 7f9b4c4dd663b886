"""Limits on all processes of a sandbox together: the kernel's control groups.

A limit that a process sets on itself binds that process alone; sixteen of them take sixteen times
as much, of memory and of the processor. Where this user may make control groups (root may, in
version 1 and in version 2), a sandbox gets one; elsewhere each process's own limit is what there
is, and ``unrolled doctor`` says so.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
CONTROLLERS = ("memory", "cpu", "cpuacct", "pids")
PERIOD = 100_000
"""Microseconds; in each a sandbox has as many of one processor, and no more."""
_numbers = itertools.count()


class Group:
    """A control group of our own: in version 1 a folder for each controller, in version 2 one."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self.folders = folders
        with contextlib.suppress(OSError):  # where we ourselves have less than one processor
            self._limit(("cpu", "cpu.cfs_quota_us", f"{PERIOD}"))
            self._limit(("cpu", "cpu.max", f"{PERIOD} {PERIOD}"))

    def _file(self, *known: tuple[str, str]) -> Path | None:
        """The first of these files that is there, each named with its controller."""
        for controller, name in known:
            path = self.folders.get(controller, ROOT) / name
            if controller in self.folders and path.exists():
                return path
        return None

    def _limit(self, *known: tuple[str, str, str]) -> None:
        for controller, name, amount in known:
            path = self._file((controller, name))
            if path is not None:
                path.write_text(amount)
                return

    def limit(self, memory: int, processes: int) -> None:
        """Let all processes in the group together take ``memory`` bytes, and be so many."""
        amount = str(memory)
        self._limit(("memory", "memory.max", amount), ("memory", "memory.limit_in_bytes", amount))
        self._limit(("pids", "pids.max", str(processes)))

    def ended_for_memory(self) -> int:
        """How many processes the kernel has ended here because the memory was used up."""
        path = self._file(("memory", "memory.events"), ("memory", "memory.oom_control"))
        found = re.search(r"^oom_kill (\d+)", path.read_text(), re.MULTILINE) if path else None
        return int(found[1]) if found else 0

    def processor_seconds(self) -> float | None:
        """What all processes here have taken of the processor until now; None if nobody counts."""
        if path := self._file(("cpuacct", "cpuacct.usage")):
            return int(path.read_text()) / 1e9
        path = self._file(("cpu", "cpu.stat"))
        found = re.search(r"^usage_usec (\d+)", path.read_text(), re.MULTILINE) if path else None
        return int(found[1]) / 1e6 if found else None

    def enter(self, command: list[str]) -> list[str]:
        """``command``, as a command that starts in the group."""
        files = [str(folder / "cgroup.procs") for folder in set(self.folders.values())]
        script = 'n=$0; while [ "$n" -gt 0 ]; do echo 0 > "$1" || exit; shift; n=$((n - 1)); done'
        return ["/bin/sh", "-c", f'{script}; exec "$@"', str(len(files)), *files, *command]

    def remove(self) -> None:
        for folder in self.folders.values():
            with contextlib.suppress(OSError):
                folder.rmdir()


def make() -> Group | None:
    """A new group, with as many controllers as there are; None where this user may make none."""
    name = f"unrolled-{os.getpid()}-{next(_numbers)}"
    folders = {}
    for controller, parent in _parents().items():
        with contextlib.suppress(OSError):
            _sweep(parent)
            (parent / name).mkdir(exist_ok=True)
            folders[controller] = parent / name
    return Group(folders) if folders else None


def _parents() -> dict[str, Path]:
    """Where the group of each controller is made."""
    first = {c: ROOT / c for c in CONTROLLERS if (ROOT / c / "cgroup.procs").exists()}
    if first:
        return first
    found = {}
    for controller in CONTROLLERS:
        with contextlib.suppress(OSError):
            active = ROOT / "cgroup.subtree_control"
            if controller not in active.read_text().split():
                active.write_text(f"+{controller}")
            found[controller] = ROOT
    return found


def _sweep(parent: Path) -> None:
    """Remove what graders left that were ended by force."""
    for folder in parent.glob("unrolled-*"):
        if not Path("/proc", folder.name.split("-")[1]).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()
