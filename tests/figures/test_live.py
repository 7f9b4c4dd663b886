"""The figure that one can touch from Python's side: a trace goes out, and a trace comes back."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from needs import needed

from rnnlib import GRU, LSTM, Elman, Jordan, Layer, Stack, bptt, unroll
from rnnlib.examples import notes_elman, notes_inputs
from unrolled.figures import live
from unrolled.figures.touch import FOLDER, SOURCES, module, script

needed("anywidget", "pip install unrolled[widgets]")


def networks():
    draw = np.random.default_rng(3).normal
    gates = draw(size=(4, 2, 3)), draw(size=(4, 3, 3)), draw(size=(4, 3))
    return {
        "Layer": Layer(draw(size=(2, 3)), draw(size=(3, 3)), draw(size=3)),
        "Elman": notes_elman(),
        "Jordan": Jordan(*(draw(size=each) for each in ((2, 3), (2, 3), (3, 2), 3, 2))),
        "LSTM": LSTM(*gates),
        "GRU": GRU(*(each[:3] for each in gates), draw(size=3)),
    }


@pytest.mark.parametrize("kind", networks())
def test_the_trace_comes_back_as_it_went(kind):
    trace = unroll(networks()[kind], notes_inputs())
    figure = live(trace)
    back = figure.trace
    assert json.loads(json.dumps(figure.state)) == figure.state
    for name, quantity in trace.steps._asdict().items():
        np.testing.assert_array_equal(getattr(back, name), quantity)


def test_what_the_reader_changes_is_what_python_reads():
    figure, told = live(unroll(notes_elman(), notes_inputs()), y=[[0, 0], [0, 0], [1, 0]]), []
    figure.observe(lambda change: told.append(figure.trace.h[2].tolist()), "state")
    changed = json.loads(json.dumps(figure.state))
    changed["cell"]["W_h"][1][0] = 1  # as the browser sends it
    figure.state = changed
    assert told == [[14, 0, 0]]
    trace = figure.trace
    expected = bptt(trace, y=[[0, 0], [0, 0], [1, 0]])
    np.testing.assert_array_equal(figure.gradient.cell.W_h, expected.cell.W_h)


def test_a_trace_can_be_set():
    figure = live(unroll(notes_elman(), notes_inputs()), moment=3)
    figure.trace = unroll(notes_elman(), [[0, 1]])
    assert figure.state["xs"] == [[0, 1]]
    assert figure.state["step"] == 3


def large(**sizes):
    n, T = sizes.get("n", 2), sizes.get("T", 3)
    return unroll(Layer(np.ones((1, n)), np.ones((n, n)), np.ones(n)), np.ones((T, 1)))


@pytest.mark.parametrize(
    ("trace", "seeds", "message"),
    [
        (large(n=6), {}, "trace is of 6 neurons, expected at most 5"),
        (large(T=11), {}, "trace has 11 steps, expected at most 10.*unroll over"),
        (unroll(notes_elman(), np.ones((3, 2, 2))), {}, "expected a single sequence.*sequence=0"),
        (unroll(Stack((notes_elman(),)), notes_inputs()), {}, "trace is"),
        (large(), {"a": np.ones((3, 2))}, "seeds has a, expected y"),
        (large(), {"y": np.ones((2, 2))}, "y has shape"),
    ],
)
def test_what_no_figure_can_show_is_said(trace, seeds, message):
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}"):
        live(trace, **seeds)


def test_it_opens_in_a_mode_that_there_is():
    trace = unroll(notes_elman(), notes_inputs())
    assert live(trace, mode="check").state["mode"] == "check"
    with pytest.raises(ValueError, match="mode is 'guess', expected one of: watch, predict, check"):
        live(trace, mode="guess")


def test_on_a_page_it_is_json_and_without_scripts_a_table():
    figure = live(unroll(notes_elman(), notes_inputs()), "Is 1 < 2? </script><!--")
    data, _ = figure._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    html = data["text/html"]
    [told] = re.findall(r'<script type="application/json">(.*?)</script>', html)
    assert json.loads(told) == {"title": figure.title, "state": figure.state}
    assert "<!--" not in html
    assert "(9, 0, 0)" in html.split("<noscript>")[1]
    assert "(9, 0, 0)" in data["text/plain"]


def test_backwards_the_table_has_the_gradients():
    figure = live(unroll(notes_elman(), notes_inputs()), backwards=True, y=[[0, 0], [0, 0], [1, 0]])
    assert "(1, 1, −2)" in str(figure)


def test_the_sources_are_joined_without_a_name_twice():
    names = re.findall(
        r"^(?:async )?(?:function\*?|const|let|class) (\w+)", module(), flags=re.MULTILINE
    )
    assert len(names) > 100
    assert sorted(names) == sorted({*names})
    for text in (module(), script()):
        assert not re.search(r"^import ", text, flags=re.MULTILINE)
    assert module().count("\nexport ") == 1


def test_every_source_is_joined():
    assert {path.stem for path in FOLDER.glob("*.js")} == {*SOURCES, "page"}


def test_elman_is_drawn_from_any_batch():
    trace = unroll(notes_elman(), np.arange(12).reshape(3, 2, 2))
    assert live(trace, sequence=1).state["xs"] == trace.xs[:, 1].tolist()
    assert isinstance(live(trace, sequence=0).trace.cell, Elman)
