"""SVG elements as text. Everything that goes into one is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

Attribute = str | float | int | None


def element(name: str, *children: str, **attributes: Attribute) -> str:
    """An element around markup that is ready; ``class_`` is class, ``_`` in names becomes ``-``.

    Attributes that are None are left out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_written(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(children)
    return f"<{name}{given}>{inside}</{name}>" if inside else f"<{name}{given}/>"


def text(content: str, x: float, y: float, **attributes: Attribute) -> str:
    """A text element."""
    return element("text", escape(content), x=x, y=y, **attributes)


def polyline(points: Iterable[tuple[float, float]], **attributes: Attribute) -> str:
    """A path through points."""
    steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return element("polyline", points=steps, **attributes)


def marker(style: int, x: float, y: float, size: float = 3.6) -> str:
    """The marker of a style at a point: each has a shape of its own."""
    r = size
    shapes = (
        lambda: element("circle", cx=x, cy=y, r=r),
        lambda: element("rect", x=x - r, y=y - r, width=2 * r, height=2 * r),
        lambda: _closed((x, y - 1.3 * r), (x + 1.2 * r, y + r), (x - 1.2 * r, y + r)),
        lambda: _closed((x, y - 1.4 * r), (x + 1.4 * r, y), (x, y + 1.4 * r), (x - 1.4 * r, y)),
        lambda: _closed((x, y + 1.3 * r), (x + 1.2 * r, y - r), (x - 1.2 * r, y - r)),
        lambda: element("rect", x=x - 0.5 * r, y=y - 1.4 * r, width=r, height=2.8 * r),
        lambda: element("rect", x=x - 1.4 * r, y=y - 0.5 * r, width=2.8 * r, height=r),
    )
    return shapes[style % len(shapes)]()


def _closed(*points: tuple[float, float]) -> str:
    return element("polygon", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points))


def _written(value: str | float | int) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
