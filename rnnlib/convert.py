"""The same weights in other layouts: stacked, as PyTorch keeps them, as Keras keeps them.

Neither package is needed: what goes out and comes in are arrays, in the dictionaries and lists that
these packages read and write.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.cells import Dense, Elman, Layer, check_network
from rnnlib.checks import Array, as_array, check_shape, said
from rnnlib.gated import GATES, GRU, GRU_GATES, LSTM, ResetFirstGRU
from rnnlib.parameters import parameters
from rnnlib.stack import BothDirections, Stack

Order = dict[type, tuple[str, ...]]

OUR_GATES: Order = {Layer: ("y",), LSTM: GATES, GRU: GRU_GATES, ResetFirstGRU: GRU_GATES}
"""The order of the gates in our weights; a layer counts as one gate."""

TORCH_GATES: Order = {
    Layer: ("y",),
    LSTM: ("i", "f", "c_tilde", "o"),
    GRU: ("r", "z", "h_tilde"),
}
"""Their order in PyTorch, which writes i, f, g, o and r, z, n."""

KERAS_GATES: Order = {
    Layer: ("y",),
    LSTM: ("i", "f", "c_tilde", "o"),
    GRU: ("z", "r", "h_tilde"),
    ResetFirstGRU: ("z", "r", "h_tilde"),
}
"""Their order in Keras, which writes i, f, c, o and z, r, h."""


def stacked(cell: Any) -> Array:
    """W with x W_x + h W_h = [x, h] W: the input's weights above those of what is fed back.

    Of shape (k + n, n), for a Jordan network (k + o, n); for gated cells (g, k + n, n), the gates
    first. ``W[..., :k, :]`` is W_x again, and ``W[..., k:, :]`` is W_h.

    >>> from rnnlib.examples import notes_elman
    >>> stacked(notes_elman())
    array([[-1., -3.,  0.],
           [-2., -1.,  2.],
           [ 1., -1.,  0.],
           [ 0.,  1.,  1.],
           [-1.,  2.,  0.]])
    """
    fed_back = getattr(cell, "W_y" if isinstance(cell, Layer) else "W_h", None)
    if fed_back is None:
        raise TypeError(f"cell is {said(cell)}, expected a cell whose W_x and W_h can be stacked")
    return np.concatenate([cell.W_x, fed_back], axis=-2)


def to_torch(network: Any) -> dict[str, Array]:
    """The arrays of a network under the names of PyTorch's ``state_dict``.

    ``Layer``, ``LSTM`` and ``GRU`` become a module RNN, LSTM and GRU; ``BothDirections`` of two of
    a kind one with ``bidirectional=True``, a ``Stack`` of such one with ``num_layers``. ``Dense``
    becomes a Linear, after which its activation has to come. ``Elman``, and a ``Stack`` with
    ``Dense`` on top, become a module of two, with the attributes ``rnn`` and ``linear``.

    What PyTorch has no module for is refused, lest ``load_state_dict`` should take it for another
    network: activations of recurrent layers other than tanh or ReLU, one of them in all layers, and
    layers of different kinds.

    PyTorch multiplies by transposed weights, (g n, k), has the gates one below another, in the
    order of ``TORCH_GATES``, and two biases where one does the work: ours is ``bias_ih``, and
    ``bias_hh`` is zero, but for a GRU's b_h.

    >>> from rnnlib.examples import notes_elman
    >>> arrays = to_torch(notes_elman())
    >>> {name: array.shape for name, array in arrays.items()}  # doctest: +NORMALIZE_WHITESPACE
    {'rnn.weight_ih_l0': (3, 2), 'rnn.weight_hh_l0': (3, 3), 'rnn.bias_ih_l0': (3,),
     'rnn.bias_hh_l0': (3,), 'linear.weight': (2, 3), 'linear.bias': (2,)}
    """
    check_network("network", network)
    layers = _layers(network)
    linear = layers.pop() if isinstance(layers[-1], Dense) else None
    cells: dict[str, Any] = {}
    for number, layer in enumerate(layers):
        if isinstance(layer, BothDirections):
            cells |= {f"l{number}": layer.forwards, f"l{number}_reverse": layer.backwards}
        else:
            cells[f"l{number}"] = layer
    _check_alike(list(cells.values()))
    rnn, top = ("rnn.", "linear.") if layers and linear else ("", "")
    arrays: dict[str, Array] = {}
    for where, cell in cells.items():
        parts = zip(_torch_names(rnn, where), _side_by_side(cell, TORCH_GATES), strict=True)
        arrays |= {name: part.T.copy() for name, part in parts}
    if linear:
        arrays |= {f"{top}weight": linear.W.T.copy(), f"{top}bias": linear.b.copy()}
    return arrays


def _torch_names(module: str, where: str) -> list[str]:
    """Of the weights and biases of one cell: each for its input, and for what it feeds back."""
    sides = [(what, side) for what in ("weight", "bias") for side in ("ih", "hh")]
    return [f"{module}{what}_{side}_{where}" for what, side in sides]


def _check_alike(cells: list[Any]) -> None:
    """Raise TypeError unless these are the layers and directions of one module of PyTorch."""
    kinds = {type(cell).__name__ for cell in cells}
    if len(kinds) > 1:
        raise TypeError(f"network mixes {', '.join(sorted(kinds))}; one kind was expected")
    activations = {cell.phi for cell in cells if isinstance(cell, Layer)}
    if len(activations) > 1 or not activations <= {"tanh", "relu"}:
        raise TypeError(
            f"network has the activations {', '.join(sorted(activations))}; PyTorch's recurrent "
            f"layers all have tanh, or all relu"
        )


def from_torch(kind: type, arrays: Mapping[str, ArrayLike], **activations: str) -> Any:
    """The network whose ``to_torch`` these arrays are; the two biases add up to ours.

    ``kind`` is ``Layer``, ``LSTM`` or ``GRU``; out of several layers or directions this makes a
    ``Stack`` and ``BothDirections``, with a ``Dense`` on top if there is a ``linear``. It is
    ``Dense`` for a Linear alone, ``Elman`` for an ``rnn`` of one layer with a ``linear``.

    ``arrays`` is a ``state_dict``, or the same with arrays for tensors; a bias that is missing is
    zero. ``activations`` are what it does not hold: ``phi`` of a ``Layer`` or ``Dense``; ``g_h``
    and ``g_o`` of an ``Elman``.
    """
    _check_kind(kind)
    if not isinstance(arrays, Mapping):
        raise TypeError(f"arrays is {said(arrays)}, expected a state_dict: module.state_dict()")
    own = {str(name): as_array(str(name), array) for name, array in arrays.items()}
    linear = any(name.startswith("linear.") for name in own)
    rnn = "rnn." if linear or kind is Elman else ""
    network: Any
    if kind is Dense:
        network = _from_linear(own, "", activations)
    elif kind is Elman:
        below, above = _from_torch_cell(Layer, own, rnn, "l0", {}), _from_linear(own, "linear.", {})
        network = Elman(below.W_x, below.W_y, above.W, below.b, above.b, **activations)
    else:
        more = itertools.takewhile(lambda i: f"{rnn}weight_ih_l{i}" in own, itertools.count(1))
        layers = [_from_torch_layer(kind, own, rnn, f"l{i}", activations) for i in (0, *more)]
        if linear:
            layers.append(_from_linear(own, "linear.", {}))
        network = Stack(tuple(layers)) if len(layers) > 1 else layers[0]
    unknown = sorted(own.keys() - to_torch(network).keys())
    if unknown:
        raise ValueError(f"arrays holds {unknown[0]}, of which {kind.__name__} knows nothing")
    return network


def _from_torch_layer(
    kind: type, arrays: dict[str, Array], module: str, where: str, words: dict[str, str]
) -> Any:
    """A layer of a module: one cell, or one for each direction."""
    forwards = _from_torch_cell(kind, arrays, module, where, words)
    if f"{module}weight_ih_{where}_reverse" not in arrays:
        return forwards
    backwards = _from_torch_cell(kind, arrays, module, f"{where}_reverse", words)
    return BothDirections(forwards, backwards)


def _from_torch_cell(
    kind: type, arrays: dict[str, Array], module: str, where: str, words: dict[str, str]
) -> Any:
    names = _torch_names(module, where)
    weights = {name: _taken(arrays, name) for name in names[:2]}
    columns = _columns(kind, TORCH_GATES, weights, transposed=True)
    parts = [weight.T for weight in weights.values()]
    for name in names[2:]:
        parts.append(arrays.get(name, np.zeros(columns, parts[0].dtype)))
        check_shape(name, parts[-1], (columns,))
    return _cell(kind, TORCH_GATES, parts, words)


def _from_linear(arrays: dict[str, Array], module: str, words: dict[str, str]) -> Dense:
    weight = _taken(arrays, f"{module}weight")
    check_shape(f"{module}weight", weight, ("o", "k"))
    bias = arrays.get(f"{module}bias", np.zeros(len(weight), weight.dtype))
    check_shape(f"{module}bias", bias, weight.shape[:1])
    return Dense(weight.T, bias, **words)


def _taken(arrays: dict[str, Array], name: str) -> Array:
    if name not in arrays:
        raise ValueError(f"arrays has no {name}; it holds {', '.join(arrays) or 'nothing'}")
    return arrays[name]


def to_keras(cell: Any) -> list[Array]:
    """What Keras' ``set_weights`` takes: kernel (k, g n), recurrent kernel (n, g n) and bias (g n).

    ``Layer``, ``LSTM``, ``GRU`` and ``Dense`` become SimpleRNN, LSTM, GRU (with
    ``reset_after=True``, its bias of shape (2, 3 n)) and Dense; ``ResetFirstGRU`` a GRU with
    ``reset_after=False``; ``BothDirections`` a Bidirectional, forwards first. Of an ``Elman``
    network, a SimpleRNN and a Dense, and of a ``Stack`` the lists follow one another. The gates
    stand side by side, in the order of ``KERAS_GATES``.

    >>> from rnnlib.examples import notes_elman
    >>> [array.shape for array in to_keras(notes_elman())]
    [(2, 3), (3, 3), (3,), (3, 2), (2,)]
    """
    check_network("cell", cell)
    if isinstance(cell, Elman | Stack):
        return [array for layer in _layers(cell) for array in to_keras(layer)]
    if isinstance(cell, BothDirections):
        return to_keras(cell.forwards) + to_keras(cell.backwards)
    if isinstance(cell, Dense):
        return [cell.W.copy(), cell.b.copy()]
    kernel, recurrent, b_x, b_h = _side_by_side(cell, KERAS_GATES)
    return [kernel, recurrent, np.stack([b_x, b_h]) if isinstance(cell, GRU) else b_x]


def from_keras(kind: type, arrays: Sequence[ArrayLike], **activations: str) -> Any:
    """The cell of this ``kind`` whose ``to_keras`` these arrays are, as ``get_weights`` gives them.

    ``kind`` is ``Layer``, ``LSTM``, ``GRU``, ``ResetFirstGRU``, ``Dense`` or ``Elman``;
    ``activations`` are what Keras does not keep with the weights, ``phi`` of ``Layer`` and
    ``Dense``, ``g_h`` and ``g_o`` of ``Elman``.
    """
    _check_kind(kind)
    if not isinstance(arrays, list | tuple):
        raise TypeError(f"arrays is {said(arrays)}, expected the list that get_weights returns")
    names = ["kernel", "recurrent_kernel", "bias"]
    if kind in (Dense, Elman):
        names = ["kernel", "bias"] if kind is Dense else [*names, "kernel", "bias"]
    else:
        _theirs(kind, KERAS_GATES)
    if len(arrays) != len(names):
        raise ValueError(
            f"arrays holds {len(arrays)}, expected {len(names)} for {kind.__name__}: "
            f"{', '.join(names)}"
        )
    read = [as_array(name, array) for name, array in zip(names, arrays, strict=True)]
    if kind is Dense:
        return Dense(read[0], read[1], **activations)
    if kind is Elman:
        rnn = from_keras(Layer, read[:3])
        return Elman(rnn.W_x, rnn.W_y, read[3], rnn.b, read[4], **activations)
    columns = _columns(kind, KERAS_GATES, dict(zip(names[:2], read, strict=False)))
    W_x, W_h, bias = read
    check_shape("bias", bias, (2, columns) if kind is GRU else (columns,))
    biases = bias if kind is GRU else (bias, np.zeros_like(bias))
    return _cell(kind, KERAS_GATES, [W_x, W_h, *biases], activations)


def _check_kind(kind: object) -> None:
    if not isinstance(kind, type):
        raise TypeError(f"kind is {said(kind)}, expected the class of a cell, such as rnnlib.LSTM")


def _layers(network: Any) -> list[Any]:
    """The layers of a network, from the input upwards: those of an ``Elman`` network are two."""
    if isinstance(network, Elman):
        below = Layer(network.W_x, network.W_h, network.b_h, network.g_h)
        return [below, Dense(network.W_o, network.b_o, network.g_o)]
    return list(network.cells) if isinstance(network, Stack) else [network]


def _theirs(kind: type, gates: Order) -> tuple[str, ...]:
    """The order of the gates of this kind of cell in a package's table."""
    if kind not in gates:
        package = "PyTorch" if gates is TORCH_GATES else "Keras"
        known = ", ".join(each.__name__ for each in (*gates, Dense, Elman))
        raise TypeError(f"{package} has no {kind.__name__}; expected one of: {known}")
    return gates[kind]


