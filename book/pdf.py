"""Print the whole book: ``python book/pdf.py [SITE]``

Takes the finished site (``_build/html``, unless another is named), puts its chapters one after the
other, and lets Chromium print them twice: the second time the table of contents knows the pages.
Writes ``unrolled.pdf`` into the site, packs the site's archive anew, and lets the front page offer
both.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import matplotlib
from bs4 import BeautifulSoup, NavigableString, Tag
from sphinx_external_toc.parsing import parse_toc_yaml

BOOK = Path(__file__).parent
sys.path.insert(0, str(BOOK / "_extensions"))

import downloads  # noqa: E402, after its place is known

TITLE = "Unrolled"
SUBTITLE = "Recurrent neural networks, one time step at a time"
AUTHORS = "The Unrolled authors"
LICENCE = "Text and figures: CC BY 4.0. Code: BSD-3-Clause."
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
ON_PAPER = """<p><strong>On paper</strong> each figure is a table of all its steps, and some stand
at their last frame. In the site they move, and their numbers can be changed.</p>"""
# of what a page shows on a screen, these have no place on paper
SCREEN_ONLY = "a.headerlink, script, .sd-summary-state-marker, .cell.tag_hide-cell, button"
# a figure that stands still
STILL = """<div class="rnn-stepper rnn-theme"><p class="rnn-title">{title}</p>
<div class="rnn-stage">{frame}</div></div>"""
# what must not be printed: formulas that are not set, pictures that are not there, links to nowhere
UNFIT = """() => [
  ...[...document.querySelectorAll(".math")].filter(e => !e.querySelector("mjx-container"))
    .map(e => e.textContent),
  ...[...document.querySelectorAll("mjx-merror")].map(e => e.textContent),
  ...[...document.images].filter(e => !e.naturalWidth).map(e => e.src),
  ...[...document.querySelectorAll("a[href^='#']")].map(e => e.getAttribute("href"))
    .filter(href => !document.getElementById(href.slice(1))),
]"""
# puts the pages into the table of contents
NUMBER = """pages => document.querySelectorAll(".toc-page").forEach(e => {
  e.textContent = pages[e.closest("a").getAttribute("href").slice(1)];
})"""
# attributes that name an id, or several
NAMING = ("aria-labelledby", "aria-describedby", "for", "headers")


def chapters(toc: Path) -> Iterator[tuple[str, str]]:
    """The documents in the order of the table of contents, each with the part it is in."""
    site_map = parse_toc_yaml(toc)

    def below(name: str, part: str) -> Iterator[tuple[str, str]]:
        yield name, part
        for tree in site_map[name].subtrees:
            for item in tree.items:
                if isinstance(item, str):
                    yield from below(item, tree.caption or part)

    return below(site_map.root.docname, "")


def chapter(site: Path, name: str) -> Tag:
    """A page's article, as it is to stand on paper, with ids that are the book's only ones."""
    page = parsed((site / f"{name}.html").read_text(encoding="utf-8"))
    article = page.select_one("article.bd-article").extract()
    _stop(article, page)
    _leave_paper(article)
    _own_names(article, name)
    article["id"] = slug(name)
    article["class"] = "chapter"
    return article


def parsed(text: str) -> BeautifulSoup:
    return BeautifulSoup(text, "html.parser")


def slug(name: str) -> str:
    return name.rpartition("/")[2]


def _stop(article: Tag, page: Tag) -> None:
    """Put a figure's title and last frame above its table of all steps."""
    state = page.find("script", type="application/vnd.jupyter.widget-state+json")
    models = json.loads(state.string)["state"] if state else {}
    for view in article.find_all("script", type="application/vnd.jupyter.widget-view+json"):
        texts = list(_texts(models, json.loads(view.string)["model_id"]))
        frames = [text for text in texts if 'class="rnn-frame"' in text]
        table = view.find_previous("noscript")
        if not frames or not table:
            continue
        title = re.search(r'class="rnn-title">(.*?)</p>', "".join(texts))[1]
        table.insert_before(parsed(STILL.format(title=title, frame=frames[-1])))
        for caption in table.find_all("caption"):
            told = caption.get_text().removeprefix(parsed(title).get_text()).lstrip(": ")
            caption.string = f"All steps: {told}" if told else "All steps"


def _texts(models: dict, name: str) -> Iterator[str]:
    """What a widget and all below it show as HTML, in their order."""
    state = models[name]["state"]
    if models[name]["model_name"] == "HTMLModel":
        yield state["value"]
    for child in state.get("children", []):
        yield from _texts(models, child.removeprefix("IPY_MODEL_"))


