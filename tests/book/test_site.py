"""The book as readers get it: built from clean, opened in a browser."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager

import pytest
from browsing import hurry, listen

CHAPTER = "book/elman.html"
PAGES = [
    "index.html",
    "book/index.html",
    "book/sequences.html",
    "book/notation.html",
    "book/neuron.html",
    "book/layer.html",
    "book/batch.html",
    CHAPTER,
    "book/jordan.html",
    "book/training.html",
    "book/bptt.html",
    "book/gradients.html",
    "book/lstm.html",
    "book/learning.html",
    "book/elsewhere.html",
    "book/solutions.html",
    "book/errata.html",
    "book/glossary.html",
    "book/bibliography.html",
    "book/reference.html",
    "book/speed.html",
    "book/instructors.html",
    "book/command-line.html",
    "book/rubric.html",
    "book/strength.html",
    "book/threat-model.html",
    "book/troubleshooting.html",
    "book/changes.html",
    "search.html",
    "genindex.html",
]
CHAPTERS = [page for page in PAGES if page.startswith("book/") and page != "book/index.html"]


@pytest.fixture
def visit(browser):
    """Opens pages; in the end none of them may have complained, or asked another site."""
    contexts, complaints = [], []

    def open_page(address, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.add_init_script(hurry(20))
        page = context.new_page()
        home = address.partition("/book")[0].removesuffix("index.html")
        home = re.match(r"(https?://[^/]+|file://)", home)[0]
        # where scripts are off, those that a page preloads are given up, which is no fault
        given_up = set() if options.get("java_script_enabled", True) else {"script"}
        listen(page, complaints, home, frozenset(given_up))
        page.goto(address, wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


VIEWS = "script[type='application/vnd.jupyter.widget-view+json']"


def all_figures(page) -> int:
    """Waits until every figure of a page answers; returns how many there are."""
    page.wait_for_function(
        "views => document.querySelectorAll('.rnn-voice').length"
        " === document.querySelectorAll(views).length",
        arg=VIEWS,
    )
    return page.locator(".rnn-stepper").count()


@contextmanager
def open_figure(visit, address, **options):
    """A page whose first figure is there and answers."""
    page = visit(address, **options)
    assert all_figures(page) > 0
    yield page, page.locator(".rnn-stepper").first


def sentence(page):
    return page.locator(".rnn-frame").first.get_attribute("data-text")


def becomes(page, beginning):
    page.wait_for_function(
        "start => document.querySelector('.rnn-frame')?.dataset.text.startsWith(start)",
        arg=beginning,
    )


def test_every_page_names_an_icon_that_is_there(site):
    """Else a browser asks for a favicon.ico, and complains that there is none."""
    named = re.compile(r'<link rel="(?:shortcut )?icon" href="([^"]+)"')
    for page in PAGES:
        [icon] = named.findall((site / page).read_text())
        assert icon == "data:," or ((site / page).parent / icon).is_file(), page


@pytest.fixture(params=["http", "file"])
def address(request, site, served):
    """The chapter's address: on a server, and in a folder."""
    home = served if request.param == "http" else site.as_uri()
    return f"{home}/{CHAPTER}"


def test_keys_on_the_slider_change_the_frame(visit, address):
    with open_figure(visit, address) as (page, figure):
        slider = figure.get_by_role("slider", name="Step")
        slider.focus()
        becomes(page, "Before step 1")
        for key, then in [
            ("ArrowRight", "Step 1 of 3, input: x(1) = (−1, 1)"),
            ("ArrowRight", "Step 1 of 3, memory"),
            ("ArrowLeft", "Step 1 of 3, input"),
            ("End", "Step 3 of 3, output"),
            ("Home", "Before step 1"),
        ]:
            page.keyboard.press(key)
            becomes(page, then)
            assert figure.locator(".rnn-sentence").inner_text().startswith(then.partition(":")[0])
            assert slider.get_attribute("aria-valuetext") == sentence(page).partition(":")[0]


def test_keys_work_from_the_buttons_too(visit, address):
    with open_figure(visit, address) as (page, figure):
        figure.get_by_role("button", name="Play").focus()
        page.keyboard.press("ArrowRight")
        becomes(page, "Step 1 of 3, input")
        page.keyboard.press("End")
        becomes(page, "Step 3 of 3, output")


def test_play_goes_through_all_frames_and_stops(visit, address):
    with open_figure(visit, address) as (page, figure):
        page.evaluate("""() => {
            window.heard = [];
            const voice = document.querySelector(".rnn-voice");
            new MutationObserver(() => heard.push(voice.textContent)).observe(
                voice, {childList: true, characterData: true, subtree: true});
        }""")
        figure.get_by_role("button", name="Play").click()
        figure.get_by_role("button", name="Pause").wait_for()
        becomes(page, "Step 3 of 3, output")
        figure.get_by_role("button", name="Play").wait_for()
        heard = page.evaluate("heard")
        assert len(heard) == 12, heard
        assert heard[5] == "Step 2 of 3, memory: h(1) = (0, 2, 1) times W_h gives (−1, 4, 2)."
        figure.get_by_role("button", name="Back to the start").click()
        becomes(page, "Before step 1")


