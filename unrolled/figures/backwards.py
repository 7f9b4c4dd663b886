"""The frames of backpropagation through time, from the last step to the first; and truncation."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlib.activations import activation
from rnnlib.backpropagation import bptt
from rnnlib.cells import Cell, Elman, Jordan, Layer
from rnnlib.gated import GRU, LSTM
from rnnlib.trace import Trace
from rnnlib.truncation import contributions
from unrolled.figures.drawing import Wiring, wiring
from unrolled.figures.figure import Frame, Table
from unrolled.figures.forwards import Scene, tell
from unrolled.figures.notation import number, vector
from unrolled.figures.sheet import Block, Layout, Sheet


@dataclass(frozen=True)
class Way:
    """A trace, its gradient, and the loss's own gradients by name."""

    trace: Trace
    d: Trace
    seeds: dict[str, NDArray]

    def own(self, name: str, t: int) -> NDArray:
        """The loss's own gradient with respect to a quantity at step t."""
        shape = getattr(self.trace, name)[0]
        return self.seeds[name][t - 1] if name in self.seeds else np.zeros_like(shape)

    def later(self, name: str, t: int) -> NDArray:
        """∂L/∂(name) at step t + 1, zero after the last step."""
        d = getattr(self.d, name)
        return d[t] if t < len(d) else np.zeros_like(d[0])


def way_of(trace: Trace, seeds: dict[str, ArrayLike]) -> Way:
    """Goes back over the trace of a single sequence."""
    d = bptt(trace, None, None, **seeds)
    return Way(trace, d, {name: np.asarray(seed, float) for name, seed in seeds.items()})


@singledispatch
def backwards(cell: Cell, way: Way) -> Iterator[Frame]:
    """The frames of the way back, one for each time step and term, by the kind of ``cell``.

    Raises
    ------
    ValueError
        If no figure is known for this kind of network.
    """
    raise ValueError(
        f"no stepper backwards for {type(cell).__name__}, expected the trace of an Elman or Jordan "
        f"network, of a Layer, an LSTM or a GRU"
    )


class BackScene(Scene):
    """One step on the way back. What later steps have got is known, and all inputs are."""

    def __init__(self, t: int, T: int, plan: Wiring, given: set[str]) -> None:
        super().__init__(t, T, plan, (), given)
        self.backwards = True
        self.known = {(layer, s) for layer in plan.layers for s in range(t + 1, T + 1)}
        self.known |= {("x", s) for s in range(1, T + 1)}

    def begin(self, text: str) -> Frame:
        there, self.there = self.there, {b.label for b in self._blocks() if b.kind == "w"}
        made = self._frame(
            self.t, "start", f"After step {self.T}, start: {text}", (), set(), set(), set()
        )
        self.there = there
        return made

    def _blocks(self) -> list[Block]:
        return [block for sheet in self.sheets for block in sheet]

    def end(self, text: str, results: dict, lit: set) -> Frame:
        text = f"Before step 1 of {self.T}, end: {text}"
        return self._frame(0, "end", text, tuple(results.items()), set(), set(), lit)


@backwards.register(Elman)
@backwards.register(Jordan)
@backwards.register(Layer)
def _plain_frames(cell: Elman | Jordan | Layer, way: Way) -> Iterator[Frame]:
    T = len(way.trace)
    sum_so_far: NDArray | float = 0.0
    for t in range(T, 0, -1):
        step = _Step(cell, way, t)
        before, sum_so_far = np.zeros_like(step.share) + sum_so_far, sum_so_far + step.share
        flow = step.layout()
        scene = BackScene(t, T, wiring(cell), {step.later_, "sum"})
        scene.show(flow, step.weights(before))
        if t == T:
            yield scene.begin(
                f"the loss has been computed; nothing has flowed back, and the sum for "
                f"`∂L/∂{step.W_}` is zero."
            )
        yield from step.frames(scene)
        scene.show(flow, step.weights(sum_so_far))
        yield step.contribution(scene)
    yield scene.end(
        f"{tell(step.da_, step.da)} times `{step.W_}ᵀ` gives "
        f"{tell(f'∂L/∂{step.memory}(0)', step.reaches)}, and the sum over "
        f"{f'all {T} steps' if T > 1 else 'the only step'} is `∂L/∂{step.W_}`.",
        {f"∂L/∂{step.memory}(0)": step.reaches},
        {(step.memory, 0), (step.W_, 1)},
    )


