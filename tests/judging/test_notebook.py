"""Notebooks and their cells: nbgrader's marks, without nbgrader."""

from __future__ import annotations

import nbformat
import pytest
from courses import ROOT
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.utils import compute_checksum

from unrolled.judging.notebook import cell_id, checksum

ASSIGNMENTS = sorted(ROOT.glob("assignments/*/*.ipynb"))


@pytest.mark.parametrize("path", ASSIGNMENTS, ids=lambda path: path.stem)
def test_a_released_cell_has_its_checksum(path):
    cells = nbformat.read(path, as_version=4).cells
    marked = [cell for cell in cells if "checksum" in cell.metadata.nbgrader]
    assert len(marked) > 10
    assert all(checksum(cell) == cell.metadata.nbgrader.checksum for cell in marked)


@given(
    new_cell=st.sampled_from([new_code_cell, new_markdown_cell]),
    source=st.text(st.characters(exclude_categories=["Cs"])),
    flags=st.fixed_dictionaries(dict.fromkeys(["grade", "solution", "locked"], st.booleans())),
    points=st.integers(0, 9) | st.floats(0, 9),
)
def test_the_checksum_is_nbgraders(new_cell, source, flags, points):
    marks = {"grade_id": "a", "schema_version": 3, "task": False, "points": points, **flags}
    cell = new_cell(source, metadata={"nbgrader": marks})
    assert checksum(cell) == compute_checksum(cell)


@pytest.mark.parametrize("cell", [{}, [], None, {"metadata": {"nbgrader": {"grade_id": 3}}}])
def test_a_cell_without_a_mark_has_no_id(cell):
    assert cell_id(cell) == ""
