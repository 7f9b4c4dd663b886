"""No hand-in ends the run: whatever is the matter with one, the others are graded."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import gettempdir

import courses
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from sqlalchemy.exc import DataError, OperationalError

from unrolled.cli import exit_codes
from unrolled.cli.commands.grade import grade_with_progress
from unrolled.cli.main import main
from unrolled.course.files import DiskError, StoreError
from unrolled.course.gradebook import GradebookError
from unrolled.course.store import Store
from unrolled.running import grading
from unrolled.running.grading import grade
from unrolled.running.reporting import write_report

ASSIGNMENT = courses.ASSIGNMENT
EMPTY = {"sample_name": "empty"}
"""A hand-in that costs no sandbox; what is tried here happens before and after it."""


@pytest.fixture
def course(tmp_path, bubblewrap):
    """Two honest students, the first and the last."""
    course = courses.make(tmp_path / "course")
    courses.submit(course, "a-honest")
    courses.submit(course, "z-honest")
    return course


def graded(course):
    """All results by student; those of the honest ones are as they must be."""
    with ThreadPoolExecutor(1) as here:
        found = grade(course, course.assignment(ASSIGNMENT), executor=here)
        results = {result.student: result for result in found}
    for student in ("a-honest", "z-honest"):
        assert results[student].points == 27
        assert not results[student].notes
    with Gradebook(course.db_url, course.id) as book:
        for student in ("a-honest", "z-honest"):
            assert book.find_submission(ASSIGNMENT, student).score == 27
    return results


STAMPS = [
    b"2024-01-01 00:00:00 ..",
    b"2024-01-01 00:00:00 /etc/localtime",
    b"2024-01-01 00:00:00 /dev/zero",
    b"2024-01-01 00:00:00 ../../../../../../etc/hostname",
    b"2024-01-01 00:00:00 :",
    b"0001-01-01 00:00:00 +1400",
    b"\0" * 100,
    b"9" * 10_000,
    b"\xef\xbb\xbf2024-01-01 00:00:00 UTC",
]


def test_no_time_stamp_ends_the_run(course):
    for number, stamp in enumerate(STAMPS):
        path = courses.submit(course, f"m{number}", **EMPTY)
        path.with_name("timestamp.txt").write_bytes(stamp)
    results = graded(course)
    for number in range(len(STAMPS)):
        assert "time stamp (timestamp.txt) cannot be read" in results[f"m{number}"].notes[0]


@pytest.mark.parametrize(
    "place",
    [
        lambda stamp, other: stamp.symlink_to(other),
        lambda stamp, other: stamp.symlink_to("/dev/zero"),
        lambda stamp, other: stamp.symlink_to("nowhere"),
        lambda stamp, other: stamp.symlink_to(stamp.name),
        lambda stamp, other: os.mkfifo(stamp),
        lambda stamp, other: stamp.mkdir(),
        lambda stamp, other: os.truncate(os.open(stamp, os.O_CREAT | os.O_WRONLY), 1 << 40),
    ],
    ids=["link", "link to a device", "dead link", "link to itself", "pipe", "folder", "sparse"],
)
def test_what_is_no_file_of_a_usual_size_is_no_time_stamp(tmp_path, place):
    other = tmp_path / "other"
    other.write_text("2026-03-01 12:00:00 UTC")
    (tmp_path / "folder").mkdir()
    place(tmp_path / "folder" / "timestamp.txt", other)
    moment, [note] = grading.time_stamp(tmp_path / "folder")
    assert moment is None
    assert "cannot be read" in note


BESIDE = [
    b"\xff.ipynb",
    b"\xed\xa0\x80.ipynb",
    b"\x1b[2J\x1b]0;title\x07.ipynb",
    b"a\nb.ipynb",
    "‮bnypi.x.ipynb".encode(),
    b"x" * 249 + b".ipynb",
    b"..ipynb",
    b"\xff" * 200 + b".zip",
    b"%s%n{0}{student}.ipynb",
    b"<script>.ipynb",
]


@pytest.mark.parametrize("alone", [False, True], ids=["beside the notebook", "in its place"])
def test_no_file_name_ends_the_run(course, alone):
    for number, name in enumerate(BESIDE):
        path = courses.submit(course, f"m{number}", **EMPTY)
        if alone:
            os.rename(path, os.path.join(os.fsencode(path.parent), name))
        else:
            shutil.copy(path, os.path.join(os.fsencode(path.parent), name))
    results = graded(course)
    for number in range(len(BESIDE)):
        for text in (*results[f"m{number}"].notes, *results[f"m{number}"].verdicts[0].reasons):
            text.encode("utf-8")


NAMES = [
    "é" * 120,  # 240 bytes: with ".json" and ".unfinished" more than a file's name may have
    "x" * 128,
    "%s%n{0}",
    "a b  c",
    "CON",
    "-rf",
    "--help",
    "~",
    "$(id)",
    "a;b",
    "'; DROP TABLE student; --",
    "lock",
    "who",
    "\N{PILE OF POO}" * 20,
]


def test_no_students_name_ends_the_run(course):
    for name in NAMES:
        courses.submit(course, name, **EMPTY)
    results = graded(course)
    assert {results[name].remark for name in NAMES} == {"not attempted"}
    assert write_report(course, course.assignment(ASSIGNMENT), list(results.values())).is_file()
    assert graded(course).keys() == results.keys(), "and from the store"


UNUSABLE = [b"\xff", b"a\nb", b"\x1b[31mred", "x‮y".encode(), b"x" * 129, b"\xed\xa0\x80"]


def test_a_name_that_no_gradebook_can_hold_is_told_and_ends_nothing(course, capsys):
    submitted = os.fsencode(course.root / "submitted")
    for name in UNUSABLE:
        shutil.copytree(os.path.join(submitted, b"a-honest"), os.path.join(submitted, name))
    assert graded(course).keys() == {"a-honest", "z-honest"}
    assert len(course.problems(ASSIGNMENT)) == len(UNUSABLE)
    assert main(["grade", ASSIGNMENT, "--course", str(course.root)]) == exit_codes.NOT_ALL
    told = capsys.readouterr()
    assert told.err.count("rename it") == len(UNUSABLE)
    assert "\x1b" not in told.err.replace("\x1b[A", "") + told.out


NAME = st.binary(min_size=1, max_size=255).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NAME, max_size=3, unique=True), st.binary(max_size=40))
@example([b"\xff.ipynb"], b"")
def test_any_names_and_any_stamp_are_a_job_or_unreadable(tmp_path_factory, names, stamp):
    course = courses.make(tmp_path_factory.mktemp("course"))
    folder = courses.submit(course, "ann", **EMPTY).parent
    for name in names:
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(stamp)
    (folder / "timestamp.txt").write_bytes(stamp)
    context = grading.Context.pack(course.assignment(ASSIGNMENT))
    run = grading._Run(course, course.assignment(ASSIGNMENT), context, dry=True)
    job = run.job("ann")
    done = grading.work.grade_submission(context, job)
    grading.from_json(done.result, run.assignment.questions)
    (done.notebook + done.page).encode("utf-8")


@pytest.fixture
def as_somebody_else():
    """Root may read everything; this is somebody who may not."""
    if os.geteuid() == 0:
        os.seteuid(12345)
        yield
        os.seteuid(0)
    else:
        yield


@pytest.mark.parametrize("what", ["", ASSIGNMENT, f"{ASSIGNMENT}/{ASSIGNMENT}.ipynb"])
def test_what_may_not_be_read_is_told_and_ends_nothing(tmp_path_factory, request, what):
    course = courses.make(tmp_path_factory.mktemp("course"))
    courses.submit(course, "ann", **EMPTY)
    courses.submit(course, "bob", **EMPTY)
    ours = [path for path in course.root.parents if Path(gettempdir()) in path.parents]
    for path in (course.root, *ours, *course.root.rglob("*")):
        path.chmod(0o777)
    locked = course.root / "submitted" / "ann" / what
    locked.chmod(0)
    assignment = course.assignment(ASSIGNMENT)
    context = grading.Context.pack(assignment)
    request.getfixturevalue("as_somebody_else")
    run = grading._Run(course, assignment, context, dry=True)
    failed = []
    jobs = {j.student: j for j in run.jobs(None, course.submitted_students(ASSIGNMENT), failed)}
    assert jobs["bob"].content
    told = [*course.problems(ASSIGNMENT), *(r.remark for r in failed)]
    told += [j.unreadable for j in jobs.values() if j.unreadable]
    assert len(told) == 1


# what cannot be written


def in_the_way(course, student, step):
    path = course.folder(step, student, ASSIGNMENT)
    path.parent.mkdir(parents=True)
    path.write_text("in the way")


@pytest.mark.parametrize("step", ["feedback", "autograded"])
def test_what_cannot_be_written_for_one_student_is_told_and_ends_nothing(course, capsys, step):
    courses.submit(course, "ann", **EMPTY)
    in_the_way(course, "ann", step)
    results = graded(course)
    assert results["ann"].remark == "not graded"
    assert "cannot be written" in results["ann"].notes[0]
    assert main(["grade", ASSIGNMENT, "--course", str(course.root)]) == exit_codes.NOT_ALL
    assert "cannot be written" in capsys.readouterr().err
    with Gradebook(course.db_url, course.id) as book:
        assert book.find_submission(ASSIGNMENT, "ann").needs_manual_grade
    course.folder(step, "ann", ASSIGNMENT).unlink()
    assert graded(course)["ann"].remark == "not attempted", "the next run makes up for it"


def failing(function):
    """``function``, which fails for each of these students in another way."""

    def called(*arguments, **named):
        said = [a.get("student") if isinstance(a, dict) else a for a in arguments]
        told = " ".join(str(getattr(a, "student", a)) for a in said)
        for number, error in enumerate(ERRORS):
            if f"fails-{number}" in told:
                raise error
        return function(*arguments, **named)

    return called


PLACES = [
    (grading.Store, "load"),
    (grading.Store, "save"),
    (grading._Run, "job"),
    (grading._Run, "stamp"),
    (grading.Gradebook, "record"),
    (grading, "write"),
    (grading, "variant_of"),
    (grading.work, "content_key"),
    (grading, "from_json"),
]
ERRORS = [
    RuntimeError("a fault"),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"),
    MemoryError(),
    RecursionError(),
    OSError(36, "File name too long"),
    StoreError("one path cannot be written"),
    DataError("insert", {}, Exception("too long")),
    Warning("that is no ValueError"),
]


@pytest.mark.parametrize(("place", "name"), PLACES, ids=[name for _, name in PLACES])
def test_a_fault_of_any_kind_anywhere_on_the_way_of_one_hand_in_ends_nothing(
    course, monkeypatch, place, name
):
    students = [f"fails-{number}" for number in range(len(ERRORS))]
    for student in students:
        courses.submit(course, student, **EMPTY)
    with monkeypatch.context() as patch:
        patch.setattr(place, name, failing(getattr(place, name)))
        assert set(students) < set(graded(course))
    results = graded(course)
    assert {results[student].remark for student in students} == {"not attempted"}


@pytest.mark.parametrize(
    "error",
    [
        DiskError("the disk is full"),
        GradebookError("gradebook is locked"),
        OperationalError("insert", {}, Exception("database or disk is full")),
    ],
    ids=["disk", "gradebook", "database"],
)
def test_what_would_go_wrong_with_all_others_too_ends_the_run(course, monkeypatch, error):
    monkeypatch.setattr(grading.Gradebook, "record", lambda *_: (_ for _ in ()).throw(error))
    with pytest.raises((DiskError, GradebookError)):
        graded(course)


def test_a_result_is_kept_under_a_name_that_every_disk_can_hold(tmp_path):
    kept = Store(tmp_path, ASSIGNMENT)
    names = {kept._path(student).name for student in (*NAMES, "\udcff", "Ann", "ann")}
    assert len(names) == len(NAMES) + 3
    assert all(name.isascii() and len(name) < 50 for name in names)


def test_the_table_of_such_a_class_is_shown(course):
    courses.submit(course, NAMES[0], **EMPTY)
    in_the_way(course, NAMES[0], "feedback")
    results = grade_with_progress(course, course.assignment(ASSIGNMENT), jobs=1)
    assert [r.remark for r in results] == ["all right", "all right", "not graded"]
    assert Path(course.root / "gradebook.db").is_file()
