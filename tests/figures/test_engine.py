"""What the figures compute in the browser is what rnnlib computes, forwards and back."""

from __future__ import annotations

import json

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
