"""The family of figures beyond the plain stepper: what they say and show, without a browser."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from figure_page import frames_html, marked, sheet, sizes, text_of
from networks import draw, random_elman, random_jordan, random_layer

from rnnlib import (
    LSTM,
    ElmanStep,
    Jordan,
    Layer,
    LSTMStep,
    bptt,
    contributions,
    pad,
    unroll,
)
from rnnlib.examples import exercise_3_jordan, notes_elman, notes_inputs
from rnnlib.gated import GRU, PeepholeLSTM
from rnnlib.parameters import parameters
from unrolled.figures import (
    back_stepper,
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
from unrolled.figures.notation import number, sentence_text, vector

SEEDS = [[1, 0], [0, 1], [1, 1]]


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def notes(**options):
    return unroll(notes_elman(), notes_inputs(), **options)


def texts(figure):
    return [sentence_text(frame.text) for frame in figure.frames]


def results(figure):
    """What all frames add: by step, then by name."""
    found = {}
    for frame in figure.frames:
        found.setdefault(frame.t, {}).update(frame.results)
    return found


def gated(kind, rng, k=2, n=3):
    g = 3 if kind is GRU else 4
    weights = [draw(rng, g, k, n), draw(rng, g, n, n), draw(rng, g, n)]
    if kind is GRU:
        weights.append(draw(rng, n))
    if kind is PeepholeLSTM:
        weights.append(draw(rng, 3, n))
    return kind(*weights)


def blocks(frame):
    return {block.label: block.values for sheet in frame.sheets for block in sheet.blocks}


# --- forwards: networks with gates, batches, one product ------------------------------------------


@pytest.mark.parametrize("kind", [LSTM, PeepholeLSTM, GRU])
@pytest.mark.parametrize("T", [1, 3, 7])
def test_networks_with_gates_show_every_gate_and_state(kind, T, rng):
    trace = unroll(gated(kind, rng), draw(rng, T, 2))
    figure = stepper(trace)
    rows, gates = results(figure), ("z", "r") if kind is GRU else ("f", "i", "o")
    candidate, states = ("h_tilde", ["h"]) if kind is GRU else ("c_tilde", ["c", "h"])
    for t in range(1, T + 1):
        for name in (*gates, candidate, *states):
            np.testing.assert_array_equal(rows[t][f"{name}({t})"], getattr(trace[t], name))
    assert len(figure.frames) == 1 + T * (4 if kind is GRU else 6)


@pytest.mark.parametrize("kind", [LSTM, PeepholeLSTM, GRU])
def test_a_gates_parts_sum_to_its_pre_activation(kind, rng):
    trace = unroll(gated(kind, rng), draw(rng, 3, 2))
    for frame in stepper(trace).frames:
        shown = blocks(frame)
        gate = next((label[4:-1] for label in shown if label.startswith("W_x[")), None)
        past = "reset" if gate == "h_tilde" else "from memory"
        parts = shown["from x"] + shown[past] + shown[f"b[{gate}]"] + shown.get("seen", 0)
        a = shown[f"a_{gate[0]}"]
        np.testing.assert_allclose(parts, a, rtol=1e-12)
        value = np.tanh(a) if gate.endswith("tilde") else 1 / (1 + np.exp(-a))
        t = max(frame.t, 1)
        np.testing.assert_allclose(value[0], getattr(trace[t], gate), rtol=1e-12)


def test_an_lstm_in_words():
    ones = np.ones((4, 1, 1))
    cell = LSTM(W_x=0 * ones, W_h=0 * ones, b=[[0], [0], [0], [1]])
    figure = stepper(unroll(cell, [[1], [1]], initial=LSTMStep(h=[0], c=[2])))
    assert texts(figure)[:7] == [
        "Before step 1 of 2, start: h(0) = (0) and c(0) = (2); this is what the network starts "
        "from.",
        "Step 1 of 2, forget gate: (0) + (0) + b[f] = (0), and σ of this is f(1) = (0.5): the "
        "share of c(0) that stays.",
        "Step 1 of 2, input gate: (0) + (0) + b[i] = (0), and σ of this is i(1) = (0.5): the share "
        "of the candidate that is written.",
        "Step 1 of 2, candidate: (0) + (0) + b[c̃] = (1), and tanh of this is c̃(1) = (0.762): what "
        "may be written.",
        "Step 1 of 2, output gate: (0) + (0) + b[o] = (0), and σ of this is o(1) = (0.5): the "
        "share of the cell state that is shown.",
        "Step 1 of 2, cell state: f(1) times c(0), entry by entry, is (1); i(1) times c̃(1) is "
        "(0.381); their sum is c(1) = (1.38).",
        "Step 1 of 2, hidden state: tanh of c(1) is (0.881); times o(1), entry by entry, this is "
        "h(1) = (0.441).",
    ]


def test_one_product_instead_of_two():
    figure = stepper(notes(), stacked=True)
    assert texts(figure)[4:7] == [
        "Step 2 of 3, one product: [x(2), h(1)] = (1, −2, 0, 2, 1) times W, which is W_x above "
        "W_h, gives (2, 3, −2).",
        "Step 2 of 3, hidden layer: (2, 3, −2) + b_h = (3, 3, −3), and relu of this is "
        "h(2) = (3, 3, 0).",
        "Step 2 of 3, output: h(2) = (3, 3, 0) times W_o, plus b_o, gives (5, 4), and relu of this "
        "is y(2) = (5, 4).",
    ]
    assert sheet(frames_html(figure)[4])[:6] == [
        ["W", "−1", "−3", "0"],
        ["−2", "−1", "2"],
        ["1", "−1", "0"],
        ["0", "1", "1"],
        ["−1", "2", "0"],
        ["[x, h]", "1", "−2", "0", "2", "1", "=", "2", "3", "−2", "Wo", "1", "−1"],
    ]


def test_one_product_is_named_by_what_is_fed_back(rng):
    layer = unroll(Layer(draw(rng, 2, 3), draw(rng, 3, 3), draw(rng, 3)), draw(rng, 2, 2))
    assert "[x(t), y(t−1)] W" in str(stepper(layer, stacked=True))
    assert "[x(t), h(t−1)] W" in str(stepper(notes(), stacked=True))


def test_gates_are_not_stacked(rng):
    with pytest.raises(ValueError, match="stacked is True, and the trace is of a LSTM; expected"):
        stepper(unroll(gated(LSTM, rng), draw(rng, 3, 2)), stacked=True)


def test_a_small_batch_is_shown_as_matrices(rng):
    xs = draw(rng, 3, 4, 2).round(1)
    trace = unroll(notes_elman(), xs)
    figure = stepper(trace)
    assert texts(figure)[5:9] == [
        "Step 2 of 3, input: X(2) times W_x gives a row for each instance.",
        "Step 2 of 3, memory: H(1) times W_h gives a row for each instance.",
        "Step 2 of 3, hidden layer: The first product + the second + b_h = A_h, and relu of this "
        "is H(2).",
        "Step 2 of 3, output: H(2) times W_o, plus b_o, gives A_o, and relu of this is Y(2).",
    ]
    shown = blocks(figure.frames[8])
    np.testing.assert_array_equal(shown["X(2)"], xs[1])
    np.testing.assert_array_equal(shown["H(2)"], trace[2].h)
    np.testing.assert_array_equal(shown["Y(2)"], trace[2].y)


@pytest.mark.parametrize("kind", [Layer, LSTM, GRU])
def test_a_sequence_of_a_batch_is_what_it_is_alone(kind, rng):
    cell = random_layer(rng) if kind is Layer else gated(kind, rng)
    xs, lengths = pad([draw(rng, 3, 2), draw(rng, 5, 2), draw(rng, 2, 2)])
    together = stepper(unroll(cell, xs, lengths=lengths), sequence=0)
    alone = stepper(unroll(cell, xs[:3, 0]))
    assert texts(together) == texts(alone)
    seeds = draw(rng, 5, 3, cell.state_sizes[0])
    together = unroll(cell, xs, lengths=lengths)
    together = back_stepper(together, sequence=0, **{cell.output: seeds})
    alone = back_stepper(unroll(cell, xs[:3, 0]), **{cell.output: seeds[:3, 0]})
    assert texts(together) == texts(alone)


def test_what_nobody_could_read_is_refused(rng):
    with pytest.raises(ValueError, match="a has 20 neurons, expected at most 16"):
        stepper(unroll(random_layer(rng, l=20), draw(rng, 3, 2)))
    with pytest.raises(ValueError, match=r"has 61 steps, expected at most 60: .* xs\[:60\]"):
        back_stepper(unroll(random_layer(rng), draw(rng, 61, 2)), y=np.ones((61, 4)))


def test_a_sequence_that_is_not_there_is_refused(rng):
    batch = unroll(notes_elman(), draw(rng, 3, 5, 2))
    with pytest.raises(ValueError, match="sequence is 5, expected one of the batch's, 0 to 4"):
        stepper(batch, sequence=5)
    with pytest.raises(ValueError, match=r"sequence is 0, .* shape \(3, 2\), which is no batch"):
        stepper(notes(), sequence=0)
    with pytest.raises(ValueError, match="expected a single sequence"):
        back_stepper(unroll(notes_elman(), draw(rng, 3, 2, 2)), y=np.ones((3, 2, 2)))


# --- backwards ------------------------------------------------------------------------------------

BACK = """\
After step 3, start: the loss has been computed; nothing has flowed back, and the sum for ∂L/∂W_h is zero.
Step 3 of 3, its own loss: ∂L/∂y(3) = (1, 1), through relu ∂L/∂a_o(3) = (1, 0); times W_oᵀ this gives (1, 1, −2).
Step 3 of 3, from later steps: no step comes after, so nothing flows back.
Step 3 of 3, their sum: (1, 1, −2) + (0, 0, 0) = ∂L/∂h(3) = (1, 1, −2), and through relu ∂L/∂a_h(3) = (1, 0, 0).
Step 3 of 3, weights: each entry of h(2) = (3, 3, 0) times each of ∂L/∂a_h(3) = (1, 0, 0) is what this step adds to ∂L/∂W_h; the sum is now that of step 3 alone.
Step 2 of 3, its own loss: ∂L/∂y(2) = (0, 1), through relu ∂L/∂a_o(2) = (0, 1); times W_oᵀ this gives (−1, 2, 1).
Step 2 of 3, from step 3: ∂L/∂a_h(3) = (1, 0, 0) times W_hᵀ gives (1, 0, −1).
Step 2 of 3, their sum: (−1, 2, 1) + (1, 0, −1) = ∂L/∂h(2) = (0, 2, 0), and through relu ∂L/∂a_h(2) = (0, 2, 0).
Step 2 of 3, weights: each entry of h(1) = (0, 2, 1) times each of ∂L/∂a_h(2) = (0, 2, 0) is what this step adds to ∂L/∂W_h; the sum is now that of steps 2 to 3.
Step 1 of 3, its own loss: ∂L/∂y(1) = (1, 0), through relu ∂L/∂a_o(1) = (0, 0); times W_oᵀ this gives (0, 0, 0).
Step 1 of 3, from step 2: ∂L/∂a_h(2) = (0, 2, 0) times W_hᵀ gives (−2, 2, 4).
Step 1 of 3, their sum: (0, 0, 0) + (−2, 2, 4) = ∂L/∂h(1) = (−2, 2, 4), and through relu ∂L/∂a_h(1) = (0, 2, 4).
Step 1 of 3, weights: each entry of h(0) = (0, 0, 0) times each of ∂L/∂a_h(1) = (0, 2, 4) is what this step adds to ∂L/∂W_h; the sum is now that of steps 1 to 3.
Before step 1 of 3, end: ∂L/∂a_h(1) = (0, 2, 4) times W_hᵀ gives ∂L/∂h(0) = (−2, 6, 4), and the sum over all 3 steps is ∂L/∂W_h.
"""  # noqa: E501


def test_every_sentence_of_the_way_back_through_the_notes_example():
    assert texts(back_stepper(notes(), y=SEEDS)) == BACK.splitlines()


def test_the_sheet_of_the_way_back():
    frames = frames_html(back_stepper(notes(), y=SEEDS))
    assert sheet(frames[8]) == [
        ["Woᵀ", "1", "1", "−2"],
        ["∂L/\u2060∂y(2)", "0", "1", "−1", "2", "1"],
        ["∂L/\u2060∂ao(2)", "0", "1", "=", "−1", "2", "1"],
        ["Whᵀ", "1", "0", "−1"],
        ["−1", "1", "2"],
        ["0", "1", "0"],
        ["∂L/\u2060∂ah(3)", "1", "0", "0", "=", "1", "0", "−1"],
        ["∂L/\u2060∂h(2)", "0", "2", "0"],
        ["· relu′", "1", "1", "0"],
        ["∂L/\u2060∂ah(2)", "0", "2", "0"],
        # what the step adds, and the sum of steps 2 and 3
        ["∂L/\u2060∂ah(2)", "0", "2", "0"],
        ["h(1)ᵀ", "0", "=", "0", "0", "0"],
        ["2", "0", "4", "0"],
        ["1", "0", "2", "0"],
        ["sum so far", "3", "0", "0"],
        ["3", "4", "0"],
        ["0", "2", "0"],
    ]
    assert marked(frames[8], "on") == [
        *("=", "0", "0", "0", "0", "4", "0", "0", "2", "0"),
        *("sum so far", "3", "0", "0", "3", "4", "0", "0", "2", "0"),
    ]
    # before this step has added its share, the sum is that of step 3 alone
    assert sheet(frames[7])[-3:] == [["sum so far", "3", "0", "0"], ["3", "0", "0"], ["0"] * 3]


@pytest.mark.parametrize("make", [random_elman, random_jordan, random_layer])
@pytest.mark.parametrize("T", [1, 4])
def test_the_way_back_is_that_of_bptt(make, T, rng):
    cell = make(rng)
    trace = unroll(cell, draw(rng, T, 2))
    seeds = {"y": draw(rng, *trace.y.shape)}
    if not isinstance(cell, Layer):
        seeds["h"] = draw(rng, *trace.h.shape)
    d, figure = bptt(trace, **seeds), back_stepper(trace, **seeds)
    single = isinstance(cell, Layer)
    W, a, out = ("W_y", "a", "y") if single else ("W_h", "a_h", "h")
    rows = results(figure)
    for t in range(1, T + 1):
        np.testing.assert_array_equal(rows[t][f"∂L/∂{a}({t})"], getattr(d[t], a))
        np.testing.assert_array_equal(rows[t][f"∂L/∂{out}({t})"], getattr(d[t], out))
        np.testing.assert_array_equal(rows[t][f"∂L/∂y({t})"], d[t].y)
    # the parts of a sum on the sheet make the sum
    for frame in figure.frames:
        shown = blocks(frame)
        if isinstance(cell, Jordan):
            np.testing.assert_allclose(shown["flow"] + shown["own"], shown[label(shown, "y")])
            parts = shown["from output"] + shown["own h"]
        elif single:
            parts = shown["flow"] + shown["own"]
        else:
            parts = shown["from output"] + shown["flow"] + shown["own h"]
        np.testing.assert_allclose(parts, shown[label(shown, out)], rtol=1e-12)
        slope = shown[label(shown, out)] * shown["slope"]
        np.testing.assert_allclose(slope, shown[label(shown, a)], rtol=1e-12)
    total = blocks(figure.frames[-1])["sum"]
    np.testing.assert_allclose(total, getattr(d.cell, W), rtol=1e-12, atol=1e-15)
    memory = cell.state[0]
    np.testing.assert_allclose(rows[0][f"∂L/∂{memory}(0)"], getattr(d[0], memory), rtol=1e-12)


def label(shown, name):
    """The gradient of this step: a later step's, where there is one, is on the sheet too."""
    return min(each for each in shown if each.startswith(f"∂L/∂{name}("))


