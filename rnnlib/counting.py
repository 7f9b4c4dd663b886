"""How many parameters a network has, weight by weight, by the shapes that its cells declare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from typing import Any, NamedTuple

from rnnlib.cells import check_network, shapes_of


class CountRow(NamedTuple):
    """The parameters in one array: their ``number`` is a product, such as 4 × 3."""

    name: str
    between: str
    symbols: str
    formula: str
    number: int


@dataclass(frozen=True, repr=False)
class Count:
    """The number of a network's parameters, one row for each array; prints as a table."""

    rows: tuple[CountRow, ...]

    @property
    def total(self) -> int:
        """How many parameters there are in all."""
        return sum(row.number for row in self.rows)

    @property
    def biases(self) -> int:
        """How many are biases, N(b) of remarks 1 and 2 of Galvan's *On recurrent networks*."""
        biases = (row for row in self.rows if row.name.rpartition(".")[2].startswith("b"))
        return sum(row.number for row in biases)

    @property
    def weights(self) -> int:
        """How many are no biases, which is N(W) of these remarks."""
        return self.total - self.biases

    @property
    def formula(self) -> str:
        """The total as a sum of products, such as 4 × 3 + 3 × 3 + 3."""
        return " + ".join(row.formula for row in self.rows)

    def _table(self) -> list[list[str]]:
        total = CountRow("total", "", "", "", self.total)
        return [[str(each) for each in row] for row in (*self.rows, total)]

    def __repr__(self) -> str:
        *columns, numbers = zip(*self._table(), strict=True)
        padded = [[f"{each:{max(map(len, column))}}" for each in column] for column in columns]
        padded.append([f"{each:>{max(map(len, numbers))}}" for each in numbers])
        return "\n".join("  ".join(row) for row in zip(*padded, strict=True))

    def _repr_html_(self) -> str:
        heads = ("weights", "between", "formula", "numbers", "how many")
        rows = ["".join(f'<th scope="col">{head}</th>' for head in heads)]
        for name, *cells in self._table():
            rows.append(f'<th scope="row">{name}</th><td>{"</td><td>".join(cells)}</td>')
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def count(network: Any) -> Count:
    """The number of a network's parameters: for an ``Elman`` network k n + n² + n + n o + o.

    ``count(network).total`` is the number, ``.formula`` how it comes about, ``.rows`` of what. So
    counts source 002, *Recurrent Layers*, its network below; and so do remarks 1 and 2 of Galvan's
    *On recurrent neural networks*, with p, r and o for our k, n and o.

    >>> import numpy as np
    >>> from rnnlib import Elman
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
    check_network("network", network)
    return Count(tuple(_rows(network, "")))


def _rows(network: Any, prefix: str) -> Iterator[CountRow]:
    """One for each array, under the name that ``parameters`` gives it; a bias after its weights."""
    if isinstance(network, tuple):
        parts = {str(j): part for j, part in enumerate(network)}
    else:
        parts, shapes = vars(network), list(shapes_of(network))
        layers = [symbols[-1] for _, symbols, _ in shapes]
        for name, symbols, between in sorted(shapes, key=lambda shape: layers.index(shape[1][-1])):
            formula = " × ".join(map(str, parts[name].shape))
            yield CountRow(prefix + name, between, " ".join(symbols), formula, parts[name].size)
    for name, part in parts.items():
        if isinstance(part, tuple) or is_dataclass(part):
            yield from _rows(part, f"{prefix}{name}.")
