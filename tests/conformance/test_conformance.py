"""`gluecode conformance` passes what conforms, and finds what does not."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from inspect import isfunction
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml  # type: ignore[import-untyped]  # it comes with the site generator, its stubs do not

from orchestrator.cli import main
from orchestrator.core.errors import GluecodeError, UsageError
from orchestrator.operations import conformance
from orchestrator.operations.conformance import checks, procedures, reporting, wire
from orchestrator.operations.conformance.messages import Layer
from tests.conformance.faults import FAULTS, TOKEN, Fault, Faulty
from tests.conformance.serving import Endpoint, Headers, Reply, served

ROOT = Path(__file__).parents[2]
DEVICE = "press-1"


def _example() -> ModuleType:
    """The receiver that the documentation shows."""
    spec = importlib.util.spec_from_file_location("receiver", ROOT / "examples" / "other-side" / "receiver.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["receiver"] = module
    spec.loader.exec_module(module)
    return module


RECEIVER = _example()


def receiver(layer: str, stored: list[dict[str, Any]] | None = None) -> Endpoint:
    """The example receiver as an endpoint over HTTP."""
    kept = stored if stored is not None else []
    one = RECEIVER.Receiver(layer, lambda: [TOKEN], lambda event, _trace_id: kept.append(event), [DEVICE])

    def endpoint(headers: Headers, body: bytes) -> Reply:
        answer = one.answer(headers, body)
        return Reply(
            answer.status, json.dumps(answer.body).encode(), {"Content-Type": "application/json", **answer.headers}
        )

    return endpoint


@pytest.fixture
def ingestion() -> Iterator[str]:
    with served(receiver("L2")) as url:
        yield url


@pytest.fixture
def writer() -> Iterator[str]:
    with served(receiver("L3")) as url:
        yield url


@pytest.mark.parametrize("layer", ["L2", "L3"])
def test_the_example_receiver_conforms(layer: Layer) -> None:
    with served(receiver(layer)) as url:
        report = conformance.run(url, TOKEN, device=DEVICE)

    assert [(result.check.name, result.detail) for result in report.failed] == []
    assert report.layer == layer


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found(fault: Fault) -> None:
    layer: Layer = "L3" if FAULTS[fault] == "no-time" else "L2"

    with served(Faulty(receiver(layer), fault)) as url:
        report = conformance.run(url, TOKEN, device=DEVICE, layer=layer)

    assert FAULTS[fault] in [result.check.name for result in report.failed]


@pytest.mark.parametrize("layer", ["L2", "L3"])
def test_a_receiver_that_takes_no_batches_conforms_as_well(layer: Layer) -> None:
    right = receiver(layer)

    def endpoint(headers: Headers, body: bytes) -> Reply | None:
        # As receivers answered an array before there were batches.
        return right(headers, b"[]" if body.startswith(b"[{") and len(body) <= 524_288 else body)

    with served(endpoint) as url:
        report = conformance.run(url, TOKEN, device=DEVICE)

    assert [(result.check.name, result.detail) for result in report.failed] == []


def test_what_the_faulty_receiver_does_right_is_not_reported(writer: str) -> None:
    fault = next(each for each in FAULTS if FAULTS[each] == "token-twice")

    with served(Faulty(receiver("L2"), fault)) as url:
        report = conformance.run(url, TOKEN, device=DEVICE)

    assert [result.check.name for result in report.failed] == ["token-twice"]


def test_every_reason_that_is_expected_is_one_of_the_contract() -> None:
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    known = set(_reasons(document))
    source = checks.LISTED.read_text(encoding="utf-8") + Path(procedures.__file__).read_text(encoding="utf-8")
    wanted = {
        word for word in source.replace('"', " ").split() if word in known or word.endswith(("_missing", "_invalid"))
    }

    assert wanted <= known
    assert len(wanted) > 20


def test_every_procedure_is_listed_as_a_check() -> None:
    public = {name for name, value in vars(procedures).items() if isfunction(value) and not name.startswith("_")}
    own = {name for name in public if getattr(procedures, name).__module__ == procedures.__name__}

    assert own == {check.test.__name__ for check in checks.CHECKS if isfunction(check.test)}


def test_the_endpoint_is_asked_which_layer_it_is(ingestion: str, writer: str) -> None:
    assert conformance.run(ingestion, TOKEN, device=DEVICE).layer == "L2"
    assert conformance.run(writer, TOKEN, device=DEVICE).layer == "L3"


@pytest.mark.parametrize(
    ("token", "device", "told"),
    [
        ("another", DEVICE, "refuses the token"),
        (TOKEN, "nobody", "--device"),
    ],
)
def test_what_keeps_the_checks_from_starting_is_said(ingestion: str, token: str, device: str, told: str) -> None:
    with pytest.raises(GluecodeError, match=told):
        conformance.run(ingestion, token, device=device)


def test_an_endpoint_that_is_not_there_is_said_to_be_not_there() -> None:
    with served(receiver("L2")) as url:
        pass

    with pytest.raises(GluecodeError, match="does not answer"):
        conformance.run(url, TOKEN, device=DEVICE)


def test_a_throttled_request_is_sent_again_as_the_contract_says() -> None:
    right, throttled = receiver("L2"), iter([True, True])

    def endpoint(headers: Headers, body: bytes) -> Reply | None:
        if next(throttled, False):
            return Reply(429, b"{}", {"Retry-After": "0"})
        return right(headers, body)

    with served(endpoint) as url:
        assert conformance.run(url, TOKEN, device=DEVICE).conforms


@pytest.mark.parametrize(
    "url", ["http://example.com/ingestion", "ftp://example.com", "https://", "https://exa mple.com", "https://x:99999/"]
)
def test_the_token_is_not_sent_to_what_is_no_https_address(url: str) -> None:
    with pytest.raises(UsageError):
        wire.Endpoint(url)


def test_the_events_that_were_accepted_are_named_so_that_they_can_be_removed() -> None:
    stored: list[dict[str, Any]] = []

    with served(receiver("L3", stored)) as url:
        report = conformance.run(url, TOKEN, device=DEVICE, layer="L3")

    kept = {(event["iotDeviceId"], RECEIVER.key_of(event)) for event in stored}
    assert {(event["iotDeviceId"], RECEIVER.key_of(event)) for event in report.accepted} == kept


def test_junit_has_a_case_for_each_check_and_tells_what_went_wrong_but_not_the_token() -> None:
    fault = next(each for each in FAULTS if FAULTS[each] == "body-too-large")
    with served(Faulty(receiver("L2"), fault)) as url:
        report = conformance.run(url, TOKEN, device=DEVICE)

    text = reporting.as_junit(report)

    suite = ElementTree.fromstring(text)
    failed = [case for case in suite if case.find("failure") is not None]
    assert suite.get("tests") == str(len(list(suite))) == str(len(report.results))
    assert [case.get("name") for case in failed] == ["body-too-large"]
    assert "instead of 413" in str(failed[0].find("failure").attrib)  # type: ignore[union-attr]  # it was found above
    assert TOKEN not in text


def test_the_command_prints_a_verdict_and_ends_with_0(
    ingestion: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MY_TOKEN", TOKEN)

    code = main(["conformance", ingestion, "--token-env", "MY_TOKEN", "--device", DEVICE])

    said = capsys.readouterr()
    assert code == 0
    assert "checks passed: it conforms as an Ingestion (L2)." in said.out
    assert TOKEN not in said.out + said.err


def test_the_command_ends_with_1_and_writes_reports_where_the_endpoint_does_not_conform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INTER_CLOUD_TOKEN", TOKEN)
    fault = next(each for each in FAULTS if FAULTS[each] == "key-twice")
    junit = tmp_path / "conformance.xml"

    with served(Faulty(receiver("L2"), fault)) as url:
        code = main(["conformance", url, "--device", DEVICE, "--json", "--junit", str(junit)])

    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert told["failed"] == 1
    assert [check["name"] for check in told["checks"] if check["outcome"] == "failed"] == ["key-twice"]
    assert 'failures="1"' in junit.read_text(encoding="utf-8")


def test_without_a_token_the_command_says_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("INTER_CLOUD_TOKEN", raising=False)

    code = main(["conformance", "https://example.com/"])

    assert code == 2
    assert "INTER_CLOUD_TOKEN is not set" in capsys.readouterr().err


def _reasons(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (reason for reason in value.get("enum", ()) if isinstance(reason, str))
        for inner in value.values():
            yield from _reasons(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _reasons(inner)
