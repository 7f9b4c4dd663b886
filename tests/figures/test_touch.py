"""The figure that one can touch, in a browser: values, products, edits, predictions, keys."""

from __future__ import annotations

import json
import os
import re
from urllib.parse import unquote

import fonts
import pytest
from browsing import ARGUMENTS, PATIENCE, listen
from needs import missing
from touch_page import GIVEN, page_of, place

from unrolled.figures.touch import module

WIDTHS = (1300, 390)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A page with a figure of each kind, in a folder on disk."""
    folder = tmp_path_factory.mktemp("touch")
    for theme in ("light", "dark"):
        (folder / f"{theme}.html").write_text(page_of(GIVEN, theme), encoding="utf-8")
    return lambda theme="light": (folder / f"{theme}.html").as_uri()


@pytest.fixture
def visit(browser, address):
    """Opens the page anew; in the end nothing may have complained."""
    contexts, complaints = [], []

    def open_page(fragment="", theme="light", width=1300, **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, **options
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        listen(page, complaints, "file:")
        page.goto(address(theme) + fragment)
        page.wait_for_function("document.querySelectorAll('.un-figure').length === 5")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def plain(text):
    """Without the joiners that keep ∂L/∂h on one line."""
    return text.replace("\u2060", "")


class Shown:
    """One figure on the page, as a reader uses it."""

    def __init__(self, page, kind="Elman"):
        self.page, self.box = page, place(page, kind)

    def button(self, name):
        return self.box.get_by_role("button", name=name, exact=True)

    def field(self, name):
        return self.box.get_by_role("textbox", name=name, exact=True)

    def on(self, times=1):
        for _ in range(times):
            self.button("On one moment").click()

    def to(self, step):
        self.box.get_by_role("slider").fill(str(step))

    def sentence(self):
        return self.box.locator(".un-sentence > p").first.inner_text()

    def equation(self):
        return plain(self.box.locator(".un-equation").inner_text())

    def told(self):
        return plain(self.box.locator(".un-message").inner_text())

    def row(self, label):
        """The texts of the right-hand cells of the sheet's row with this label."""
        cells = self.box.locator(f".un-sheet :is(button, input)[aria-label^='{label},']")
        return cells.evaluate_all("all => all.map((each) => each.value || each.textContent)")

    def drawn(self, name, t, gradient=False):
        which = "[data-d]" if gradient else ":not([data-d])"
        cells = self.box.locator(f".un-svg .un-cell[data-name={name}][data-t='{t}']{which}")
        return cells.evaluate_all("all => all.map((each) => each.textContent.trim())")

    def type(self, name, text):
        self.field(name).first.fill(text)


@pytest.fixture
def elman(visit):
    return Shown(visit())


# --- watching -----------------------------------------------------------------------------------


def test_it_opens_on_a_moment_that_says_something(elman):
    assert elman.sentence() == "Step 1 of 3, hidden layer: h(1) reads x(1) and h(0)."
    assert elman.drawn("h", 1) == ["0", "2", "1"]


def test_values_of_earlier_steps_stay_in_sight(elman):
    elman.on(4)
    assert elman.sentence().startswith("Step 3 of 3, hidden layer")
    assert [elman.drawn("h", t) for t in range(4)] == [
        ["0", "0", "0"],
        ["0", "2", "1"],
        ["3", "3", "0"],
        ["9", "0", "0"],
    ]
    assert elman.drawn("y", 3) == ["", ""]


def test_an_entry_tells_its_products(elman):
    elman.box.get_by_role("button", name="a_h(1), entry 2: 2", exact=True).hover()
    equation = elman.equation()
    assert equation == "ah,2(1) = (−1)·(−3) + 1·(−1) + 0·(−1) + 0·1 + 0·2 + 0 = 2"
    elman.box.get_by_role("button", name="x(1), entry 2: 2", exact=True).hover()
    assert elman.equation() == "(x(1) Wx)2 = (−1)·(−3) + 1·(−1) = 2"


def test_pointing_lights_the_row_and_the_column(elman):
    elman.box.get_by_role("button", name="x(1), entry 3: 2", exact=True).hover()
    lit = elman.box.locator(".un-sheet .lit > *").evaluate_all(
        "all => all.map((each) => each.getAttribute('aria-label').replace(/:.*/, ''))"
    )
    assert lit == [
        "W_x, row 1, column 3",
        "W_x, row 2, column 3",
        "x(1), entry 1",
        "x(1), entry 2",
        "x(1), entry 3",
    ]