def test_the_way_back_through_an_lstm_is_that_of_bptt(rng):
    trace = unroll(gated(LSTM, rng), draw(rng, 4, 2))
    seeds = {"h": draw(rng, 4, 3), "c": draw(rng, 4, 3)}
    d, figure = bptt(trace, **seeds), back_stepper(trace, **seeds)
    rows = results(figure)
    for t in range(1, 5):
        for name in ("h", "c", "a_f", "a_i", "a_o", "a_c"):
            np.testing.assert_array_equal(rows[t][f"∂L/∂{name}({t})"], getattr(d[t], name))
    np.testing.assert_array_equal(rows[0]["∂L/∂c(0)"], d[0].c)
    for frame in figure.frames:
        shown, t = blocks(frame), max(frame.t, 1)
        total = shown["own"] + shown["from gates"]
        np.testing.assert_allclose(total, shown[f"∂L/∂h({t})"], rtol=1e-12)
        total = shown["through h"] + shown["own c"] + shown["from c"]
        np.testing.assert_allclose(total, shown[f"∂L/∂c({t})"], rtol=1e-12)
    np.testing.assert_allclose(rows[2]["∂L/∂c(2) f(2)"], blocks_at(figure, 1)["from c"][0])


def blocks_at(figure, t):
    return blocks(next(frame for frame in figure.frames if frame.t == t))


