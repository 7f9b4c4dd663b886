"""How numbers, vectors and symbols are written in figures: as text, as HTML, as SVG."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import ArrayLike


def number(value: float) -> str:
    """A number in a figure: whole ones without a point, others with four digits.

    >>> number(3.0), number(-0.123456), number(-0.0)
    ('3', '−0.1235', '0')
    """
    value = float(value)
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    whole = value.is_integer() and abs(value) < 1e6
    return (str(int(value)) if whole else f"{value:.4g}").replace("-", "−")


def vector(values: ArrayLike) -> str:
    """A vector in a sentence.

    >>> vector([0.0, 2.0, -1.0])
    '(0, 2, −1)'
    """
    return f"({', '.join(map(number, np.atleast_1d(values)))})"


_SYMBOL = re.compile(r"([A-Za-z])(?:_([A-Za-z]+))?(\([^)]*\))?")


def _pieces(symbol: str) -> tuple[str, str | None, str | None]:
    letter, index, when = _SYMBOL.fullmatch(symbol).groups()
    return letter, index, when


def markup(symbol: str) -> str:
    """A symbol in HTML.

    >>> markup("W_h"), markup("h(1)")
    ('<var>W<sub>h</sub></var>', '<var>h</var>(1)')
    """
    letter, index, when = _pieces(symbol)
    when = (when or "").replace("t", "<var>t</var>")
    return f"<var>{letter}{f'<sub>{index}</sub>' if index else ''}</var>{when}"


def svg_markup(symbol: str) -> str:
    """A symbol within an SVG text element.

    >>> svg_markup("h(1)")
    '<tspan class="v">h</tspan>(1)'
    """
    letter, index, when = _pieces(symbol)
    # SVG has no subscripts that all browsers know: a smaller letter, moved down
    below = f'<tspan class="v" dy="3" font-size="75%">{index}</tspan>' if index else ""
    when = (when or "").replace("t", '<tspan class="v">t</tspan>')
    if below and when:
        when = f'<tspan dy="-3">{when}</tspan>'
    return f'<tspan class="v">{letter}</tspan>{below}{when}'


def sentence_html(text: str) -> str:
    """A sentence in HTML; its symbols stand between backticks.

    >>> sentence_html("`h(1)` times `W_h`")
    '<var>h</var>(1) times <var>W<sub>h</sub></var>'
    """
    return re.sub(r"`([^`]*)`", lambda found: markup(found[1]), text)


def sentence_text(text: str) -> str:
    """The same sentence as plain text.

    >>> sentence_text("`h(1)` times `W_h`")
    'h(1) times W_h'
    """
    return text.replace("`", "")
