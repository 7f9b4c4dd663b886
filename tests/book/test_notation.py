"""The book's page on notation names what the library has, and the five sources that there are."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import nbformat
import pytest

from rnnlib import LSTM, Elman, Jordan, Layer, unroll
from rnnlib.examples import notes_elman, notes_inputs
from rnnlib.losses import Loss

ROOT = Path(__file__).parents[2]
PAGE = "\n".join(
    cell.source for cell in nbformat.read(ROOT / "book" / "notation.ipynb", as_version=4).cells
)
KINDS = (Layer, Elman, Jordan, LSTM)
OWNERS = {
    "trace": {name for kind in KINDS for name in kind.Step._fields},
    "cell": {field.name for kind in KINDS for field in fields(kind)} | {"n_inputs"},
    "layer": {field.name for field in fields(Layer)},
    "lstm": {field.name for field in fields(LSTM)},
    "loss": set(Loss._fields),
}
NAMED = re.findall(r"`(\w+)\.(\w+)", PAGE)


def test_enough_is_named_for_this_test_to_mean_something():
    assert {owner for owner, _ in NAMED} == {*OWNERS, "d"}
    assert len(NAMED) > 20


@pytest.mark.parametrize(("owner", "name"), sorted({each for each in NAMED if each[0] != "d"}))
def test_the_library_has_what_the_page_names(owner, name):
    assert name in OWNERS[owner]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_names_every_weight(kind):
    weights = {field.name for field in fields(kind)}
    assert weights <= {name for owner, name in NAMED if owner in ("cell", "layer", "lstm")}


def test_the_rules_hold():
    trace = unroll(notes_elman(), notes_inputs())
    assert len(trace) == 3
    assert (trace[2].h == trace.h[1]).all()
    assert (trace.xs[2 - 1] == notes_inputs()[1]).all()


def test_the_table_of_sources_has_a_column_for_each():
    header = next(line for line in PAGE.splitlines() if line.startswith("| this book |"))
    assert re.findall(r"\b00\d\b", header) == ["000", "001", "002", "003", "004"]
    columns = header.count("|")
    start = PAGE.index(header)
    table = PAGE[start : PAGE.index("\n\n", start)].splitlines()
    assert all(line.count("|") == columns for line in table), "a row has too many cells"
