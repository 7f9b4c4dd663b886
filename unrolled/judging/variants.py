"""Numbers of one's own: what a student computes with, drawn from a seed.

The seed is an HMAC of the course's secret, the student and the assignment. It is the same on a
regrade, differs between students, and nobody without the secret can work it out.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlib import Cell, Elman, Jordan, Trace, unroll
from rnnlib.parameters import parameters

T = TypeVar("T")
MOST_TRIES = 10_000


@dataclass(frozen=True)
class Variant:
    """What is drawn for one student.

    Attributes
    ----------
    seed : bytes
        Where all the numbers come from; empty for the solved notebooks and their tests.
    own_numbers : bool
        Whether the hand computations differ from student to student too, and not only the hidden
        inputs. Otherwise everybody has the lecture notes' own numbers.
    """

    seed: bytes = b""
    own_numbers: bool = False

    def rng(self, name: str) -> np.random.Generator:
        """Random numbers for one purpose; another ``name`` gives others."""
        digest = hashlib.sha256(self.seed + b"\0" + name.encode()).digest()
        return np.random.default_rng(int.from_bytes(digest, "big"))

    def numbers(self, name: str, notes: T, draw: Callable[[np.random.Generator], T]) -> T:
        """The numbers of a hand computation: ``notes``, or what ``draw`` makes for this student."""
        return draw(self.rng(f"by hand, {name}")) if self.own_numbers else notes

    @property
    def tag(self) -> str:
        """A mark of whose numbers these are, which tells nothing about them."""
        return hashlib.sha256(b"tag\0" + self.seed).hexdigest()[:16] if self.own_numbers else ""


def variant_of(secret: bytes, student: str, assignment: str, own_numbers: bool) -> Variant:
    """The variant of one student in one assignment of the course with that ``secret``."""
    what = f"{student}\0{assignment}".encode("utf-8", "surrogatepass")
    return Variant(hmac.digest(secret, what, "sha256"), own_numbers)


def small_trace(
    rng: np.random.Generator,
    kind: type[Elman | Jordan],
    k: int,
    n: int,
    o: int,
    T: int,
    most: float = 40,
) -> Trace:
    """An Elman or Jordan network with ReLU over a sequence, such as one likes to compute by hand.

    All its numbers are integers. None of the states or outputs is larger than ``most``; both
    branches of ReLU occur, in the hidden layer at more than one step; what is fed back is never all
    zeros before the last step, so that forgetting the memory shows.

    Parameters
    ----------
    kind
        ``Elman`` or ``Jordan``.
    k, n, o, T
        The numbers of inputs, hidden neurons, outputs and time steps.
    """
    fed_back = n if kind is Elman else o
    shapes = {"W_x": (k, n), "W_h": (fed_back, n), "W_o": (n, o), "b_h": (n,), "b_o": (o,)}
    for _ in range(MOST_TRIES):
        weights = {name: rng.integers(-3, 4, size=shape) for name, shape in shapes.items()}
        network = kind(**weights, g_h="relu", g_o="relu")
        trace = unroll(network, rng.integers(-3, 4, size=(T, k)))
        if _good_by_hand(trace, most):
            return trace
    raise ValueError(
        f"no {kind.__name__} network of these sizes with numbers up to {most} was found in "
        f"{MOST_TRIES} tries; ask for fewer steps, or allow larger numbers"
    )


def _good_by_hand(trace: Trace, most: float) -> bool:
    memory = getattr(trace, trace.cell.state[0])
    hidden_zeros = (trace.h == 0).any(axis=1)
    return bool(
        max(np.abs(trace.h).max(), np.abs(trace.y).max()) <= most
        and memory[:-1].any(axis=1).all()
        and trace.h.any(axis=1).all()
        and hidden_zeros.sum() > 1
        and (trace.y == 0).any()
        and (trace.y > 0).sum() > 1
    )


def formulas(cell: Cell, xs: ArrayLike) -> str:
    """A network's weights and its input as formulas: the part of an exercise that has the numbers.

    >>> from rnnlib import Layer
    >>> weights, _, inputs = formulas(Layer([[2], [1]], [[-1]], [0]), [[1, 0]]).split("\\n")
    >>> print(inputs)
    Its input is $\\mathbf x(1) = (1, 0)$.
    >>> print(weights.split(", ")[0])
    $$W_x = \\begin{bmatrix} 2 \\\\ 1 \\end{bmatrix}
    """
    weights = [
        f"{_symbol(name)} = {_matrix(value) if value.ndim == 2 else _row(value)}"
        for name, value in parameters(cell).items()
    ]
    inputs = [f"$\\mathbf x({t}) = {_row(x)}$" for t, x in enumerate(np.asarray(xs), start=1)]
    matrices = ", \\quad ".join(weights)
    return f"$${matrices}$$\n\nIts input is {', '.join(inputs)}."


def _symbol(name: str) -> str:
    return f"\\mathbf {name}" if name.startswith("b") else name


def _row(values: NDArray) -> str:
    return "(" + ", ".join(f"{value:g}" for value in values) + ")"


def _matrix(values: NDArray) -> str:
    rows = (" & ".join(f"{value:g}" for value in row) for row in values)
    return "\\begin{bmatrix} " + " \\\\ ".join(rows) + " \\end{bmatrix}"


def code(name: str, value: Any) -> str:
    """``name = value`` as Python code: arrays as nested lists, a mapping with a line for each name.

    >>> print(code("arguments", {"x": np.array([1.0, -2.5]), "k": 3}))
    arguments = dict(
        x=[1, -2.5],
        k=3,
    )
    """
    if isinstance(value, dict):
        return f"{name} = {call('dict', value)}"
    return f"{name} = {literal(value)}"


def call(function: str, arguments: Mapping[str, Any]) -> str:
    """A call with a line for each argument."""
    lines = (f"    {name}={literal(value)},\n" for name, value in arguments.items())
    return f"{function}(\n{''.join(lines)})"


def network_code(name: str, network: Elman | Jordan) -> str:
    """``name = Elman(...)`` or ``Jordan(...)`` as Python code, a line for each argument."""
    activations = {each: getattr(network, each) for each in ("g_h", "g_o")}
    return f"{name} = {call(type(network).__name__, {**parameters(network), **activations})}"


def literal(value: Any) -> str:
    """A value as Python spells it; arrays as lists, and 3.0 as 3.

    Other numbers have twelve digits: further ones depend on the machine that computed them.

    >>> literal([3.0, 0.1 + 0.2])
    '[3, 0.3]'
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    array = np.asarray(value)
    return _listed(array) if array.dtype.kind in "biuf" else repr(value)


def _listed(array: NDArray) -> str:
    if array.ndim:
        return "[" + ", ".join(map(_listed, array)) + "]"
    number = array.item()
    return repr(int(number)) if float(number).is_integer() else f"{number:.12g}"
