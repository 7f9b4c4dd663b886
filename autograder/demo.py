"""``autograder demo``: the whole project on a sample class, in a folder of its own.

The hand-ins of the sample class are text files in ``sample_class/``. Each holds the answers of one
made-up student, cell by cell, and says what the student got wrong; most of them take the other
answers from another file. They are never imported and only ever run in the sandbox.
"""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from autograder import samples
from autograder.course import CONFIG, Assignment, Course, environment
from autograder.handin import cell_id

SAMPLE_CLASS = Path(__file__).parent / "sample_class"
ASSIGNMENT = "elman-jordan"


class DemoError(RuntimeError):
    """The demonstration cannot go on; the message says why."""


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


def build_book(root: Path) -> Path:
    """Build the book; returns its front page.

    Raises
    ------
    DemoError
        With the end of the build's log, if it fails.
    """
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
    return root / "_build" / "html" / "index.html"


def make_course(root: Path) -> Course:
    """A fresh course in ``demo/``, with the repository's assignments released by nbgrader."""
    folder = root / "demo"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    shutil.copy(root / CONFIG, folder)
    shutil.copytree(root / "solutions", folder / "solutions")
    course = Course(folder)
    course.release(ASSIGNMENT)
    return course


def hand_in(course: Course, assignment: Assignment) -> None:
    """Put the sample class's hand-ins into the course's folder of hand-ins."""
    for sample in sorted(SAMPLE_CLASS.glob("*.txt")):
        folder = course.folder("submitted", sample.stem, assignment.name)
        folder.mkdir(parents=True)
        (folder / f"{assignment.notebook}.ipynb").write_text(notebook(sample, assignment))


def notebook(sample: Path, assignment: Assignment) -> str:
    """What the student of ``sample`` handed in, as the text of a notebook file."""
    cells = samples.texts(sample)
    if "the whole file" in cells:
        return cells["the whole file"]
    made = copy.deepcopy(assignment.released)
    for cell in made.cells:
        cell.source = cells.get(cell_id(cell), cell.source)
    return nbformat.writes(made)
