"""`gluecode conformance`: holds any Ingestion or Writer endpoint against the inter-cloud contract."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.text import Text

from orchestrator.cli import output
from orchestrator.cli.options import json_option
from orchestrator.core.errors import UsageError
from orchestrator.operations import conformance as contract
from orchestrator.operations.conformance import reporting
from orchestrator.operations.conformance.messages import Layer

_TOKEN_VARIABLE = "INTER_CLOUD_TOKEN"  # noqa: S105  # the variable's name
_MOST_LISTED = 3


@click.command()
@click.argument("url")
@click.option(
    "--token-env",
    default=_TOKEN_VARIABLE,
    show_default=True,
    metavar="NAME",
    help="The environment variable that holds the connection's token.",
)
@click.option("--device", default="conformance", show_default=True, help="A device that the endpoint's twin has.")
@click.option("--layer", type=click.Choice(["L2", "L3"]), help="What the endpoint is. [default: it is asked]")
@click.option("--signing", is_flag=True, help="Requests on this connection are signed.")
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Also write a JUnit report."
)
@json_option
def conformance(
    url: str,
    token_env: str,
    device: str,
    layer: Layer | None,
    signing: bool,
    junit: Path | None,
    json_wanted: bool,
) -> None:
    """Hold an Ingestion or Writer endpoint against the contract.

    Sends some hundred requests to URL, right ones and wrong ones, and tells each answer that the contract does not
    allow. It works on any endpoint, on whatever cloud. Events that are accepted stay in the endpoint's store: they are
    of one device, and have a property "conformance". Exit code 1: the endpoint does not conform.

    \b
    Example:
      export INTER_CLOUD_TOKEN=...
      gluecode conformance https://my-ingestion.azurewebsites.net/api/ingestion --device press-1
    """
    token = os.environ.get(token_env, "")
    if not token:
        raise UsageError(f"The environment variable {token_env} is not set.", "Put the connection's token there.")
    shown = (lambda _: None) if json_wanted else _show
    report = contract.run(url, token, layer=layer, device=device, signing=signing, progress=shown)
    if junit:
        junit.write_text(reporting.as_junit(report), encoding="utf-8")
    if json_wanted:
        output.as_json(reporting.as_dict(report))
    else:
        _conclude(report)
    if not report.conforms:
        raise click.exceptions.Exit(1)


def _show(result: contract.Result) -> None:
    passed = result.outcome == "passed"
    mark = ("  passed    ", "green") if passed else ("  failed    ", "bold red")
    line = Text.assemble(mark, (f"{result.check.group:<15}", "dim"), result.check.says)
    output.progress().print(line, soft_wrap=True)
    if not passed:
        output.progress().print(Text(f"            {result.detail}", "red"), soft_wrap=True)
        for each in result.log[-2 * _MOST_LISTED :]:
            output.progress().print(Text(f"            {each}", "dim"), soft_wrap=True)


def _conclude(report: contract.Report) -> None:
    kind = {"L2": "an Ingestion (L2)", "L3": "a Writer (L3)"}[report.layer]
    if report.conforms:
        output.tell(f"All {len(report.results)} checks passed: it conforms as {kind}.", "bold green")
        return
    output.tell(
        f"{len(report.failed)} of {len(report.results)} checks failed: it does not conform as {kind}.", "bold red"
    )
    for result in report.failed:
        output.tell(f"  {result.check.name}: {result.detail}")