def test_a_click_on_a_box_goes_to_its_moment(elman):
    elman.box.locator(".un-svg .un-cell[data-name=y][data-t='2']").first.click()
    assert elman.sentence().startswith("Step 2 of 3, output")


def test_small_numbers_read_about_zero_and_exactly_on_focus(visit):
    lstm = Shown(visit(), "LSTM")
    gate = lstm.box.locator(".un-sheet button[aria-label^='f(1), entry 1']")
    assert gate.inner_text() == "≈ 0"
    gate.focus()
    assert "4.54·10⁻⁵" in lstm.equation()
    assert re.fullmatch(r"f\(1\), entry 1: 0\.0000453978\d+", gate.get_attribute("aria-label"))


def test_backwards_the_gradient_stands_under_the_value(elman):
    elman.button("Backwards").click()
    assert elman.sentence().startswith("Step 3 of 3, back to the output")
    elman.to(2)
    assert elman.drawn("h", 3) == ["9", "0", "0"]
    assert elman.drawn("h", 3, gradient=True) == ["1", "1", "−2"]
    assert elman.row("∂L/∂a_h(3)") == ["1", "0", "0"]


def test_a_weights_gradient_is_a_sum_over_the_steps(elman):
    elman.button("Backwards").click()
    elman.page.keyboard.press("End")
    moments = int(elman.box.get_by_role("slider").get_attribute("max"))
    for step in range(moments, 0, -1):
        elman.to(step)
        if "Wh" in elman.sentence():
            break
    assert elman.equation() == "∂L/∂Wh1,1 = 0·0 + 0·1 + 3·1 = 3"


# --- editing ------------------------------------------------------------------------------------


def test_what_is_typed_shows_at_once_everywhere(elman):
    elman.to(5)
    elman.type("W_h, row 2, column 1", "1")
    assert elman.drawn("h", 2) == ["5", "3", "0"]
    assert elman.drawn("h", 3) == ["14", "0", "0"]
    elman.button("Undo").click()
    assert elman.drawn("h", 3) == ["9", "0", "0"]


def test_new_numbers_flow_back_too(elman):
    elman.button("Backwards").click()
    elman.to(2)
    elman.type("W_o, row 1, column 1", "5")
    assert elman.drawn("h", 3, gradient=True) == ["5", "1", "−2"]


def test_arrow_keys_and_dragging_change_a_number(elman):
    field = elman.field("x(1), entry 1").first
    field.focus()
    elman.page.keyboard.press("ArrowUp")
    assert field.input_value() == "0"
    elman.page.keyboard.press("Escape")
    assert field.input_value() == "−1"
    field = elman.field("x(1), entry 2").first
    elman.button("Forwards").focus()
    box = field.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    elman.page.mouse.move(x, y)
    elman.page.mouse.down()
    elman.page.mouse.move(x + 60, y, steps=5)
    elman.page.mouse.up()
    assert field.input_value() == "7"
    elman.button("Undo").click()
    assert field.input_value() == "1"


@pytest.mark.parametrize(("typed", "shown"), [("-2,5", "−2.5"), ("−.5", "−0.5"), ("1/4", "0.25")])
def test_numbers_are_read_as_people_write_them(elman, typed, shown):
    elman.type("b_h, entry 1", typed)
    elman.field("b_h, entry 1").blur()
    assert elman.field("b_h, entry 1").input_value() == shown


def test_what_is_no_number_changes_nothing(elman):
    elman.type("b_h, entry 1", "two")
    assert elman.field("b_h, entry 1").get_attribute("aria-invalid") == "true"
    assert elman.drawn("h", 1) == ["0", "2", "1"]
    elman.field("b_h, entry 1").blur()
    assert elman.field("b_h, entry 1").input_value() == "1"


