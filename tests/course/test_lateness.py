"""Deadlines by nbgrader's dates and its late plugin, extensions, late days."""

import csv
from datetime import timedelta

import courses
import pytest
from courses import ASSIGNMENT, submit
from nbgrader.api import Gradebook

from unrolled.cli.main import main
from unrolled.course import lateness
from unrolled.course.course import Course
from unrolled.running.reporting import settle

DUE = "2026-10-09 12:00 UTC"
HALF = '''
from nbgrader.plugins import LateSubmissionPlugin

class PerDay(LateSubmissionPlugin):
    """Two points for each day that has begun."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 2 * -(-total_seconds_late // 86400)
'''


@pytest.fixture
def course(tmp_path, bubblewrap):
    """Ann and Zoe hand in in time and late; two points are taken off for each day."""
    course = courses.make(tmp_path / "course")
    (course.root / "perday.py").write_text(HALF)
    set_(course, 'c.AssignLatePenalties.plugin_class = "perday.PerDay"')
    hand_in(course, "ann", "2026-10-09 12:00:00 UTC")
    hand_in(course, "zoe", "2026-10-10 15:00:00.5 UTC")
    with Gradebook(course.db_url, course.id) as book:
        book.add_assignment(ASSIGNMENT, duedate=DUE)
    return Course(course.root)


def set_(course, line):
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(f"\n{line}\n")


def hand_in(course, student, when, assignment=ASSIGNMENT):
    path = submit(course, student)
    path.with_name("timestamp.txt").write_text(when)


def grade(course, *options):
    where = ("--course", str(course.root), "--jobs", "1")
    assert main(["grade", ASSIGNMENT, *where, *options]) == 0


def extend(course, student, *time):
    return main(["extend", ASSIGNMENT, student, *time, "--course", str(course.root)])


def page(course, student):
    return (course.folder("feedback", student, ASSIGNMENT) / f"{ASSIGNMENT}.html").read_text()


def report(course):
    return (course.root / f"report-{ASSIGNMENT}.html").read_text()


def exported(course, column=ASSIGNMENT):
    with Gradebook(course.db_url, course.id) as book:  # nobody waits for a human any more
        for student in ("ann", "zoe"):
            for one in book.find_submission(ASSIGNMENT, student).notebooks[0].grades:
                one.needs_manual_grade = False
        book.db.commit()
    assert main(["export", ASSIGNMENT, "moodle", "--course", str(course.root)]) == 0
    rows = csv.DictReader((course.root / f"moodle-{ASSIGNMENT}.csv").open(newline=""))
    return {row["Username"]: row[column] for row in rows}


def nbgraders_own(course):
    """What nbgrader's exporter takes off."""
    with Gradebook(course.db_url, course.id) as book:
        return book.find_submission(ASSIGNMENT, "zoe").late_submission_penalty


LATE = "Handed in 1 day 3 hours after the deadline, 9 October 2026, 12:00 UTC."


def test_lateness_stands_on_page_report_and_export_and_costs_what_the_plugin_says(course):
    grade(course)
    assert f"{LATE} 4 points are taken off." in page(course, "zoe")
    assert "after the deadline" not in page(course, "ann")
    assert "<strong>zoe</strong>: 1 day 3 hours after the deadline" in report(course)
    assert exported(course) == {"ann": "27", "zoe": "23"}
    assert exported(course, "Feedback comments") == {
        "ann": "",
        "zoe": f"{LATE} 4 points are taken off.",
    }
    assert nbgraders_own(course) == 4


@pytest.mark.parametrize(
    "time, penalty, told",
    [
        (["--days", "1"], 2, "Handed in 3 hours after the deadline, 10 October 2026, 12:00 UTC."),
        (["--hours", "26.5"], 2, "Handed in 30 minutes after"),
        (["--days", "1", "--hours", "4"], 0, '<p class="late"></p>'),
        (["--days", "0"], 4, LATE),
    ],
)
def test_an_extension_counts_at_once_and_without_judging_again(
    course, monkeypatch, capsys, time, penalty, told
):
    grade(course)
    assert extend(course, "zoe", *time) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("zoe: ")
    monkeypatch.setattr("unrolled.running.executors.outcomes", None)  # what judges
    grade(course)
    assert told in page(course, "zoe")
    assert exported(course)["zoe"] == f"{27 - penalty}"
    extend(course, "zoe")
    assert exported(course)["zoe"] == "23"


