"""People's names as platforms write them: in another order, without accents, without spaces."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

# letters that no accent makes out of another one: how they are spelled without
PLAIN = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


def spellings(text: str) -> set[str]:
    """A text with nothing but its letters and digits: without accents, and with ü as ue.

    >>> sorted(spellings("Müller, Jörg")), sorted(spellings("O'Néill"))
    (['muellerjoerg', 'mullerjorg'], ['oneill'])
    """
    return {_letters(same_case(text).translate(table)) for table in (PLAIN, SPELLED_OUT)} - {""}


def _letters(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.translate(PLAIN))
    return "".join(letter for letter in apart if letter.isalnum())


def same_case(text: str) -> str:
    """A text by which two are the same that differ in capitals, or look the same on a screen."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def orders(parts: Iterable[str]) -> set[str]:
    """A name's spellings from each of its words on: platforms put any of the last ones first.

    >>> sorted(orders(["Ana", "de Sá"]))
    ['anadesa', 'desaana', 'saanade']
    """
    words = " ".join(parts).replace(",", " ").split()
    turned = (" ".join(words[n:] + words[:n]) for n in range(len(words)))
    return {spelling for each in turned for spelling in spellings(each)}
