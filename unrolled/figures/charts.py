"""How large a quantity is at each time step, on a scale of powers of ten."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unrolled.figures.drawing import STYLE, Drawing
from unrolled.figures.notation import number, sentence_html, sentence_text, superscript

WIDE, HIGH = 340, 220
LEFT, RIGHT, TOP, BOTTOM = 34, 10, 24, 34
COLOURS = ("x", "h", "y", "c")


class Chart(Drawing):
    """A drawing that brings its style along where it stands alone."""

    def _repr_html_(self) -> str:
        return f'<div class="rnn-theme"><style>{STYLE}</style>{self.html}</div>'


def chart(series: Mapping[str, ArrayLike], symbol: str, limits: tuple[float, float]) -> Chart:
    """The chart of ``magnitudes``."""
    sizes = {name: _sizes(name, values) for name, values in series.items()}
    if not 1 <= len(sizes) <= len(COLOURS):
        raise ValueError(f"series holds {len(sizes)} names, expected 1 to {len(COLOURS)}")
    lengths = {len(each) for each in sizes.values()}
    if len(lengths) > 1 or not 0 < limits[0] < limits[1]:
        raise ValueError(
            f"series have lengths {sorted(lengths)} and limits are {limits}; expected one length, "
            f"and two positive limits, the lower first"
        )
    [T] = lengths
    text = "; ".join(_told(name, each, T) for name, each in sizes.items())
    text = f"{symbol} is {text}."
    return Chart(_svg(sizes, symbol, limits, T, sentence_text(text)), text)


def _sizes(name: str, values: ArrayLike) -> NDArray:
    values = np.asarray(values, float)
    if values.ndim not in (1, 2) or not values.size:
        raise ValueError(f"series[{name!r}] has shape {values.shape}, expected (T,) or (T, n)")
    return np.linalg.norm(values, axis=-1) if values.ndim == 2 else np.abs(values)


def _told(name: str, sizes: NDArray, T: int) -> str:
    return f"{number(sizes[-1])} at step {T} and {number(sizes[0])} at step 1 ({name})"


def _svg(
    sizes: Mapping[str, NDArray], symbol: str, limits: tuple[float, float], T: int, text: str
) -> str:
    low, high = np.log10(limits)

    def x(t: float) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * ((t - 1) / max(T - 1, 1))

    def y(power: float) -> float:
        return TOP + (HIGH - TOP - BOTTOM) * (high - power) / (high - low)

    parts = []
    span = range(int(np.ceil(low)), int(np.floor(high)) + 1)
    for power in span[:: max(1, len(span) // 6)]:
        parts.append(
            f'<path class="grid" d="M{LEFT} {y(power):.4g}H{WIDE - RIGHT}"/>'
            f'<text class="tick" x="{LEFT - 8}" y="{y(power) + 4:.4g}">{_power(power)}</text>'
        )
    for t in sorted({1, *range(0, T + 1, max(1, round(T / 6 + 0.4)))} - {0}):
        parts.append(f'<text x="{x(t):.4g}" y="{HIGH - BOTTOM + 18}">{t}</text>')
    parts.append(f'<text class="v" x="{(LEFT + WIDE - RIGHT) / 2:g}" y="{HIGH - 2}">t</text>')
    for i, (name, each) in enumerate(sizes.items()):
        with np.errstate(divide="ignore", invalid="ignore"):
            powers = np.clip(np.nan_to_num(np.log10(each), nan=high), low, high)
        points = [(x(t), y(power)) for t, power in enumerate(powers, start=1)]
        line = "L".join(f"{a:.4g} {b:.4g}" for a, b in points)
        key = LEFT + 8 + i * (WIDE - LEFT - RIGHT) / len(sizes)
        marks = "".join(_mark(i, *point) for point in (*points, (key, 10)))
        parts.append(
            f'<g class="{COLOURS[i]} s{i}"><path d="M{line}"/>{marks}'
            f'<text class="key" x="{key + 9:.4g}" y="14">{escape(name)}</text></g>'
        )
    return (
        f'<div class="rnn-chart"><p class="rnn-axis">{sentence_html(symbol)}</p>'
        f'<svg class="rnn-svg" role="img" aria-label="{escape(text)}" viewBox="0 0 {WIDE} {HIGH}" '
        f'style="max-width:{1.4 * WIDE:g}px">{"".join(parts)}</svg></div>'
    )


def _power(power: int) -> str:
    return f"10{superscript(power)}" if power else "1"


def _mark(series: int, x: float, y: float) -> str:
    """A mark of the series' own form: a circle, a square, a triangle or a diamond."""
    if series == 0:
        return f'<circle cx="{x:.4g}" cy="{y:.4g}" r="3.2"/>'
    corners = {
        1: ((-3, -3), (3, -3), (3, 3), (-3, 3)),
        2: ((0, -4), (4, 3), (-4, 3)),
        3: ((0, -4.5), (4.5, 0), (0, 4.5), (-4.5, 0)),
    }[series]
    return f'<polygon points="{" ".join(f"{x + a:.4g},{y + b:.4g}" for a, b in corners)}"/>'
