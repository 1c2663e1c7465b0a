"""The `<svg>` element around every picture, with the title and the description that a screen reader says."""

from __future__ import annotations

from html import escape


def frame(
    name: str,
    title: str,
    description: str,
    size: tuple[float, float],
    body: str,
    *,
    corner: tuple[int, int] = (0, 0),
    classes: str = "gd",
) -> str:
    """The whole element. `name` makes its ids unique in a page; size and left upper corner are in pixels."""
    width, height = (f"{length:.0f}" for length in size)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{classes}" viewBox="{corner[0]} {corner[1]} {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
        f"{body}</svg>"
    )
