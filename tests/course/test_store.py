"""Nothing is lost, and nothing is done twice, wherever a run is cut off."""

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import datetime

import courses
import psutil
import pytest
from courses import ASSIGNMENT, submit
from nbgrader.api import Gradebook

from unrolled.course import store
from unrolled.running import grading
from unrolled.running.grading import by_student, grade
from unrolled.sandbox.containers import Limits

pytestmark = pytest.mark.usefixtures("bubblewrap")
QUICK = courses.QUICK
LONG = 300
"""Seconds after which something hangs; nothing takes so long on the busiest machine."""


@pytest.fixture
def course(tmp_path):
    return courses.make(tmp_path / "course")


class Counting(ThreadPoolExecutor):
    """Workers in this process, and who was sent to them."""

    def __init__(self):
        super().__init__(2)
        self.judged = []

    def submit(self, function, task, job):
        self.judged.append(job.student)
        return super().submit(function, task, job)


def graded(course, **how):
    """Grade the class here; returns the results, and whose hand-ins were judged for them."""
    with Counting() as here:
        assignment = course.assignment(ASSIGNMENT)
        results = by_student(list(grade(course, assignment, executor=here, limits=QUICK, **how)))
    return results, sorted(here.judged)


def scores(course):
    with Gradebook(course.db_url, course.id) as book:
        return {s.student.id: s.score for s in book.assignment_submissions(ASSIGNMENT)}


def written(course):
    """Every file of a run with its content, the gradebook by its rows."""
    kept = [course.root / name for name in ("autograded", "feedback", ".unrolled")]
    files = {p: p.read_bytes() for top in kept for p in top.rglob("*") if p.is_file()}
    with sqlite3.connect(course.root / "gradebook.db") as book:
        rows = [
            book.execute(f"select * from {table} order by id").fetchall()
            for table in ("submitted_assignment", "submitted_notebook", "grade", "comment")
        ]
    return {p: c for p, c in files.items() if p.name not in ("who", "lock")}, rows


def test_a_second_run_does_nothing_and_tells_the_same(course):
    submit(course, "ann")
    submit(course, "bob", "slip-by-hand")
    first, judged = graded(course)
    assert judged == ["ann", "bob"]
    before = written(course)
    second, judged = graded(course)
    assert judged == []
    assert written(course) == before
    assert [r.to_json() for r in second] == [r.to_json() for r in first]


def test_a_changed_hand_in_is_graded_again_also_with_an_older_time_stamp(course):
    submit(course, "ann")
    submit(course, "bob")
    graded(course)
    path = submit(course, "bob", "empty")
    os.utime(path, (0, 0))
    _, judged = graded(course)
    assert judged == ["bob"]
    assert scores(course) == {"ann": 27, "bob": 0}


def test_a_changed_rubric_and_changed_limits_grade_all_again(course):
    submit(course, "ann")
    graded(course)
    with (course.root / "solutions" / ASSIGNMENT / "rubric.py").open("a") as rubric:
        rubric.write("\n# another opinion\n")
    assert graded(course)[1] == ["ann"]
    assert graded(course)[1] == []
    with Counting() as here:
        list(grade(course, course.assignment(ASSIGNMENT), executor=here, limits=Limits(seconds=4)))
    assert here.judged == ["ann"]


def test_a_lost_gradebook_or_page_is_written_again_without_judging(course):
    submit(course, "ann")
    graded(course)
    page = course.folder("feedback", "ann", ASSIGNMENT) / f"{ASSIGNMENT}.html"
    before = page.read_text()
    (course.root / "gradebook.db").unlink()
    page.unlink()
    assert graded(course)[1] == []
    assert scores(course) == {"ann": 27}
    assert page.read_text() == before


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": 1}', '{"key": "a", "result": {}}'])
def test_a_damaged_file_of_the_store_is_as_none(course, content):
    submit(course, "ann")
    graded(course)
    [kept] = (course.root / ".unrolled" / ASSIGNMENT).glob("*.json")
    kept.write_text(content)
    results, judged = graded(course)
    assert judged == ["ann"]
    assert results[0].points == 27


class PowerCut(BaseException):
    """Nothing catches it."""


@pytest.mark.parametrize("cut_at", range(1, 9))
def test_wherever_the_writing_is_cut_off_the_next_run_brings_it_to_its_end(
    course, monkeypatch, cut_at
):
    """Store, gradebook, notebook, page and what goes with it, store: cut before each, for a hand-in
    that has changed."""
    submit(course, "ann")
    graded(course)
    whole = courses.make(course.root.parent / "whole")
    shutil.copy(course.root / "course-secret", whole.root)
    submit(whole, "ann", "slip-by-hand")
    graded(whole)
    submit(course, "ann", "slip-by-hand")
    steps = []

    def cut(function):
        def step(*arguments, **named):
            steps.append(function)
            if len(steps) == cut_at:
                raise PowerCut
            return function(*arguments, **named)

        return step

    with monkeypatch.context() as patch:
        places = ((store, "write"), (grading, "write"), (grading.Gradebook, "record"))
        for module, name in places:
            patch.setattr(module, name, cut(getattr(module, name)))
        patch.setattr(grading.store, "locked", lambda *_: nullcontext())
        if cut_at < 8:
            with pytest.raises(PowerCut):
                graded(course)
        else:
            graded(course)
    _, judged = graded(course)
    assert judged == (["ann"] if cut_at == 1 else [])
    assert scores(course) == scores(whole) == {"ann": 25}
    for kind in ("feedback", "autograded"):
        for path in whole.folder(kind, "ann", ASSIGNMENT).iterdir():
            other = course.folder(kind, "ann", ASSIGNMENT) / path.name
            assert other.read_text() == path.read_text()