def test_the_initial_state_the_seeds_and_the_activation_can_be_changed(elman):
    elman.type("h(0), entry 1", "9")
    assert elman.drawn("h", 1) == ["9", "0", "1"]
    elman.box.get_by_role("combobox", name="activation g_h").select_option("identity")
    assert elman.drawn("h", 1) == ["9", "−7", "1"]
    elman.button("Backwards").click()
    elman.type("the loss’s own ∂L/∂y(3), entry 1", "2")
    elman.to(1)
    assert elman.row("∂L/∂a_o(3)") == ["2", "0"]  # through relu, where it rises
    elman.button("Reset").click()
    assert elman.drawn("h", 1) == ["0", "2", "1"]


def test_steps_and_neurons_come_and_go(elman):
    elman.button("one of the neurons more").click()
    assert elman.drawn("h", 1) == ["0", "2", "1", "0"]
    elman.button("one of the steps less").click()
    assert elman.drawn("h", 3) == []
    for _ in range(3):
        elman.button("one of the neurons less").click()
    assert elman.drawn("h", 1) == ["0"]
    assert elman.button("one of the neurons less").is_disabled()
    elman.button("Reset").click()
    assert elman.drawn("h", 2) == ["3", "3", "0"] or elman.drawn("h", 2) == ["", "", ""]


# --- the state in the address, and what leaves the figure ---------------------------------------


def test_the_address_brings_a_reader_to_the_same_numbers(visit, elman):
    elman.on(4)
    elman.type("W_h, row 2, column 1", "1")
    elman.page.wait_for_function("location.hash.includes('W_h')")
    link = unquote(elman.page.url).split("#")[1]
    assert link == "elman-network:step=5&W_h.1.0=1"
    other = Shown(visit(f"#{link}"))
    assert other.sentence() == elman.sentence()
    assert other.drawn("h", 2) == ["5", "3", "0"]
    other.button("Reset").click()
    assert other.drawn("h", 2) == ["3", "3", "0"]


@pytest.mark.parametrize(
    "wrong", ["W_h.9.9=1", "W_h.0.0=x", "step=999", "n=77", "kind=LSTM", "g_h=evil", "view=up", "%"]
)
def test_an_address_that_fits_nothing_harms_nothing(visit, wrong):
    shown = Shown(visit(f"#elman-network:{wrong}"))
    assert shown.drawn("h", 0) == ["0", "0", "0"]


def test_python_makes_the_same_trace(elman):
    elman.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    elman.type("h(0), entry 1", "9")
    elman.button("Backwards").click()
    elman.box.get_by_text("Share").click()
    elman.button("Copy as Python").click()
    elman.box.get_by_text("Python copied.").first.wait_for()
    text = elman.page.evaluate("navigator.clipboard.readText()")
    names = {}
    exec(text, names)
    assert names["trace"].h[0].tolist() == [9, 0, 1]
    elman.to(int(elman.box.get_by_role("slider").get_attribute("max")))
    shown = [float(each.replace("−", "-")) for each in elman.row("∂L/∂b_o")]
    assert names["d"].cell.b_o.tolist() == shown


def test_the_drawing_can_be_saved_with_its_values(elman):
    elman.box.get_by_text("Share").click()
    with elman.page.expect_download() as download:
        elman.button("Save as SVG").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    assert ">6</text>" not in text  # y(1) is still to come
    assert ">2</text>" in text


def test_tikz_is_what_any_tex_reads(elman):
    elman.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for value in ("123456", "0.00001", "-3"):
        elman.type("b_h, entry 1", value)
    elman.box.get_by_text("Share").click()
    elman.button("Copy as TikZ").click()
    elman.box.get_by_text("TikZ copied.").first.wait_for()
    text = elman.page.evaluate("navigator.clipboard.readText()")
    assert text.isascii()
    assert text.count("{") == text.count("}")
    assert text.count("\\path") == 3 + 3 * (2 + 3 + 2)  # a cell for each number, h(0) too
    assert "{$-1$}" in text
    assert text.endswith("\\end{tikzpicture}")


# --- predicting and checking --------------------------------------------------------------------


