"""What a student's code can and cannot do: each promise of the sandbox, tried from inside."""

import os
import time

import pytest

from autograder import sandbox, wire
from autograder.sandbox import Limits, Stopped, question

pytestmark = pytest.mark.usefixtures("bubblewrap")
QUICK = Limits(seconds=2)


def run(source, *names, limits=QUICK):
    """Run one cell in a sandbox; returns what the cell's report and the variables say."""
    with question(limits) as box:
        report = box.start([{"name": "answer", "source": source}])
        said = box.ask({"read": names})["values"]
        return report["error"], *(wire.decode(said[name]) for name in names)


def test_a_cell_runs_and_its_values_come_out():
    error, x = run("import numpy as np\nx = np.arange(3) * 2.0", "x")
    assert error is None
    assert x.tolist() == [0, 2, 4]


def test_a_function_is_called_with_what_the_judge_sends():
    with question(QUICK) as box:
        box.start([{"name": "answer", "source": "def double(a):\n    return 2 * a"}])
        said = box.ask({"call": "double", "arguments": {"a": wire.encode(21)}})
    assert wire.decode(said["returned"]) == 42


def test_an_error_is_told_with_its_line():
    error, _ = run("x = 1\n1 / 0", "x")
    assert error == {"type": "ZeroDivisionError", "message": "division by zero", "line": 2}
    error, _ = run("def f(:\n    pass", "f")
    assert (error["type"], error["line"]) == ("SyntaxError", 1)


def test_a_cell_that_raises_does_not_keep_later_cells_from_running():
    cells = [{"name": "one", "source": "1 / 0"}, {"name": "two", "source": "x = 5"}]
    with question(QUICK) as box:
        assert box.start(cells) == {"error": None}
        assert box.ask({"read": ["x"]})["values"] == {"x": 5}


def test_there_is_no_network():
    error, names = run(
        "import socket\nnames = [name for _, name in socket.if_nameindex()]\n"
        "socket.socket().connect(('192.0.2.1', 80))",
        "names",
    )
    assert names == ["lo"]
    assert error["message"] == "[Errno 101] Network is unreachable"


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
    if not folder.startswith("/proc"):
        rubrics += [f for f in files if f.endswith(".ipynb") or f in ("gradebook.db", "rubric.py")]
""",
        *("root", "home", "environment", "seen", "rubrics"),
        limits=Limits(seconds=20),
    )
    assert set(root) <= {"dev", "grader", "home", "lib", "lib64", "packages", "proc", "python"}
    assert home == []
    assert set(environment) <= {
        *("HOME", "LANG", "LC_CTYPE", "LD_LIBRARY_PATH", "OPENBLAS_NUM_THREADS", "PWD"),
        "PYTHONPATH",
    }
    assert not seen
    assert rubrics == []


def test_rnnlib_is_not_there():
    error, _ = run("import rnnlib", "rnnlib")
    assert error["type"] == "ModuleNotFoundError"


def test_the_judge_process_is_out_of_sight_and_no_right_is_left():
    _, uid, processes, rights, renewed = run(
        """
import os
uid = os.getuid()
processes = len([p for p in os.listdir("/proc") if p.isdigit()])
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
rights, renewed = int(status["CapEff"], 16), int(status["NoNewPrivs"])
""",
        *("uid", "processes", "rights", "renewed"),
    )
    assert uid != 0
    assert processes <= 2
    assert rights == 0
    assert renewed == 1


@pytest.mark.parametrize("place", ["/", "/grader/", "/python/", "/packages/", "/dev/", "/dev/shm/"])
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
    before = time.monotonic()
    with pytest.raises(Stopped, match="no answer within 1 seconds") as stopped:
        run(loop, "x", limits=Limits(seconds=1))
    assert stopped.value.kind == "timeout"
    assert time.monotonic() - before < 10


@pytest.mark.parametrize(
    "end",
    [
        "import os\nos._exit(0)",
        "import os\nos.kill(os.getpid(), 9)",
        "import ctypes\nctypes.string_at(0)",
    ],
)
def test_a_process_that_ends_itself_is_noticed(end):
    with pytest.raises(Stopped) as stopped:
        run(end, "x")
    assert stopped.value.kind == "killed"


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
    os.setsid()
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)", {mark!r}])
"""
    with question(QUICK) as box:
        box.start([{"name": "answer", "source": source}])
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
    """Whether ``condition`` comes true within some seconds."""
    for _ in range(50):
        if condition():
            return True
        time.sleep(0.1)
    return False


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
        with question(QUICK) as box:
            box.start([{"name": "answer", "source": FORGED % bytes_}])
            wire.decode(box.ask({"read": ["x"]}).get("values"))
    except (Stopped, wire.WireError):
        pass


def test_without_bubblewrap_there_is_no_sandbox_and_the_cure_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(sandbox.SandboxMissing, match="apt-get install bubblewrap"):
        sandbox.check()


def test_a_bubblewrap_that_does_not_start_is_told_with_its_reason(monkeypatch, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(sandbox.SandboxMissing, match="does not start: bwrap: No permissions"):
        sandbox.check()
