"""A network's parameters by name, and networks made of others' parameters.

The parameters of a network are its arrays; a gradient and a momentum have the same, so they are
networks too. Networks inside a network, as in a stack, count with theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from rnnlib.checks import Array, check_shape, read_only, said

Network = TypeVar("Network")


def parameters(cell: object) -> dict[str, Array]:
    """All arrays of a network by name, those themselves and no copies; nested ones with dots.

    >>> from rnnlib.examples import notes_elman
    >>> {name: array.shape for name, array in parameters(notes_elman()).items()}
    {'W_x': (2, 3), 'W_h': (3, 3), 'W_o': (3, 2), 'b_h': (3,), 'b_o': (2,)}
    """
    if not isinstance(cell, tuple) and (isinstance(cell, type) or not _parts(cell)):
        raise TypeError(
            f"cell is {said(cell)}; a network was expected, whose fields are its arrays"
        )
    return dict(_walk(cell, ""))


def dtype_of(cell: object) -> np.dtype[Any]:
    """The type of numbers in which a network computes.

    >>> from rnnlib.examples import notes_elman
    >>> dtype_of(notes_elman())
    dtype('float64')
    """
    arrays = dict(_walk(cell, "")).values()
    return np.result_type(*arrays) if arrays else np.dtype(float)


def with_parameters(cell: Network, arrays: Mapping[str, Array]) -> Network:
    """A network like ``cell`` with ``arrays``, of the same names and shapes, in place of its own.

    Neither copied nor checked for what is not finite: the gradient of a network that explodes is
    still its gradient.
    """
    own = parameters(cell)
    if own.keys() != arrays.keys():
        raise ValueError(
            f"arrays holds {', '.join(arrays) or 'nothing'}; expected {', '.join(own)}"
        )
    for name, array in own.items():
        check_shape(name, np.asarray(arrays[name]), array.shape)
    replacements = iter([arrays[name] for name in own])
    return _rebuild(cell, lambda _: next(replacements))


def map_parameters(function: Callable[..., Array], cell: Network, *others: Network) -> Network:
    """A network like ``cell`` whose arrays are ``function`` of its and the others' arrays.

    >>> from rnnlib.examples import notes_elman
    >>> map_parameters(lambda own, other: own - other, notes_elman(), notes_elman()).b_h
    array([0., 0., 0.])
    """
    own, rest = parameters(cell), [parameters(other) for other in others]
    for i, other in enumerate(rest):
        if other.keys() != own.keys():
            raise ValueError(f"others[{i}] has {', '.join(other)}; expected {', '.join(own)}")
    columns = zip(own.values(), *(other.values() for other in rest), strict=True)
    return _rebuild(cell, lambda _: function(*next(columns)))


def _walk(value: object, name: str) -> Iterator[tuple[str, Array]]:
    if isinstance(value, np.ndarray):
        yield name, value
    for inner, part in _parts(value):
        yield from _walk(part, f"{name}.{inner}" if name else inner)


def _parts(value: Any) -> list[tuple[str, object]]:
    """What a network or a tuple of networks consists of; an array or a word has no parts."""
    if isinstance(value, tuple):
        return [(str(i), part) for i, part in enumerate(value)]
    if hasattr(value, "__dataclass_fields__"):
        return [(field.name, getattr(value, field.name)) for field in fields(value)]
    return []


def _rebuild(value: Any, replace: Callable[[Array], Array]) -> Any:
    """The same structure with each array replaced, in the order of ``parameters``."""
    if isinstance(value, np.ndarray):
        return read_only(np.asarray(replace(value)))
    if isinstance(value, tuple):
        return tuple(_rebuild(part, replace) for part in value)
    if not hasattr(value, "__dataclass_fields__"):
        return value
    # around __init__, which would copy, check and refuse what is not finite
    new = object.__new__(type(value))
    for name, part in _parts(value):
        object.__setattr__(new, name, _rebuild(part, replace))
    return new