def test_a_wrong_prediction_is_told_with_its_product_and_a_right_one_goes_on(elman):
    elman.button("Predict").click()
    assert elman.told() == "What is h(1)? Type it into the empty cells, then press ▶."
    assert elman.drawn("h", 1) == ["", "", ""]
    elman.on()
    assert elman.told() == "Type all 3 numbers first: entry 1 is still empty."
    for entry, typed in ((1, "0"), (2, "3"), (3, "1")):
        elman.type(f"your h(1), entry {entry}", typed)
    elman.on()
    assert elman.told() == (
        "2 of 3 right. Entry 2 is not 3: "
        "ah,2(1) = (−1)·(−3) + 1·(−1) + 0·(−1) + 0·1 + 0·2 + 0 = 2\nh2(1) = relu(2) = 2"
    )
    told = "all => all.map((each) => each.dataset.told)"
    assert elman.box.locator(".un-sheet [data-told]").evaluate_all(told) == [
        "right",
        "wrong",
        "right",
    ]
    assert elman.drawn("h", 1) == ["", "", ""]
    elman.type("your h(1), entry 2", "2")
    elman.page.keyboard.press("Enter")
    assert elman.told().startswith("Right: h(1) = (0, 2, 1).")
    assert elman.drawn("h", 1) == ["0", "2", "1"]
    elman.on()
    assert elman.sentence().startswith("Step 1 of 3, output")


def test_a_prediction_needs_two_decimals_and_all_that_are_given_count(visit):
    lstm = Shown(visit(), "LSTM")
    lstm.button("Predict").click()
    lstm.to(3)
    # c̃(1) is tanh(2) = 0.96402758
    for typed, right in (("1", False), ("0.9", False), ("0.963", False), ("0.96", True)):
        lstm.type("your c̃(1), entry 1", typed)
        lstm.on()
        assert lstm.told().startswith("Right") is right


def test_ones_own_numbers_are_checked_to_the_first_that_differs(elman):
    elman.button("Check mine").click()
    assert elman.drawn("h", 1) == ["", "", ""]
    elman.to(3)
    given = elman.box.locator(".un-sheet .un-out").all_text_contents()
    assert {*given} == {""}  # h(1), which step 2 reads, is the reader's to find
    first = elman.field("your h(1), entry 1")
    first.focus()
    elman.page.evaluate(
        "text => document.activeElement.dispatchEvent(Object.assign("
        "new Event('paste', {bubbles: true, cancelable: true}),"
        " {clipboardData: {getData: () => text}}))",
        "0 2 1  0 6\n3 3 1  5 4",
    )
    elman.button("Check my numbers").click()
    assert elman.told().startswith(
        "The first that differs is entry 3 of h(2): you have 1, it is 0.\n"
        "ah,3(2) = 1·0 + (−2)·2 + 0·0 + 2·1 + 1·0 + (−1) = −3"
    )
    assert elman.sentence().startswith("Step 2 of 3, hidden layer")


def test_a_pasted_network_is_checked_with_its_numbers(elman):
    elman.button("Check mine").click()
    elman.box.get_by_text("Paste a network").click()
    area = elman.box.get_by_role("textbox", name="A network and your numbers, as in Python")
    area.fill(
        "W_x = np.array([[1.], [2]])\nW_h=[[1, 0], [0, 1]]\nW_o = [[1], [1]]\nb_h = [0, 0]\n"
        "b_o = [0]\nxs = [[1], [1]]\ng_h = 'identity'\nh = [[1, 2]]"
    )
    elman.button("Take these").click()
    assert elman.told() == "That was not understood: W_h has shape (2, 2), expected (1, 1)."
    area.fill(area.input_value().replace("[[1.], [2]]", "[[1., 2.]]"))
    elman.button("Take these").click()
    assert elman.told() == "All 2 of your numbers are right."


@pytest.mark.parametrize("kind", GIVEN)
def test_what_is_copied_as_python_can_be_pasted(visit, kind):
    """All of it comes back: weights, inputs, initial state, the loss's own gradients."""
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown = Shown(page, kind)
    shown.button("Backwards").click()
    shown.to(0)
    before = shown.box.locator(".un-sheet input").evaluate_all("all => all.map((e) => e.value)")
    shown.box.get_by_text("Share").click()
    shown.button("Copy as Python").click()
    shown.box.get_by_text("Python copied.").first.wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    shown.button("one of the steps less").click()
    shown.button("Check mine").click()
    shown.box.get_by_text("Paste a network").click()
    area = shown.box.get_by_role("textbox", name="A network and your numbers, as in Python")
    area.fill(text)
    shown.button("Take these").click()
    assert shown.told() == "Taken."
    after = shown.box.locator(".un-sheet input").evaluate_all("all => all.map((e) => e.value)")
    assert after == before