def test_the_way_back_through_a_gru_is_that_of_bptt(rng):
    trace = unroll(gated(GRU, rng), draw(rng, 4, 2))
    h = draw(rng, 4, 3)
    d, figure = bptt(trace, h=h), back_stepper(trace, h=h)
    rows = results(figure)
    for t in range(1, 5):
        for name in ("h", "a_z", "a_r", "a_h"):
            np.testing.assert_array_equal(rows[t][f"∂L/∂{name}({t})"], getattr(d[t], name))
    np.testing.assert_array_equal(rows[0]["∂L/∂h(0)"], d[0].h)
    for frame in figure.frames:
        shown, t = blocks(frame), max(frame.t, 1)
        total = shown["own"] + shown["from gates"] + shown["from h"]
        np.testing.assert_allclose(total, shown[f"∂L/∂h({t})"], rtol=1e-12)


def test_the_drawing_points_backwards():
    def heads(figure, frame):
        svg = frames_html(figure)[frame].find(".//svg")
        return [p.get("points") for p in svg.iter("polygon")]

    assert heads(stepper(notes()), 1) != heads(back_stepper(notes(), y=SEEDS), 1)


def test_without_a_way_back_it_says_so(rng):
    trace = unroll(gated(PeepholeLSTM, rng), draw(rng, 3, 2))
    with pytest.raises(ValueError, match="no stepper backwards for PeepholeLSTM, expected"):
        back_stepper(trace, h=np.ones((3, 3)))
    with pytest.raises(ValueError, match="no seed; the loss's own gradient was expected"):
        back_stepper(notes())


