"""Figures that step through time, and pictures of what was learned.

``live``: the figure that computes in the browser, and that readers touch. ``steppers``: figures
whose frames were computed beforehand. ``plots``: pictures by Matplotlib.

Beneath ``live``: ``touch``, what it is in a browser; ``states``, what goes there and comes back;
``widget``, what JupyterLab shows. Beneath ``steppers``: ``figure``, frames, tables and the widgets;
``sheet``, numbers in their places; ``forwards`` and ``truncated``, what frames show; ``comparing``,
two figures side by side, families; ``charts`` and ``conventions``, magnitudes over time, and what
is a matter of convention; ``drawing`` and ``notation``, networks as SVG, numbers and symbols as
text.
"""

from unrolled.figures.live import live
from unrolled.figures.steppers import (
    batch_axes,
    gate_layouts,
    magnitudes,
    rows_and_columns,
    side_by_side,
    stepper,
    truncation,
    units_and_steps,
    what_if,
)

__all__ = [
    "batch_axes",
    "gate_layouts",
    "live",
    "magnitudes",
    "rows_and_columns",
    "side_by_side",
    "stepper",
    "truncation",
    "units_and_steps",
    "what_if",
]
