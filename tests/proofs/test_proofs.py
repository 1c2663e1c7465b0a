"""A chosen part of each proof, small enough for every test run; `make proofs` runs them whole."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy_steps.registry import tasks
from tests.harness.account import PREFIX, Account
from tests.harness.faults import CutAfter
from tests.proofs import (
    crash,
    drift,
    faults,
    foreign,
    grants,
    namesakes,
    queues,
    reconcile,
    rights,
    rollback,
    sequences,
    together,
)
from tests.proofs.circuit import circuit, stretches
from tests.proofs.drifts import DRIFTS, Drift, titled
from tests.proofs.expected import rows
from tests.proofs.projects import MAPPINGS, SCENARIOS, TWIN, Mapping, Project, name_of
from tests.proofs.stories import STORIES
from tests.proofs.strangers import STRANGERS, Stranger

_CROSSING = ("azure", "aws", "gcp")
_NOTHING = ("azure", "gcp", "azure")


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Account() as opened:
        yield opened


def test_the_expected_table_has_a_row_for_every_mapping() -> None:
    assert sorted(rows()) == sorted(MAPPINGS)


def test_the_circuit_makes_every_change_exactly_once() -> None:
    walk = circuit(MAPPINGS)
    changes = [change for part in stretches(walk, 7) for change in itertools.pairwise(part)]

    assert len(changes) == 702
    assert sorted(changes) == sorted((one, other) for one in MAPPINGS for other in MAPPINGS if one != other)


@pytest.mark.parametrize("mapping", [*SCENARIOS.values(), _CROSSING, _NOTHING], ids=name_of)
def test_a_mapping_deploys_to_the_table_redeploys_to_no_change_and_destroys_to_nothing(
    account: Account, mapping: Mapping
) -> None:
    assert reconcile.from_nothing(account, mapping).failures == []


@pytest.mark.parametrize("where", ["region", "prefix"])
def test_twins_of_one_name_in_two_regions_or_installations_do_not_meet(account: Account, where: str) -> None:
    assert namesakes.check(account, namesakes.Story(where, _CROSSING)).failures == []


@pytest.mark.parametrize("batching", [False, True], ids=["one by one", "in batches"])
def test_no_function_lacks_a_right_while_a_mapping_changes(account: Account, batching: bool) -> None:
    a, b, _ = SCENARIOS.values()
    over = Project(_CROSSING)
    change = rights.Change(over, replace(over, batching=True)) if batching else rights.Change(Project(a), Project(b))

    assert rights.check(account, change).failures == []


def test_a_change_of_mapping_ends_as_a_fresh_deployment(account: Account) -> None:
    a, b, c = SCENARIOS.values()

    assert reconcile.walk(account, [a, b, c, _CROSSING, a, _NOTHING, b, a, c]).failures == []


@pytest.mark.parametrize("mapping", [("aws", "gcp", "aws"), _CROSSING], ids=name_of)
def test_batching_is_switched_on_and_off_again_and_ends_as_a_fresh_deployment(
    account: Account, mapping: Mapping
) -> None:
    assert reconcile.batched(account, mapping).failures == []


@pytest.mark.parametrize("mapping", [("aws", "gcp", "aws"), _CROSSING], ids=name_of)
def test_a_queue_in_which_an_event_waits_stays_with_its_sender_until_it_is_gone(
    account: Account, mapping: Mapping
) -> None:
    assert reconcile.waiting(account, mapping).failures == []


@pytest.mark.parametrize(
    "move", reconcile.MOVES[:3], ids=lambda move: " to ".join(name_of(each.mapping) for each in move)
)
def test_a_queue_that_moves_or_leaves_with_its_sender_ends_as_a_fresh_deployment(
    account: Account, move: tuple[Project, Project]
) -> None:
    assert reconcile.moved(account, move).failures == []


@pytest.mark.parametrize("way", queues.WAYS)
@pytest.mark.parametrize("project", [queues.ALL, queues.BATCHING], ids=["all on AWS", "with an outbox"])
def test_a_twin_that_is_deployed_while_its_queues_are_dying_has_its_queues_in_the_end(
    account: Account, project: Project, way: str
) -> None:
    assert queues.check(account, project, way).failures == []


@pytest.mark.parametrize("command", crash.COMMANDS, ids=lambda command: str(command.title))
def test_a_command_that_loses_an_answer_anywhere_ends_as_an_undisturbed_one(
    account: Account, command: crash.Command
) -> None:
    sample = crash.points(account, (command,), orders=(1,))[7::43]

    assert [failure for point in sample for failure in crash.check(account, point).failures] == []


@pytest.mark.parametrize("command", crash.COMMANDS[:3], ids=lambda command: str(command.title))
def test_a_deployment_completes_under_throttling_and_failures(account: Account, command: crash.Command) -> None:
    assert faults.check(account, faults.Run(command, seed=1)).failures == []


def test_a_denied_call_leaves_what_was_asked_for(account: Account) -> None:
    sample = rollback.denials(account, rollback.DEPLOYMENTS[2:3])[11::31]

    assert [failure for denial in sample for failure in rollback.check(account, denial).failures] == []


def test_what_a_task_does_after_its_sibling_failed_is_rolled_back_as_well(account: Account) -> None:
    denials = rollback.denials(account, rollback.DEPLOYMENTS[:1])
    shuffled = [each for each in denials if each.order and each.on_failure == "rollback"]

    assert [failure for denial in shuffled[15:40:3] for failure in rollback.check(account, denial).failures] == []


@pytest.mark.parametrize("kind", together.KINDS)
def test_executions_that_meet_do_not_disturb_each_other(account: Account, kind: str) -> None:
    assert together.check(account, together.Meeting(kind, seed=3)).failures == []


@pytest.mark.parametrize("by_hand", DRIFTS, ids=lambda by_hand: str(by_hand.title))
def test_a_change_by_hand_is_named_and_repaired(account: Account, by_hand: Drift) -> None:
    assert drift.check(account, by_hand).failures == []


@pytest.mark.parametrize("function", ["persister", "press-processor"])
def test_a_repair_that_is_cut_off_after_a_role_was_made_again_is_completed_by_the_next_run(
    account: Account, function: str
) -> None:
    assert drift.interrupted(account, titled(f"the {function}'s role deleted")).failures == []


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda stranger: str(stranger.picture))
def test_what_is_not_ours_is_left_alone_until_it_is_adopted(account: Account, stranger: Stranger) -> None:
    assert foreign.check(account, stranger).failures == []


def test_a_thing_without_a_record_that_lost_its_tags_is_left_alone_as_a_stranger(account: Account) -> None:
    account.clear()
    account.upload(TWIN, Project(MAPPINGS[0]).files)
    cut = itertools.count(1)
    while "log group /gluecode/factory" not in account.picture():
        account.run("deploy", {"project": TWIN}, faults=CutAfter(next(cut)))
    titled("the log group's tags stripped").do(account.client)

    destroyed = account.run("destroy", {"twin": TWIN, "retain_data": False})

    assert (destroyed.error, sorted(account.picture())) == ("ForeignResource", ["log group /gluecode/factory"])
    assert "/gluecode/factory" in destroyed.cause
    assert account.item(TWIN, "lock") is None


# Every action of a task that is no verb of a kind; those of the kinds are held by the contract suite.
_OF_THE_TASKS = (
    "born and gone: c: L2 on Azure",
    "nothing changed: a: all on AWS",
    "nothing changed: c: L2 on Azure",
    "nothing changed: batching",
    "everything leaves AWS",
    "rolled back to nothing",
    "rolled back to what was there",
    "a lock whose execution is gone",
    "a token that stands in its secret only",
    "named by its project",
    "installed by CloudFormation",
    "a report is wanted",
    "looked after by the schedule",
    "asked for by an event",
)


def test_the_policies_of_the_tasks_are_enough_and_hold_nothing_that_is_not_needed(account: Account) -> None:
    played = {story.title: grants.as_granted(account, story) for story in STORIES if story.title in _OF_THE_TASKS}
    stories = {title: used for title, (_, used) in played.items()}
    of_the_tasks = [f"{PREFIX}-{task.name}: " for task in tasks() if task.name != "start-deployment"]

    sample = grants.removals(stories)[::15]

    assert [failure for outcome, _ in played.values() for failure in outcome.failures] == []
    assert [line for line in grants.unused(stories) if line.startswith(tuple(of_the_tasks))] == []
    assert [failure for removal in sample for failure in grants.check(account, removal).failures] == []


def test_random_sequences_keep_the_invariant() -> None:
    counts = sequences.run(sequences=5, steps=5, shrink=False)

    assert counts["deploys completed"] > 0
