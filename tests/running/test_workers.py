"""A worker process of ours: it takes no more than its share, and ends with who started it."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from unrolled.running import executors, work
from unrolled.sandbox.containers import Limits, Stopped, question

ROOT = Path(__file__).parents[2]


def worker(code: str) -> subprocess.CompletedProcess:
    """A process that runs ``code`` of ours, after ``from unrolled.running import work``."""
    head = "import os\nfrom unrolled.running import work\n"
    return subprocess.run(
        [sys.executable, "-c", head + code], cwd=ROOT, capture_output=True, text=True
    )


def test_a_worker_takes_no_memory_without_bound():
    done = worker("work.limit_memory(64 << 20)\nbytearray(128 << 20)")
    assert done.stderr.strip().endswith("MemoryError")
    assert worker("work.limit_memory(256 << 20)\nbytearray(128 << 20)").returncode == 0


def test_a_limit_that_is_there_already_is_kept():
    code = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 33, 1 << 33))
work.limit_memory(1 << 40)
assert resource.getrlimit(resource.RLIMIT_AS) == (1 << 33, 1 << 33)
"""
    done = worker(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("parent", "code"), [("os.getppid()", 0), ("os.getppid() + 1", 1)])
def test_a_worker_whose_parent_ended_before_it_asked_for_the_signal_ends_too(parent, code):
    assert worker(f"work.start_worker({parent})").returncode == code


# who was late by the clock


def outcomes(monkeypatch, late):
    """What becomes of three jobs; ``late`` says of each try whether the clock ended it."""
    tried, together = [], []

    def judge(context, job):
        tried.append(job.student)
        together.append(job.student)
        time.sleep(0.05)
        alone = together == [job.student]
        together.remove(job.student)
        if job.student == "b" and tried.count("b") == 2:
            assert alone, "the second time nobody else is at work"
        return work.Done({"try": tried.count(job.student)}, "", "", late(job.student, tried))

    monkeypatch.setattr(work, "grade_submission", judge)
    with ThreadPoolExecutor(3) as pool:
        jobs = [work.Job(student) for student in "abc"]
        found = executors.outcomes(lambda: nullcontext(pool), None, jobs, 3)
        return {job.student: done.result["try"] for job, done in found}, tried


def test_who_was_late_by_the_clock_is_judged_once_more_alone_when_all_others_are_done(monkeypatch):
    found, tried = outcomes(monkeypatch, lambda student, tried: student == "b")
    assert found == {"a": 1, "b": 2, "c": 1}
    assert tried[-1] == "b"
    assert len(tried) == 4


def test_where_all_are_late_each_is_tried_twice_and_no_more(monkeypatch):
    found, tried = outcomes(monkeypatch, lambda student, tried: True)
    assert found == {"a": 2, "b": 2, "c": 2}
    assert sorted(tried) == sorted("abcabc")


def test_who_needed_too_much_of_the_processor_is_not_tried_again(bubblewrap):
    """An honest neighbour changes nothing about that; the clock's is another matter."""
    for source, by_the_clock in (("while True: pass", False), ("time.sleep(60)", True)):
        limits = Limits(seconds=1, cpu_seconds=1)
        with pytest.raises(Stopped) as stopped, question(limits) as session:
            session.start([{"name": "a", "source": f"import time\n{source}"}])
        assert stopped.value.kind == "timeout"
        assert stopped.value.by_the_clock or not by_the_clock
