"""Every kind of figure in a browser, without a kernel or a net: keys, Play, sizes, axe."""

from __future__ import annotations

import json
import os
from pathlib import Path

import fonts
import numpy as np
import pytest
from browsing import ARGUMENTS, PATIENCE, hurry, listen
from figure_page import page_of
from needs import missing

from rnnlib import LSTM, ElmanStep, Layer, bptt, unroll
from rnnlib.examples import exercise_3_jordan, notes_elman, notes_inputs
from unrolled.figures import (
    batch_axes,
    gate_layouts,
    magnitudes,
    rows_and_columns,
    side_by_side,
    stepper,
    truncation,
    units_and_steps,
    what_if,
)
from unrolled.figures.drawing import unrolled
from unrolled.figures.notation import sentence_text

SIZES = [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)]


def flows(radius):
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))
    y = np.zeros((20, 6))
    y[-1] = 1
    series = {}
    for phi in ("identity", "tanh"):
        trace = unroll(Layer(np.ones((1, 6)), radius * turn, np.zeros(6), phi), np.ones((20, 1)))
        series[phi] = bptt(trace, y=y).y
    return magnitudes(series, "‖`∂L/∂y(t)`‖")


def figures():
    draw = np.random.default_rng(7).normal
    lstm = LSTM(*(draw(size=size).round(1) for size in ((4, 2, 2), (4, 2, 2), (4, 2))))
    notes = unroll(notes_elman(), notes_inputs())
    xs, y = draw(size=(3, 2)), [[1, 0], [0, 1], [1, 1]]
    return {
        "stepper": stepper(notes, "How does step 3 know what step 1 read?"),
        "batch": stepper(unroll(notes_elman(), draw(size=(3, 3, 2)).round())),
        "stacked": stepper(notes, stacked=True),
        "truncation": truncation(notes, y=y),
        "side by side": side_by_side(notes, unroll(exercise_3_jordan(), notes_inputs())),
        "what if": what_if(
            lambda h0: stepper(unroll(notes_elman(), notes_inputs(), ElmanStep(h=h0))),
            [[0, 0, 0], [1, 0, 0], [9, 9, 9]],
            "h(0)",
            title="Where does h(0) come from?",
        ),
        "drawings": what_if(
            lambda name: unrolled({"Elman": notes_elman(), "LSTM": lstm}[name], T=4),
            ["Elman", "LSTM"],
            "network",
            title="What goes on to the next step?",
        ),
        "charts": what_if(flows, [0.5, 1, 1.5], "spectral radius", "Why does it vanish?"),
        "orientation": rows_and_columns([1, -2], [[-1, -3, 0], [-2, -1, 2]]),
        "axes": batch_axes(np.arange(12).reshape(3, 2, 2)),
        "units": units_and_steps(),
        "gates": gate_layouts(lstm),
        "wide": stepper(unroll(Layer(draw(size=(2, 6)), draw(size=(6, 6)), draw(size=6)), xs)),
    }


FIGURES = figures()
NAMES = list(FIGURES)
TWO_SLIDERS = ["what if", "units"]
WALK = Path(fonts.__file__).with_name("walk.js").read_text(encoding="utf-8")
PRESS_IN_ALL = """key => document.querySelectorAll(".rnn-stepper").forEach(
    (figure) => figure.dispatchEvent(new KeyboardEvent("keydown", { key })))"""
ADOPTED = f"document.querySelectorAll('.rnn-voice').length === {len(FIGURES)}"


@pytest.fixture(scope="module")
def addresses(tmp_path_factory, node_modules):
    """A page with all figures, in light and in dark."""
    folder = tmp_path_factory.mktemp("figures")
    for theme in ("light", "dark"):
        (folder / f"{theme}.html").write_text(page_of(FIGURES.values(), theme), encoding="utf-8")
    return {theme: (folder / f"{theme}.html").as_uri() for theme in ("light", "dark")}


