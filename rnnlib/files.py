"""Networks on disk: ``.npz`` files, which hold arrays and no code.

Beside the arrays a file holds one line of text (JSON) that says of which kinds of networks they are
the parameters. Nothing in a file is ever run, and no name in it is looked up outside this library.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnlib import cells, gated, stack
from rnnlib.parameters import parameters

FORMAT = "rnnlib 1"
KINDS = {
    name: kind
    for module in (cells, gated, stack)
    for name, kind in vars(module).items()
    if is_dataclass(kind) and hasattr(kind, "n_inputs") and not name.startswith("_")
}
"""All kinds of networks by name."""


def save(path: str | os.PathLike, cell: object) -> None:
    """Write a network to ``path``, exactly; ``load`` reads it again.

    The file is there whole or not at all: what stood there stays until the new one is complete.

    Raises
    ------
    TypeError
        If ``cell`` is none of the library's networks.
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    header = json.dumps({"format": FORMAT, "network": _describe(cell)})
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".unfinished")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, header=np.array(header), **parameters(cell))
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise


def load(path: str | os.PathLike) -> object:
    """The network that ``save`` wrote to ``path``.

    Raises
    ------
    ValueError
        If it is no such file, or one that was damaged or changed.
    OSError
        If it cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError) as error:
        raise _refusal(path, error) from None
    except Exception as error:  # zlib's own kind of error is not public
        if isinstance(error, OSError):
            raise
        raise _refusal(path, error) from None
    try:
        header = json.loads(str(arrays.pop("header")[()]))
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']!r}, expected {FORMAT!r}")
        if not isinstance(header["network"], dict):
            raise ValueError("its header describes no network")
        network = _rebuild(header["network"], arrays, "")
        if arrays:
            raise ValueError(f"it holds {', '.join(arrays)}, which no network in it has")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _refusal(path, error) from None
    return network


def _refusal(path: str | os.PathLike, error: Exception) -> ValueError:
    reason = f"it has no {error.args[0]}" if isinstance(error, KeyError) else str(error)
    return ValueError(f"{os.fspath(path)} is no file that rnnlib.files.save wrote: {reason}")


def _describe(value: object) -> object:
    """What a network consists of, in lists, words and names."""
    if isinstance(value, np.ndarray):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return [_describe(part) for part in value]
    kind = type(value).__name__
    if KINDS.get(kind) is not type(value):
        raise TypeError(f"cell is or holds a {kind}, expected one of: {', '.join(KINDS)}")
    return {"kind": kind} | {f.name: _describe(getattr(value, f.name)) for f in fields(value)}


def _rebuild(described: object, arrays: dict[str, NDArray], name: str) -> object:
    """The network that is described; it takes its arrays out of ``arrays``, and checks them."""
    if described is None:
        return arrays.pop(name)
    if isinstance(described, str):
        return described
    if isinstance(described, list):
        return tuple(_rebuild(part, arrays, f"{name}.{i}") for i, part in enumerate(described))
    kind = described.pop("kind")
    if kind not in KINDS:
        raise ValueError(f"it holds a {kind!r}, expected one of: {', '.join(KINDS)}")
    prefix = f"{name}." if name else ""
    parts = {each: _rebuild(part, arrays, prefix + each) for each, part in described.items()}
    return KINDS[kind](**parts)
