"""``unrolled doctor``: what grading needs, what it can use, and what of it this machine has."""

from __future__ import annotations

import argparse
import importlib.util
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from unrolled.cli import exit_codes
from unrolled.cli.output import print_json
from unrolled.sandbox import cgroup, containers, syscalls
from unrolled.sandbox.bubblewrap import SandboxMissing

NEEDED_DISK = 1 << 30


def run(options: argparse.Namespace) -> int:
    """Say what this machine lacks."""
    findings = examine()
    if options.json:
        print_json(findings=[finding.__dict__ for finding in findings])
    else:
        print(in_words(findings))
    return exit_codes.FAILED if any(f.needed and not f.there for f in findings) else 0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for."""

    name: str
    there: bool
    needed: bool
    told: str
    """What was found; or what is missing without it, and the command that cures it."""


def examine() -> list[Finding]:
    """Look for everything; nothing is changed."""
    return [
        Finding(
            "Python",
            (3, 11) <= sys.version_info[:2] <= (3, 13),
            True,
            f"{platform.python_version()}; 3.11, 3.12 or 3.13 is needed",
        ),
        _sandbox(),
        _filter(),
        _group(),
        _package("nbgrader", True, "pip install 'unrolled[grader]'"),
        _package("distributed", False, "for --cluster: pip install 'unrolled[cluster]'"),
        _package("psycopg", False, "for a PostgreSQL gradebook: pip install 'psycopg[binary]'"),
        _disk(),
    ]


def _sandbox() -> Finding:
    try:
        containers.check()
    except SandboxMissing as missing:
        return Finding("sandbox", False, True, str(missing))
    finally:
        containers.close_fork_server()
    return Finding("sandbox", True, True, "bubblewrap starts, without network and files")


def _filter() -> Finding:
    there = syscalls.compiled() is not None
    told = "libseccomp compiles it" if there else syscalls.CURE
    return Finding("filter of system calls", there, True, told)


def _group() -> Finding:
    group = cgroup.make()
    if group is None:
        told = "none may be made here, so each process is limited by itself alone; grade as root"
        return Finding("control groups", False, False, told)
    group.remove()
    told = f"all of a hand-in's processes together: {', '.join(sorted(group.folders))}"
    return Finding("control groups", True, False, told)


def _package(name: str, needed: bool, cure: str) -> Finding:
    there = importlib.util.find_spec(name) is not None
    return Finding(name, there, needed, "is installed" if there else cure)


def _disk() -> Finding:
    free = shutil.disk_usage(Path()).free
    return Finding("disk", free > NEEDED_DISK, True, f"{free / 2**30:.1f} GiB free here")


def in_words(findings: list[Finding]) -> str:
    """One line for each finding, and what follows."""
    signs = {(True, True): "ok", (True, False): "ok", (False, True): "MISSING"}
    lines = [f"{signs.get((f.there, f.needed), 'absent'):8} {f.name:26} {f.told}" for f in findings]
    lacking = [f.name for f in findings if f.needed and not f.there]
    end = (
        f"Grading cannot start without: {', '.join(lacking)}." if lacking else "Grading can start."
    )
    return "\n".join([*lines, "", end])
