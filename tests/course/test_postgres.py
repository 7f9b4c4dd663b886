"""The gradebook in PostgreSQL: a real server, started for the test and stopped after it."""

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import courses
import pytest
from courses import ASSIGNMENT, submit
from nbgrader.api import Gradebook
from needs import missing

from unrolled.course.course import Course
from unrolled.course.gradebook import GradebookError
from unrolled.running.grading import grade

CURE = "apt-get install postgresql, and pip install 'psycopg[binary]'"


def tool(name):
    """One of PostgreSQL's programs; Debian keeps them out of the way."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@pytest.fixture(scope="module")
def server():
    """The URL of an empty database."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        missing("there is no psycopg", CURE)
    if tool("initdb") is None:
        missing("there is no PostgreSQL", CURE)
    # it refuses to be run by root
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    as_other = user if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        data, port = folder / "data", "5433"

        def run(program, *options):
            command = [*as_other, tool(program), *options]
            subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)

        run("initdb", "-D", str(data), "-U", "grader", "-A", "trust", "--no-sync")
        settings = f"-p {port} -k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-D", str(data), "-l", str(folder / "log"), "-o", settings, "-w", "start")
        try:
            run("createdb", "-h", str(folder), "-p", port, "-U", "grader", "course")
            yield f"postgresql+psycopg://grader@/course?host={folder}&port={port}"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")


@pytest.fixture
def course(tmp_path, server, bubblewrap):
    course = courses.make(tmp_path / "course")
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.CourseDirectory.db_url = {server!r}\n")
    return Course(course.root)


def test_points_reasons_and_a_humans_grade_are_kept_in_postgresql(course):
    submit(course, "ann", "slip-by-hand", in_words="zero \0 byte")
    submit(course, "Zoë", elman_step="raise ValueError('\\0')")
    graded(course)
    where = ("in-words", ASSIGNMENT, ASSIGNMENT, "ann")
    with Gradebook(course.db_url, course.id) as book:
        assert book.find_submission(ASSIGNMENT, "ann").score == 25
        said = book.find_comment("elman-step", *where[1:3], "Zoë").auto_comment
        assert "ValueError in line 1" in said
        comment = book.find_comment("ex1-by-hand", *where[1:]).auto_comment
        assert comment.startswith("h(2) is (3, 2, 0), expected (3, 1, 0).")
        book.find_grade(*where).manual_score = 3
        book.db.commit()
    assert graded(course) == []
    submit(course, "ann")
    assert graded(course) == ["ann"]
    with Gradebook(course.db_url, course.id) as book:
        assert book.find_submission(ASSIGNMENT, "ann").score == 30


def graded(course):
    """Grade the class; returns who was judged for it."""
    judged = []

    class Counting(ThreadPoolExecutor):
        def submit(self, function, task, job):
            judged.append(job.student)
            return super().submit(function, task, job)

    with Counting(2) as here:
        assignment = course.assignment(ASSIGNMENT)
        list(grade(course, assignment, executor=here, limits=courses.QUICK))
    return judged


def test_a_server_that_does_not_answer_is_told_in_one_line(course):
    submit(course, "ann")
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write("\nc.CourseDirectory.db_url = 'postgresql+psycopg://a:secret@127.0.0.1:9/b'\n")
    away = Course(course.root)
    with pytest.raises(GradebookError) as told:
        graded(away)
    assert "connection" in str(told.value)
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)