class _Step:
    """One step on the way back through a layer, an Elman or a Jordan network."""

    def __init__(self, cell: Elman | Jordan | Layer, way: Way, t: int) -> None:
        self.cell, self.way, self.t = cell, way, t
        self.d, self.record, self.before = way.d[t], way.trace[t], way.trace[t - 1]
        self.memory, single = cell.state[0], isinstance(cell, Layer)
        self.W_, self.a, self.out = ("W_y", "a", "y") if single else ("W_h", "a_h", "h")
        self.g = "phi" if single else "g_h"
        self.W = getattr(cell, self.W_)
        self.da, self.da_ = getattr(self.d, self.a), f"∂L/∂{self.a}({t})"
        self.later, self.later_ = way.later(self.a, t), f"∂L/∂{self.a}({t + 1})"
        self.flow, self.reaches = self.later @ self.W.T, self.da @ self.W.T
        self.past = getattr(self.before, self.memory)
        self.share = np.outer(self.past, self.da)

    def layout(self) -> Layout:
        """What flows back to this step, and through it to the pre-activation."""
        flow, cell, t = Layout(), self.cell, self.t
        if isinstance(cell, Elman):
            self._readout(flow, cell)
            self._flow(flow)
        elif isinstance(cell, Jordan):
            self._flow(flow)
            flow.add("own", self.way.own("y", t), "d", "+ own")
            flow.add(f"∂L/∂y({t})", self.d.y, "d")
            self._readout(flow, cell)
        else:
            self._flow(flow)
            flow.add("own", self.way.own("y", t), "d", "+ own")
        if "h" in self.way.seeds:
            flow.add("own h", self.way.own("h", t), "d", "+ own")
        flow.add(f"∂L/∂{self.out}({t})", getattr(self.d, self.out), "d")
        phi = getattr(cell, self.g)
        if phi != "softmax":  # which has no slope for each entry
            slope = activation(phi).derivative(getattr(self.record, self.a))
            flow.add("slope", slope, "a", f"· {phi}′")
        flow.add(self.da_, self.da, "d")
        return flow

    def _flow(self, flow: Layout) -> None:
        factor = (self.later_, self.later, "d")
        flow.product((f"{self.W_}ᵀ", self.W.T), factor, ("flow", self.flow))

    def _readout(self, flow: Layout, cell: Elman | Jordan) -> None:
        t, d = self.t, self.d
        factor = (f"∂L/∂a_o({t})", d.a_o, "d")
        if isinstance(cell, Elman):  # above it, beside W_oᵀ, there is room
            row = flow.row + len(cell.W_o.T) - 1
            Layout(column=0, row=row, blocks=flow.blocks).add(f"∂L/∂y({t})", d.y, "d")
        flow.product(("W_oᵀ", cell.W_o.T), factor, ("from output", d.a_o @ cell.W_o.T))

    def weights(self, sum_so_far: ArrayLike) -> Layout:
        """What this step adds to the gradient of the weights, as a table of products."""
        sheet = Layout()
        sheet.add(self.da_, self.da, "d")
        sheet.beside("past", self.past[:, None], self.memory, f"`{self.memory}({self.t - 1})ᵀ`")
        sheet.add("share", self.share, "a", "=")
        sheet.add("sum", sum_so_far, "s", "sum so far")
        return sheet

    def frames(self, scene: BackScene) -> Iterator[Frame]:
        """From the loss to the pre-activation."""
        flow, t = vector(self.flow), self.t
        if isinstance(self.cell, Elman):
            yield self._own_loss(scene, self.cell)
            yield self._from_later(scene)
            own = vector(self.d.a_o @ self.cell.W_o.T)
            yield self._total(scene, "their sum", f"{own} + {flow}", {"from output", "flow"})
        elif isinstance(self.cell, Jordan):
            yield self._from_later(scene)
            yield self._jordan_output(scene, self.cell)
            da_o = f"∂L/∂a_o({t})"
            terms = f"{tell(da_o, self.d.a_o)} times `W_oᵀ`"
            new, lit = {"from output"}, {("W_o", t)}
            yield self._total(scene, "hidden layer", terms, {da_o, "W_oᵀ"}, new, lit)
        else:
            yield self._from_later(scene)
            terms = f"{flow} + its own {vector(self.way.own('y', t))}"
            yield self._total(scene, "their sum", terms, {"flow"}, {"own"})

    def _own_loss(self, scene: BackScene, cell: Elman) -> Frame:
        t, d = self.t, self.d
        return scene.frame(
            "its own loss",
            f"{tell(f'∂L/∂y({t})', d.y)}, through {cell.g_o} {tell(f'∂L/∂a_o({t})', d.a_o)}; "
            f"times `W_oᵀ` this gives {vector(d.a_o @ cell.W_o.T)}.",
            {f"∂L/∂y({t})": d.y, f"∂L/∂a_o({t})": d.a_o},
            used={"W_oᵀ"},
            new={f"∂L/∂y({t})", f"∂L/∂a_o({t})", "from output"},
            lit={("y", t), ("W_o", t)},
        )

    def _from_later(self, scene: BackScene) -> Frame:
        t, T = self.t, scene.T
        if t == T:
            text = "no step comes after, so nothing flows back."
        else:
            text = f"{tell(self.later_, self.later)} times `{self.W_}ᵀ` gives {vector(self.flow)}."
        lit = {(self.out, t + 1), (self.W_, t + 1)} if t < T else set()
        return scene.frame(
            f"from step {t + 1}" if t < T else "from later steps",
            text,
            {f"{self.later_} {self.W_}ᵀ": self.flow},
            used={self.later_, f"{self.W_}ᵀ"},
            new={"flow"},
            lit=lit,
        )

    def _jordan_output(self, scene: BackScene, cell: Jordan) -> Frame:
        t, d, own = self.t, self.d, self.way.own("y", self.t)
        return scene.frame(
            "output",
            f"{vector(self.flow)} + its own {vector(own)} = {tell(f'∂L/∂y({t})', d.y)}, and "
            f"through {cell.g_o} {tell(f'∂L/∂a_o({t})', d.a_o)}.",
            {f"∂L/∂y({t})": d.y, f"∂L/∂a_o({t})": d.a_o},
            used={"flow"},
            new={"own", f"∂L/∂y({t})", f"∂L/∂a_o({t})"},
            lit={("y", t)},
        )

    def _total(
        self,
        scene: BackScene,
        term: str,
        terms: str,
        used: set[str],
        new: Set[str] = frozenset(),
        lit: Set[tuple] = frozenset(),
    ) -> Frame:
        t, total, label = self.t, getattr(self.d, self.out), f"∂L/∂{self.out}({self.t})"
        if "h" in self.way.seeds:
            terms += f" + its own {vector(self.way.own('h', t))}"
        phi = getattr(self.cell, self.g)
        return scene.frame(
            term,
            f"{terms} = {tell(label, total)}, and through {phi} {tell(self.da_, self.da)}.",
            {label: total, self.da_: self.da},
            used=used,
            new={*new, "own h", "slope", label, self.da_},
            lit={(self.out, t), *lit},
        )

    def contribution(self, scene: BackScene) -> Frame:
        t, T = self.t, scene.T
        past = f"{self.memory}({t - 1})"
        steps = f"steps {t} to {T}" if t < T else f"step {T} alone"
        return scene.frame(
            "weights",
            f"each entry of {tell(past, self.past)} times each of {tell(self.da_, self.da)} is "
            f"what this step adds to `∂L/∂{self.W_}`; the sum is now that of {steps}.",
            {f"{past}ᵀ {self.da_}": self.share},
            used={"past", self.da_},
            new={"share", "sum"},
            lit={(self.memory, t - 1), (self.W_, t), (self.out, t)},
        )


