"""The work on one hand-in, wherever it is done: in this process, in another, on another machine.

A worker gets the assignment and the content of a hand-in, and returns a result and two pages. It
reads and writes no course, so that nothing has to be shared but this package and a sandbox.
"""

from __future__ import annotations

import base64
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
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

import rnnlib
from unrolled.judging.assignment import Assignment, same_verdict_for_all
from unrolled.judging.beside import own_cells, picture_output, pictures, shown
from unrolled.judging.judge import FAILED, judge, names_asked
from unrolled.judging.notebook import cell_id, is_task, rebuild, source
from unrolled.judging.results import UNSAFE, Result, Verdict
from unrolled.judging.submission import Submission, Unreadable, parse, with_ids
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
    withhold : bool
        Whether pages go without the numbers that were expected.
    """

    packed: bytes
    version: str
    content: str
    elsewhere: bool = False
    withhold: bool = False

    @staticmethod
    def pack(
        assignment: Assignment,
        limits: containers.Limits | None = None,
        unsafe: bool = False,
        elsewhere: bool = False,
        withhold: bool = False,
    ) -> Context:
        limits = limits or containers.Limits()
        packed = pickle.dumps((assignment, limits, unsafe))
        content = repr((assignment.digest, version(), limits, unsafe))
        return Context(packed, version(), content, elsewhere, withhold)


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
    return hashlib.sha256(f"{context.content} {hand_in_key(job)}".encode()).hexdigest()


def hand_in_key(job: Job) -> str:
    """The content of a hand-in."""
    digest = hashlib.sha256()
    texts = (job.student, job.unreadable, json.dumps(job.notes), repr(job.variant))
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
    try:
        submission = submission_of(assignment, job)
    except Unreadable as reason:
        verdicts = same_verdict_for_all(assignment, "unreadable", None, str(reason))
        notes, answers = list(job.notes), None
    else:
        verdicts, notes = _judged(assignment, job, submission, limits, unsafe)
        answers = submission.answers
    stamp = UNSAFE if unsafe else ""
    result = Result(job.student, verdicts, notes, stamp, time.monotonic() - began)
    hand_in = HandIn() if answers is None else _hand_in(assignment, job, answers)
    return render(assignment, result, hand_in, context.withhold)


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
    assignment: Assignment,
    job: Job,
    submission: Submission,
    limits: containers.Limits,
    unsafe: bool,
) -> tuple[list[Verdict], list[str]]:
    """The verdicts on a hand-in that can be read, and the notes that go with them."""
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
    return verdicts, [*job.notes, *submission.notes, *failed]


@dataclass(frozen=True)
class HandIn:
    """What a student's page and formgrader's notebook show of a hand-in.

    Attributes
    ----------
    answers : dict
        The text of each answer, by nbgrader's id.
    below : dict
        For each of nbgrader's tasks, by id, the cells that stand below it.
    drawn : dict
        The pictures of each answer or task, by id: PNG, and made anew.
    """

    answers: dict[str, str] = field(default_factory=dict)
    below: dict[str, list[NotebookNode]] = field(default_factory=dict)
    drawn: dict[str, list[bytes]] = field(default_factory=dict)


def read_again(assignment: Assignment, job: Job) -> HandIn:
    """What is to be shown of a hand-in; nothing of one that cannot be read."""
    try:
        answers = submission_of(assignment, job).answers
    except Unreadable:
        return HandIn()
    return _hand_in(assignment, job, answers)


def _hand_in(assignment: Assignment, job: Job, answers: dict[str, str]) -> HandIn:
    """The answers of a hand-in, and what else of it is to be shown."""
    tasks = {cell_id(cell) for cell in assignment.released.cells if is_task(cell)}
    if not tasks and b"image/png" not in job.content:
        return HandIn(answers)
    handed_in = with_ids(job.content, f"{assignment.name}.ipynb", assignment.released)
    beside = own_cells(handed_in, assignment.released)
    below = {id_: shown(cells) for id_, cells in beside.items() if id_ in tasks}
    return HandIn(answers, below, pictures(beside))


def render_again(assignment: Assignment, job: Job, result: Result, withhold: bool = False) -> Done:
    """The pages of a hand-in that was judged before, without judging it again."""
    return render(assignment, result, read_again(assignment, job), withhold)


def render(assignment: Assignment, result: Result, hand_in: HandIn, withhold: bool = False) -> Done:
    """The pages that go with a result."""
    notebook = nbformat.writes(graded_notebook(assignment, result, hand_in))
    drawn = {v.question.cell: _pictures(v, hand_in) for v in result.verdicts}
    page = feedback_page(assignment, result, hand_in.answers, drawn, withhold)
    late = any(verdict.by_the_clock for verdict in result.verdicts)
    return Done(result.to_json(), notebook, page, late)


def _pictures(verdict: Verdict, hand_in: HandIn) -> list[bytes]:
    """Of an answer what it drew here, or what was handed in where that is more."""
    handed_in = hand_in.drawn.get(verdict.question.cell, [])
    if len(verdict.drawn) < len(handed_in):
        return handed_in
    return [base64.b64decode(coded) for coded in verdict.drawn]


def graded_notebook(assignment: Assignment, result: Result, hand_in: HandIn) -> NotebookNode:
    """The notebook that formgrader shows: ours, with the student's texts and pictures, and the
    judge's words."""
    notebook = rebuild(assignment.released, hand_in.answers)
    said = {v.question.points: v for v in result.verdicts if v.question.points != v.question.cell}
    of_cells = {v.question.cell: v for v in result.verdicts}
    cells = []
    for cell in notebook.cells:
        name = cell_id(cell)
        outputs = []
        if (answer := of_cells.get(name)) is not None:
            found = _pictures(answer, hand_in)
            here = found != hand_in.drawn.get(name)
            outputs = [picture_output(picture, here) for picture in found]
        verdict = said.get(name)
        if cell.cell_type == "code" and verdict is not None:
            text = "\n".join([result.stamp, *verdict.reasons]).strip() + "\n"
            outputs.insert(0, new_output("stream", text=text))
        cells += [cell, *hand_in.below.get(name, ())]
        if cell.cell_type == "code":
            cell.outputs = outputs
        elif outputs:
            cells.append(new_code_cell("# the pictures of the cells above", outputs=outputs))
    notebook.cells = cells
    return notebook


def what_changed(before: str, after: str) -> set[str]:
    """The ids of the cells of two graded notebooks that do not show the same.

    A cell without an id belongs to the one above it.
    """
    old, new = _shown_by_id(before), _shown_by_id(after)
    return {name for name in new if new[name] != old.get(name)}


def _shown_by_id(notebook: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    name = ""
    try:
        cells = json.loads(notebook)["cells"]
    except (ValueError, KeyError):
        return {}
    for cell in cells:
        name = cell_id(cell) or name
        # what is drawn here may be random
        drawn = [
            output["data"]
            for output in cell.get("outputs", ())
            if "data" in output
            and not output.get("metadata", {}).get("unrolled", {}).get("drawn_here")
        ]
        found.setdefault(name, []).append((source(cell), drawn))
    return found