def complete(course):
    """Whose hand-ins are done to the end."""
    folder = course.root / ".unrolled" / ASSIGNMENT
    done = set()
    for path in folder.glob("*.json"):
        kept = json.loads(path.read_text())
        if kept["complete"]:
            done.add(kept["result"]["student"])
    return done


def started(course, hand_ins, *options):
    """A run of the command in the middle of its work."""
    for number in range(hand_ins):
        submit(course, f"s{number:02}")
    process = psutil.Popen(
        courses.command(course, "--jobs", "1", *options),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while len(complete(course)) < 3:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    return process


def test_killed_in_the_middle_nothing_is_left_running_and_the_next_run_goes_on(course):
    process = started(course, 60)
    family = process.children(recursive=True)
    assert len(family) > 2
    process.kill()
    _, alive = psutil.wait_procs([process, *family], timeout=LONG)
    assert alive == []
    before = complete(course)
    assert 3 <= len(before) < 60
    done = courses.run(course)
    assert done.returncode == 0, done.stderr
    assert scores(course) == {f"s{n:02}": 27 for n in range(60)}
    assert complete(course) == set(scores(course))


@pytest.mark.parametrize("to_all", [True, False], ids=["as a terminal does", "the command alone"])
def test_ctrl_c_stops_at_once_and_the_next_run_goes_on(course, to_all):
    hang = "def elman_step(**rest):\n    while True: pass"
    submit(course, "s99", elman_step=hang)
    process = started(course, 40)
    family = process.children(recursive=True)
    (os.killpg if to_all else os.kill)(process.pid, signal.SIGINT)
    assert process.wait(timeout=LONG) == 130
    told = process.stderr.read().decode()
    assert "the same command goes on from here" in told
    assert "Traceback" not in told
    assert psutil.wait_procs(family, timeout=LONG)[1] == []
    assert len(complete(course)) < 41
    (course.folder("submitted", "s99", ASSIGNMENT) / f"{ASSIGNMENT}.ipynb").unlink()
    submit(course, "s99", "empty")
    assert courses.run(course).returncode == 0
    assert len(scores(course)) == 41


def test_a_worker_that_dies_takes_no_hand_in_with_it(course):
    process = started(course, 30)
    pool = [p for p in process.children() if "spawn_main" in " ".join(p.cmdline())]
    pool[0].kill()
    assert process.wait(timeout=LONG) == 0, process.stderr.read()
    assert scores(course) == {f"s{n:02}": 27 for n in range(30)}


def test_two_graders_take_turns_and_the_second_says_so(course):
    submit(course, "ann")
    with store.locked(course.root):
        second = subprocess.Popen(
            courses.command(course), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        line = ""
        while "another grader" not in line:
            line = second.stderr.readline()
            assert line or second.poll() is None
        assert f"process {os.getpid()}" in line
        assert (course.root / "gradebook.db").read_bytes() == courses.empty_gradebook()
    second.communicate(timeout=LONG)
    assert second.returncode == 0
    assert scores(course) == {"ann": 27}


def told_in_one_line(done):
    """The one line in which a run says why it was cut off."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("unrolled: "))
    return line


def test_a_full_disk_names_itself_and_loses_nothing(course):
    """A limit on the size of files stands for it: the same errors come, at the same places."""
    submit(course, "ann")

    def fill_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))

    line = told_in_one_line(courses.run(course, preexec_fn=fill_disk))
    assert str(course.root / "gradebook.db") in line
    assert "disk I/O error" in line
    assert courses.run(course).returncode == 0
    assert scores(course) == {"ann": 27}


@pytest.mark.parametrize("folder", ["feedback", "autograded", f".unrolled/{ASSIGNMENT}"])
def test_a_place_that_cannot_be_written_names_itself_and_loses_nothing(course, folder):
    submit(course, "ann")
    place = course.root / folder
    place.parent.mkdir(exist_ok=True)
    place.write_text("in the way")
    line = told_in_one_line(courses.run(course))
    assert str(place) in line
    assert "cannot be written: " in line
    place.unlink()
    assert courses.run(course).returncode == 0
    assert scores(course) == {"ann": 27}


def test_a_locked_gradebook_names_itself_and_loses_nothing(course):
    submit(course, "ann")
    graded(course)
    submit(course, "ann", "empty")
    with sqlite3.connect(course.root / "gradebook.db") as other:
        other.execute("begin exclusive")
        locked = courses.run(course)
    assert locked.returncode == 1
    assert "gradebook.db: database is locked; another program holds it" in locked.stderr
    assert "Traceback" not in locked.stderr
    assert scores(course) == {"ann": 27}
    assert courses.run(course).returncode == 0
    assert scores(course) == {"ann": 0}


def test_what_a_human_graded_and_wrote_survives_regrading(course):
    submit(course, "ann")
    graded(course)
    written_answer = ("in-words", ASSIGNMENT, ASSIGNMENT, "ann")
    code = ("elman-step", ASSIGNMENT, ASSIGNMENT, "ann")
    with Gradebook(course.db_url, course.id) as book:
        grade_ = book.find_grade(*written_answer)
        grade_.manual_score, grade_.needs_manual_grade = 3, False
        book.find_comment(*written_answer).manual_comment = "Well said."
        corrected = book.find_grade("elman-step-check", *code[1:])
        corrected.manual_score, corrected.needs_manual_grade = 4, False
        book.db.commit()
    submit(course, "ann", elman_step="def elman_step(**rest):\n    return None")
    assert graded(course)[1] == ["ann"]
    with Gradebook(course.db_url, course.id) as book:
        assert book.find_grade(*written_answer).score == 3
        assert book.find_comment(*written_answer).comment == "Well said."
        again = book.find_grade("elman-step-check", *code[1:])
        assert (again.auto_score, again.score) == (0, 4)
        assert again.needs_manual_grade, "the machine found something else: a human looks again"
        assert not book.find_grade(*written_answer).needs_manual_grade
        assert "returns nothing" in book.find_comment(*code).auto_comment


def test_a_dry_run_shows_who_gains_and_who_loses_and_writes_nothing(course):
    submit(course, "ann")
    submit(course, "bob", "empty")
    submit(course, "eve", "slip-by-hand")
    courses.run(course)
    before = written(course)
    rubric = course.root / "solutions" / ASSIGNMENT / "rubric.py"
    asked = "by_hand(1, notes_elman(), exercise_1_inputs())"
    rubric.write_text(rubric.read_text().replace(asked, asked.replace("exercise_1", "-exercise_1")))
    done = courses.run(course, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "ann" in done.stdout
    assert "ex1-by-hand" in done.stdout
    assert "bob" not in done.stdout
    assert "0 would gain, 2 would lose. Nothing was written." in done.stdout
    assert written(course) == before


def test_time_stamps_are_recorded_and_a_bad_one_is_told_and_not_fatal(course):
    good = submit(course, "ann").with_name("timestamp.txt")
    good.write_text("2026-03-01 12:00:00.0 +0100\n")
    bad = submit(course, "bob").with_name("timestamp.txt")
    bad.write_bytes(b"\xff yesterday")
    submit(course, "eve").with_name("timestamp.txt").write_text("9" * 10_000)
    results, _ = graded(course)
    assert [r.points for r in results] == [27, 27, 27]
    for result in results[1:]:
        assert "time stamp (timestamp.txt) cannot be read" in result.notes[0]
    with Gradebook(course.db_url, course.id) as book:
        assert book.find_submission(ASSIGNMENT, "ann").timestamp == datetime(2026, 3, 1, 11)
        assert book.find_submission(ASSIGNMENT, "bob").timestamp is None
    good.write_text("2026-03-02 12:00:00 UTC\n")
    assert graded(course)[1] == [], "a time stamp alone is no reason to judge again"
    with Gradebook(course.db_url, course.id) as book:
        assert book.find_submission(ASSIGNMENT, "ann").timestamp == datetime(2026, 3, 2, 12)


ANSWERS = {
    "error": "1 / 0",
    "timeout": "while True: pass",
    "memory": "x = bytearray(4 << 30)",
    "killed": "import os\nos._exit(0)",
}


@pytest.mark.parametrize("status", ANSWERS)
def test_what_became_of_an_answer_is_kept_apart(course, status):
    submit(course, "ann", ex1_by_hand=ANSWERS[status])
    (result,), _ = graded(course)
    assert result.verdicts[0].status == status
    assert {v.status for v in result.verdicts[1:]} == {"correct", "not graded"}


def test_not_attempted_altered_and_unreadable_are_kept_apart(course):
    submit(course, "empty", "empty")
    path = submit(course, "altered")
    notebook = json.loads(path.read_text())
    notebook["cells"] = [
        cell
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") != "elman-step"
    ]
    path.write_text(json.dumps(notebook))
    submit(course, "damaged").write_text("{")
    results = {r.student: r for r in graded(course)[0]}
    assert results["empty"].remark == "not attempted"
    assert results["altered"].verdicts[3].status == "altered"
    assert results["damaged"].remark == "unreadable"
