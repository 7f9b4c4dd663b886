"""The frames of a trace: what each kind of network computes at each time step."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnlib.cells import Cell, Elman, Jordan, Layer
from rnnlib.gated import GATES, GRU, GRU_GATES, LSTM
from rnnlib.trace import Trace
from unrolled.figures.drawing import Wiring, network_svg, wiring
from unrolled.figures.figure import Frame
from unrolled.figures.notation import vector
from unrolled.figures.sheet import Layout, Sheet

MOST_ROWS = 4
"""Batches of at most so many instances are shown whole."""

MOST_NEURONS, MOST_STEPS = 16, 60
"""Larger figures nobody can read, and a browser is slow to show."""


@singledispatch
def forwards(cell: Cell, trace: Trace, stacked: bool) -> Iterator[Frame]:
    """The frames of a trace, one for each time step and term; chosen by the kind of ``cell``.

    Raises
    ------
    ValueError
        If no figure is known for this kind of network.
    """
    raise ValueError(
        f"no stepper for {type(cell).__name__}, expected the trace of an Elman or Jordan network, "
        f"of a Layer, an LSTM or a GRU"
    )


class Scene:
    """One time step: it remembers, from frame to frame, what has been computed.

    ``given`` are the labels of blocks that are there from the beginning.
    """

    backwards = False

    def __init__(
        self, t: int, T: int, plan: Wiring, sheets: Iterable[Layout], given: Iterable[str] = ()
    ) -> None:
        self.t, self.T, self.plan = t, T, plan
        self.there = {*given}
        self.show(*sheets)
        self.known = {(layer, s) for layer in plan.layers for s in range(1, t)}
        self.known |= {(source, 0) for source, _, _ in plan.backs}

    def show(self, *sheets: Layout) -> None:
        """Take other sheets; weights are there from the beginning."""
        self.sheets = [tuple(layout.blocks) for layout in sheets]
        self.there |= {block.label for each in self.sheets for block in each if block.kind == "w"}

    def start(self, state: dict[str, NDArray]) -> Frame:
        """Before the first step: what the network starts from."""
        nothing = not any(values.any() for values in state.values())
        why = "nothing has been read" if nothing else "this is what the network starts from"
        told = " and ".join(tell(name, values) for name, values in state.items())
        labels = state.keys()
        lit = {(source, 0) for source, _, _ in self.plan.backs}
        text = f"Before step 1 of {self.T}, start: {told}; {why}."
        return self._frame(0, "start", text, tuple(state.items()), set(), set(labels), lit)

    def frame(self, term: str, text: str, results: dict, *, used: set, new: set, lit: set) -> Frame:
        self.there |= used | new
        text = f"Step {self.t} of {self.T}, {term}: {text}"
        made = self._frame(self.t, term, text, tuple(results.items()), used, new, lit)
        self.known |= {key for key in lit if key[0] in self.plan.layers}
        return made

    def _frame(
        self, t: int, term: str, text: str, results: tuple, used: set, new: set, lit: set
    ) -> Frame:
        marks = frozenset(lit), frozenset(self.known)
        drawing = network_svg(self.plan, self.T, max(t, 1), *marks, self.backwards)
        sheets = tuple(
            Sheet(
                blocks,
                frozenset(used),
                frozenset(new),
                frozenset(block.label for block in blocks) - self.there,
            )
            for blocks in self.sheets
        )
        return Frame(t, term, text, results, drawing, sheets)


def tell(label: str, values: NDArray) -> str:
    """A quantity in a sentence; of a matrix the name alone."""
    return f"`{label}`" if np.ndim(values) > 1 else f"`{label}` = {vector(values)}"


def _value(values: NDArray, instead: str) -> str:
    """A vector in a sentence, or words in a matrix's place."""
    return instead if np.ndim(values) > 1 else vector(values)


class _Names(NamedTuple):
    """What the parts of a hidden layer, or of a recurrent layer, are called."""

    weights: str
    bias: str
    sum: str
    result: str
    activation: str
    term: str


_HIDDEN = _Names("W_h", "b_h", "a_h", "h", "g_h", "hidden layer")
_LAYER = _Names("W_y", "b", "a", "y", "phi", "output")


