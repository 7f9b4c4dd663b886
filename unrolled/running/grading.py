"""Grading a class: every hand-in judged, recorded in the gradebook, and answered with a page.

Judging is done by workers; writing is done here, by one process. Nothing is judged twice: what has
been judged before, with the same content, is taken from the store.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
import traceback
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path

from unrolled.course import stamps, store
from unrolled.course.course import Course
from unrolled.course.files import DiskError, StoreError, write
from unrolled.course.gradebook import Gradebook, is_of_the_database, open_gradebook, register
from unrolled.course.store import Entry, Store
from unrolled.errors import UnrolledError
from unrolled.judging import handed_in, submission
from unrolled.judging.assignment import Assignment, same_verdict_for_all
from unrolled.judging.results import Result, from_json
from unrolled.judging.variants import variant_of
from unrolled.running import executors, work
from unrolled.running.work import Context, Done, Job
from unrolled.sandbox import containers, packages
from unrolled.seen import visible

AHEAD = 4
"""Hand-ins under way for each worker, so that none waits for work."""
CLUSTER_WORKERS = 64
"""For how many workers of a cluster there is always work; more of them help no further."""


def grade(
    course: Course,
    assignment: Assignment,
    unsafe: bool = False,
    jobs: int | None = None,
    limits: containers.Limits | None = None,
    executor: Executor | None = None,
    cluster: str | None = None,
    dry_run: bool = False,
    withhold: bool = False,
    only: Collection[str] | None = None,
) -> Iterator[Result]:
    """Grade every hand-in of ``assignment``; yields each result as soon as it is recorded.

    Parameters
    ----------
    jobs
        Worker processes on this machine; as many as it has cores by default.
    executor
        Have the work done there instead.
    cluster
        Have the work done on a Dask cluster instead: its address, or its name (see ``executors``).
    dry_run
        Judge, but write nothing.
    withhold
        Write pages without the numbers that were expected: others have still to hand in.
    only
        Judge the hand-ins of these students anew, changed or not, and nobody else's.

    Raises
    ------
    SandboxMissing
        If there is no working sandbox and ``unsafe`` was not asked for. Nothing was run then.
    PackageMissing
        If a package that students may import is not installed here.
    CourseError
        If there is nothing to grade.
    GradebookError, StoreError
        If something cannot be written. What was graded until then is kept.
    """
    packages.folders(assignment.rubric.packages)
    if not unsafe and cluster is None:
        containers.check()
    context = Context.pack(assignment, limits, unsafe, cluster is not None, withhold)
    run = _Run(course, assignment, context, dry_run)
    students = course.submitted_students(assignment.name)
    with ExitStack() as held:
        book = None
        if not dry_run:
            held.enter_context(store.locked(course.root, _tell))
            register(course, assignment)
            book = held.enter_context(open_gradebook(course, assignment))
        todo = []
        for student in students if only is None else ():
            if (result := run.earlier_result(book, student)) is not None:
                yield result
            else:
                todo.append(student)
        if only is not None:
            todo = [student for student in students if student in only]
        if not todo:
            return
        workers = min(jobs or os.cpu_count() or 1, len(todo))
        most = AHEAD * (workers if cluster is None else CLUSTER_WORKERS)
        failed: list[Result] = []
        waiting = run.jobs(book, todo, failed)
        open_executor = _opener(executor, cluster, workers)
        for job, outcome in executors.outcomes(open_executor, context, waiting, most):
            yield run.finish(book, job, outcome)
        yield from failed


def jobs_of(course: Course, assignment: Assignment) -> Iterator[Job]:
    """The hand-ins of an assignment as they lie there, in order of the students' names."""
    run = _Run(course, assignment, Context.pack(assignment), dry=True)
    yield from run.jobs(None, course.submitted_students(assignment.name), [])


