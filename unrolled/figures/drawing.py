"""A network folded beside the same network unrolled through time, as SVG of our own.

The drawings need nothing but the standard library. They take their colours from the page that they
stand on (variables of the book's theme, then of JupyterLab's, then a value of their own), so that
they read in light and in dark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

from rnnlib.cells import Cell, Elman, Jordan, Layer
from rnnlib.gated import GRU, LSTM, PeepholeLSTM
from rnnlib.trace import Trace
from unrolled.figures.notation import plain, svg_markup

COLUMN, ROW = 84, 64  # from the middle of one box to the middle of the next
WIDE, HIGH = 46, 28  # of a box
GAP = 3  # between an arrow's head and the box that it points to
MARGIN = 8

BASE_STYLE = """\
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
.rnn-drawing { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; align-items: flex-start;
  justify-content: center; margin: 0; }
.rnn-drawing > div { max-width: 100%; }
.rnn-drawing p { margin: .25rem 0 0; font-size: 13px; line-height: 1.3; text-align: center; }
.rnn-svg { display: block; width: 100%; height: auto; font-size: 14px; }
.rnn-svg text { fill: var(--rnn-text); text-anchor: middle; font-family: inherit; }
.rnn-svg .v { font-style: italic; }
.rnn-svg .w { font-size: 12px; }
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
GATED_STYLE = """\
.rnn-theme { --rnn-c: #9a5bb5; --rnn-c-tint: rgba(154, 91, 181, .2);
  --rnn-g: #8a7a22; --rnn-g-tint: rgba(138, 122, 34, .2); }
.rnn-svg .c rect { stroke: var(--rnn-c); fill: var(--rnn-c-tint); }
.rnn-svg .gates rect { stroke: var(--rnn-g); fill: var(--rnn-g-tint); }
"""
# every series of a chart has a colour, a mark and a dash of its own
CHART_STYLE = """\
.rnn-chart { width: 100%; }
.rnn-chart .rnn-axis.rnn-axis { margin: 0 0 .25rem; font-size: .875rem; }
.rnn-chart .grid { stroke-width: .5; opacity: .6; }
.rnn-chart text { font-size: 11px; }
.rnn-chart .tick { text-anchor: end; }
.rnn-chart .key { text-anchor: start; font-size: 12px; }
.rnn-chart g path { stroke-width: 2; }
.rnn-chart .x path { stroke: var(--rnn-x); } .rnn-chart .x circle { fill: var(--rnn-x); }
.rnn-chart .h path { stroke: var(--rnn-h); stroke-dasharray: 6 3; }
.rnn-chart .h polygon { fill: var(--rnn-h); }
.rnn-chart .y path { stroke: var(--rnn-y); stroke-dasharray: 2 3; }
.rnn-chart .y polygon { fill: var(--rnn-y); }
.rnn-chart .c path { stroke: var(--rnn-c); stroke-dasharray: 8 3 2 3; }
.rnn-chart .c polygon { fill: var(--rnn-c); }
"""
STYLE = BASE_STYLE + GATED_STYLE + CHART_STYLE


@dataclass(frozen=True)
class Wiring:
    """Which quantities a kind of network has, and which of them feeds which.

    ``layers`` from the top of the drawing to its bottom; ``links`` within a step, as triples
    (from, to, weights); ``backs`` are the links from the step before. ``words`` say what stands
    in a box that is not a single quantity.
    """

    layers: tuple[str, ...]
    links: tuple[tuple[str, str, str], ...]
    backs: tuple[tuple[str, str, str], ...]
    words: dict[str, str] = field(default_factory=dict)


