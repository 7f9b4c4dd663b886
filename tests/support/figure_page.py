"""A page of figures in the book's clothes, without building the book."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from xml.etree import ElementTree

import myst_nb
import pydata_sphinx_theme
import sphinx_book_theme
from ipywidgets.embed import embed_data

from unrolled.figures.drawing import STYLE

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "node_modules"
THEME = (
    Path(sphinx_book_theme.__file__).parent / "theme" / "sphinx_book_theme" / "static" / "styles"
)
PYDATA = (
    Path(pydata_sphinx_theme.__file__).parent
    / "theme"
    / "pydata_sphinx_theme"
    / "static"
    / "styles"
)
SHEETS = [
    PYDATA / "theme.css",
    PYDATA / "bootstrap.css",
    PYDATA / "pydata-sphinx-theme.css",
    THEME / "sphinx-book-theme.css",
    Path(myst_nb.__file__).parent / "static" / "mystnb.css",
    ROOT / "unrolled" / "figures" / "stepper.css",
    ROOT / "book" / "page" / "unrolled.css",
]
SCRIPTS = [
    MODULES / "@jupyter-widgets" / "html-manager" / "dist" / "embed.js",
    ROOT / "unrolled" / "figures" / "stepper.js",
]

PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>Figures</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style>
</head><body><div class="bd-content"><main class="bd-article" style="max-width: 47rem; margin: auto;
padding: 1rem"><h1>Figures</h1>{body}</main></div>
<script type="application/vnd.jupyter.widget-state+json">{state}</script>
{scripts}</body></html>"""

OUTPUT = """<div class="cell docutils container"><div class="cell_output docutils container">
<div class="output text_html"><noscript>{table}</noscript></div>
<div class="output widget-view"><div class="widget-subarea"><script
type="application/vnd.jupyter.widget-view+json">{view}</script></div></div></div></div>"""


def page_of(figures, theme="light") -> str:
    """The text of the page: each figure as myst-nb puts it there."""
    data = embed_data(views=[figure.widget for figure in figures])
    outputs = [
        OUTPUT.format(table=figure.table(), view=json.dumps(view))
        for figure, view in zip(figures, data["view_specs"], strict=True)
    ]
    state = json.dumps(data["manager_state"]).replace("</", "<\\/")
    return PAGE.format(
        theme=theme,
        # the theme's own imports are files that only a build puts beside it
        style=STYLE + "".join(re.sub(r"@import[^;]*;", "", s.read_text("utf-8")) for s in SHEETS),
        body="".join(outputs),
        state=state,
        scripts="".join(f'<script src="{escape(s.as_uri())}"></script>' for s in SCRIPTS),
    )


def frames_html(figure) -> list[ElementTree.Element]:
    """The frames as their widgets hold them, parsed: they have to be well-formed.

    With two sliders, the frames of one value after those of the other.
    """
    _, stack = figure.widget.children[-1].children
    stacks = stack.children if figure.families else [stack]
    return [ElementTree.fromstring(child.value) for each in stacks for child in each.children]


def text_of(element) -> str:
    return "".join(element.itertext())


def sheet(frame) -> list[list[str]]:
    """The rows of a frame's sheets, as lists of texts without the empty cells."""
    rows = [
        [text_of(cell) for cell in row.iter("td")]
        for row in frame.iter("tr")
        if row.get("class") != "room"
    ]
    return [[text for text in row if text] for row in rows]


def sizes(frame) -> list[tuple[bytes, float]]:
    """For each sheet of a frame what decides its columns' widths, and its rows' height in rem."""
    found = []
    for table in frame.iter("table"):
        room, *rows = table.iter("tr")
        found.append((ElementTree.tostring(room), sum(map(_height, rows))))
    return found


def _height(row) -> float:
    style = row.find("td").get("style")
    if style:
        return float(style.removeprefix("height:").removesuffix("rem"))
    return 2 if row.get("class") == "gap" else 1.5


def marked(frame, mark: str) -> list[str]:
    """The texts of all cells with this mark."""
    cells = (cell for cell in frame.iter("td") if mark in cell.get("class", "").split())
    return [text_of(cell) for cell in cells]
