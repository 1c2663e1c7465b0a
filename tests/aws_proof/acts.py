"""The acts of a run, in order: each drives the product by its command, looks at AWS itself, and compares."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.core.names import TwinNames
from orchestrator.local.remote_client import envelope
from tests.aws_proof import drifts, events, other_cloud, outside
from tests.aws_proof.drifts import Drift
from tests.aws_proof.gluecode import CommandFailed
from tests.aws_proof.stage import DidNotCome, Stage

Layers = tuple[str, str, str]

ALL_ON_AWS: Layers = ("aws", "aws", "aws")
L2_ELSEWHERE: Layers = ("aws", other_cloud.CLOUD, "aws")

_HOPS = ["dispatcher", "event_checker", "persister", "processor"]


@dataclass(frozen=True)
class Step:
    """One act. `minutes` is what it may well take on AWS, `executions` how many it starts; `long` can be left out."""

    title: str
    do: Callable[[Stage], None]
    minutes: float
    executions: int = 0
    long: bool = False


def install(stage: Stage) -> None:
    """The orchestrator, limited to the twin of this run, so that it cannot touch any other."""
    stage.known.install_begun = True
    done = stage.gluecode.done("install", "--twin-prefix", stage.names.twin)
    stage.run.about["release"] = done["release"]
    stage.act.expect(done["outcome"] == "created", f"the installation is {done['outcome']}, not created")


def check_permissions(stage: Stage) -> None:
    """What the steps' roles lack is a difference; what the caller lacks of the steps' rights, he does not need."""
    said = stage.gluecode.run("check-permissions", "--twin", stage.names.twin)
    if not said.out.strip():
        raise CommandFailed(said)
    found = said.json
    stage.act.expect(found["steps"]["checked"] > 0, f"no role of a step was checked: {found['steps']['note']}")
    for lack in found["steps"]["missing"]:
        stage.act.expect(False, f"the step {lack['task']} lacks {lack['action']} on {lack['resource']}")
    stage.note(f"{found['steps']['checked']} roles of steps checked, the caller's rights by: {found['how']}")


def deploy_on_aws(stage: Stage) -> None:
    """The example project: three devices, one with its own process.py, event checking, alarms, a dashboard."""
    stage.known.project = Path(stage.gluecode.done("init", stage.names.twin)["folder"])
    stage.known.deploy_begun = True
    result = deploy(stage)
    created = result["summary"].get("created", 0)
    stage.note(f"{created} resources created by {stage.act.steps.calls} calls of the steps")
    clean(stage)


def send_three(stage: Stage) -> None:
    """One event of each device, stored exactly once, the oven's by its own process.py."""
    for device in (events.PRESS, events.OVEN, events.CONVEYOR):
        sent = events.event(device)
        stage.known.trace_id = events.deliver(stage, sent)
        item = events.stored(stage)[events.key(sent)]
        once(stage, stage.known.trace_id, device)
        if device == events.OVEN:
            celsius = item.get("temperature", {}).get("N")
            stage.act.expect(celsius == "200", f"the oven's own code made {celsius} of 392 °F, not 200")


def once(stage: Stage, trace_id: str, device: str) -> None:
    """The logs say that the event was stored, and once."""
    found = stage.until(f"the trace of the event of {device}", lambda: _traced(stage, trace_id), stage.patience.event)
    times = [hop["what"] for hop in found["hops"]].count("stored") if found else 0
    stage.act.expect(times == 1, f"the logs say {times} times that the event of {device} was stored")


def trace(stage: Stage) -> None:
    """The way of the last event through every function."""
    found = stage.gluecode.done("trace", stage.known.trace_id, "--twin", stage.names.twin)
    received = sorted(hop["service"] for hop in found["hops"] if hop["what"] == "received")
    stage.act.expect(received == _HOPS, f"it went through {received}, not through {_HOPS}")
    stage.act.expect(found["end"] == "stored", f"it ended '{found['end']}'")
    hops = ", ".join(f"{hop['at'][11:23]} {hop['service']} {hop['what']}" for hop in found["hops"])
    stage.note(f"the event {stage.known.trace_id}: {hops}")


def drift_on_aws(stage: Stage) -> None:
    """Several things changed by hand at once: inspect names each."""
    drift(stage, drifts.ON_AWS)


def repair(stage: Stage) -> None:
    """The same files deployed again."""
    result = deploy(stage)
    done = {outcome: number for outcome, number in result["summary"].items() if outcome != "unchanged"}
    stage.note(f"repaired: {json.dumps(done)}")
    clean(stage)