@pytest.fixture(scope="module")
def visit(browser, addresses):
    """Opens the page, once in each theme and width; in the end none may have complained."""
    pages, complaints = {}, []

    def open_page(theme="light", width=1280):
        if (theme, width) not in pages:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=theme
            )
            context.set_default_timeout(PATIENCE)
            context.add_init_script(hurry(40))
            page = context.new_page()
            listen(page, complaints, "file:")
            page.goto(addresses[theme])
            page.wait_for_function(ADOPTED)
            pages[theme, width] = page
        return pages[theme, width]

    yield open_page
    for page in pages.values():
        page.context.close()
    assert complaints == []


class Shown:
    """One figure on the page."""

    def __init__(self, page, name: str) -> None:
        self.page, self.name, self.figure = page, name, FIGURES[name]
        self.index = NAMES.index(name)
        self.box = page.locator(".rnn-stepper").nth(self.index)
        two = name in TWO_SLIDERS
        self.steps = self.box.get_by_role("slider").nth(1 if two else 0)
        self.value = self.box.get_by_role("slider").nth(0) if two else None

    def press(self, *keys: str) -> None:
        self.steps.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def becomes(self, frame) -> None:
        from playwright.sync_api import TimeoutError

        text = sentence_text(frame.text)
        try:
            self.page.wait_for_function(
                "([i, text]) => document.querySelectorAll('.rnn-stepper')[i]"
                ".querySelector('.rnn-frame')?.dataset.text === text",
                arg=[self.index, text],
            )
        except TimeoutError as late:
            raise AssertionError(f"{self.name} never shows: {text}") from late


@pytest.mark.parametrize("name", NAMES)
def test_each_arrow_key_goes_one_frame_further_and_others_to_the_ends(name, visit):
    shown = Shown(visit(), name)
    frames, half = shown.figure.frames, len(shown.figure.frames) // 2
    for keys, i in (
        (["Home"], 0),
        (["ArrowRight"] * half, half),
        (["ArrowRight"] * (len(frames) - 1 - half), -1),
        (["ArrowLeft"], -2),
        (["End"], -1),
        (["Home"], 0),
    ):
        shown.press(*keys)
        shown.becomes(frames[i])


def steps_through(figure):
    """Keys through all frames of all values, and what each frame says."""
    for i, frames in enumerate((figure.families or {"": figure.frames}).values()):
        for j, frame in enumerate(frames):
            value = ("ArrowRight" if i else "Home") if figure.families and not j else None
            yield value, "ArrowRight" if j else "Home", sentence_text(frame.text)


@pytest.fixture(scope="module", params=fonts.SETS, ids=" and ".join)
def written(request, browser, chromium, addresses, tmp_path_factory):
    """The page in a browser that has the fonts of these families alone, and the families."""
    try:
        file = fonts.configuration(request.param, tmp_path_factory.mktemp("fonts"))
    except FileNotFoundError as lacking:
        missing(f"there is no {lacking}", "bash setup.sh --tests")
    environment = {**os.environ, "FONTCONFIG_FILE": str(file)}
    another = browser.browser_type.launch(executable_path=chromium, args=ARGUMENTS, env=environment)
    page = another.new_page()
    page.goto(addresses["light"])
    page.wait_for_function(ADOPTED)
    yield page, request.param
    another.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_every_figure_has_one_size_in_any_font(width, written):
    page, families = written
    page.set_viewport_size({"width": width, "height": 900})
    assert fonts.used_by(page, ".rnn-frame :is(p, td.l)") == {*families}
    walks = [list(steps_through(figure)) for figure in FIGURES.values()]
    told = page.evaluate(WALK, {"walks": walks, "patience": 60_000})
    sizes, places, outside = (
        dict(zip(NAMES, each, strict=True)) for each in zip(*told, strict=True)
    )
    assert {name: each for name, each in sizes.items() if len(each) > 1} == {}
    del places["drawings"]  # which are not of one size; the figure is
    assert {name: each for name, each in places.items() if len(each) > 1} == {}
    assert {name: each for name, each in outside.items() if each} == {}