@backwards.register
def _lstm_frames(cell: LSTM, way: Way) -> Iterator[Frame]:
    T = len(way.trace)
    if type(cell) is not LSTM:
        raise ValueError(f"no stepper backwards for {type(cell).__name__}, expected an LSTM")
    for t in range(T, 0, -1):
        step = _LSTMStep(cell, way, t)
        scene = BackScene(t, T, wiring(cell), {"from gates", "from c"})
        scene.show(step.memory(), step.gates())
        if t == T:
            yield scene.begin("the loss has been computed, and nothing has flowed back.")
        yield from step.frames(scene)
    d0 = way.d[0]
    yield scene.end(
        f"what has come back is {tell('∂L/∂c(0)', d0.c)} and {tell('∂L/∂h(0)', d0.h)}.",
        {"∂L/∂h(0)": d0.h, "∂L/∂c(0)": d0.c},
        {("c", 0), ("h", 0), ("f", 1), ("W_h", 1)},
    )


class _LSTMStep:
    """One step on the way back through an LSTM."""

    def __init__(self, cell: LSTM, way: Way, t: int) -> None:
        self.way, self.t, self.T, self.d = way, t, len(way.trace), way.d[t]
        self.record, after = way.trace[t], t < len(way.trace)
        later = [way.later(name, t) for name in ("a_f", "a_i", "a_o", "a_c")]
        self.from_gates = sum(a @ W.T for a, W in zip(later, cell.W_h, strict=True))
        self.from_c = way.later("c", t) * (way.trace[t + 1].f if after else 0)
        self.slope = self.record.o * (1 - np.tanh(self.record.c) ** 2)
        self.passed = self.d.c * self.record.f

    def memory(self) -> Layout:
        t, sheet = self.t, Layout()
        sheet.add("own", self.way.own("h", t), "d", "own")
        sheet.add("from gates", self.from_gates, "d", f"+ gates of {t + 1}")
        sheet.add(f"∂L/∂h({t})", self.d.h, "h")
        sheet.add("slope", self.slope, "a", f"· `o({t})` tanh′ `c({t})`")
        sheet.add("through h", self.d.h * self.slope, "d", "=")
        if "c" in self.way.seeds:
            sheet.add("own c", self.way.own("c", t), "d", "+ own")
        sheet.add("from c", self.from_c, "d", f"+ from `c({t + 1})`")
        sheet.add(f"∂L/∂c({t})", self.d.c, "c")
        sheet.add(f"f({t})", self.record.f, "g", f"· `f({t})`")
        sheet.add("to c", self.passed, "d", f"to `c({t - 1})`")
        return sheet

    def gates(self) -> Layout:
        sheet = Layout()
        for gate in ("f", "i", "c", "o"):
            sheet.add(f"∂L/∂a_{gate}({self.t})", getattr(self.d, f"a_{gate}"), "g")
        return sheet

    def frames(self, scene: BackScene) -> Iterator[Frame]:
        t, d = self.t, self.d
        h_, c_ = f"∂L/∂h({t})", f"∂L/∂c({t})"
        later = t < self.T
        yield _hidden_state(scene, self.way.own("h", t), {"gates": self.from_gates}, d.h)
        through = f"{vector(d.h * self.slope)} comes through `h({t})`"
        own = f", its own is {vector(self.way.own('c', t))}" if "c" in self.way.seeds else ""
        after = f"{vector(self.from_c)} from `c({t + 1})`" if later else "nothing from later steps"
        yield scene.frame(
            "cell state",
            f"{through}{own}, and {after}: {tell(c_, d.c)}.",
            {c_: d.c},
            used={h_, "slope", "from c"},
            new={"slope", "through h", "own c", c_},
            lit={("c", t), ("o", t)} | ({("c", t + 1), ("f", t + 1)} if later else set()),
        )
        a = {f"∂L/∂a_{gate}({t})": getattr(d, f"a_{gate}") for gate in ("f", "i", "c", "o")}
        yield scene.frame(
            "gates",
            f"each gate gets its gradient: `f`, `i` and `c_tilde` from {tell(c_, d.c)}, `o` from "
            f"{tell(h_, d.h)}; from here it goes to the weights, and through `W_hᵀ` to "
            f"`h({t - 1})`.",
            a,
            used={c_, h_},
            new=set(a),
            lit={("gates", t), ("i c_tilde", t)},
        )
        yield _straight_back(scene, "c", d.c, "f", self.record.f, self.passed)


