"""What `rnnlib` costs, beside a textbook loop, PyTorch, and what NumPy can do at the very least.

    python benchmarks/networks.py [--rounds N] [--out FOLDER]

Forward, and forward with backward, of an Elman network and an LSTM, in float32 and float64, at
three sizes; then how rnnlib's time grows with T, batch and H, and its peak memory beside what the
trace must hold. The contenders take turns within each round, so that a machine that slows down
slows all; CPU time is measured, with one thread for each; figures are medians. Each computes the
gradient of weights and of inputs. They are checked to agree before they are timed.

- rnnlib: `unroll` and `bptt`, the public functions, with all that they check and record.
- textbook: one step after the other, as a lecture writes it, in NumPy.
- PyTorch: `torch.nn.RNN` with a `torch.nn.Linear`, and `torch.nn.LSTM`; forward, it records the
  graph that backward needs, as rnnlib records its trace.
- no graph: PyTorch forward under `torch.no_grad`, which keeps nothing.
- floor: the same products of matrices, each as large as it can be, and one pass of the activations.
"""

# ruff: noqa: E402 - the number of threads must be set before NumPy loads its linear algebra
from __future__ import annotations

import os

_libraries = ("OPENBLAS", "MKL", "OMP", "BLIS", "VECLIB_MAXIMUM")
# what a machine sets for its linear algebra, such as the kind of processor, is not measured
for _name in [name for name in os.environ if name.startswith(_libraries)]:
    del os.environ[_name]
for _library in _libraries:
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import argparse
import json
import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from rnnlib import LSTM, Elman, bptt, unroll
from rnnlib.parameters import parameters

torch.set_num_threads(1)

SIZES = {  # I, H, batch, T
    "one row": (32, 64, 1, 100),
    "small": (32, 64, 32, 100),
    "medium": (128, 256, 64, 100),
}
O = 16  # noqa: E741 - an Elman network's outputs
DTYPES = {"float64": np.float64, "float32": np.float32}


# The contenders: each makes two functions, forward and forward with backward


def with_rnnlib(cell, xs, dy):
    name = cell.output

    def both():
        trace = unroll(cell, xs)
        return trace, bptt(trace, **{name: dy})

    return lambda: unroll(cell, xs), both


def textbook(cell, xs, dy):
    forward, backward = (
        (textbook_lstm, textbook_lstm_back)
        if isinstance(cell, LSTM)
        else (textbook_elman, textbook_elman_back)
    )
    return lambda: forward(cell, xs), lambda: backward(cell, xs, dy, *forward(cell, xs))


def textbook_elman(cell, xs):
    h = np.zeros((xs.shape[1], cell.W_h.shape[0]), xs.dtype)
    hs, ys = [h], []
    for x in xs:
        h = np.tanh(x @ cell.W_x + h @ cell.W_h + cell.b_h)
        hs.append(h)
        ys.append(h @ cell.W_o + cell.b_o)
    return hs, ys


def textbook_elman_back(cell, xs, dys, hs, ys):
    dW_x, dW_h, dW_o = np.zeros_like(cell.W_x), np.zeros_like(cell.W_h), np.zeros_like(cell.W_o)
    db_h, db_o = np.zeros_like(cell.b_h), np.zeros_like(cell.b_o)
    flow, dxs = np.zeros_like(hs[0]), [None] * len(xs)
    for t in reversed(range(len(xs))):
        dh = dys[t] @ cell.W_o.T + flow
        da = dh * (1 - hs[t + 1] ** 2)
        dW_o += hs[t + 1].T @ dys[t]
        db_o += dys[t].sum(axis=0)
        dW_x += xs[t].T @ da
        dW_h += hs[t].T @ da
        db_h += da.sum(axis=0)
        dxs[t] = da @ cell.W_x.T
        flow = da @ cell.W_h.T
    return dW_x, dW_h, dW_o, db_h, db_o


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def textbook_lstm(cell, xs):
    h = np.zeros((xs.shape[1], cell.W_h.shape[-1]), xs.dtype)
    c, steps = h, []
    for x in xs:
        f, i, o, g = (
            phi(x @ W_x + h @ W_h + b)
            for phi, W_x, W_h, b in zip(
                (sigmoid, sigmoid, sigmoid, np.tanh), cell.W_x, cell.W_h, cell.b, strict=True
            )
        )
        before, c = (h, c), f * c + i * g
        h = o * np.tanh(c)
        steps.append((before, f, i, o, g, c, h))
    return (steps,)


