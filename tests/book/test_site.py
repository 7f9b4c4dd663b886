"""The book as readers get it: built from clean, opened in a browser."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from browsing import PATIENCE, all_figures, becomes, hurry, listen

CHAPTER = "book/elman.html"


@pytest.fixture
def visit(browser):
    """Opens pages; in the end none of them may have complained, or asked another site."""
    contexts, complaints = [], []

    def open_page(address, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
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


@contextmanager
def open_figure(visit, address, **options):
    """A page whose first figure is there and answers."""
    page = visit(address, **options)
    assert all_figures(page) > 0
    yield page, page.locator(".rnn-stepper").first


def sentence(page):
    return page.locator(".rnn-frame").first.get_attribute("data-text")


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


def test_formulas_are_set_by_our_own_mathjax(visit, address):
    page = visit(address)
    page.locator("mjx-container").first.wait_for(state="attached")
    assert page.locator("div.math mjx-container").count() == 4
