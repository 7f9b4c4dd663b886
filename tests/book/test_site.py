"""The book as readers get it: built from clean, opened in a browser."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace

import pytest
from browsing import PATIENCE, hurry, listen

from rnnlib import unroll
from rnnlib.examples import notes_elman, notes_inputs

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
    figure = page.locator(".un-figure").first
    figure.wait_for()
    yield page, figure


def sentence(figure):
    return figure.locator(".un-sentence > p").first.inner_text()


@pytest.fixture(params=["http", "file"])
def address(request, site, served):
    """The chapter's address: on a server, and in a folder."""
    home = served if request.param == "http" else site.as_uri()
    return f"{home}/{CHAPTER}"


def test_keys_change_the_moment(visit, address):
    with open_figure(visit, address) as (page, figure):
        slider = figure.get_by_role("slider", name="Moment")
        slider.focus()
        for key, then in [
            ("Home", "Before step 1"),
            ("ArrowRight", "Step 1 of 3, hidden layer"),
            ("ArrowRight", "Step 1 of 3, output"),
            ("ArrowLeft", "Step 1 of 3, hidden layer"),
            ("End", "Step 3 of 3, output"),
        ]:
            page.keyboard.press(key)
            assert sentence(figure).partition(":")[0] == then
            assert slider.get_attribute("aria-valuetext") == then


def test_a_changed_weight_changes_what_follows_as_rnnlib_says(visit, address):
    elman = notes_elman()
    W_h = elman.W_h.copy()
    W_h[1, 0] = 2
    expected = unroll(replace(elman, W_h=W_h), notes_inputs()).h[2].tolist()
    with open_figure(visit, address) as (page, figure):
        figure.get_by_role("slider", name="Moment").fill("5")
        figure.get_by_role("textbox", name="W_h, row 2, column 1").fill("2")
        drawn = figure.locator(".un-svg .un-cell[data-name=h][data-t='3']").all_text_contents()
        assert [float(each.replace("−", "-")) for each in drawn] == expected
        page.wait_for_function("location.hash.includes('W_h')")
        address = page.url
    with open_figure(visit, address) as (page, figure):
        assert (
            figure.locator(".un-svg .un-cell[data-name=h][data-t='3']").all_text_contents() == drawn
        )


def test_play_goes_through_all_moments_and_stops(visit, address):
    with open_figure(visit, address) as (page, figure):
        page.evaluate("""() => {
            window.heard = [];
            const voice = document.querySelector(".un-figure p[aria-live]");
            new MutationObserver(() => heard.push(voice.textContent)).observe(
                voice, {childList: true, characterData: true, subtree: true});
        }""")
        figure.get_by_role("button", name="Play").click()
        figure.get_by_role("button", name="Pause").wait_for()
        figure.get_by_role("button", name="Play").wait_for()
        assert sentence(figure).startswith("Step 3 of 3, output")
        heard = page.evaluate("heard")
        assert len(heard) == 5, heard
        assert heard[1] == "Step 2 of 3, hidden layer: h(2) reads x(2) and h(1). h(2) = (3, 3, 0)"


def test_without_scripts_the_table_of_all_steps_shows(visit, address):
    page = visit(address, java_script_enabled=False)
    table = page.locator(".rnn-table table").first
    assert table.is_visible()
    assert "(9, 0, 0)" in table.inner_text()
    assert table.locator("tbody tr").count() == 4
    assert page.locator(".un-figure, .rnn-stepper").count() == 0


def test_with_scripts_the_table_is_for_paper_alone(visit, served):
    with open_figure(visit, f"{served}/{CHAPTER}") as (page, figure):
        assert figure.is_visible()
        assert page.locator(".rnn-table:visible").count() == 0
        page.emulate_media(media="print")
        figures = page.locator(".un-figure, .rnn-stepper").count()
        assert page.locator(".rnn-table:visible").count() >= figures
        assert not figure.is_visible()


def test_a_page_without_widgets_loads_no_widget_manager(site):
    text = (site / "book" / "try.html").read_text(encoding="utf-8")
    assert "un-place" in text
    assert "figure.js" in text
    assert "widget-state" not in text
    assert "embed.js" not in text


def test_formulas_are_set_by_our_own_mathjax(visit, address):
    page = visit(address)
    page.locator("mjx-container").first.wait_for(state="attached")
    assert page.locator("div.math mjx-container").count() == 4