def test_an_edit_while_asked_keeps_the_cursor_and_asks_anew(elman):
    elman.button("Predict").click()
    for entry, typed in ((1, "0"), (2, "2"), (3, "1")):
        elman.type(f"your h(1), entry {entry}", typed)
    elman.on()
    assert elman.told().startswith("Right")
    elman.type("b_h, entry 1", "5")
    assert elman.told().startswith("What is h(1)?")
    assert elman.drawn("h", 1) == ["", "", ""]
    focused = elman.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "b_h, entry 1"


def test_undo_by_key(elman):
    elman.type("b_h, entry 1", "5")
    elman.button("On one moment").focus()
    elman.page.keyboard.press("Control+z")
    assert elman.drawn("h", 1) == ["0", "2", "1"]


def test_gradients_are_checked_as_well(elman):
    elman.button("Backwards").click()
    elman.button("Check mine").click()
    for entry, typed in ((1, "1"), (2, "1"), (3, "2")):
        elman.type(f"your ∂L/∂h(3), entry {entry}", typed)
    elman.button("Check my numbers").click()
    assert elman.told().startswith(
        "The first that differs is entry 3 of ∂L/∂h(3): you have 2, it is −2."
    )


# --- keys, names, sizes -------------------------------------------------------------------------


def test_arrow_keys_are_for_the_figure_that_was_touched_last(elman):
    page, jordan = elman.page, Shown(elman.page, "Jordan")
    elman.box.locator(".un-title").click()
    page.keyboard.press("ArrowRight")
    assert elman.sentence().startswith("Step 1 of 3, output")
    assert jordan.sentence().startswith("Step 1 of 3, hidden layer")
    jordan.box.locator(".un-title").click()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert jordan.sentence().startswith("Step 3 of 3, hidden layer")
    assert elman.sentence().startswith("Step 1 of 3, output")


def test_a_screen_reader_hears_where_it_is_and_what_comes_out(elman):
    assert elman.box.get_attribute("role") == "group"
    assert elman.box.get_attribute("aria-label") == "Elman network"
    elman.on()
    voice = elman.box.locator("p[aria-live=polite]")
    assert voice.inner_text() == "Step 1 of 3, output: y(1) reads h(1). y(1) = (0, 6)"
    slider = elman.box.get_by_role("slider")
    assert slider.get_attribute("aria-valuetext") == "Step 1 of 3, output"


def test_a_matrix_is_one_tab_stop(elman):
    stops = elman.box.locator(".un-sheet :is(input, button)[tabindex='0']")
    # W_x, x(1), x(1) W_x, W_h, h(0), h(0) W_h, b_h, a_h(1), h(1)
    assert stops.count() == 9
    elman.field("W_h, row 1, column 1").focus()
    for _ in range(3):
        elman.page.keyboard.press("ArrowRight")
    focused = elman.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "W_h, row 2, column 1"


def test_playing_comes_to_the_end(visit):
    page = visit(reduced_motion="reduce")
    shown = Shown(page, "Layer")
    shown.box.get_by_role("combobox", name="Speed").select_option("2×")
    shown.button("Play").click()
    page.wait_for_function(
        "root => { const s = root.querySelector('.un-slider'); return s.value === s.max; }",
        arg=shown.box.element_handle(),
    )
    shown.button("Play").wait_for()


def test_a_swipe_goes_on_and_back(visit):
    elman = Shown(visit(width=390, has_touch=True))
    swipe = """([area, by]) => {
        const at = (type, x) => area.dispatchEvent(new PointerEvent(type,
            {pointerType: 'touch', clientX: x, clientY: 100, bubbles: true}));
        at('pointerdown', 200); at('pointerup', 200 + by);
    }"""
    area = elman.box.locator(".un-sentence").element_handle()
    elman.page.evaluate(swipe, [area, -80])
    assert elman.sentence().startswith("Step 1 of 3, output")
    elman.page.evaluate(swipe, [area, 80])
    assert elman.sentence().startswith("Step 1 of 3, hidden layer")


