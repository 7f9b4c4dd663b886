"""The picture that messengers and social media show beside a link to the book."""

from __future__ import annotations

from pathlib import Path

WIDTH, HEIGHT = 1200, 630
TITLE = "Unrolled"
SUBTITLE = "Recurrent neural networks,\none time step at a time"
ALT = "A recurrent network drawn four times in a row, once for each time step: Unrolled."

PAPER, INK, GREY = "#fbfaf7", "#1f2933", "#6b7785"
OUTPUT, HIDDEN, INPUT = "#2b8f67", "#c5661c", "#2f7fc1"


def draw(place: Path) -> None:
    """Write the card as a PNG to ``place``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axes.axis("off")
    _words(axes)
    for t in range(4):
        _step(axes, 132 + 270 * t, t)
    place.parent.mkdir(parents=True, exist_ok=True)
    # without the version of Matplotlib the same drawing is the same file
    figure.savefig(place, metadata={"Software": None})


def _words(axes) -> None:
    axes.text(80, 500, TITLE, size=74, weight="bold", color=INK, family="DejaVu Sans")
    axes.text(620, 500, SUBTITLE, size=21, color=INK, family="DejaVu Sans", linespacing=1.5)


def _step(axes, x: float, t: int) -> None:
    """One time step, its input below and its output above; the last ones fade."""
    from matplotlib.colors import to_hex, to_rgb
    from matplotlib.patches import Circle, FancyBboxPatch

    shown = (1, 1, 1, 0.45)[t]

    def tint(colour):
        pairs = zip(to_rgb(colour), to_rgb(PAPER), strict=True)
        return to_hex([shown * own + (1 - shown) * paper for own, paper in pairs])

    def arrow(start, end):
        style = {"arrowstyle": "-|>,head_width=0.5,head_length=0.8", "shrinkA": 0, "shrinkB": 0}
        style |= {"linewidth": 4, "color": tint(GREY)}
        axes.annotate("", xy=end, xytext=start, arrowprops=style)

    box = {"boxstyle": "round,pad=0,rounding_size=20", "linewidth": 0}
    axes.add_patch(FancyBboxPatch((x - 62, 182), 124, 100, facecolor=tint(HIDDEN), **box))
    for y, colour in ((72, INPUT), (392, OUTPUT)):
        axes.add_patch(Circle((x, y), 34, color=tint(colour), linewidth=0))
    arrow((x, 110), (x, 178))
    arrow((x, 286), (x, 354))
    arrow((x + 66, 232), (x + 204, 232))
    white = {"ha": "center", "va": "center_baseline", "color": "white", "family": "DejaVu Sans"}
    for y, name, size in ((72, "x", 26), (232, "h", 36), (392, "y", 26)):
        axes.text(x, y, name, size=size, style="italic", weight="bold", **white)
    axes.text(x + 46, 72, f"t = {t + 1}", size=17, color=GREY, va="center", family="DejaVu Sans")


if __name__ == "__main__":
    import sys

    draw(Path(sys.argv[1]))
