"""Weights to begin with: initialisers, and networks that are made of them.

An initialiser is a function of a generator and a shape's rows and columns. Networks take one for
what comes in and one for what is fed back; biases begin as zeros, but for an LSTM's forget gate,
whose bias is an argument, since much depends on it.

Numbers are drawn as float64 and then rounded to ``dtype``: a seed gives the same network in both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from rnnlib.cells import Dense, Elman, Jordan, Layer
from rnnlib.checks import Array, as_count, said
from rnnlib.gated import GATES, GRU, GRU_GATES, LSTM, PeepholeLSTM
from rnnlib.parameters import Network, map_parameters, parameters

Initialiser: TypeAlias = Callable[[np.random.Generator, int, int], Array]


def _check(rng: np.random.Generator, **sizes: int) -> None:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng is of type {type(rng).__name__}, expected a numpy.random.Generator: "
            f"give numpy.random.default_rng(SEED)"
        )
    for name, size in sizes.items():
        as_count(name, size)


def _check_initialisers(**initialisers: Initialiser) -> None:
    for name, initialiser in initialisers.items():
        if not callable(initialiser):
            raise TypeError(
                f"{name} is {said(initialiser)}, expected a function that draws a matrix, such as "
                f"rnnlib.initial.orthogonal"
            )


def _rounded(array: Array, dtype: DTypeLike) -> Array:
    if np.dtype(dtype).kind != "f":
        raise ValueError(f"dtype is {np.dtype(dtype)}, expected a floating-point one")
    return array.astype(dtype, copy=False)


def _all_rounded(cell: Network, dtype: DTypeLike) -> Network:
    return map_parameters(lambda w: _rounded(w, dtype), cell)


def glorot(
    rng: np.random.Generator, rows: int, columns: int, dtype: DTypeLike = np.float64
) -> Array:
    """Uniform numbers up to ±√(6 / (rows + columns)).

    So chosen, a layer neither enlarges nor shrinks what goes through it, forwards and backwards, as
    long as its activation is nearly the identity (Glorot and Bengio, 2010).
    """
    _check(rng, rows=rows, columns=columns)
    most = np.sqrt(6 / (rows + columns))
    return _rounded(rng.uniform(-most, most, (rows, columns)), dtype)


def orthogonal(
    rng: np.random.Generator, rows: int, columns: int, dtype: DTypeLike = np.float64
) -> Array:
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
    return _rounded(q if rows >= columns else q.T, dtype)


def identity(
    rng: np.random.Generator,
    rows: int,
    columns: int,
    dtype: DTypeLike = np.float64,
    *,
    scale: float = 1.0,
) -> Array:
    """``scale`` on the diagonal: at 1, with ReLU, what is fed back stays (Le and others, 2015).

    With less it fades: ``recurrent=functools.partial(identity, scale=0.01)``.
    """
    _check(rng, rows=rows, columns=columns)
    return _rounded(scale * np.eye(rows, columns), dtype)


def layer(
    rng: np.random.Generator,
    k: int,
    l: int,  # noqa: E741 - the notes' symbol
    phi: str = "tanh",
    *,
    inputs: Initialiser = glorot,
    recurrent: Initialiser = orthogonal,
    dtype: DTypeLike = np.float64,
) -> Layer:
    """A layer of l neurons with k inputs.

    >>> layer(np.random.default_rng(0), 2, 3, recurrent=identity).W_y
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """
    _check(rng, k=k, l=l)
    _check_initialisers(inputs=inputs, recurrent=recurrent)
    cell = Layer(inputs(rng, k, l), recurrent(rng, l, l), np.zeros(l), phi)
    return _all_rounded(cell, dtype)


def elman(
    rng: np.random.Generator,
    k: int,
    n: int,
    o: int,
    g_h: str = "tanh",
    g_o: str = "identity",
    *,
    inputs: Initialiser = glorot,
    recurrent: Initialiser = orthogonal,
    dtype: DTypeLike = np.float64,
) -> Elman:
    """An Elman network with k inputs, n hidden neurons and o outputs."""
    _check(rng, k=k, n=n, o=o)
    _check_initialisers(inputs=inputs, recurrent=recurrent)
    weights = inputs(rng, k, n), recurrent(rng, n, n), glorot(rng, n, o)
    return _all_rounded(Elman(*weights, np.zeros(n), np.zeros(o), g_h, g_o), dtype)


def jordan(
    rng: np.random.Generator,
    k: int,
    n: int,
    o: int,
    g_h: str = "tanh",
    g_o: str = "identity",
    *,
    inputs: Initialiser = glorot,
    recurrent: Initialiser = orthogonal,
    dtype: DTypeLike = np.float64,
) -> Jordan:
    """A Jordan network with k inputs, n hidden neurons and o outputs."""
    _check(rng, k=k, n=n, o=o)
    _check_initialisers(inputs=inputs, recurrent=recurrent)
    weights = inputs(rng, k, n), recurrent(rng, o, n), glorot(rng, n, o)
    return _all_rounded(Jordan(*weights, np.zeros(n), np.zeros(o), g_h, g_o), dtype)


def lstm(
    rng: np.random.Generator,
    k: int,
    n: int,
    *,
    forget_bias: float,
    inputs: Initialiser = glorot,
    recurrent: Initialiser = orthogonal,
    dtype: DTypeLike = np.float64,
) -> LSTM:
    """An LSTM with k inputs and n neurons.

    A forget gate with the bias 0 begins half open, and halves the cell state at each step: after T
    steps 2^−T of it is left. With 1 it keeps 0.73 of it, with 3 it keeps 0.95.
    """
    _check(rng, k=k, n=n)
    _check_initialisers(inputs=inputs, recurrent=recurrent)
    W_x, W_h, b = _gated(rng, GATES, k, n, inputs, recurrent)
    if np.shape(forget_bias) not in ((), (n,)):
        raise ValueError(f"forget_bias has shape {np.shape(forget_bias)}, expected () or ({n},)")
    b[GATES.index("f")] = forget_bias
    return _all_rounded(LSTM(W_x, W_h, b), dtype)


def peephole_lstm(
    rng: np.random.Generator,
    k: int,
    n: int,
    *,
    forget_bias: float,
    inputs: Initialiser = glorot,
    recurrent: Initialiser = orthogonal,
    dtype: DTypeLike = np.float64,
) -> PeepholeLSTM:
    """The same with peepholes, which begin as zeros: it begins as the ``lstm`` of the same seed."""
    plain = lstm(rng, k, n, forget_bias=forget_bias, inputs=inputs, recurrent=recurrent)
    cell = PeepholeLSTM(**parameters(plain), P=np.zeros((3, n)))
    return _all_rounded(cell, dtype)


def gru(
    rng: np.random.Generator,
    k: int,
    n: int,
    *,
    inputs: Initialiser = glorot,
    recurrent: Initialiser = orthogonal,
    dtype: DTypeLike = np.float64,
) -> GRU:
    """A GRU with k inputs and n neurons."""
    _check(rng, k=k, n=n)
    _check_initialisers(inputs=inputs, recurrent=recurrent)
    W_x, W_h, b = _gated(rng, GRU_GATES, k, n, inputs, recurrent)
    return _all_rounded(GRU(W_x, W_h, b, b_h=np.zeros(n)), dtype)


def _gated(
    rng: np.random.Generator,
    gates: tuple[str, ...],
    k: int,
    n: int,
    inputs: Initialiser,
    recurrent: Initialiser,
) -> tuple[Array, Array, Array]:
    """W_x, W_h and b: matrices of its own for each gate."""
    W_x = np.stack([inputs(rng, k, n) for _ in gates])
    W_h = np.stack([recurrent(rng, n, n) for _ in gates])
    return W_x, W_h, np.zeros((len(gates), n))


def dense(
    rng: np.random.Generator,
    k: int,
    o: int,
    phi: str = "identity",
    *,
    dtype: DTypeLike = np.float64,
) -> Dense:
    """A layer without memory, with k inputs and o outputs."""
    _check(rng, k=k, o=o)
    return _all_rounded(Dense(glorot(rng, k, o), np.zeros(o), phi), dtype)
