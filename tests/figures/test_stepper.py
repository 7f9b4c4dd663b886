"""The stepper and the drawings: what they say and show, without a browser."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from figure_page import frames_html, marked, sheet

from rnnlib import LSTM, Elman, ElmanStep, Jordan, Layer, unroll
from rnnlib.examples import exercise_3_jordan, notes_elman, notes_inputs
from rnnlib.gated import GRU
from unrolled.figures import stepper
from unrolled.figures.drawing import unrolled
from unrolled.figures.notation import sentence_text, vector

NOTES = """\
Before step 1 of 3, start: h(0) = (0, 0, 0); nothing has been read.
Step 1 of 3, input: x(1) = (−1, 1) times W_x gives (−1, 2, 2).
Step 1 of 3, memory: h(0) = (0, 0, 0) times W_h gives (0, 0, 0).
Step 1 of 3, hidden layer: (−1, 2, 2) + (0, 0, 0) + b_h = (0, 2, 1), and relu of this is h(1) = (0, 2, 1).
Step 1 of 3, output: h(1) = (0, 2, 1) times W_o, plus b_o, gives (−1, 6), and relu of this is y(1) = (0, 6).
Step 2 of 3, input: x(2) = (1, −2) times W_x gives (3, −1, −4).
Step 2 of 3, memory: h(1) = (0, 2, 1) times W_h gives (−1, 4, 2).
Step 2 of 3, hidden layer: (3, −1, −4) + (−1, 4, 2) + b_h = (3, 3, −3), and relu of this is h(2) = (3, 3, 0).
Step 2 of 3, output: h(2) = (3, 3, 0) times W_o, plus b_o, gives (5, 4), and relu of this is y(2) = (5, 4).
Step 3 of 3, input: x(3) = (3, −4) times W_x gives (5, −5, −8).
Step 3 of 3, memory: h(2) = (3, 3, 0) times W_h gives (3, 0, 3).
Step 3 of 3, hidden layer: (5, −5, −8) + (3, 0, 3) + b_h = (9, −5, −6), and relu of this is h(3) = (9, 0, 0).
Step 3 of 3, output: h(3) = (9, 0, 0) times W_o, plus b_o, gives (8, −8), and relu of this is y(3) = (8, 0).
"""  # noqa: E501


@pytest.fixture
def notes():
    return stepper(unroll(notes_elman(), notes_inputs()), title="Where is the memory?")


def of_random_weights(kind, T=4, k=2, n=3, o=2):
    """A trace of a network whose weights are all different and not whole."""
    draw = np.random.default_rng(7).normal
    if kind is Layer:
        cell = Layer(draw(size=(k, n)), draw(size=(n, n)), draw(size=n))
    else:
        rows = n if kind is Elman else o
        cell = kind(
            draw(size=(k, n)),
            draw(size=(rows, n)),
            draw(size=(n, o)),
            draw(size=n),
            draw(size=o),
        )
    return unroll(cell, draw(size=(T, k)))


def test_every_sentence_of_the_notes_example(notes):
    assert [sentence_text(frame.text) for frame in notes.frames] == NOTES.splitlines()


def test_a_frame_shows_its_sentence_and_gives_it_to_the_page(notes):
    for frame, html in zip(notes.frames, frames_html(notes), strict=True):
        shown = "".join(html.find(".//p").itertext())
        assert html.get("data-text") == sentence_text(frame.text)
        # on the page subscripts are small letters, not underscores
        assert shown == sentence_text(frame.text).replace("_", "")


def test_the_sheet_holds_all_numbers_of_a_step_when_it_is_done(notes):
    assert sheet(frames_html(notes)[8]) == [
        ["Wx", "−1", "−3", "0"],
        ["−2", "−1", "2"],
        ["x(2)", "1", "−2", "=", "3", "−1", "−4"],
        ["Wh", "1", "−1", "0"],
        ["0", "1", "1"],
        ["−1", "2", "0"],
        ["h(1)", "0", "2", "1", "=", "−1", "4", "2", "Wo", "1", "−1"],
        ["+ bh", "1", "0", "−1", "1", "2"],
        ["ah", "3", "3", "−3", "−2", "1"],
        ["h(2)", "3", "3", "0", "=", "6", "3"],
        ["+ bo", "−1", "1"],
        ["ao", "5", "4"],
        ["y(2)", "5", "4"],
    ]


def test_what_is_not_computed_yet_is_not_shown(notes):
    memory = frames_html(notes)[6]
    rows = sheet(memory)
    assert rows[6][4:8] == ["=", "−1", "4", "2"]
    assert rows[8][:4] == ["ah", "·", "·", "·"]
    assert rows[12] == ["y(2)", "·", "·"]
    described = memory.find(".//div[@role='img']").get("aria-label")
    assert "h(1) = (0, 2, 1)" in described
    assert "h(2)" not in described and "y(2)" not in described


def test_the_sheet_marks_what_a_term_reads_and_what_it_gives(notes):
    memory = frames_html(notes)[6]
    assert marked(memory, "on") == ["=", "−1", "4", "2"]
    assert marked(memory, "in") == [
        *("Wh", "1", "−1", "0", "0", "1", "1", "−1", "2", "0"),
        *("h(1)", "0", "2", "1"),
    ]


@pytest.mark.parametrize("kind", [Elman, Jordan, Layer])
@pytest.mark.parametrize("T", [1, 3, 9])
def test_all_frames_have_the_same_layout(kind, T):
    figure = stepper(of_random_weights(kind, T))
    frames = frames_html(figure)
    terms = 3 if kind is Layer else 4
    assert len(frames) == 1 + terms * T
    assert len({tuple(len(row) for row in frame.iter("tr")) for frame in frames}) == 1
    drawings = {frame.find(".//svg").get("viewBox") for frame in frames}
    assert len(drawings) == 1


@pytest.mark.parametrize("kind", [Elman, Jordan, Layer])
def test_the_drawing_marks_the_step_and_where_the_memory_comes_from(kind):
    trace = of_random_weights(kind, T=9)
    figure = stepper(trace)
    fed_back = trace.cell.state[0]
    for frame, html in zip(figure.frames, frames_html(figure), strict=True):
        lit = {
            "".join(group.itertext())
            for group in html.find(".//svg").iter("g")
            if "on" in group.get("class").split()
        }
        if frame.term == "memory":
            weights = "Wy" if kind is Layer else "Wh"
            assert lit == {f"{fed_back}({frame.t - 1})", weights}
        elif frame.term == "output":
            assert f"y({frame.t})" in lit


@pytest.mark.parametrize("kind", [Elman, Jordan, Layer])
def test_terms_sum_to_the_trace(kind):
    trace = of_random_weights(kind)
    rows = {}
    for frame in stepper(trace).frames:
        rows.setdefault(frame.t, {}).update(dict(frame.results))
    fed_back = trace.cell.state[0]
    recurrent, pre, state = ("W_y", "a", "y") if kind is Layer else ("W_h", "a_h", "h")
    bias = trace.cell.b if kind is Layer else trace.cell.b_h
    for t in range(1, len(trace) + 1):
        parts = rows[t][f"x({t}) W_x"] + rows[t][f"{fed_back}({t - 1}) {recurrent}"] + bias
        np.testing.assert_allclose(parts, rows[t][f"{pre}({t})"], rtol=1e-12)
        np.testing.assert_array_equal(rows[t][f"{state}({t})"], getattr(trace[t], state))
        np.testing.assert_array_equal(rows[t][f"y({t})"], trace[t].y)


def test_a_jordan_network_remembers_its_output():
    trace = unroll(exercise_3_jordan(), notes_inputs())
    texts = [sentence_text(frame.text) for frame in stepper(trace).frames]
    kept = vector(trace[1].y @ trace.cell.W_h)
    assert texts[0].startswith("Before step 1 of 3, start: y(0) = (0, 0);")
    assert texts[6] == f"Step 2 of 3, memory: y(1) = (0, 6) times W_h gives {kept}."


def test_an_initial_state_of_ones_own_is_shown():
    figure = stepper(unroll(notes_elman(), notes_inputs(), initial=ElmanStep(h=[1, 0, 2])))
    texts = [sentence_text(frame.text) for frame in figure.frames]
    assert "h(0) = (1, 0, 2); this is what the network starts from" in texts[0]
    assert "h(0) = (1, 0, 2) times W_h gives (−1, 3, 0)" in texts[2]


TABLE = """\
Where is the memory?
t  x(t)     x(t) W_x     h(t−1) W_h  a_h(t)       h(t)       a_o(t)   y(t)
0                                                 (0, 0, 0)
1  (−1, 1)  (−1, 2, 2)   (0, 0, 0)   (0, 2, 1)    (0, 2, 1)  (−1, 6)  (0, 6)
2  (1, −2)  (3, −1, −4)  (−1, 4, 2)  (3, 3, −3)   (3, 3, 0)  (5, 4)   (5, 4)
3  (3, −4)  (5, −5, −8)  (3, 0, 3)   (9, −5, −6)  (9, 0, 0)  (8, −8)  (8, 0)"""


def test_the_table_of_all_steps(notes):
    assert str(notes) == TABLE
    rows = [
        ["".join(cell.itertext()) for cell in row]
        for row in ElementTree.fromstring(notes.table()).iter("tr")
    ]
    plain = [re.split(r"\s{2,}", line.replace("_", "")) for line in TABLE.splitlines()[1:]]
    assert [[cell for cell in row if cell] for row in rows] == plain


def test_a_notebook_gets_the_table_for_readers_without_scripts_and_the_figure(notes, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    notes._ipython_display_()
    static, moving = shown
    assert static == {"text/html": f"<noscript>{notes.table()}</noscript>", "text/plain": TABLE}
    assert list(moving) == ["application/vnd.jupyter.widget-view+json"]


def test_a_title_is_text_not_html():
    figure = stepper(unroll(notes_elman(), notes_inputs()), title="Is 1 < 2 & 'so'?")
    assert (
        "Is 1 &lt; 2 &amp; " in figure.table() and "Is 1 &lt; 2" in figure.widget.children[0].value
    )


def test_a_large_batch_is_refused_with_a_way_out():
    trace = unroll(notes_elman(), np.zeros((3, 5, 2)))
    message = r"shape \(3, 5, 2\), expected a single sequence, \(T, 2\), .* by sequence=0"
    with pytest.raises(ValueError, match=message):
        stepper(trace)


def test_what_is_no_trace_is_refused():
    with pytest.raises(TypeError, match="trace is of type Elman, expected a Trace"):
        stepper(notes_elman())


def test_a_network_without_a_figure_is_refused():
    class Unknown:
        pass

    trace = dataclasses.replace(unroll(notes_elman(), notes_inputs()), cell=Unknown())
    with pytest.raises(ValueError, match="no stepper for Unknown, expected"):
        stepper(trace)
    with pytest.raises(ValueError, match="no drawing of Unknown, expected one of: Elman"):
        unrolled(Unknown())


def test_without_ipywidgets_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(ImportError, match=r"pip install unrolled\[widgets\]"):
        stepper(unroll(notes_elman(), notes_inputs()))


def test_rnnlib_and_its_drawings_need_numpy_alone():
    code = (
        "import sys, rnnlib, unrolled.figures.drawing, unrolled.figures.steppers\n"
        "print(*{'ipywidgets', 'IPython', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("kind", "backs"),
    [(LSTM, "W_h leads back from h to gates; f leads back from c to c"), (GRU, "z leads back")],
)
def test_the_drawing_of_networks_with_gates(kind, backs):
    arrays = (np.ones((4 if kind is LSTM else 3, *size)) for size in ((2, 3), (3, 3), (3,)))
    cell = kind(*arrays, *([np.ones(3)] if kind is GRU else []))
    html = unrolled(cell, T=2)._repr_html_()
    folded, opened = ElementTree.fromstring(html).findall("div/svg")
    assert backs in folded.find("desc").text
    texts = ["".join(group.itertext()) for group in opened.iter("g")]
    assert {"x(1)", "h(0)", "h(2)", "Wx", "Wh"} < set(texts)
    assert texts.count("f i c̃ o" if kind is LSTM else "z r h̃") == 2


@pytest.mark.parametrize(("kind", "fed_back"), [(Elman, "h"), (Jordan, "y"), (Layer, "y")])
def test_the_drawing_unrolled(kind, fed_back):
    html = unrolled(of_random_weights(kind), T=5)._repr_html_()
    folded, opened = ElementTree.fromstring(html).findall("div/svg")
    texts = ["".join(group.itertext()) for group in opened.iter("g")]
    weights = "Wy" if kind is Layer else "Wh"
    assert texts.count(weights) == texts.count("Wx") == 5
    assert {f"x({t})" for t in range(1, 6)} | {f"y({t})" for t in range(1, 6)} < set(texts)
    assert sum("(0)" in text for text in texts) == 1
    for drawing in (folded, opened):
        assert drawing.get("role") == "img"
        assert kind.__name__ in drawing.find("title").text
    assert f" leads back from {fed_back} to " in folded.find("desc").text
    assert f" leads from {fed_back}(t−1) to " in opened.find("desc").text


def test_the_drawing_takes_its_number_of_steps_from_a_trace():
    assert "over 4 steps" in repr(unrolled(of_random_weights(Elman, T=4)))
    assert "over 3 steps" in repr(unrolled(notes_elman()))
    assert repr(unrolled(notes_elman(), T=1)).count("1 step:") == 1
    with pytest.raises(ValueError, match="T is 7, expected 1 to 6"):
        unrolled(of_random_weights(Elman, T=7))
