"""The inter-cloud contract as a page, rendered from its OpenAPI document: no viewer and no script is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # it comes with the site generator, its stubs do not

from orchestrator.reference import markdown

Json = Mapping[str, Any]

_MEANINGS = {"200": "OK", "400": "Bad Request", "403": "Forbidden", "413": "Content Too Large"} | {
    "429": "Too Many Requests",
    "500": "Internal Server Error",
}


def page(root: Path) -> str:
    """The page; `root` is the folder that has `docs/openapi.yaml`."""
    document = yaml.safe_load((root / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    render = _Renderer(document)
    info, paths = document["info"], document["paths"]
    return markdown.page(
        "api",
        summary=info["summary"],
        openapi=document["openapi"],
        version=info["version"],
        description=info["description"].strip("\n"),
        authentication=render.authentication(),
        operations=markdown.paragraphs(render.operation(path, each["post"]) for path, each in paths.items()),
        headers=render.headers(),
        schemas=markdown.paragraphs(render.schemas()),
    )


class _Renderer:
    """Renders the parts of one document, following its references."""

    def __init__(self, document: Json) -> None:
        self._document = document

    def authentication(self) -> str:
        scheme = self._document["components"]["securitySchemes"]["token"]
        return f"Header `{scheme['name']}`. {scheme['description']}".strip("\n")

    def operation(self, path: str, operation: Json) -> str:
        body = operation["requestBody"]["content"]["application/json"]
        return "\n\n".join(
            (
                f"## POST {path}",
                f"**{operation['summary']}.** {operation['description']}",
                f"The body is JSON: {self._either(body['schema'])}.",
                "### Answers of " + path,
                markdown.table(("status", "meaning", "`reason` in the body"), self._responses(operation["responses"])),
                "### Examples for " + path,
                *(self._example(example) for example in body["examples"].values()),
            )
        )

    def headers(self) -> str:
        parameters = self._document["components"]["parameters"].values()
        rows = [(markdown.code(each["name"]), each["description"]) for each in parameters]
        return markdown.table(("header", "meaning"), rows)

    def schemas(self) -> Iterator[str]:
        for name, schema in self._document["components"]["schemas"].items():
            yield f"### {name}"
            yield schema.get("description", "")
            if "enum" in schema:
                yield markdown.codes(schema["enum"], ", ")
            if "items" in schema:
                yield f"Each is {self._either(schema['items'])}."
            if rows := list(self._fields(schema)):
                yield markdown.table(("field", "type", "required", "meaning"), rows)

    def _example(self, example: Json) -> str:
        answer = example["x-answer"]
        told = f"`{answer['status']}`" + (f" with the reason `{answer['reason']}`" if "reason" in answer else "")
        body = json.dumps(example["value"], indent=2, ensure_ascii=False)
        return f"{example['summary']}, answered {told}:\n\n{markdown.block('json', body)}"

    def _responses(self, responses: Json) -> Iterator[tuple[str, str, str]]:
        for status, response in responses.items():
            found = self._found(response)
            headers = "".join(
                f" Header `{name}`: {self._found(h)['description']}" for name, h in found.get("headers", {}).items()
            )
            schema = found["content"]["application/json"]["schema"]
            reasons = list(dict.fromkeys(self._reasons(schema)))
            yield f"`{status}` {_MEANINGS[status]}", found["description"] + headers, markdown.codes(reasons, ", ")

    def _reasons(self, schema: Json) -> Iterator[str]:
        schema = self._found(schema)
        yield from (str(value) for value in schema.get("enum", ()))
        for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
            yield from self._reasons(part)
        if "reason" in schema.get("properties", {}):
            yield from self._reasons(schema["properties"]["reason"])

    def _fields(self, schema: Json) -> Iterator[tuple[str, str, str, str]]:
        for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
            if "$ref" in part:
                yield f"*all of {self._name(part)}*", "", "", ""
            else:
                yield from self._fields(part)
        for name, field in schema.get("properties", {}).items():
            needed = "yes" if name in schema.get("required", ()) else ""
            yield markdown.code(name), self._type(field), needed, self._found(field).get("description", "")
        if "properties" not in schema and "required" in schema:
            yield markdown.codes(schema["required"]), "", "or", ""

    def _type(self, field: Json) -> str:
        if "$ref" in field:
            return self._name(field)
        if "enum" in field:
            return markdown.codes((json.dumps(value) for value in field["enum"]), " or ")
        if "items" in field:
            return f"array of {self._either(field['items'])}"
        kinds = field.get("type", "any")
        told = " or ".join(kinds) if isinstance(kinds, list) else kinds
        return f"{told} ({field['format']})" if "format" in field else told

    def _either(self, schema: Json) -> str:
        return " or ".join(self._name(each) for each in schema.get("anyOf", (schema,)))

    def _name(self, schema: Json) -> str:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{markdown.anchor(name)})"

    def _found(self, thing: Json) -> Json:
        """The thing itself, or what it refers to."""
        if "$ref" not in thing:
            return thing
        found: Any = self._document
        for part in thing["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return self._found(found)
