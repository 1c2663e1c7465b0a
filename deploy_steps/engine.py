"""The reconcile loop, written once: observe, exists? ours? up to date? act, answer.

The engine calls a kind's functions; a kind never calls the engine. What the answers mean is in `deploy_steps.contract`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial, update_wrapper
from operator import attrgetter
from typing import Any, Generic, TypeVar

from deploy_steps.contract import UNKNOWN, Change, Changes, Live, Outputs, Result, Wanted, differences, tag_differences
from deploy_steps.errors import NotReady, Rejected
from deploy_steps.ownership import ensure_ours
from deploy_steps.task import Actions, Kind

Spec = TypeVar("Spec", bound=Wanted)
Id = TypeVar("Id", bound=Wanted)


@dataclass(frozen=True)
class Calls(Generic[Spec, Id]):
    """What a kind brings: the only functions that call AWS.

    `read` gets a spec or an identity, and is the only place that turns "not found" into None. `create` returns the
    outputs. `update` is None where `create` replaces what exists. What writes may raise NotReady after it has written:
    the journal then reports what was achieved.
    """

    read: Callable[[Any, Any], Live | None]
    desired: Callable[[Spec], Mapping[str, Any]]
    create: Callable[[Any, Spec], Outputs | None]
    update: Callable[[Any, Spec, Live, Changes], None] | None
    delete: Callable[[Any, Id, Live], None]


@dataclass(frozen=True)
class Facts(Generic[Spec, Id]):
    """What is particular about a kind.

    `outputs` are the names of what later steps need. `name_taken` is the error by which AWS refuses to create what
    exists; without it, the kind always reads first. `ensure_parent_ours` is called before a write, for what has no
    tags; its last argument says that the parent must exist by now. `irreparable` has a message for each setting that
    cannot be repaired. `confirm` is the message for AWS not showing what it has acknowledged; with it, the engine reads
    once more after it has written. `named` is AWS's name of a thing, where that is not the spec's. `shown_when_gone` is
    for what AWS goes on showing after it was deleted, where only `create` finds out: the error by which it says that
    the thing is there, with other settings. Who has reason to believe that there is none then does not trust what was
    read, and has `create` confirm it.
    """

    name: str
    service: str
    spec: type[Spec]
    identity: type[Id]
    outputs: tuple[str, ...] = ()
    name_taken: str = ""
    ensure_parent_ours: Callable[[Any, str, Wanted, bool], None] | None = None
    irreparable: Mapping[str, str] = field(default_factory=dict)
    confirm: str = ""
    named: Callable[[Wanted], str] = attrgetter("name")
    shown_when_gone: str = ""


def plain_kind(facts: Facts[Spec, Id], calls: Calls[Spec, Id], **actions: tuple[str, ...]) -> Kind:
    """The kind with the engine's verbs. `actions`: the IAM actions that its calls need to read, create, destroy."""
    loop = _Loop(facts, calls)
    return Kind(
        facts.name,
        facts.service,
        facts.spec,
        facts.identity,
        create=update_wrapper(partial(loop.create), calls.create),  # the docstring describes the task
        destroy=update_wrapper(partial(loop.destroy), calls.delete),
        info=loop.info,
        create_first=bool(facts.name_taken or facts.shown_when_gone),
        actions=Actions.plain(**actions),
    )


@dataclass(frozen=True)
class _Loop(Generic[Spec, Id]):
    facts: Facts[Spec, Id]
    calls: Calls[Spec, Id]

    def create(self, client: Any, spec: Spec, *, dry_run: bool = False, create_first: bool = False) -> Result:
        facts, calls = self.facts, self.calls
        if create_first and facts.name_taken:
            with suppress(getattr(client.exceptions, facts.name_taken)):
                return _written(Result(facts.name, facts.named(spec), "created"), calls.create, client, spec)
        live = calls.read(client, spec)
        if live and live.in_transition:  # its tags may not show yet
            raise NotReady(f"The {facts.name} '{facts.named(spec)}' is {live.in_transition}.")
        if live and create_first and facts.shown_when_gone:
            self._ensure_ours(client, spec, live, parent_required=True)  # `create` may well change a stranger's
            with suppress(getattr(client.exceptions, facts.shown_when_gone)):
                calls.create(client, spec)
        changes = self._changes(spec, live) if live else Changes()
        outputs = {name: live.outputs[name] for name in facts.outputs} if live else {}
        if live and not changes:
            return Result(facts.name, facts.named(spec), "unchanged", outputs=outputs)
        self._ensure_ours(client, spec, live, parent_required=not dry_run)
        for change in changes:
            if reason := facts.irreparable.get(change.field):
                raise Rejected(reason.format(name=facts.named(spec), before=change.before, after=change.after))
        if live is None or calls.update is None:
            outputs = dict.fromkeys(facts.outputs, UNKNOWN)
        result = Result(facts.name, facts.named(spec), "updated" if live else "created", changes, outputs)
        if dry_run:
            return result
        if live and calls.update:
            result = _written(result, calls.update, client, spec, live, changes)
        else:
            result = _written(result, calls.create, client, spec)
        if facts.confirm and ((live := calls.read(client, spec)) is None or self._changes(spec, live)):
            raise NotReady(facts.confirm.format(name=facts.named(spec)), result)
        return result

    def destroy(self, client: Any, identity: Id, *, dry_run: bool = False) -> Result:
        facts, live = self.facts, self.calls.read(client, identity)
        if live is None or live.deleting:
            return Result(facts.name, facts.named(identity), "absent")
        self._ensure_ours(client, identity, live, parent_required=False)
        if live.has_data and getattr(identity, "retain_data", False):
            return Result(facts.name, facts.named(identity), "retained", outputs=live.outputs)
        result = Result(facts.name, facts.named(identity), "deleted")
        return result if dry_run else _written(result, self.calls.delete, client, identity, live)

    def info(self, client: Any, spec: Spec) -> Result:
        """Compare what is there with the spec."""
        facts, live = self.facts, self.calls.read(client, spec)
        if live is None or live.deleting:
            return Result(facts.name, facts.named(spec), "absent")
        changes = self._changes(spec, live)
        return Result(facts.name, facts.named(spec), "drifted" if changes else "present", changes, live.outputs)

    def _changes(self, spec: Spec, live: Live) -> Changes:
        desired = self.calls.desired(spec)
        added = [Change(name, value, None) for name, value in live.settings.items() if name not in desired]
        tags = () if live.tags is None else tag_differences(spec.owner, live.tags)
        return Changes([*differences(desired, live.settings), *added, *tags])

    def _ensure_ours(self, client: Any, wanted: Wanted, live: Live | None, *, parent_required: bool) -> None:
        """Raise ForeignResource before a write. What is up to date needs no check: it has our tags."""
        if live and live.tags is not None:
            ensure_ours(self.facts.name, self.facts.named(wanted), wanted.owner, live.tags)
        if self.facts.ensure_parent_ours:
            self.facts.ensure_parent_ours(client, self.facts.name, wanted, parent_required)


def _written(result: Result, write: Callable[..., Outputs | None], *arguments: Any) -> Result:
    """The result with the outputs of the write. What AWS has not completed yet is reported as achieved."""
    try:
        outputs = write(*arguments)
    except NotReady as waiting:
        waiting.achieved = waiting.achieved or result
        raise
    return result if outputs is None else replace(result, outputs=outputs)
