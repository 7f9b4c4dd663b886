"""What a student's code can and cannot do: each promise of the sandbox, tried from inside."""

import os
import shutil
import struct
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from unrolled.sandbox import containers, syscalls, wire
from unrolled.sandbox.bubblewrap import SandboxMissing
from unrolled.sandbox.containers import Limits, Stopped, container, question

pytestmark = pytest.mark.usefixtures("bubblewrap")
QUICK = Limits(seconds=20, cpu_seconds=2)


def run(source, *names, limits=QUICK):
    """Run one cell in a sandbox; returns what the cell's report and the variables say."""
    with question(limits) as session:
        report = session.start([{"name": "answer", "source": source}])
        said = session.ask({"read": names})["values"]
        return report["error"], *(wire.decode(said[name]) for name in names)


def test_a_cell_runs_and_its_values_come_out():
    error, x = run("import numpy as np\nx = np.arange(3) * 2.0", "x")
    assert error is None
    assert x.tolist() == [0, 2, 4]


def test_a_function_is_called_with_what_the_judge_sends():
    with question(QUICK) as session:
        session.start([{"name": "answer", "source": "def double(a):\n    return 2 * a"}])
        said = session.ask({"call": "double", "arguments": {"a": wire.encode(21)}})
    assert wire.decode(said["returned"]) == 42


def test_an_error_is_told_with_its_line():
    error, _ = run("x = 1\n1 / 0", "x")
    assert error == {"type": "ZeroDivisionError", "message": "division by zero", "line": 2}
    error, _ = run("def f(:\n    pass", "f")
    assert (error["type"], error["line"]) == ("SyntaxError", 1)


def test_a_cell_that_raises_does_not_keep_later_cells_from_running():
    cells = [{"name": "one", "source": "1 / 0"}, {"name": "two", "source": "x = 5"}]
    with question(QUICK) as session:
        assert session.start(cells) == {"error": None}
        assert session.ask({"read": ["x"]})["values"] == {"x": 5}


def test_there_is_no_network():
    """Neither a way to open a socket nor, seen from outside, anything to reach by one."""
    error, _ = run("import socket\nsocket.socket()", "x")
    assert error["type"] == "OSError"
    with question(QUICK) as session:
        session.start([])
        devices = Path(f"/proc/{student().pid}/net/dev").read_text().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]


def test_of_the_machine_there_is_python_numpy_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "canary").write_text("canary")
    monkeypatch.setenv("CANARY", "canary")
    _, root, home, environment, seen, rubrics = run(
        f"""
import os
root, home = sorted(os.listdir("/")), os.listdir(".")
environment = sorted(os.environ)
seen = os.path.exists({str(tmp_path)!r}) or os.path.exists({os.getcwd()!r})
rubrics = []
for folder, _, files in os.walk("/"):
    rubrics += [f for f in files if f.endswith(".ipynb") or f in ("gradebook.db", "rubric.py")]
""",
        *("root", "home", "environment", "seen", "rubrics"),
        limits=Limits(seconds=20),
    )
    assert set(root) <= {"dev", "grader", "home", "lib", "lib64", "packages", "proc", "python"}
    assert home == []
    assert set(environment) <= {
        *("HOME", "LANG", "LC_CTYPE", "LD_LIBRARY_PATH", "OPENBLAS_NUM_THREADS", "PWD"),
        *("MPLBACKEND", "PYTHONPATH"),
    }
    assert not seen
    assert rubrics == []


def test_rnnlib_is_not_there():
    error, _ = run("import rnnlib", "rnnlib")
    assert error["type"] == "ModuleNotFoundError"


def test_no_other_process_is_in_sight():
    _, seen, number, found = run(
        """
import os
seen, number, found = os.listdir("/proc"), os.getpid(), []
for other in range(1, 200):
    try:
        os.kill(other, 0)
        found.append(other)
    except PermissionError:
        found.append(other)
    except ProcessLookupError:
        pass
""",
        *("seen", "number", "found"),
    )
    assert seen == []
    assert found == [number] == [1], "the question itself, the first process of its own namespace"


