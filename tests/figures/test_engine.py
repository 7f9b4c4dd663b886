"""What the figures compute in the browser is what rnnlib computes, forwards and back."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from browsing import PATIENCE, server

from rnnlib import ACTIVATIONS, GRU, LSTM, Elman, Jordan, Layer, bptt, unroll
from rnnlib.parameters import parameters
from unrolled.figures.touch import FOLDER

NETWORKS = 80  # of each kind
KINDS = (Layer, Elman, Jordan, LSTM, GRU)
PHIS = ("phi", "g_h", "g_o")

COMPUTE = """async (states) => {
    const { forwards, backwards } = await import("/engine.js");
    return states.map((state) => backwards(forwards(state), state.seeds));
}"""


def network(kind, rng):
    """A network of random size, weights and activations."""
    k, n, o = rng.integers(1, 6, size=3)
    draw = rng.normal
    phi, other = rng.choice(list(ACTIVATIONS), size=2).tolist()
    if kind is Layer:
        return Layer(draw(size=(k, n)), draw(size=(n, n)), draw(size=n), phi)
    if kind is LSTM:
        return LSTM(draw(size=(4, k, n)), draw(size=(4, n, n)), draw(size=(4, n)))
    if kind is GRU:
        return GRU(draw(size=(3, k, n)), draw(size=(3, n, n)), draw(size=(3, n)), draw(size=n))
    fed_back = n if kind is Elman else o
    shapes = (k, n), (fed_back, n), (n, o), (n,), (o,)
    return kind(*(draw(size=shape) for shape in shapes), phi, other)


def run(kind, rng):
    """A network over a random sequence: what the page is given, and what rnnlib makes of it."""
    cell = network(kind, rng)
    xs = rng.normal(size=(rng.integers(1, 7), cell.n_inputs))
    sizes = zip(cell.state, cell.state_sizes, strict=True)
    initial = cell.Step(**{name: rng.normal(size=size) for name, size in sizes})
    trace = unroll(cell, xs, initial)
    read = {*cell.seeds, *cell.state, cell.output} & {"y", "h", "c"}
    seeds = {name: rng.normal(size=getattr(trace, name).shape) for name in sorted(read)}
    state = {
        "kind": kind.__name__,
        "cell": parameters(cell) | {g: getattr(cell, g) for g in PHIS if hasattr(cell, g)},
        "xs": xs,
        "initial": {name: getattr(initial, name) for name in cell.state},
        "seeds": seeds,
    }
    return state, trace, bptt(trace, **seeds)


def differences(found, trace, d):
    """For every quantity and gradient its name, and how far off the page is."""
    T, quantities = len(trace), trace.steps._asdict()
    for name, of_rnnlib in quantities.items():
        yield name, off([found["trace"][t][name] for t in range(1, T + 1)], of_rnnlib)
        gradient = [found["gradient"][t][name] for t in range(1, T + 1)]
        yield f"d {name}", off(gradient, getattr(d, name))
    yield "d xs", off([found["gradient"][t]["x"] for t in range(1, T + 1)], d.xs)
    for name in trace.cell.state:
        yield f"d {name}(0)", off(found["gradient"][0][name], getattr(d[0], name))
    for name, of_rnnlib in parameters(d.cell).items():
        yield f"d {name}", off(found["weights"][name], of_rnnlib)


def off(found, expected):
    expected = np.asarray(expected)
    assert np.shape(found) == expected.shape
    return np.abs(found - expected).max() / max(1, np.abs(expected).max())


@pytest.fixture(scope="module")
def page(browser):
    with server(FOLDER) as address:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/engine.js")
        yield page


EXPLAIN = """async (states) => {
    const { forwards, backwards } = await import("/engine.js");
    const { momentsOf, rowsOf, arithmetic } = await import("/explain.js");
    const { complete } = await import("/state.js");
    const told = [];
    for (const given of states) for (const view of ["forwards", "backwards"]) {
        const state = complete({ ...given, view }), run = backwards(forwards(state), state.seeds);
        for (const moment of momentsOf(state.kind, view, state.xs.length)) {
            for (const row of rowsOf(state, run, moment)) {
                for (const [j, value] of row.right?.values.entries() ?? []) {
                    const text = arithmetic(state, run, moment, row, j).split("<br>").at(-1);
                    if (text.includes("=")) told.push([row.role, text, value]);
                }
            }
        }
    }
    return told;
}"""
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
FUNCTIONS = {
    "relu": lambda a: max(a, 0),
    "identity": lambda a: a,
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
}


def sides(text):
    """Of an equation as a reader sees it the last but one expression, and the last, as numbers."""
    text = re.sub("<small>.*</small>|<[^>]*>", "", text)
    text = re.sub("·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda found: f"e{found[1].translate(RAISED)}", text)
    _, *sums = text.replace("·", "*").replace("−", "-").split(" = ")
    return [float(eval(each, FUNCTIONS)) for each in (sums[0], sums[-1])]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_arithmetic_behind_every_entry_comes_out(kind, page):
    """Forwards and back: what is written as products and sums makes the number that is shown."""
    rng = np.random.default_rng(5)
    states = []
    for _ in range(6):
        state, *_ = run(kind, rng)
        cell = {g: rng.choice(["relu", "tanh", "identity", "sigmoid"]).item() for g in PHIS}
        weights = {name: w.round(1) for name, w in state["cell"].items() if name not in PHIS}
        state |= {"cell": weights | cell, "xs": state["xs"].round(1)}
        states.append(json.loads(json.dumps(state, default=plain)))
    told = page.evaluate(EXPLAIN, states)
    assert len(told) > 500
    for role, text, value in told:
        written, outcome = sides(text)
        close = 0.05 * max(1, abs(written))  # its numbers are rounded
        assert abs(written - outcome) <= close, text
        if role not in ("weight", "factor"):  # they stand for the product that they are part of
            assert abs(outcome - value) <= 0.006 * max(1, abs(value)), (text, value)


def plain(value):
    return value.tolist() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_hundreds_of_networks_give_the_numbers_of_rnnlib(kind, page):
    rng = np.random.default_rng(KINDS.index(kind))
    runs = [run(kind, rng) for _ in range(NETWORKS)]
    states = json.loads(json.dumps([state for state, _, _ in runs], default=plain))
    computed = page.evaluate(COMPUTE, states)
    wrong = {
        f"network {i}, {name}": float(difference)
        for i, (found, (_, trace, d)) in enumerate(zip(computed, runs, strict=True))
        for name, difference in differences(found, trace, d)
        if not difference <= 1e-12
    }
    assert wrong == {}


def test_the_initial_state_and_missing_seeds_count(page):
    """A loss that reads the last output alone, and a network that starts from something."""
    cell = Elman([[1]], [[2]], [[3]], [4], [5], "identity", "identity")
    state = {
        "kind": "Elman",
        "cell": {**weights_of(cell), "g_h": "identity", "g_o": "identity"},
        "xs": [[1], [1]],
        "initial": {"h": [10]},
        "seeds": {"y": [[0], [1]]},
    }
    [found] = page.evaluate(COMPUTE, [state])
    assert found["trace"][1]["h"] == [25]  # 1·1 + 10·2 + 4
    assert found["gradient"][0]["h"] == [12]  # 3·2·2
    assert found["weights"]["W_h"] == [[3 * 25 + 6 * 10]]


def weights_of(cell):
    return {name: value.tolist() for name, value in parameters(cell).items()}
