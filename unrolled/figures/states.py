"""The state of a figure that one can touch: made of a trace, and a trace made of it again.

What the figure computes and draws with it is in ``touch/``, for JupyterLab and for pages alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlib.backpropagation import bptt
from rnnlib.cells import Cell, Elman, Jordan, Layer
from rnnlib.gated import GRU, LSTM
from rnnlib.parameters import parameters
from rnnlib.seeds import as_seeds
from rnnlib.trace import Trace, unroll
from unrolled.figures.figure import Table
from unrolled.figures.notation import vector

KINDS: dict[str, type[Cell]] = {kind.__name__: kind for kind in (Layer, Elman, Jordan, LSTM, GRU)}
MOST, MOST_STEPS = 5, 10  # as LIMITS in touch/state.js
READ = {"Layer": "y", "Elman": "yh", "Jordan": "yh", "LSTM": "hc", "GRU": "h"}
ACTIVATIONS = ("phi", "g_h", "g_o")


def check_fits(trace: Trace) -> str:
    """The kind of the trace's network, if a figure can show it."""
    kind = type(trace.cell).__name__
    if KINDS.get(kind) is not type(trace.cell):
        raise ValueError(
            f"trace is of the network {kind}, expected one of a {', '.join(KINDS)}: no figure "
            f"that one can touch is known for another"
        )
    if trace.xs.ndim != 2:
        raise ValueError(
            f"trace has inputs of shape {trace.xs.shape}, expected a single sequence, (T, k): "
            f"say which one by sequence=0"
        )
    T, k = trace.xs.shape
    sizes = {"inputs": k, "neurons": trace.cell.n_neurons, "outputs": trace.cell.n_outputs}
    for name, size in sizes.items():
        if size > MOST:
            raise ValueError(f"trace is of {size} {name}, expected at most {MOST} in a figure")
    if T > MOST_STEPS:
        raise ValueError(
            f"trace has {T} steps, expected at most {MOST_STEPS} in a figure: unroll over "
            f"xs[:{MOST_STEPS}]"
        )
    return kind


def state_of(trace: Trace, seeds: Mapping[str, ArrayLike] | None = None) -> dict[str, Any]:
    """A trace as the figure's state: plain lists and words, fit for JSON."""
    cell, kind = trace.cell, type(trace.cell).__name__
    given = as_seeds(trace, None, dict(seeds)) if seeds else {}
    if unknown := given.keys() - {*READ[kind]}:
        raise ValueError(
            f"seeds has {', '.join(sorted(unknown))}, expected {' or '.join(READ[kind])}: the "
            f"figure of a {kind} shows no other gradients of a loss's own"
        )
    if not given:
        given = {READ[kind][0]: np.zeros_like(getattr(trace, READ[kind][0]))}
        given[READ[kind][0]][-1, 0] = 1
    weights = {name: numbers(array) for name, array in parameters(cell).items()}
    names = {name: getattr(cell, name) for name in ACTIVATIONS if hasattr(cell, name)}
    return {
        "kind": kind,
        "cell": weights | names,
        "xs": numbers(trace.xs),
        "initial": {name: numbers(getattr(trace.initial, name)) for name in cell.state},
        "seeds": {name: numbers(array) for name, array in given.items()},
    }


def trace_of(state: Mapping[str, Any]) -> Trace:
    """The trace that a figure in this state shows, computed by rnnlib."""
    cell = KINDS[state["kind"]](**state["cell"])
    initial = state.get("initial")
    return unroll(cell, state["xs"], cell.Step(**initial) if initial else None)


def gradient_of(state: Mapping[str, Any]) -> Trace:
    """The gradient that a figure in this state shows, computed by rnnlib."""
    trace = trace_of(state)
    return bptt(trace, **state["seeds"])


def numbers(array: NDArray) -> Any:
    """An array as lists, whole numbers without their point, so that they are short on a page."""
    if array.ndim:
        return [numbers(each) for each in array]
    value = float(array)
    return int(value) if value.is_integer() else value


def table_of_state(title: str, state: Mapping[str, Any]) -> Table:
    """The static twin: all steps in one table, with the gradients if it opens on them."""
    trace = trace_of(state)
    back = state.get("view") == "backwards"
    names = [name for name in trace.steps._fields if not name.startswith("a") and name != "past"]
    columns = [("x(t)", trace.xs), *((f"{name}(t)", getattr(trace, name)) for name in names)]
    initial = {f"{name}(t)": getattr(trace.initial, name) for name in trace.cell.state}
    if back:
        d = gradient_of(state)
        columns += [(f"∂L/∂{name}(t)", getattr(d, name)) for name in names]
        initial |= {f"∂L/∂{name}(t)": getattr(d.initial, name) for name in trace.cell.state}
    start = ["0", *(vector(initial[name]) if name in initial else "" for name, _ in columns)]
    steps = ([str(t + 1), *(vector(q[t]) for _, q in columns)] for t in range(len(trace)))
    return Table(title, ["t", *(name for name, _ in columns)], [start, *steps])


def place_html(title: str, state: Mapping[str, Any]) -> str:
    """The figure's place on a published page: its state, and its table where scripts are off."""
    told = json.dumps({"title": title, "state": state}, separators=(",", ":"), ensure_ascii=False)
    # nothing in it may end the script, or hide its end
    told = told.replace("<", "\\u003c")
    return (
        f'<div class="un-place"><script type="application/json">{told}</script>'
        f"<noscript>{table_of_state(title, state).html()}</noscript></div>"
    )