def test_no_right_is_left():
    """As the kernel tells outside."""
    with question(QUICK) as session:
        session.start([])
        status = read_status(student().pid)
    assert status["Uid"] == status["Gid"]
    assert len(set(status["Uid"].split())) == 1
    assert status["Uid"].split()[0] != "0"
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[kind], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


def read_status(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def student():
    """The process in which a question's code runs, as seen from outside: the youngest of all."""
    inside = psutil.Process(containers.fork_server()._process.pid).children(recursive=True)
    return max(inside, key=lambda process: (process.create_time(), process.pid))


def warm():
    """The process from which all questions fork."""
    inside = psutil.Process(containers.fork_server()._process.pid).children(recursive=True)
    return min((p for p in inside if p.name().startswith("python")), key=lambda p: p.pid)


KINDS = ("mnt", "pid", "net", "ipc", "uts")


def namespaces(pid):
    return {kind: os.readlink(f"/proc/{pid}/ns/{kind}") for kind in KINDS}


def test_each_hand_in_has_namespaces_of_its_own():
    seen = [], [], []
    # at once, lest a number is given again
    with container(QUICK) as place, container(QUICK) as elsewhere, ExitStack() as held:
        for where, found in zip((place, place, elsewhere), seen, strict=True):
            held.enter_context(where.question()).start([])
            found.append(namespaces(student().pid))
        judge, server = namespaces("self"), namespaces(warm().pid)
    first, second, other = (found[0] for found in seen)
    for kind in KINDS:
        assert len({judge[kind], server[kind], first[kind], other[kind]}) == 4
    assert first["pid"] != second["pid"], "nor can a question count another's processes"
    assert first["net"] == second["net"]
    assert first["mnt"] != server["mnt"]


REACH = """
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
piece = ctypes.create_string_buffer(8)  # a forked process has its memory at the same place
where = ctypes.byref((ctypes.c_ulong * 2)(ctypes.addressof(piece), 8))
done = []
for other in range(2, 300):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(other, number)
            done.append("signalled")
        except OSError:
            pass
    if libc.ptrace(16, other, 0, 0) == 0:
        done.append("attached")
    for call in (310, 311):  # process_vm_readv, process_vm_writev
        if libc.syscall(call, other, where, 1, where, 1, 0) >= 0:
            done.append("memory")
    if libc.syscall(302, other, 7, 0, ctypes.byref((ctypes.c_ulong * 2)())) == 0:  # prlimit64
        done.append("limits")
"""


@pytest.mark.parametrize("filtered", [True, False], ids=["with filter", "without filter"])
def test_the_process_that_forks_the_questions_is_out_of_their_reach(filtered, monkeypatch):
    """Signals, ptrace, its memory, its limits; also where the kernel filters no system calls."""
    if not filtered:
        everything = struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)  # “allow”, and nothing before it
        monkeypatch.setattr(syscalls, "compiled", lambda: everything)
    containers.close_fork_server()
    try:
        with container(QUICK) as place:
            server = containers.fork_server()
            with place.question() as session:
                assert session.start([{"name": "answer", "source": REACH}]) == {"error": None}
                done = wire.decode(session.ask({"read": ["done"]})["values"]["done"])
            assert done == []
            with place.question() as session:
                assert session.start([{"name": "answer", "source": "x = 1"}]) == {"error": None}
            assert containers.fork_server() is server
    finally:
        containers.close_fork_server()


def test_a_question_that_ends_everything_it_can_leaves_the_next_one_standing():
    source = "import os\ntry:\n os.kill(-1, 9)\nfinally:\n os._exit(0)"
    with container(QUICK) as place:
        with place.question() as session, pytest.raises(Stopped):
            session.start([{"name": "answer", "source": source}])
        with place.question() as session:
            assert session.start([{"name": "answer", "source": "x = 1"}]) == {"error": None}


def test_where_the_nursery_itself_is_killed_the_next_question_gets_another():
    with container(QUICK) as place:
        with place.question() as session:
            session.start([])
            end = [warm(), student()]
            end[0].kill()
            psutil.wait_procs(end, timeout=300)
            with pytest.raises(Stopped):
                session.ask({"read": ["x"]})
        with place.question() as session:
            assert session.start([{"name": "answer", "source": "x = 1"}]) == {"error": None}


