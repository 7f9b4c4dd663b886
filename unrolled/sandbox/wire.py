"""How values cross the sandbox's wall: as JSON, in a fixed encoding, with limits.

Both sides use this module. Nothing but numbers, arrays of numbers, short texts and lists or sets of
these crosses; everything else crosses as the name of its type. Nothing is ever unpickled.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Iterable, ValuesView
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

MAX_BYTES = 2_000_000
"""The longest message, in bytes."""
MAX_ENTRIES = 50_000
"""The most numbers in one array."""
MAX_TOTAL = 500_000
"""The most numbers, texts and places of a whole value, those counted that have no data, too.

An array of shape (50000, 50000, 0) is no byte long, and as a list it is 2.5 billion lists."""
MAX_INTEGER = 2**53
"""The largest integer: beyond it a float no longer holds every one, and so nothing does here."""
MAX_DEPTH = 8
MAX_TEXT = 500
DTYPES = {"float64", "float32", "int64", "int32", "bool", "complex128", "complex64"}


class WireError(ValueError):
    """A message from the other side that does not keep to the encoding.

    What it says is shown to the student, so it never quotes the message: that might hold a hidden
    case, sent in this way on purpose.
    """


def encode(value: Any, depth: int = 0) -> Any:
    """``value`` as something that JSON can hold; what cannot cross becomes ``{"other": type}``."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, complex | np.complexfloating):
        return {"complex": [_encode_number(value.real), _encode_number(value.imag)]}
    if isinstance(value, int | float | np.number):
        return _encode_number(value)
    if isinstance(value, str):
        return {"text": value[:MAX_TEXT]}
    if isinstance(value, np.ndarray) and value.dtype.kind == "U":
        value = value.tolist() if value.ndim else str(value)
        return encode(value, depth)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return _encode_array(value)
    if isinstance(value, Fraction | Decimal):
        return _encode_number(float(value))
    several = list | tuple | np.ndarray | set | frozenset | range | ValuesView
    if isinstance(value, several) and depth < MAX_DEPTH:
        if len(value) <= MAX_ENTRIES:
            return {"list": [encode(entry, depth + 1) for entry in value]}
        return {"other": f"{type(value).__name__} of {len(value)} entries"}
    return {"other": type(value).__name__[:MAX_TEXT]}


def _encode_number(value: Any) -> Any:
    number = float(value) if not isinstance(value, int) or abs(value) > MAX_INTEGER else int(value)
    return number if math.isfinite(number) else {"number": repr(number)}


def _encode_array(array: np.ndarray) -> Any:
    # not ascontiguousarray, which gives a single number an axis
    array = np.asarray(array, order="C").view(np.ndarray)
    if array.dtype.name not in DTYPES:
        array = array.astype(np.float64) if array.dtype.kind in "iuf" else array
    if array.dtype.name not in DTYPES or _places(array.shape) > MAX_ENTRIES:
        return {"other": f"array of {array.size} entries of type {array.dtype.name}"[:MAX_TEXT]}
    data = base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
    return {"array": data, "dtype": array.dtype.name, "shape": list(array.shape)}


class Opaque:
    """A value that could not cross; only the name of its type did."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


def decode(message: Any) -> Any:
    """The value behind an encoded message, in plain Python and NumPy.

    What it takes in memory is bounded before any of it is taken.

    Raises
    ------
    WireError
        If the message is not one that ``encode`` can have made, or too large.
    """
    return _Decoding().value(message)


def _places(shape: Iterable[int]) -> int:
    """How much there is of an array, an empty axis counted as one."""
    return math.prod(max(n, 1) for n in shape)


class _Decoding:
    """One value on its way in, and how much of it there was so far."""

    def __init__(self) -> None:
        self.total = 0

    def value(self, message: Any, depth: int = 0) -> Any:
        self._count(1)
        if message is None or isinstance(message, bool):
            return message
        if isinstance(message, int) and abs(message) <= MAX_INTEGER:
            return message
        if isinstance(message, float) and math.isfinite(message):
            return message
        if not isinstance(message, dict) or depth > MAX_DEPTH:
            raise WireError("a value of no known form")
        match message:
            case {"text": str(text)} if len(text) <= MAX_TEXT:
                return text
            case {"number": "nan" | "inf" | "-inf" as number}:
                return float(number)
            case {"complex": [real, imaginary]}:
                return self._complex(self.value(real, depth + 1), self.value(imaginary, depth + 1))
            case {"list": list(entries)} if len(entries) <= MAX_ENTRIES:
                return [self.value(entry, depth + 1) for entry in entries]
            case {"array": str(data), "dtype": str(dtype), "shape": list(shape)}:
                return self._array(data, dtype, shape)
            case {"other": str(kind)}:
                return Opaque(kind[:MAX_TEXT])
        raise WireError("a value of no known form")

    def _count(self, places: int) -> None:
        self.total += places
        if self.total > MAX_TOTAL:
            raise WireError(f"a value of more than {MAX_TOTAL} numbers")

    def _complex(self, real: Any, imaginary: Any) -> complex:
        if not all(type(part) in (int, float) for part in (real, imaginary)):
            raise WireError("a complex number of no known form")
        return complex(real, imaginary)

    def _array(self, data: str, dtype: str, shape: list) -> np.ndarray:
        sound = dtype in DTYPES and len(shape) <= MAX_DEPTH
        if not sound or not all(type(n) is int and 0 <= n <= MAX_ENTRIES for n in shape):
            raise WireError("an array of a type or shape that cannot be")
        if _places(shape) > MAX_ENTRIES:
            raise WireError(f"an array of more than {MAX_ENTRIES} entries")
        self._count(_places(shape))
        try:
            raw = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise WireError("an array whose data is not base64") from None
        little = np.dtype(dtype).newbyteorder("<")
        if len(raw) != math.prod(shape) * little.itemsize:
            raise WireError("an array whose data do not fit its shape")
        return np.frombuffer(raw, little).reshape(shape).astype(dtype)


def to_line(message: Any) -> bytes:
    """One message as one line."""
    return json.dumps(message, allow_nan=False).encode() + b"\n"


def from_line(line: bytes) -> dict:
    """The message of one line.

    Raises
    ------
    WireError
        If it is not a JSON object, or too long, or too deeply nested.
    """
    if len(line) > MAX_BYTES:
        raise WireError(f"a message of more than {MAX_BYTES} bytes")
    try:
        message = _storable(json.loads(line))
    except (ValueError, RecursionError):
        raise WireError("a message that is not JSON") from None
    if not isinstance(message, dict):
        raise WireError("a message that is not an object")
    return message


def _storable(value: Any) -> Any:
    """``value`` with all its texts such as a file and a database can hold.

    JSON may carry half of a surrogate pair, which no file takes, and a null, which PostgreSQL does
    not; one of them in an exception's message would cost the student all other answers.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, list):
        return [_storable(entry) for entry in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(entry) for key, entry in value.items()}
    return value
