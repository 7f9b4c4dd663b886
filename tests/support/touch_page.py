"""A page of figures that one can touch, in the book's clothes, without building the book."""

from __future__ import annotations

import json
import random
import re

from figure_page import SHEETS

from unrolled.figures.touch import script, style

_NOTES = {
    "W_x": [[-1, -3, 0], [-2, -1, 2]],
    "W_h": [[1, -1, 0], [0, 1, 1], [-1, 2, 0]],
    "W_o": [[1, -1], [1, 2], [-2, 1]],
    "b_h": [1, 0, -1],
    "b_o": [-1, 1],
    "g_h": "relu",
    "g_o": "relu",
}
_XS = [[-1, 1], [1, -2], [3, -4]]
_LAST = {"y": [[0, 0], [0, 0], [1, 0]]}
_NUMBERS = random.Random(1)


def _random(*shape):
    if not shape:
        return round(_NUMBERS.gauss(0, 1), 1)
    return [_random(*shape[1:]) for _ in range(shape[0])]


GIVEN = {
    "Elman": {"cell": _NOTES, "xs": _XS, "seeds": _LAST},
    "Jordan": {"cell": {**_NOTES, "W_h": _NOTES["W_h"][:2]}, "xs": _XS, "seeds": _LAST},
    "Layer": {
        "cell": {"W_x": _random(5, 5), "W_y": _random(5, 5), "b": _random(5), "phi": "softmax"},
        "xs": _random(6, 5),
        "seeds": {"y": _random(6, 5)},
    },
    "LSTM": {
        "cell": {
            "W_x": [[[0], [-20], [0]], [[0], [20], [0]], [[0], [0], [20]], [[1], [0], [0]]],
            "W_h": [[[0]]] * 4,
            "b": [[10], [-10], [-10], [0]],
        },
        "xs": [[2, 1, 0], [5, 0, 0], [-3, 0, 0], [7, 0, 1], [1, 0, 0]],
        "seeds": {"h": [[0], [0], [0], [1], [0]]},
    },
    "GRU": {
        "cell": {
            "W_x": _random(3, 2, 3),
            "W_h": _random(3, 3, 3),
            "b": _random(3, 3),
            "b_h": _random(3),
        },
        "xs": _random(4, 2),
        "seeds": {"h": _random(4, 3)},
    },
}
"""A state of each kind: the notes' example among them, a layer of five neurons, a gated one."""

PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>Figures</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style>
</head><body><div class="bd-content"><main class="bd-article" style="max-width: 47rem; margin: auto;
padding: 1rem"><h1>Figures</h1>{body}</main></div><script>{script}</script></body></html>"""


def page_of(given, theme="light") -> str:
    """The text of a page with a figure of each of these states, by kind."""
    places = (
        {"title": f"{kind} network", "state": {"kind": kind, "step": 1, **state}}
        for kind, state in given.items()
    )
    body = "".join(
        f'<div class="un-place"><script type="application/json">{json.dumps(each)}</script></div>'
        for each in places
    )
    sheets = (re.sub(r"@import[^;]*;", "", sheet.read_text("utf-8")) for sheet in SHEETS)
    return PAGE.format(theme=theme, style="".join(sheets) + style(), body=body, script=script())


def place(page, kind):
    """The figure of this kind."""
    return page.get_by_role("group", name=f"{kind} network", exact=True)