def test_nothing_passes_from_one_question_to_the_next():
    leave = """
import os
open("mark", "w").write("x")
if os.fork() == 0:
    import time
    time.sleep(60)
"""
    look = """
import os
files, others = os.listdir("."), []
for other in range(2, 200):
    try:
        os.kill(other, 0)
        others.append(other)
    except OSError:
        pass
"""
    with container(QUICK) as place:
        with place.question() as session:
            assert session.start([{"name": "answer", "source": leave}]) == {"error": None}
        with place.question() as session:
            assert session.start([{"name": "answer", "source": look}]) == {"error": None}
            values = session.ask({"read": ["files", "others"]})["values"]
    assert {name: wire.decode(value) for name, value in values.items()} == {
        "files": [],
        "others": [],
    }


FORBIDDEN = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
done = {}
def attempt(name, *arguments):
    ctypes.set_errno(0)
    if getattr(libc, name)(*arguments) != -1:
        done.append(name)
done = []
attempt("unshare", 0x10000000)
attempt("mount", b"none", b"/home", b"tmpfs", 0, None)
attempt("setns", 0, 0)
attempt("chroot", b"/home")
attempt("ptrace", 0, 0, 0, 0)
attempt("memfd_create", b"x", 0)
attempt("shmget", 0, 1 << 20, 0o1600)
attempt("msgget", 0, 0o1600)
attempt("personality", 0x0040000)
attempt("socket", 1, 1, 0)
attempt("setresuid", 0, 0, 0)
"""


def test_the_kernel_refuses_system_calls_that_computing_does_not_need():
    assert run(FORBIDDEN, "done") == (None, [])


def test_no_process_that_a_question_starts_can_enter_namespaces_of_its_own():
    source = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
made = []
for flag in (0x10000000, 0x10000000 | 0x00020000):
    for number in (56, 435):  # clone, clone3
        child = libc.syscall(number, flag | 17, 0, 0, 0, 0)
        if child == 0:
            os._exit(0)
        if child > 0:
            made.append(number)
"""
    assert run(source, "made") == (None, [])


@pytest.mark.parametrize(
    "place", ["/", "/grader/", "/python/", "/packages/", "/proc/", "/dev/", "/dev/shm/"]
)
def test_nothing_can_be_written_outside_the_working_folder(place):
    error, _ = run(f"open({place!r} + 'mark', 'w')", "x")
    assert error["type"] in ("OSError", "PermissionError", "FileNotFoundError")


def test_the_working_folder_can_be_written_and_is_gone_afterwards():
    write = "open('mark', 'w').write('x')\nimport os\nfiles = os.listdir('.')"
    assert run(write, "files") == (None, ["mark"])
    assert run("import os\nfiles = os.listdir('.')", "files") == (None, [])


def test_files_have_a_largest_size_and_the_folder_too():
    error, _ = run("open('big', 'wb').write(bytes(20 << 20))", "x")
    assert error["message"] == "[Errno 27] File too large"
    error, _ = run("for i in range(9):\n    open(f'{i}', 'wb').write(bytes(8 << 20))", "x")
    assert error["message"] == "[Errno 28] No space left on device"


def test_memory_has_a_limit():
    error, _ = run("x = bytearray(2 << 30)", "x")
    assert error["type"] == "MemoryError"


def test_the_memory_of_all_its_processes_together_has_a_limit():
    containers.fork_server()
    if containers.fork_server().group is None:
        pytest.skip("this user may make no control group; to run this test: be root")
    source = """
import os, time
for i in range(8):
    if os.fork() == 0:
        x = bytearray(100 << 20)
        time.sleep(60)
x = bytearray(100 << 20)
time.sleep(60)
"""
    with pytest.raises(Stopped) as stopped:
        run(source, "x", limits=Limits(seconds=5, memory=200 << 20))
    assert stopped.value.kind in ("memory", "timeout")  # the kernel may end a child alone
    assert containers.fork_server().group.ended_for_memory() > 0
    assert run("x = 1", "x") == (None, 1)


