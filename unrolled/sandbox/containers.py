"""Where a student's code runs: each worker keeps one sandbox with a warm process in it (a fork
server), every hand-in gets a container, with namespaces of its own inside, and every question of it
a process forked from the warm one, with limits, a filter of system calls and no rights.

What runs inside is ``forkserver.py`` and ``inside.py``; ``bubblewrap.py`` builds the wall.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from unrolled.sandbox import bubblewrap, cgroup, packages, syscalls, wire
from unrolled.sandbox.bubblewrap import SandboxMissing

OURS = ("rnnlib", "unrolled")
START_SECONDS = 30
CLOCK = 3
"""How many times as long as by the processor something may take by the clock."""
BESIDE = 16
"""How many questions of a hand-in may have all the processes that they are allowed."""
WARM_MEMORY = 256 << 20  # what the fork server and the containers take, amply


@dataclass(frozen=True)
class Limits:
    """What one question may use."""

    seconds: float = 10.0
    """Processor time for its cells, and again for each of its cases."""
    cpu_seconds: int = 20
    """Processor time for everything together."""
    memory: int = 1 << 30
    """Bytes beyond what Python and NumPy take."""
    file_bytes: int = 16 << 20
    folder_bytes: int = 32 << 20
    files: int = 4096
    """Files and folders that it may make."""
    open_files: int = 256
    processes: int = 16

    @property
    def wide(self) -> float:
        """The same by the clock: wide, for that others are busy is nobody's fault."""
        return CLOCK * self.seconds

    def with_seconds(self, seconds: float) -> Limits:
        """The same with another time, and in all so much more; 0 changes nothing."""
        if not seconds:
            return self
        cpu = max(1, round(self.cpu_seconds * seconds / self.seconds))
        return replace(self, seconds=seconds, cpu_seconds=cpu)


@dataclass(frozen=True)
class Contents:
    """What a sandbox holds beside Python and NumPy, read-only.

    Attributes
    ----------
    packages : tuple of str
        What students' code may import.
    data : tuple of (str, bytes)
        The files of the assignment, by their paths beside its notebook.
    checks : tuple of Path
        The folders that the public checks may import, and no student's code.
    """

    packages: tuple[str, ...] = ()
    data: tuple[tuple[str, bytes], ...] = ()
    checks: tuple[Path, ...] = ()

    @property
    def absent(self) -> list[str]:
        """What no student's code finds, wherever it runs."""
        return [name for name in OURS if name not in self.packages]


NOTHING_ELSE = Contents()


class Stopped(Exception):
    """The student's side gave no answer; ``kind`` is "timeout", "memory" or "killed".

    ``cell`` is the number of the cell that was running, from 0; None if it was none.
    ``by_the_clock`` says that it might have answered, had it had the processor for itself.
    """

    def __init__(self, kind: str, reason: str, by_the_clock: bool = False) -> None:
        super().__init__(reason)
        self.kind, self.by_the_clock = kind, by_the_clock
        self.cell: int | None = None


def check() -> None:
    """Raise SandboxMissing, with what to do, unless a sandbox starts on this machine."""
    close_fork_server()
    try:
        with question(Limits()) as session:
            session.start([])
    except (Stopped, wire.WireError, OSError) as error:
        raise SandboxMissing(f"a sandbox starts, but nothing runs in it: {error}") from None


