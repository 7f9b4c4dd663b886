"""What all pages have in common: their templates, and what a student wrote made harmless.

Pages are static and hold no script. Everything that a student wrote is escaped, by Jinja's
autoescaping; the pages' policy also forbids scripts and any request.
"""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from unrolled.seen import visible


def points(value: float) -> str:
    """A number of points, with no more than two decimals.

    >>> points(2.5), points(0.1 + 0.2)
    ('2.5', '0.3')
    """
    return f"{round(value, 2):g}"


_templates = Environment(
    loader=PackageLoader("unrolled.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["number"] = points
_templates.filters["visible"] = visible


def render(template: str, **values: Any) -> str:
    """The text of a page."""
    return _templates.get_template(template).render(**values)
