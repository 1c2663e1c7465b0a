"""What has been deployed is planned again as the planner would do it, without reading the project."""

from __future__ import annotations

import pytest

from orchestrator.core.config import read_project
from orchestrator.core.names import Installation
from orchestrator.core.placement import Watch
from orchestrator.core.plan import Code, Footprint, Plan, Request, plan, unchanged_since_deploy
from tests.proofs.projects import MAPPINGS, Mapping, Project, name_of

HERE = Installation("gluecode", "aws", "eu-central-1", "123456789012")
CODE = Code("artifacts", "code/functions-ab.zip", "q83vEg==")
WATCHES = {"watched": Watch(), "not watched": Watch(alarms=False, dashboards=False)}


def planned(mapping: Mapping, watch: Watch, before: Footprint, *, adopt: bool = False) -> Plan:
    """The plan of a project on a mapping, where that much is there and is ours."""
    project = read_project(Project().on(mapping).files)
    request = Request("a-run", "factory", "projects/factory/", adopt=adopt)
    return plan(project, HERE, CODE, before, request, before, watch)


@pytest.mark.parametrize("watch", WATCHES.values(), ids=WATCHES)
@pytest.mark.parametrize("mapping", MAPPINGS, ids=name_of)
@pytest.mark.parametrize("adopt", [False, True], ids=["own", "adopted"])
def test_what_was_deployed_is_planned_again_as_if_it_were_planned_anew(
    mapping: Mapping, watch: Watch, adopt: bool
) -> None:
    there = Footprint.of(read_project(Project().on(mapping).files), watch)

    first = planned(mapping, watch, Footprint(), adopt=adopt)
    anew = planned(mapping, watch, there)

    again = unchanged_since_deploy(first, frozenset(there.components))
    assert again == anew
