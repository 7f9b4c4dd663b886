"""The page of errata: every entry of its tables has a section, and a cell that shows it."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

PAGE = Path(__file__).parents[2] / "book" / "errata.ipynb"
CELLS = nbformat.read(PAGE, as_version=4).cells
TEXT = "\n\n".join(cell.source for cell in CELLS if cell.cell_type == "markdown")
NUMBERS = [int(n) for n in re.findall(r"^\| \[(\d+)\]\(#erratum-\1\) \|", TEXT, re.MULTILINE)]


def section(number):
    """The markdown cell of an entry, and the cell after it."""
    [place] = [i for i, cell in enumerate(CELLS) if cell.source.startswith(f"(erratum-{number})=")]
    return CELLS[place], CELLS[place + 1]


def test_the_tables_count_without_a_gap():
    assert len(NUMBERS) > 50
    assert list(range(1, len(NUMBERS) + 1)) == NUMBERS
    assert len(re.findall(r"^\(erratum-\d+\)=$", TEXT, re.MULTILINE)) == len(NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_an_entry_says_what_where_and_why_and_shows_it(number):
    text, cell = section(number)
    lines = [line for line in text.source.splitlines() if line]
    assert re.fullmatch(rf"### {number}\. .+", lines[1])
    assert re.fullmatch(r"\*Source 00[0-4], .+\.\*", lines[2])
    assert lines[3].startswith("**Printed:** ")
    assert lines[4].startswith("**Right:** ")
    assert len(lines) > 5, "nothing says why"
    assert cell.cell_type == "code" and cell.outputs, "no cell shows it"


def test_the_introduction_counts_right():
    total, *kinds = map(
        int,
        re.search(
            r"(\d+) entries\. (\d+) are mistakes of substance, (\d+) are inconsistencies of "
            r"notation, (\d+) are misprints",
            TEXT,
        ).groups(),
    )
    assert total == sum(kinds) == len(NUMBERS)


def test_nothing_is_said_twice():
    printed = re.findall(r"^\*\*Printed:\*\* (.+)$", TEXT, re.MULTILINE)
    assert len(printed) == len(set(printed)) == len(NUMBERS)


@pytest.mark.parametrize("name", ["training", "bptt", "gradients"])
def test_the_entries_that_a_chapter_cites_are_of_the_source_that_it_speaks_of(name):
    cells = nbformat.read(PAGE.with_name(f"{name}.ipynb"), as_version=4).cells
    stands = next(cell.source for cell in cells if "## Where this stands" in cell.source)
    cited = 0
    for paragraph in stands.partition("## Where this stands")[2].split("\n\n"):
        source = re.match(r"Source (00\d)", paragraph)
        for listed in re.findall(r"\bentr(?:y|ies) ((?:\d+(?:, | and | to )?)+)", paragraph):
            for number in map(int, re.findall(r"\d+", listed)):
                assert f"*Source {source[1]}, " in section(number)[0].source, number
                cited += 1
    assert cited


def test_links_within_the_page_have_their_targets():
    targets = set(re.findall(r"^\(([\w-]+)\)=$", TEXT, re.MULTILINE))
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= targets


def test_the_lost_equations_are_there():
    for label in ("step", "sum", "back", "wh", "wx", "bh", "wo"):
        assert TEXT.count(f"(lost-{label})") == 1
