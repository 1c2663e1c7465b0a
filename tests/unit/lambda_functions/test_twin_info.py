"""The twin's document is found where the configuration layer puts it, and read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_functions.shared import twin_info
from lambda_functions.shared.errors import ConfigurationError
from tests.unit.lambda_functions.support import twin_document


@pytest.fixture
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a layer adds to the import path."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_document_is_found_on_the_import_path(layer: Path) -> None:
    (layer / "digital_twin_info.json").write_text(
        twin_document(processors={"oven-1": "own"}, config_events=[{"condition": "é"}])
    )

    info = twin_info.load()

    assert (info.name, info.devices, info.processors) == (
        "factory",
        frozenset({"oven-1", "press-1"}),
        {"oven-1": "own"},
    )
    assert info.events == ({"condition": "é"},)
    assert info.provider("layer_3_hot") == "aws"


def test_the_variable_wins_over_the_layer(layer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (layer / "digital_twin_info.json").write_text(twin_document())
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config={"digital_twin_name": "another"}))

    assert twin_info.load().name == "another"


def test_a_blank_variable_is_as_good_as_none(layer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (layer / "digital_twin_info.json").write_text(twin_document())
    monkeypatch.setenv("DIGITAL_TWIN_INFO", "  ")

    assert twin_info.load().name == "factory"


def test_without_a_document_there_is_none_to_find_and_loading_says_what_is_missing() -> None:
    assert twin_info.find() is None
    with pytest.raises(ConfigurationError, match=r"digital_twin_info\.json"):
        twin_info.load()


@pytest.mark.parametrize(
    "text", ["{", "[]", "7", '{"config_iot_devices": [{}]}', '{"config_iot_devices": 7}', '{"config": 7}']
)
def test_a_document_that_cannot_be_read_is_a_configuration_error(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", text)

    with pytest.raises(ConfigurationError, match="DIGITAL_TWIN_INFO does not hold"):
        twin_info.load()


def test_an_empty_document_knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", "{}")

    info = twin_info.load()

    assert (info.name, info.devices, info.providers, info.processors, info.events) == ("", None, None, {}, ())
    assert info.provider("layer_2") is None


@pytest.mark.parametrize(
    ("written", "meant"), [("google", "gcp"), (" AWS ", "aws"), ("", None), (" ", None), (7, None)]
)
def test_a_provider_has_one_name(written: object, meant: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_providers={"layer_2_provider": written}))

    assert twin_info.load().provider("layer_2") == meant


def test_the_document_is_read_once_per_worker(layer: Path) -> None:
    (layer / "digital_twin_info.json").write_text(twin_document())
    first = twin_info.load()
    (layer / "digital_twin_info.json").write_text("no longer looked at")

    assert twin_info.load() is first
