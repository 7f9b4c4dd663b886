"""A Sphinx extension: in the reference of rnnlib, shapes stand in one pair of brackets.

Napoleon puts a parameter's type in brackets. Here most types are shapes, which have their own.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx

SHAPE = re.compile(r"\(\*(\(.*\).*?)\*\)")


def bracket_once(app: Sphinx, what: str, name: str, of, options, lines: list[str]) -> None:
    r"""Turns Napoleon's ``(*(k, n)*)`` into ``*(k, n)*``."""
    lines[:] = [SHAPE.sub(r"*\1*", line) for line in lines]


def setup(app: Sphinx) -> dict:
    app.setup_extension("sphinx.ext.napoleon")
    # after Napoleon's own
    app.connect("autodoc-process-docstring", bracket_once, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
