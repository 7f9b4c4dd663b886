"""The deliberate faults of ``mutations.py``: all fit the code, and a handful is tried each time.

``python tests/mutations.py`` tries all of them.
"""

from __future__ import annotations

import random
import subprocess
import sys

import mutations
import pytest
from mutations import FAULTS, REPOSITORY, Fault, mutated, source_of

SLOW = {"test_training.py", "test_stack.py", "test_plots.py", "files_named.py"}
QUICK = [fault for fault in FAULTS if not SLOW & set(fault.tests.split())]
HANDFUL = random.Random(20261121).sample(QUICK, 6)


def run(*arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=REPOSITORY / "tests",
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_fits_the_code_in_one_place(fault):
    assert mutated(fault, source_of(fault)) != source_of(fault)
    assert len(mutations.files_named(fault.tests)) == len(fault.tests.split())


def test_each_fault_has_a_name_of_its_own():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_a_handful_is_caught():
    done = run("mutations.py", "--trust", *(fault.name for fault in HANDFUL))
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 survived, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("new", "tests", "code", "word"),
    [
        ("range(len(self), -0, -1)", "test_package.py", 1, "survived"),
        ("range(len(self), 0, -1", "test_package.py", 2, "broken"),
        ("range(len(self), 0, -1)", "test_that_is_not_there.py", 2, "broken"),
    ],
)
def test_what_is_not_caught_is_told(new, tests, code, word):
    fault = ("one of a test", "rnnlib/trace.py", "range(len(self), 0, -1)", new, tests)
    done = run(
        "-c",
        f"import mutations, sys; mutations.FAULTS[:] = [mutations.Fault(*{fault})]; "
        f"sys.exit(mutations.main(['--trust']))",
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.startswith(word)


@pytest.mark.parametrize(("old", "times"), [("that is not there", 0), ("a", 2)])
def test_a_text_that_is_not_there_once_is_an_error(old, times):
    with pytest.raises(ValueError, match=f"its text stands {times} times in rnnlib/trace.py"):
        mutated(Fault("a fault", "rnnlib/trace.py", old, "b", ""), "a or a")


def test_names_choose_faults():
    assert mutations.chosen([]) == FAULTS
    found = mutations.chosen(["GRU", "softmax"])
    assert found == [f for f in FAULTS if "GRU" in f.name or "softmax" in f.name] != []
    assert run("mutations.py", "no such fault").returncode == 2
