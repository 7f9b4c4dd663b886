"""A network folded beside the same network unrolled through time, as SVG of our own.

The drawings need nothing but the standard library. They take their colours from the page that they
stand on (variables of the book's theme, then of JupyterLab's, then a value of their own), so that
they read in light and in dark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rnnlib.cells import Cell, Elman, Jordan, Layer
from rnnlib.notation import svg_markup
from rnnlib.trace import Trace

COLUMN, ROW = 84, 64  # from the middle of one box to the middle of the next
WIDE, HIGH = 46, 28  # of a box
GAP = 3  # between an arrow's head and the box that it points to
MARGIN = 8

STYLE = """\
.rnn-theme {
  --rnn-text: var(--pst-color-text-base, var(--jp-content-font-color1, #1f2328));
  --rnn-muted: var(--pst-color-text-muted, var(--jp-content-font-color2, #57606a));
  --rnn-line: var(--pst-color-text-muted, var(--jp-content-font-color2, #57606a));
  --rnn-x: #2f7fc1; --rnn-h: #c5661c; --rnn-y: #2b8f67;
  --rnn-x-tint: rgba(47, 127, 193, .2); --rnn-h-tint: rgba(197, 102, 28, .2);
  --rnn-y-tint: rgba(43, 143, 103, .2); --rnn-w-tint: rgba(127, 127, 127, .2);
  --rnn-new-tint: rgba(235, 175, 0, .35);
  color: var(--rnn-text);
}
.rnn-drawing { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; align-items: flex-end;
  justify-content: center; margin: 0; }
.rnn-svg { display: block; width: 100%; height: auto; font-size: 14px; }
.rnn-svg text { fill: var(--rnn-text); text-anchor: middle; font-family: inherit; }
.rnn-svg .v { font-style: italic; }
.rnn-svg .w { font-size: 12px; }
.rnn-svg .caption { font-size: 13px; }
.rnn-svg rect { stroke-width: 1.5; rx: 9px; fill: none; }
.rnn-svg .x rect { stroke: var(--rnn-x); fill: var(--rnn-x-tint); }
.rnn-svg .h rect { stroke: var(--rnn-h); fill: var(--rnn-h-tint); }
.rnn-svg .y rect { stroke: var(--rnn-y); fill: var(--rnn-y-tint); }
.rnn-svg path { stroke: var(--rnn-line); stroke-width: 1.25; fill: none; }
.rnn-svg polygon { fill: var(--rnn-line); }
.rnn-svg .later rect { fill: none; stroke-dasharray: 3 3; }
.rnn-svg .on rect { stroke-width: 3; }
.rnn-svg .on path { stroke-width: 3; stroke: var(--rnn-text); }
.rnn-svg .on polygon { fill: var(--rnn-text); }
.rnn-svg .on text { font-weight: 700; }
"""


@dataclass(frozen=True)
class Wiring:
    """Which quantities a kind of network has, and which of them feeds which.

    ``layers`` from the top of the drawing to its bottom; ``links`` within a step, as triples
    (from, to, weights); ``back`` is the link from the step before.
    """

    layers: tuple[str, ...]
    links: tuple[tuple[str, str, str], ...]
    back: tuple[str, str, str]


_FEED_FORWARD = (("x", "h", "W_x"), ("h", "y", "W_o"))
WIRINGS: dict[type, Wiring] = {
    Elman: Wiring(("y", "h", "x"), _FEED_FORWARD, ("h", "h", "W_h")),
    Jordan: Wiring(("y", "h", "x"), _FEED_FORWARD, ("y", "h", "W_h")),
    Layer: Wiring(("y", "x"), (("x", "y", "W_x"),), ("y", "y", "W_y")),
}


def wiring(cell: Cell) -> Wiring:
    """How a network of this kind is wired.

    Raises
    ------
    ValueError
        If there is no drawing of this kind of network.
    """
    if type(cell) not in WIRINGS:
        known = ", ".join(kind.__name__ for kind in WIRINGS)
        raise ValueError(f"no drawing of {type(cell).__name__}, expected one of: {known}")
    return WIRINGS[type(cell)]


@dataclass(frozen=True)
class Drawing:
    """A drawing that shows itself in a notebook and on the book's pages.

    ``html`` is the drawing, ``text`` says in words what it shows.
    """

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def unrolled(network: Cell | Trace, T: int | None = None) -> Drawing:
    """The network, folded, beside itself unrolled over ``T`` time steps.

    Parameters
    ----------
    network : Elman, Jordan or Layer, or the Trace of one
    T : int
        The number of steps; 3, or the trace's own number, if left out.

    Raises
    ------
    ValueError
        If there is no drawing of this kind of network, or T is not from 1 to 6: more boxes than
        that cannot be read on a phone.

    Examples
    --------
    >>> from rnnlib.examples import notes_elman
    >>> unrolled(notes_elman(), T=2)
    Elman network, folded and unrolled over 2 steps: W_h leads from h(t−1) to h(t)
    """
    cell, steps = (network.cell, len(network)) if isinstance(network, Trace) else (network, 3)
    steps = steps if T is None else T
    if steps not in range(1, 7):
        raise ValueError(f"T is {steps}, expected 1 to 6: give T=... to draw fewer steps")
    plan, name = wiring(cell), type(cell).__name__
    source, target, weights = plan.back
    text = (
        f"{name} network, folded and unrolled over {steps} step{'s' * (steps > 1)}: "
        f"{weights} leads from {source}(t−1) to {target}(t)"
    )
    left = _svg(_folded(plan), f"{name} network, folded", _explain_folded(plan), "folded")
    right = _svg(
        _network(plan, range(1, steps + 1)),
        f"{name} network, unrolled",
        _explain_unrolled(plan, steps),
        "unrolled: one column a time step, the same weights in each",
    )
    style = f"<style>{STYLE}</style>"
    return Drawing(f'<div class="rnn-theme rnn-drawing">{style}{left}{right}</div>', text)


def network_svg(
    plan: Wiring, T: int, t: int, lit: frozenset[tuple], known: frozenset[tuple]
) -> str:
    """The network unrolled around step ``t`` of ``T``, for a figure that tells the rest in words.

    ``lit`` holds what is marked: boxes as (layer, step), arrows as (weights, step). Boxes that are
    not in ``known`` are drawn as still to come. The size depends on ``T`` alone.
    """
    shown = min(T, 4)
    first = max(1, min(t - 2, T - shown + 1))
    picture = _network(plan, range(first, first + shown), lit, known, T)
    return _svg(picture, None, None, None)


@dataclass(frozen=True)
class _Picture:
    parts: list[str]
    width: float
    height: float


def _network(
    plan: Wiring,
    steps: Sequence[int],
    lit: frozenset[tuple] = frozenset(),
    known: frozenset[tuple] | None = None,
    T: int | None = None,
) -> _Picture:
    """One column a step, and before the first what it starts from."""
    source, target, weights = plan.back
    x_of = {t: MARGIN + WIDE / 2 + COLUMN * i for i, t in enumerate((steps[0] - 1, *steps))}
    y_of = _heights(plan)

    def state(key: tuple) -> str:
        later = known is not None and key not in known
        return " on" * (key in lit) + " later" * (later and key not in lit)

    parts = []
    for t in steps:
        for start, end, name in plan.links:
            ends = (x_of[t], y_of[start]), (x_of[t], y_of[end])
            parts.append(_arrow(*ends, name, state((name, t)).replace(" later", "")))
        ends = (x_of[t - 1], y_of[source]), (x_of[t], y_of[target])
        parts.append(_arrow(*ends, weights, state((weights, t)).replace(" later", "")))
    parts.append(_box(x_of[steps[0] - 1], y_of[source], source, steps[0] - 1, state))
    parts += [_box(x_of[t], y_of[layer], layer, t, state) for t in steps for layer in plan.layers]
    width = max(x_of.values()) + WIDE / 2 + MARGIN
    if T is not None and len(steps) < T:
        parts += _dots(steps, T, x_of, y_of[target])
        width += 14
    return _Picture(parts, width, _height(plan))


def _dots(steps: Sequence[int], T: int, x_of: dict[int, float], y: float) -> list[str]:
    """Dots where the network goes on beyond what is drawn."""
    before = x_of[steps[0] - 1], steps[0] > 1
    after = x_of[steps[-1]] + WIDE / 2 + 12, steps[-1] < T
    places = [(before[0], y - HIGH / 2 - 8), (after[0], y + 4)]
    wanted = before[1], after[1]
    return [
        f'<text x="{x:g}" y="{height:g}">…</text>'
        for (x, height), want in zip(places, wanted, strict=True)
        if want
    ]


def _folded(plan: Wiring) -> _Picture:
    """A single column, and the loop."""
    x, y_of = MARGIN + WIDE / 2 + 12, _heights(plan)
    source, target, weights = plan.back
    parts = [_arrow((x, y_of[start]), (x, y_of[end]), name, "") for start, end, name in plan.links]
    parts += [_box(x, y_of[layer], layer, "t", lambda key: "") for layer in plan.layers]
    side, out = x + WIDE / 2, 40
    top, bottom = y_of[source], y_of[target]
    if source == target:  # a loop of its own height
        top, bottom = top - 7, bottom + 7
    tip = side + GAP
    parts.append(
        f'<g><path d="M{side:g} {top:g} C{side + out:g} {top - 14:g} {side + out:g} '
        f'{bottom + 14:g} {tip + 7:g} {bottom:g}"/>{_head((tip, bottom), (-1, -0.12))}'
        f"{_label(side + out + 10, (top + bottom) / 2 + 4, weights)}</g>"
    )
    return _Picture(parts, side + out + 28, _height(plan))


def _heights(plan: Wiring) -> dict[str, float]:
    return {layer: MARGIN + HIGH / 2 + 8 + ROW * i for i, layer in enumerate(plan.layers)}


def _height(plan: Wiring) -> float:
    return 2 * MARGIN + HIGH + 8 + ROW * (len(plan.layers) - 1)


def _box(x: float, y: float, layer: str, t: int | str, state) -> str:
    return (
        f'<g class="{layer}{state((layer, t))}">'
        f'<rect x="{x - WIDE / 2:g}" y="{y - HIGH / 2:g}" width="{WIDE}" height="{HIGH}"/>'
        f'<text x="{x:g}" y="{y + 5:g}">{svg_markup(f"{layer}({t})")}</text></g>'
    )


def _arrow(start: tuple[float, float], end: tuple[float, float], weights: str, state: str) -> str:
    """An arrow between the edges of two boxes, with the name of the weights beside it."""
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0)
    direction = dx, dy = (x1 - x0) / length, (y1 - y0) / length
    reach = min(WIDE / 2 / abs(dx) if dx else math.inf, HIGH / 2 / abs(dy) if dy else math.inf)
    x0, y0 = x0 + reach * dx, y0 + reach * dy
    x1, y1 = x1 - (reach + GAP) * dx, y1 - (reach + GAP) * dy
    beside = (15, 4) if not dx else (0, -7) if not dy else (9, -5)
    label = _label((x0 + x1) / 2 + beside[0], (y0 + y1) / 2 + beside[1], weights)
    line = f"M{x0:.4g} {y0:.4g}L{x1 - 6 * dx:.4g} {y1 - 6 * dy:.4g}"
    return f'<g class="{state.strip()}"><path d="{line}"/>{_head((x1, y1), direction)}{label}</g>'


def _head(tip: tuple[float, float], direction: tuple[float, float]) -> str:
    (x, y), (dx, dy) = tip, direction
    corners = (
        (x, y),
        (x - 8 * dx - 4 * dy, y - 8 * dy + 4 * dx),
        (x - 8 * dx + 4 * dy, y - 8 * dy - 4 * dx),
    )
    return f'<polygon points="{" ".join(f"{a:.4g},{b:.4g}" for a, b in corners)}"/>'


def _label(x: float, y: float, weights: str) -> str:
    return f'<text class="w" x="{x:g}" y="{y:g}">{svg_markup(weights)}</text>'


def _svg(picture: _Picture, title: str | None, description: str | None, caption: str | None) -> str:
    """The picture as an SVG element: named for screen readers, or hidden where words stand by."""
    height = picture.height + (24 if caption else 0)
    # a drawing never grows beyond its natural size, so that letters stay as large as the text's
    size = f'viewBox="0 0 {picture.width:g} {height:g}" style="max-width:{picture.width:g}px"'
    if title is None:
        head = f'<svg class="rnn-svg" aria-hidden="true" {size}>'
    else:
        head = (
            f'<svg class="rnn-svg" role="img" {size}>'
            f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        )
    below = ""
    if caption:
        below = (
            f'<text class="caption" x="{picture.width / 2:g}" y="{height - 8:g}">'
            f"{escape(caption)}</text>"
        )
    return head + "".join(picture.parts) + below + "</svg>"


def _explain_folded(plan: Wiring) -> str:
    source, target, weights = plan.back
    chain = "; ".join(f"{name} leads from {a}(t) to {b}(t)" for a, b, name in plan.links)
    return f"{chain}; {weights} leads back from {source} to {target}, one time step later."


def _explain_unrolled(plan: Wiring, steps: int) -> str:
    source, target, weights = plan.back
    chain = "; ".join(f"{name} leads from {a}(t) to {b}(t)" for a, b, name in plan.links)
    return (
        f"{steps} columns, t = 1 to {steps}. In each, {chain}. Between columns, {weights} leads "
        f"from {source}(t−1) to {target}(t), beginning with {source}(0). "
        f"All columns have the same weights."
    )