# --- truncation -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [random_elman, random_jordan])
def test_truncation_sums_as_bptt_truncates(make, rng):
    trace = unroll(make(rng), draw(rng, 4, 2))
    y = draw(rng, *trace.y.shape)
    figure = truncation(trace, weight="W_h", entry=(1, 2), y=y)
    for k, frame in enumerate(figure.frames, start=1):
        [(name, kept)] = frame.results
        assert name == "sum for W_h[1, 2]"
        exact = bptt(trace, truncate=k, y=y).cell.W_h[1, 2]
        np.testing.assert_allclose(kept, exact, rtol=1e-10)
        assert f"and their sum is {number(exact)};" in frame.text
    assert "drop" not in figure.frames[-1].text
    table = contributions(trace, y=y).W_h[:, :, 1, 2]
    shown = [row[1:] for row in figure.tables[0].rows]
    assert shown == [[number(table[t, s]) if s <= t else "" for s in range(4)] for t in range(4)]


def test_what_is_dropped_is_struck_out():
    trace = unroll(Layer([[1]], [[2]], [0], phi="identity"), [[1], [1], [1]])
    figure = truncation(trace, weight="W_y", y=[[1], [1], [1]])
    # ∂y(t)/∂W_y by way of step τ is 2^(t−τ) y(τ−1), with y = 0, 1, 3
    assert str(figure.tables[0]).splitlines()[1:] == [
        "from       step 1  step 2  step 3",
        "loss of 1  0",
        "loss of 2  0       1",
        "loss of 3  0       2       3",
    ]
    frames = frames_html(figure)
    assert [marked(frame, "off") for frame in frames] == [["0", "0", "2"], ["0"], []]
    assert texts(figure)[0] == (
        "k = 1: each loss reaches back over 1 step. 3 of 6 terms are kept, and their sum is 4; "
        "the whole gradient is 6; what is dropped sums to 2."
    )


