"""Hand-ins that were graded and are gone from ``submitted/``: renamed, or taken back."""

from __future__ import annotations

from nbgrader import api
from sqlalchemy import delete, or_

from unrolled.course.course import Course, find_alembic
from unrolled.course.gradebook import errors_named
from unrolled.course.store import Store


def take_out(course: Course, assignment: str) -> list[str]:
    """Take what is not handed in any more out of the gradebook, and so out of every export.

    Returns those that stay in it, since a human gave them points or a comment: no export of ours
    has them, and nbgrader's own are the instructor's affair. What we have not graded is left alone,
    and so is all where there is no folder of hand-ins.

    Raises
    ------
    GradebookError
        If the gradebook cannot be used.
    """
    if not (course.root / course.directory.submitted_directory).is_dir():
        return []
    find_alembic()
    store, kept = Store(course.root, assignment), []
    with errors_named(course.db_url), api.Gradebook(course.db_url, course.id) as book:
        try:
            submissions = book.assignment_submissions(assignment)
        except api.MissingEntry:
            return []
        for submission in submissions:
            student = submission.student_id
            if is_there(course, student, assignment) or store.load(student) is None:
                continue
            notebooks = [notebook.id for notebook in submission.notebooks]
            if _touched(book, notebooks):
                kept.append(student)
                continue
            for table in (api.Grade, api.Comment):
                book.db.execute(delete(table).where(table.notebook_id.in_(notebooks)))
            for row in (api.SubmittedNotebook, api.SubmittedAssignment):
                key = row.assignment_id if row is api.SubmittedNotebook else row.id
                book.db.execute(delete(row).where(key == submission.id))
        book.db.commit()
    return sorted(kept)


def is_there(course: Course, student: str, assignment: str) -> bool:
    """Whether a student's hand-in lies where hand-ins lie."""
    folder = course.folder("submitted", student, assignment)
    return folder.exists() or folder.is_symlink()


def _touched(book: api.Gradebook, notebooks: list[str]) -> bool:
    """Whether a human gave points or a comment."""
    grades = book.db.query(api.Grade).filter(
        api.Grade.notebook_id.in_(notebooks),
        or_(api.Grade.manual_score.isnot(None), api.Grade.extra_credit.isnot(None)),
    )
    comments = book.db.query(api.Comment).filter(
        api.Comment.notebook_id.in_(notebooks), api.Comment.manual_comment.isnot(None)
    )
    return bool(grades.first() or comments.first())