@forwards.register(Elman)
@forwards.register(Jordan)
@forwards.register(Layer)
def _plain_frames(cell: Elman | Jordan | Layer, trace: Trace, stacked: bool) -> Iterator[Frame]:
    for t in range(1, len(trace) + 1):
        step = _Step(cell, trace, t)
        scene = Scene(t, len(trace), wiring(cell), [step.layout(stacked)], {step.past})
        if t == 1:
            yield scene.start({step.past: step.before})
        yield from [step.one_product(scene)] if stacked else step.two_products(scene)
        yield step.layer(scene, stacked)
        if not isinstance(cell, Layer):
            yield step.output(scene, cell)


class _Step:
    """One step of a layer, an Elman or a Jordan network. A batch has capital letters."""

    def __init__(self, cell: Elman | Jordan | Layer, trace: Trace, t: int) -> None:
        self.cell, self.t, self.record = cell, t, trace[t]
        self.batch = trace.xs.ndim > 2
        self.names = _LAYER if isinstance(cell, Layer) else _HIDDEN
        self.memory = cell.state[0]
        self.x_, self.past = self.name("x", t), self.name(self.memory, t - 1)
        self.x, self.before = trace.xs[t - 1], getattr(trace[t - 1], self.memory)
        self.W = getattr(cell, self.names.weights)
        self.share, self.kept = self.x @ cell.W_x, self.before @ self.W
        self.sum_, self.result_ = self.name(self.names.sum), self.name(self.names.result, t)
        self.sum = getattr(self.record, self.names.sum)
        self.result = getattr(self.record, self.names.result)
        self.phi = getattr(cell, self.names.activation)

    def name(self, quantity: str, t: int | None = None) -> str:
        quantity = quantity[0].upper() + quantity[1:] if self.batch else quantity
        return quantity if t is None else f"{quantity}({t})"

    def layout(self, stacked: bool) -> Layout:
        """All numbers of the step."""
        cell, names, record, t = self.cell, self.names, self.record, self.t
        hidden = Layout()
        if stacked:
            both = np.concatenate([self.x, self.before], axis=-1)
            weights = ("W", np.concatenate([cell.W_x, self.W]))
            hidden.product(
                weights,
                ("both", both, "x", f"[`x`, `{self.memory}`]"),
                ("from both", both @ weights[1]),
            )
        else:
            factor = (self.x_, self.x, "x")
            hidden.product(("W_x", cell.W_x), factor, ("from x", self.share))
            factor = (self.past, self.before, self.memory)
            hidden.product((names.weights, self.W), factor, ("from memory", self.kept))
        hidden.add(names.bias, getattr(cell, names.bias), "w", f"+ `{names.bias}`")
        hidden.add(self.sum_, self.sum, "a")
        row = hidden.row
        hidden.add(self.result_, self.result, names.result)
        if not isinstance(cell, Layer):  # W_o ends above h(t), and so h(t) stands to its left
            output = Layout(column=2, row=row - len(cell.W_o), blocks=hidden.blocks)
            output.add("W_o", cell.W_o, "w")
            output.add("from h", record.h @ cell.W_o, "a", "=")
            output.add("b_o", cell.b_o, "w", "+ `b_o`")
            output.add(self.name("a_o"), record.a_o, "a")
            output.add(self.name("y", t), record.y, "y")
        return hidden

    @property
    def both_(self) -> str:
        return f"[`{self.x_}`, `{self.past}`]"

    def two_products(self, scene: Scene) -> Iterator[Frame]:
        t, weights = self.t, self.names.weights
        rows = "a row for each instance"
        yield scene.frame(
            "input",
            f"{tell(self.x_, self.x)} times `W_x` gives {_value(self.share, rows)}.",
            {self.x_: self.x, f"{self.x_} W_x": self.share},
            used={self.x_, "W_x"},
            new={"from x"},
            lit={("x", t), ("W_x", t)},
        )
        yield scene.frame(
            "memory",
            f"{tell(self.past, self.before)} times `{weights}` gives {_value(self.kept, rows)}.",
            {f"{self.past} {weights}": self.kept},
            used={self.past, weights},
            new={"from memory"},
            lit={(self.memory, t - 1), (weights, t)},
        )

    def one_product(self, scene: Scene) -> Frame:
        t, rows = self.t, "a row for each instance"
        both = np.concatenate([self.x, self.before], axis=-1)
        told = "" if self.batch else f" = {vector(both)}"
        return scene.frame(
            "one product",
            f"{self.both_}{told} times `W`, which is `W_x` above `{self.names.weights}`, gives "
            f"{_value(self.share + self.kept, rows)}.",
            {self.x_: self.x, f"[{self.x_}, {self.past}] W": self.share + self.kept},
            used={"both", "W"},
            new={"from both"},
            lit={("x", t), ("W_x", t), (self.memory, t - 1), (self.names.weights, t)},
        )

    def layer(self, scene: Scene, stacked: bool) -> Frame:
        t, names = self.t, self.names
        if stacked:
            products, used = _value(self.share + self.kept, "The product"), {"from both"}
        else:
            share = _value(self.share, "The first product")
            products = f"{share} + {_value(self.kept, 'the second')}"
            used = {"from x", "from memory"}
        return scene.frame(
            names.term,
            f"{products} + `{names.bias}` = {_value(self.sum, f'`{self.sum_}`')}, "
            f"and {self.phi} of this is {tell(self.result_, self.result)}.",
            {f"{self.sum_}({t})": self.sum, self.result_: self.result},
            used=used | {names.bias},
            new={self.sum_, self.result_},
            lit={(names.result, t)},
        )

    def output(self, scene: Scene, cell: Elman | Jordan) -> Frame:
        t, record, sum_, y_ = self.t, self.record, self.name("a_o"), self.name("y", self.t)
        return scene.frame(
            "output",
            f"{tell(self.result_, record.h)} times `W_o`, plus `b_o`, gives "
            f"{_value(record.a_o, f'`{sum_}`')}, and {cell.g_o} of this is "
            f"{tell(y_, record.y)}.",
            {f"{sum_}({t})": record.a_o, y_: record.y},
            used={self.result_, "W_o", "b_o"},
            new={"from h", sum_, y_},
            lit={("h", t), ("W_o", t), ("y", t)},
        )


