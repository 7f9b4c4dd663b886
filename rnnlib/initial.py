"""Weights to begin with: initialisers, and networks that are made of them.

An initialiser is a function of a generator and a shape's rows and columns. Networks take one for
what comes in and one for what is fed back; biases begin as zeros, but for an LSTM's forget gate,
whose bias is an argument, since much depends on it.

Numbers are drawn as float64 and then rounded to ``dtype``: a seed gives the same network in both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from itertools import chain
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, DTypeLike

from rnnlib.cells import Dense, Elman, Jordan, Layer
from rnnlib.checks import Array, as_array, as_count, check_generator, said
from rnnlib.gated import GATES, GRU, LSTM, PeepholeLSTM
from rnnlib.parameters import Network, map_parameters

Initialiser: TypeAlias = Callable[[Generator, int, int], Array]


def _check(rng: Generator, **sizes: int) -> None:
    check_generator(rng)
    for name, size in sizes.items():
        as_count(name, size)


def glorot(rng: Generator, rows: int, columns: int) -> Array:
    """Uniform numbers up to ±√(6 / (rows + columns)).

    So chosen, a layer neither enlarges nor shrinks what goes through it, forwards and backwards, as
    long as its activation is nearly the identity (Glorot and Bengio, 2010).
    """
    _check(rng, rows=rows, columns=columns)
    most = np.sqrt(6 / (rows + columns))
    return rng.uniform(-most, most, (rows, columns))


def orthogonal(rng: Generator, rows: int, columns: int) -> Array:
    """A random matrix Q with QᵀQ = 1, or QQᵀ = 1 if it has more columns than rows.

    A square one leaves all lengths as they are, so that what passes it many times, forwards or
    backwards, neither vanishes nor explodes by it. (With more rows than columns it projects: x Q is
    shorter than x, but for x = y Qᵀ.) All such matrices are equally likely (Mezzadri, 2007).

    >>> q = orthogonal(np.random.default_rng(0), 3, 2)
    >>> bool(abs(q.T @ q - np.eye(2)).max() < 1e-15)
    True
    """
    _check(rng, rows=rows, columns=columns)
    tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q *= np.where(np.diag(r) < 0, -1, 1)  # what makes them equally likely
    return q if rows >= columns else q.T


def identity(rng: Generator, rows: int, columns: int, *, scale: float = 1.0) -> Array:
    """``scale`` on the diagonal: at 1, with ReLU, what is fed back stays (Le and others, 2015).

    With less it fades: ``recurrent=functools.partial(identity, scale=0.01)``.
    """
    _check(rng, rows=rows, columns=columns)
    return scale * np.eye(rows, columns)


def draw(
    kind: type[Network],
    rng: Generator,
    *,
    inputs: Initialiser = glorot,
    recurrent: Initialiser = orthogonal,
    dtype: DTypeLike = np.float64,
    **given: Any,
) -> Network:
    """A cell of any kind, one of your own included, whose weights are drawn.

    What a matrix reads says how it begins: the input, by ``inputs``; the step before, or if it is
    square, by ``recurrent``; else by ``glorot``. Each gate has one of its own. Vectors, such as
    biases and peepholes, begin as zeros.

    ``given`` holds a number for each symbol in the shapes of the weights, such as k and n, and
    fields that are not to be drawn, such as activations.

    >>> draw(Layer, np.random.default_rng(0), k=2, l=3, phi="relu", recurrent=identity).W_y
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """
    check_generator(rng)
    for name, initialiser in (("inputs", inputs), ("recurrent", recurrent)):
        if not callable(initialiser):
            raise TypeError(
                f"{name} is {said(initialiser)}, expected a function that draws a matrix, such as "
                f"rnnlib.initial.orthogonal"
            )
    if np.dtype(dtype).kind != "f":
        raise ValueError(f"dtype is {np.dtype(dtype)}, expected a floating-point one")
    sizes = _sizes(kind, given)
    parts = {name: value for name, value in given.items() if name not in sizes}
    for each in fields(kind):  # type: ignore[arg-type]
        if "shape" in each.metadata and each.name not in parts:
            symbols, reads = each.metadata["shape"], each.metadata["reads"]
            shape = [sizes.get(symbol) or int(symbol) for symbol in symbols]
            if sum(symbol in sizes for symbol in symbols) != 2:  # a vector, or one for each gate
                parts[each.name] = np.zeros(shape)
                continue
            initialiser = glorot
            if "x" in reads:
                initialiser = inputs
            elif symbols[-1] == symbols[-2] or any("before." in read for read in reads):
                initialiser = recurrent
            gates = [initialiser(rng, *shape[-2:]) for _ in range(prod(shape[:-2]))]
            parts[each.name] = np.stack(gates) if len(shape) == 3 else gates[0]
    return map_parameters(lambda w: w.astype(dtype), kind(**parts))


def _sizes(kind: Any, given: dict[str, Any]) -> dict[str, int]:
    """The size that each symbol in the shapes of a kind's weights stands for."""
    declared = fields(kind) if isinstance(kind, type) and is_dataclass(kind) else ()
    parts = {each.name: each.metadata.get("shape", ()) for each in declared}
    if not any(parts.values()):
        raise TypeError(f"kind is {said(kind)}, expected the class of a cell, such as rnnlib.LSTM")
    symbols = [
        each for each in dict.fromkeys(chain.from_iterable(parts.values())) if not each.isdigit()
    ]
    if not set(symbols) <= given.keys() <= {*symbols, *parts}:
        raise TypeError(
            f"{kind.__name__} is drawn with {', '.join(given) or 'nothing'}; expected the sizes "
            f"{', '.join(symbols)}, and perhaps {', '.join(parts)}, inputs, recurrent, dtype"
        )
    return {symbol: as_count(symbol, given[symbol]) for symbol in symbols}