def test_a_number_wider_than_its_column_moves_nothing(visit):
    page = visit("light", 360)
    boxes = "Array.from(document.querySelectorAll('.rnn-sheet'), s => s.getBoundingClientRect())"
    before = page.evaluate(boxes)
    style = page.add_style_tag(content=".rnn-sheet tr:not(.room) td { letter-spacing: .2em }")
    assert page.evaluate(boxes) == before
    style.evaluate("style => style.remove()")


def test_play_goes_to_the_end_and_back_to_the_start(visit):
    figures = [Shown(visit(), name) for name in NAMES]
    for shown in figures:  # all play at once
        shown.press("Home")
        shown.box.get_by_role("button", name="Play").click()
    for shown in figures:
        shown.becomes(shown.figure.frames[-1])
        shown.box.get_by_role("button", name="Play").wait_for()
        shown.box.get_by_role("button", name="Back to the start").click()
        shown.becomes(shown.figure.frames[0])


@pytest.mark.parametrize("name", NAMES)
def test_the_slider_says_what_it_moves_and_where_it_is(name, visit):
    shown = Shown(visit(), name)
    shown.press("Home", "ArrowRight")
    shown.becomes(shown.figure.frames[1])
    assert shown.steps.get_attribute("aria-label") == (shown.figure.slider or "Step")
    text = shown.box.locator(".rnn-frame").get_attribute("data-text")
    assert shown.steps.get_attribute("aria-valuetext") == text.split(": ")[0]
    assert shown.box.get_attribute("aria-label") == shown.figure.title
    assert shown.box.locator(".rnn-voice").inner_text() == text


@pytest.mark.parametrize("name", TWO_SLIDERS)
def test_the_second_slider_changes_the_value_and_not_the_step(name, visit):
    shown = Shown(visit(), name)
    shown.press("Home", "ArrowRight", "ArrowRight")
    shown.becomes(shown.figure.frames[2])
    assert shown.value.get_attribute("aria-label") == shown.figure.family
    for value, frames in shown.figure.families.items():
        shown.becomes(frames[2])
        assert shown.box.locator(".rnn-value").inner_text() == value
        assert shown.value.get_attribute("aria-valuetext") == value
        shown.value.focus()
        shown.page.keyboard.press("ArrowRight")
    shown.press("ArrowRight")
    shown.becomes(frames[3])
    shown.value.focus()
    shown.page.keyboard.press("Home")
    shown.becomes(shown.figure.frames[3])


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_axe_finds_nothing_and_the_page_is_no_wider_than_the_window(theme, width, visit, axe):
    page = visit(theme, width)
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.evaluate(PRESS_IN_ALL, key)
    for name in NAMES:  # frames with colours
        Shown(page, name).becomes(FIGURES[name].frames[:4][-1])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.add_script_tag(path=axe)
    found = page.evaluate("axe.run({preload: false}).then(result => result.violations)")
    told = [
        (each["id"], each["impact"], node["target"], node["failureSummary"])
        for each in found
        for node in each["nodes"]
    ]
    assert told == [], json.dumps(told, indent=1)


def test_a_wide_sheet_scrolls_in_its_own_box_by_key(visit):
    page = visit("light", 360)
    shown = Shown(page, "wide")
    shown.press("Home", "ArrowRight")
    shown.becomes(shown.figure.frames[1])
    sheet = shown.box.locator(".rnn-frame .rnn-sheet")
    assert sheet.evaluate("e => e.scrollWidth > e.clientWidth")
    sheet.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        f"document.querySelectorAll('.rnn-stepper')[{shown.index}]"
        ".querySelector('.rnn-frame .rnn-sheet').scrollLeft > 0"
    )
    shown.becomes(shown.figure.frames[1])


def test_on_paper_every_figure_is_its_tables(visit):
    page = visit("light", 1280)
    page.emulate_media(media="print")
    try:
        assert page.locator(".rnn-stepper:visible").count() == 0
        tables = sum(len(figure.tables) for figure in FIGURES.values())
        assert page.locator(".rnn-table:visible").count() == tables
    finally:
        page.emulate_media(media="screen")