def _hidden_state(
    scene: BackScene, own: NDArray, parts: dict[str, NDArray], total: NDArray
) -> Frame:
    """What reaches h(t) of a network with gates: blocks "own" and "from ..." on the sheet."""
    t, h_ = scene.t, f"∂L/∂h({scene.t})"
    names = {"gates": f"the gates of step {t + 1}", "h": f"`h({t + 1})` itself"}
    if t < scene.T:
        told = "".join(f" + {vector(part)} from {names[name]}" for name, part in parts.items())
        lit = {("h", t), ("gates", t + 1), ("W_h", t + 1), ("z", t + 1)}
    else:
        told, lit = ", and nothing from later steps", {("h", t)}
    return scene.frame(
        "hidden state",
        f"its own {vector(own)}{told}: {tell(h_, total)}.",
        {h_: total},
        used={f"from {name}" for name in parts},
        new={"own", h_},
        lit=lit,
    )


def _straight_back(
    scene: BackScene, state: str, d: NDArray, gate: str, value: NDArray, passed: NDArray
) -> Frame:
    """The way from a state to itself one step before, which a gate alone stands in."""
    t, label = scene.t, f"∂L/∂{state}({scene.t})"
    return scene.frame(
        "back",
        f"{tell(label, d)} times {tell(f'{gate}({t})', value)}, entry by entry, goes back to "
        f"`{state}({t - 1})`: {vector(passed)}. No matrix and no slope is in the way.",
        {f"{label} {gate}({t})": passed},
        used={label, f"{gate}({t})"},
        new={f"to {state}"},
        lit={(state, t - 1), (gate, t), (state, t)},
    )