def change_mapping(stage: Stage) -> None:
    """L2 goes to the other cloud while events come: AWS sends to it, and takes back what it sends to the Writer."""
    token = secrets.token_urlsafe(24)
    stage.secrets.append(token)
    url = other_cloud.create(stage, token)
    other_cloud.needed(
        stage,
        "the stand-in answers from outside",
        lambda: True if outside.post(url, "a-wrong-token", {}).status == 403 else None,
    )
    write_mapping(stage, L2_ELSEWHERE, {other_cloud.TO: {"url": url, "token": token}, other_cloud.BACK: {}})
    with events.Flow(stage) as flow:
        result = deploy(stage)
        remember_writer(stage, result)
        with other_cloud.Relay(stage, stage.known.url, stage.known.token) as relay:
            other_cloud.needed(stage, "an event crosses both boundaries", lambda: relay.statuses or None)
            flow.stop()
            missing = events.settle(stage, flow.sent)
    stage.act.expect(not missing, f"{len(missing)} of {len(flow.sent)} events of the flow are not stored: {missing}")
    odd = [status for status in relay.statuses if status != 200]
    stage.act.expect(not odd, f"the Writer answered {odd} to the other cloud")
    stage.note(f"{len(flow.sent)} events during the change, {len(relay.statuses)} of them over the other cloud")
    clean(stage)


def prove_url(stage: Stage) -> None:
    """The Writer's URL from outside, as the other cloud sends."""
    url, token = stage.known.url, stage.known.token
    sent = events.event(events.PRESS)
    message = envelope(other_cloud.CLOUD, "L3", sent)
    for what, answer, wanted in (
        ("no token", outside.post(url, None, message), 403),
        ("a wrong token", outside.post(url, "guessed", message), 403),
        ("the right token and no body", outside.post(url, token, None), 400),
        ("the right token and an event", outside.post(url, token, message), 200),
    ):
        stage.act.expect(answer.status == wanted, f"{what}: the answer is {answer}, not {wanted}")
        stage.note(f"{what}: {answer.status}")
    there = stage.until(
        "the event to be stored",
        lambda: True if events.key(sent) in events.stored(stage) else None,
        stage.patience.event,
    )
    stage.act.expect(bool(there), "the event that the URL has accepted is not stored")


def conformance(stage: Stage) -> None:
    """Some hundred requests that hold the URL against the whole contract."""
    said = stage.gluecode.run(
        *("conformance", stage.known.url, "--device", events.PRESS, "--layer", "L3", "--token-env", "AWS_PROOF_TOKEN"),
        env={"AWS_PROOF_TOKEN": stage.known.token},
    )
    stage.act.expect(said.code == 0, f"it does not conform: {said.err or said.out}")


def drift_url(stage: Stage) -> None:
    """The URL's statements removed: it is closed, inspect names it, deploy opens it again."""

    def answers(status: int) -> bool | None:
        return True if outside.post(stage.known.url, stage.known.token, None).status == status else None

    drift(stage, drifts.OVER_ANOTHER_CLOUD)
    if not stage.target.embedded:  # the embedded cloud does not read a URL's policy
        closed = stage.until("the URL to be closed (403)", lambda: answers(403), stage.patience.settle)
        stage.act.expect(bool(closed), "the URL is open although its statements are gone")
    deploy(stage)
    opened = stage.until("the URL to be open again", lambda: answers(400), stage.patience.settle)
    stage.act.expect(bool(opened), "the URL is closed although deploy has put its statements back")
    clean(stage)


def change_back(stage: Stage) -> None:
    """Everything on AWS again while events come: the public URL goes, and nothing that was accepted is lost."""
    write_mapping(stage, ALL_ON_AWS, {})
    with other_cloud.Relay(stage, stage.known.url, stage.known.token), events.Flow(stage) as flow:
        deploy(stage)
    there = len(flow.sent)
    elsewhere = other_cloud.waiting(stage)
    missing = set() if elsewhere else events.settle(stage, flow.sent)
    if elsewhere:  # the other cloud has accepted them, and its way back is gone: that is as agreed
        missing = {events.key(each) for each in flow.sent} - events.stored(stage).keys()
        stage.note(f"{elsewhere} events wait at the other cloud, whose way back is gone")
    stage.act.expect(len(missing) <= elsewhere, f"{len(missing)} of {there} events are lost: {sorted(missing)}")
    answer = outside.post(stage.known.url, stage.known.token, None)
    stage.act.expect(answer.status in (0, 403, 404), f"the URL of the removed Writer still answers {answer}")
    stage.note(f"{there} events during the change back; the removed URL answers {answer.status or answer.body}")
    clean(stage)