def test_truncation_names_what_is_wrong():
    with pytest.raises(ValueError, match="weight is 'W_z', expected one of: W_x, W_h, W_o, b_h"):
        truncation(notes(), weight="W_z", y=SEEDS)
    with pytest.raises(ValueError, match=r"entry is \(3, 0\), expected .* of W_h, \(3, 3\)"):
        truncation(notes(), entry=(3, 0), y=SEEDS)


# --- side by side ---------------------------------------------------------------------------------


def test_elman_and_jordan_side_by_side():
    jordan = unroll(exercise_3_jordan(), notes_inputs())
    figure = side_by_side(notes(), jordan, title="Which layer is the memory?")
    alone = texts(stepper(notes())), texts(stepper(jordan))
    for text, one, two in zip(texts(figure), *alone, strict=True):
        when, _, first = one.partition(": ")
        assert text.startswith(f"{when}: Elman: {first} Jordan: {two.partition(': ')[2]}")
    assert texts(figure)[7].endswith("They differ in a_h(2) and h(2).")
    assert texts(figure)[1].endswith("Both get the same.")
    frame = frames_html(figure)[7]
    assert [each.text for each in frame.findall(".//p[@class='rnn-name']")] == ["Elman", "Jordan"]
    assert marked(frame, "unlike") == [
        *("Wh", "h(1)", "−1", "4", "2", "3", "3", "−3", "3", "3"),
        *("Wh", "y(1)", "0", "6", "−6", "4", "5", "−11", "4", "5"),
    ]


