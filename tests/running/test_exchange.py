"""nbgrader's exchange with our pages: submit, collect, grade, release, list, fetch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import courses
import pytest
from nbgrader.utils import notebook_hash

from unrolled.running.grading import grade

ASSIGNMENT = courses.ASSIGNMENT
NBGRADER = str(Path(sys.executable).with_name("nbgrader"))


@pytest.fixture
def course(tmp_path, bubblewrap):
    course = courses.make(tmp_path / "course")
    settings = [
        f"c.Exchange.root = {str(tmp_path / 'exchange')!r}",
        f"c.Exchange.cache = {str(tmp_path / 'cache')!r}",
    ]
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write("\n".join(["", *settings, ""]))
    (tmp_path / "exchange").mkdir()
    (tmp_path / "exchange").chmod(0o777)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "nbgrader_config.py").write_text(
        "\n".join(["c = get_config()", "c.CourseDirectory.course_id = 'unrolled'", *settings, ""])
    )
    return course


def run(where, *words):
    """One of nbgrader's commands; what it says."""
    done = subprocess.run(
        [NBGRADER, *words], cwd=where, capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_a_student_lists_and_fetches_our_page(course):
    home = course.root.parent / "home"
    run(course.root, "release_assignment", ASSIGNMENT)
    run(home, "fetch_assignment", ASSIGNMENT)
    (home / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").write_text(courses.notebook(course))
    run(home, "submit", ASSIGNMENT)
    assert "no feedback available" in run(home, "list", "--cached", ASSIGNMENT)
    run(course.root, "collect", ASSIGNMENT)
    courses.submit(course, "handed-in-elsewhere")
    [_, me] = sorted(grade(course, course.assignment(ASSIGNMENT), jobs=1), key=_elsewhere)
    run(course.root, "release_feedback", ASSIGNMENT)
    assert "feedback ready to be fetched" in run(home, "list", "--cached", ASSIGNMENT)
    run(home, "fetch_feedback", ASSIGNMENT)
    [fetched] = (home / ASSIGNMENT / "feedback").glob(f"*/{ASSIGNMENT}.html")
    page = course.folder("feedback", me.student, ASSIGNMENT) / f"{ASSIGNMENT}.html"
    assert fetched.read_text() == page.read_text()
    assert "What went well" in fetched.read_text()


def _elsewhere(result):
    return result.student != "handed-in-elsewhere"


def beside_the_page(course, student):
    folder = course.folder("feedback", student, ASSIGNMENT)
    return [(folder / f"{name}.txt").read_text() for name in ("timestamp", "submission_secret")]


def test_who_handed_in_elsewhere_has_a_secret_that_nobody_knows(course):
    for student in ("ann", "bob"):
        courses.submit(course, student)
    list(grade(course, course.assignment(ASSIGNMENT), jobs=1))
    (_, ann), (_, bob) = (beside_the_page(course, student) for student in ("ann", "bob"))
    places = {notebook_hash(secret=secret, notebook_id=ASSIGNMENT) for secret in (ann, bob)}
    assert len(places) == 2 and len(ann) == 128
    assert beside_the_page(course, "ann")[0] == ""


FORGED = [b"", b"x" * 100_000, b"\xff\xfe", "…".encode(), b"a\nb\x00c", "a link", "a folder"]


def test_what_is_no_secret_is_not_taken_for_one(course):
    courses.submit(course, "bob")
    others = course.folder("submitted", "bob", ASSIGNMENT) / "submission_secret.txt"
    others.write_text("bob's secret")
    students = [f"s{n}" for n in range(len(FORGED))]
    for student, forged in zip(students, FORGED, strict=True):
        courses.submit(course, student, "empty")
        place = course.folder("submitted", student, ASSIGNMENT) / "submission_secret.txt"
        if forged == "a link":
            place.symlink_to(others)
        elif forged == "a folder":
            place.mkdir()
        else:
            place.write_bytes(forged)
    list(grade(course, course.assignment(ASSIGNMENT), jobs=1))
    assert beside_the_page(course, "bob")[1] == "bob's secret"
    secrets = {beside_the_page(course, student)[1] for student in students}
    assert len(secrets) == len(FORGED) and set(map(len, secrets)) == {128}