def layer(rng: Generator, k: int, l: int, phi: str = "tanh", **how: Any) -> Layer:  # noqa: E741
    """A layer of l neurons with k inputs; ``how`` is what ``draw`` takes, here and below."""
    return draw(Layer, rng, k=k, l=l, phi=phi, **how)


def elman(
    rng: Generator, k: int, n: int, o: int, g_h: str = "tanh", g_o: str = "identity", **how: Any
) -> Elman:
    """An Elman network with k inputs, n hidden neurons and o outputs."""
    return draw(Elman, rng, k=k, n=n, o=o, g_h=g_h, g_o=g_o, **how)


def jordan(
    rng: Generator, k: int, n: int, o: int, g_h: str = "tanh", g_o: str = "identity", **how: Any
) -> Jordan:
    """A Jordan network with k inputs, n hidden neurons and o outputs."""
    return draw(Jordan, rng, k=k, n=n, o=o, g_h=g_h, g_o=g_o, **how)


def lstm(rng: Generator, k: int, n: int, *, forget_bias: ArrayLike, **how: Any) -> LSTM:
    """An LSTM with k inputs and n neurons.

    A forget gate with the bias 0 begins half open, and halves the cell state at each step: after T
    steps 2^−T of it is left. With 1 it keeps 0.73 of it, with 3 it keeps 0.95.
    """
    return draw(LSTM, rng, k=k, n=n, b=_forgetting(forget_bias, n), **how)


def peephole_lstm(
    rng: Generator, k: int, n: int, *, forget_bias: ArrayLike, **how: Any
) -> PeepholeLSTM:
    """The same with peepholes, which begin as zeros: it begins as the ``lstm`` of the same seed."""
    return draw(PeepholeLSTM, rng, k=k, n=n, b=_forgetting(forget_bias, n), **how)


def _forgetting(forget_bias: ArrayLike, n: int) -> Array:
    """The biases of an LSTM: zeros, but for the forget gate's."""
    b, f = np.zeros((len(GATES), as_count("n", n))), as_array("forget_bias", forget_bias)
    if f.shape not in ((), (n,)):
        raise ValueError(f"forget_bias has shape {f.shape}, expected () or ({n},)")
    b[GATES.index("f")] = f
    return b


def gru(rng: Generator, k: int, n: int, **how: Any) -> GRU:
    """A GRU with k inputs and n neurons."""
    return draw(GRU, rng, k=k, n=n, **how)


def dense(rng: Generator, k: int, o: int, phi: str = "identity", **how: Any) -> Dense:
    """A layer without memory, with k inputs and o outputs."""
    return draw(Dense, rng, k=k, o=o, phi=phi, **how)