class ForkServer:
    """A warm process in a sandbox, from which each question forks (see ``forkserver.py``)."""

    def __init__(self, contents: Contents = NOTHING_ELSE) -> None:
        if shutil.which("bwrap") is None:
            raise SandboxMissing(f"bubblewrap is not installed; install it with: {bubblewrap.CURE}")
        program = syscalls.compiled()
        if program is None:
            raise SandboxMissing(
                "libseccomp is not installed, without which no system call is refused; install it "
                f"with: {syscalls.CURE}"
            )
        self.contents = contents
        self.group = cgroup.make()
        self._limited: Limits | None = None
        self._control, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        data = {name: _in_memory(content) for name, content in contents.data}
        command = bubblewrap.command(
            packages.folders(contents.packages),
            contents.checks,
            data,
            packages.warm(contents.packages),
        )
        with inner:
            self._process = subprocess.Popen(
                self.group.enter(command) if self.group else command,
                stdin=inner.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=list(data.values()),
            )
        for descriptor in data.values():
            os.close(descriptor)
        self._control.settimeout(START_SECONDS)
        try:
            self._control.send(program)
            started = self._control.recv(100) == b"ready"
        except OSError:
            started = False
        if not started:
            raise SandboxMissing(
                f"bubblewrap is installed but does not start: {self.close() or 'no reason given'}; "
                "the machine must allow user namespaces (sysctl kernel.unprivileged_userns_clone=1,"
                " on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0), or grade as root"
            )

    def open_container(self, limits: Limits) -> socket.socket:
        """A socket to a new container: fresh namespaces, in which the questions of one hand-in run.

        Raises
        ------
        OSError
            If the fork server has ended.
        """
        if self.group and self._limited != limits:
            self.group.limit(WARM_MEMORY + limits.memory, BESIDE * limits.processes)
            self._limited = limits
        channel, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channel.settimeout(START_SECONDS)
        try:
            with inner:
                socket.send_fds(self._control, [b"container"], [inner.fileno()])
            if channel.recv(100) != b"ready":
                raise ConnectionError("a container in the sandbox did not open")
        except BaseException:
            channel.close()
            raise
        return channel

    def close(self) -> str:
        """End all that is in the sandbox; returns what bubblewrap or Python said at last."""
        self._control.close()
        self._process.kill()
        said = self._process.communicate()[1]
        if self.group:
            self.group.remove()
        return said.decode(errors="replace").strip().rpartition("\n")[2]


_here = threading.local()


def _in_memory(content: bytes) -> int:
    """A descriptor from which ``content`` is read."""
    descriptor = os.memfd_create("data")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def fork_server(contents: Contents = NOTHING_ELSE) -> ForkServer:
    """This thread's fork server with these contents, started when it is first needed.

    There are two at most: one with an assignment's packages, one for hand-ins that need none. Each
    fork copies the tables of its memory, and those of Matplotlib take as long as all the rest.
    """
    mine = _mine()
    if contents not in mine and len(mine) > 1:
        close_fork_server()
    if contents not in mine:
        mine[contents] = ForkServer(contents)
    return mine[contents]


def _mine() -> dict[Contents, ForkServer]:
    """The fork servers of this thread, none of which came with a fork of this process."""
    if getattr(_here, "owner", None) != os.getpid():
        _here.owner, _here.servers = os.getpid(), {}
    servers: dict[Contents, ForkServer] = _here.servers
    return servers


def close_fork_server() -> None:
    """End this thread's fork servers, if there are any, with everything in them."""
    mine = _mine()
    while mine:
        mine.popitem()[1].close()