def _leave_paper(article: Tag) -> None:
    """Open what is folded, show all steps of figures that move, drop what is for screens."""
    for tag in article.select(SCREEN_ONLY):
        tag.decompose()
    for tag in article.select("details.hide"):  # code that only draws a figure
        tag.decompose()
    for tag in article.select("details"):
        tag.name = "div"
        tag["class"] = "folded"
        if summary := tag.find("summary", recursive=False):
            summary.name = "p"
            summary["class"] = "folded-title"
    for tag in article.select("noscript"):
        tag.unwrap()
    for tag in article.select("[tabindex]"):
        del tag["tabindex"]
    for tag in article.select(".unrolled-files"):
        tag.replace_with(parsed(ON_PAPER))
    for tag in article.select("span.math"):
        _keep_with_mark(tag)


def _keep_with_mark(formula: Tag) -> None:
    """Let no line end between a formula and the mark that follows it."""
    after = formula.next_sibling
    if isinstance(after, NavigableString) and (mark := re.match(r"[^\s\w(–—-]+", after)):
        formula.wrap(together := parsed("").new_tag("span", attrs={"class": "unbroken"}))
        together.append(mark[0])
        after.replace_with(after[mark.end() :])


def _own_names(article: Tag, name: str) -> None:
    """Put the page's name before its ids, and into all that refers to them."""
    here = slug(name)
    for tag in article.find_all(True):
        if "id" in tag.attrs:
            tag["id"] = f"{here}--{tag['id']}"
        for attribute in NAMING:
            if attribute in tag.attrs:
                ids = tag[attribute]
                ids = ids if isinstance(ids, list) else ids.split()
                tag[attribute] = " ".join(f"{here}--{each}" for each in ids)
        for attribute, value in tag.attrs.items():
            if isinstance(value, str) and "url(#" in value:
                tag[attribute] = value.replace("url(#", f"url(#{here}--")
        if "href" in tag.attrs:
            target = link(tag["href"], here)
            if target is None:
                del tag["href"]
            else:
                tag["href"] = target


def link(target: str, here: str) -> str | None:
    """Where a page's link leads in print; None if to no page of the book.

    >>> link("#x", "elman"), link("lstm.html#y", "elman"), link("lstm.html", "elman")
    ('#elman--x', '#lstm--y', '#lstm')
    >>> link("https://example.org", "elman"), link("../genindex.html", "elman")
    ('https://example.org', None)
    """
    if re.match(r"[a-z]+:", target):
        return target
    file, _, anchor = target.partition("#")
    if file and not re.fullmatch(r"[\w-]+\.html", file):
        return None
    page = file.removesuffix(".html") or here
    return f"#{page}--{anchor}" if anchor else f"#{page}"


BELOW = {"part": "chapter", "chapter": "section", "section": ""}


@dataclass
class Entry:
    """A line of the table of contents; a part has no place of its own."""

    kind: str
    title: str
    target: str = ""


def entries(articles: dict[str, tuple[str, Tag]]) -> Iterator[Entry]:
    """The table of contents: parts, chapters and their sections."""
    headings = {name: article.find_all("h2") for name, (_, article) in articles.items()}
    times = Counter(heading.get_text() for each in headings.values() for heading in each)
    last = ""
    for name, (part, article) in articles.items():
        if part != last:
            yield Entry("part", part)
            last = part
        yield Entry("chapter", article.h1.get_text(), slug(name))
        for heading in headings[name]:
            if times[heading.get_text()] == 1:  # the parts that all chapters have tell nothing
                yield Entry("section", heading.get_text(), heading.parent["id"])


def contents(lines: Iterable[Entry]) -> str:
    """The table of contents in HTML; where pages will stand, there is a number as long."""

    def line(entry: Entry) -> str:
        title = f"<span>{escape(entry.title)}</span>"
        if not entry.target:
            return f'<p class="toc-{entry.kind}">{title}</p>'
        number = '<span class="toc-page">000</span>'
        return f'<a class="toc-{entry.kind}" href="#{entry.target}">{title}{number}</a>'

    return "\n".join(map(line, lines))


