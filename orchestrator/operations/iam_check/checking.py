"""Checks what a user or role may do of what a twin takes: by IAM's simulator, else by reading their policies."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from deploy_steps.shared.simulation import ALLOWED, NOT_GRANTED, Access, Decision, simulate
from deploy_steps.tasks.check_permissions import MissingAction, missing_actions, roles
from orchestrator.core.iam_resources import UNDER_A_CONDITION, service_of
from orchestrator.core.names import Installation
from orchestrator.operations.iam_check.evaluation import decide
from orchestrator.operations.iam_check.places import SAMPLE_TWIN, Place, Places
from orchestrator.operations.iam_check.principal import Principal, principal
from orchestrator.operations.iam_check.reading import Read, read
from orchestrator.operations.iam_check.required import Use, uses

How = Literal["root", "simulation", "policies", "nothing"]
Decisions = Mapping[Access, Decision]


@dataclass(frozen=True)
class Finding:
    """What was decided about one action of one group, and what the action is used by."""

    group: str
    action: str
    place: Place
    used_by: tuple[str, ...]
    decision: Decision

    @property
    def service(self) -> str:
        """The service that the action is of."""
        return service_of(self.action)

    @property
    def grantable(self) -> bool:
        """Whether another policy would help. Against a deny or a boundary none does."""
        return self.decision == NOT_GRANTED


@dataclass(frozen=True)
class Report:
    """What a principal may do. `how` says what it was found out by, `notes` what could not be found out."""

    principal: Principal
    how: How
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    def of(self, *verdicts: str) -> tuple[Finding, ...]:
        """The findings with one of these verdicts: `allowed`, `missing`, `conditional`, `unknown`."""
        return tuple(finding for finding in self.findings if finding.decision.verdict in verdicts)

    def findings_by_service(self) -> list[Finding]:
        """The findings of each group in the order of services and actions."""
        groups = list(dict.fromkeys(finding.group for finding in self.findings))
        return sorted(self.findings, key=lambda each: (groups.index(each.group), each.action))


@dataclass(frozen=True)
class Steps:
    """What the roles of the installed steps lack; `checked` counts the roles. A note says why they were not checked."""

    checked: int = 0
    lacking: tuple[MissingAction, ...] = ()
    note: str = ""


def check(
    aws: Any, installation: Installation, groups: Collection[str], *, twin: str | None = None, arn: str = ""
) -> Report:
    """What the caller, or the user or role of `arn`, may do of what the groups take. Never raises for want of rights.

    Without a twin, the resources of one that is called `my-twin` are asked about.
    """
    iam, places = aws.client("iam"), Places(installation, twin)
    who = principal(iam, arn or aws.caller.arn)
    wanted = {(group, use): places.of(group, use) for group in groups for use in uses(group)}
    asks = {(use.action, place.asked) for (_, use), place in wanted.items()}
    how, decisions, notes = _decided(iam, who, asks)
    return Report(who, how, _findings(wanted, decisions), notes)


def check_steps(aws: Any, installation: Installation, *, twin: str | None = None) -> Steps:
    """What the roles lack under which the steps of the installed orchestrator run."""
    try:
        role_of = roles(aws.client("cloudformation"), installation.prefix)
        return Steps(len(role_of), missing_actions(aws.client("iam"), installation, twin or SAMPLE_TWIN, role_of))
    except ClientError as error:
        if "does not exist" in str(error):  # CloudFormation's ValidationError
            return Steps(note=f"The orchestrator '{installation.prefix}' is not installed here, so no step has a role.")
        return Steps(note=f"The roles of the steps could not be checked ({error}).")


def _decided(iam: Any, who: Principal, asks: Collection[Access]) -> tuple[How, Decisions, tuple[str, ...]]:
    if who.kind == "root":
        return "root", dict.fromkeys(asks, ALLOWED), ()
    if who.kind not in ("user", "role"):
        note = f"A {who.kind} identity has no policies that IAM could be asked about: name its user or role instead."
        return "nothing", dict.fromkeys(asks, Decision("unknown", "nobody could be asked")), (note,)
    try:
        return "simulation", _simulated(iam, who, asks), ()
    except ClientError as error:
        refused = f"IAM did not simulate ({error.response['Error']['Code']}), so the policies were read"
    found = read(iam, who)
    decisions = {ask: _read_decision(found, ask) for ask in asks}
    unread = tuple(f"could not be read: {what}" for what in found.unread)
    if not found.policies.all and unread:
        return "nothing", decisions, (refused, *unread)
    return "policies", decisions, (f"{refused}; policies of the organization do not show there", *unread)


def _simulated(iam: Any, who: Principal, asks: Collection[Access]) -> Decisions:
    """The simulator's decisions; where it names conditions, only the policies tell whether they matter to an action."""
    decisions = simulate(iam, who.arn, asks)
    hanging = [ask for ask, decision in decisions.items() if _hangs(ask, decision)]
    if not hanging:
        return decisions
    found = read(iam, who)
    told = {ask: decide(found.policies, *ask) for ask in hanging}
    certain = {"conditional"} if found.unread else {"conditional", "missing"}
    return {**decisions, **{ask: decision for ask, decision in told.items() if decision.verdict in certain}}


def _hangs(ask: Access, decision: Decision) -> bool:
    """Whether a condition may have to do with it. A simulator that is given no context may take one for not granted."""
    return decision.verdict == "conditional" or (decision == NOT_GRANTED and ask[0] in UNDER_A_CONDITION)


def _read_decision(found: Read, ask: Access) -> Decision:
    decision = decide(found.policies, *ask)
    if decision.verdict == "missing" and found.unread and "denies" not in decision.why:
        return Decision("unknown", "what allows it may stand in a policy that could not be read")
    return decision


def _findings(wanted: Mapping[tuple[str, Use], Place], decisions: Decisions) -> tuple[Finding, ...]:
    """One for each action of a group and each place, with all that use it there."""
    users: dict[tuple[str, str, Place], list[str]] = {}
    for (group, use), place in wanted.items():
        users.setdefault((group, use.action, place), []).append(use.by)
    return tuple(
        Finding(group, action, place, tuple(by), decisions[action, place.asked])
        for (group, action, place), by in users.items()
    )
