"""The style sheet of a report: light or dark as the reader prefers, light on paper."""

from __future__ import annotations

from orchestrator.graphs import style

RULES = """
body{margin:0;background:var(--gd-paper);color:var(--gd-ink);line-height:1.5;
 font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif}
main{max-width:66rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;margin:.5rem 0}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
h3{font-size:1rem;margin:1.4rem 0 .4rem}
a{color:var(--gd-accent)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.85em}
pre{overflow-x:auto;padding:.6rem;background:var(--gd-box);border-radius:.3rem;white-space:pre-wrap;
 overflow-wrap:anywhere}
.badge{display:inline-block;padding:.1rem .7rem;border-radius:1rem;border:1px solid;font-size:1rem;
 vertical-align:middle}
.good{background:var(--gd-good);border-color:var(--gd-good-edge)}
.bad{background:var(--gd-bad);border-color:var(--gd-bad-edge)}
.changed{background:var(--gd-changed);border-color:var(--gd-changed-edge)}
.error{border-left:.3rem solid var(--gd-bad-edge);background:var(--gd-bad);padding:.6rem 1rem;overflow-wrap:anywhere}
.wide{overflow-x:auto}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.6rem 0}
dt{color:var(--gd-muted)}
dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-size:.85rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--gd-edge)}
th{color:var(--gd-muted);font-weight:600}
td.number{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:.6rem 0}
figure svg{max-width:100%;height:auto}
figure svg.narrow{display:none}
@media screen and (max-width:640px){figure svg.narrow{display:inline}figure svg.wide{display:none}}
.legend span{display:inline-block;margin:0 .8rem .3rem 0;padding:.1rem .5rem;border:1px solid;border-radius:.3rem;
 font-size:.8rem}
.created{background:var(--gd-good);border-color:var(--gd-good-edge)}
.updated,.waiting,.drifted{background:var(--gd-changed);border-color:var(--gd-changed-edge)}
.deleted{background:var(--gd-gone);border-color:var(--gd-gone-edge)}
.failed{background:var(--gd-bad);border-color:var(--gd-bad-edge)}
.unchanged,.absent,.present,.retained{background:var(--gd-kept);border-color:var(--gd-kept-edge)}
td .outcome{padding:0 .4rem;border:1px solid;border-radius:.3rem;white-space:nowrap}
.gd .grid{stroke:var(--gd-edge);stroke-width:.5;opacity:.5}
footer{color:var(--gd-muted);font-size:.8rem;margin:2rem 0}
@media print{main{max-width:none;padding:0}h2{break-after:avoid}tr{break-inside:avoid}.wide{overflow:visible}
 a{text-decoration:none}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""


def sheet() -> str:
    """The whole style sheet. The colours stand at the root, because page and pictures share them."""
    dark = f"@media (prefers-color-scheme:dark){{:root{{{style.variables(style.DARK)}}}}}"
    paper = f"@media print{{:root{{{style.variables(style.LIGHT)}}}}}"
    return f":root{{color-scheme:light dark;{style.variables(style.LIGHT)}}}{dark}{paper}{style.RULES}{RULES}"
