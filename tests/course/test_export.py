"""Points for a learning platform: only what is final, and nothing that a spreadsheet would run."""

import csv

import courses
import pytest
from courses import ASSIGNMENT, submit
from nbgrader.api import Gradebook

from unrolled.cli import exit_codes
from unrolled.cli.main import main


@pytest.fixture
def course(tmp_path, bubblewrap):
    """Two students are graded; a human has looked at one of them."""
    course = courses.make(tmp_path / "course")
    submit(course, "ann")
    submit(course, "=1+1")
    assert main(["grade", ASSIGNMENT, "--course", str(course.root), "--jobs", "1"]) == 0
    with Gradebook(course.db_url, course.id) as book:
        for grade in book.find_submission(ASSIGNMENT, "ann").notebooks[0].grades:
            if grade.needs_manual_grade:
                grade.manual_score = 2
                grade.needs_manual_grade = False
        book.db.commit()
    return course


def export(course, platform, *options):
    code = main(["export", ASSIGNMENT, platform, "--course", str(course.root), *options])
    path = course.root / f"{platform}-{ASSIGNMENT}.csv"
    return code, path


def test_canvas_gets_what_is_final(course, capsys):
    code, path = export(course, "canvas")
    out = capsys.readouterr()
    assert code == 0 and out.out.strip().endswith(str(path))
    assert "unrolled: 1 without a grade: they wait for a human" in out.err
    head, possible, *rows = csv.reader(path.open(newline=""))
    assert (head[-1], possible[-1]) == (ASSIGNMENT, "30")
    assert {row[3]: row[-1] for row in rows} == {"ann": "29", "'=1+1": ""}


def test_moodle_gets_it_where_it_is_asked_for(course, tmp_path):
    path = tmp_path / "grades.csv"
    code, standard = export(course, "moodle", "--out", str(path))
    assert code == 0 and not standard.exists()
    rows = csv.DictReader(path.open(newline=""))
    assert {row["Username"]: row[ASSIGNMENT] for row in rows} == {"ann": "29", "'=1+1": ""}


def test_what_was_never_graded_cannot_be_exported(tmp_path, capsys):
    course = courses.make(tmp_path / "course")
    code, path = export(course, "canvas")
    assert code == exit_codes.FAILED and not path.exists()
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith(
        f"has no grades of {ASSIGNMENT}; grade it first: unrolled grade {ASSIGNMENT}"
    )
