"""What all pages have in common: their templates, and what a student wrote made harmless.

Pages are static and hold no script. Everything that a student wrote is escaped, by Jinja's
autoescaping; the pages' policy also forbids scripts and any request.
"""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

TURNS = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
"""Characters that turn the direction of the text after them."""


def visible(text: str) -> str:
    """A text whose control characters, and marks that turn its direction round, are shown.

    Unseen, they would let an answer pretend on the page to be another than it is.

    >>> visible("a\\x1b[2J\\u202eb")
    'a␛[2J⟨U+202E⟩b'
    """
    return "".join(map(_visible, str(text).replace("\r\n", "\n")))


def _visible(letter: str) -> str:
    number = ord(letter)
    if number < 0x20 and letter not in "\n\t":
        return chr(0x2400 + number)
    odd = number in TURNS or 0x7F <= number < 0xA0 or 0xD800 <= number < 0xE000
    return f"⟨U+{number:04X}⟩" if odd else letter


def points(value: float) -> str:
    """A number of points, with no more than two decimals.

    >>> points(2.5), points(0.1 + 0.2)
    ('2.5', '0.3')
    """
    return f"{round(value, 2):g}"


_templates = Environment(
    loader=PackageLoader("unrolled.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["number"] = points
_templates.filters["visible"] = visible


def render(template: str, **values: Any) -> str:
    """The text of a page."""
    return _templates.get_template(template).render(**values)
