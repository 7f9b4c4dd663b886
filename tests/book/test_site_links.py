"""The whole site: links, anchors, pictures' words, and what a visit weighs."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browsing import PATIENCE, listen

from unrolled.judging import rubric

CHAPTER = "book/elman.html"
KILOBYTE, MEGABYTE = 1_000, 1_000_000


@dataclass
class Page(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    pictures: list[dict[str, str]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.open: list[str] = []  # what is open of that in which text is no prose

    def handle_starttag(self, tag: str, attributes: list) -> None:
        named = {name: value or "" for name, value in attributes}
        self.links += [named[name] for name in ("href", "src") if name in named]
        self.ids += [named[name] for name in ("id", "name") if name in named and tag != "meta"]
        if tag in ("img", "svg"):
            self.pictures.append({"tag": tag} | named)
        if tag == "title" and self.pictures:  # an SVG's own, right behind it
            self.pictures[-1]["title"] = "there"
        if tag in ("script", "style", "code", "pre"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open:
            self.text.append(data)


@cache
def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def pages(site: Path) -> list[Path]:
    return [*site.glob("*.html"), *site.glob("book/*.html")]


def test_every_link_leads_somewhere(site):
    lost, anchors = [], []
    for path in pages(site):
        for link in read(path).links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not file.is_file():
                lost.append((path.name, link))
            elif file.suffix == ".html" and parts.fragment:
                anchors.append((path.name, link, file, unquote(parts.fragment)))
    lost += [(name, link) for name, link, file, anchor in anchors if anchor not in read(file).ids]
    assert lost == []


def test_a_link_that_leads_nowhere_is_seen(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html">b</a><a href="#c">c</a><i id="d">d</i>')
    with pytest.raises(AssertionError, match=r"b\.html"):
        test_every_link_leads_somewhere(tmp_path)


def test_an_id_occurs_once_on_its_page(site):
    for path in pages(site):
        ids = [one for one in read(path).ids if one]
        twice = {one for one in ids if ids.count(one) > 1}
        # names of the theme's own inputs and metas, which no link leads to
        assert not {one for one in twice if any(f"#{one}" in link for link in read(path).links)}


def test_every_picture_has_words_or_needs_none(site):
    silent = []
    for path in pages(site):
        for picture in read(path).pictures:
            if picture["tag"] == "img":
                # the book's name stands beside the logo
                told = picture.get("alt") or "logo__image" in picture.get("class", "")
            else:
                told = {"aria-label", "aria-labelledby", "title", "aria-hidden"} & picture.keys()
            if not told:
                silent.append((path.name, picture))
    assert silent == []


def test_no_reference_is_left_as_it_was_typed(site):
    typed = re.compile(r"\{(eq|ref|doc|numref|cite\w*|term|download)\}|\(\?\?\)|\[@")
    for path in pages(site):
        found = typed.search(" ".join(read(path).text))
        assert found is None, (path.name, found)


def test_an_equations_number_is_its_own(site):
    numbers = []
    for path in sorted(site.glob("book/*.html")):
        numbers += re.findall(r'<span class="eqno">\((\d+)\)', path.read_text(encoding="utf-8"))
    assert len(numbers) == len(set(numbers)) > 0


def test_a_figures_state_is_told_shortly_and_means_the_same():
    from offline import STATE, VIEW, lighten

    names = [f"{number:032x}" for number in range(3)]
    models = {
        names[0]: {"state": {"children": [f"IPY_MODEL_{names[1]}"], "title": None}},
        names[1]: {"state": {"value": "<b>α</b></script ><!-- 0", "index": 0}},
        names[2]: {"model_module": "anywidget", "state": {}},  # no widget on a page
    }
    state = json.dumps({"state": models}).replace("</", "<\\/")
    page = f"""<script type="application/vnd.jupyter.widget-state+json">{state}</script>
<script {VIEW}>{{"model_id": "{names[0]}"}}</script><p>{names[2]}</p>"""
    light = lighten(page)
    assert json.loads(STATE.search(light)[2])["state"] == {
        "w0": {"state": {"children": ["IPY_MODEL_w1"]}},
        "w1": {"state": {"value": "<b>α</b></script ><!-- 0", "index": 0}},
    }
    assert light.endswith(f"""</script>
<script {VIEW}>{{"model_id": "w0"}}</script><p>{names[2]}</p>""")
    assert len(light) < len(page)
    assert lighten("<p>no figure</p>") == "<p>no figure</p>"


def test_a_page_without_a_widget_needs_neither_state_nor_manager():
    from offline import lighten

    state = '<script type="application/vnd.jupyter.widget-state+json">{"state": {}}</script>'
    manager = '<script src="../_static/widgets/embed.js?v=1"></script>\n'
    assert lighten(f"{manager}<p>figure</p>{state}") == "<p>figure</p>"


def test_a_page_weighs_little(site):
    heavy = {}
    for path in site.glob("book/*.html"):
        weight = len(gzip.compress(path.read_bytes()))
        if weight > 60 * KILOBYTE:
            heavy[path.name] = weight
    assert heavy == {}


@pytest.fixture
def visitor(browser):
    """A page that has nothing in its cache, and what it complains of."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def test_a_first_visit_weighs_at_most_two_megabytes(visitor, served):
    complaints, answers = [], []
    listen(visitor, complaints, served)
    visitor.on("response", lambda response: answers.append(response))
    visitor.goto(f"{served}/{CHAPTER}", wait_until="networkidle")
    visitor.locator(".rnn-voice").first.wait_for(state="attached")
    weights = {answer.url: len(gzip.compress(answer.body())) for answer in answers}
    assert len(weights) > 10
    assert sum(weights.values()) < 2 * MEGABYTE, sorted(weights.items(), key=lambda one: -one[1])
    assert complaints == []


def test_a_figure_answers_soon_after_the_page_is_there(visitor, served):
    visitor.add_init_script(
        """new MutationObserver(() => {
            if (!window.answered && document.querySelector(".rnn-voice")) {
                window.answered = performance.now();
            }
        }).observe(document, {childList: true, subtree: true});"""
    )
    visitor.goto(f"{served}/{CHAPTER}", wait_until="load")
    visitor.wait_for_function("window.answered")
    waited = visitor.evaluate(
        "answered - performance.getEntriesByType('navigation')[0].loadEventEnd"
    )
    # within a second here; more is allowed to a machine that has other things to do
    assert waited < 5_000


RUBRICS = sorted(Path(__file__).parents[2].glob("solutions/*/rubric.py"))


@pytest.mark.parametrize("path", RUBRICS, ids=lambda path: path.parent.name)
def test_a_hint_leads_to_a_place_that_is_there(site, path):
    questions = rubric.load(path.parent).questions()
    hints = [wrong for question in questions for wrong in getattr(question, "wrong", ())]
    assert hints and all(wrong.figure for wrong in hints)
    for wrong in hints:
        page, _, anchor = wrong.figure.partition("#")
        file = site / "book" / f"{page}.html"
        assert file.is_file() and anchor in read(file).ids, wrong
