"""The module that the figures are in a browser: its sources, and what they are joined to.

The sources are ES modules, each of which knows those before it: ``engine.js`` computes,
``figure.js`` is the figure. JupyterLab takes them as one ES module. A page that was opened from a
folder on disk may not load a module; it takes the same text as a classic script.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES = (
    "engine",
    "notation",
    "state",
    "explain",
    "drawing",
    "cells",
    "sheet",
    "share",
    "asking",
    "figure",
)
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@cache
def module() -> str:
    """One ES module with the contract of anywidget: ``export default { render }``."""
    return "\n".join(_joined(name) for name in SOURCES)


@cache
def script() -> str:
    """The same as a classic script, which starts the figures of a page."""
    text = module().replace("export default {", "const figure = {")
    return f'"use strict";\n(() => {{\n{text}\n{_joined("page")}\n}})();\n'


@cache
def style() -> str:
    """The figures' style."""
    return (FOLDER / "figure.css").read_text(encoding="utf-8")


def _joined(name: str) -> str:
    text = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
    return _EXPORT.sub("", _IMPORT.sub("", text))
