"""The work on one hand-in, wherever it is done: in this process, in another, on another machine.

A worker gets the assignment and the content of a hand-in, and returns a result and two pages. It
reads and writes no course, so that nothing has to be shared but this package and a sandbox.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import resource
import signal
import time
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_output

import rnnlib
from unrolled.judging.assignment import Assignment, same_verdict_for_all
from unrolled.judging.judge import FAILED, judge, names_asked
from unrolled.judging.notebook import cell_id, rebuild
from unrolled.judging.results import UNSAFE, Result, from_json
from unrolled.judging.submission import Submission, Unreadable, parse
from unrolled.judging.variants import Variant
from unrolled.pages.feedback import feedback_page
from unrolled.sandbox import containers, linux

WORKER_MEMORY = 4 << 30
"""Bytes that a worker may take beyond what it needs to start: more than any hand-in is worth."""


@dataclass(frozen=True)
class Job:
    """One hand-in to be judged.

    Attributes
    ----------
    content : bytes
        The notebook file as it was handed in.
    unreadable : str
        Why there is no content, where there is none.
    notes : list of str
        What is already known to be out of place.
    variant : Variant
        The numbers that this student was given, and is judged by.
    """

    student: str
    content: bytes = b""
    unreadable: str = ""
    notes: tuple[str, ...] = ()
    variant: Variant = field(default_factory=Variant)


@dataclass(frozen=True)
class Context:
    """What all hand-ins of one run have in common, packed once.

    Attributes
    ----------
    content : str
        Changes when anything does that a result depends on, the hand-in apart.
    elsewhere : bool
        Whether the workers are on other machines, where another version may be installed.
    """

    packed: bytes
    version: str
    content: str
    elsewhere: bool = False

    @staticmethod
    def pack(
        assignment: Assignment,
        limits: containers.Limits | None = None,
        unsafe: bool = False,
        elsewhere: bool = False,
    ) -> Context:
        limits = limits or containers.Limits()
        packed = pickle.dumps((assignment, limits, unsafe))
        content = repr((assignment.digest, version(), limits, unsafe))
        return Context(packed, version(), content, elsewhere)


@dataclass(frozen=True)
class Done:
    """A judged hand-in: the result as JSON holds it, formgrader's notebook, the student's page.

    ``by_the_clock`` says that time ran out that was not the processor's: with the machine for
    itself it may do better.
    """

    result: dict[str, Any]
    notebook: str
    page: str
    by_the_clock: bool = False


def content_key(context: Context, job: Job) -> str:
    """The content of all that a result depends on."""
    digest = hashlib.sha256()
    texts = (context.content, job.student, job.unreadable, json.dumps(job.notes), repr(job.variant))
    for part in (job.content, *(text.encode("utf-8", "backslashreplace") for text in texts)):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


class OtherVersion(RuntimeError):
    """A worker has another version of this package than the process that sends it work."""


@cache
def version() -> str:
    """The content of the grader and of the library that it judges by."""
    digest = hashlib.sha256()
    for package in (Path(__file__).parents[1], Path(rnnlib.__file__).parent):
        for path in sorted(package.rglob("*")):
            if path.suffix in (".py", ".html", ".css") and path.is_file():
                digest.update(path.relative_to(package).as_posix().encode() + b"\0")
                digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def start_worker(parent: int) -> None:
    """What a worker process of ours does first; ``parent`` is the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started us
    linux.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we could ask for the signal
        os._exit(1)
    limit_memory(WORKER_MEMORY)


def limit_memory(amount: int) -> None:
    """Let this process take ``amount`` bytes beyond what it has, and no more.

    Whatever a hand-in should get it to allocate ends in a MemoryError, and the machine lives on.
    """
    with open("/proc/self/statm") as statm:
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    amount = mapped + amount if most == resource.RLIM_INFINITY else min(mapped + amount, most)
    # of the two limits the one that can be raised again: the sandbox sets a limit of its own
    resource.setrlimit(resource.RLIMIT_AS, (amount, most))


def grade_submission(context: Context, job: Job) -> Done:
    """Judge one hand-in and make its pages.

    Raises
    ------
    OtherVersion
        If this process has another version of the package.
    """
    if context.elsewhere and context.version != version():
        raise OtherVersion(
            f"worker {os.uname().nodename} has another version of the grader ({version()}, wanted "
            f"{context.version}); install the same one there"
        )
    general, limits, unsafe = _unpack(context.packed)
    assignment = general.with_variant(job.variant)
    began = time.monotonic()
    result, answers = _judged(assignment, job, limits, unsafe)
    result = Result(
        result.student, result.verdicts, result.notes, result.stamp, time.monotonic() - began
    )
    return render(assignment, result, answers)


@lru_cache(maxsize=2)
def _unpack(packed: bytes) -> tuple[Assignment, containers.Limits, bool]:
    return pickle.loads(packed)  # ours: it was packed by the process that sent the work


def submission_of(assignment: Assignment, job: Job) -> Submission:
    """The answers in a hand-in.

    Raises
    ------
    Unreadable
        If none can be taken from it.
    """
    if job.unreadable:
        raise Unreadable(job.unreadable)
    asked = {question.cell: names_asked(question) for question in assignment.questions}
    return parse(job.content, f"{assignment.name}.ipynb", assignment.released, asked)


def _judged(
    assignment: Assignment, job: Job, limits: containers.Limits, unsafe: bool
) -> tuple[Result, dict[str, str]]:
    stamp = UNSAFE if unsafe else ""
    try:
        submission = submission_of(assignment, job)
    except Unreadable as reason:
        verdicts = same_verdict_for_all(assignment, "unreadable", None, str(reason))
        return Result(job.student, verdicts, list(job.notes), stamp), {}
    if submission.numbers not in ("", assignment.variant.tag):
        submission.notes.append("The notebook was given out to somebody else: its numbers differ.")
    verdicts = judge(
        submission,
        assignment.released,
        assignment.questions,
        assignment.points,
        limits,
        unsafe,
        assignment.contents,
    )
    failed = [
        f"The grader failed on “{verdict.question.title}”; a human looks at it."
        for verdict in verdicts
        if FAILED in verdict.reasons
    ]
    notes = [*job.notes, *submission.notes, *failed]
    return Result(job.student, verdicts, notes, stamp), submission.answers


def render_again(assignment: Assignment, job: Job, stored: dict[str, Any]) -> Done:
    """The pages of a hand-in that was judged before, without judging it again."""
    try:
        answers = submission_of(assignment, job).answers
    except Unreadable:
        answers = {}
    return render(assignment, from_json(stored, assignment.questions), answers)


def render(assignment: Assignment, result: Result, answers: dict[str, str]) -> Done:
    """The pages that go with a result."""
    notebook = nbformat.writes(_graded_notebook(assignment, answers, result))
    late = any(verdict.by_the_clock for verdict in result.verdicts)
    return Done(result.to_json(), notebook, feedback_page(assignment, result, answers), late)


def _graded_notebook(
    assignment: Assignment, answers: dict[str, str], result: Result
) -> nbformat.NotebookNode:
    """The notebook that formgrader shows: ours, with the student's texts and the judge's words."""
    notebook = rebuild(assignment.released, answers)
    said = {v.question.points: v for v in result.verdicts}
    for cell in notebook.cells:
        verdict = said.get(cell_id(cell))
        if cell.cell_type == "code" and verdict is not None:
            text = "\n".join([result.stamp, *verdict.reasons]).strip() + "\n"
            cell.outputs = [new_output("stream", text=text)]
    return notebook