def test_processes_have_a_limit():
    _, made = run(
        """
import os, time
made = 0
try:
    while made < 200:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        made += 1
except OSError:
    pass
""",
        "made",
    )
    assert made < 20


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "import time\ntime.sleep(60)",
        "while True:\n try: print('x')\n except BaseException: pass",
    ],
)
def test_time_has_a_limit(loop):
    with pytest.raises(Stopped, match=r"no answer within [13] seconds") as stopped:
        run(loop, "x", limits=Limits(seconds=1))
    assert stopped.value.kind == "timeout"
    assert stopped.value.by_the_clock or "sleep" not in loop


def no_group():
    """Whether nobody counts here what a sandbox takes of the processor."""
    return containers.fork_server().group is None


def test_who_waits_for_the_processor_has_more_time_by_the_clock_than_who_uses_it():
    if no_group():
        pytest.skip("this user may make no control group; to run this test: be root")
    with question(Limits(seconds=0.5)) as session:
        began = time.monotonic()
        source = "import time\ntime.sleep(1)"
        assert session.start([{"name": "a", "source": source}])["error"] is None
        assert time.monotonic() - began > 1


def test_all_its_processes_together_have_no_more_than_one_processor():
    if no_group():
        pytest.skip("this user may make no control group; to run this test: be root")
    group = containers.fork_server().group
    source = """
import os, time
for _ in range(12):
    if os.fork() == 0:
        while True:
            pass
time.sleep(1.5)
"""
    with question(Limits(seconds=5)) as session:
        before, began = group.processor_seconds(), time.monotonic()
        session.start([{"name": "a", "source": source}])
        taken, passed = group.processor_seconds() - before, time.monotonic() - began
    assert taken < 1.3 * passed


def test_no_process_gets_a_session_and_with_it_a_share_of_its_own():
    assert run("import os\nos.setsid()", "x")[0]["type"] == "OSError"
    error, _ = run(
        "import subprocess, sys\nsubprocess.run([sys.executable], start_new_session=True)", "x"
    )
    assert error is not None


@pytest.mark.parametrize(
    "end",
    [
        "import os\nos._exit(0)",
        "import os\nos.abort()",
        "import ctypes\nctypes.string_at(0)",
    ],
)
def test_a_process_that_ends_itself_is_noticed(end):
    with pytest.raises(Stopped) as stopped:
        run(end, "x")
    assert stopped.value.kind == "killed"


def test_it_is_told_how_a_process_ended():
    with pytest.raises(Stopped, match=r"ended without an answer \(SIGSEGV\)"):
        run("import ctypes\nctypes.string_at(0)", "x")


def test_processor_time_has_a_limit_too():
    with pytest.raises(Stopped, match="1 seconds of processor time") as stopped:
        run("while True: pass", "x", limits=Limits(seconds=10, cpu_seconds=1))
    assert stopped.value.kind == "timeout"


def test_a_process_that_does_not_read_what_it_is_asked_is_not_waited_for():
    silent = "import os, time\nos.write(101, b'{}\\n')\ntime.sleep(60)"
    with question(Limits(seconds=1)) as session:
        session.start([{"name": "answer", "source": silent}])
        with pytest.raises(Stopped, match="no answer within 3 seconds"):
            session.ask(
                {"call": "f", "arguments": {"a": wire.encode("x" * 400)}, "pad": "x" * 10**6}
            )


def test_sys_exit_and_endless_recursion_are_errors_like_others():
    assert run("import sys\nsys.exit(0)", "x")[0]["type"] == "SystemExit"
    assert run("def f():\n    f()\nf()", "x")[0]["type"] == "RecursionError"
    assert run("raise KeyboardInterrupt", "x")[0]["type"] == "KeyboardInterrupt"


def test_input_finds_nobody_and_output_goes_nowhere():
    assert run("input()", "x")[0]["type"] == "EOFError"
    assert run("print('x' * 10**7)\nx = 1", "x") == (None, 1)