def graded(course: Course, assignment: Assignment) -> list[Result]:
    """Every hand-in that has been graded, as it was, with what a human gave.

    Raises
    ------
    GradebookError
        If the gradebook cannot be read, or has none of the assignment.
    """
    run = _Run(course, assignment, Context.pack(assignment))
    with open_gradebook(course, assignment) as book:
        found = [(run.store.load(student), student) for student in sorted(book.notebooks)]
        kept = [(run.kept(entry), student) for entry, student in found if entry]
        return [result.with_marks(book.marks(student)) for result, student in kept if result]


@dataclass(frozen=True)
class Shown:
    """A graded hand-in with what a human gave, and what became of its page.

    Attributes
    ----------
    anew : bool
        Whether the page was written anew.
    stale : bool
        Whether something else lies there now than was graded, so that the page stayed as it was.
    """

    result: Result
    anew: bool
    stale: bool


def show_marks(course: Course, assignment: Assignment) -> Iterator[Shown]:
    """Write the pages anew on which something else stands than a human gave; judges nothing.

    Yields every hand-in that has been graded.

    Raises
    ------
    GradebookError, StoreError
        If something cannot be read or written.
    """
    run = _Run(course, assignment, Context.pack(assignment))
    with store.locked(course.root, _tell), open_gradebook(course, assignment) as book:
        for student in course.submitted_students(assignment.name):
            entry = run.store.load(student)
            result = run.kept(entry) if entry else None
            if entry is None or result is None or student not in book.notebooks:
                continue
            job = run.job(student)
            stale = entry.hand_in != work.hand_in_key(job)
            anew = not stale and entry.shown != run.shown(book, student)
            if anew:
                run.write_marked(book, job, result, entry.withheld)
                run.store.save(student, replace(entry, shown=run.shown(book, student)))
            yield Shown(result.with_marks(book.marks(student)), anew, stale)


def _opener(executor: Executor | None, cluster: str | None, jobs: int) -> executors.ExecutorFactory:
    if executor is not None:
        return lambda: nullcontext(executor)
    if cluster is not None:
        return partial(executors.cluster, cluster)
    return partial(executors.local, jobs)


def _tell(message: str) -> None:
    print(f"unrolled: {visible(message)}", file=sys.stderr)