def deploy_unchanged(stage: Stage) -> None:
    """A deployment without a change writes nothing to the twin."""
    said, steps = stage.execute("deploy", str(stage.known.project))
    found = said.json
    stage.act.expect(steps.lines > 0, "the journal has no line of this execution")
    stage.act.expect(not steps.twin_writes, f"it wrote to the twin: {dict(steps.twin_writes)}")
    stage.act.expect(set(found["summary"]) == {"unchanged"}, f"its steps ended {found['summary']}")


def deploy(stage: Stage) -> Mapping[str, Any]:
    """Deploy the project as its files are now."""
    said, _ = stage.execute("deploy", str(stage.known.project))
    result: Mapping[str, Any] = said.json
    return result


def clean(stage: Stage) -> None:
    """`inspect` finds nothing, at once or, where AWS still shows what was before, soon."""

    def found_nothing() -> bool | None:
        result = inspect(stage)
        last[:] = result["findings"]
        return None if last else True

    last: list[Any] = []
    stage.until("inspect to find nothing", found_nothing, stage.patience.settle / 4)
    stage.act.expect(not last, f"inspect finds {json.dumps(last)[:400]}")


def drift(stage: Stage, chosen: Sequence[Drift]) -> None:
    """Make these drifts, and have `inspect` name them."""
    wanted = {}
    for each in chosen:
        stage.say(f"  by hand: {each.title}")
        wanted[each.title] = each.do(stage)
    found = {f"{each['kind']} {each['name']}": each["problem"] for each in inspect(stage)["findings"]}
    for title, name in wanted.items():
        if name:
            stage.act.expect(name in found, f"{title}: inspect does not name {name}")
    more = sorted(found.keys() - set(wanted.values()))
    stage.note(f"inspect names {json.dumps(found)}")
    if more:
        stage.note(f"not asked for, but named: {', '.join(more)}")


def inspect(stage: Stage) -> Mapping[str, Any]:
    """What `inspect` says. Raises CommandFailed where it says nothing."""
    said, _ = stage.execute("inspect", stage.names.twin, codes=(0, 1))
    result: Mapping[str, Any] = said.json
    return result


def write_mapping(stage: Stage, layers: Layers, connections: Mapping[str, Any]) -> None:
    """Write who runs the layers, and what is known of the other side, into the project."""
    names = ("layer_1_provider", "layer_2_provider", "layer_3_hot_provider")
    providers = dict(zip(names, layers, strict=True))
    (stage.known.project / "config_providers.json").write_text(json.dumps(providers))
    (stage.known.project / "config_inter_cloud.json").write_text(json.dumps({"connections": connections}))


def remember_writer(stage: Stage, result: Mapping[str, Any]) -> None:
    """The URL and its token, as they are given to the other cloud. Raises DidNotCome."""
    entry = result.get("connections", {}).get(other_cloud.BACK)
    if not entry:
        raise DidNotCome(f"The deployment says nothing of the connection {other_cloud.BACK}.")
    stage.known.url = entry["url"]
    value = stage.client("secretsmanager").get_secret_value(SecretId=entry["token_secret"])
    stage.known.token = value["SecretString"]
    stage.secrets.append(stage.known.token)
    stage.act.expect(
        entry["token_secret"] == TwinNames(stage.names.twin).secret(other_cloud.BACK),
        f"the token is in {entry['token_secret']}",
    )


def _traced(stage: Stage, trace_id: str) -> Any:
    said = stage.gluecode.run("trace", trace_id, "--twin", stage.names.twin, quiet=True)
    return said.json if said.code == 0 and said.json["end"] == "stored" else None


ACTS = (
    Step("Install the orchestrator", install, 5),
    Step("Check permissions", check_permissions, 1),
    Step("Deploy a twin with all layers on AWS", deploy_on_aws, 4, 2),
    Step("Send three events", send_three, 2),
    Step("Trace one event", trace, 0.5),
    Step("Change things by hand; inspect names them", drift_on_aws, 1, 1),
    Step("Deploy repairs them", repair, 3, 2),
    Step("Send three events again", send_three, 4),
    Step("Move L2 to another cloud, while events come", change_mapping, 9, 2),
    Step("Prove the public URL from outside", prove_url, 0.5),
    Step("Hold the public URL against the contract", conformance, 1, 0, long=True),
    Step("Close the URL by hand; deploy opens it", drift_url, 4, 3, long=True),
    Step("Move L2 back, while events come", change_back, 8, 2),
    Step("Deploy once more: nothing is written", deploy_unchanged, 1, 1),
)
