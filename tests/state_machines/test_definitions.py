"""What must hold of every state machine before any engine runs it."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

import pytest

import state_machines
from deploy_steps.errors import RETRYABLE
from tests.state_machines import graph
from tests.state_machines.placeholders import PLACEHOLDERS, START

CLOSING = {"Release the lock", "Write the report", "Announce the result"}
"""What a deployment does at its end stands in a Parallel that is handed the state as `ending`."""
IMPERATIVES = {
    *(
        "Announce",
        "Bring",
        "Build",
        "Check",
        "Compare",
        "Create",
        "Deploy",
        "Destroy",
        "Drain",
        "Inspect",
        "Keep",
        "List",
        "Load",
    ),
    *(
        "Close",
        "Look",
        "Narrow",
        "Open",
        "Prepare",
        "Prove",
        "Read",
        "Prune",
        "Reconcile",
        "Record",
        "Release",
        "Remove",
        "Request",
        "Revoke",
        "Say",
        "Take",
        "Wait",
        "Write",
    ),
}
DOING = {"Task", "Parallel", "Map", "Wait"}
STATEMENT = re.compile(r"\b(is|did|was|failed|broke)\b")
PROVIDERS = {f"$.providers.layer_{layer}_provider" for layer in ("1", "2", "3_hot")}

machine = pytest.mark.parametrize("name", state_machines.MACHINES)
public = pytest.mark.parametrize("name", state_machines.PUBLIC)


def states(name: str, *types: str) -> list[tuple[str, graph.State]]:
    """The machine's states, of those types only if any are given."""
    found = graph.states(state_machines.definition(name))
    return [(title, state) for title, state in found if not types or state["Type"] in types]


@machine
def test_every_way_leads_to_a_state_of_the_same_scope(name: str) -> None:
    for scope in graph.scopes(state_machines.definition(name)):
        assert scope.start in scope.states
        for title, state in scope.states.items():
            assert set(graph.successors(state)) <= set(scope.states), title


@machine
def test_every_state_is_reached_by_some_route(name: str) -> None:
    for scope in graph.scopes(state_machines.definition(name)):
        assert graph.reachable(scope) == set(scope.states)


@machine
def test_every_state_either_goes_on_or_ends(name: str) -> None:
    for title, state in states(name):
        goes_on = bool({"Next", "Default"} & set(state))
        assert goes_on != (state["Type"] in ("Succeed", "Fail") or state.get("End") is True), title


@machine
def test_a_choice_has_a_default_and_leads_to_different_places(name: str) -> None:
    for title, state in states(name, "Choice"):
        assert "Default" in state, title
        assert len(set(graph.successors(state))) >= 2, title


@machine
def test_names_read_as_a_story(name: str) -> None:
    for title, state in states(name):
        assert title.endswith("?") == (state["Type"] == "Choice"), title
        if state["Type"] in DOING:
            assert title.split()[0] in IMPERATIVES, title
        if state["Type"] in ("Succeed", "Fail"):
            assert STATEMENT.search(title), title


@machine
def test_names_are_unique_in_the_whole_machine_and_short_enough_for_aws(name: str) -> None:
    titles = [title for title, _ in states(name)]

    assert [title for title, times in Counter(titles).items() if times > 1] == []
    assert [title for title in titles if len(title) > 80] == []


@machine
def test_every_machine_says_what_it_does_and_ends_some_time(name: str) -> None:
    definition = state_machines.definition(name)

    assert definition["Comment"].endswith((".", "destroy and inspect."))
    assert definition["TimeoutSeconds"] > 0
    assert all(state["TimeoutSeconds"] <= definition["TimeoutSeconds"] for _, state in states(name, "Task"))


@machine
def test_every_task_retries_the_errors_that_pass_by_name_and_no_others(name: str) -> None:
    for title, state in states(name, "Task"):
        retried = [error for retrier in state["Retry"] for error in retrier["ErrorEquals"]]
        assert not {"States.ALL", "States.TaskFailed"} & set(retried), title
        if not starts_machine(state):
            assert {error.__name__ for error in RETRYABLE} <= set(retried), title
        for retrier in state["Retry"]:
            assert retrier["BackoffRate"] > 1, title
            assert retrier["MaxDelaySeconds"] > retrier["IntervalSeconds"], title
            assert retrier["JitterStrategy"] == "FULL", title