def test_side_by_side_a_step_of_fewer_frames_waits():
    two = stepper(notes())
    figure = side_by_side(two, stepper(notes(), stacked=True), names=("two", "one"))
    terms = [tuple(frame.term for frame in pair.frames) for pair in figure.frames]
    assert terms[1:5] == [
        ("input", "one product"),
        ("memory", "one product"),
        ("hidden layer", "hidden layer"),
        ("output", "output"),
    ]
    assert texts(figure)[1].startswith("Step 1 of 3, input and one product: two: x(1)")


def test_side_by_side_wants_the_same_input():
    with pytest.raises(ValueError, match=r"first has inputs of shape \(3, 2\), second of \(2, 2\)"):
        side_by_side(notes(), unroll(notes_elman(), notes_inputs()[:2]))
    with pytest.raises(ValueError, match="first has frames for the steps 0, 1, 2, 3, second for"):
        side_by_side(stepper(notes()), stepper(unroll(notes_elman(), notes_inputs()[:2])))


# --- what if --------------------------------------------------------------------------------------


def from_start(h0):
    return stepper(notes(initial=ElmanStep(h=h0)))


def test_what_if_has_a_stepper_for_each_value():
    values = [[0, 0, 0], [1, 0, 2], [0.5, 0, 0]]
    figure = what_if(from_start, values, "h(0)", title="Where does h(0) come from?")
    assert list(figure.families) == [vector(value) for value in values]
    for value in values:
        frames = figure.families[vector(value)]
        assert [frame.text for frame in frames] == [f.text for f in from_start(value).frames]
    assert len(frames_html(figure)) == 3 * 13
    lines = str(figure).splitlines()
    assert lines[1].split()[:3] == ["h(0)", "t", "x(t)"]
    assert sum(line.startswith("(1, 0, 2)") for line in lines) == 4


def test_what_if_of_different_lengths_waits_at_the_end():
    figure = what_if(
        lambda T: stepper(unroll(notes_elman(), notes_inputs()[:T])), [1, 3], "T", "How long?"
    )
    _, stacks = figure.widget.children[-1].children
    short, long = stacks.children
    assert len(short.children) == len(long.children) == 13
    assert {each.model_id for each in short.children[4:]} == {short.children[4].model_id}


def test_what_if_of_drawings_is_a_figure_with_one_slider():
    figure = what_if(
        lambda r: magnitudes({"r": r ** np.arange(5)}, "r"), [0.5, 2], "radius", "Why?"
    )
    assert figure.families is None and figure.slider == "radius"
    assert texts(figure) == [
        "Radius 0.5: r is 0.0625 at step 5 and 1 at step 1 (r).",
        "Radius 2: r is 16 at step 5 and 1 at step 1 (r).",
    ]


def test_what_if_names_what_is_wrong():
    with pytest.raises(ValueError, match=r"values holds 0\.5 twice"):
        what_if(lambda v: stepper(notes()), [0.5, 0.50001], "v", "?")
    with pytest.raises(ValueError, match="values holds 1 values, expected at least 2"):
        what_if(lambda v: stepper(notes()), [1], "v", "?")
    with pytest.raises(TypeError, match="make returns int for 1, expected a figure"):
        what_if(lambda v: v, [1, 2], "v", "?")
    with pytest.raises(TypeError, match="make returns a figure with two sliders for 1"):
        what_if(lambda v: units_and_steps(), [1, 2], "v", "?")


# --- magnitudes and conventions -------------------------------------------------------------------


def test_magnitudes_are_the_lengths_of_vectors():
    drawing = magnitudes({"A": [[3, 4], [0, 1]], "B": [10, 1e-12]}, "‖`h(t)`‖")
    assert drawing.text == (
        "‖`h(t)`‖ is 1 at step 2 and 5 at step 1 (A); 10⁻¹² at step 2 and 10 at step 1 (B)."
    )
    assert 'aria-label="‖h(t)‖ is 1 at step 2' in drawing.html
    with pytest.raises(ValueError, match=r"series have lengths \[1, 2\]"):
        magnitudes({"A": [1], "B": [1, 2]})
    with pytest.raises(ValueError, match="series holds 0 names, expected 1 to 4"):
        magnitudes({})


