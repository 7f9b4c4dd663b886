"""The module that the figures are in a browser: its sources, and what they are joined to.

The sources are ES modules, read from the bottom up: ``engine.js`` computes, ``figure.js`` is the
figure. JupyterLab takes them as one ES module; a page that is opened from a folder on disk cannot
load a module, and takes the same text as a classic script.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES = ("engine.js", "notation.js", "state.js", "explain.js", "drawing.js", "sheet.js", "share.js", "figure.js")