_LSTM = Wiring(
    ("h", "c", "gates", "x"),
    (("x", "gates", "W_x"), ("gates", "c", "i c_tilde"), ("c", "h", "o")),
    (("h", "gates", "W_h"), ("c", "c", "f")),
    {"gates": "f i c_tilde o"},
)
_FEED_FORWARD = (("x", "h", "W_x"), ("h", "y", "W_o"))
WIRINGS: dict[type, Wiring] = {
    Elman: Wiring(("y", "h", "x"), _FEED_FORWARD, (("h", "h", "W_h"),)),
    Jordan: Wiring(("y", "h", "x"), _FEED_FORWARD, (("y", "h", "W_h"),)),
    Layer: Wiring(("y", "x"), (("x", "y", "W_x"),), (("y", "y", "W_y"),)),
    LSTM: _LSTM,
    PeepholeLSTM: _LSTM,
    GRU: Wiring(
        ("h", "gates", "x"),
        (("x", "gates", "W_x"), ("gates", "h", "1 − z")),
        (("h", "gates", "W_h"), ("h", "h", "z")),
        {"gates": "z r h_tilde"},
    ),
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
    network : Elman, Jordan, Layer, LSTM or GRU, or the Trace of one
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
    text = (
        f"{name} network, folded and unrolled over {steps} step{'s' * (steps > 1)}: {_past(plan)}"
    )
    left = _folded(plan), f"{name} network, folded", _explain_folded(plan), "folded"
    right = (
        _network(plan, range(1, steps + 1)),
        f"{name} network, unrolled",
        _explain_unrolled(plan, steps),
        "unrolled: one column a time step, the same weights in each",
    )
    style = f"<style>{BASE_STYLE + GATED_STYLE * bool(plan.words)}</style>"
    both = _with_caption(*left) + _with_caption(*right)
    return Drawing(f'<div class="rnn-theme rnn-drawing">{style}{both}</div>', text)


def network_svg(
    plan: Wiring,
    T: int,
    t: int,
    lit: frozenset[tuple],
    known: frozenset[tuple],
) -> str:
    """The network unrolled around step ``t`` of ``T``, for a figure that tells the rest in words.

    ``lit`` holds what is marked: boxes as (layer, step), arrows as (weights, step). Boxes that are
    not in ``known`` are drawn as still to come. The size depends on ``T`` alone.
    """
    shown = min(T, 4)
    first = max(1, min(t - 2, T - shown + 1))
    picture = _network(plan, range(first, first + shown), lit, known, T)
    return _svg(picture)


def units_svg(plan: Wiring, T: int, units: dict[str, int], most: int) -> str:
    """The network over ``T`` of at most ``most`` steps, with as many dots in the box of a layer as
    it has neurons. The size depends on ``most`` alone.
    """
    picture = _network(plan, range(1, T + 1), units=units)
    widest = picture.width + COLUMN * (most - T)
    return _svg(_Picture(picture.parts, widest, picture.height))


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
    units: dict[str, int] | None = None,
) -> _Picture:
    """One column a step, and before the first what it starts from."""
    x_of = {t: MARGIN + WIDE / 2 + COLUMN * i for i, t in enumerate((steps[0] - 1, *steps))}
    y_of = _heights(plan)

    def state(key: tuple) -> str:
        later = known is not None and key not in known
        return " on" * (key in lit) + " later" * (later and key not in lit)

    def arrow(start: tuple[str, int], end: tuple[str, int], weights: str) -> str:
        tail, head = ((x_of[t], y_of[layer]) for layer, t in (start, end))
        on = " on" * ((weights, end[1]) in lit)
        # where boxes have their names above them, labels stand a little higher
        return _arrow(tail, head, weights, on, 8 * bool(units))

    parts = []
    for t in steps:
        parts += [arrow((start, t), (end, t), name) for start, end, name in plan.links]
        parts += [arrow((start, t - 1), (end, t), name) for start, end, name in plan.backs]
    fed_back = dict.fromkeys(source for source, _, _ in plan.backs)
    boxes = [(layer, steps[0] - 1) for layer in fed_back]
    boxes += [(layer, t) for t in steps for layer in plan.layers]
    for layer, t in boxes:
        inside = (units or {}).get(layer, plan.words.get(layer))
        parts.append(_box(x_of[t], y_of[layer], layer, t, state, inside))
    longest = max(_aside(name) for _, _, name in plan.links)
    width = max(x_of.values()) + max(WIDE / 2, 2 * longest - 14) + MARGIN
    if T is not None and len(steps) < T:
        parts += _dots(steps, T, x_of, y_of[plan.backs[0][1]])
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
    """A single column, and the loops."""
    x, y_of = MARGIN + WIDE / 2 + 12, _heights(plan)
    parts = [_arrow((x, y_of[start]), (x, y_of[end]), name, "") for start, end, name in plan.links]
    parts += [
        _box(x, y_of[layer], layer, "t", lambda key: "", plan.words.get(layer))
        for layer in plan.layers
    ]
    # a longer loop goes further out, around a shorter one
    loops = sorted(plan.backs, key=lambda back: abs(y_of[back[0]] - y_of[back[1]]))
    for i, (source, target, weights) in enumerate(loops):
        inner = i < len(loops) - 1
        side, heights = x + WIDE / 2, (y_of[source], y_of[target])
        parts.append(_loop(side, 40 + 44 * i, *heights, weights, inner))
    return _Picture(parts, x + WIDE / 2 + 68 + 44 * (len(loops) - 1), _height(plan))


def _loop(
    side: float, out: float, top: float, bottom: float, weights: str, inner: bool = False
) -> str:
    """An arrow that goes ``out`` from the side of a box and back into the side of one below.

    The label of an inner loop stands above it, else the outer would go through it.
    """
    if top == bottom:  # a loop of its own height
        top, bottom = top - 7, bottom + 7
    tip = side + GAP
    label = (side + 0.8 * out + 18, (top + bottom) / 2 + 4)
    if inner:
        label = (side + 0.55 * out, top - 9)
    return (
        f'<g><path d="M{side:g} {top:g} C{side + out:g} {top - 14:g} {side + out:g} '
        f'{bottom + 14:g} {tip + 7:g} {bottom:g}"/>{_head((tip, bottom), (-1, -0.12))}'
        f"{_label(*label, weights)}</g>"
    )


def _heights(plan: Wiring) -> dict[str, float]:
    return {layer: MARGIN + HIGH / 2 + 8 + ROW * i for i, layer in enumerate(plan.layers)}


