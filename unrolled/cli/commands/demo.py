"""``unrolled demo``: the whole project on a sample class, in a folder of its own.

The class is made up. Beside those who are right, each in a style of their own, and those who handed
in nothing or a damaged file, each student has some of the wrong ideas of the rubric in the numbers
that they typed, and some slips in their code. That code only ever runs in the sandbox.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from unrolled.authoring.made_up_class import made_up_class
from unrolled.authoring.strength import LIMITS
from unrolled.cli.commands.grade import grade_with_progress, table
from unrolled.course.course import CONFIG, Course, environment
from unrolled.errors import UnrolledError
from unrolled.judging.assignment import Assignment
from unrolled.judging.results import Result
from unrolled.pages.statistics import mistakes
from unrolled.running.reporting import write_report
from unrolled.seen import visible


class DemoError(UnrolledError):
    """The demonstration cannot go on; the message says why."""


def run(options: argparse.Namespace) -> None:
    """The whole project on a sample class."""
    root = repository()
    print("1. Building the book", flush=True)
    book = build_book(root)
    print("2. Handing in for a made-up class", flush=True)
    course = make_course(root)
    assignments = [course.assignment(name) for name in course.assignments()]
    for assignment in assignments:
        submit_class(course, assignment)
    print("3. Grading it", flush=True)
    reports = {}
    for assignment in assignments:
        results = grade_with_progress(course, assignment, limits=LIMITS)
        reports[assignment.name] = write_report(course, assignment, results)
        print(f"\n{table(assignment, results)}\n\n{_commonest(results)}\n", flush=True)
    print(f"Open in a browser:\n  the book      {book}")
    for name, report in reports.items():
        print(f"  {name:13} {report}")
    print("From each of these a link leads to every student's feedback.")


def _commonest(results: Sequence[Result]) -> str:
    """The mistakes that most students made."""
    lines = [
        f"  {len(mistake.students)}× {mistake.title}: {visible(mistake.words)}"
        for mistake in mistakes(results, most=3)
    ]
    return "\n".join(["The commonest mistakes:", *lines])


def repository() -> Path:
    """The clone of this project in which we stand.

    Raises
    ------
    DemoError
        If this is none: the demonstration needs the book's sources.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "_toc.yml").is_file() and (folder / CONFIG).is_file():
            return folder
    raise DemoError(f"{here} is not in a clone of Unrolled; go to one and try again")


MADE_OF = ("_config.yml", "_toc.yml", "book", "rnnlib", "unrolled/figures")


def front_page(root: Path) -> Path:
    """The front page of the book, once it is built."""
    return root / "_build" / "html" / "index.html"


def is_current(root: Path) -> bool:
    """Whether the book was built after all that it is made of was last changed."""
    built = front_page(root)
    sources = (path for name in MADE_OF for path in (root / name, *(root / name).rglob("*")))
    changed = max(path.stat().st_mtime for path in sources if path.suffix and path.suffix != ".pyc")
    return built.is_file() and built.stat().st_mtime >= changed


def build_book(root: Path) -> Path:
    """Build the book, unless it is there and nothing has changed; returns its front page.

    Raises
    ------
    DemoError
        With the end of the build's log, if it fails.
    """
    if is_current(root):
        return front_page(root)
    tool = Path(sys.executable).with_name("jupyter-book")
    done = subprocess.run(
        [str(tool), "build", str(root)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise DemoError(f"the book does not build; its log ends with:\n{done.stdout[-3000:]}")
    return front_page(root)


def make_course(root: Path) -> Course:
    """A fresh course in ``demo/``: the repository's assignments, and links to its book."""
    folder = root / "demo"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    shutil.copy(root / CONFIG, folder)
    for assignments in ("solutions", "assignments"):
        shutil.copytree(root / assignments, folder / assignments)
    book = (root / "_build" / "html" / "book").as_uri()
    with (folder / CONFIG).open("a", encoding="utf-8") as config:
        config.write(f"\nc.Unrolled.book = {book!r}\n")
    return Course(folder)


def submit_class(course: Course, assignment: Assignment) -> None:
    """Put the made-up class's hand-ins into the course's folder of hand-ins."""
    for student, text in made_up_class(course, assignment).items():
        folder = course.folder("submitted", student, assignment.name)
        folder.mkdir(parents=True)
        (folder / f"{assignment.name}.ipynb").write_text(text, encoding="utf-8")
