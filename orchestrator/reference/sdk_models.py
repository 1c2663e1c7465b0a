"""Writes the service models that are shipped with the code: botocore's, cut to the operations that run in Lambda.

A developer's tool: `python -m orchestrator.reference.sdk_models`. The models are those of the botocore that is locked,
and so of the one that the tests run on. Whoever installs the orchestrator has another, and ships the same bytes.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

from orchestrator.install.packages import folder

Model = dict[str, Any]
Table = Mapping[str, Mapping[str, tuple[str, ...]]]

FOLDERS = {"deploy_steps": Path("sdk_models"), "lambda_functions": Path("aws", "sdk_models")}
"""Package → where in it its models are."""

_COMMON = ("_retry", "partitions", "sdk-default-configuration")
_ABOUT = """\
Botocore
Copyright 2012-2022 Amazon.com, Inc. or its affiliates. All Rights Reserved.

The JSON files in this folder are service models of botocore {version}, an SDK of Amazon Web Services, under the Apache
License 2.0 (LICENSE). They were modified: everything but the operations that are called here was removed, and with it
all documentation. They are written by `make models`.
"""


def table() -> Table:
    """Package → service → the operations that it calls."""
    return tomllib.loads((files(__package__) / "sdk_operations.toml").read_text(encoding="utf-8"))


def made(package: str) -> dict[Path, str]:
    """The files of a package's models, by their paths in its folder."""
    loader, called = Loader(), table()[package]
    models = {service: loader.load_service_model(service, "service-2") for service in called}
    shipped: dict[str, Any] = {name: loader.load_data(name) for name in _COMMON}
    prefixes = {models[service]["metadata"]["endpointPrefix"] for service in called}
    shipped["endpoints"] = _endpoints(loader.load_data("endpoints"), prefixes)
    for service, operations in called.items():
        where = f"{service}/{loader.determine_latest_version(service, 'service-2')}"
        shipped[f"{where}/service-2"] = _service(models[service], operations)
        shipped[f"{where}/endpoint-rule-set-1"] = loader.load_service_model(service, "endpoint-rule-set-1")
        if pages := _paginators(loader, service, operations):
            shipped[f"{where}/paginators-1"] = pages
    texts = {Path(f"{name}.json"): _text(data) + "\n" for name, data in shipped.items()}
    return texts | {Path(name): text for name, text in _legal().items()}


def write() -> None:
    """Write the models of both packages, and remove what is no longer among them."""
    for package, within in FOLDERS.items():
        root, wanted = folder(package) / within, made(package)
        for there in [path for path in root.rglob("*") if path.is_file() and path.relative_to(root) not in wanted]:
            there.unlink()
        for path, text in wanted.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")


def _service(model: Model, operations: Iterable[str]) -> Model:
    """The model with these operations and the shapes that they reach. KeyError for an operation that there is not.

    Every error of the service stays: code that names one finds it in `client.exceptions` only once something is raised.
    """
    kept = {name: model["operations"][name] for name in operations}
    errors = [{"shape": name} for name, shape in model["shapes"].items() if shape.get("exception")]
    shapes = {name: model["shapes"][name] for name in sorted(_reached(model["shapes"], [kept, errors]))}
    # botocore reads the documentation of the parameters of a client, and no other.
    parameters = {key: model[key] for key in ("clientContextParams",) if key in model}
    cut: Model = _undocumented({**model, "operations": kept, "shapes": shapes})
    return cut | parameters


def _reached(shapes: Model, named_in: Any) -> set[str]:
    """The names of the shapes that are named there, and of the shapes in them."""
    ahead, reached = list(_named(named_in)), set[str]()
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += _named(shapes[name])
    return reached


def _named(data: Any) -> Iterator[str]:
    """Every `{"shape": name}` in the data."""
    if isinstance(data, Mapping):
        if isinstance(data.get("shape"), str):
            yield data["shape"]
        data = list(data.values())
    for each in data if isinstance(data, list) else ():
        yield from _named(each)


def _undocumented(data: Any) -> Any:
    """The data without the texts for readers. A member of a shape may be called `documentation`: it is no text."""
    if isinstance(data, Mapping):
        return {
            key: _undocumented(value)
            for key, value in data.items()
            if not (key in ("documentation", "documentationUrl", "examples") and not isinstance(value, Mapping))
        }
    return [_undocumented(each) for each in data] if isinstance(data, list) else data


def _paginators(loader: Loader, service: str, operations: Iterable[str]) -> Model:
    pages = loader.load_service_model(service, "paginators-1")["pagination"]
    found = {name: pages[name] for name in operations if name in pages}
    return {"pagination": found} if found else {}


def _endpoints(data: Model, services: set[str]) -> Model:
    """The partitions, with what they say of these services."""
    partitions = [
        {**each, "services": {name: each["services"][name] for name in sorted(services & each["services"].keys())}}
        for each in data["partitions"]
    ]
    return {**data, "partitions": partitions}


def _legal() -> dict[str, str]:
    botocore = distribution("botocore")
    (path,) = [file for file in botocore.files or () if file.name == "LICENSE.txt" and "botocore-" in str(file)]
    return {"LICENSE": path.read_text(encoding="utf-8"), "NOTICE": _ABOUT.format(version=botocore.version)}


def _text(data: Any, levels: int = 2) -> str:
    """JSON without blanks, and a line for each operation and each shape: what a newer botocore changes can be read."""
    if levels and isinstance(data, Mapping) and data:
        return (
            "{\n" + ",\n".join(f"{json.dumps(key)}:{_text(value, levels - 1)}" for key, value in data.items()) + "\n}"
        )
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    write()
