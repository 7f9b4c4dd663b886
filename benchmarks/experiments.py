"""What recurrent networks can learn, and what they cannot: the experiments of the book.

    python benchmarks/experiments.py [NAME ...] [--out FOLDER]

Each runs on one core in a minute or two, with fixed seeds, several for whatever is claimed. The
results are written to ``experiments.json``, from which the book draws its curves.
"""

# ruff: noqa: E402 - the number of threads must be set before NumPy loads its linear algebra
from __future__ import annotations

import os

for _library in ("OPENBLAS", "MKL", "OMP", "BLIS", "VECLIB_MAXIMUM"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

import argparse
import itertools
import json
import time
from pathlib import Path

import numpy as np

from rnnlib import Layer, LayerStep, bptt, initial, unroll
from rnnlib.stack import Stack
from rnnlib.tasks import Adding, Latch, TemporalOrder
from rnnlib.training import SGD, Adam, evaluate, fit

POINTS = 50  # of a curve: each is the mean over as many iterations as it stands for


def lstm(rng, k, n, o, forget_bias):
    cell = initial.lstm(rng, k, n, forget_bias=forget_bias)
    return Stack((cell, initial.dense(rng, n, o)))


def learn(make, task, seed, iterations, **options):
    """Train a fresh network; its curve of losses, and how it does on a thousand new sequences."""
    rng = np.random.default_rng(seed)
    cell, start = make(rng), time.process_time()
    fitted = fit(cell, task, iterations=iterations, rng=rng, progress=False, **options)
    seconds = time.process_time() - start
    fresh = task.batch(np.random.default_rng(10_000 + seed), 1000)
    on = options.get("on")
    losses = np.array(fitted.history.losses)
    curve = losses[: len(losses) // POINTS * POINTS].reshape(POINTS, -1).mean(axis=1)
    result = {
        "seed": seed,
        "sequences": iterations * options.get("batch_size", 32),
        "curve": [float(f"{loss:.4g}") for loss in curve],
        "largest norm": float(f"{max(fitted.history.norms):.4g}"),
        "loss": float(f"{evaluate(fitted.cell, task, fresh, on):.4g}"),
        "seconds": round(seconds, 1),
    }
    if fresh.target.dtype.kind == "i":
        answers = getattr(unroll(fitted.cell, fresh.xs), on)[-1].argmax(axis=-1)
        result["share right"] = float((answers == fresh.target).mean())
    return result


def adding(iterations=2000, T=100, seeds=range(5)):
    """Over a hundred steps an LSTM adds two numbers; a tanh network stays at the baseline."""
    task, adam = Adding(T), {"optimiser": Adam(0.01), "clip_at": 1.0}
    runs = {
        "LSTM": lambda rng: lstm(rng, 2, 16, 1, forget_bias=1),
        "tanh": lambda rng: initial.elman(rng, 2, 16, 1),
    }
    return {"baseline": task.baseline} | {
        name: [learn(make, task, seed, iterations, **adam) for seed in seeds]
        for name, make in runs.items()
    }


def horizon(iterations=2000, seeds=range(5)):
    """How far a tanh network can see: the same task at several lengths."""
    adam = {"optimiser": Adam(0.01), "clip_at": 1.0}
    lengths = (10, 20, 40, 80)
    return {"baseline": max(Adding(T).baseline for T in lengths)} | {
        f"T = {T}": [
            learn(lambda rng: initial.elman(rng, 2, 16, 1), Adding(T), seed, iterations, **adam)
            for seed in seeds
        ]
        for T in lengths
    }


def identity_start(iterations=4000, T=100, seeds=range(3)):
    """ReLU adds as well: from the identity, and from random numbers."""
    options = {"optimiser": Adam(0.001), "clip_at": 1.0, "batch_size": 16}
    starts = {"identity": initial.identity, "Glorot": initial.glorot}
    return {"baseline": Adding(T).baseline} | {
        name: [
            learn(
                lambda rng, start=start: initial.elman(rng, 2, 100, 1, "relu", recurrent=start),
                Adding(T),
                seed,
                iterations,
                **options,
            )
            for seed in seeds
        ]
        for name, start in starts.items()
    }


def temporal_order(iterations=1500, T=100, seeds=range(5)):
    """Which of two symbols came first, half a sequence ago?"""
    task, adam = TemporalOrder(T), {"optimiser": Adam(0.01), "clip_at": 1.0}
    runs = {
        "LSTM": (lambda rng: lstm(rng, 6, 16, 4, forget_bias=3), "a"),
        "tanh": (lambda rng: initial.elman(rng, 6, 16, 4), "a_o"),
    }
    return {"baseline": task.baseline} | {
        name: [learn(make, task, seed, iterations, on=on, **adam) for seed in seeds]
        for name, (make, on) in runs.items()
    }


def clipping(iterations=3000, T=30, seeds=(0, 1, 2, 3)):
    """The same networks, the same rate: with clipping they learn, without it they don't."""

    def scattered(rng, rows, columns):
        return rng.normal(scale=1.2 / np.sqrt(rows), size=(rows, columns))

    task, sgd = TemporalOrder(T), {"optimiser": SGD(0.05), "batch_size": 20, "on": "a_o"}
    return {"baseline": task.baseline} | {
        name: [
            learn(
                lambda rng: initial.elman(rng, 6, 50, 4, recurrent=scattered),
                task,
                seed,
                iterations,
                clip_at=limit,
                **sgd,
            )
            for seed in seeds
        ]
        for name, limit in (("clipped", 1.0), ("not clipped", None))
    }


def latch(T=50, noises=(0.22, 0.0), m=2000):
    """One tanh neuron: the weight that keeps a bit through noise makes its gradient vanish."""
    rows = []
    for noise in noises:
        xs, target, *_ = Latch(T, noise).batch(np.random.default_rng(0), m)
        for w in (0.5, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0):
            neuron = Layer(W_x=[[1]], W_y=[[w]], b=[0])
            trace = unroll(neuron, xs[1:], LayerStep(y=np.tanh(target)))
            last = np.zeros_like(trace.y)
            last[-1] = 1
            gradient = np.abs(bptt(trace, y=last)[0].y)
            rows.append(
                {
                    "noise": noise,
                    "w": w,
                    "share kept": float((np.sign(trace.y[-1]) == target).mean()),
                    "gradient": float(f"{np.exp(np.log(gradient).mean()):.3g}"),
                }
            )
    return {"T": T, "rows": rows}


def hundred_steps(iterations=300, lengths=(8, 100), seeds=range(20)):
    """Keep one bit, with noise and without: does it come forwards, does the gradient come back?"""
    rows = []
    for T, noise, seed in itertools.product(lengths, (0.2, 0.0), seeds):
        task = Latch(T, noise)
        fresh = task.batch(np.random.default_rng(10_000 + seed), 1000)
        options = {"optimiser": Adam(0.03), "clip_at": 1.0, "progress": False}
        after = {}  # so many updates
        for updates in (0, 5, iterations):
            rng = np.random.default_rng(seed)
            cell = initial.elman(rng, 1, 1, 1)
            if updates:
                cell = fit(cell, task, iterations=updates, rng=rng, **options).cell
            after[updates] = unroll(cell, fresh.xs)
        rows.append(
            {
                "T": T,
                "noise": noise,
                "seed": seed,
                "readable": readable(after[0].h[-1, :, 0], fresh.target[:, 0]),
                "gradient": reaching_back(after[0]),
                "gradient after 5": reaching_back(after[5]),
                "right before": float((np.sign(after[0].y[-1]) == fresh.target).mean()),
                "share right": float((np.sign(after[iterations].y[-1]) == fresh.target).mean()),
            }
        )
    return {"rows": rows}


def reaching_back(trace):
    """The median, over sequences, of the size of ∂h(T)/∂h(1) of a single neuron."""
    last = np.zeros_like(trace.h)
    last[-1] = 1
    return float(f"{np.median(np.abs(bptt(trace, h=last)[1].h)):.3g}")


def readable(numbers, bits):
    """The share of the bits, 1 or -1, that the best threshold reads off the numbers."""
    passed = np.cumsum([0, *bits[np.argsort(numbers)]])  # by a threshold that goes up
    return float(1 / 2 + np.abs(passed[-1] - 2 * passed).max() / (2 * len(bits)))


EXPERIMENTS = {
    each.__name__: each
    for each in (adding, horizon, identity_start, temporal_order, clipping, latch, hundred_steps)
}


def table(name, result):
    """The result in lines to read."""
    if "rows" in result:
        lines = [
            "  " + ", ".join(f"{name} {number:g}" for name, number in row.items())
            for row in result["rows"]
        ]
    else:
        lines = [
            f"  {kind}, seed {run['seed']}: loss {run['loss']} (baseline {result['baseline']:.4f})"
            + (f", right {run['share right']:.1%}" if "share right" in run else "")
            + f", {run['sequences']} sequences, {run['seconds']} s"
            for kind, runs in result.items()
            if kind != "baseline"
            for run in runs
        ]
    return "\n".join([f"{name}: {EXPERIMENTS[name].__doc__}", *lines])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(EXPERIMENTS))
    parser.add_argument(
        "--out", type=Path, help="folder for experiments.json, in which other results stay"
    )
    options = parser.parse_args()
    unknown = set(options.names) - set(EXPERIMENTS)
    if unknown:
        parser.error(
            f"no experiment {', '.join(sorted(unknown))}; there are {', '.join(EXPERIMENTS)}"
        )
    for name in options.names or EXPERIMENTS:
        result = EXPERIMENTS[name]()
        print(table(name, result), flush=True)
        if options.out:
            keep(name, result, options.out / "experiments.json")


def keep(name, result, path):
    """Put a result among those that are stored; the others stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    text = json.dumps(stored | {name: result}, indent=1) + "\n"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
