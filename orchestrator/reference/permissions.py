"""The permissions of every step task, from what the tasks declare: who may do what, on which resources, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from orchestrator.install.policy_table import Row, of_every_task, of_machines, policy_table
from orchestrator.reference import markdown

_PREFIX = "arn:${AWS::Partition}:"
_HERE = "${AWS::Region}:${AWS::AccountId}:"
_AROUND = "The tasks around them"
_SPELT = {"iam": "IAM", "iot": "IoT", "url": "URL"}

Resources = tuple[str, ...]

_MANY = 3


def page() -> str:
    """The page with the tables."""
    rows = policy_table()
    names = _names(rows)
    return markdown.page(
        "permissions",
        tasks=str(len({row.task for row in rows})),
        actions=str(sum(len(row.actions) for row in rows)),
        sets=str(len(names)),
        sections=markdown.paragraphs(_section(title, group, names) for title, group in _grouped(rows).items()),
        every_task=_plain_table("task", of_every_task()),
        machines=_plain_table("machine", of_machines()),
        resources=markdown.paragraphs(f"### {name}\n\n{_list(resources)}" for resources, name in names.items()),
    )


def _names(rows: Iterable[Row]) -> dict[Resources, str]:
    """A heading for every set of resources; two sets that are described alike get a number."""
    names: dict[Resources, str] = {}
    for row in rows:
        if row.where.resources not in names:
            title = _title(row)
            same = sum(name.partition(" (")[0] == title for name in names.values())
            names[row.where.resources] = f"{title} ({same + 1})" if same else title
    return names


def _title(row: Row) -> str:
    """What the resources are. Where there is a condition, the reason goes on with how they may be used."""
    if row.where.resources == ("*",):
        return "everything"
    return row.where.what.partition(", ")[0] if row.where.condition else row.where.what


def _grouped(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by kind of resource; the tasks that are no verb of a kind come last."""
    grouped: dict[str, list[Row]] = {}
    others: list[Row] = []
    for row in rows:
        verb, _, kind = row.task.partition("-")
        if verb in ("create", "destroy", "info"):
            grouped.setdefault(_spelt(kind), []).append(row)
        else:
            others.append(row)
    return {**grouped, _AROUND: others}


def _spelt(kind: str) -> str:
    text = " ".join(_SPELT.get(word, word) for word in kind.split("-"))
    return text[0].upper() + text[1:]


def _section(title: str, rows: Iterable[Row], names: Mapping[Resources, str]) -> str:
    return f"## {title}\n\n{markdown.table(('task', 'may', 'on', 'but'), _rows(rows, names))}"


def _rows(rows: Iterable[Row], names: Mapping[Resources, str]) -> Iterator[tuple[str, str, str, str]]:
    before = ""
    for row in rows:
        first = f"{markdown.code(row.task)}<br>{markdown.plain(row.purpose)}" if row.task != before else ""
        before, where = row.task, row.where
        name = names[where.resources]
        more = where.what.partition(":" if name == "everything" else ", ")[2]
        more = more.strip() if name == "everything" or where.condition else ""
        yield first, markdown.codes(row.actions), f"[{name}](#{markdown.anchor(name)})", markdown.plain(more)


def _plain_table(who: str, rows: Iterable[Row]) -> str:
    """Who may do what, on which resources, and what those are or why there is no narrower choice."""
    told = [
        (markdown.code(row.task), markdown.codes(row.actions), _some(where.resources), markdown.plain(where.what))
        for row, where in ((row, row.where) for row in rows)
    ]
    return markdown.table((who, "may", "on", "what, or why"), told)


def _some(resources: Resources) -> str:
    """The resources; of many, the first and how many there are more."""
    if len(resources) <= _MANY:
        return markdown.codes(map(_short, resources))
    return f"{markdown.codes(map(_short, resources[:1]))}<br>and {len(resources) - 1} more of its own"


def _list(resources: Resources) -> str:
    return "\n".join(f"- {markdown.code(_short(resource))}" for resource in resources)


def _short(resource: str) -> str:
    return resource.removeprefix(_PREFIX).replace(_HERE, "").replace("${AWS::AccountId}:", "")
