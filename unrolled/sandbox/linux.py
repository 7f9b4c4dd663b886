"""The system calls that shut a student's process in, for which Python has no functions of its own.

This file is used inside the sandbox, before a student's code is there.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND = 32, 1 << 12
MS_REC, MS_PRIVATE = 1 << 14, 1 << 18
MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 22, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL, _SECCOMP_MODE_FILTER = 4, 2
_CAPABILITY_VERSION_3 = 0x20080522

_CLONE = {"x86_64": 56, "aarch64": 220}

_libc = ctypes.CDLL(None, use_errno=True)
_held = ctypes.PyDLL(None, use_errno=True)  # calls without giving way to other threads


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by ``flags`` for new ones (os.unshare comes with Python 3.12)."""
    _call("unshare", flags)


def fork_into(namespaces: int) -> int:
    """As os.fork, the child in new ``namespaces``; the parent stays where it is.

    For namespaces of processes nothing else will do: who has left one cannot come back, unless it
    has rights where that one was made. It is for a process with a single thread.
    """
    ctypes.pythonapi.PyOS_BeforeFork()
    child = _held.syscall(_CLONE[os.uname().machine], namespaces | signal.SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0
    number = ctypes.get_errno()
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if child < 0:
        raise OSError(number, f"clone: {os.strerror(number)}")
    return int(child)


def mount(kind: str, where: str, flags: int, options: str = "") -> None:
    """Mount an empty file system of a ``kind`` at ``where``, or change the flags of what is."""
    source = kind.encode() or b"none"
    _call("mount", source, where.encode(), kind.encode() or None, flags, options.encode() or None)


def unmount(where: str) -> None:
    """Take away what was mounted at ``where`` last."""
    _call("umount2", where.encode(), MNT_DETACH)


def prctl(option: int, *values: object) -> None:
    padded = [ctypes.c_ulong(v) if isinstance(v, int) else v for v in (*values, 0, 0, 0, 0)]
    _call("prctl", option, *padded[:4])


def die_with_parent(number: int) -> None:
    """Ask for the signal ``number`` when the parent process ends, however it ends."""
    prctl(_PR_SET_PDEATHSIG, number)


def leave_no_core() -> None:
    """Have nothing written, and no program of the machine started, when this process crashes.

    A limit of 0 on such files is none where a program is to take them. 1 is: the kernel then takes
    the process for that program. And nobody may look into the process from outside.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    prctl(_PR_SET_DUMPABLE, 0)


def drop_capabilities() -> None:
    """Give up every right beyond those of an ordinary user, for good."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def filter_system_calls(program: bytes) -> None:
    """Let the kernel refuse every system call that the compiled ``program`` does not allow."""
    instructions = ctypes.create_string_buffer(program, len(program))
    instruction_size = 8
    filtered = _Program(len(program) // instruction_size, ctypes.addressof(instructions))
    prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filtered))