def _height(plan: Wiring) -> float:
    return 2 * MARGIN + HIGH + 8 + ROW * (len(plan.layers) - 1)


def _box(
    x: float,
    y: float,
    layer: str,
    t: int | str,
    state: Callable[[tuple], str],
    inside: str | int | None = None,
) -> str:
    """A box with the quantity's name; or words in it; or so many dots, and the name beside it."""
    name, texts = svg_markup(f"{layer}({t})"), ""
    if isinstance(inside, int):
        texts = "".join(
            f'<circle cx="{x + 10 * (i - (inside - 1) / 2):g}" cy="{y:g}" r="3.5"/>'
            for i in range(inside)
        )
        name = f'<text class="side" x="{x + 5:g}" y="{y - HIGH / 2 - 4:g}">{name}</text>'
    else:
        name = _words(inside) if inside else name
        name = f'<text x="{x:g}" y="{y + 5:g}">{name}</text>'
    return (
        f'<g class="{layer}{state((layer, t))}">'
        f'<rect x="{x - WIDE / 2:g}" y="{y - HIGH / 2:g}" width="{WIDE}" height="{HIGH}"/>'
        f"{texts}{name}</g>"
    )


def _words(symbols: str) -> str:
    return " ".join(map(svg_markup, symbols.split()))


def _arrow(
    start: tuple[float, float], end: tuple[float, float], weights: str, state: str, lift: int = 0
) -> str:
    """An arrow between the edges of two boxes, with the name of the weights beside it."""
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0)
    direction = dx, dy = (x1 - x0) / length, (y1 - y0) / length
    reach = min(WIDE / 2 / abs(dx) if dx else math.inf, HIGH / 2 / abs(dy) if dy else math.inf)
    x0, y0 = x0 + reach * dx, y0 + reach * dy
    x1, y1 = x1 - (reach + GAP) * dx, y1 - (reach + GAP) * dy
    beside = (_aside(weights), 4 - lift) if not dx else (0, -7) if not dy else (9, -5)
    part = 0.5
    if dx and abs(end[1] - start[1]) > ROW:  # the middle is another arrow's
        part, beside = (0.68 if dy > 0 else 0.32), (-13, 8)
    label = _label(x0 + part * (x1 - x0) + beside[0], y0 + part * (y1 - y0) + beside[1], weights)
    line = f"M{x0:.4g} {y0:.4g}L{x1 - 6 * dx:.4g} {y1 - 6 * dy:.4g}"
    return f'<g class="{state.strip()}"><path d="{line}"/>{_head((x1, y1), direction)}{label}</g>'


def _aside(weights: str) -> float:
    """How far to the side of an upright arrow the middle of its label is."""
    return 15 + 3 * max(0, len(plain(weights)) - 3)


def _head(tip: tuple[float, float], direction: tuple[float, float]) -> str:
    (x, y), (dx, dy) = tip, direction
    corners = (
        (x, y),
        (x - 8 * dx - 4 * dy, y - 8 * dy + 4 * dx),
        (x - 8 * dx + 4 * dy, y - 8 * dy - 4 * dx),
    )
    return f'<polygon points="{" ".join(f"{a:.4g},{b:.4g}" for a, b in corners)}"/>'


def _label(x: float, y: float, weights: str) -> str:
    return f'<text class="w" x="{x:g}" y="{y:g}">{_words(weights)}</text>'


def _svg(picture: _Picture, title: str | None = None, description: str = "") -> str:
    """The picture as an SVG element: named for screen readers, or hidden where words stand by."""
    width, height = picture.width, picture.height
    # a drawing never grows beyond its natural size, so that letters stay as large as the text's
    size = f'viewBox="0 0 {width:g} {height:g}" style="max-width:{width:g}px"'
    if title is None:
        head = f'<svg class="rnn-svg" aria-hidden="true" {size}>'
    else:
        head = (
            f'<svg class="rnn-svg" role="img" {size}>'
            f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        )
    return head + "".join(picture.parts) + "</svg>"


def _with_caption(picture: _Picture, title: str, description: str, caption: str) -> str:
    svg = _svg(picture, title, description)
    return f'<div style="width:{picture.width:g}px">{svg}<p>{escape(caption)}</p></div>'


def _explain_folded(plan: Wiring) -> str:
    chain = "; ".join(f"{name} leads from {a}(t) to {b}(t)" for a, b, name in plan.links)
    loops = "; ".join(f"{name} leads back from {a} to {b}" for a, b, name in plan.backs)
    return plain(f"{chain}; {loops}, one time step later.")


def _explain_unrolled(plan: Wiring, steps: int) -> str:
    chain = "; ".join(f"{name} leads from {a}(t) to {b}(t)" for a, b, name in plan.links)
    first = " and ".join(f"{a}(0)" for a, _, _ in plan.backs)
    return plain(
        f"{steps} columns, t = 1 to {steps}. In each, {chain}. Between columns, {_past(plan)}, "
        f"beginning with {first}. All columns have the same weights."
    )


def _past(plan: Wiring) -> str:
    return "; ".join(f"{name} leads from {a}(t−1) to {b}(t)" for a, b, name in plan.backs)