def textbook_lstm_back(cell, xs, dhs, steps):
    dW_x, dW_h, db = np.zeros_like(cell.W_x), np.zeros_like(cell.W_h), np.zeros_like(cell.b)
    flow_h = flow_c = np.zeros_like(steps[0][-1])
    dxs = [None] * len(xs)
    for t in reversed(range(len(xs))):
        (h_before, c_before), f, i, o, g, c, _ = steps[t]
        dh, tanh_c = dhs[t] + flow_h, np.tanh(c)
        dc = flow_c + dh * o * (1 - tanh_c**2)
        da = (
            dc * c_before * f * (1 - f),
            dc * g * i * (1 - i),
            dh * tanh_c * o * (1 - o),
            dc * i * (1 - g**2),
        )
        for gate in range(4):
            dW_x[gate] += xs[t].T @ da[gate]
            dW_h[gate] += h_before.T @ da[gate]
            db[gate] += da[gate].sum(axis=0)
        dxs[t] = sum(da[gate] @ cell.W_x[gate].T for gate in range(4))
        flow_h = sum(da[gate] @ cell.W_h[gate].T for gate in range(4))
        flow_c = dc * f
    return dW_x, dW_h, db


class TorchElman(torch.nn.Module):
    def __init__(self, cell):
        super().__init__()
        k, n = cell.W_x.shape
        self.rnn, self.readout = torch.nn.RNN(k, n), torch.nn.Linear(n, cell.W_o.shape[1])
        copy(self.rnn.weight_ih_l0, cell.W_x.T)
        copy(self.rnn.weight_hh_l0, cell.W_h.T)
        copy(self.rnn.bias_ih_l0, cell.b_h)
        copy(self.rnn.bias_hh_l0, np.zeros_like(cell.b_h))
        copy(self.readout.weight, cell.W_o.T)
        copy(self.readout.bias, cell.b_o)

    def forward(self, xs):
        return self.readout(self.rnn(xs)[0])


class TorchLSTM(torch.nn.Module):
    def __init__(self, cell):
        super().__init__()
        _, k, n = cell.W_x.shape
        self.rnn = torch.nn.LSTM(k, n)
        order = [1, 0, 3, 2]  # i, f, g, o out of f, i, o, c_tilde
        copy(self.rnn.weight_ih_l0, cell.W_x[order].swapaxes(1, 2).reshape(4 * n, k))
        copy(self.rnn.weight_hh_l0, cell.W_h[order].swapaxes(1, 2).reshape(4 * n, n))
        copy(self.rnn.bias_ih_l0, cell.b[order].reshape(-1))
        copy(self.rnn.bias_hh_l0, np.zeros(4 * n, cell.b.dtype))

    def forward(self, xs):
        return self.rnn(xs)[0]


def copy(parameter, array):
    parameter.data = torch.tensor(np.ascontiguousarray(array))


def with_torch(cell, xs, dy):
    network = (TorchLSTM if isinstance(cell, LSTM) else TorchElman)(cell)
    inputs, seed = torch.tensor(xs, requires_grad=True), torch.tensor(dy)

    def both():
        network.zero_grad()
        inputs.grad = None
        y = network(inputs)
        y.backward(seed)
        return y, inputs.grad

    return lambda: network(inputs), both


def with_torch_alone(cell, xs, dy):
    """Forward without a graph; there is no way back without one."""
    network, inputs = (TorchLSTM if isinstance(cell, LSTM) else TorchElman)(cell), torch.tensor(xs)

    def forward():
        with torch.no_grad():
            return network(inputs)

    return forward, None


