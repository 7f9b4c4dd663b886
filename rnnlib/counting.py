"""How many parameters a network has, by the formulas of the sources, weight by weight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from rnnlib.cells import Cell, Elman, Jordan, Layer
from rnnlib.gated import GRU, LSTM, PeepholeLSTM
from rnnlib.stack import BothDirections, Dense, Stack, n_outputs

FORMULAS = {
    Layer: (
        ("W_x", "input to layer", "k l"),
        ("W_y", "layer to layer", "l l"),
        ("b", "bias of layer", "l"),
    ),
    Elman: (
        ("W_x", "input to hidden", "k n"),
        ("W_h", "hidden to hidden", "n n"),
        ("b_h", "bias of hidden", "n"),
        ("W_o", "hidden to output", "n o"),
        ("b_o", "bias of output", "o"),
    ),
    Jordan: (
        ("W_x", "input to hidden", "k n"),
        ("W_h", "output to hidden", "o n"),
        ("b_h", "bias of hidden", "n"),
        ("W_o", "hidden to output", "n o"),
        ("b_o", "bias of output", "o"),
    ),
    LSTM: (
        ("W_x", "input to gates", "4 k n"),
        ("W_h", "h to gates", "4 n n"),
        ("b", "bias of gates", "4 n"),
    ),
    PeepholeLSTM: (
        ("W_x", "input to gates", "4 k n"),
        ("W_h", "h to gates", "4 n n"),
        ("b", "bias of gates", "4 n"),
        ("P", "c to gates", "3 n"),
    ),
    GRU: (
        ("W_x", "input to gates", "3 k n"),
        ("W_h", "h to gates", "3 n n"),
        ("b", "bias of gates", "3 n"),
        ("b_h", "bias of past", "n"),
    ),
    Dense: (("W", "input to output", "k o"), ("b", "bias of output", "o")),
}
"""For each kind of cell its weights, what they lie between, and the factors of their number."""


class CountRow(NamedTuple):
    """The parameters in one array: ``sizes`` are the numbers for the ``symbols``."""

    name: str
    between: str
    symbols: str
    sizes: tuple[int, ...]

    @property
    def formula(self) -> str:
        """The number as a product, such as 4 × 3."""
        return " × ".join(map(str, self.sizes))

    @property
    def number(self) -> int:
        """How many parameters the array holds."""
        return prod(self.sizes)

    @property
    def is_bias(self) -> bool:
        """Whether it is a bias, by its name."""
        return self.name.rpartition(".")[2].startswith("b")


@dataclass(frozen=True)
class Count:
    """The number of a network's parameters, one row for each array; prints as a table."""

    rows: tuple[CountRow, ...]

    @property
    def total(self) -> int:
        """How many parameters there are in all."""
        return sum(row.number for row in self.rows)

    @property
    def weights(self) -> int:
        """All but the biases; N(W) of remarks 1 and 2 of Galvan's *On recurrent networks*."""
        return sum(row.number for row in self.rows if not row.is_bias)

    @property
    def biases(self) -> int:
        """N(b) of these remarks."""
        return sum(row.number for row in self.rows if row.is_bias)

    @property
    def formula(self) -> str:
        """The total as a sum of products, such as 4 × 3 + 3 × 3 + 3."""
        return " + ".join(row.formula for row in self.rows)

    def _table(self) -> list[tuple[str, ...]]:
        rows = [(r.name, r.between, r.symbols, r.formula, str(r.number)) for r in self.rows]
        return [*rows, ("total", "", "", "", str(self.total))]

    def __str__(self) -> str:
        table = self._table()
        *widths, last = (max(map(len, column)) for column in zip(*table, strict=True))
        return "\n".join(
            "  ".join(each.ljust(width) for each, width in zip(row[:-1], widths, strict=True))
            + "  "
            + row[-1].rjust(last)
            for row in table
        )

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col">{each}</th>'
            for each in ("weights", "between", "formula", "numbers", "how many")
        )
        rows = (
            f'<tr><th scope="row">{name}</th>' + "".join(f"<td>{each}</td>" for each in rest)
            for name, *rest in self._table()
        )
        return f"<table><tr>{head}</tr>{''.join(f'{row}</tr>' for row in rows)}</table>"


def count(network: Cell | Stack | BothDirections) -> Count:
    """The number of a network's parameters: for an ``Elman`` network k n + n² + n + n o + o.

    ``count(network).total`` is the number, ``.formula`` how it comes about, ``.rows`` of what.

    Raises
    ------
    TypeError
        If there is no formula for this kind of network.

    Notes
    -----
    Source 002, *Recurrent Layers*, which counts its network below; remarks 1 and 2 of Galvan's *On
    recurrent neural networks*, with p, r and o for our k, n and o.

    Examples
    --------
    >>> import numpy as np
    >>> k, n, o = 4, 3, 1
    >>> W_x, W_h, W_o = np.zeros((k, n)), np.zeros((n, n)), np.zeros((n, o))
    >>> rnn = count(Elman(W_x, W_h, W_o, b_h=np.zeros(n), b_o=np.zeros(o)))
    >>> print(rnn)
    W_x    input to hidden   k n  4 × 3  12
    W_h    hidden to hidden  n n  3 × 3   9
    b_h    bias of hidden    n    3       3
    W_o    hidden to output  n o  3 × 1   3
    b_o    bias of output    o    1       1
    total                                28
    >>> rnn.formula
    '4 × 3 + 3 × 3 + 3 + 3 × 1 + 1'
    """
    return Count(tuple(_rows(network, "")))


def _rows(network: Cell | Stack | BothDirections, prefix: str) -> Iterator[CountRow]:
    """The names are those of ``parameters``."""
    if isinstance(network, Stack):
        for j, cell in enumerate(network.cells):
            yield from _rows(cell, f"{prefix}cells.{j}.")
    elif isinstance(network, BothDirections):
        yield from _rows(network.forwards, f"{prefix}forwards.")
        yield from _rows(network.backwards, f"{prefix}backwards.")
    elif type(network) in FORMULAS:
        sizes = {"k": network.n_inputs, "l": n_outputs(network), "o": n_outputs(network)}
        if hasattr(network, "W_h"):
            sizes["n"] = network.W_h.shape[-1]
        for name, between, symbols in FORMULAS[type(network)]:
            factors = tuple(int(sizes.get(each, each)) for each in symbols.split())
            yield CountRow(prefix + name, between, symbols, factors)
    else:
        known = ", ".join(each.__name__ for each in FORMULAS)
        raise TypeError(f"network is of type {type(network).__name__}, expected one of: {known}")
