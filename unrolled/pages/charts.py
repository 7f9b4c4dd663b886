"""The drawings on a page, as SVG whose colours are those of the page."""

from __future__ import annotations

from collections.abc import Sequence


def histogram(bars: Sequence[tuple[float, float, int]], what: str) -> str:
    """The distribution as an SVG whose colours are those of the page."""
    high = max((count for *_, count in bars), default=0) or 1
    wide, tall, left, base = 560, 190, 36, 160
    step = (wide - left) / max(len(bars), 1)
    parts = [_opening(wide, tall, what)]
    for tick in sorted({0, high // 2, high}):
        y = base - 140 * tick / high
        parts.append(f'<line class="grid" x1="{left}" x2="{wide}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick}</text>')
    for n, (low, _, count) in enumerate(bars):
        x, height = left + n * step, 140 * count / high
        parts.append(
            f'<rect class="bar" x="{x + 2:.1f}" y="{base - height:.1f}" '
            f'width="{step - 4:.1f}" height="{height:.1f}"/>'
        )
        parts.append(f'<text x="{x:.1f}" y="{base + 16}" text-anchor="middle">{low:g}</text>')
    if bars:
        parts.append(f'<text x="{wide}" y="{base + 16}" text-anchor="end">{bars[-1][1]:g}</text>')
    return "".join([*parts, "</svg>"])


def bar(share: float, what: str) -> str:
    """One share from 0 to 1 as a bar."""
    return (
        _opening(120, 12, what)
        + '<rect class="rail" width="120" height="12" rx="3"/>'
        + f'<rect class="bar" width="{120 * min(max(share, 0), 1):.1f}" height="12" rx="3"/></svg>'
    )


def _opening(wide: int, tall: int, what: str) -> str:
    label = what.translate({ord(c): f"&#{ord(c)};" for c in "<>&\"'"})
    return f'<svg viewBox="0 0 {wide} {tall}" role="img" aria-label="{label}">'