def floor(cell, xs, dy):
    """The products of matrices that cannot be avoided, and the activations, on numbers at hand."""
    gates = 4 if isinstance(cell, LSTM) else 1
    T, m, k = xs.shape
    n = cell.W_h.shape[-1]
    W_x = np.ascontiguousarray(cell.W_x.reshape(gates, k, n).swapaxes(0, 1).reshape(k, gates * n))
    W_h = np.ascontiguousarray(cell.W_h.reshape(gates, n, n).swapaxes(0, 1).reshape(n, gates * n))
    flat, h, a = (
        xs.reshape(T * m, k),
        np.zeros((m, n), xs.dtype),
        np.zeros((m, gates * n), xs.dtype),
    )
    shares, hs, da = flat @ W_x, np.zeros((T * m, n), xs.dtype), np.zeros((m, gates * n), xs.dtype)
    elman = isinstance(cell, Elman)

    def forward():
        np.matmul(flat, W_x, out=shares)
        for _ in range(T):
            np.matmul(h, W_h, out=a)
        np.tanh(shares, out=shares)
        if elman:
            hs @ cell.W_o
        else:
            np.tanh(hs, out=hs)

    def both():
        forward()
        if elman:
            flat_dy = dy.reshape(T * m, -1)
            flat_dy @ cell.W_o.T
            hs.T @ flat_dy
        for _ in range(T):
            da @ W_h.T
        flat.T @ shares
        hs.T @ shares
        shares @ W_x.T

    return forward, both


CONTENDERS: dict[str, Callable] = {
    "rnnlib": with_rnnlib,
    "textbook": textbook,
    "PyTorch": with_torch,
    "no graph": with_torch_alone,
    "floor": floor,
}


# Measuring


def make(kind, I, H, batch, T, dtype):  # noqa: E741 - the notes' name of the inputs
    rng = np.random.default_rng(0)

    def weights(*shape):
        return (rng.normal(size=shape) / np.sqrt(shape[-1])).astype(dtype)

    xs = rng.normal(size=(T, batch, I)).astype(dtype)
    if kind == "LSTM":
        return LSTM(weights(4, I, H), weights(4, H, H), weights(4, H)), xs, weights(T, batch, H)
    cell = Elman(weights(I, H), weights(H, H), weights(H, O), weights(H), weights(O))
    return cell, xs, weights(T, batch, O)


def check(cell, xs, dy):
    """All compute the same: values, the gradient of the inputs and that of a weight."""
    trace, d = with_rnnlib(cell, xs, dy)[1]()
    y, dxs = with_torch(cell, xs, dy)[1]()
    loose = (
        {"rtol": 1e-3, "atol": 1e-3} if xs.dtype == np.float32 else {"rtol": 1e-8, "atol": 1e-10}
    )
    np.testing.assert_allclose(getattr(trace, cell.output), y.detach().numpy(), **loose)
    np.testing.assert_allclose(d.xs, dxs.numpy(), **loose)
    for mine, theirs in zip(parameters(d.cell).values(), textbook(cell, xs, dy)[1](), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=loose["rtol"], atol=100 * loose["atol"])


def seconds(run):
    start = time.process_time()
    run()
    return time.process_time() - start


def take_turns(runs: dict[str, Callable], rounds: int) -> dict[str, list[float]]:
    for run in runs.values():
        run()
    times = {name: [] for name in runs}
    names = list(runs)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            times[name].append(seconds(runs[name]))
    return times


def ratio(times, other):
    """The median over all rounds of rnnlib's time over the other's."""
    return statistics.median(a / b for a, b in zip(times["rnnlib"], times[other], strict=True))


