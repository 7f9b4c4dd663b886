"""Grading on a Dask cluster: a real scheduler and workers, each a process of its own."""

import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import courses
import psutil
import pytest
from courses import ASSIGNMENT, submit
from nbgrader.api import Gradebook
from needs import needed

from unrolled.cli import exit_codes
from unrolled.cli.main import main
from unrolled.running import executors
from unrolled.running.grading import grade

DASK = str(Path(sys.executable).with_name("dask"))


@pytest.fixture
def course(tmp_path):
    return courses.make(tmp_path / "course")


@pytest.fixture
def scheduler(tmp_path, bubblewrap):
    """The address of a scheduler with three workers, and the workers."""
    needed("distributed")
    places = ("--host", "127.0.0.1")
    log = tmp_path / "scheduler.log"
    with log.open("w") as out:
        started = [
            psutil.Popen(
                [DASK, "scheduler", *places, "--port", "0", "--no-dashboard"],
                stderr=out,
                cwd=tmp_path,
            )
        ]
    address = wait_for(lambda: re.search(r"Scheduler at:\s+(tcp://\S+)", log.read_text()))[1]
    options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0")
    workers = [
        psutil.Popen(
            [DASK, "worker", address, *places, *options],
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
        )
        for _ in range(3)
    ]
    try:
        yield address, workers
    finally:
        for process in [*workers, *started]:
            process.kill()
            process.wait()


def wait_for(condition, seconds=300):
    """What ``condition`` gives, once it gives something."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.1)
    return found


def test_every_hand_in_is_graded_exactly_once_also_where_a_worker_is_killed(course, scheduler):
    address, workers = scheduler
    students = [f"s{number:02}" for number in range(30)]
    for student in students:
        submit(course, student)
    assignment = course.assignment(ASSIGNMENT)
    graded = Counter()
    for result in grade(course, assignment, limits=courses.QUICK, cluster=address):
        graded[result.student] += 1
        assert result.points == 27, result.verdicts
        if sum(graded.values()) == 5:
            family = workers[0].children(recursive=True)
            workers[0].kill()
    assert graded == Counter(students)
    with Gradebook(course.db_url, course.id) as book:
        rows = [s.student.id for s in book.assignment_submissions(ASSIGNMENT)]
    assert sorted(rows) == students
    # its sandbox ended with it
    assert psutil.wait_procs(family, timeout=300)[1] == []


def test_the_command_grades_on_a_cluster(course, scheduler):
    address, _ = scheduler
    submit(course, "ann")
    done = courses.run(course, "--cluster", address)
    assert done.returncode == 0, done.stderr
    assert "27  all right" in done.stdout


def test_where_nobody_answers_one_line_says_so(course, bubblewrap, capsys, monkeypatch):
    submit(course, "ann")
    monkeypatch.setattr(executors, "CONNECT_SECONDS", 1)
    for where, words in (
        ("tcp://127.0.0.1:9", "no Dask scheduler answers at tcp://127.0.0.1:9"),
        ("campus", "'campus' is neither an address"),
    ):
        command = ["grade", ASSIGNMENT, "--course", str(course.root), "--cluster", where]
        assert main(command) == exit_codes.FAILED
        assert words in capsys.readouterr().err


def test_a_cluster_may_be_named_in_dasks_configuration(course, bubblewrap):
    needed("distributed")
    dask = needed("dask")

    submit(course, "ann")
    settings = {
        "class": "distributed.LocalCluster",
        "options": {"n_workers": 0, "threads_per_worker": 1, "dashboard_address": None},
        "workers": 1,
    }
    with dask.config.set({"unrolled.clusters.campus": settings}):
        [result] = grade(course, course.assignment(ASSIGNMENT), cluster="campus")
    assert result.points == 27
