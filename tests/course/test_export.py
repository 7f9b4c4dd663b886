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
    assert code == exit_codes.NOT_ALL and out.out.strip().endswith(str(path))
    assert "unrolled: 1 without a grade: they wait for a human" in out.err
    head, possible, *rows = csv.reader(path.open(newline=""))
    assert (head[-1], possible[-1]) == (ASSIGNMENT, "30")
    assert {row[3]: row[-1] for row in rows} == {"ann": "29", "'=1+1": ""}


def test_moodle_gets_it_where_it_is_asked_for(course, tmp_path):
    path = tmp_path / "grades.csv"
    code, standard = export(course, "moodle", "--out", str(path))
    assert code == exit_codes.NOT_ALL and not standard.exists()
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


ROSTER = """id,first_name,last_name,email,lms_user_id,username,sis_user_id,section
ann,Ann,Lee,ann@example.org,4711,lee-a,S1,Monday
bob,Bob,Ray,bob@example.org,4712,,,Tuesday
cleo,Cleo,Sun,cleo@example.org,,,,Tuesday
"""


@pytest.fixture
def with_roster(course):
    (course.root / "roster.csv").write_text(ROSTER)
    (course.root / f"collected-{ASSIGNMENT}.csv").write_text(
        "student,platform,number,attempt,late,file,problem\n"
        "cleo,canvas,4713,2,,x,\nann,moodle,77,,,x,\n"
    )
    return course


def table(path):
    return list(csv.reader(path.open(newline="")))


def test_canvas_gets_the_ids_that_it_asks_for_and_zeros_if_asked(with_roster, capsys):
    _, path = export(with_roster, "canvas")
    assert "2 of the class handed in nothing" in capsys.readouterr().err
    _, path = export(with_roster, "canvas", "--zeros")
    assert capsys.readouterr().err.count("handed in nothing") == 0
    assert table(path)[2:] == [
        ["'=1+1", "", "", "'=1+1", "", ""],
        ["Lee, Ann", "4711", "S1", "lee-a", "Monday", "29"],
        ["Ray, Bob", "4712", "", "bob", "Tuesday", "0"],
        ["Sun, Cleo", "4713", "", "cleo", "Tuesday", "0"],
    ]


def test_nothing_that_lies_there_is_exported_as_0(with_roster, capsys):
    """Bob's archive was not unpacked, and Cleo's hand-in came after grading."""
    bob = with_roster.folder("submitted", "bob", ASSIGNMENT)
    bob.parent.mkdir()
    bob.with_suffix(".zip").write_text("packed")
    submit(with_roster, "cleo")
    code, path = export(with_roster, "canvas", "--zeros")
    assert code == exit_codes.NOT_ALL
    assert "handed in, but not graded yet, so left out: unrolled grade" in capsys.readouterr().err
    assert [row[3] for row in table(path)[2:]] == ["'=1+1", "lee-a"]


def test_nbgraders_gradebook_is_told_the_names(with_roster):
    export(with_roster, "canvas")
    with Gradebook(with_roster.db_url, with_roster.id) as book:
        ann = book.find_student("ann")
        assert (ann.first_name, ann.email, ann.lms_user_id) == ("Ann", "ann@example.org", "4711")
        assert {student.id for student in book.students} == {"ann", "=1+1"}


def test_moodle_gets_the_ids_that_it_asks_for(with_roster):
    _, path = export(with_roster, "moodle", "--zeros")
    head, _, *rows = table(path)
    assert head[:2] == ["Username", "ID number"] and head[5] == "Identifier"
    assert [row[:2] + row[5:] for row in rows] == [
        ["lee-a", "4711", "Participant 77", "29", ""],
        ["bob", "4712", "", "0", "Nothing was handed in."],
        ["cleo", "", "", "0", "Nothing was handed in."],
    ]


def test_each_section_can_have_a_table_and_has_a_report(with_roster, capsys):
    export(with_roster, "canvas", "--zeros", "--sections")
    written = capsys.readouterr().out.split()
    root = with_roster.root
    assert written == [
        str(root / f"canvas-{ASSIGNMENT}-{part}.csv") for part in ("none", "Monday", "Tuesday")
    ]
    assert [row[3] for row in table(root / f"canvas-{ASSIGNMENT}-Tuesday.csv")[2:]] == [
        "bob",
        "cleo",
    ]
    main(["grade", ASSIGNMENT, "--course", str(root), "--jobs", "1"])
    monday, tuesday, whole = (
        (root / f"report-{ASSIGNMENT}{part}.html").read_text()
        for part in ("-Monday", "-Tuesday", "")
    )
    assert ">ann</a>" in monday and "bob" not in monday
    assert "2 of the class: bob, cleo." in tuesday and "2 of the class: bob, cleo." in whole


def withdraw(course, student):
    folder = course.folder("submitted", student, ASSIGNMENT)
    folder.rename(course.root / f"withdrawn-{student}")
    return folder


def in_the_gradebook(course):
    with Gradebook(course.db_url, course.id) as book:
        return sorted(s.student_id for s in book.assignment_submissions(ASSIGNMENT))


def test_what_was_withdrawn_leaves_gradebook_and_tables_and_may_come_back(course, capsys):
    folder = withdraw(course, "=1+1")
    _, path = export(course, "canvas")
    assert [row[3] for row in table(path)[2:]] == in_the_gradebook(course) == ["ann"]
    (course.root / "withdrawn-=1+1").rename(folder)
    assert main(["grade", ASSIGNMENT, "--course", str(course.root), "--jobs", "1"]) == 0
    assert in_the_gradebook(course) == ["=1+1", "ann"]


def test_what_a_human_graded_stays_in_the_gradebook_and_leaves_the_tables(course, capsys):
    withdraw(course, "ann")
    _, path = export(course, "canvas")
    assert "ann is not in submitted/ any more, but a human graded" in capsys.readouterr().err
    assert [row[3] for row in table(path)[2:]] == ["'=1+1"]
    assert in_the_gradebook(course) == ["=1+1", "ann"]


def test_what_others_graded_is_left_alone(course):
    with Gradebook(course.db_url, course.id) as book:
        book.add_student("elsewhere")
        book.add_submission(ASSIGNMENT, "elsewhere")
    export(course, "canvas")
    assert "elsewhere" in in_the_gradebook(course)


def test_a_folder_of_hand_ins_that_is_away_takes_nothing_out(course, capsys):
    (course.root / "submitted").rename(course.root / "away")
    code, path = export(course, "canvas")
    assert code == exit_codes.FAILED and not path.exists()
    assert "submitted is missing" in capsys.readouterr().err
    assert in_the_gradebook(course) == ["=1+1", "ann"]


def test_who_differs_in_capitals_alone_is_told_apart_and_named(course):
    submit(course, "Ann")
    assert main(["grade", ASSIGNMENT, "--course", str(course.root), "--jobs", "1"]) == 0
    report = (course.root / f"report-{ASSIGNMENT}.html").read_text()
    assert "not the same as ann" in report and "not the same as Ann" in report
    _, path = export(course, "canvas")
    assert [row[3] for row in table(path)[2:]] == ["'=1+1", "Ann", "ann"]
