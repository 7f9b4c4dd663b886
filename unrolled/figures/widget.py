"""The figure that one can touch as a widget of JupyterLab's; it needs the extra ``widgets``."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from rnnlib.trace import Trace
from unrolled.figures.states import (
    check_fits,
    gradient_of,
    place_html,
    state_of,
    table_of_state,
    trace_of,
)
from unrolled.figures.touch import module, style


class LiveFigure(anywidget.AnyWidget):
    """A figure that one can touch: ``live`` makes one of a trace.

    Attributes
    ----------
    title : str
        The question that it answers.
    state : dict
        All that it shows: the network, its inputs, where the reader is. It changes with every
        number that a reader changes: ``figure.observe(function, "state")``.
    """

    _esm = module()
    _css = style()
    title = traitlets.Unicode().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)

    @property
    def trace(self) -> Trace:
        """What it shows, with all that a reader changed; set it to show another."""
        return trace_of(self.state)

    @trace.setter
    def trace(self, trace: Trace) -> None:
        check_fits(trace)
        place = {name: self.state[name] for name in ("view", "mode", "step") if name in self.state}
        self.state = state_of(trace) | place

    @property
    def gradient(self) -> Trace:
        """The gradient of what it shows, with the loss's own gradients that stand in it."""
        return gradient_of(self.state)

    def __str__(self) -> str:
        """The static twin, as plain text."""
        return str(table_of_state(self.title, self.state))

    def __repr__(self) -> str:
        return f"<LiveFigure of {self.state['kind']}: {self.title}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """For JupyterLab the widget, for a published page its place, for a terminal the table."""
        shown = super()._repr_mimebundle_(**kwargs)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        twins = {"text/plain": str(self), "text/html": place_html(self.title, self.state)}
        return {**data, **twins}, metadata
