"""What a stranger wrote, with all that is not seen in it shown."""

from __future__ import annotations

import re
import unicodedata

SHOWN_AS_NOTHING = {
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE0E),
    *range(0xE0000, 0xE1000),
}
"""Letters and marks that no font shows: fillers, joiners, and selectors of a letter's variant. The
two that choose between a picture and a sign (U+FE0E, U+FE0F) stand in honest texts."""
HIDDEN_KINDS = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Unicode's categories of what controls and formats, such as turning a text's direction."""
JOINER = re.compile("(?<=[^\\x00-\\x7f])[\u200c\u200d](?=[^\\x00-\\x7f])")
"""Joins or parts two letters, as Persian needs it, or two pictures: then it belongs to them."""


def visible(text: str) -> str:
    """A text in which all that is not seen is shown: on a page, and on a terminal.

    Unseen, it would let an answer pretend on the page to be another than it is; a terminal obeys
    control characters, be it in the name of a file.

    >>> visible("a\\x1b[2J\\u202eb")
    'a␛[2J⟨U+202E⟩b'
    """
    text = str(text).replace("\r\n", "\n")
    belonging = {found.start() for found in JOINER.finditer(text)}
    return "".join(c if n in belonging else _visible(c) for n, c in enumerate(text))


def _visible(letter: str) -> str:
    number = ord(letter)
    if number < 0x20 and letter not in "\n\t":
        return chr(0x2400 + number)
    if letter in "\n\t" or (letter.isascii() and letter.isprintable()):
        return letter
    odd = number in SHOWN_AS_NOTHING or unicodedata.category(letter) in HIDDEN_KINDS
    return f"⟨U+{number:04X}⟩" if odd else letter
