"""The look of every picture: colours as variables, so that a page can set them for light and dark.

A picture that stands alone follows the reader's preference.
"""

from __future__ import annotations

# Contrast of text on every fill is at least 4.5:1, in both schemes.
LIGHT = {
    "paper": "#ffffff",
    "ink": "#1f2430",
    "muted": "#5b6472",
    "line": "#6b7484",
    "box": "#f4f6fb",
    "edge": "#8a94a6",
    "group": "#fafbfd",
    "accent": "#2f5fd0",
    "question": "#fdf3d7",
    "question-edge": "#a97b12",
    "good": "#dff3e4",
    "good-edge": "#2c7a45",
    "changed": "#fdeecb",
    "changed-edge": "#97690a",
    "gone": "#f3e3f7",
    "gone-edge": "#8a3fa0",
    "bad": "#fde2e0",
    "bad-edge": "#b3261e",
    "kept": "#dcecf7",
    "kept-edge": "#25668f",
}
DARK = {
    "paper": "#14161c",
    "ink": "#e8ebf2",
    "muted": "#a7b0c0",
    "line": "#97a1b3",
    "box": "#232936",
    "edge": "#6c7689",
    "group": "#1a1e27",
    "accent": "#8fb0ff",
    "question": "#3a321b",
    "question-edge": "#d5a83c",
    "good": "#1b3525",
    "good-edge": "#5cc383",
    "changed": "#3d3016",
    "changed-edge": "#e0ab43",
    "gone": "#35223c",
    "gone-edge": "#cf8be3",
    "bad": "#45211f",
    "bad-edge": "#ff8a80",
    "kept": "#1a3040",
    "kept-edge": "#6db5e0",
}

RULES = """
.gd{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif}
.gd text{fill:var(--gd-ink);font-size:13px}
.gd .small{font-size:11px;fill:var(--gd-muted)}
.gd .label{font-size:11px;fill:var(--gd-ink);stroke:var(--gd-paper);stroke-width:4px;paint-order:stroke}
.gd .title{font-weight:600}
.gd .box{fill:var(--gd-box);stroke:var(--gd-edge);stroke-width:1.2}
.gd .group{fill:var(--gd-group);stroke:var(--gd-edge);stroke-width:1.2;stroke-dasharray:5 3}
.gd .choice{fill:var(--gd-question);stroke:var(--gd-question-edge)}
.gd .pass{stroke-dasharray:4 3}
.gd .succeed,.gd .created,.gd .good{fill:var(--gd-good);stroke:var(--gd-good-edge)}
.gd .fail,.gd .failed,.gd .bad{fill:var(--gd-bad);stroke:var(--gd-bad-edge)}
.gd .updated,.gd .drifted,.gd .waiting,.gd .changed{fill:var(--gd-changed);stroke:var(--gd-changed-edge)}
.gd .deleted,.gd .gone{fill:var(--gd-gone);stroke:var(--gd-gone-edge)}
.gd .retained,.gd .present,.gd .unchanged,
.gd .absent,.gd .passed,.gd .kept{fill:var(--gd-kept);stroke:var(--gd-kept-edge)}
.gd .group.passed,.gd .group.failed{fill:var(--gd-group)}
.gd .succeed.passed{fill:var(--gd-good);stroke:var(--gd-good-edge)}
.gd .fail.passed{fill:var(--gd-bad);stroke:var(--gd-bad-edge)}
.gd .taken{stroke:var(--gd-ink);stroke-width:2}
.gd .catch.taken{stroke:var(--gd-bad-edge)}
.gd .aside{opacity:.5}
.gd .theirs{stroke-dasharray:2 3}
.gd .idle{opacity:.45}
.gd .way{fill:none;stroke:var(--gd-line);stroke-width:1.3}
.gd .catch{stroke:var(--gd-bad-edge);stroke-dasharray:4 3}
.gd .strong{stroke:var(--gd-accent);stroke-width:1.8}
.gd .tip{fill:var(--gd-line);stroke:none}
.gd .catch-tip{fill:var(--gd-bad-edge);stroke:none}
.gd .strong-tip{fill:var(--gd-accent);stroke:none}
"""


def variables(colours: dict[str, str]) -> str:
    """A set of colours as CSS declarations."""
    return "".join(f"--gd-{name}:{value};" for name, value in colours.items())


def standalone() -> str:
    """The style sheet of a picture that is a file of its own, or stands in a page without a scheme of its own."""
    dark = f"@media (prefers-color-scheme:dark){{.gd{{{variables(DARK)}}}}}"
    return f".gd{{{variables(LIGHT)}}}{dark}{RULES}"


def alone(picture: str) -> str:
    """A picture that was drawn without a style, with one of its own."""
    return picture.replace("</desc>", f"</desc><style>{standalone()}</style>", 1)


def for_site() -> str:
    """The style sheet for pages whose scheme the reader can switch: `default` is light, `slate` is dark."""
    return f":root{{{variables(LIGHT)}}}\n[data-md-color-scheme=slate]{{{variables(DARK)}}}\n{RULES}"