_LSTM_GATES = {
    "f": ("forget gate", "σ", "the share of `{past}` that stays"),
    "i": ("input gate", "σ", "the share of the candidate that is written"),
    "c_tilde": ("candidate", "tanh", "what may be written"),
    "o": ("output gate", "σ", "the share of the cell state that is shown"),
}


@forwards.register
def _lstm_frames(cell: LSTM, trace: Trace, stacked: bool) -> Iterator[Frame]:
    _no_stack(cell, stacked)
    for t in range(1, len(trace) + 1):
        record, before, past = trace[t], trace[t - 1], f"c({t - 1})"
        gates = {gate: f"{gate}({t})" for gate in _LSTM_GATES}
        memory = Layout()
        for gate, label in gates.items():
            memory.add(label, getattr(record, gate), "g")
        kept, written, shown = record.f * before.c, record.i * record.c_tilde, np.tanh(record.c)
        memory.add(past, before.c, "c")
        memory.add("kept", kept, "a", f"`f {past}`")
        memory.add("written", written, "a", "+ `i c_tilde`")
        memory.add(f"c({t})", record.c, "c")
        memory.add("tanh", shown, "a", f"tanh `c({t})`")
        memory.add(f"h({t})", record.h, "h")
        scene = Scene(t, len(trace), wiring(cell), [memory], {past, f"h({t - 1})"})
        for gate, (term, phi, what) in _LSTM_GATES.items():
            sheet = _gate_sheet(cell, trace, t, gate, GATES.index(gate))
            scene.show(sheet, memory)
            if t == 1 and gate == "f":
                yield scene.start({"h(0)": before.h, "c(0)": before.c})
            yield _gate_frame(scene, gate, term, phi, what.format(past=past))
        yield scene.frame(
            "cell state",
            f"`f({t})` times `{past}`, entry by entry, is {vector(kept)}; `i({t})` times "
            f"`c_tilde({t})` is {vector(written)}; their sum is {tell(f'c({t})', record.c)}.",
            {f"c({t})": record.c},
            used={gates["f"], past, gates["i"], gates["c_tilde"]},
            new={"kept", "written", f"c({t})"},
            lit={("c", t - 1), ("f", t), ("i c_tilde", t), ("c", t)},
        )
        yield scene.frame(
            "hidden state",
            f"tanh of `c({t})` is {vector(shown)}; times `o({t})`, entry by entry, this is "
            f"{tell(f'h({t})', record.h)}.",
            {f"h({t})": record.h},
            used={f"c({t})", gates["o"]},
            new={"tanh", f"h({t})"},
            lit={("c", t), ("o", t), ("h", t)},
        )


