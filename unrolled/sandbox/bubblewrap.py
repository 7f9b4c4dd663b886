"""The wall between the judge and a student's code: the bubblewrap command that builds it.

Inside there is no network, no other process, none of the machine's files but its C libraries, the
Python interpreter with the standard library, and NumPy (all read-only), an empty working folder in
memory, and no environment but what is listed here.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from unrolled.errors import UnrolledError

HERE = Path(__file__).parent
CURE = "apt-get install bubblewrap"
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
STDLIB = Path(f"/python/lib/python{sys.version_info.major}.{sys.version_info.minor}")
PARTS_OF_PYTHON = ("lib-dynload", "__pycache__", "_sysconfigdata")
OURS_INSIDE = ("cells.py", "forkserver.py", "inside.py", "linux.py", "wire.py")
IPYTHONS = ("core/inputtransformer2.py", "utils/tokenutil.py")
"""What turns magics into Python: IPython's own, which needs nothing else of it."""


class SandboxMissing(UnrolledError):
    """There is no working sandbox on this machine; the message says what to do."""


def interpreter() -> Path:
    """The Python that the virtual environment was made from: it is what the sandbox runs."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _readable() -> Iterator[tuple[Path, str]]:
    """What of the machine's files the sandbox holds, read-only, and where it finds them.

    Python stands at a neutral place: its own may lie below a home folder that only its owner
    may enter, and is nobody's business.
    """
    yield interpreter(), "/python/bin/python3"
    yield Path(sysconfig.get_path("stdlib")), str(STDLIB)
    shared = Path(sysconfig.get_config_var("LIBDIR")) / sysconfig.get_config_var("INSTSONAME")
    if shared.suffix != ".a" and shared.exists():
        yield shared, f"/python/lib/{shared.name}"
    machine = f"{platform.machine()}-linux-gnu"
    yield Path("/usr/lib") / machine, f"/lib/{machine}"
    for loader in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"):
        if os.path.exists(loader):
            yield Path(loader), loader
    site = Path(np.__file__).parent.parent
    for part in ("numpy", "numpy.libs"):
        if (site / part).exists():
            yield site / part, f"/packages/{part}"
    for ours in OURS_INSIDE:
        yield HERE / ours, f"/grader/{ours}"
    ipython = importlib.util.find_spec("IPython")
    if ipython is not None and ipython.origin:
        for part in IPYTHONS:
            yield Path(ipython.origin).parent / part, f"/grader/{Path(part).name}"


def _masked() -> Iterator[str]:
    """The flags that hide what lies beside the standard library and is none of it.

    In a Python that is no virtual environment (conda's, Docker's, uv's) all that is installed lies
    there, ``rnnlib`` too; of packages only the listed ones are to be in the sandbox.
    """
    for found in sorted(Path(sysconfig.get_path("stdlib")).iterdir()):
        place, name = str(STDLIB / found.name), found.name.partition(".")[0]
        if name in sys.stdlib_module_names or name.startswith(PARTS_OF_PYTHON):
            continue
        if found.is_symlink():  # where it leads to, there is nothing in the sandbox
            continue
        if found.is_dir():
            yield from ("--tmpfs", place, "--remount-ro", place)
        elif found.exists():
            yield from ("--ro-bind", os.devnull, place)


def command(
    packages: Sequence[Path] = (),
    checks: Sequence[Path] = (),
    data: Mapping[str, int] | None = None,
    warm: Sequence[str] = (),
) -> list[str]:
    """The bubblewrap command of a fork server.

    Parameters
    ----------
    packages
        The folders of those held beside NumPy.
    checks
        What only the public checks may import.
    data
        The files of the assignment: of each the descriptor that it is read from.
    warm
        The modules to be loaded before the first hand-in.
    """
    held = [
        *_readable(),
        *((folder, f"/packages/{folder.name}") for folder in packages),
        *((folder, f"/checks/{folder.name}") for folder in checks),
    ]
    files = {f"/data/{name}": descriptor for name, descriptor in (data or {}).items()}
    places = {place: path for path, place in held}
    # made beforehand, since the folders that bubblewrap makes on the way are for root alone
    parents = {str(p) for place in (*places, *files) for p in Path(place).parents} - {"/"}
    folders = sorted(parents | {"/home", "/dev"})
    made = [flag for folder in folders for flag in ("--perms", "0755", "--dir", folder)]
    binds = [flag for place, path in places.items() for flag in ("--ro-bind", str(path), place)]
    binds += [
        flag
        for place, descriptor in files.items()
        for flag in ("--perms", "0444", "--ro-bind-data", str(descriptor), place)
    ]
    devices = [flag for device in DEVICES for flag in ("--dev-bind", device, device)]
    return [
        "bwrap",
        *_rights(),
        *("--die-with-parent", "--new-session", "--hostname", "sandbox", "--clearenv"),
        *("--setenv", "PYTHONPATH", "/packages"),
        *("--setenv", "LD_LIBRARY_PATH", "/python/lib"),
        *("--setenv", "OPENBLAS_NUM_THREADS", "1"),
        *("--setenv", "MPLBACKEND", "Agg"),
        *("--setenv", "HOME", "/home"),
        *("--setenv", "LANG", "C.UTF-8"),
        *(*made, *binds, *_masked(), *devices),
        *("--proc", "/proc", "--remount-ro", "/", "--chdir", "/home"),
        *("--", "/python/bin/python3", "-s", "-S", "-P", "-B", "/grader/forkserver.py", *warm),
    ]


def _rights() -> list[str]:
    """The namespaces of the fork server, and what it needs to make others for each hand-in.

    No student's process has any of these rights: it gives them up before its first line runs.
    """
    each = [f"--unshare-{kind}" for kind in ("ipc", "pid", "net", "uts", "cgroup-try")]
    rights = ["CAP_SYS_ADMIN"]
    if os.geteuid() != 0:
        # inside, nobody can make a user namespace again, and nothing tells who grades
        each += ["--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534"]
    else:
        # Root needs no user namespace, and no limit on processes binds it in one. So a question
        # gives up root for a user number that nobody else has, which takes these rights.
        rights += ["CAP_SETUID", "CAP_SETGID", "CAP_KILL"]
    return [*each, "--cap-drop", "ALL", *(f for right in rights for f in ("--cap-add", right))]
