"""The chapters as they are stored: run, slim, and of no particular machine.

nbval runs them and compares the outputs; it does not look at a cell that was never run.
"""

from __future__ import annotations

import copy
import re
import runpy
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "book").rglob("*.ipynb"))
refresh = runpy.run_path(str(ROOT / "book" / "refresh.py"))

pytestmark = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def test_every_code_cell_was_run_in_order(path, notebook):
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1)), f"python book/refresh.py {path.name}"


def test_it_is_slim(path, notebook):
    slimmed = copy.deepcopy(notebook)
    refresh["slim"](slimmed)
    assert notebook == slimmed, f"python book/refresh.py {path.name}"
    text = path.read_text(encoding="utf-8")
    assert not re.search(r'"image/|widget-view|widget-state|"execution":', text)


def test_it_holds_no_path_of_a_machine(path):
    assert not re.search(r"/(home|root|work|tmp|Users)/", path.read_text(encoding="utf-8"))


def test_it_is_in_the_table_of_contents(path):
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = [chapter["file"] for part in contents["parts"] for chapter in part["chapters"]]
    assert path.relative_to(ROOT).with_suffix("").as_posix() in listed


def is_chapter(path):
    """Back matter is no chapter."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    [back] = [part for part in contents["parts"] if part["caption"] == "Back matter"]
    return f"book/{path.stem}" not in [page["file"] for page in back["chapters"]]


def test_it_keeps_to_the_template(path, notebook):
    """What every chapter has, in this order."""
    if not is_chapter(path):
        return  # the errata, for one, have a shape of their own: see test_errata.py
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    parts = [
        "**After this chapter you can**",
        "**You need**",
        "**It takes**",
        "## Exercises",
        "## Take-away",
        "## Where this stands",
        "## Further reading",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places and places == sorted(places)