_GRU_GATES = {
    "z": ("update gate", "σ", "the share of `{past}` that stays"),
    "r": ("reset gate", "σ", "the share of the past that the candidate sees"),
    "h_tilde": ("candidate", "tanh", "what may take the place of the past"),
}


@forwards.register
def _gru_frames(cell: GRU, trace: Trace, stacked: bool) -> Iterator[Frame]:
    _no_stack(cell, stacked)
    for t in range(1, len(trace) + 1):
        record, before, past = trace[t], trace[t - 1].h, f"h({t - 1})"
        gates = {gate: f"{gate}({t})" for gate in _GRU_GATES}
        memory = Layout()
        for gate, label in gates.items():
            memory.add(label, getattr(record, gate), "g")
        memory.add(past, before, "h")
        written, kept = (1 - record.z) * record.h_tilde, record.z * before
        memory.add("written", written, "a", "(1 − `z`) `h_tilde`")
        memory.add("kept", kept, "a", f"+ `z {past}`")
        memory.add(f"h({t})", record.h, "h")
        scene = Scene(t, len(trace), wiring(cell), [memory], {past})
        for gate, (term, phi, what) in _GRU_GATES.items():
            g = GRU_GATES.index(gate)
            scene.show(_gate_sheet(cell, trace, t, gate, g), memory)
            if t == 1 and gate == "z":
                yield scene.start({"h(0)": before})
            yield _gate_frame(scene, gate, term, phi, what.format(past=past))
        yield scene.frame(
            "hidden state",
            f"1 − `z({t})` times `h_tilde({t})`, entry by entry, is {vector(written)}; `z({t})` "
            f"times `{past}` is {vector(kept)}; their sum is {tell(f'h({t})', record.h)}.",
            {f"h({t})": record.h},
            used={gates["z"], past, gates["h_tilde"]},
            new={"kept", "written", f"h({t})"},
            lit={("h", t - 1), ("z", t), ("1 − z", t), ("h", t)},
        )


def _no_stack(cell: Cell, stacked: bool) -> None:
    if stacked:
        raise ValueError(
            f"stacked is True, and the trace is of a {type(cell).__name__}; expected one of an "
            f"Elman or Jordan network or of a Layer"
        )


def _gate_sheet(cell: LSTM | GRU, trace: Trace, t: int, gate: str, g: int) -> Layout:
    """What one gate computes: its label in brackets tells its weights from the other gates'."""
    x, before, record = trace.xs[t - 1], trace[t - 1].h, trace[t]
    a = getattr(record, "a_h" if gate == "h_tilde" else f"a_{gate[0]}")
    share, fed_back = x @ cell.W_x[g], before @ cell.W_h[g]
    sheet = Layout()
    sheet.product((f"W_x[{gate}]", cell.W_x[g]), (f"x({t})", x, "x"), ("from x", share))
    factor = (f"h({t - 1})", before, "h")
    sheet.product((f"W_h[{gate}]", cell.W_h[g]), factor, ("from memory", fed_back))
    if isinstance(cell, GRU) and gate == "h_tilde":
        sheet.add("b_h", cell.b_h, "w", "+ `b_h`")
        sheet.add("reset", record.r * record.past, "a", f"· `r({t})`")
    if hasattr(cell, "P"):  # peepholes; the candidate has none
        c = record.c if gate == "o" else trace[t - 1].c
        seen = np.zeros_like(a) if gate == "c_tilde" else c * cell.P[g]
        sheet.add("seen", seen, "a", "+ `c P`")
    sheet.add(f"b[{gate}]", cell.b[g], "w", f"+ `b[{gate}]`")
    sheet.add(f"a_{gate[0]}", a, "a")
    sheet.add(f"{gate}({t})", getattr(record, gate), "g")
    return sheet


