"""The reconcile loop, written once: observe, exists? ours? up to date? act, answer.

The engine calls a kind's functions; a kind never calls the engine. What the answers mean is in `deploy_steps.contract`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial, update_wrapper
from typing import Any, Generic, TypeVar

from deploy_steps.contract import UNKNOWN, Change, Result, differences, tag_differences
from deploy_steps.errors import NotReady, Rejected
from deploy_steps.ownership import Wanted, ensure_ours
from deploy_steps.task import Actions, Kind

Changes = tuple[Change, ...]
Outputs = Mapping[str, Any]
Spec = TypeVar("Spec", bound=Wanted)
Id = TypeVar("Id", bound=Wanted)


@dataclass(frozen=True)
class Live:
    """A resource as AWS shows it.

    `settings` are compared with the desired ones; a setting that is not desired is drift, too. `tags` are None where
    AWS has none. `id` is how AWS addresses the resource if not by its name. `outputs` are those of `info`.
    `in_transition` says what AWS is doing with it ("CREATING"), `deleting` that it soon will be gone. `has_data`: it is
    retained by a destroy with `retain_data`.
    """

    settings: Mapping[str, Any]
    tags: Mapping[str, str] | None = None
    id: Any = None
    outputs: Outputs = field(default_factory=dict)
    in_transition: str = ""
    deleting: bool = False
    has_data: bool = False


def ensure_tags_ours(client: Any, kind: str, wanted: Wanted, live: Live | None, required: bool) -> None:  # noqa: ARG001  # one of several
    """Raise ForeignResource unless what is there has our tags."""
    if live is not None:
        ensure_ours(kind, wanted.name, wanted.owner, live.tags or {})


@dataclass(frozen=True)
class Resource(Generic[Spec, Id]):
    """What a kind brings: five functions, the only ones that call AWS, and what is particular about it.

    `read` gets a spec or an identity, and is the only place that turns "not found" into None. `create` returns the
    outputs; so does `update` if they are other ones afterwards. The three that write may raise NotReady after they have
    written: the journal then reports what was achieved.

    `outputs` are the names of what later steps need. `name_taken` is the error by which AWS refuses to create what
    exists; without it, the kind always reads first. `ensure_ours` is asked before a write; `required` says that what
    the resource belongs to must exist by now. `irreparable` has a message for each setting that cannot be repaired,
    `confirm` one for AWS not showing what it has acknowledged: it makes the engine read after it has written.
    `new_outputs`: an update changes them.
    """

    read: Callable[[Any, Any], Live | None]
    desired: Callable[[Spec], Mapping[str, Any]]
    create: Callable[[Any, Spec], Outputs]
    update: Callable[[Any, Spec, Live, Changes], Outputs | None]
    delete: Callable[[Any, Id, Live], None]
    outputs: tuple[str, ...] = ()
    name_taken: str | None = None
    ensure_ours: Callable[[Any, str, Wanted, Live | None, bool], None] = ensure_tags_ours
    irreparable: Mapping[str, str] = field(default_factory=dict)
    confirm: str = ""
    new_outputs: bool = False

    def changes(self, spec: Spec, live: Live) -> Changes:
        """All that differs from the spec: settings, settings that were added, tags."""
        desired = self.desired(spec)
        added = tuple(Change(name, value, None) for name, value in live.settings.items() if name not in desired)
        tags = () if live.tags is None else tag_differences(spec.owner, live.tags)
        return differences(desired, live.settings) + added + tags


def plain_kind(
    name: str, service: str, spec: type[Spec], identity: type[Id], resource: Resource[Spec, Id], actions: Actions
) -> Kind:
    """The kind whose verbs are the engine's, for one resource."""
    return Kind(
        name=name,
        service=service,
        spec=spec,
        identity=identity,
        create=update_wrapper(partial(create, name, resource), resource.create),
        destroy=update_wrapper(partial(destroy, name, resource), resource.delete),
        info=update_wrapper(partial(info, name, resource), info),
        create_first=resource.name_taken is not None,
        actions=actions,
    )


def create(
    kind: str,
    resource: Resource[Spec, Id],
    client: Any,
    spec: Spec,
    *,
    dry_run: bool = False,
    create_first: bool = False,
) -> Result:
    """Bring the resource to its spec."""
    if create_first and resource.name_taken:
        with suppress(getattr(client.exceptions, resource.name_taken)):
            return _written(Result(kind, spec.name, "created"), resource.create, client, spec)
    live = resource.read(client, spec)
    if live and live.in_transition:  # before anything is judged: its tags may not show yet
        raise NotReady(f"The {kind} '{spec.name}' is {live.in_transition}.")
    changes = resource.changes(spec, live) if live else ()
    known = {name: live.outputs[name] for name in resource.outputs} if live else {}
    if live and not changes:
        return Result(kind, spec.name, "unchanged", outputs=known)
    resource.ensure_ours(client, kind, spec, live, not dry_run)  # what is not ours differs, if only by its tags
    for change in changes:
        if reason := resource.irreparable.get(change.field):
            raise Rejected(reason.format(name=spec.name, before=change.before, after=change.after))
    if resource.new_outputs or not live:
        known = dict.fromkeys(resource.outputs, UNKNOWN)
    result = Result(kind, spec.name, "updated" if live else "created", changes, known)
    if dry_run:
        return result
    if live:
        result = _written(result, resource.update, client, spec, live, changes)
    else:
        result = _written(result, resource.create, client, spec)
    if resource.confirm and not _shows(resource, client, spec):
        raise NotReady(resource.confirm.format(name=spec.name), result)
    return result


def destroy(kind: str, resource: Resource[Spec, Id], client: Any, identity: Id, *, dry_run: bool = False) -> Result:
    """Remove the resource, unless it has data that is to be retained."""
    live = resource.read(client, identity)
    if live is None or live.deleting:
        return Result(kind, identity.name, "absent")
    resource.ensure_ours(client, kind, identity, live, False)
    if live.has_data and getattr(identity, "retain_data", False):
        return Result(kind, identity.name, "retained", outputs=live.outputs)
    result = Result(kind, identity.name, "deleted")
    return result if dry_run else _written(result, resource.delete, client, identity, live)


def info(kind: str, resource: Resource[Spec, Id], client: Any, spec: Spec) -> Result:
    """Compare the live resource with its spec."""
    live = resource.read(client, spec)
    if live is None or live.deleting:
        return Result(kind, spec.name, "absent")
    changes = resource.changes(spec, live)
    return Result(kind, spec.name, "drifted" if changes else "present", changes, live.outputs)


def _written(result: Result, write: Callable[..., Outputs | None], *arguments: Any) -> Result:
    """The result with the outputs of the write. A write that AWS has not completed yet is reported as achieved."""
    try:
        outputs = write(*arguments)
    except NotReady as waiting:
        waiting.achieved = waiting.achieved or result
        raise
    return result if outputs is None else replace(result, outputs=outputs)


def _shows(resource: Resource[Spec, Id], client: Any, spec: Spec) -> bool:
    live = resource.read(client, spec)
    return live is not None and not resource.changes(spec, live)
