"""The system calls that a student's process may make: what Python and NumPy need to compute.

It is a list of what is allowed, so that what a later kernel brings is refused. What is refused
looks as if the kernel did not have it: libraries then fall back to what they did before.

Left out on purpose is ``setsid``: each session has a share of the processor of its own, and fifteen
of them would leave little to an honest neighbour.

libseccomp compiles the list. It is called directly: of its bindings the official one is no package
for pip, and pyseccomp had its last release in 2020.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
import socket
from functools import cache

FILES = """
    access chdir chmod close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2
    fallocate fchdir fchmod fchmodat fcntl fdatasync flock fstat fstatfs fsync ftruncate getcwd
    getdents getdents64 link linkat lseek lstat mkdir mkdirat newfstatat open openat pipe pipe2
    pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readlink readlinkat readv rename renameat
    renameat2 rmdir sendfile stat statfs statx symlink symlinkat truncate umask unlink unlinkat
    utime utimensat utimes write writev
"""
MEMORY = "brk madvise mincore mmap mprotect mremap msync munmap"
WAITING = """
    epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd2 futex poll ppoll pselect6
    recvfrom select sendto shutdown
"""
TIME = """
    alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time
    timer_create timer_delete timer_gettime timer_settime times
"""
PROCESSES = """
    arch_prctl capget execve exit exit_group fork get_robust_list getcpu getegid geteuid getgid
    getgroups getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit
    getrusage getsid gettid getuid kill membarrier pause restart_syscall rseq rt_sigaction
    rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait sched_get_priority_max
    sched_get_priority_min sched_getaffinity sched_getparam sched_getscheduler sched_yield setpgid
    set_robust_list set_tid_address sigaltstack sysinfo tgkill tkill uname vfork
    wait4 waitid
"""

CURE = "apt-get install libseccomp2"

TERMINAL_QUESTIONS = (0x5401, 0x5421, 0x541B, 0x5451, 0x5450)  # TCGETS, FIONBIO, FIONREAD, FIO*CLEX
GET_DUMPABLE, SET_NAME, GET_NAME = 3, 15, 16
NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW… flag

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_EQUAL, _MASKED_EQUAL = 4, 7


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("one", ctypes.c_uint64),
        ("two", ctypes.c_uint64),
    )


CONDITIONAL: list[tuple[str, list[_Comparison]]] = [
    ("clone", [_Comparison(0, _MASKED_EQUAL, NEW_NAMESPACES, 0)]),
    # to read one's own limits: who could set one could ask for a core file
    ("prlimit64", [_Comparison(0, _EQUAL, 0), _Comparison(2, _EQUAL, 0)]),
    ("socketpair", [_Comparison(0, _EQUAL, socket.AF_UNIX)]),  # asyncio's alarm clock; no socket()
    *(("prctl", [_Comparison(0, _EQUAL, what)]) for what in (GET_DUMPABLE, SET_NAME, GET_NAME)),
    *(("ioctl", [_Comparison(1, _EQUAL, question)]) for question in TERMINAL_QUESTIONS),
]


@cache
def compiled() -> bytes | None:
    """The filter as the kernel takes it; None where libseccomp is not installed."""
    name = ctypes.util.find_library("seccomp") or "libseccomp.so.2"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(_REFUSE | errno.ENOSYS))
    for call in " ".join((FILES, MEMORY, WAITING, TIME, PROCESSES)).split():
        _add(library, context, call)
    for call, conditions in CONDITIONAL:
        _add(library, context, call, *conditions)
    descriptor = os.memfd_create("filter")
    try:
        if library.seccomp_export_bpf(context, descriptor) != 0:
            return None
        return os.pread(descriptor, 1 << 20, 0)
    finally:
        os.close(descriptor)
        library.seccomp_release(context)


def _add(
    library: ctypes.CDLL, context: ctypes.c_void_p, call: str, *conditions: _Comparison
) -> None:
    number = library.seccomp_syscall_resolve_name(call.encode())
    if number >= 0:  # below are those that this processor's kernel does not have
        array = (_Comparison * len(conditions))(*conditions)
        library.seccomp_rule_add_array(
            context, ctypes.c_uint32(_ALLOW), number, len(conditions), array
        )