def _gate_frame(scene: Scene, gate: str, term: str, phi: str, what: str) -> Frame:
    """A gate in one frame: its labels are those of ``_gate_sheet``."""
    t, first = scene.t, gate in ("f", "z")
    blocks = {block.label: block.values[0] for block in scene.sheets[0]}
    a, result, bias = f"a_{gate[0]}", f"{gate}({t})", f"b[{gate}]"
    if gate == "h_tilde":
        sums, used = ["from x", "reset"], {"b_h", f"r({t})"}
        told = f"{vector(blocks['from x'])} + {vector(blocks['reset'])}"
        reset = f"`h({t - 1}) W_h` + `b_h`, times `r({t})`, is {vector(blocks['reset'])}; "
    else:
        sums = ["from x", "from memory", *(["seen"] if "seen" in blocks else [])]
        told, reset, used = " + ".join(vector(blocks[each]) for each in sums), "", set()
    new = {"from x", "from memory", *sums, a, result}
    scene.there -= {*new, "reset", "seen"}  # another gate's
    return scene.frame(
        term,
        f"{reset}{told} + `{bias}` = {vector(blocks[a])}, and {phi} of this is "
        f"{tell(result, blocks[result])}: {what}.",
        ({f"x({t})": blocks[f"x({t})"]} if first else {}) | {result: blocks[result]},
        used=used | {f"x({t})", f"h({t - 1})", f"W_x[{gate}]", f"W_h[{gate}]", bias},
        new=new,
        lit={("x", t), ("W_x", t), ("h", t - 1), ("W_h", t), ("gates", t)},
    )


def one_sequence(trace: Trace, sequence: int) -> Trace:
    """The trace of one sequence of a batch, up to its end."""
    if trace.xs.ndim != 3:
        raise ValueError(
            f"sequence is {sequence}, and the trace has inputs of shape {trace.xs.shape}, which is "
            f"no batch; expected (T, m, {trace.xs.shape[-1]})"
        )
    m = trace.xs.shape[1]
    if not isinstance(sequence, int | np.integer) or not 0 <= sequence < m:
        raise ValueError(f"sequence is {sequence!r}, expected one of the batch's, 0 to {m - 1}")
    T = len(trace) if trace.lengths is None else int(trace.lengths[sequence])

    def each(record: Any, pick: Callable[[NDArray], NDArray]) -> Any:
        return type(record)(*(None if array is None else pick(array) for array in record))

    return dataclasses.replace(
        trace,
        xs=trace.xs[:T, sequence],
        initial=each(trace.initial, lambda array: array[sequence]),
        steps=each(trace.steps, lambda array: array[:T, sequence]),
        lengths=None,
    )


def check_size(trace: Trace) -> None:
    """Refuse what nobody could read."""
    for name, array in trace.steps._asdict().items():
        if array is not None and array.shape[-1] > MOST_NEURONS:
            raise ValueError(
                f"{name} has {array.shape[-1]} neurons, expected at most {MOST_NEURONS}: more "
                f"numbers cannot be read; unrolled.figures.magnitudes shows how large they are"
            )
    if len(trace) > MOST_STEPS:
        raise ValueError(
            f"the trace has {len(trace)} steps, expected at most {MOST_STEPS}: unroll fewer, such "
            f"as xs[:{MOST_STEPS}]"
        )


def shown_of(trace: Trace, sequence: int | None) -> Trace:
    """What of a trace a figure shows.

    Raises
    ------
    TypeError
        If it is none.
    ValueError
        If it is one of a batch too large to be shown whole, or of a gated network.
    """
    if type(trace) is not Trace:
        raise TypeError(f"trace is of type {type(trace).__name__}, expected a Trace from unroll")
    if sequence is not None:
        return one_sequence(trace, sequence)
    shape, k = trace.xs.shape, trace.xs.shape[-1]
    whole = isinstance(trace.cell, Elman | Jordan | Layer) and trace.lengths is None
    if len(shape) > 3 or (len(shape) == 3 and not (whole and shape[1] <= MOST_ROWS)):
        raise ValueError(
            f"trace has inputs of shape {shape}, expected a single sequence, (T, {k}), or a "
            f"batch of at most {MOST_ROWS} of an Elman or Jordan network or a Layer: "
            f"say which one by sequence=0"
        )
    return trace
