"""What runs inside the sandbox beside the student's code: a warm process, from which others fork.

Three kinds of process, each the child of the one before:

- the *fork server*, one per worker: Python with NumPy loaded. It knows no rubric and no hand-in.
- the *monitor*, one per hand-in: enters namespaces of its own, starts questions and ends them.
- the *question*, a process in which a student's code runs (see ``inside.py``), with an empty folder
  in memory and no rights. It is the first process of one more namespace, in which it cannot see or
  signal anything but itself and what it starts; with it ends all that is in there.

Several questions of a hand-in may be there at a time: those whose hidden cases are still to come.

The judge speaks with the fork server and the monitor by sockets that no student's process inherits,
and with the question by two pipes made for it alone. No word of a question's ever reaches the
others.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
from types import ModuleType

CONTROL = 0  # the fork server finds its socket as standard input


def main() -> None:
    import numpy  # noqa: F401 - this is what the fork server is for

    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import cells
    import inside
    import linux
    import wire  # noqa: F401 - what every question needs is loaded once, here

    control = socket.socket(fileno=os.dup(CONTROL))
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, CONTROL)
    os.dup2(nowhere, 1)
    # what a package writes while it is loaded is for no hand-in to see
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount("tmpfs", inside.HOME, linux.MS_NOSUID | linux.MS_NODEV, "size=8m,mode=0700")
    cells.warm(sys.argv[1:])
    linux.unmount(inside.HOME)
    program, _ = _receive(control)
    inside.prepare(program, _mapped())
    gc.collect()
    gc.freeze()  # else each child's collector would copy the memory that it shares with us
    control.send(b"ready")
    while True:
        order, descriptors = _receive(control)
        if not order:
            return
        _reap()
        if os.fork() == 0:
            control.close()
            monitor(socket.socket(fileno=descriptors[0]))
        for descriptor in descriptors:
            os.close(descriptor)


def _receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    data, descriptors, _, _ = socket.recv_fds(channel, 1 << 16, 2)
    return data, descriptors


def _mapped() -> int:
    """The address space that Python and NumPy take."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()


def _reap() -> None:
    """Bury the monitors that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def monitor(channel: socket.socket) -> None:
    """Make the namespaces of one hand-in, start its questions and end them; none outlives this.

    The monitor's copy of the channel is the last one: the judge sees it closed when all is gone.
    """
    import inside
    import linux

    questions: dict[int, int] = {}
    try:
        # where memory runs out, the kernel is to end a student's process and not the fork server
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")
        shut_off(linux)
        channel.send(b"ready")
        while True:
            said, descriptors = _receive(channel)
            if not said:
                return
            order = json.loads(said)
            if descriptors:
                # each with processes of its own: it sees no other question, and counts from 1
                child = linux.fork_into(linux.CLONE_NEWPID)
                if child == 0:
                    channel.close()
                    inside.question(order, *descriptors)
                questions[order["number"]] = child
                for descriptor in descriptors:
                    os.close(descriptor)
            else:
                child = questions.pop(order["number"])
                channel.send(json.dumps(_ended(child, order["gone"])).encode())
    finally:
        for child in questions.values():
            _ended(child, gone=False)
        os._exit(0)


def shut_off(linux: ModuleType) -> None:
    """Enter the namespaces of a hand-in, in which no file of the machine can be changed."""
    linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWNET | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS)
    linux.mount("", "/", linux.MS_REC | linux.MS_PRIVATE)
    # /proc is the fork server's, and a student's code needs none
    hidden = linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("tmpfs", "/proc", hidden, "size=4k,mode=0555")
    # the devices are the machine's: not even the time of their last use is to be set from in here
    fixed = linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NOEXEC
    for device in os.listdir("/dev"):
        linux.mount("", f"/dev/{device}", fixed)


def _ended(child: int, gone: bool) -> dict[str, int]:
    """End a question with all its processes; says how it had ended itself, and what it took.

    ``gone`` says that the judge saw it go, which is a moment before its parent can.
    """
    waiting, descriptor = select.poll(), os.pidfd_open(child)
    waiting.register(descriptor, select.POLLIN)
    by_itself = bool(waiting.poll(1000 if gone else 0))
    os.close(descriptor)
    os.kill(child, signal.SIGKILL)  # the first of its namespace: the kernel ends all others with it
    _, status, usage = os.wait4(child, 0)
    said = {
        "cpu_ms": int(1000 * (usage.ru_utime + usage.ru_stime)),
        "peak_kb": usage.ru_maxrss,
    }
    if by_itself and os.WIFSIGNALED(status):
        said["signal"] = os.WTERMSIG(status)
    return said


if __name__ == "__main__":
    main()
