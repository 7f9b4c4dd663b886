"""``unrolled check``: a student's notebook, before it is handed in.

The released notebook need not be there: nbgrader wrote into each cell's metadata a checksum of what
it held. The public checks run in the sandbox of grading, which for this purpose also holds
``rnnlib`` and the checks; what they say is about the student's own code, and for the student.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

import rnnlib
from unrolled.judging import submission
from unrolled.judging.notebook import cell_id, checksum, source
from unrolled.judging.submission import Unreadable
from unrolled.sandbox import containers, wire
from unrolled.sandbox.containers import Container, Limits, Stopped

PACKAGES = (Path(rnnlib.__file__).parent, Path(__file__).parents[1])
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
    """

    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    checks: dict[str, str] = field(default_factory=dict)

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
    notebook = _read(path)
    found = Findings()
    for cell in notebook.cells:
        name, settings = cell_id(cell), cell.metadata.get("nbgrader", {})
        if not name:
            continue
        as_released = checksum(cell) == settings.get("checksum")
        if settings.get("solution"):
            if as_released:
                found.missing.append(name)
        elif not as_released:
            found.changed.append(name)
    found.checks = _run_checks(notebook, found.missing, unsafe)
    return found


def _read(path: Path) -> NotebookNode:
    content = submission.load(path)
    try:
        notebook = nbformat.from_dict(json.loads(content))
        named = [cell for cell in notebook.cells if cell_id(cell)]
        for cell in named:
            cell.source = source(cell)
            if "schema_version" not in cell.metadata.nbgrader:
                raise Unreadable(f"{path}: the cell {cell_id(cell)!r} is not nbgrader's.")
    except Unreadable:
        raise
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError):
        raise Unreadable(f"{path} is damaged: it is not a notebook file (format 4).") from None
    if not named:
        raise Unreadable(f"{path} is no assignment: none of its cells carries nbgrader's marks.")
    return notebook


def _run_checks(notebook: NotebookNode, missing: list[str], unsafe: bool) -> dict[str, str]:
    """What each public check says on the answer before it, where there is one."""
    said: dict[str, str] = {}
    cells: list[dict[str, str]] = []
    answer = None
    with containers.container(Limits(), unsafe, packages=PACKAGES) as container:
        for cell in notebook.cells:
            name, settings = cell_id(cell), cell.metadata.get("nbgrader", {})
            if cell.cell_type != "code" or not name:
                continue
            code = {"name": name, "source": cell.source}
            if settings.get("grade") and not settings.get("solution"):
                if answer not in missing:
                    said[name] = _run(container, [*cells, code])
            elif name not in missing:
                cells.append(code)
            if settings.get("solution"):
                answer = name
    return said


def _run(container: Container, cells: list[dict[str, str]]) -> str:
    try:
        with container.question() as session:
            error = session.start(cells).get("error")
    except (Stopped, wire.WireError) as stopped:
        return f"your code gave {stopped}"
    if not isinstance(error, dict):
        return ""
    kind, message = str(error.get("type")), str(error.get("message"))
    return message if kind == "CheckFailed" else f"{kind}: {message}"
