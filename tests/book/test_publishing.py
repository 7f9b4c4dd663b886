"""What follows from the book's public place; downloads, archive, and the workflows that publish."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import card
import downloads
import nbformat
import pdf
import pikepdf
import published
import pytest
import yaml
from plain import plain

from unrolled.cli.commands.demo import build_book

ROOT = Path(__file__).parents[2]
ADDRESS = "https://ada.github.io/rnn-book/"


@pytest.fixture(scope="module")
def public(tmp_path_factory, node_modules):
    """The site of a few pages, not executed, of a book that has a public place."""
    folder = tmp_path_factory.mktemp("public")
    for name in ("book", "rnnlib", "unrolled", "node_modules", "package-lock.json"):
        (folder / name).symlink_to(ROOT / name)
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    config["execute"]["execute_notebooks"] = "off"
    (folder / "_config.yml").write_text(yaml.safe_dump(config))
    chapters = [{"file": "book/errata"}, {"file": "book/threat-model"}]
    toc = {"format": "jb-book", "root": "book/index", "chapters": chapters}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNROLLED_REPOSITORY", "Ada/rnn-book")
        return build_book(folder).parent


def buttons(page: str) -> dict[str, str]:
    """Where the buttons over a page lead, by their tips."""
    found = re.findall(r'<a href="([^"]+)"[^>]*?\btitle="([^"]+)"', page)
    return {tip: address for address, tip in found}


def metas(page: str) -> dict[str, str]:
    return dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)"', page))


def test_with_a_repository_every_button_leads_there(public):
    found = buttons((public / "book" / "errata.html").read_text())
    home = "https://github.com/Ada/rnn-book"
    assert found["Source repository"] == home
    assert found["Suggest edit"] == f"{home}/edit/main/book/errata.ipynb"
    assert found["Open an issue"].startswith(f"{home}/issues/new?")
    assert found["Launch on Binder"] == (
        "https://mybinder.org/v2/gh/Ada/rnn-book/main?urlpath=lab/tree/book/errata.ipynb"
    )
    assert found["Launch on Colab"] == (
        "https://colab.research.google.com/github/Ada/rnn-book/blob/notebooks/book/errata.ipynb"
    )


def test_a_page_that_is_no_notebook_has_an_edit_button_and_launches_nothing(public):
    found = buttons((public / "book" / "threat-model.html").read_text())
    assert found["Suggest edit"].endswith("/edit/main/book/threat-model.md")
    assert not [tip for tip in found if tip.startswith("Launch")]


def test_with_a_repository_pages_and_pictures_have_whole_addresses(public):
    page = (public / "book" / "errata.html").read_text()
    [canonical] = re.findall(r'<link rel="canonical" href="([^"]+)"', page)
    assert canonical == metas(page)["og:url"] == f"{ADDRESS}book/errata.html"
    picture = metas(page)["og:image"]
    assert picture.startswith(ADDRESS)
    assert (public / picture.removeprefix(ADDRESS)).is_file()


def test_a_notebook_from_a_public_place_installs_from_there(public):
    notebook = nbformat.read(public / "_sources" / "book" / "errata.ipynb", 4)
    source = "unrolled[widgets,figures] @ git+https://github.com/Ada/rnn-book"
    assert f'source = "{source}"' in notebook.cells[0].source


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Ada/rnn-book", ADDRESS),
        ("ada/Unrolled", "https://ada.github.io/Unrolled/"),
        ("ada/ada.github.io", "https://ada.github.io/"),
    ],
)
def test_the_sites_address(name, address):
    assert published.pages_address(name) == address


@pytest.mark.parametrize("name", ["ada", "https://github.com/ada/book", "ada/", "a b/c"])
def test_a_repository_of_another_form_is_refused(name, monkeypatch):
    from sphinx.config import Config
    from sphinx.errors import ConfigError

    monkeypatch.setenv("UNROLLED_REPOSITORY", name)
    with pytest.raises(ConfigError, match="expected the form OWNER/NAME"):
        published.repository(Config())


def run_first_cell(name, path, pip):
    """The first cell in a fresh Python without unrolled, whose pip is the program ``pip``."""
    (path / "cell.py").write_text(downloads.first_cell(name).source)
    (path / "pip.py").write_text(pip)
    return subprocess.run(
        [sys.executable, "-S", "cell.py"],
        cwd=path,
        env={"PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
    )


def test_the_first_cell_installs_what_is_missing(tmp_path):
    done = run_first_cell("ada/book", tmp_path, "import sys; print(sys.argv[1:])")
    assert done.returncode == 0, done.stderr
    asked = "unrolled[widgets,figures] @ git+https://github.com/ada/book"
    assert done.stdout.strip() == str(["install", "--quiet", asked])


@pytest.mark.parametrize(
    ("name", "pip"), [("ada/book", "raise SystemExit(1)"), ("", "print('ran')")]
)
def test_the_first_cell_says_when_it_cannot(name, pip, tmp_path):
    done = run_first_cell(name, tmp_path, pip)
    assert done.stdout == ""
    assert "could not be installed" in done.stderr.splitlines()[-1]


def test_the_first_cell_leaves_what_is_installed_alone(tmp_path):
    (tmp_path / "unrolled.py").write_text("")
    done = run_first_cell("ada/book", tmp_path, "print('ran')")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (
            ":::{admonition} Before\n:class: note\n\n**You** need {eq}`a`.\n\n- one\n:::\nAfter",
            "> **Before**\n>\n> **You** need (7).\n>\n> - one\nAfter",
        ),
        (
            ":::{dropdown} Solution\n$$ x $$ (a)\n:::",
            "<details><summary>Solution</summary>\n\n$$ x \\tag{7}\n$$\n\n</details>\n",
        ),
        (
            "::::{tab-set}\n:sync-group: s\n:::{tab-item} Py\n:sync: p\n```{literalinclude} c.py\n"
            ':language: python\n:start-at: "two"\n:end-before: "four"\n```\n:::\n::::\nEnd',
            "**Py**\n\n```python\n# two\nthree\n```\nEnd",
        ),
        ("$$\nx\n$$ (a)\nand $$y$$", "$$\nx \\tag{7}\n$$\nand $$y$$"),
        ("$$ x $$ (unknown) {eq}`unknown`", "$$ x $$ (unknown) unknown"),
        ("{doc}`the cell <elman>`, {term}`gate`, {py:func}`unroll`", "the cell, gate, `unroll`"),
        ("```\n:::{note}\n```\n`{eq}`", "```\n:::{note}\n```\n`{eq}`"),
        ("```{math}\n:label: a\nx\n```", "$$\nx \\tag{7}\n$$"),
        (":::{note}\nx\n:::", "> **Note**\n> x"),
    ],
)
def test_what_myst_marks_is_told_in_plain_markdown(typed, told, tmp_path):
    (tmp_path / "c.py").write_text("one\n# two\nthree\n\n# four\n")
    assert plain(typed, {"a": "7"}, tmp_path) == told


def small_site(folder):
    (folder / "book").mkdir()
    text = '<div class="unrolled-files docutils container">\n<p>Here.</p>\n</div><p>More.</p>'
    (folder / "book" / "index.html").write_text(text)
    (folder / "a.html").write_text("a")
    return folder


def test_the_same_files_make_the_same_archive(tmp_path):
    archives = []
    for time in (1e9, 1.5e9):
        site = tmp_path / str(time)
        site.mkdir()
        for file in small_site(site).rglob("*.html"):
            os.utime(file, (time, time))
        downloads.finish(site)
        archives.append((site / downloads.ARCHIVE).read_bytes())
    assert archives[0] == archives[1]


def test_the_front_page_offers_what_there_is(tmp_path):
    site, front = small_site(tmp_path), tmp_path / "book" / "index.html"

    def links(text):
        return re.findall(r'href="\.\./([^"]+)"', text)

    def packed():
        with ZipFile(site / downloads.ARCHIVE) as archive:
            return archive.namelist(), archive.read("unrolled/book/index.html").decode()

    downloads.finish(site)
    assert links(front.read_text()) == [downloads.ARCHIVE]
    names, page = packed()
    assert names == ["unrolled/a.html", "unrolled/book/index.html"]
    assert links(page) == []
    (site / downloads.PDF).write_bytes(b"%PDF")
    downloads.finish(site)
    assert links(front.read_text()) == [downloads.ARCHIVE, downloads.PDF]
    names, page = packed()
    assert links(page) == [downloads.PDF]
    assert f"unrolled/{downloads.PDF}" in names
    assert page.endswith("<p>More.</p>")


def test_the_card_has_its_size_and_is_drawn_alike_twice(tmp_path):
    from matplotlib.image import imread

    for name in ("a.png", "b.png"):
        card.draw(tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert imread(tmp_path / "a.png").shape[:2] == (card.HEIGHT, card.WIDTH)
    assert (tmp_path / "a.png").stat().st_size < 300_000


# the whole site, without a public place


def notebooks(site):
    return sorted((site / "_sources").rglob("*.ipynb"))


def test_every_download_is_executed_and_starts_with_what_it_needs(site):
    assert notebooks(site)
    for path in notebooks(site):
        cells = nbformat.read(path, 4).cells
        first, *rest = (cell for cell in cells if cell.cell_type == "code")
        assert first == downloads.first_cell(""), path
        told = "\n".join(
            c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown"
        )
        assert not re.search(r"^\s*:::|\{[a-z-]+\}`|^```\{|\$\$ *\(", told, re.MULTILINE), path
        page = (site / path.relative_to(site / "_sources")).with_suffix(".html").read_text()
        shown = re.findall(r'class="eqno">\(([\d.]+)\)', page)
        assert re.findall(r"\\tag\{([\d.]+)\}", told) == shown, path
        counts = [cell.execution_count for cell in rest]
        assert counts == list(range(1, len(rest) + 1)), path


def test_a_downloaded_chapter_has_its_pictures_and_its_figures(site):
    notebook = nbformat.read(site / "_sources" / "book" / "elman.ipynb", 4)
    kinds = {
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    }
    assert "application/vnd.jupyter.widget-view+json" in kinds
    state = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]
    assert "PlayModel" in {model["model_name"] for model in state["state"].values()}


def test_the_archive_holds_the_site(site):
    with ZipFile(site / downloads.ARCHIVE) as archive:
        names = set(archive.namelist())
        assert archive.testzip() is None
    files = {f.relative_to(site).as_posix() for f in site.rglob("*") if f.is_file()}
    assert names == {f"unrolled/{name}" for name in files - {downloads.ARCHIVE, ".buildinfo"}}


@pytest.fixture(scope="module")
def printed(site, tmp_path_factory, chromium):
    """A copy of the site with the book's PDF. What prints it stops at formulas that are not set,
    pictures that are not there, links to nowhere, and contents that name other pages."""
    copy = tmp_path_factory.mktemp("printed") / "html"
    shutil.copytree(site, copy)
    done = subprocess.run(
        [sys.executable, str(ROOT / "book" / "pdf.py"), str(copy)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return copy


def test_the_pdf_has_every_chapter_with_its_sections(site, printed):
    names = [Path(name).name for name, _ in pdf.chapters(ROOT / "_toc.yml")]
    assert {f"{name}.html" for name in names} == {page.name for page in site.glob("book/*.html")}
    titles = [heading(site / "book" / f"{name}.html") for name in names]
    with pikepdf.open(printed / downloads.PDF) as book, book.open_outline() as outline:
        assert book.Root.MarkInfo.Marked and book.Root.Lang == "en"
        assert len(book.pages) > 3 * len(names)
        front, *parts = outline.root
        listed = [front, *(chapter for part in parts for chapter in part.children)]
        assert [str(chapter.title) for chapter in listed] == titles
        places = [chapter.destination[0].objgen for chapter in listed]
        order = [page.objgen for page in book.pages if page.objgen in places]
        assert places == order  # each begins a page, one after the other


def heading(page):
    return pdf.parsed(page.read_text()).h1.find(string=True)


def test_with_the_pdf_the_front_page_and_the_archive_offer_it(printed):
    assert f'href="../{downloads.PDF}"' in (printed / "book" / "index.html").read_text()
    with ZipFile(printed / downloads.ARCHIVE) as archive:
        assert f"unrolled/{downloads.PDF}" in archive.namelist()
    assert not list(printed.rglob("*draft*"))


def test_on_paper_a_figure_is_its_steps_or_its_last_frame_and_its_steps(site):
    article = pdf.chapter(site, "book/elman")
    live = article.select(".un-place .rnn-table")
    assert len(live) == (site / "book" / "elman.html").read_text().count("un-place")
    assert live[0].caption.get_text().endswith("at step 1?")
    assert "(9, 0, 0)" in live[0].get_text()
    figures = article.select(".rnn-stepper")
    assert len(figures) == len(
        re.findall("widget-view", (site / "book" / "elman.html").read_text())
    )
    steps = figures[0].find_next_sibling(class_="rnn-table")
    assert steps.caption.get_text().startswith("All steps")
    assert not article.select("noscript, script, details, summary")
    ids = [tag["id"] for tag in article.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert all(one == "elman" or one.startswith("elman--") for one in ids)


@pytest.mark.parametrize(
    ("text", "unbroken"),
    [(", so", ","), ("-th", ""), (" is", ""), (").", ")."), ("s", "")],
)
def test_a_mark_stays_with_the_formula_before_it(text, unbroken):
    page = pdf.parsed(f'<p><span class="math">x</span>{text}</p>')
    pdf._keep_with_mark(page.select_one(".math"))
    assert page.get_text() == f"x{text}"
    together = page.select_one(".unbroken")
    assert (together.get_text() if together else "x") == f"x{unbroken}"


def test_without_a_repository_no_button_leads_away(site):
    for page in site.rglob("*.html"):
        text = page.read_text()
        assert "canonical" not in text
        assert "og:image" not in metas(text)
        assert not [where for where in buttons(text).values() if where.startswith("http")]


def test_every_page_has_a_description_of_its_own(site):
    seen = {}
    for page in [*site.glob("*.html"), *site.glob("book/*.html")]:
        name = page.relative_to(site).as_posix()
        if name == "index.html":  # leads to the front page at once
            continue
        found = metas(page.read_text())
        told = found.get("description", "")
        assert 50 <= len(told) <= 160, f"{name} wants 50 to 160 characters in book/descriptions.yml"
        assert found["og:description"] == told
        assert told not in seen, (name, seen[told])
        seen[told] = name