def test_rows_and_columns_give_the_same():
    figure = rows_and_columns([1, -2], [[-1, -3, 0], [-2, -1, 2]])
    assert texts(figure) == [
        "x W or W x: on the left x is a row, (1, 2), and W is (2, 3); on the right xᵀ is a column, "
        "(2, 1), and Wᵀ is (3, 2).",
        "Entry 1 of 3: 1·(−1) + (−2)·(−2) = 3, on both sides: column 1 of W is row 1 of Wᵀ.",
        "Entry 2 of 3: 1·(−3) + (−2)·(−1) = −1, on both sides: column 2 of W is row 2 of Wᵀ.",
        "Entry 3 of 3: 1·0 + (−2)·2 = −4, on both sides: column 3 of W is row 3 of Wᵀ.",
    ]
    frame = frames_html(figure)[2]
    assert sheet(frame) == [
        ["W", "−1", "−3", "0"],
        ["−2", "−1", "2"],
        ["x", "1", "−2", "=", "3", "−1", "·"],
        ["xᵀ", "1"],
        ["−2"],
        ["Wᵀ", "−1", "−2", "=", "3"],
        ["−3", "−1", "−1"],
        ["0", "2", "·"],
    ]
    assert marked(frame, "on") == ["=", "−1", "=", "−1"]
    with pytest.raises(ValueError, match="x has shape"):
        rows_and_columns([1, 2, 3], [[1, 2]])


def test_the_axes_of_a_batch():
    xs = np.arange(12).reshape(3, 2, 2)
    figure = batch_axes(xs)
    frames = frames_html(figure)
    for index, frame in zip(figure.frames, frames, strict=True):
        if index.term.startswith("xs["):
            expected = eval(index.term, {"xs": xs})
            shown = [text for text in marked(frame, "on") if text[0] != "X"]
            assert sorted(map(int, shown)) == sorted(expected.ravel()), index.term
            assert f"shape {expected.shape}" in index.text
    with pytest.raises(ValueError, match="xs has shape"):
        batch_axes(xs[0])


@pytest.mark.parametrize("make", [random_elman, random_jordan, random_layer])
def test_units_are_dots_and_steps_are_boxes(make, rng):
    figure = units_and_steps(make(rng), units=(1, 3), steps=3)
    assert list(figure.families) == ["1", "3"]
    for n, frames in figure.families.items():
        cell = make(rng, 2, int(n))  # two inputs, and of an Elman or Jordan network three outputs
        size = sum(array.size for array in parameters(cell).values())
        [fed_back] = cell.state_sizes
        layers = 2 + sum(array.size for name, array in vars(cell).items() if name[0] == "b")
        for T, frame in enumerate(frames, start=1):
            assert f"The network has {size} parameters, whatever T is." in frame.text
            assert frame.drawing.count("<circle") == fed_back + layers * T


def test_units_names_what_is_wrong(rng):
    with pytest.raises(ValueError, match=r"units has \[1, 5\] neurons, expected 1 to 4"):
        units_and_steps(units=(1, 5))
    with pytest.raises(ValueError, match="network is of type LSTM, expected an Elman"):
        units_and_steps(gated(LSTM, rng))


def test_where_the_gates_are(rng):
    figure = gate_layouts(gated(LSTM, rng, k=2, n=3))
    assert texts(figure)[0] == (
        "Gate f: the forget gate has k n + n n + n = 2·3 + 3·3 + 3 = 18 parameters, W_x[f], W_h[f] "
        "and b[f], which are W_x[0], W_h[0] and b[0]; in PyTorch rows 4 to 6 of each transposed "
        "matrix, in Keras columns 4 to 6."
    )
    assert texts(figure)[-1].startswith("All gates: 4·18 = 72 parameters. PyTorch counts 84: ")
    assert texts(gate_layouts(gated(GRU, rng)))[-1].startswith(
        "All gates: 3·18 + 3 for b_h = 57 parameters. PyTorch counts 63: "
    )
    with pytest.raises(TypeError, match="cell is of type Elman, expected an LSTM or a GRU"):
        gate_layouts(notes_elman())


# --- every figure ---------------------------------------------------------------------------------