def assemble(articles: dict[str, tuple[str, Tag]]) -> str:
    """The text of the one page that is printed; it is to lie beside the chapters."""
    styles = [(BOOK / "pdf.css").read_text(encoding="utf-8")]
    for name, (part, article) in articles.items():
        # a page of paper has at its head the part on the left and the chapter on the right
        left, right = (f'"{_quoted(text)}"' for text in (part, article.h1.get_text()))
        styles.append(
            f"@page {slug(name)} {{ @top-left {{ content: {left} }} "
            f"@top-right {{ content: {right} }} }}\n#{slug(name)} {{ page: {slug(name)} }}"
        )
    styles += [
        f'@font-face {{ font-family: "{family}"; src: url("{(FONTS / file).as_uri()}"); '
        f"font-weight: {weight}; font-style: {style} }}"
        for family, file, weight, style in [
            ("Book", "STIXGeneral.ttf", "normal", "normal"),
            ("Book", "STIXGeneralItalic.ttf", "normal", "italic"),
            ("Book", "STIXGeneralBol.ttf", "bold", "normal"),
            ("Book", "STIXGeneralBolIta.ttf", "bold", "italic"),
            ("Code", "DejaVuSansMono.ttf", "normal", "normal"),
            ("Sign", "DejaVuSans.ttf", "normal", "normal"),
            ("Sign", "DejaVuSans-Bold.ttf", "bold", "normal"),
        ]
    ]
    bodies = "\n".join(str(article) for _, article in articles.values())
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{TITLE}</title>
<link rel="stylesheet" href="../_static/pygments.css">
<link rel="stylesheet" href="../_static/stepper.css">
<style>{chr(10).join(styles)}</style>
<script>window.MathJax = {{options: {{processHtmlClass: "math"}}}}</script>
<script defer src="../_static/mathjax/tex-chtml.js"></script>
</head><body>
<section class="cover"><img src="../_static/logo-light.svg" alt="">
<p class="cover-title">{TITLE}</p><p>{SUBTITLE}</p><p class="cover-authors">{AUTHORS}</p>
<p class="cover-licence">{LICENCE}</p></section>
<nav class="contents"><h1>Contents</h1>{contents(entries(articles))}</nav>
{bodies}
</body></html>"""


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    sys.exit("pdf: there is no Chromium; get it by: apt-get install chromium")


def print_twice(browser, file: Path, text: str) -> bytes:
    """What Chromium prints of ``text``, a page with the address of ``file``."""
    file.write_text(text, encoding="utf-8")
    page = browser.new_page()
    page.set_default_timeout(300_000)  # there are many formulas, and machines have other work
    paper = {"prefer_css_page_size": True, "print_background": True}
    try:
        page.goto(file.as_uri())
        page.wait_for_function("window.MathJax?.startup?.promise")
        page.evaluate("MathJax.startup.promise")
        page.evaluate("document.fonts.ready")
        if wrong := page.evaluate(UNFIT):
            raise SystemExit(f"pdf: not fit to print: {', '.join(wrong)}")
        pages = page_numbers(page.pdf(**paper))
        page.evaluate(NUMBER, pages)
        printed = page.pdf(**paper, tagged=True)
    finally:
        page.close()
        file.unlink()
    if page_numbers(printed) != pages:
        raise SystemExit("pdf: with its page numbers in it, the table of contents is longer")
    return printed


def page_numbers(pdf: bytes) -> dict[str, int]:
    """The page of every place that a link leads to."""
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as printed:
        order = {page.objgen: number for number, page in enumerate(printed.pages, start=1)}
        places = printed.Root.Dests.items()
        return {name.removeprefix("/"): order[place[0].objgen] for name, place in places}


def save(pdf: bytes, lines: Iterable[Entry], target: Path) -> None:
    """Write what was printed, with its outline and author, and packed: it shrinks to a third."""
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as printed:
        with printed.open_outline() as outline:
            siblings = {"part": outline.root, "chapter": outline.root}
            for entry in lines:
                place = printed.Root.Dests.get(f"/{entry.target}")
                item = pikepdf.OutlineItem(entry.title, place)
                item.is_closed = entry.kind != "part"
                siblings[entry.kind].append(item)
                siblings[BELOW[entry.kind]] = item.children
        with printed.open_metadata(set_pikepdf_as_editor=False) as about:
            about["dc:title"], about["dc:creator"] = TITLE, [AUTHORS]
            about["dc:description"] = SUBTITLE
        printed.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def make(site: Path) -> Path:
    """Print the book of the finished ``site`` into it; the PDF's path."""
    from playwright.sync_api import sync_playwright

    articles = {
        name: (part, chapter(site, name)) for name, part in chapters(BOOK.parent / "_toc.yml")
    }
    draft = site / "book" / "unrolled-draft.html"
    with sync_playwright() as playwright:
        # pages of one's own need no sandbox of the browser's, which containers lack
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        printed = print_twice(browser, draft, assemble(articles))
        browser.close()
    target = site / downloads.PDF
    save(printed, entries(articles), target)
    downloads.finish(site)
    return target


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("site", nargs="?", type=Path, default=BOOK.parent / "_build" / "html")
    site = parser.parse_args().site.resolve()
    if not (site / downloads.FRONT_PAGE).is_file():
        sys.exit(f"pdf: {site} holds no finished book; build it by: jupyter-book build .")
    print(make(site))