OF_LAMBDA = {
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ResourceConflictException",  # the function is being updated: `gluecode install` runs
    "Lambda.ResourceNotReadyException",  # it is being made ready again after weeks without a call
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
}
"""What Step Functions reports of an invocation, beside the task's own errors, and what passes."""


@machine
def test_every_task_retries_on_the_one_list_of_errors(name: str) -> None:
    for title, state in states(name, "Task"):
        if not starts_machine(state):
            retried = [error for retrier in state["Retry"] for error in retrier["ErrorEquals"]]
            assert sorted(retried) == sorted(OF_LAMBDA | {error.__name__ for error in RETRYABLE}), title


@machine
def test_all_tasks_retry_alike(name: str) -> None:
    policies = {json.dumps(state["Retry"]) for _, state in states(name, "Task") if not starts_machine(state)}

    assert len(policies) == 1


LONGEST_WAIT_SECONDS = 110
"""Until a step of an execution that has ended has ended as well; a queue's name is free again after 60."""


@pytest.mark.parametrize("error", ["NotReady", "Conflict"])
def test_what_is_not_ready_is_waited_for_long_enough_with_whatever_jitter(error: str) -> None:
    state = next(state for _, state in states("deploy", "Task") if not starts_machine(state))
    retrier = next(each for each in state["Retry"] if error in each["ErrorEquals"])
    longest = [
        min(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** number, retrier["MaxDelaySeconds"])
        for number in range(retrier["MaxAttempts"])
    ]

    # Each wait is between nothing and the longest, all alike: half of it on average, with a variance of a twelfth.
    mean, deviation = sum(longest) / 2, math.sqrt(sum(delay**2 for delay in longest) / 12)

    assert mean - 4 * deviation > LONGEST_WAIT_SECONDS  # missed once in 30,000 times


@machine
def test_only_what_every_engine_understands_is_used(name: str) -> None:
    assert not re.search(r'"(QueryLanguage|Assign|Arguments|Output|Items)"\s*:', state_machines.source(name))
    paths = re.findall(r'"\$[^"]*"', state_machines.source(name))
    assert [path for path in paths if not re.fullmatch(r'"\$\$?(\.\w+|\[[\d*]\])*"|"\$\{\w+\}"', path)] == []


@machine
def test_every_step_learns_its_run_and_whether_it_may_write(name: str) -> None:
    for title, state in states(name, "Task"):
        handed = state.get("Parameters", {})
        handed = handed.get("Input", handed)
        if "InspectMachine}" in json.dumps(state):  # a public machine takes its public input
            continue
        if handed and "request.$" not in handed:  # without Parameters a task gets all that its state has
            where = "$.ending" if name == "deploy" and title in CLOSING else "$"
            assert {"run.$": f"{where}.run", "dry_run.$": f"{where}.dry_run"}.items() <= handed.items(), title


@machine
def test_placeholders_are_the_tasks_and_machines_that_there_are(name: str) -> None:
    assert state_machines.placeholders(name) <= PLACEHOLDERS


def test_every_task_is_called_by_some_machine() -> None:
    called = set().union(*map(state_machines.placeholders, state_machines.MACHINES))

    assert called == PLACEHOLDERS


@machine
def test_rendering_puts_an_arn_in_place_of_every_placeholder(name: str) -> None:
    text = state_machines.rendered(name, START | dict.fromkeys(PLACEHOLDERS, "arn:aws:lambda:eu-west-1:1:function:x"))

    assert "${" not in text
    assert json.loads(text)["StartAt"] == state_machines.definition(name)["StartAt"]


def test_rendering_without_an_arn_names_what_is_missing() -> None:
    with pytest.raises(KeyError, match="DestroyEventSource"):
        state_machines.rendered("remove-function", {})


@public
def test_choices_about_a_layer_read_the_provider_mapping_itself(name: str) -> None:
    compared = [
        (rule["Variable"], rule["StringEquals"])
        for _, state in states(name, "Choice")
        for choice in state["Choices"]
        for rule in graph.rules(choice)
        if "providers" in rule["Variable"]
    ]

    assert {value for _, value in compared} <= {"aws"}
    assert {variable for variable, _ in compared} == (PROVIDERS if name == "deploy" else set())