def test_no_process_outlives_the_sandbox():
    mark = f"sleeper-{os.getpid()}"
    source = f"""
import os, sys
if os.fork() == 0:
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)", {mark!r}])
"""
    with question(QUICK) as session:
        session.start([{"name": "answer", "source": source}])
        assert wait_for(lambda: mark in commands()), "the sleeper never ran, so nothing is shown"
    assert wait_for(lambda: mark not in commands())


def commands():
    """The last word of each process's command, all over this machine."""
    found = set()
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/cmdline") as file:
                found.add(file.read().rstrip("\0").rpartition("\0")[2])
        except OSError:
            pass
    return found


def wait_for(condition):
    """Whether ``condition`` comes true before anybody would think that something hangs."""
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.1)
    return False


def test_several_questions_wait_at_a_time_and_none_sees_the_others():
    with container(QUICK) as place:
        first, second = place.question(), place.question()
        with first, second:
            for number, session in enumerate((first, second)):
                source = f"x = {number}\nopen('mark', 'w').write('x')"
                assert session.start([{"name": "a", "source": source}]) == {"error": None}
            source = "import os\nos.kill(-1, 9)\nfiles = os.listdir('.')"
            second.start([{"name": "a", "source": source}])
            assert second.ask({"read": ["files"]})["values"]["files"] == {
                "list": [{"text": "mark"}]
            }
            second.end()
            assert place.holds(first)
            assert first.ask({"read": ["x"]}) == {"values": {"x": 0}}


def test_of_the_devices_nothing_can_be_changed():
    """What one question wrote into their times, another could read; and they are the machine's."""
    _, done, before, after = run(
        """
import os
done, seen = [], []
for device in os.listdir("/dev"):
    path = f"/dev/{device}"
    before = os.stat(path)
    for change in (lambda: os.utime(path, (1, 2)), lambda: os.utime(path),
                   lambda: os.chmod(path, 0), lambda: os.rename(path, path + "x")):
        try:
            change()
            done.append(path)
        except OSError:
            pass
    after = os.stat(path)
    seen.append([before.st_mtime, before.st_atime, after.st_mtime, after.st_atime])
open("/dev/null", "w").write("x")
random = open("/dev/urandom", "rb").read(4)
before, after = [s[:2] for s in seen], [s[2:] for s in seen]
""",
        *("done", "before", "after"),
    )
    assert done == []
    assert before == after


def test_where_it_crashes_nothing_of_the_machine_is_started():
    """A limit of 0 is none where core files go to a program; 1 is one."""
    source = """
import ctypes, resource
core = list(resource.getrlimit(resource.RLIMIT_CORE))
libc = ctypes.CDLL(None, use_errno=True)
dumpable = libc.prctl(3, 0, 0, 0, 0)
made = []
try:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    made.append("a limit")
except OSError:
    pass
for number in (160, 302):  # setrlimit, prlimit64
    limits = ctypes.byref((ctypes.c_ulong * 2)(0, 0))
    if libc.syscall(number, 0, limits, 0, 0) == 0 and number == 160:
        made.append("a limit")
if libc.syscall(302, 0, 4, ctypes.byref((ctypes.c_ulong * 2)(0, 0)), 0) == 0:
    made.append("a limit")
if libc.prctl(4, 1, 0, 0, 0) == 0:
    made.append("dumpable")
"""
    assert run(source, "core", "dumpable", "made") == (None, [1, 1], 0, [])


def beside_the_standard_library(tmp_path):
    """A Python that is no virtual environment: packages lie in its library."""
    library = tmp_path / "lib"
    shutil.copytree(
        sysconfig.get_path("stdlib"),
        library,
        symlinks=True,
        ignore=shutil.ignore_patterns("*-packages", "test", "config-*", "__pycache__"),
    )
    for place in ("site-packages", "dist-packages", ".", "packages"):
        package = library / place / "rnnlib"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("secret = 42")
        (library / place / "solution.py").write_text("secret = 42")
    return library