def compare(rounds):
    rows = []
    for size, (I, H, batch, T) in SIZES.items():  # noqa: E741
        for kind in ("Elman", "LSTM"):
            for dtype_name, dtype in DTYPES.items():
                cell, xs, dy = make(kind, I, H, batch, T, dtype)
                check(cell, xs, dy)
                contenders = {name: each(cell, xs, dy) for name, each in CONTENDERS.items()}
                for way, part in (("forward", 0), ("with backward", 1)):
                    runs = {name: each[part] for name, each in contenders.items() if each[part]}
                    times = take_turns(runs, rounds if size != "medium" else max(rounds // 3, 5))
                    rows.append(
                        {"network": kind, "size": size, "type": dtype_name, "way": way}
                        | {
                            f"{each}, ms": 1e3 * statistics.median(times[each])
                            if each in times
                            else "–"
                            for each in CONTENDERS
                        }
                        | {
                            f"over {each}": ratio(times, each) if each in times else "–"
                            for each in CONTENDERS
                            if each != "rnnlib"
                        }
                    )
    return rows


def growth(rounds):
    """rnnlib's time, forward with backward, as one of T, batch and H grows."""
    curves = {}
    for what, values in {
        "T": (25, 50, 100, 200, 400, 800),
        "batch": (1, 4, 16, 64, 256),
        "H": (16, 32, 64, 128, 256),
    }.items():
        for kind in ("Elman", "LSTM"):
            points = []
            for value in values:
                sizes = {"I": 32, "H": 64, "batch": 32, "T": 100} | {what: value}
                run = with_rnnlib(*make(kind, *sizes.values(), np.float64))[1]
                run()
                points.append(1e3 * statistics.median(seconds(run) for _ in range(rounds)))
            curves[f"{kind}, {what}"] = {"at": list(values), "ms": points}
    return curves


def memory():
    """The most that unrolling and its gradient hold at once, over what the two traces hold."""
    rows = []
    for kind in ("Elman", "LSTM"):
        cell, xs, dy = make(kind, *SIZES["small"], np.float64)
        tracemalloc.start()
        trace = unroll(cell, xs)
        forward = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        tracemalloc.start()
        trace = unroll(cell, xs)
        bptt(trace, **{cell.output: dy})
        both = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        held = trace.xs.nbytes + sum(quantity.nbytes for quantity in trace.steps)
        rows.append(
            {
                "network": kind,
                "trace, MB": held / 1e6,
                "peak forward / trace": forward / held,
                "peak with backward / (2 traces)": both / (2 * held),
            }
        )
    return rows


def table(rows):
    names = list(rows[0])
    cells = [[f"{v:.2f}" if isinstance(v, float) else v for v in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    lines = [names, ["-" * width for width in widths], *cells]
    return "\n".join(
        "| " + " | ".join(each.rjust(w) for each, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def picture(rows, curves, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplot_mosaic(
        [["bars"] * 3, ["T", "batch", "H"]],
        figsize=(8, 8),
        layout="constrained",
        height_ratios=(3, 2),
    )
    labels = [f"{r['network']} {r['type']} {r['size']}, {r['way']}" for r in rows]
    axes["bars"].barh(labels, [row["over PyTorch"] for row in rows], color="#0072b2")
    axes["bars"].axvline(1, color="#d55e00")
    axes["bars"].invert_yaxis()
    axes["bars"].set_xlabel("rnnlib's time over PyTorch's")
    for what in ("T", "batch", "H"):
        for kind, colour in (("Elman", "#0072b2"), ("LSTM", "#d55e00")):
            curve = curves[f"{kind}, {what}"]
            axes[what].loglog(curve["at"], curve["ms"], "o-", color=colour, label=kind)
        axes[what].set_xticks(curve["at"], curve["at"])
        axes[what].minorticks_off()
        axes[what].set_xlabel(what)
    axes["T"].set_ylabel("ms, forward with backward")
    axes["T"].legend()
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--out", type=Path, help="folder for networks.json, .md and .svg")
    options = parser.parse_args()
    machine = (
        f"Python {platform.python_version()}, NumPy {np.__version__}, "
        f"PyTorch {torch.__version__}, {platform.machine()}, one thread, CPU time, medians"
    )
    print(machine)
    rows, curves, held = compare(options.rounds), growth(max(options.rounds // 3, 3)), memory()
    print(table(rows), table(held), sep="\n\n")
    for name, curve in curves.items():
        print(
            name, *(f"{at}: {ms:.2f} ms" for at, ms in zip(*curve.values(), strict=True)), sep="  "
        )
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        record = {"machine": machine, "compare": rows, "growth": curves, "memory": held}
        (options.out / "networks.json").write_text(json.dumps(record, indent=1) + "\n")
        (options.out / "networks.md").write_text(f"{machine}\n\n{table(rows)}\n\n{table(held)}\n")
        picture(rows, curves, options.out / "networks.svg")


if __name__ == "__main__":
    main()
