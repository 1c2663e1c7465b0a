"""A conformance report for programs: JSON, and JUnit XML as continuous integration reads it."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from orchestrator.operations.conformance.running import Report, Result


def as_dict(report: Report) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "url": report.url,
        "layer": report.layer,
        "conforms": report.conforms,
        "passed": len(report.results) - len(report.failed),
        "failed": len(report.failed),
        "checks": [_check(result) for result in report.results],
        "accepted_events": list(report.accepted),
    }


def as_junit(report: Report) -> str:
    """The report as JUnit XML: one suite, one case for each check."""
    suite = ElementTree.Element(
        "testsuite",
        name=f"inter-cloud contract, {report.layer}",
        tests=str(len(report.results)),
        failures=str(len(report.failed)),
        errors="0",
        time=f"{sum(result.seconds for result in report.results):.3f}",
    )
    for result in report.results:
        group = f"conformance.{result.check.group.lower()}"
        case = ElementTree.SubElement(
            suite, "testcase", classname=group, name=result.check.name, time=f"{result.seconds:.3f}"
        )
        if result.outcome == "failed":
            failure = ElementTree.SubElement(case, "failure", message=_printable(result.detail))
            failure.text = _printable("\n".join((f"The contract: {result.check.says}", *result.log)))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _check(result: Result) -> dict[str, Any]:
    return {
        "name": result.check.name,
        "group": result.check.group,
        "says": result.check.says,
        "outcome": result.outcome,
        "seconds": round(result.seconds, 3),
        **({"detail": result.detail, "log": list(result.log)} if result.outcome == "failed" else {}),
    }


def _printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(letter if letter in "\n\t" or letter.isprintable() else "\ufffd" for letter in text)
