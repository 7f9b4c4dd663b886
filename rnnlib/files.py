"""Networks on disk: ``.npz`` files, which hold arrays and no code.

Beside the arrays a file holds one line of text (JSON) that says of which kinds of networks they are
the parameters. Nothing in a file is ever run, and no name in it is looked up outside this library.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import zipfile
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnnlib import cells, gated, stack
from rnnlib.checks import Array, said
from rnnlib.parameters import parameters

FORMAT = "rnnlib 1"
KINDS: dict[str, Any] = {
    name: kind
    for module in (cells, gated, stack)
    for name, kind in vars(module).items()
    if is_dataclass(kind) and hasattr(kind, "n_inputs")
}
"""All kinds of networks by name."""


def save(path: str | os.PathLike[str], cell: object) -> None:
    """Write a network to ``path``, exactly; ``load`` reads it again.

    Cells of one's own are networks, too; ``load`` has to be given their classes. What ``load``
    would refuse is not saved, such as numbers that are not finite. The file is there whole or not
    at all: what stood there stays until the new one is complete.

    >>> from tempfile import TemporaryDirectory
    >>> from rnnlib.examples import notes_elman
    >>> with TemporaryDirectory() as folder:
    ...     save(f"{folder}/elman.npz", notes_elman())
    ...     load(f"{folder}/elman.npz").b_h
    array([ 1.,  0., -1.])
    """
    own: dict[str, Any] = {}
    path, arrays, described = _as_path(path), parameters(cell), _describe(cell, own)
    if isinstance(cell, tuple):
        raise TypeError(f"cell is {said(cell)}; one network was expected, or all in a Stack")
    _rebuild(described, dict(arrays), KINDS | own)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} into")
    header = np.array(json.dumps({"format": FORMAT, "network": described}))
    # not by tempfile, whose files nobody but their owner may read
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.unfinished")
    try:
        with open(unfinished, "xb") as file:
            np.savez(file, allow_pickle=False, header=header, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError):  # it shall not speak of a file that nobody knows
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


def _as_path(path: object) -> Path:
    if not isinstance(path, str | os.PathLike) or not Path(path).name:
        raise TypeError(f"path is {said(path)}, expected the name of a file, which comes first")
    return Path(path)


def load(path: str | os.PathLike[str], *kinds: type) -> Any:
    """The network that ``save`` wrote to ``path``.

    ``kinds`` are the classes of cells of one's own that it may hold. A file that was damaged or
    changed, or that ``save`` did not write, is a ValueError.
    """
    for kind in kinds:
        if not isinstance(kind, type):
            raise TypeError(f"kinds holds {said(kind)}, expected classes of cells: load(path, Own)")
    content = _as_path(path).read_bytes()
    try:
        return _read(content, KINDS | {kind.__name__: kind for kind in kinds})
    except Exception as error:  # whatever goes wrong from here on, the content is to blame
        raise ValueError(
            f"{os.fspath(path)} is no file that rnnlib.files.save wrote: {error}"
        ) from None


def _read(content: bytes, kinds: dict[str, Any]) -> Any:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise ValueError("it is no zip archive, or not a whole one")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    network = _rebuild(_described(_take(arrays, "header")), arrays, kinds)
    if arrays:
        raise ValueError(f"it holds {', '.join(arrays)}, which no network in it has")
    return network


def _take(arrays: dict[str, Array], name: str) -> Array:
    if name not in arrays:
        raise ValueError(f"it has no {name}")
    return arrays.pop(name)


def _described(header: Array) -> dict[str, Any]:
    """What the header says that the file holds."""
    if header.dtype.kind != "U" or header.ndim:
        raise ValueError(f"its header is no text, but {header.dtype} of shape {header.shape}")
    match json.loads(str(header)):
        case {"format": other} if other != FORMAT:
            raise ValueError(f"its format is {other!r}, expected {FORMAT!r}")
        case {"format": _, "network": dict(network)}:
            return network
    raise ValueError("its header describes no network")


def _describe(value: Any, own: dict[str, Any]) -> Any:
    """What a network consists of, in lists, words and names; ``own`` gets what is not of rnnlib."""
    if isinstance(value, np.ndarray):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return [_describe(part, own) for part in value]
    kind = type(value).__name__
    if KINDS.get(kind) is not type(value):
        if not (isinstance(value, cells.Cell) and is_dataclass(value)) or kind in KINDS:
            known = ", ".join(KINDS)
            raise TypeError(f"cell is or holds {said(value)}, expected a cell, or one of: {known}")
        own[kind] = type(value)
    parts = {each.name: _describe(getattr(value, each.name), own) for each in fields(value)}
    return {"kind": kind} | parts


def _rebuild(described: Any, arrays: dict[str, Array], kinds: dict[str, Any], *name: str) -> Any:
    """The network that is described; it takes its arrays out of ``arrays``, and checks them."""
    match described:
        case None:
            return _take(arrays, ".".join(name))
        case str():
            return described
        case list():
            numbered = enumerate(described)
            return tuple(_rebuild(part, arrays, kinds, *name, str(i)) for i, part in numbered)
        case dict():
            kind: Any = described.get("kind")
            if kind not in list(kinds):  # which may be no name at all, but a list
                raise ValueError(
                    f"it holds a {kind!r}, expected one of: {', '.join(kinds)}; of a cell of your "
                    f"own give the class, load(path, {kind})"
                )
            parts = {
                each: _rebuild(part, arrays, kinds, *name, each)
                for each, part in described.items()
                if each != "kind"
            }
            return kinds[kind](**parts)
    raise ValueError(f"its header holds {described!r}, expected a network")
