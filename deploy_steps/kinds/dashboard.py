"""The dashboard that shows how a twin is doing: what passes each hop, what is lost on the way, what waits."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from deploy_steps import aws
from deploy_steps.contract import Live, Wanted
from deploy_steps.engine import Calls, Facts, plain_kind
from deploy_steps.kinds.shared.dashboard_content import widgets
from deploy_steps.ownership import decode_tags, encode_tags
from orchestrator.core.names import dashboard_name, region_of
from orchestrator.core.specs import DashboardSpec, GlobalIdentity

_ABOUT = "Every deployment brings this dashboard back to what it shows now: copy it to change it."
_HEADING = {"type": "text", "x": 0, "y": 0, "width": 24, "height": 2}


def name_of(wanted: Wanted) -> str:
    """What CloudWatch calls the dashboard."""
    if isinstance(wanted, GlobalIdentity) and wanted.unscoped:
        return wanted.name
    return dashboard_name(wanted.name, wanted.owner.installation)


def _read(client: Any, wanted: DashboardSpec | GlobalIdentity) -> Live | None:
    try:
        body = json.loads(client.get_dashboard(DashboardName=name_of(wanted))["DashboardBody"])
    except ClientError as error:
        if aws.error_code(error) == "ResourceNotFound":  # "Dashboard … does not exist"
            return None
        raise
    heading, *shown = body.get("widgets") or [{}]
    regions = {widget.get("properties", {}).get("region") for widget in shown} - {None}
    if isinstance(wanted, GlobalIdentity) and wanted.unscoped and regions - {region_of(wanted.owner.installation)}:
        return None  # it shows what is in another region
    text = heading.get("properties", {}).get("markdown", "")
    return Live(_by_title(shown), decode_tags(text.rpartition("\n\n")[2]))


def _desired(spec: DashboardSpec) -> dict[str, Any]:
    return _by_title(widgets(spec.shows))


def _by_title(widgets: Any) -> dict[str, Any]:
    return {f"widget {widget.get('properties', {}).get('title', '')}": widget for widget in widgets}


def create(client: Any, spec: DashboardSpec) -> None:
    """Make the dashboard, or bring its widgets to the spec."""
    # A dashboard's tags would take a call of their own to read, so the heading says whose it is.
    text = f"# {spec.owner.twin}\n{_ABOUT}\n\n{encode_tags(spec.owner.tags)}"
    body = {"widgets": [{**_HEADING, "properties": {"markdown": text}}, *widgets(spec.shows)]}
    client.put_dashboard(DashboardName=name_of(spec), DashboardBody=json.dumps(body))


def delete(client: Any, identity: GlobalIdentity, _live: Live) -> None:
    """Remove the dashboard."""
    client.delete_dashboards(DashboardNames=[name_of(identity)])


kind = plain_kind(
    Facts("dashboard", "cloudwatch", DashboardSpec, GlobalIdentity, named=name_of),
    Calls(_read, _desired, create, None, delete),
    read=("cloudwatch:GetDashboard",),
    create=("cloudwatch:PutDashboard",),
    destroy=("cloudwatch:DeleteDashboards",),
)
create_task, destroy_task, info_task = kind.handlers()
