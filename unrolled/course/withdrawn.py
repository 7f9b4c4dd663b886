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
        hand_in, notebook = api.SubmittedAssignment, api.SubmittedNotebook
        submissions = (
            book.db.query(hand_in.student_id, hand_in.id)
            .join(api.Assignment, hand_in.assignment_id == api.Assignment.id)
            .filter(api.Assignment.name == assignment)
            .all()
        )
        for student, id_ in submissions:
            if is_there(course, student, assignment) or store.load(student) is None:
                continue
            of_it = book.db.query(notebook.id).filter(notebook.assignment_id == id_)
            notebooks = [one for (one,) in of_it]
            if _touched(book, notebooks):
                kept.append(student)
                continue
            for table in (api.Grade, api.Comment):
                book.db.execute(delete(table).where(table.notebook_id.in_(notebooks)))
            for row in (api.SubmittedNotebook, api.SubmittedAssignment):
                key = row.assignment_id if row is api.SubmittedNotebook else row.id
                book.db.execute(delete(row).where(key == id_))
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