ASKED = """async (text) => {
    const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const { default: { render } } = await import(address);
    const values = { title: "By hand", state: JSON.parse(document.querySelector(
        ".un-place script").textContent).state }, heard = {};
    window.model = {
        get: (name) => values[name],
        set: (name, value) => { values[name] = value; heard["change:" + name]?.(); },
        save_changes: () => { window.saved = (window.saved ?? 0) + 1; },
        on: (name, call) => { heard[name] = call; },
        off: (name) => { delete heard[name]; },
    };
    const el = document.createElement("div");
    document.querySelector("main").append(el);
    window.leave = render({ model, el });
}"""


def test_the_module_keeps_the_contract_of_anywidget(visit):
    """What JupyterLab, MyST and marimo do with it: state goes in and comes out by the model."""
    page = visit()
    page.evaluate(ASKED, module())
    figure = page.get_by_role("group", name="By hand", exact=True)
    figure.get_by_role("textbox", name="b_h, entry 1", exact=True).fill("5")
    assert page.evaluate("model.get('state').cell.b_h") == [5, 0, -1]
    assert page.evaluate("saved") == 1
    page.evaluate("model.set('state', {...model.get('state'), step: 2, xs: [[0, 1]]})")
    assert figure.locator(".un-sentence > p").first.inner_text().startswith("Step 1 of 1, output")
    assert page.evaluate("saved") == 1
    assert "#" not in page.url
    page.evaluate("leave()")


SIZES = """async () => {
    const found = {};
    for (const figure of document.querySelectorAll(".un-figure")) {
        const kind = figure.getAttribute("aria-label");
        for (const view of ["Forwards", "Backwards"]) {
            const buttons = [...figure.querySelectorAll(".un-switches button")];
            buttons.find((button) => button.textContent === view).click();
            const slider = figure.querySelector(".un-slider"), sizes = new Set();
            for (let step = 0; step <= slider.max; step += 1) {
                slider.value = step;
                slider.dispatchEvent(new Event("input"));
                const { width, height } = figure.getBoundingClientRect();
                sizes.add(`${width} ${height}`);
            }
            found[`${kind} ${view}`] = [...sizes];
        }
    }
    return found;
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_a_figure_has_one_size_through_all_moments(visit, width):
    found = visit(width=width).evaluate(SIZES)
    assert {name: sizes for name, sizes in found.items() if len(sizes) > 1} == {}


@pytest.mark.parametrize("families", fonts.SETS, ids=" and ".join)
def test_no_font_makes_a_figure_jump(families, browser, chromium, address, tmp_path):
    try:
        file = fonts.configuration(families, tmp_path)
    except FileNotFoundError as lacking:
        missing(f"there is no {lacking}", "bash setup.sh --tests")
    environment = {**os.environ, "FONTCONFIG_FILE": str(file)}
    another = browser.browser_type.launch(executable_path=chromium, args=ARGUMENTS, env=environment)
    page = another.new_page(viewport={"width": 1300, "height": 900})
    page.goto(address())
    assert fonts.used_by(page, ".un-sentence b") <= {*families}
    found = page.evaluate(SIZES)
    another.close()
    assert {name: sizes for name, sizes in found.items() if len(sizes) > 1} == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_large_and_small_numbers_move_nothing(visit, width):
    page = visit(width=width)
    shown = Shown(page)
    shown.to(3)
    boxes = "all => all.map((each) => JSON.stringify(each.getBoundingClientRect()))"
    cells = shown.box.locator(".un-sheet .un-box-cell, .un-table .un-box-cell, .un-bar")
    before = cells.evaluate_all(boxes)
    for value in ("-123456.789", "0.00001", "-0.0123"):
        shown.type("b_h, entry 1", value)
        assert cells.evaluate_all(boxes) == before


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("mode", ["Watch", "Predict", "Check mine"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(visit, axe, theme, width, mode):
    page = visit(theme=theme, width=width)
    for name in ("Backwards", mode):
        for button in page.get_by_role("button", name=name, exact=True).all():
            button.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.add_script_tag(path=axe)
    found = page.evaluate("axe.run({preload: false}).then(result => result.violations)")
    told = [(each["id"], node["target"]) for each in found for node in each["nodes"]]
    assert told == [], json.dumps(told, indent=1)
