"""Says how an execution went: for the person who reads its output, and for the Fail state that ends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps.shared import summary
from deploy_steps.shared.explanation import explained
from orchestrator.core.plan.outputs import connection_outputs

_GO_ON = (
    "The twin is not locked. Once the cause is gone, start again with the same input: "
    'steps that are done answer "unchanged".'
)
_NO_WAY_BACK = "All that the project wants is in place; what it no longer needs was about to be removed."
_TOLD = ("created", "updated", "deleted", "retained", "unchanged")  # what was looked for and not there is no news
_LARGEST = 150_000  # characters of all steps; an execution's output may have 262,144 bytes


def outcome(verb: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """What became of an execution of `deploy` or `destroy`.

    `outcome` is `deployed`, `destroyed`, `planned`, `failed` or `rolled back`; with the last two come `error` and
    `cause`. Else there are `says` (a sentence), `next` (a command), and of a deployment `urls` by function and the
    `connections` that the other clouds need to know. Always: run, dry_run, twin, project, digest, `summary` (how many
    steps had which outcome), `retained` (what was left for its data), `steps`.
    """
    done = summary.steps(state.get("results"))
    told = {
        "run": state["run"],
        "dry_run": state["dry_run"],
        "twin": state["twin"],
        "project": state.get("project", ""),
        "digest": state.get("digest", ""),
        "summary": summary.counts(done),
        "retained": summary.retained(done),
        "steps": _fitting(done),
    }
    if "failure" in state or "rollback_failure" in state or "rolled_back_from" in state:
        return told | _failed(state, done)
    if state["dry_run"]:
        said = f"{_counted(told['summary'])}. Nothing was changed."
        return told | {"outcome": "planned", "says": said, "next": _command("deploy", state)}
    if verb == "destroy":
        return told | _destroyed(state, told["retained"])
    return told | _deployed(state, done, told["summary"])


def _deployed(state: Mapping[str, Any], done: list[summary.Step], counts: Mapping[str, int]) -> dict[str, Any]:
    urls = summary.urls(done, state["functions"])
    layers = [state["providers"][f"layer_{layer}_provider"] for layer in ("1", "2", "3_hot")]
    said = f"The twin '{state['twin']}' is as its project says: {_counted(counts)}."
    if "aws" not in layers:
        said = f"No layer of the twin '{state['twin']}' is on AWS, so nothing of it is here."
    return {
        "outcome": "deployed",
        "says": said,
        "urls": urls,
        "connections": connection_outputs(state, urls),
        "next": _command("send" if layers[0] == "aws" else "inspect", state),
    }


def _destroyed(state: Mapping[str, Any], retained: list[str]) -> dict[str, Any]:
    said = f"Nothing of the twin '{state['twin']}' is left."
    if retained:
        said = f"Of the twin '{state['twin']}' only its data is left: {', '.join(retained)}."
    return {"outcome": "destroyed", "says": said, "next": _command("destroy" if retained else "deploy", state)}


def _failed(state: Mapping[str, Any], done: list[summary.Step]) -> dict[str, Any]:
    if "rolled_back_from" not in state:
        error, message = explained(state["failure"])
        if "rollback_failure" in state:
            return _rollback_failed(state["rollback_failure"], error, message)
        reached = f" {_NO_WAY_BACK}" if "steps" in (state.get("results") or {}) else ""
        return {"outcome": "failed", "error": error, "cause": f"{message}{reached} {_GO_ON}"}
    error, message = explained(state["rolled_back_from"])
    if "failure" in state:
        return _rollback_failed(state["failure"], error, message)
    back = "to what was deployed before"
    if state.get("nothing_to_go_back_to"):
        back = "to nothing, since nothing was deployed before"
    urls = summary.urls([step for step in done if step["outcome"] == "created"], state["functions"])
    told = "".join(f" The public URL of the {name} is a new one: {url}." for name, url in urls.items())
    cause = f"The deployment failed and was rolled back {back}. It had failed with {error}: {message}{told} {_GO_ON}"
    return {"outcome": "rolled back", "error": "RolledBack", "cause": cause}


def _rollback_failed(failure: Mapping[str, Any], error: str, message: str) -> dict[str, Any]:
    second, why = explained(failure)
    cause = f"The deployment failed with {error}: {message} Rolling it back failed too, with {second}: {why} {_GO_ON}"
    return {"outcome": "failed", "error": "RollbackFailed", "cause": cause}


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[what]} {what}" for what in _TOLD if what in counts) or "nothing to do"


def _command(verb: str, state: Mapping[str, Any]) -> str:
    twin = state["twin"]
    return {
        "deploy": f"gluecode deploy {state.get('project') or twin}",
        "destroy": f"gluecode destroy {twin} --delete-data",
        "inspect": f"gluecode inspect {twin}",
        "send": f"gluecode send {twin} EVENT",
    }[verb]


def _fitting(done: list[summary.Step]) -> list[summary.Step]:
    """The steps as they are, or, where they would burst the output, without what changed: the journal has it."""
    if len(str(done)) <= _LARGEST:
        return done
    return [{name: value for name, value in step.items() if name != "changes"} for step in done]
