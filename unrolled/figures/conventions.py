"""Figures of what is a matter of convention: orientation, axes, units and steps, gates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from numpy.typing import NDArray

from rnnlib.cells import Elman, Jordan, Layer
from rnnlib.convert import KERAS_GATES, OUR_GATES, TORCH_GATES
from rnnlib.gated import GRU, LSTM
from rnnlib.parameters import parameters
from unrolled.figures.drawing import units_svg, wiring
from unrolled.figures.figure import Frame, Table
from unrolled.figures.notation import number, plain, vector
from unrolled.figures.sheet import Layout, Sheet


def orientation(x: NDArray, W: NDArray) -> Iterator[Frame]:
    """One frame for each entry of x W, which is each entry of Wᵀ xᵀ."""
    k, n = W.shape
    product = x @ W
    rows, columns = Layout(), Layout()
    rows.product(("W", W), ("x", x, "x"), ("y", product))
    columns.add("xᵀ", x[:, None], "x")
    columns.beside("Wᵀ", W.T, "w")
    columns.add("yᵀ", product[:, None], "a", "=")
    for j in range(-1, n):
        later = range(j + 1, n)
        if j < 0:
            text = (
                f"x W or W x: on the left `x` is a row, (1, {k}), and `W` is ({k}, {n}); on the "
                f"right `xᵀ` is a column, ({k}, 1), and `Wᵀ` is ({n}, {k})."
            )
        else:
            factors = zip(x, W[:, j], strict=True)
            terms = " + ".join(f"{_factor(a)}·{_factor(b)}" for a, b in factors)
            text = (
                f"Entry {j + 1} of {n}: {terms} = {number(product[j])}, on both sides: column "
                f"{j + 1} of `W` is row {j + 1} of `Wᵀ`."
            )
        on = [] if j < 0 else [j]
        left = Sheet(
            tuple(rows.blocks),
            frozenset({*(("W", i, each) for i in range(k) for each in on), *(["x"] * len(on))}),
            frozenset(("y", 0, each) for each in on),
            frozenset(("y", 0, each) for each in later),
        )
        right = Sheet(
            tuple(columns.blocks),
            frozenset({*(("Wᵀ", each, i) for i in range(k) for each in on), *(["xᵀ"] * len(on))}),
            frozenset(("yᵀ", each, 0) for each in on),
            frozenset(("yᵀ", each, 0) for each in later),
        )
        yield Frame(j + 1, "entry", text, (), "", (left, right))


def _factor(value: float) -> str:
    return f"({number(value)})" if value < 0 else number(value)


def orientation_table(title: str, x: NDArray, W: NDArray) -> Table:
    (k, n), rows, columns = W.shape, vector(x @ W), vector(W.T @ x)
    body = [
        ["x W", f"(1, {k})", f"({k}, {n})", f"(1, {n})", rows],
        ["Wᵀ xᵀ", f"({k}, 1)", f"({n}, {k})", f"({n}, 1)", columns],
    ]
    return Table(title, ["product", "vector", "matrix", "result", "entries"], body)


def axes_frames(xs: NDArray) -> Iterator[Frame]:
    """One frame for each index along each axis of a batch of sequences (T, m, k)."""
    T, m, k = xs.shape
    layouts = []
    for t in range(1, T + 1):
        layout = Layout()
        layout.add(f"X({t})", xs[t - 1], "x", f"`X({t})`")
        layouts.append(tuple(layout.blocks))
    shape = f"({T}, {m}, {k})"
    text = f"xs has shape {shape}: {T} steps, {m} sequences, {k} features."
    yield _axis_frame(layouts, text, set())
    for t in range(1, T + 1):
        text = (
            f"xs[{t - 1}]: step {t} of all sequences, `X({t})`, one sequence a row; "
            f"shape ({m}, {k})."
        )
        yield _axis_frame(layouts, text, {(t, i, j) for i in range(m) for j in range(k)})
    for i in range(m):
        text = f"xs[:, {i}]: all steps of sequence {i + 1}, one step a row; shape ({T}, {k})."
        yield _axis_frame(layouts, text, {(t, i, j) for t in range(1, T + 1) for j in range(k)})
    for j in range(k):
        text = f"xs[:, :, {j}]: feature {j + 1} of all sequences at all steps; shape ({T}, {m})."
        yield _axis_frame(layouts, text, {(t, i, j) for t in range(1, T + 1) for i in range(m)})
    text = (
        f"Batch first: Keras, and PyTorch with batch_first, want ({m}, {T}, {k}); that is "
        f"xs.swapaxes(0, 1), and not xs.reshape({m}, {T}, {k}), which mixes up the sequences."
    )
    yield _axis_frame(layouts, text, set())


def _axis_frame(layouts: Sequence[tuple], text: str, marked: set) -> Frame:
    sheets = tuple(
        Sheet(blocks, new=frozenset((f"X({t})", i, j) for s, i, j in marked if s == t))
        for t, blocks in enumerate(layouts, start=1)
    )
    return Frame(0, text.partition(": ")[0], text, (), "", sheets)


def boxes(network: Elman | Jordan | Layer, n: int) -> dict[str, int]:
    """How many neurons each box of a network's drawing stands for, with ``n`` in its layer."""
    if isinstance(network, Elman | Jordan):
        return {"x": network.n_inputs, "h": n, "y": network.n_outputs}
    if isinstance(network, Layer):
        return {"x": network.n_inputs, "y": n}
    raise ValueError(
        f"network is of type {type(network).__name__}, expected an Elman, a Jordan or a Layer"
    )