@backwards.register
def _gru_frames(cell: GRU, way: Way) -> Iterator[Frame]:
    T = len(way.trace)
    for t in range(T, 0, -1):
        d, record, after = way.d[t], way.trace[t], t < T
        past = way.later("a_h", t) * (way.trace[t + 1].r if after else 0)
        later = (way.later("a_z", t), way.later("a_r", t), past)
        from_gates = sum(a @ W.T for a, W in zip(later, cell.W_h, strict=True))
        from_h = way.later("h", t) * (way.trace[t + 1].z if after else 0)
        passed, h_, a = d.h * record.z, f"∂L/∂h({t})", {}
        memory, gates = Layout(), Layout()
        memory.add("own", way.own("h", t), "d", "own")
        memory.add("from gates", from_gates, "d", f"+ gates of {t + 1}")
        memory.add("from h", from_h, "d", f"+ from `h({t + 1})`")
        memory.add(h_, d.h, "h")
        memory.add(f"z({t})", record.z, "g", f"· `z({t})`")
        memory.add("to h", passed, "d", f"to `h({t - 1})`")
        for gate in ("z", "r", "h"):
            a[f"∂L/∂a_{gate}({t})"] = getattr(d, f"a_{gate}")
            gates.add(f"∂L/∂a_{gate}({t})", getattr(d, f"a_{gate}"), "g")
        scene = BackScene(t, T, wiring(cell), {"from gates", "from h"})
        scene.show(memory, gates)
        if t == T:
            yield scene.begin("the loss has been computed, and nothing has flowed back.")
        yield _hidden_state(scene, way.own("h", t), {"gates": from_gates, "h": from_h}, d.h)
        yield scene.frame(
            "gates",
            f"each gate gets its gradient from {tell(h_, d.h)}; from here it goes to the weights, "
            f"and through `W_hᵀ` to `h({t - 1})`.",
            a,
            used={h_},
            new=set(a),
            lit={("gates", t), ("1 − z", t)},
        )
        yield _straight_back(scene, "h", d.h, "z", record.z, passed)
    yield scene.end(
        f"what has come back is {tell('∂L/∂h(0)', way.d[0].h)}.",
        {"∂L/∂h(0)": way.d[0].h},
        {("h", 0), ("z", 1), ("W_h", 1)},
    )


