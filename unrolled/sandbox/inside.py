"""What runs inside the sandbox: a student's cells, then the calls that the judge asks for.

This file, ``cells.py``, ``wire.py`` and NumPy are all of ours that the sandbox holds. The judge
drives it over standard input and output, a line a message:

1. the judge sends the cells, one at a time; each is run (see ``cells.py``), and the answer says
   what raised in it;
2. only then the judge sends the cases, one at a time; each answer holds the values or the error.

So while a student's cells run, no case is in this process. Nothing here is trusted by the judge.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

PROTOCOL_IN, PROTOCOL_OUT = 100, 101
HOME = "/home"
DATA, CHECKS = "/data", "/checks"
"""Where the sandbox holds the files of an assignment, and what a student's own look needs."""

_filter = b""
_mapped = 0


def prepare(program: bytes, mapped: int) -> None:
    """What all questions have in common: the filter of system calls, and the memory taken already.

    Both are found out before there is a student's process, which has no /proc to look into.
    """
    global _filter, _mapped
    _filter, _mapped = program, mapped


def question(limits: dict[str, Any], asked: int, answers: int) -> None:
    """Shut this process in, then run one question in it; the two pipes lead to the judge.

    It is the first process of its namespace: with it ends all that it has started.
    """
    import linux

    try:
        linux.unshare(linux.CLONE_NEWNS)
        safe = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
        folder = f"size={limits['folder_bytes']},nr_inodes={limits['files']},mode=1777"
        linux.mount("tmpfs", HOME, safe, folder)
        os.chdir(HOME)
        lay_out_data()
        silence(asked, answers)
        os.closerange(3, PROTOCOL_IN)
        os.closerange(PROTOCOL_OUT + 1, os.sysconf("SC_OPEN_MAX"))
        give_up_root(limits)
        linux.drop_capabilities()
        limit(limits, _mapped)
        linux.leave_no_core()
        linux.filter_system_calls(_filter)
        serve(limits["absent"])
    finally:
        os._exit(1)


def give_up_root(limits: dict[str, Any]) -> None:
    """Become a user that nobody else is, where this process is root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(*[limits["uid"]] * 3)
        os.setresuid(*[limits["uid"]] * 3)


def limit(limits: dict[str, Any], mapped: int) -> None:
    """Set the limits that a process can set on itself."""
    for which, amount in (
        (resource.RLIMIT_AS, mapped + limits["memory"]),
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, limits["processes"]),
    ):
        resource.setrlimit(which, (amount, amount))


def silence(asked: int, answers: int) -> None:
    """Move the protocol away from standard input and output, which then lead nowhere."""
    os.dup2(asked, PROTOCOL_IN, inheritable=False)
    os.dup2(answers, PROTOCOL_OUT, inheritable=False)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)


def lay_out_data() -> None:
    """Let the files of the assignment be found where a notebook finds them: beside it."""
    sys.path.insert(0, HOME)
    if os.path.isdir(DATA):
        for name in os.listdir(DATA):
            os.symlink(f"{DATA}/{name}", f"{HOME}/{name}")


def describe(raised: BaseException, *files: str) -> dict[str, Any]:
    """An exception as plain data: type, message, and the last line of the student's in it."""
    line = raised.lineno if isinstance(raised, SyntaxError) else None
    trace = raised.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in files:
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        message = str(raised.msg if isinstance(raised, SyntaxError) else raised)[:500]
    except BaseException:
        message = ""
    said = {"type": type(raised).__name__[:100], "message": message, "line": line}
    return said | ({"statement": vars(raised).get("statement")} if said["type"] == "TimeUp" else {})


def answer(case: dict[str, Any], namespace: dict[str, Any], files: list[str]) -> dict[str, Any]:
    """Read the variables, or make the call, that a case asks for."""
    import wire

    try:
        if "read" in case:
            values = {name: wire.encode(namespace.get(name)) for name in case["read"]}
            return {"values": values}
        function = namespace[case["call"]]
        arguments = {name: wire.decode(value) for name, value in case["arguments"].items()}
        return {"returned": wire.encode(function(**arguments))}
    except BaseException as raised:
        return {"error": describe(raised, *files)}


def serve(absent: list[str]) -> None:
    """Speak the protocol until the judge has no more to ask."""
    import cells
    import wire

    with open(PROTOCOL_IN, "rb") as asked, open(PROTOCOL_OUT, "wb", buffering=0) as answers:
        namespace = cells.notebook()
        cells.hide(absent, namespace)
        runner, files = cells.Runner(namespace), []
        for line in asked:
            message = wire.from_line(line)
            if cell := message.get("cell"):
                files.append(cell["name"])
                said = errors(runner.run(cell), cell)
            elif check := message.get("check"):
                # for a student's own look: it may import what no student's code finds
                sys.path.append(CHECKS)
                public = cells.Runner({**namespace, "__name__": "check"})
                said = errors(public.run(check), check)
            elif message.get("drawn"):
                said = {"drawn": runner.drawn}
            else:
                said = answer(message, namespace, files)
            answers.write(wire.to_line(said))


def errors(raised: list[BaseException], cell: dict[str, Any]) -> dict[str, Any]:
    """What a cell raised, as plain data."""
    return {"errors": [describe(error, cell["name"]) for error in raised]}


def main() -> None:
    """Run one question without a sandbox (``--unsafe``): with limits, but with no wall."""
    import numpy  # noqa: F401 - loaded before the limit on memory, which counts from here

    sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.getcwd()]
    import cells  # noqa: F401 - while this is who may read them
    import wire  # noqa: F401

    limits = json.loads(sys.argv[1])
    for name in limits["checks"]:
        __import__(name)
    with open("/proc/self/statm") as statm:
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    silence(0, 1)
    give_up_root(limits)
    limit(limits, mapped)
    serve(limits["absent"])


if __name__ == "__main__":
    main()