@dataclass(frozen=True)
class _Run:
    """One run over a class."""

    course: Course
    assignment: Assignment
    context: Context
    dry: bool = False

    @property
    def store(self) -> Store:
        return Store(self.course.root, self.assignment.name)

    def job(self, student: str) -> Job:
        """A hand-in as it lies in the course's folder, and the numbers it is judged by."""
        own_numbers = student in self.with_own_numbers
        variant = variant_of(self.secret, student, self.assignment.name, own_numbers)
        return replace(self._read_submission(student), variant=variant)

    @cached_property
    def secret(self) -> bytes:
        return self.course.secret(keep=not self.dry)

    @cached_property
    def with_own_numbers(self) -> set[str]:
        return set(self.course.roster(self.assignment.name).ids)

    def _read_submission(self, student: str) -> Job:
        folder = self.course.folder("submitted", student, self.assignment.name)
        name = f"{self.assignment.name}.ipynb"
        notes: list[str] = []
        try:
            with submission.standing(folder) as there:
                notes += [*time_stamp(there)[1], *hard_links(there)]
                found = handed_in.notebook(there, name, self.assignment.released)
        except submission.Unreadable as reason:
            return Job(student, unreadable=str(reason), notes=tuple(notes))
        return Job(student, found.content, notes=(*notes, *found.notes))

    def stamp(self, student: str) -> datetime | None:
        return time_stamp(self.course.folder("submitted", student, self.assignment.name))[0]

    def jobs(
        self, book: Gradebook | None, students: Sequence[str], failed: list[Result]
    ) -> Iterator[Job]:
        """The hand-ins of ``students``; ``failed`` gets a result for those that cannot be read."""
        for student in students:
            try:
                job = self.job(student)
            except Exception as error:
                failed.append(self.leave_to_a_human(book, student, error))
            else:
                yield job

    def earlier_result(self, book: Gradebook | None, student: str) -> Result | None:
        """The result of an earlier run on the same content, brought to its end where it was not."""
        try:
            return self._earlier_result(book, student)
        except Exception as error:
            self._stop_if_it_is_not_the_hand_in(error)
            return None  # when it is judged anew, what is the matter with it is told

    def _earlier_result(self, book: Gradebook | None, student: str) -> Result | None:
        entry = self.store.load(student)
        if entry is None:
            return None
        job = self.job(student)
        if entry.key != work.content_key(self.context, job):
            return None
        result = self.kept(entry)
        if result is None or book is None:
            return result
        pages = all(path.is_file() for path in self._pages(student))
        if not (entry.complete and pages and book.holds(result, self.stamp(student))):
            book.record(result, self.stamp(student), self._changed(book, job, result))
            return self._show(book, job, result)
        if (entry.shown, entry.withheld) != (self.shown(book, student), self.context.withhold):
            return self._show(book, job, result)
        return result.with_marks(book.marks(student))

    def kept(self, entry: Entry) -> Result | None:
        """The result in an entry; None if it is of another assignment."""
        try:
            return from_json(entry.result, self.assignment.questions)
        except (KeyError, TypeError, ValueError):
            return None

    def finish(self, book: Gradebook | None, job: Job, outcome: executors.Outcome) -> Result:
        """Write down what a worker found; one whose worker failed is left to a human."""
        if isinstance(outcome, work.OtherVersion):
            raise executors.ClusterError(str(outcome))
        if isinstance(outcome, Exception):
            return self.leave_to_a_human(book, job.student, outcome)
        try:
            return self._record(book, job, outcome)
        except Exception as error:
            self._stop_if_it_is_not_the_hand_in(error)
            return self.leave_to_a_human(book, job.student, error)

    def leave_to_a_human(self, book: Gradebook | None, student: str, error: Exception) -> Result:
        """What becomes of a hand-in that the grader failed on: that must not end the class."""
        if isinstance(error, UnrolledError):
            reason = f"The grader failed on this hand-in; a human looks at it. ({error})"
        else:
            _tell("".join(traceback.format_exception(error)))
            reason = "The grader failed on this hand-in; a human looks at it."
        verdicts = same_verdict_for_all(self.assignment, "not graded", None, reason)
        result = Result(student, verdicts, [reason])
        if book:
            try:
                book.record(result, self.stamp(student))
            except Exception as again:
                # it is told with the run's results, and stands in no gradebook
                self._stop_if_it_is_not_the_hand_in(again)
        return result

    def _stop_if_it_is_not_the_hand_in(self, error: Exception) -> None:
        """Raise what would go wrong with every other hand-in, too: it ends the run."""
        if isinstance(error, DiskError) or is_of_the_database(error):
            raise error
        if isinstance(error, StoreError):
            for folder in (self.store.folder, *(pages.parents[2] for pages in self._pages("x"))):
                there = next(f for f in (folder, *folder.parents) if os.path.lexists(f))
                if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
                    raise error

    def _record(self, book: Gradebook | None, job: Job, outcome: Done) -> Result:
        """Write a judged hand-in down; returns it with what a human gave."""
        result = from_json(outcome.result, self.assignment.questions)
        if book is None:
            return result
        # store, gradebook, pages, in this order, so that a run cut off anywhere can go on: whether
        # an answer has changed since a human saw it, the page tells that the human saw
        self._keep(job, result, False)
        book.record(result, self.stamp(job.student), self._changed(book, job, result, outcome))
        if book.marks(job.student):
            return self._show(book, job, result)
        self._write(job, outcome)
        self._keep(job, result, True)
        return result

    def _keep(self, job: Job, result: Result, complete: bool, shown: str = "") -> None:
        key, hand_in = work.content_key(self.context, job), work.hand_in_key(job)
        withheld = self.context.withhold
        entry = Entry(key, result.to_json(), complete, hand_in, shown, withheld)
        self.store.save(job.student, entry)

    def _changed(
        self, book: Gradebook, job: Job, result: Result, done: Done | None = None
    ) -> set[str]:
        """The answers that are not any more what a human graded."""
        if not book.marks(job.student):
            return set()
        try:
            before = self._pages(job.student)[0].read_text(encoding="utf-8")
        except (OSError, UnicodeError):
            before = ""
        if done is None:
            done = work.render_again(self.assignment.with_variant(job.variant), job, result)
        return work.what_changed(before, done.notebook)

    def _show(self, book: Gradebook, job: Job, result: Result) -> Result:
        """The same, kept as done."""
        marked = self.write_marked(book, job, result, self.context.withhold)
        self._keep(job, result, True, self.shown(book, job.student))
        return marked

    def write_marked(self, book: Gradebook, job: Job, result: Result, withhold: bool) -> Result:
        """Write the pages of a result with what a human gave; returns it with that."""
        marked = result.with_marks(book.marks(job.student))
        own = self.assignment.with_variant(job.variant)
        self._write(job, work.render_again(own, job, marked, withhold))
        return marked

    def shown(self, book: Gradebook, student: str) -> str:
        """What a page shows beside the result."""
        marks = book.marks(student)
        return hashlib.sha256(repr(marks).encode()).hexdigest()[:16] if marks else ""

    def _write(self, job: Job, done: Done) -> None:
        for path, text in zip(self._pages(job.student), (done.notebook, done.page), strict=True):
            write(path, text)
        self._write_for_exchange(job.student)

    def _pages(self, student: str) -> tuple[Path, Path]:
        """formgrader's notebook and the student's page."""
        name = self.assignment.name
        graded = self.course.folder("autograded", student, self.assignment.name)
        feedback = self.course.folder("feedback", student, self.assignment.name)
        return graded / f"{name}.ipynb", feedback / f"{name}.html"

    def _write_for_exchange(self, student: str) -> None:
        """What nbgrader's exchange wants beside a page: when it was handed in, and the secret by
        which the student's own machine finds the page. Who handed in elsewhere gets a secret that
        nobody knows."""
        handed_in = self.course.folder("submitted", student, self.assignment.name)
        page = self._pages(student)[1]
        own = not (handed_in.is_symlink() or handed_in.parent.is_symlink())
        secret = _line_of(handed_in / "submission_secret.txt") if own else ""
        if not secret:
            what = f"feedback {student} {self.assignment.name}".encode()
            secret = hmac.new(self.secret, what, hashlib.sha512).hexdigest()
        write(page.with_name("timestamp.txt"), _line_of(handed_in / "timestamp.txt"))
        write(page.with_name("submission_secret.txt"), secret)