def every_figure():
    rng = np.random.default_rng(3)
    lstm = unroll(gated(LSTM, rng, n=2), draw(rng, 2, 2))
    title = "Is 1 < 2 & 'so'?"
    layer = unroll(random_layer(rng, l=2), draw(rng, 3, 2))
    yield stepper(lstm, title)
    yield back_stepper(lstm, title, h=[[1, 1], [1, 1]])
    yield truncation(layer, title, weight="W_y", y=np.ones((3, 2)))
    yield side_by_side(notes(), unroll(exercise_3_jordan(), notes_inputs()), title)
    yield what_if(from_start, [[0, 0, 0], [1, 0, 0]], "h(0) < 2", title)
    yield what_if(lambda v: magnitudes({"<": [v, 1]}), [1, 2], "a<b", title)
    yield rows_and_columns([1, 2], [[1], [2]], title)
    yield batch_axes(np.ones((2, 2, 2)), title)
    yield units_and_steps(title=title)
    yield gate_layouts(lstm.cell, title)


@pytest.mark.parametrize("figure", [*every_figure()], ids=lambda figure: figure.frames[0].term)
def test_every_figure_is_well_formed_and_says_what_it_shows(figure):
    frames = [f for frames in (figure.families or {"": figure.frames}).values() for f in frames]
    for frame, html in zip(frames, frames_html(figure), strict=True):
        assert html.get("data-text") == sentence_text(frame.text)
        shown = "".join(html.find("div[@class='rnn-sentence']").itertext())
        shown = shown.replace("\u2060", "").replace("_", "")  # of a name in code the line stays
        for word in sentence_text(frame.text).replace("_", "").split():
            assert word.strip(":.") in shown
        for picture in html.findall(".//div[@role='img']"):
            assert picture.get("aria-label"), frame.text
    assert "Is 1 &lt; 2 &amp; " in figure.widget.children[0].value
    assert "Is 1 &lt; 2 &amp; " in figure.table()
    assert str(figure).startswith(("Is 1 < 2 & 'so'?", "Contributions to ∂L/∂W_y"))
    assert "`" not in str(figure) and "`" not in figure.table()


@pytest.mark.parametrize("figure", [*every_figure()], ids=lambda figure: figure.frames[0].term)
def test_the_sheets_of_all_frames_have_one_size(figure):
    first, *others = [sizes(frame) for frame in frames_html(figure)]
    assert all(other == first for other in others)


def test_the_candidate_of_a_gru_has_more_rows_and_its_sheet_the_size_of_the_other_gates(rng):
    frames = frames_html(stepper(unroll(gated(GRU, rng), draw(rng, 2, 2))))
    rows = {tuple(len([*table.iter("tr")]) for table in frame.iter("table")) for frame in frames}
    assert len(rows) == 2
    assert len({tuple(sizes(frame)) for frame in frames}) == 1


def test_a_column_has_room_for_the_widest_numbers_of_all_frames_whatever_their_digits():
    figure = stepper(unroll(Layer([[1]], [[-1]], [0], "identity"), [[1], [0.25], [-4], [1e-5]]))
    for frame in frames_html(figure):
        [room] = frame.findall(".//tr[@class='room']")
        _, x, _, y = ([*cell.itertext()] for cell in room)
        assert x == y == ["00⁻⁰", "−0.00"]


def test_the_sizer_has_all_sentences_and_an_outline_of_each_size_and_is_not_heard():
    alike = what_if(from_start, [[0, 0, 0], [1, 0, 0]], "h(0)", "Does it forget?")
    networks = {"Elman": notes_elman(), "LSTM": gated(LSTM, np.random.default_rng(3))}
    unlike = what_if(lambda name: unrolled(networks[name]), networks, "network", "Which?")
    for figure, outlines in ((alike, 1), (unlike, 2)):
        sizer = ElementTree.fromstring(figure.widget.children[-1].children[0].value)
        assert sizer.get("aria-hidden") == "true"
        told = {text_of(room) for room in sizer.findall("div[@class='rnn-room']")}
        frames = frames_html(figure)
        assert told == {text_of(frame.find("div[@class='rnn-sentence']")) for frame in frames}
        bodies = sizer.findall("div[@class='rnn-parts']")
        assert len(bodies) == outlines
        assert not any(len(svg) for body in bodies for svg in body.iter("svg"))


def test_on_a_page_that_has_the_style_it_is_not_sent_again(monkeypatch):
    assert "<style>" in stepper(notes()).widget.children[0].value
    monkeypatch.setenv("RNNLIB_STYLE", "page")
    assert "<style>" not in stepper(notes()).widget.children[0].value
