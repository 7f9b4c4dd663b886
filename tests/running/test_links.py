"""What is graded is what lies in the hand-in's folder, whatever is put into its place meanwhile."""

import os
import shutil

import courses
import pytest

from unrolled.judging import handed_in, submission
from unrolled.judging.submission import Unreadable
from unrolled.running import grading

ASSIGNMENT = courses.ASSIGNMENT
FILE = f"{ASSIGNMENT}.ipynb"


@pytest.fixture
def course(tmp_path):
    course = courses.make(tmp_path / "course")
    courses.submit(course, "ann", "empty")
    courses.submit(course, "bob", "right")
    return course


def job(course, student):
    assignment = course.assignment(ASSIGNMENT)
    return grading._Run(course, assignment, grading.Context.pack(assignment), dry=True).job(student)


def swap(path, other):
    """Put a link to ``other`` into the place of ``path``."""
    path.rename(path.with_name(f"{path.name}-before"))
    path.symlink_to(other)


@pytest.mark.parametrize("above", [False, True], ids=["the folder", "the folder above"])
@pytest.mark.parametrize("when", ["before", "while it is read"])
def test_a_folder_that_is_swapped_for_a_link_is_not_followed(course, monkeypatch, above, when):
    ann, bob = (course.folder("submitted", s, ASSIGNMENT) for s in ("ann", "bob"))
    ours = (ann / FILE).read_bytes()
    place, other = (ann.parent, bob.parent) if above else (ann, bob)
    if when == "before":
        swap(place, other)
        assert "is a symbolic link" in job(course, "ann").unreadable
        return
    real = handed_in.notebook

    def notebook(*arguments):
        swap(place, other)
        return real(*arguments)

    monkeypatch.setattr(handed_in, "notebook", notebook)
    assert job(course, "ann").content == ours


def test_a_folder_below_that_is_swapped_is_not_followed(course, monkeypatch):
    ann, bob = (course.folder("submitted", s, ASSIGNMENT) for s in ("ann", "bob"))
    (ann / "below").mkdir()
    (ann / FILE).rename(ann / "below" / FILE)
    real = submission.load

    def load(path, *most):
        if path.name == FILE:
            swap(ann / "below", bob)
        return real(path, *most)

    monkeypatch.setattr(submission, "load", load)
    found = job(course, "ann")
    assert found.content == b""
    assert "lies behind a link" in found.unreadable


def test_a_hard_link_is_graded_and_told(course):
    notebook = course.folder("submitted", "ann", ASSIGNMENT) / FILE
    notebook.unlink()
    os.link(course.folder("source", ".", ASSIGNMENT) / FILE, notebook)
    assert any("is a hard link" in note for note in job(course, "ann").notes)
    assert not job(course, "bob").notes


@pytest.mark.parametrize("name", ["__ann", "__"])
def test_a_name_with_two_underlines_is_told(course, name):
    shutil.copytree(course.root / "submitted" / "ann", course.root / "submitted" / name)
    assert any(f"{name} begins" in told for told in course.problems(ASSIGNMENT))
    assert course.submitted_students(ASSIGNMENT) == ["ann", "bob"]


def test_a_folder_in_another_spelling_is_told(course):
    folder = course.folder("submitted", "ann", ASSIGNMENT)
    folder.rename(folder.with_name(ASSIGNMENT.title()))
    assert [told for told in course.problems(ASSIGNMENT) if "rename it to" in told]
    assert course.submitted_students(ASSIGNMENT) == ["bob"]


@pytest.mark.parametrize("name", ["__MACOSX", "__pycache__", ".git"])
def test_what_programs_leave_is_passed_over(course, name):
    (course.root / "submitted" / name / ASSIGNMENT).mkdir(parents=True)
    assert course.problems(ASSIGNMENT) == []


def test_what_stands_is_no_link_and_no_file(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unreadable, match="is a file"), submission.standing(tmp_path / "file"):
        pass
