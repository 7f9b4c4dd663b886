"""How numbers, vectors and symbols are written in figures: as text, as HTML, as SVG.

A symbol is written as rnnlib names it: ``W_h``, ``h(1)``, ``c_tilde(t)``, ``W_x[f]``; with a ᵀ, a
prime or a leading ``∂L/∂`` where it needs one.
"""

from __future__ import annotations

import re
from html import escape

import numpy as np
from numpy.typing import ArrayLike

DIGITS = 3
"""Significant digits of numbers in figures; whole numbers below a million have all of theirs."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """A number in a figure: whole ones without a point, others with three digits.

    >>> number(3.0), number(-0.123456), number(-0.0), number(1234.5), number(0.0000314)
    ('3', '−0.123', '0', '1234', '3.14·10⁻⁵')
    """
    value = float(value)
    if not np.isfinite(value):
        return "?" if np.isnan(value) else "∞" if value > 0 else "−∞"
    size = abs(value)
    if value.is_integer() and size < 1e6:
        return str(int(value)).replace("-", "−")
    if 1e-3 <= size < 1e6:
        written = f"{value:.0f}" if size >= 10**DIGITS else f"{value:.{DIGITS}g}"
        # 999.7 has become 1e+03
        return (f"{value:.0f}" if "e" in written else written).replace("-", "−")
    digits, _, power = f"{value:.{DIGITS - 1}e}".partition("e")
    digits = digits.rstrip("0").rstrip(".").replace("-", "−")
    digits = {"1": "", "−1": "−"}.get(digits, f"{digits}·")
    return f"{digits}10{superscript(int(power))}"


def superscript(value: int) -> str:
    """A whole number raised: ⁻⁵ for -5."""
    return str(value).translate(_RAISED)


def vector(values: ArrayLike) -> str:
    """A vector in a sentence; a matrix row by row.

    >>> vector([0.0, 2.0, -1.0]), vector([[1, 2], [3, 4]])
    ('(0, 2, −1)', '(1, 2), (3, 4)')
    """
    values = np.atleast_1d(values)
    if values.ndim > 1:
        return ", ".join(map(vector, values))
    return f"({', '.join(map(number, values))})"


_SYMBOL = re.compile(r"(∂L/∂)?([A-Za-zα-ω])(?:_(\w+?))?([ᵀ′]?)(\[[^\]]*\])?(\([^)]*\)ᵀ?)?")


def _pieces(symbol: str) -> tuple[str, str, str, str]:
    """What stands before the letter, the letter, its index, and what stands behind."""
    found = _SYMBOL.fullmatch(symbol)
    if found is None:  # a word
        return symbol, "", "", ""
    before, letter, index, mark, gate, when = (each or "" for each in found.groups())
    if index == "tilde":
        letter, index = letter + "\u0303", ""
    return before, letter, index, mark + plain(gate) + when


def plain(symbol: str) -> str:
    """A symbol as plain text.

    >>> plain("c_tilde(2)"), plain("W_h")
    ('c̃(2)', 'W_h')
    """
    return symbol.replace("_tilde", "\u0303")


def markup(symbol: str) -> str:
    r"""A symbol in HTML.

    >>> markup("W_h"), markup("∂L/∂h(1)")
    ('<var>W<sub>h</sub></var>', '∂<var>L</var>/\u2060∂<var>h</var>(1)')
    """
    before, letter, index, after = _pieces(symbol)
    if not letter:
        return escape(before)
    # a word joiner: no line ends after the stroke
    before = before.replace("L/", "<var>L</var>/\u2060")
    after = escape(after).replace("t", "<var>t</var>")
    return f"{before}<var>{letter}{f'<sub>{index}</sub>' if index else ''}</var>{after}"


def svg_markup(symbol: str) -> str:
    """A symbol within an SVG text element.

    >>> svg_markup("h(1)")
    '<tspan class="v">h</tspan>(1)'
    """
    before, letter, index, after = _pieces(symbol)
    if not letter:
        return escape(before)
    # SVG has no subscripts that all browsers know: a smaller letter, moved down
    below = f'<tspan class="v" dy="3" font-size="75%">{index}</tspan>' if index else ""
    after = escape(after).replace("t", '<tspan class="v">t</tspan>')
    if below and after:
        after = f'<tspan dy="-3">{after}</tspan>'
    return f'{before}<tspan class="v">{letter}</tspan>{below}{after}'


def sentence_html(text: str) -> str:
    """A sentence in HTML; its symbols stand between backticks, all else is text.

    >>> sentence_html("`h(1)` < `W_h`")
    '<var>h</var>(1) &lt; <var>W<sub>h</sub></var>'
    """
    words = text.split("`")
    return "".join(
        "".join(map(markup, re.split(r"(\s+|,)", word))) if i % 2 else escape(word, quote=False)
        for i, word in enumerate(words)
    )


def sentence_text(text: str) -> str:
    """The same sentence as plain text.

    >>> sentence_text("`h(1)` times `W_h`")
    'h(1) times W_h'
    """
    return plain(text.replace("`", ""))