def test_space_plays_and_pauses(visit, address):
    with open_figure(visit, address) as (page, figure):
        figure.get_by_role("slider").focus()
        page.keyboard.press("Space")
        becomes(page, "Step 1 of 3, memory")
        page.keyboard.press("Space")
        figure.get_by_role("button", name="Play").wait_for()
        paused = sentence(page)
        page.wait_for_timeout(400)
        assert sentence(page) == paused


def test_the_figure_stays_as_large_as_it_is(visit, served):
    for width in (1280, 360):
        viewport = {"width": width, "height": 800}
        with open_figure(visit, f"{served}/{CHAPTER}", viewport=viewport) as (page, figure):
            figure.get_by_role("slider").focus()
            heights = set()
            for _ in range(13):
                heights.add(round(figure.bounding_box()["height"]))
                before = sentence(page)
                page.keyboard.press("ArrowRight")
                if before.startswith("Step 3 of 3, output"):
                    break
                page.wait_for_function(
                    "old => ![undefined, old].includes("
                    "document.querySelector('.rnn-frame')?.dataset.text)",
                    arg=before,
                )
            assert len(heights) == 1, heights


def test_without_scripts_the_table_of_all_steps_shows(visit, address):
    page = visit(address, java_script_enabled=False)
    table = page.locator(".rnn-table table").first
    assert table.is_visible()
    assert "(−1, 4, 2)" in table.inner_text()
    assert table.locator("tbody tr").count() == 4
    assert page.locator(".rnn-stepper").count() == 0


def test_with_scripts_the_table_is_for_paper_alone(visit, served):
    with open_figure(visit, f"{served}/{CHAPTER}") as (page, figure):
        assert figure.is_visible()
        assert page.locator(".rnn-table:visible").count() == 0
        page.emulate_media(media="print")
        assert page.locator(".rnn-table:visible").count() >= page.locator(".rnn-stepper").count()
        assert not figure.is_visible()


@pytest.mark.parametrize("page_name", CHAPTERS)
def test_every_figure_of_a_chapter_steps_by_key(page_name, visit, served):
    page = visit(f"{served}/{page_name}")
    for i in range(all_figures(page)):
        figure = page.locator(".rnn-stepper").nth(i)
        steps = figure.locator(".rnn-controls:has(.widget-play)").get_by_role("slider")
        first = figure.locator(".rnn-frame").get_attribute("data-text")
        steps.focus()
        page.keyboard.press("End")
        page.wait_for_function(
            "([i, old]) => ![undefined, old].includes(document.querySelectorAll('.rnn-stepper')[i]"
            ".querySelector('.rnn-frame')?.dataset.text)",
            arg=[i, first],
        )
        assert steps.get_attribute("aria-valuenow") == steps.get_attribute("aria-valuemax")


@pytest.mark.parametrize("page_name", PAGES)
@pytest.mark.parametrize("where", ["http", "file"])
def test_a_page_opens_without_errors_and_asks_no_other_site(page_name, where, visit, site, served):
    home = served if where == "http" else site.as_uri()
    page = visit(f"{home}/{page_name}")
    page.wait_for_load_state("networkidle")
    assert "Unrolled" in page.title()


def test_formulas_are_set_by_our_own_mathjax(visit, address):
    page = visit(address)
    page.locator("mjx-container").first.wait_for(state="attached")
    assert page.locator("div.math mjx-container").count() == 4


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("page_name", PAGES[1:])
def test_no_page_is_wider_than_the_window(page_name, width, visit, served):
    page = visit(f"{served}/{page_name}", viewport={"width": width, "height": 780})
    all_figures(page)
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360)])
@pytest.mark.parametrize("page_name", ["book/index.html", *CHAPTERS])
def test_axe_finds_nothing(page_name, scheme, width, visit, served, axe):
    viewport = {"width": width, "height": 780}
    page = visit(f"{served}/{page_name}", color_scheme=scheme, viewport=viewport)
    all_figures(page)
    if page_name == CHAPTER:
        page.get_by_role("slider", name="Step").first.focus()
        for _ in range(7):  # a frame with all of its colours
            page.keyboard.press("ArrowRight")
        becomes(page, "Step 2 of 3, hidden layer")
    page.add_script_tag(path=axe)
    # colours fade in; and axe shall not load style sheets by itself
    page.evaluate("Promise.allSettled(document.getAnimations().map(each => each.finished))")
    found = page.evaluate("axe.run({preload: false}).then(result => result.violations)")
    told = [
        (each["id"], each["impact"], node["target"], node["failureSummary"])
        for each in found
        for node in each["nodes"]
    ]
    assert told == [], json.dumps(told, indent=1)


def test_the_pages_text_names_no_other_site_to_load_from(site):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\bsrc=\"(https?:[^\"]*)", text)
        loaded += re.findall(r"<link[^>]*\bhref=\"(https?:[^\"]*)", text)
        assert loaded == [], page.name
