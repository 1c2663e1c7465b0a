"""What must hold of a twin that the earlier release deployed: each check answers what is not as it must be."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator.core.names import TwinNames
from tests.e2e.product import Said
from tests.harness.picture import Picture, differences
from tests.local.functions import eventually
from tests.proofs.report import Outcome, Report
from tests.upgrade import flow, twins
from tests.upgrade.account import STATE_TABLE, Account, Identities
from tests.upgrade.releases import Call, Releases
from tests.upgrade.twins import PUBLIC, Mapping, Others

Lines = list[str]
"""What is not as it must be; empty where all is well."""

WAITING = 4
"""How many events wait in the outbox of a twin that is held back."""

_SCOPE = "-us-east-1-gluecode"
"""What the names of roles and dashboards end in, since the earlier release."""
_RENAMED = ("role ", "dashboard ")
_EVENTS_A_SECOND = 5
_LONGEST = 700
# The check of permissions would find the denied call before anything is begun; and a table that the failed deployment
# has created would stay for its data.
_ROLLING_BACK = ("--on-failure", "rollback", "--skip-permissions-check", "--delete-data", "--yes", "--json")


@dataclass
class Twin:
    """A twin of the earlier release, and what there was of it before the upgrade."""

    name: str
    mapping: Mapping
    folder: Path
    execution: str = ""
    identities: Identities = field(default_factory=dict)
    picture: Picture = field(default_factory=dict)
    moved: bool = False
    """Whether this release has given it roles and a dashboard of its own names."""


class Proof:
    """Everything that the checks work with, and what they found."""

    def __init__(self, both: Releases, clouds: Others, report: Report) -> None:
        self.both, self.clouds, self.report = both, clouds, report
        self.old, self.new = both.old, both.new
        self.account = Account(both.old)

    def check(self, heading: str, where: str, found: Callable[[], Lines | None]) -> bool:
        """Run one check, and go on whatever it finds."""
        started, outcome = time.monotonic(), Outcome(Counter({heading: 1}))
        try:
            lines = found() or []
        except Exception as error:  # noqa: BLE001  # whatever it is, it ends this check and not the proof
            lines = [_short(f"{type(error).__name__}: {error}")]
        outcome.failures += [f"{where}: {heading}: {line}" for line in lines]
        self.report.add(outcome)
        seconds = time.monotonic() - started
        print(f"  {where:<16} {heading:<58} {'FAILED' if lines else 'ok':<6} {seconds:4.0f} s", file=sys.stderr)
        for line in lines:
            print(f"      {line}", file=sys.stderr, flush=True)
        return not lines

    def of(self, twin: Twin, *checks: tuple[str, Callable[[Twin], Lines | None]]) -> None:
        """Run checks of one twin, in order."""
        for heading, found in checks:
            self.check(heading, twin.name, partial(found, twin))

    def twin(self, mapping: Mapping, fate: str) -> Twin:
        """Write the project of a twin."""
        name = f"{mapping.name}-{fate}"
        folder = Path(self.old.done("init", name)["folder"])
        mapping.write(folder, self.clouds)
        return Twin(name, mapping, folder)

    def deployed(self, mapping: Mapping, fate: str) -> Twin:
        """A twin that the earlier release deployed, and that has carried an event."""
        twin = self.twin(mapping, fate)
        print(f"  {twin.name:<16} is deployed by the earlier release", file=sys.stderr, flush=True)
        twin.execution = self.old.done("deploy", str(twin.folder))["execution"]
        mapping.cross(self.old, self.account, self.clouds, twin.name)
        return twin

    def remember(self, every: Sequence[Twin]) -> None:
        """Keep what there is of these twins now."""
        photograph = self.account.photograph()
        for twin in every:
            twin.identities = self.account.identities(twin.name)
            twin.picture = self.account.picture(twin.name, photograph)

    # What must hold of every twin.

    def untouched(self, twin: Twin, photograph: Picture | None = None) -> Lines:
        """Nothing of the twin has changed, nothing is another resource."""
        return [*self.same(twin), *differences(twin.picture, self.account.picture(twin.name, photograph))]

    def same(self, twin: Twin) -> Lines:
        """Every resource is the one that it was, and there is no other. A twin that has moved has other roles and
        another dashboard, and its functions act under those roles.
        """
        now, before = self.account.identities(twin.name), twin.identities
        if twin.moved:
            before = {_moved(name): identity for name, identity in before.items()}
        lines = [f"gone: {name}" for name in before.keys() - now.keys()]
        lines += [f"not there before: {name}" for name in now.keys() - before.keys()]
        for name in before.keys() & now.keys():
            if twin.moved and name.startswith((*_RENAMED, "layer ")):
                continue
            was, now_is = before[name], now[name]
            if twin.moved and name.startswith("function "):
                was, now_is = was[:1], now_is[:1]
                role = f":role/gluecode/gluecode/us-east-1/{name.split()[1]}{_SCOPE}"
                lines += [] if now[name][1].endswith(role) else [f"{name} acts under {now[name][1]}"]
            if twin.moved and name.startswith("rule "):
                was, now_is = was[:1], now_is[:1]  # ReplaceTopicRule gives it another role for errors, and a new date
            if was != now_is:
                lines.append(f"replaced: {name} is {now_is}, and was {was}")
        return sorted(lines)

    def crosses(self, twin: Twin) -> None:
        """An event arrives that enters now."""
        twin.mapping.cross(self.new, self.account, self.clouds, twin.name)

    def inspected(self, twin: Twin, *drifted: tuple[str, str]) -> Lines:
        """`inspect` finds just that: the kind of a resource, and the field of it that differs."""
        said = self.new.run("inspect", twin.name, "--json")
        if said.code not in (0, 1) or not said.out.strip():
            return [_problem(said)]
        findings = said.json["findings"]
        found = [(each["kind"], change["field"]) for each in findings for change in each["changes"] or [{"field": ""}]]
        lines = [] if sorted(found) == sorted(drifted) else [_short(f"found {findings}")]
        lines += [f"takes for retained: {name}" for name in said.json["retained"]]
        return lines if bool(findings) == bool(said.code) else [*lines, f"exit code {said.code}"]

    def history(self, twin: Twin, *outcomes: str) -> Lines:
        """`history` lists these outcomes, the newest first; the first run of all is that of the earlier release."""
        entries = self.new.done("history", twin.name)
        lines = [] if entries[-1]["execution"] == twin.execution else [f"the first run is {entries[-1]['execution']}"]
        found = tuple(entry["outcome"] for entry in entries)
        return lines if found == outcomes else [*lines, f"the runs ended {found}, not {outcomes}"]

    def reported(self, twin: Twin) -> Lines:
        """The run of the earlier release can still be drawn, with its steps."""
        path = self.both.folder / f"{twin.name}.html"
        self.new.done("report", twin.execution, "--output", str(path))
        text = path.read_text(encoding="utf-8")
        wanted = ("deployed", TwinNames(twin.name).function(_function_of(twin)))
        return [f"the report does not name {each}" for each in wanted if each not in text]

    def destroyed(self, twin: Twin) -> Lines:
        """`destroy` leaves nothing of the twin but its history."""
        said = self.new.run("destroy", twin.name, "--delete-data", "--yes", "--json")
        lines = [] if said.code == 0 else [_problem(said)]
        lines += [f"left over: {name}" for name in sorted(self.account.identities(twin.name))]
        lines += [f"left in the state table: {name}" for name in sorted(self.account.state(twin.name))]
        return lines

    # Before the first deployment of this release.

    def rolls_back(self, twin: Twin) -> Lines:
        """A deployment that fails near its end goes back to the plan of the earlier release, under roles of its own."""
        clear = twin.mapping.obstruct(self.account, twin.folder, twin.name)
        try:
            said = self.new.run("deploy", str(twin.folder), *_ROLLING_BACK)
        finally:
            clear()
        lines = [] if said.code == 1 and "RolledBack" in said.err else [f"exit code {said.code}: {_problem(said)}"]
        twin.moved = True
        return [*lines, *self.same(twin)]

    def kept_with_data(self, twin: Twin) -> Lines:
        """`destroy` without more keeps the table, and the outbox in which events still wait."""
        names = TwinNames(twin.name)
        said = self.new.run("destroy", twin.name, "--json")
        if said.code:
            return [_problem(said)]
        kept, left = (
            {f"table {names.hot_table}", f"queue {names.outbox('connector')}"},
            self.account.identities(twin.name),
        )
        lines = [f"not kept: {name}" for name in sorted(kept - left.keys())]
        lines += [f"left over: {name}" for name in sorted(left.keys() - kept)]
        waiting = self.account.waiting(names.outbox("connector"))
        return lines if waiting == WAITING else [*lines, f"{waiting} events wait in the outbox, not {WAITING}"]

    # Deployed again.

    def planned(self, twin: Twin) -> Lines:
        """`plan` wants to replace the roles and the dashboard, and nothing else."""
        resources = self.new.done("plan", str(twin.folder))["resources"]
        found = {f"{each['action']} {each['kind']}" for each in resources if each["action"] not in ("keep", "update")}
        wanted = {f"{action} {kind}" for action in ("create", "remove") for kind in ("iam-role", "dashboard")}
        lines = [] if found == wanted else [f"it would {sorted(found)}, not {sorted(wanted)}"]
        return [*lines, *self.untouched(twin)]

    def deployed_again(self, twin: Twin) -> Lines:
        """Under events, roles and the dashboard are replaced and nothing else; every accepted event arrives."""
        mark = self.both.mark
        with flow.flowing(self.account, self.clouds, twin.mapping, twin.name, _EVENTS_A_SECOND) as events:
            self.new.done("deploy", str(twin.folder))
        twin.moved = True
        lines = self.same(twin)
        self.report.counts["events accepted during first redeployments"] += len(events.accepted)
        lost = events.lost()
        self.report.counts["events of these that have arrived"] += len(events.accepted) - len(lost)
        lines += [f"lost: {key}" for key in lost]
        failed = self.account.waiting(TwinNames(twin.name).failure_queue)
        lines += [f"{failed} events in the failure queue"] if failed else []
        for call in self.writes(self.both.calls(mark), twin):
            self.report.counts[f"AWS calls of first redeployments that write to a twin: {call.operation}"] += 1
            making = call.operation.startswith(("Create", "Delete"))
            if making and not call.operation.endswith(("Role", "RolePolicy", "Dashboards", "LayerVersion")):
                lines.append(f"replaced by {call.operation} {call.subject}")
        return lines

    def deployed_once_more(self, twin: Twin) -> Lines:
        """The second deployment by this release compares, and writes nothing to the twin."""
        mark = self.both.mark
        result = self.new.done("deploy", str(twin.folder))
        writes = self.writes(self.both.calls(mark), twin)
        lines = [f"written: {call.operation} {call.subject}" for call in writes]
        return lines if set(result["summary"]) == {"unchanged"} else [*lines, f"steps ended {result['summary']}"]

    def writes(self, calls: Sequence[Call], twin: Twin) -> list[Call]:
        """The writing calls of the orchestrator's own functions on what belongs to a twin."""
        sources = [identity[0] for name, identity in twin.identities.items() if name.startswith("event source ")]
        about = (twin.name, *sources, TwinNames(twin.name).iot_rule)
        return [
            call
            for call in calls
            if call.writes
            and call.function.startswith("gluecode-")
            and not call.subject.startswith((STATE_TABLE, "gluecode-artifacts"))
            and any(part in call.subject for part in about)
        ]

    def uploaded(self, twin: Twin) -> Lines:
        """A file that is put into the bucket starts a deployment, by rules and tasks that were upgraded."""
        states = self.account.client("stepfunctions")
        machine = twin.execution.replace(":execution:", ":stateMachine:").rpartition(":")[0]
        before = {each["executionArn"] for each in _executions(states, machine, twin.name)}
        [bucket] = [each["Name"] for each in self.account.client("s3").list_buckets()["Buckets"]]
        content = twins.add_device(twin.folder, "drill-1")
        self.account.client("s3").put_object(
            Bucket=bucket, Key=f"projects/{twin.name}/config_iot_devices.json", Body=content
        )

        def ended() -> dict[str, Any] | None:
            found = [each for each in _executions(states, machine, twin.name) if each["executionArn"] not in before]
            return next((each for each in found if each["status"] != "RUNNING"), None)

        run = eventually(ended, seconds=180)
        lines = [] if run["status"] == "SUCCEEDED" else [f"{run['executionArn']} {run['status']}"]
        return [*lines, *self.same(twin)]

    # What was under way.

    def hold_back(self, twin: Twin) -> None:
        """Have events wait in the outbox of a twin: whatever works it off is switched off."""
        functions, outbox = self.account.client("lambda"), TwinNames(twin.name).outbox("connector")
        [source] = functions.list_event_source_mappings(FunctionName=outbox)["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=source["UUID"], Enabled=False)
        for _ in range(WAITING):
            self.old.done("send", twin.name, json.dumps(twins.event()))
        eventually(lambda: True if self.account.waiting(outbox) == WAITING else None, seconds=60)

    def released(self, twin: Twin) -> Lines:
        """Deployed again, what waited since before the upgrade arrives, all of it and once."""
        before = len(self.clouds.azure.received)
        result = self.new.done("deploy", str(twin.folder))
        outbox = TwinNames(twin.name).outbox("connector")
        eventually(lambda: True if self.account.waiting(outbox) == 0 else None, seconds=120)
        arrived = [each.envelope["trace_id"] for each in self.clouds.azure.received[before:]]
        lines = [] if len(set(arrived)) == len(arrived) == WAITING else [f"{len(arrived)} arrived, not {WAITING}"]
        twin.moved = True
        lines += [] if result["outcome"] == "deployed" else [f"it ended {result['outcome']}"]
        return [*lines, *self.same(twin)]

    def broken_off(self, mapping: Mapping) -> Twin:
        """A twin whose first deployment, by the earlier release, was stopped half-way: its lock is still held."""
        twin = self.twin(mapping, "broken-off")
        with self.started(twin, lines=2) as process:  # early: the rest of it may take less than a second
            self.account.client("stepfunctions").stop_execution(executionArn=twin.execution)
            process.communicate(timeout=120)
        return twin

    def started(self, twin: Twin, lines: int) -> subprocess.Popen[str]:
        """Start a deployment by the earlier release, and come back when that many resources were created."""
        process = self.old.start("deploy", str(twin.folder))
        created = 0
        assert process.stderr is not None
        for line in process.stderr:
            words = line.split()
            if words[:1] == ["deployment"]:
                twin.execution = f"arn:aws:states:us-east-1:000000000000:execution:gluecode-deploy:{words[1]}"
            created += words[:1] == ["created"]
            if created == lines:
                return process
        raise AssertionError(f"The deployment of {twin.name} ended before it was broken off.")

    def resumed(self, twin: Twin) -> Lines:
        """`resume` takes it to its end, whatever holds the lock."""
        result = self.new.done("resume", twin.name)
        return [] if result["outcome"] == "deployed" else [f"it ended {result['outcome']}"]

    def completed(self, twin: Twin) -> Lines:
        """`deploy` completes what an execution has left that was running during the upgrade."""
        result = self.new.done("deploy", str(twin.folder))
        return [] if result["outcome"] == "deployed" else [f"it ended {result['outcome']}"]

    # The orchestrator.

    def uninstalled(self) -> Lines:
        """Nothing of it is left: also not what this release does not have any more."""
        self.new.done("uninstall")
        return [f"left over: {name}" for name in sorted(self.account.orchestrator())]

    def ran_zips(self) -> Lines:
        """Whatever a worker ran came out of the zip that was uploaded for it, not from this checkout."""
        calls, home = self.both.calls(), str(self.new.home)
        self.report.counts["AWS calls of workers recorded"] = len(calls)
        return sorted({f"code of {call.code}" for call in calls if not call.code.startswith(home)})


def _function_of(twin: Twin) -> str:
    return "ingestion" if twin.mapping is PUBLIC else "dispatcher"


def _executions(states: Any, machine: str, twin: str) -> list[dict[str, Any]]:
    found = states.list_executions(stateMachineArn=machine)["executions"]
    return [each for each in found if each["name"].startswith(f"{twin}-")]


def _moved(name: str) -> str:
    """What a resource is called once this release has deployed the twin."""
    return f"{name}{_SCOPE}" if name.startswith(_RENAMED) else name


def _problem(said: Said) -> str:
    """What a command said that did not work: its error, or its last lines."""
    error = said.err.find("error: ")
    return _short(" ".join((said.err[error:] if error >= 0 else said.err[-_LONGEST:]).split()))


def _short(text: str) -> str:
    text = " ".join(text.split())
    error = text.find(" error: ")
    text = text if error < 0 else f"{text[:120]} …{text[error:]}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