class Container:
    """The place of one hand-in: each question a fresh process, in namespaces of the hand-in's own.

    Where a question brings down the container, or the whole sandbox, the next one opens another.
    """

    def __init__(self, limits: Limits, contents: Contents = NOTHING_ELSE) -> None:
        self.limits, self.contents = limits, contents
        self._channel: socket.socket | None = None
        self._numbers = itertools.count()

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the container, and wait until nothing of it is left."""
        if self._channel is None:
            return
        with self._channel as channel:
            self._channel = None
            try:
                channel.shutdown(socket.SHUT_WR)
                while channel.recv(1 << 10):
                    pass
            except OSError:
                close_fork_server()

    def question(self, seconds: float = 0) -> Session:
        """A fresh process for one question, gone with all that it started at the end.

        Its cells and each of its cases have ``seconds``, if that is not to be the usual time.
        """
        limits = self.limits.with_seconds(seconds)
        # 60000 user numbers above all that Debian gives out, of which no two at a time are the same
        order: dict[str, Any] = {**asdict(limits), "uid": 200_000 + secrets.randbelow(60_000)}
        order["absent"] = self.contents.absent
        order["checks"] = [folder.name for folder in self.contents.checks]
        return Session(limits, partial(self._start, order), self._processor_seconds)

    def holds(self, session: Session) -> bool:
        """Whether a question is still where it was started, and none of the others ended all."""
        return self._channel is not None and session.place is self._channel

    def _processor_seconds(self) -> float | None:
        """What all questions have taken together; None where nobody counts."""
        group = fork_server(self.contents).group
        return group.processor_seconds() if group else None

    def _start(self, order: dict[str, Any], asked: int, answers: int) -> tuple[object, End]:
        try:
            return self._send(order, asked, answers)
        except OSError:
            # what an earlier question did may have cost the container its life, or all of them
            return self._send(order, asked, answers)

    def _send(self, order: dict[str, Any], asked: int, answers: int) -> tuple[object, End]:
        number = next(self._numbers)
        try:
            if self._channel is None:
                self._channel = fork_server(self.contents).open_container(self.limits)
            group = fork_server(self.contents).group
            before = group.ended_for_memory() if group else 0
            text = json.dumps({**order, "number": number})
            socket.send_fds(self._channel, [text.encode()], [asked, answers])
            return self._channel, partial(self._end, self._channel, number, before)
        except OSError:
            self._lose()
            raise

    def _lose(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._channel = None
        close_fork_server()

    def _end(
        self, channel: socket.socket, number: int, out_of_memory: int, gone: bool
    ) -> dict[str, int]:
        """End a question; how it had ended itself, and what it took, by its monitor's word.

        ``out_of_memory`` is how often that had happened before the question began.
        """
        if channel is not self._channel:  # it went down with all that was in there
            return {}
        said: dict[str, int] = {}
        try:
            group = fork_server(self.contents).group
            if group and gone:
                said["memory"] = group.ended_for_memory() - out_of_memory
            channel.send(json.dumps({"number": number, "gone": gone}).encode())
            said |= json.loads(channel.recv(1 << 10))
        except (OSError, ValueError):
            self._lose()
        return said


@contextmanager
def question(limits: Limits, unsafe: bool = False) -> Iterator[Session]:
    """A sandbox for a single question."""
    with container(limits, unsafe) as place, place.question() as session:
        yield session


def container(limits: Limits, unsafe: bool = False, contents: Contents = NOTHING_ELSE) -> Container:
    """The place of one hand-in. With ``unsafe`` there is no wall."""
    return Unsafe(limits, contents) if unsafe else Container(limits, contents)


class Unsafe(Container):
    """No sandbox: a student's code runs as plain processes of this user, within limits of time."""

    def holds(self, session: Session) -> bool:
        return True

    def _processor_seconds(self) -> float | None:
        return None

    def _start(self, order: dict[str, Any], asked: int, answers: int) -> tuple[object, End]:
        folder = TemporaryDirectory(prefix="unrolled-", ignore_cleanup_errors=True)
        os.chmod(folder.name, 0o777)  # where root grades, a student's code is somebody else's
        for name, content in self.contents.data:
            path = Path(folder.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        process = subprocess.Popen(
            [sys.executable, "-B", str(bubblewrap.HERE / "inside.py"), json.dumps(order)],
            stdin=asked,
            stdout=answers,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=folder.name,
            env={**os.environ, "MPLBACKEND": "Agg"},
        )

        def end(gone: bool) -> dict[str, int]:
            process.kill()
            process.wait()
            folder.cleanup()
            return {}

        return process, end


End = Callable[[bool], dict[str, int]]
"""Ends a question, given whether it has gone by itself; says what is known of its end."""


class Deadline:
    """The time for one answer: so much of the processor, and, far wider, so much by the clock.

    What the others on a busy machine take is not the student's. Where nobody counts what was taken
    of the processor, the process's own limit ends it, or the clock.
    """

    LOOK = 0.1

    def __init__(self, limits: Limits, processor_seconds: Callable[[], float | None]) -> None:
        self._limits, self._taken = limits, processor_seconds
        self._began, self._before = time.monotonic(), processor_seconds()

    def wait_for(self, ready: Callable[[float], Sequence[int]]) -> None:
        """Wait until ``ready``, which waits for so many seconds at most, has something.

        Raises
        ------
        Stopped
            If it has nothing in time.
        """
        while not ready(self._left()):
            pass

    def _left(self) -> float:
        """How long to wait before the next look."""
        passed = time.monotonic() - self._began
        # one processor is all that a sandbox has: before that time nobody has taken so much
        if passed < self._limits.seconds:
            return self._limits.seconds - passed
        now = self._taken()
        if now is not None and self._before is not None:
            left = self._limits.seconds - (now - self._before)
            if left < self.LOOK:
                said = f"no answer within {self._limits.seconds:g} seconds of processor time"
                raise Stopped("timeout", said)
        if passed >= self._limits.wide:
            said = f"no answer within {self._limits.wide:g} seconds"
            raise Stopped("timeout", said, by_the_clock=True)
        return min(self.LOOK, self._limits.wide - passed)


class Session:
    """The judge's end of one question: messages go in and come out, each within its time.

    ``start`` starts it at the other ends of two pipes: where it is asked, and where it answers; it
    returns the place where the question is, and what ends it. ``processor_seconds`` counts.
    """

    def __init__(
        self,
        limits: Limits,
        start: Callable[[int, int], tuple[object, End]],
        processor_seconds: Callable[[], float | None],
    ) -> None:
        self._limits, self._processor_seconds = limits, processor_seconds
        asked, self._to_ask = os.pipe()
        self._to_read, answers = os.pipe()
        try:
            self.place, self._end = start(asked, answers)
        finally:
            os.close(asked)
            os.close(answers)
        self._ended: dict[str, int] | None = None
        self._pending = b""
        os.set_blocking(self._to_ask, False)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        os.close(self._to_ask)
        os.close(self._to_read)

    def end(self, gone: bool = False) -> dict[str, int]:
        """End the process, if it has not ended, and say what is known of its end."""
        if self._ended is None:
            self._ended = self._end(gone)
        return self._ended

    def start(self, cells: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Run the cells; under ``error`` is the first error in the last of them, or None."""
        errors = self.run(cells or [{"name": "", "source": ""}])
        return {"error": errors[-1][0] if errors and errors[-1] else None}

    def run(self, cells: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        """Run the cells, all of them within the time of one case.

        Returns
        -------
        list
            For each cell the errors in it, as plain data.

        Raises
        ------
        Stopped, WireError
            As ``ask``; of the first with the number of the cell.
        """
        deadline = self._deadline()
        found = []
        for number, cell in enumerate(cells):
            try:
                errors = self._exchange({"cell": cell}, deadline).get("errors")
            except Stopped as stopped:
                stopped.cell = number
                raise
            listed = errors if isinstance(errors, list) else [errors]
            found.append([error for error in listed if isinstance(error, dict)])
        return found

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send one message and return the answer.

        Raises
        ------
        Stopped
            If there is none in time, or the process has ended.
        WireError
            If the answer does not keep to the encoding.
        """
        return self._exchange(message, self._deadline())

    def _deadline(self) -> Deadline:
        return Deadline(self._limits, self._processor_seconds)

    def _exchange(self, message: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
        self._send(wire.to_line(message), deadline)
        return wire.from_line(self._line(deadline))

    def _send(self, line: bytes, deadline: Deadline) -> None:
        # without blocking: the other side may never read what is longer than the pipe holds
        left = memoryview(line)
        while left:
            deadline.wait_for(lambda left: select.select([], [self._to_ask], [], left)[1])
            try:
                left = left[os.write(self._to_ask, left) :]
            except BrokenPipeError:
                raise self._gone("before it was asked") from None

    def _line(self, deadline: Deadline) -> bytes:
        while b"\n" not in self._pending:
            deadline.wait_for(lambda left: select.select([self._to_read], [], [], left)[0])
            data = os.read(self._to_read, 1 << 16)
            if not data:
                raise self._gone("without an answer")
            self._pending += data
            if len(self._pending) > wire.MAX_BYTES:
                raise Stopped("killed", f"an answer of more than {wire.MAX_BYTES} bytes")
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _gone(self, when: str) -> Stopped:
        """Why the process has ended, as far as the kernel tells."""
        said = self.end(gone=True)
        # the kernel's limit counts ticks of its clock: on a busy machine more than was used
        if said.get("cpu_ms", 0) >= 500 * self._limits.cpu_seconds:
            reason = f"no answer within {self._limits.cpu_seconds} seconds of processor time"
            return Stopped("timeout", reason)
        if said.get("memory"):
            most = self._limits.memory >> 20
            return Stopped("memory", f"no answer: it took more than {most} MB of memory")
        how = ""
        if number := said.get("signal"):
            with contextlib.suppress(ValueError):
                how = f" ({signal.Signals(number).name})"
        return Stopped("killed", f"the process ended {when}{how}")
