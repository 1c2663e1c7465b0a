"""How wide a text is in a picture, and how it is broken into lines: without a font at hand, on the safe side."""

from __future__ import annotations

import textwrap

FONT_SIZE = 13.0
SMALL_SIZE = 11.0
LINE_HEIGHT = 1.3
LETTERS = 24  # of a line in a box
_WIDTHS = {
    **dict.fromkeys("iljI.,:;'|!", 0.30),
    **dict.fromkeys('ftr()[]{}/-" ', 0.38),
    **dict.fromkeys("mwMW%@", 0.92),
    **dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ", 0.72),
}
_COMMON = 0.62  # of an em: DejaVu Sans, which Linux falls back to; Helvetica and Arial are narrower


def width(text: str, size: float = FONT_SIZE) -> float:
    """The width of one line in pixels, in a sans-serif font of that size; never less than it is."""
    return sum(_WIDTHS.get(letter, _COMMON) for letter in text) * size


def wrapped(text: str, letters: int = LETTERS) -> tuple[str, ...]:
    """The text in lines of about that many letters. No word is broken; the lines come out of similar length."""
    lines = textwrap.wrap(text, letters, break_long_words=False, break_on_hyphens=False)
    for narrower in range(letters - 1, 8, -1):  # as few lines, but evenly filled
        tighter = textwrap.wrap(text, narrower, break_long_words=False, break_on_hyphens=False)
        if len(tighter) > len(lines):
            break
        lines = tighter
    return tuple(lines) or ("",)
