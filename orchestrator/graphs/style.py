"""The look of every picture: colours as variables, so that a page can set them for light and dark.

A picture that stands alone follows the reader's preference. Contrast of text on every fill is at least 4.5:1, in both
schemes.
"""

from __future__ import annotations

import json
from importlib.resources import files

_HERE = files("orchestrator.graphs")
_COLOURS: dict[str, tuple[str, str]] = json.loads((_HERE / "colours.json").read_text(encoding="utf-8"))

LIGHT, DARK = ("".join(f"--gd-{name}:{both[scheme]};" for name, both in _COLOURS.items()) for scheme in (0, 1))
"""The colours of each scheme, as CSS declarations."""

RULES = f"\n{(_HERE / 'style.css').read_text(encoding='utf-8')}"
"""How the parts of a picture look, in these colours."""


def standalone() -> str:
    """The style sheet of a picture that is a file of its own, or stands in a page without a scheme of its own."""
    return f".gd{{{LIGHT}}}@media (prefers-color-scheme:dark){{.gd{{{DARK}}}}}{RULES}"


def alone(picture: str) -> str:
    """A picture that was drawn without a style, with one of its own."""
    return picture.replace("</desc>", f"</desc><style>{standalone()}</style>", 1)


def for_site() -> str:
    """The style sheet for pages whose scheme the reader can switch: `default` is light, `slate` is dark."""
    return f":root{{{LIGHT}}}\n[data-md-color-scheme=slate]{{{DARK}}}\n{RULES}"
