"""Run notebooks anew and slim them: ``python book/refresh.py NOTEBOOK...``

Stored are the text outputs (nbval compares them), execution counts and cell ids. Not stored are
pictures, widgets' views and state, and what else depends on the day or the machine: a diff then
shows what changed, and nothing more. Works for any notebook, those in ``solutions/`` too.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

SECONDS_A_CELL = 120
TEXT = ("text/plain", "text/html", "text/markdown", "text/latex", "application/json")


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run every cell in ``folder``; raises nbclient's CellExecutionError if one fails."""
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook, timeout=SECONDS_A_CELL, kernel_name="python3", resources=resources
    )
    client.execute()


def slim(notebook: nbformat.NotebookNode) -> None:
    """Leave away what is not text, and metadata of the machine; all in place."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # the times of day
        if cell.cell_type == "code":
            cell.outputs = [output for output in map(_slim_output, cell.outputs) if output]


def _slim_output(output: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    if "data" not in output:
        return output
    output.data = {kind: value for kind, value in output.data.items() if kind in TEXT}
    output.metadata = {}
    return output if output.data else None


def refresh(path: Path) -> None:
    """Run the notebook at ``path`` and write it back, slim."""
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, path.parent)
    slim(notebook)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(__doc__)
    for name in sys.argv[1:]:
        refresh(Path(name))
        print(f"refreshed {name}")
