"""The dashboard that shows how a twin is doing: what passes each hop, what is lost on the way, what waits."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from deploy_steps import aws
from deploy_steps.contract import Change, Result, differences, tag_differences
from deploy_steps.kinds.shared.dashboard_content import widgets
from deploy_steps.ownership import decode_tags, encode_tags, ensure_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import DashboardSpec, Identity

KIND = "dashboard"
_ABOUT = "Every deployment brings this dashboard back to what it shows now: copy it to change it."
_HEADING = {"type": "text", "x": 0, "y": 0, "width": 24, "height": 2}


def create(client: Any, spec: DashboardSpec, *, dry_run: bool = False) -> Result:
    """Make the dashboard, or bring its widgets to the spec."""
    live = _read(client, spec.name)
    if live is not None:
        ensure_ours(KIND, spec.name, spec.owner, live["marks"])
    changes = _changes(spec, live) if live else ()
    if not dry_run and (changes or live is None):
        client.put_dashboard(DashboardName=spec.name, DashboardBody=json.dumps(_body(spec)))
    if live is None:
        return Result(KIND, spec.name, "created")
    return Result(KIND, spec.name, "updated" if changes else "unchanged", changes)


def destroy(client: Any, identity: Identity, *, dry_run: bool = False) -> Result:
    """Remove the dashboard."""
    live = _read(client, identity.name)
    if live is None:
        return Result(KIND, identity.name, "absent")
    ensure_ours(KIND, identity.name, identity.owner, live["marks"])
    if not dry_run:
        client.delete_dashboards(DashboardNames=[identity.name])
    return Result(KIND, identity.name, "deleted")


def info(client: Any, spec: DashboardSpec) -> Result:
    """Compare the live dashboard with the spec, widget by widget."""
    live = _read(client, spec.name)
    if live is None:
        return Result(KIND, spec.name, "absent")
    changes = _changes(spec, live)
    return Result(KIND, spec.name, "drifted" if changes else "present", changes)


def _changes(spec: DashboardSpec, live: dict[str, Any]) -> tuple[Change, ...]:
    desired, found = _by_title(widgets(spec.shows)), live["widgets"]
    more = tuple(Change(title, found[title], None) for title in found if title not in desired)
    return differences(desired, found) + more + tag_differences(spec.owner, live["marks"])


def _by_title(widgets: Any) -> dict[str, Any]:
    return {f"widget {widget.get('properties', {}).get('title', '')}": widget for widget in widgets}


def _body(spec: DashboardSpec) -> dict[str, Any]:
    # A dashboard's tags would take a call of their own to read, so the heading says whose it is.
    text = f"# {spec.owner.twin}\n{_ABOUT}\n\n{encode_tags(spec.owner.tags)}"
    return {"widgets": [{**_HEADING, "properties": {"markdown": text}}, *widgets(spec.shows)]}


def _read(client: Any, name: str) -> dict[str, Any] | None:
    try:
        body = json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"])
    except ClientError as error:
        if aws.error_code(error) == "ResourceNotFound":  # "Dashboard … does not exist"
            return None
        raise
    heading, *widgets = body.get("widgets") or [{}]
    text = heading.get("properties", {}).get("markdown", "")
    return {"widgets": _by_title(widgets), "marks": decode_tags(text.rpartition("\n\n")[2])}


kind = Kind(
    name=KIND,
    service="cloudwatch",
    spec=DashboardSpec,
    identity=Identity,
    create=create,
    destroy=destroy,
    info=info,
    actions=Actions(
        create=("cloudwatch:GetDashboard", "cloudwatch:PutDashboard"),
        destroy=("cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards"),
        info=("cloudwatch:GetDashboard",),
    ),
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
