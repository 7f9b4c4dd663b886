"""A page of figures in the book's clothes, without building the book."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import myst_nb
import pydata_sphinx_theme
import sphinx_book_theme
from ipywidgets.embed import embed_data

from rnnlib.drawing import STYLE

ROOT = Path(__file__).parents[1]
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
    ROOT / "rnnlib" / "stepper.css",
    ROOT / "book" / "page" / "unrolled.css",
]
SCRIPTS = [
    MODULES / "@jupyter-widgets" / "html-manager" / "dist" / "embed.js",
    ROOT / "book" / "page" / "stepper.js",
]

PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>Figures</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
{head}
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
        head="".join(f'<link rel="stylesheet" href="{escape(s.as_uri())}">' for s in SHEETS),
        style=STYLE,
        body="".join(outputs),
        state=state,
        scripts="".join(f'<script src="{escape(s.as_uri())}"></script>' for s in SCRIPTS),
    )