def _line_of(path: Path) -> str:
    """The text of a small file among what was handed in; empty if there is no such thing."""
    try:
        text = submission.load(path).decode("ascii")
    except (submission.Unreadable, UnicodeError):
        return ""
    return text if len(text) <= 200 and text.strip().isprintable() else ""


def hard_links(folder: Path) -> list[str]:
    """A note of each notebook that has another name on this machine, too."""
    linked = sorted(p.name for p in folder.glob("*.ipynb") if p.lstat().st_nlink > 1)
    return [
        f"{name[:80]} is a hard link: the same file has another name on this machine."
        for name in linked
    ]


def time_stamp(folder: Path) -> tuple[datetime | None, list[str]]:
    """When a hand-in says that it was handed in, and what is wrong with that."""
    path = folder / "timestamp.txt"
    if not os.path.lexists(path):
        return None, []
    try:
        text = submission.load(path).decode("utf-8").strip()
        return (stamps.parse(text) if text else None), []
    except (submission.Unreadable, ValueError):
        told = "The time stamp (timestamp.txt) cannot be read; no time was recorded."
        return None, [f"{told} Right would be {stamps.FORM}."]


def by_student(results: Sequence[Result]) -> list[Result]:
    """Results by the students' names, whatever the order in which they were done."""
    return sorted(results, key=lambda result: result.student)