def _side_by_side(cell: Any, gates: Order) -> list[Array]:
    """W_x (k, g n), W_h (n, g n) and both biases (g n), the gates side by side in an order."""
    order = [OUR_GATES[type(cell)].index(gate) for gate in _theirs(type(cell), gates)]
    W_x, W_h, b, *reset = parameters(cell).values()
    W_x, W_h = (W.reshape(len(order), -1, cell.n_neurons) for W in (W_x, W_h))
    b = b.reshape(len(order), -1)
    b_h = np.zeros_like(b)
    if reset:
        b_h[-1] = reset[0]  # both packages have the candidate last, as we have
    return [np.concatenate(each, axis=-1) for each in (W_x[order], W_h[order], b[order], b_h)]


def _columns(kind: type, gates: Order, weights: dict[str, Array], transposed: bool = False) -> int:
    """g n, how many columns W_x and W_h have, the gates side by side; it checks their shapes."""

    def check(name: str, *shape: int | str) -> dict[str, int]:
        return check_shape(name, weights[name], shape[::-1] if transposed else shape)

    g, (x, h) = len(_theirs(kind, gates)), weights
    n = check(h, "n", f"{g} n")["n"]
    check(h, n, g * n)
    check(x, "k", g * n)
    return g * n


def _cell(kind: type, gates: Order, parts: list[Array], words: dict[str, Any]) -> Any:
    """The cell of which ``_side_by_side`` makes these parts."""
    order = [gates[kind].index(gate) for gate in OUR_GATES[kind]]
    W_x, W_h, b_x, b_h = (np.stack(np.split(each, len(order), axis=-1))[order] for each in parts)
    b = b_x + b_h
    if kind is GRU:
        b[-1] = b_x[-1]
        return GRU(W_x, W_h, b, b_h[-1], **words)
    if kind is Layer:
        return Layer(W_x[0], W_h[0], b[0], **words)
    return kind(W_x, W_h, b, **words)
