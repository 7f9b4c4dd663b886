"""``unrolled check``: a student's notebook, before it is handed in.

It goes the judge's way: the same reading of the file, the same cells in the same sandbox, with the
public checks in the place of the hidden cases. The released notebook need not be there: nbgrader
wrote into each cell's metadata a checksum of what it held. What the checks say is about the
student's own code, and for the student.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

import rnnlib
from unrolled.judging import handed_in, submission
from unrolled.judging.judge import needed
from unrolled.judging.notebook import cell_id, checksum, is_answer, source
from unrolled.judging.program import defined
from unrolled.judging.rubric import PACKAGES
from unrolled.judging.running import Run, Running, not_there, told
from unrolled.judging.submission import Unreadable
from unrolled.sandbox import containers, packages, wire
from unrolled.sandbox.containers import Contents, Limits, Stopped
from unrolled.sandbox.packages import PackageMissing

CHECKS = (Path(rnnlib.__file__).parent, Path(__file__).parents[1])
"""What the public checks need in the sandbox."""


@dataclass
class Findings:
    """What was found in a notebook.

    Attributes
    ----------
    changed, missing : list of str
        The cells that are not answers and are no longer as they were; the answers not given.
    checks : dict
        What each public check said; empty where it is content.
    notes : list of str
        What is good to know, and costs no point.
    """

    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    checks: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        return not (self.changed or self.missing or any(self.checks.values()))

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "well": self.well}

    def in_words(self) -> str:
        """For the student."""
        lines = ["The notebook is intact." if not self.changed else "The notebook was changed:"]
        lines += [
            f"  {name}: is not as it was released; grading uses its own" for name in self.changed
        ]
        if self.missing:
            lines += ["Not answered yet:", *(f"  {name}" for name in self.missing)]
        if self.checks:
            lines.append("The public checks:")
        for name, said in self.checks.items():
            lines.append(f"  {name}: {said or 'right'}")
        if self.notes:
            lines += ["Good to know:", *(f"  {note}" for note in self.notes)]
        end = "Ready to be handed in." if self.well else "It can be handed in, but see above."
        return "\n".join([*lines, end])


def check_notebook(path: Path, unsafe: bool = False) -> Findings:
    """Look at the notebook at ``path``.

    Raises
    ------
    Unreadable
        If it is no notebook, or none that nbgrader released.
    SandboxMissing
        If its checks cannot be run.
    """
    content = handed_in.load(path)
    released, changed = _released(content, path)
    handed = submission.parse(content, path.name, released, _asked(content, released))
    found = Findings(changed, notes=list(handed.notes))
    found.missing = [
        cell_id(cell)
        for cell in released.cells
        if is_answer(cell) and cell_id(cell) not in handed.attempted
    ]
    contents = _contents(path.parent, released)
    limits = Limits()
    contents = needed(contents, handed.program)
    with containers.container(limits, unsafe, contents) as container:
        running = Running(handed.program, container, limits)
        for check, answer in _checks(released).items():
            if answer not in found.missing:
                found.checks[check], notes = _checked(running, released, check, answer)
                found.notes += notes
        found.notes += running.left_out()
    return found


def _released(content: bytes, path: Path) -> tuple[NotebookNode, list[str]]:
    """The notebook as it was given out, as far as it can be known; and what else was changed.

    Of an answer that was given the text before is not known; it is empty here.
    """
    try:
        notebook = json.loads(content)
        nodes = [nbformat.from_dict(cell) for cell in submission.cells(notebook)]
        named: dict[str, list[NotebookNode]] = {}
        for node in nodes:
            if id_ := cell_id(node):
                node.source = source(node)
                if "schema_version" not in node.metadata.nbgrader:
                    raise Unreadable(f"{path}: the cell {id_!r} is not nbgrader's.")
                named.setdefault(id_, []).append(node)
        if not named:
            raise Unreadable(
                f"{path} is no assignment: none of its cells carries nbgrader's marks."
            )
        cells, changed = [], []
        for id_, same in named.items():
            as_given_out = [c for c in same if checksum(c) == c.metadata.nbgrader.get("checksum")]
            cell = as_given_out[0] if as_given_out else same[0]
            if is_answer(cell) and not as_given_out:
                cell = nbformat.from_dict({**cell, "source": ""})
            elif len(as_given_out) < len(same) and not is_answer(cell):
                changed.append(id_)
            cells.append(cell)
        metadata = nbformat.from_dict({"unrolled": notebook.get("metadata", {}).get("unrolled")})
    except Unreadable:
        raise
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError):
        raise Unreadable(f"{path} is damaged: it is not a notebook file.") from None
    return NotebookNode(cells=cells, metadata=metadata), changed


def _checks(released: NotebookNode) -> dict[str, str]:
    """For each public check the answer that it looks at: the one before it."""
    answers = {cell_id(cell) for cell in released.cells if is_answer(cell)}
    found, last = {}, ""
    for cell in released.cells:
        name = cell_id(cell)
        if is_answer(cell):
            last = name
        elif cell.cell_type == "code" and cell.metadata.nbgrader.get("grade"):
            own = name.removesuffix("-check")
            found[name] = own if own in answers else last
    return found


def _asked(content: bytes, released: NotebookNode) -> dict[str, set[str]]:
    """What each answer is to define: what its check speaks of, and the notebook defines."""
    texts = [
        source(cell) for cell in submission.cells(json.loads(content)) if isinstance(cell, dict)
    ]
    known = set().union(*map(defined, texts))
    checks = {cell_id(cell): cell.source for cell in released.cells}
    return {
        answer: known & set(re.findall(r"\w+", checks[check])) - defined(checks[check])
        for check, answer in _checks(released).items()
    }


def _contents(folder: Path, released: NotebookNode) -> Contents:
    """What the sandbox of grading will hold, as the notebook was given out with it."""
    said = released.metadata.get("unrolled") or {}
    listed = said.get("packages", PACKAGES)
    names = (
        [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else listed
    )
    files = [folder / name for name in said.get("files", ()) if isinstance(name, str)]
    data = [(str(p.relative_to(folder)), p.read_bytes()) for p in files if p.is_file()]
    return Contents(tuple(filter(_is_here, names)), tuple(data), CHECKS)


def _is_here(package: str) -> bool:
    try:
        packages.folders([package])
    except PackageMissing:
        return False
    return True


def _checked(
    running: Running, released: NotebookNode, check: str, answer: str
) -> tuple[str, list[str]]:
    """What a check says on what is there before it, and what else stopped there."""
    [text] = [cell.source for cell in released.cells if cell_id(cell) == check]
    notes: list[str] = []

    def look(run: Run) -> str:
        notes.clear()
        run.to_check()
        said = _said(run, check, text)
        if run.further_down(not_there(said)):
            said = _said(run, check, text)
        stopped = [*run.errors(), *(run.errors_of_own() if said else [])]
        notes.extend(f"{answer}: {error}" for error in stopped)
        return said

    try:
        return running.question(answer, 0, look), notes
    except (Stopped, wire.WireError) as stopped:
        return f"your code gave {stopped}", notes


def _said(run: Run, check: str, text: str) -> str:
    errors = run.session.ask({"check": {"name": check, "source": text}}).get("errors")
    if not isinstance(errors, list) or not errors:
        return ""
    first = errors[0]
    if isinstance(first, dict) and first.get("type") == "CheckFailed":
        return str(first.get("message"))
    return told(first, hidden=False) or ""