def truncated(
    trace: Trace, weight: str, entry: tuple[int, ...] | None, seeds: dict[str, ArrayLike]
) -> tuple[list[Frame], Table, str]:
    """The contributions to one entry of a weight's gradient, truncated to k = 1 … T steps.

    Returns the frames, the whole table, and the entry's name.
    """
    table, entry = _contributions_to(trace, weight, entry, seeds)
    T, whole = len(table), table.sum()
    name = f"{weight}[{', '.join(map(str, entry))}]"
    frames = []
    for k in range(1, T + 1):
        kept = np.tril(np.triu(table, 1 - k))
        dropped = [(t, s) for t in range(T) for s in range(t + 1) if t - s >= k]
        terms = f"{T * (T + 1) // 2 - len(dropped)} of {T * (T + 1) // 2} terms are kept"
        lost = f"; what is dropped sums to {number(whole - kept.sum())}" if dropped else ""
        text = (
            f"k = {k}: each loss reaches back over {k} step{'s' * (k > 1)}. {terms}, "
            f"and their sum is {number(kept.sum())}; the whole gradient is {number(whole)}{lost}."
        )
        sums = ((f"sum for {name}", np.array([kept.sum()])),)
        sheet = _triangle(table, kept, k, dropped)
        frames.append(Frame(k, "truncation", text, sums, "", (sheet,)))
    rows = [
        [f"loss of {t + 1}", *(number(table[t, s]) if s <= t else "" for s in range(T))]
        for t in range(T)
    ]
    names = ["from", *(f"step {s + 1}" for s in range(T))]
    return frames, Table(f"Contributions to ∂L/∂{name}", names, rows), name


def _contributions_to(
    trace: Trace, weight: str, entry: tuple[int, ...] | None, seeds: dict[str, ArrayLike]
) -> tuple[NDArray, tuple[int, ...]]:
    cell = contributions(trace, None, **seeds)
    if not isinstance(getattr(cell, weight, None), np.ndarray):
        known = ", ".join(n for n, v in vars(trace.cell).items() if isinstance(v, np.ndarray))
        raise ValueError(f"weight is {weight!r}, expected one of: {known}")
    each = getattr(cell, weight)
    shape = each.shape[2:]
    if entry is None:  # the largest tells most
        entry = np.unravel_index(np.abs(each.sum(axis=(0, 1))).argmax(), shape)
    entry = tuple(int(i) for i in entry)
    if len(entry) != len(shape) or not all(0 <= i < n for i, n in zip(entry, shape, strict=True)):
        raise ValueError(f"entry is {entry}, expected the place of an entry of {weight}, {shape}")
    return each[(slice(None), slice(None), *entry)], entry


def _triangle(table: NDArray, kept: NDArray, k: int, dropped: list[tuple[int, int]]) -> Sheet:
    """One row for each step's loss, one column for the step that it reaches; sums to the right."""
    T = len(table)
    layout = Layout()
    layout.add("head", [[f"t = {s + 1}" for s in range(T)]], "a", "reaches")
    for t in range(T):
        layout.add(f"loss of {t + 1}", table[t : t + 1, : t + 1], "d")
    sums = Layout(column=2, row=0, blocks=layout.blocks)
    sums.add("sum", [["sum"]], "a", "")
    for t in range(T):
        sums.add(f"sum of {t + 1}", [[kept[t].sum()]], "a", "")
    sums.add("total", [[kept.sum()]], "a", "all")
    struck = frozenset((f"loss of {t + 1}", 0, s) for t, s in dropped)
    stays = {(f"loss of {t + 1}", 0, s) for t in range(T) for s in range(max(0, t - k + 1), t + 1)}
    return Sheet(tuple(layout.blocks), frozenset(stays), frozenset({"total"}), struck=struck)
