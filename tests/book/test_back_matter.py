"""Glossary, bibliography and the index of exercises: nothing that they promise is missing."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
import yaml
from pybtex.database import parse_file

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
PARTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
CHAPTERS = [Path(each["file"]).name for part in PARTS[:-1] for each in part["chapters"]]
BACK_MATTER = [Path(each["file"]).name for each in PARTS[-1]["chapters"]]


@cache
def chapter(name: str) -> str:
    """A chapter's text, without its code."""
    cells = nbformat.read(BOOK / f"{name}.ipynb", as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_back_matter_has_its_order():
    wanted = ["solutions", "errata", "glossary", "bibliography", "reference", "speed"]
    wanted += ["instructors", "command-line", "rubric", "strength", "threat-model"]
    wanted += ["troubleshooting", "changes"]
    assert [name for name in BACK_MATTER if name in wanted] == wanted


# the glossary


@cache
def glossary() -> dict[str, str]:
    """The terms and what is said of them."""
    text = (BOOK / "glossary.md").read_text(encoding="utf-8").split(":sorted:\n")[1]
    found = re.findall(r"^(\S.*)\n((?:  .+\n)+)", text, re.M)
    return {term: " ".join(said.split()) for term, said in found}


def test_no_term_is_explained_twice():
    text = (BOOK / "glossary.md").read_text(encoding="utf-8").split(":sorted:\n")[1]
    terms = re.findall(r"^([^\s`].*)$", text, re.M)
    assert sorted(terms) == sorted(glossary())


@pytest.mark.parametrize("term", glossary())
def test_a_term_is_told_in_a_few_sentences_that_lead_on(term):
    said = glossary()[term]
    prose = re.sub(r"\{\w[\w:]*\}`[^`]*`|`[^`]*`|\$[^$]*\$", "x", said)
    assert len(re.findall(r"[.:](?= |$)", prose)) <= 6, said
    assert prose.endswith(".")
    # another term, a chapter, the library; or a word so plain that it stands alone
    assert "{" in said or len(said) < 250


def test_every_symbol_of_the_notation_page_is_a_quantity_of_the_glossary():
    rows = re.findall(
        r"^\| (\$[^|]+\$) \| ([^|]+) \|", section(chapter("notation"), "The symbols"), re.M
    )
    assert len(rows) > 15
    lacking = [
        what
        for _, what in rows
        if not any(re.search(rf"\b{re.escape(term)}", what, re.I) for term in glossary())
    ]
    assert lacking == []


@pytest.mark.parametrize(
    "term",
    [
        "hidden layer",
        "hidden state",
        "time step",
        "unrolling",
        "cell",
        "gate",
        "cell state",
        "truncation",
        "Jacobian",
        "spectral radius",
        "batch",
        "epoch",
        "teacher forcing",
        "trace",
        "initial state",
        "pre-activation",
    ],
)
def test_what_a_reader_looks_for_is_there(term):
    assert term in glossary()


def test_a_network_with_a_chapter_has_an_entry():
    titles = [re.search(r"^# (?:The|A|An) (.+)$", chapter(name), re.M) for name in CHAPTERS]
    networks = [title[1] for title in titles if title and re.search("network$|^LSTM$", title[1])]
    assert len(networks) >= 3 and set(networks) <= set(glossary())


# the bibliography


@cache
def works() -> dict[str, tuple[str, str]]:
    """First author (or what stands for one) and year of each work, by key."""
    entries = parse_file(BOOK / "references.bib").entries
    return {
        key: (
            "".join(entry.persons["author"][0].last_names) if entry.persons else "",
            entry.fields.get("year", ""),
        )
        for key, entry in entries.items()
    }


def test_sources_are_five():
    entries = parse_file(BOOK / "references.bib").entries
    sources = [key for key, entry in entries.items() if entry.fields.get("keywords") == "source"]
    assert len(sources) == 5


def test_works_have_author_title_and_year():
    for key, entry in parse_file(BOOK / "references.bib").entries.items():
        if entry.fields.get("keywords") != "source":
            assert entry.persons["author"] and entry.fields["title"] and entry.fields["year"], key
            assert key.startswith(re.sub(r"\W", "", works()[key][0].split("{")[0].lower())[:3]), key


@pytest.mark.parametrize("name", CHAPTERS)
def test_further_reading_is_in_the_bibliography(name):
    for line in section(chapter(name), "Further reading").splitlines():
        for year in re.findall(r"\((?:[^()]*\b)?((?:19|20)\d\d)\)", line):
            surnames = [plain(author) for author, written in works().values() if written == year]
            assert any(surname and surname in line for surname in surnames), f"{year} of: {line}"


def plain(name: str) -> str:
    """A name out of a .bib file, as it is written elsewhere."""
    for tex, letter in {r"{\'e}": "é", r"{\"u}": "ü", r"{\"e}": "ë"}.items():
        name = name.replace(tex, letter)
    return name


# the index of exercises


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_exercise_has_a_solution_that_folds(name):
    exercises = section(chapter(name), "Exercises")
    asked = re.split(r"^### \d+\. ", exercises, flags=re.M)[1:]
    assert asked, name
    for each in asked:
        assert "{dropdown} Solution" in each, each[:60]


def test_the_notes_exercises_are_in_assignments():
    texts = [
        cell.source
        for file in ROOT.glob("assignments/*/*.ipynb")
        for cell in nbformat.read(file, as_version=4).cells
    ]
    found = re.findall(r"^## Exercise (\d)\b", "\n".join(texts), re.M)
    assert sorted(set(found)) == ["1", "2", "3"]


# what changed


def test_what_changed_is_the_changelog():
    assert "{include} ../CHANGELOG.md" in (BOOK / "changes.md").read_text(encoding="utf-8")