def units_frames(network: Elman | Jordan | Layer, n: int, steps: int) -> list[Frame]:
    """The network with ``n`` neurons in its layer, over 1 to ``steps`` time steps."""
    sizes, plan = boxes(network, n), wiring(network)
    # a matrix for every arrow, and a bias for every layer but the input
    arrows = {(start, end) for start, end, _ in (*plan.links, *plan.backs)}
    weights = sum(sizes[start] * sizes[end] for start, end in arrows)
    weights += sum(size for layer, size in sizes.items() if layer != "x")
    layer = "h" if "h" in sizes else "y"
    frames = []
    for T in range(1, steps + 1):
        text = (
            f"T = {T}: {T} column{'s' * (T > 1)}, one a time step; {n} dot{'s' * (n > 1)} in each "
            f"box of `{layer}`, one a neuron. The network has {weights} parameters, whatever T is."
        )
        frames.append(Frame(T, "unrolled", text, (), units_svg(plan, T, sizes, steps)))
    return frames


NAMES = {
    "f": "the forget gate",
    "i": "the input gate",
    "o": "the output gate",
    "c_tilde": "the candidate",
    "z": "the update gate",
    "r": "the reset gate",
    "h_tilde": "the candidate",
}


def gate_frames(cell: LSTM | GRU) -> tuple[list[Frame], Table]:
    """Where each gate's parameters are, here and elsewhere; and how many there are."""
    kind = type(cell)
    ours, torch, keras = OUR_GATES[kind], TORCH_GATES[kind], KERAS_GATES[kind]
    _, k, n = cell.W_x.shape
    each, total = k * n + n * n + n, sum(array.size for array in parameters(cell).values())
    layout = Layout()
    for label, order in (("rnnlib", ours), ("PyTorch", torch), ("Keras", keras)):
        layout.add(label, [list(order)], "g", label)

    def frame(index: int, text: str, gate: str | None) -> Frame:
        places = zip(("rnnlib", "PyTorch", "Keras"), (ours, torch, keras), strict=True)
        new = frozenset((label, 0, order.index(gate)) for label, order in places if gate)
        return Frame(index, gate or "all", text, (), "", (Sheet(tuple(layout.blocks), new=new),))

    frames, rows = [], []
    for g, gate in enumerate(ours):
        there = [f"{o.index(gate) * n + 1} to {(o.index(gate) + 1) * n}" for o in (torch, keras)]
        text = (
            f"Gate `{gate}`: {NAMES[gate]} has k n + n n + n = {k}·{n} + {n}·{n} + {n} = {each} "
            f"parameters, `W_x[{gate}]`, `W_h[{gate}]` and `b[{gate}]`, which are W_x[{g}], "
            f"W_h[{g}] and b[{g}]; in PyTorch rows {there[0]} of each transposed matrix, in Keras "
            f"columns {there[1]}."
        )
        frames.append(frame(g, text, gate))
        rows.append([plain(gate), f"[{g}]", f"rows {there[0]}", f"columns {there[1]}", str(each)])
    gates, extra = len(ours), total - len(ours) * each
    biases = f" + {extra} for `b_h`" if extra else ""
    text = (
        f"All gates: {gates}·{each}{biases} = {total} parameters. PyTorch counts "
        f"{gates * (each + n)}: it has two biases, bias_ih and bias_hh, for every gate, where one "
        f"does the work of both{' but for `b_h`' if extra else ''}."
    )
    frames.append(frame(gates, text, None))
    rows.append(["all", "", "", "", str(total)])
    return frames, Table("", ["gate", "rnnlib", "PyTorch", "Keras", "parameters"], rows)