def test_of_a_python_that_is_no_virtual_environment_no_package_is_there(tmp_path, monkeypatch):
    library = beside_the_standard_library(tmp_path)
    real = sysconfig.get_path
    monkeypatch.setattr(
        sysconfig, "get_path", lambda name: str(library) if name == "stdlib" else real(name)
    )
    containers.close_fork_server()
    source = """
import json, os, statistics, sqlite3, sysconfig, sys
found = []
for folder, _, files in os.walk("/python"):
    sys.path.append(folder)
    for file in files:
        path = os.path.join(folder, file)
        try:
            if "rnnlib" in path or ("solution" in file and open(path).read()):
                found.append(path)
        except OSError:
            pass
for name in ("rnnlib", "solution"):
    try:
        found.append(str(__import__(name).secret))
    except (ImportError, AttributeError, OSError):
        pass
"""
    try:
        assert run(source, "found", limits=Limits(seconds=20)) == (None, [])
    finally:
        containers.close_fork_server()


def test_of_this_python_no_package_is_there_but_the_listed_ones():
    """Also where it is a virtual environment, whose base may have others."""
    source = """
import os
found = []
for folder, folders, files in os.walk("/python"):
    if folder.endswith("-packages"):
        found += files + folders
"""
    assert run(source, "found", limits=Limits(seconds=20)) == (None, [])


@pytest.mark.parametrize("missing", ["no library", "a library that cannot compile it"])
def test_without_a_filter_of_system_calls_nothing_runs(monkeypatch, missing):
    containers.close_fork_server()
    syscalls.compiled.cache_clear()
    with monkeypatch.context() as patch:
        if missing == "no library":
            patch.setattr(syscalls.ctypes, "CDLL", lambda *_: (_ for _ in ()).throw(OSError()))
        else:
            patch.setattr(syscalls.os, "memfd_create", lambda _: os.open(os.devnull, os.O_RDONLY))
        with pytest.raises(SandboxMissing, match="apt-get install libseccomp2"):
            containers.check()
    syscalls.compiled.cache_clear()


def test_while_the_cells_run_no_case_is_there_to_be_read():
    source = "import os, select\nready = select.select([100], [], [], 0.3)[0]"
    assert run(source, "ready") == (None, [])


FORGED = """
import os
for descriptor in range(3, 256):
    try:
        os.write(descriptor, %r)
    except OSError:
        pass
"""


@pytest.mark.parametrize(
    "bytes_",
    [b"{" * 1000 + b"\n", b"[]\n", b"\xff\n", b"x" * 3_000_000, b'{"array": 1}\n'],
    ids=["no JSON", "no object", "no text", "too long", "unknown keys"],
)
def test_forged_messages_are_refused_or_taken_as_values_and_never_raise_anything_else(bytes_):
    try:
        with question(QUICK) as session:
            session.start([{"name": "answer", "source": FORGED % bytes_}])
            wire.decode(session.ask({"read": ["x"]}).get("values"))
    except (Stopped, wire.WireError):
        pass


def test_without_bubblewrap_there_is_no_sandbox_and_the_cure_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxMissing, match="apt-get install bubblewrap"):
        containers.check()


def test_a_bubblewrap_that_does_not_start_is_told_with_its_reason(monkeypatch, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(SandboxMissing, match="does not start: bwrap: No permissions"):
        containers.check()


ORDINARY = 12345


@pytest.mark.skipif(os.geteuid() != 0, reason="this already is an ordinary user's run")
def test_all_this_holds_where_an_ordinary_user_grades():
    """This file again, as a user without rights, by a Python that such a user may read."""
    python = shutil.which(
        f"python{sys.version_info.major}.{sys.version_info.minor}", path="/usr/bin"
    )
    if python is None or shutil.which("setpriv") is None:
        pytest.skip("there is no Python of the system; to run this test: apt-get install python3")
    user = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups"]
    packages = Path(pytest.__file__).parent.parent
    root = Path(__file__).parents[2]
    plain = ("-q", "-p", "no:cacheprovider", "-o", "addopts=")
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are for root alone
        os.chmod(folder, 0o777)
        done = subprocess.run(
            [*user, python, "-B", "-m", "pytest", *plain, f"--basetemp={folder}/his", __file__],
            env={"PYTHONPATH": f"{root}:{packages}", "HOME": folder, "PATH": "/usr/bin:/bin"},
            cwd=folder,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