def test_an_extension_may_come_before_the_hand_in_and_from_formgrader(course):
    (course.root / "roster.csv").write_text("id\nann\nzoe\nlate\n")
    assert extend(course, "late", "--days", "2") == 0
    hand_in(course, "late", "2026-10-11 11:00:00 UTC")
    grade(course)
    with Gradebook(course.db_url, course.id) as book:
        assert book.find_submission(ASSIGNMENT, "late").extension == timedelta(days=2)
        book.grant_extension(ASSIGNMENT, "zoe", days=2)
    grade(course)
    assert "deadline" not in page(course, "zoe") + page(course, "late")


def test_a_humans_points_later_change_the_penalty(course):
    set_(course, "c.AssignLatePenalties.plugin_class = 'nbgrader.plugins.LateSubmissionPlugin'")
    set_(course, "c.LateSubmissionPlugin.penalty_method = 'zero'")
    grade(course)
    assert nbgraders_own(course) == 27
    with Gradebook(course.db_url, course.id) as book:
        [one] = [
            one
            for one in book.find_submission(ASSIGNMENT, "zoe").notebooks[0].grades
            if one.needs_manual_grade
        ]
        one.manual_score = 3
        book.db.commit()
    assert exported(course) == {"ann": "27", "zoe": "0"}
    assert nbgraders_own(course) == 30


def test_by_default_nothing_is_taken_off(course):
    set_(course, "del c.AssignLatePenalties.plugin_class")
    grade(course)
    assert exported(course)["zoe"] == "27"
    assert LATE + "</p>" in page(course, "zoe")


def test_late_days_are_spent_in_the_order_of_the_deadlines(course):
    set_(course, "c.Unrolled.late_days = 3")
    grade(course)
    with Gradebook(course.db_url, course.id) as book:
        for n, name in enumerate(("before", "after")):
            book.add_assignment(name, duedate=f"2026-{9 + 2 * n:02}-01 12:00 UTC")
            book.add_submission(name, "zoe", timestamp=f"2026-{9 + 2 * n:02}-03 11:00:00 UTC")
    grade(course)
    assert f"{LATE} 1 late day is used for it. 2 points are taken off." in page(course, "zoe")
    assert settle(Course(course.root), "after")["zoe"].days_used == 0


def test_what_canvas_marks_as_late_is_told(course):
    (course.root / f"collected-{ASSIGNMENT}.csv").write_text(
        "student,platform,number,attempt,late,file,problem\nann,canvas,1,2,late,x,\n"
    )
    grade(course)
    words = "The platform says that this was handed in late; it does not say how late."
    assert words in page(course, "ann") and words in report(course)
    assert LATE in page(course, "zoe")


def test_the_deadline_is_told_in_the_courses_own_time(course):
    set_(course, "c.Exchange.timezone = 'Europe/Berlin'")
    grade(course)
    assert "9 October 2026, 14:00 Europe/Berlin" in page(course, "zoe")


@pytest.mark.parametrize(
    "line, why",
    [
        ("c.AssignLatePenalties.plugin_class = 'nowhere.At'", "plugin cannot be loaded"),
        ("c.Unrolled.late_days = 'many'", "c.Unrolled.late_days is 'many'"),
        ("c.Exchange.timezone = 'Mars'", "c.Exchange.timezone is 'Mars'"),
    ],
)
def test_settings_that_cannot_be_used_are_named(course, capsys, line, why):
    set_(course, line)
    assert main(["grade", ASSIGNMENT, "--course", str(course.root), "--jobs", "1"]) == 1
    assert why in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("table", ["a,b\n1,2\n", "assignment,student,days\nx,y,soon\n", "\xff"])
def test_a_table_of_extensions_that_cannot_be_read_is_named(course, table):
    (course.root / lateness.TABLE).write_text(table, encoding="latin-1")
    with pytest.raises(lateness.CourseError, match=r"such as elman,ann,2\.5"):
        settle(course, ASSIGNMENT)


def test_who_is_nobody_gets_no_extension(course, capsys):
    assert extend(course, "nobody", "--days", "1") == 1
    assert "no student of this course has that id" in capsys.readouterr().err
    assert not (course.root / lateness.TABLE).exists()


def test_a_late_student_cannot_write_into_the_pages_line(course):
    submit(course, "zoe", explain='<p class="late">On time.</p>')
    grade(course)
    assert page(course, "zoe").count('<p class="late">') == 1 and LATE in page(course, "zoe")