@public
def test_a_failure_tells_the_person_what_happened(name: str) -> None:
    for title, state in states(name, "Fail"):
        assert {"ErrorPath", "CausePath"} <= set(state), title


@pytest.mark.parametrize(("name", "release"), [("deploy", "Close the run"), ("destroy", "Release the lock")])
def test_nothing_ends_without_having_released_the_lock(name: str, release: str) -> None:
    definition = state_machines.definition(name)
    assert '"${ReleaseLock}"' in json.dumps(definition["States"][release])
    held = definition["States"]["Take the twin's lock"]["Next"]
    without_release = {title: state for title, state in definition["States"].items() if title != release}
    cut = {
        title: {**state, "Next": title} if release in graph.successors(state) else state
        for title, state in without_release.items()
    }

    ends = [title for title in graph.reachable(graph.Scope(held, cut)) if cut[title]["Type"] in ("Succeed", "Fail")]

    assert ends == []


@machine
def test_no_two_steps_write_one_functions_policy_side_by_side(name: str) -> None:
    for title, state in states(name, "Parallel"):
        writers = [branch for branch in state["Branches"] if "Permissions}" in json.dumps(branch)]
        assert len(writers) <= 1, title


def test_remove_is_about_the_same_things_as_deploy() -> None:
    groups, prepared = {"functions", "processing"}, {"rule's role"}
    of_outboxes = {"outboxes", "sender's event source"}
    renamed = {"roles", "an earlier role", "dashboards", "an earlier dashboard"}

    removed = nouns("remove", "Destroy", "Remove") - of_outboxes - renamed

    assert (
        removed
        == {each.replace("connection's ", "") for each in nouns("deploy", "Create", "Deploy")} - groups | prepared
    )


def test_remove_goes_the_other_way_round() -> None:
    up, down = order("deploy", "Create", "Deploy"), order("remove", "Destroy", "Remove")

    same_way = {(first, then) for first, then in up & down if (then, first) not in up}

    assert same_way == set()


def test_a_function_is_removed_in_the_reverse_order_of_its_making() -> None:
    up = order("deploy-function", "Create")
    down = order("remove-function", "Destroy")

    assert {(first, then) for first, then in up & down} == set()


def starts_machine(state: graph.State) -> bool:
    """Whether a Task runs another machine."""
    return str(state["Resource"]).startswith("${StartExecution")


def nouns(name: str, *verbs: str) -> set[str]:
    """What the machine's states with those verbs are about."""
    return {noun for title, _ in states(name) if (noun := noun_of(title, verbs))}


def noun_of(title: str, verbs: tuple[str, ...]) -> str:
    """`Create the hot table` → `hot table`; empty for a state with another verb, or about what is left over."""
    verb, _, noun = title.partition(" ")
    return noun.removeprefix("the ") if verb in verbs and "what the layers" not in noun else ""


def order(name: str, *verbs: str) -> set[tuple[str, str]]:
    """The pairs of nouns of which the first can come before the second."""
    places = [
        (noun, place) for title, place in placed(state_machines.definition(name), ()) if (noun := noun_of(title, verbs))
    ]
    return {
        (first, then)
        for (first, first_at), (then, then_at) in permutations(places, 2)
        if comes_before(first_at, then_at)
    }


Place = tuple[tuple[graph.Scope, str], ...]


def placed(definition: Mapping[str, Any], above: Place) -> Iterator[tuple[str, Place]]:
    """Every state's name with the scopes around it, and which state of each scope it stands in."""
    scope = graph.Scope(definition["StartAt"], definition["States"])
    for title, state in scope.states.items():
        place = (*above, (scope, title))
        yield title, place
        for inner in graph.inside(state):
            yield from placed(inner, place)


def comes_before(first: Place, then: Place) -> bool:
    """Whether, in the innermost scope that both stand in, a way leads from the one to the other."""
    for (scope, mine), (other_scope, theirs) in zip(first, then, strict=False):
        if scope is not other_scope and scope != other_scope:
            return False  # in different branches of a Parallel
        if mine != theirs:
            return theirs in graph.after(scope, mine)
    return False
