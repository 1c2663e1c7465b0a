"""Makes the Lambda handlers, of a kind's three verbs and of tasks: read the event, run, journal one line, answer.

Event of `create` and `info`: {"run": "…", "dry_run": false, "spec": {…}, "resolved": {…}, "may_exist": true}.
`resolved` has the fields of the spec that only this execution could find out (the version of the configuration layer,
for example). `may_exist` says whether the resource may exist already: with false, a kind that can do so creates it
without reading first. Event of `destroy`: {"run": "…", "dry_run": false, "identity": {…}}. Answer: `contract.Result` as
JSON, and of `create` also `may_exist`: whether it existed before, for the steps about what depends on it.

The journal is one JSON line per step on standard output. All step tasks share one log group, so a deployment is
followed by reading one place, on every engine, at no extra call.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.errors import InvalidInput, NotReady, StepError
from orchestrator.core.spec_json import read_spec

Event = Mapping[str, Any]
Handler = Callable[[Event, Any], dict[str, Any]]
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Actions:
    """The IAM actions each verb needs, and no others: the tasks' roles are made from these."""

    create: tuple[str, ...]
    destroy: tuple[str, ...]
    info: tuple[str, ...]

    @classmethod
    def plain(cls, *, read: tuple[str, ...], create: tuple[str, ...], destroy: tuple[str, ...]) -> Actions:
        """Those of a kind whose verbs all read with the same calls."""
        return cls(create=read + create, destroy=read + destroy, info=read)

    def of(self, verb: str) -> tuple[str, ...]:
        """The actions of one verb, by its name."""
        return {"create": self.create, "destroy": self.destroy, "info": self.info}[verb]


@dataclass(frozen=True)
class Kind:
    """One kind of resource, as the state machines, the template and the tests see it.

    The verbs in `reads_s3` get a client of S3 as well (`s3=`), for what they read from the artifact bucket themselves.
    `create_first` says that its `create` takes `create_first=`.
    """

    name: str
    service: str
    spec: type
    identity: type
    create: Callable[..., Result]
    destroy: Callable[..., Result]
    info: Callable[..., Result]
    actions: Actions
    reads_s3: tuple[str, ...] = ()
    create_first: bool = False

    def handlers(self) -> tuple[Handler, Handler, Handler]:
        """The handlers of `create`, `destroy` and `info`: Lambda finds them as attributes of the kind's module."""
        return self.task("create"), self.task("destroy"), self.task("info")

    def task(self, verb: str) -> Handler:
        """The Lambda handler of one verb (`create`, `destroy` or `info`)."""
        run = {"create": self.create, "destroy": self.destroy, "info": self.info}[verb]
        shape, key = (self.identity, "identity") if verb == "destroy" else (self.spec, "spec")

        def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
            if not isinstance(event, Mapping) or not isinstance(event.get(key), Mapping):
                raise InvalidInput(f"{self.name} {verb}: the event has no '{key}' object.")
            options: dict[str, Any] = {} if verb == "info" else {"dry_run": bool(event.get("dry_run", False))}
            if verb == "create" and self.create_first:
                options["create_first"] = event.get("may_exist") is False and not options["dry_run"]
            with journal(event, self.name, verb) as note, aws.translated():
                if verb in self.reads_s3:
                    options["s3"] = aws.client("s3")
                wanted: Any = read_spec(shape, {**event[key], **(event.get("resolved") or {})})
                result = run(aws.client(self.service), wanted, **options)
                note(result)
            return result.as_dict() | ({"may_exist": result.outcome != "created"} if verb == "create" else {})

        return handler


@overload
def task(work: Callable[[Event], Result]) -> Handler: ...
@overload
def task(work: Callable[[Event], tuple[Result, Answer]]) -> Callable[[Event, Any], Answer]: ...
def task(work: Callable[[Event], Any]) -> Callable[[Event, Any], Any]:
    """Make the Lambda handler of a task, journalled by its module's name: `take_lock` takes a lock.

    `work` returns its Result, which then is the answer, too; or the Result for the journal, and another answer.
    """
    verb, _, kind = work.__module__.rpartition(".")[2].partition("_")

    @functools.wraps(work)
    def handler(event: Event, _context: Any) -> Any:
        with journal(event, kind.replace("_", "-"), verb) as note, aws.translated():
            done = work(event)
            result, answer = (done, done.as_dict()) if isinstance(done, Result) else done
            note(result)
        return answer

    return handler


class journal:  # noqa: N801  # reads as a statement: `with journal(...) as note`
    """Time one step and print its line, also when it fails."""

    def __init__(self, event: Mapping[str, Any], kind: str, verb: str) -> None:
        self._line: dict[str, Any] = {"step": kind, "verb": verb, "run": event.get("run", "")}
        subject = event.get("spec") or event.get("identity")
        if isinstance(subject, Mapping):  # so that a step which fails before it answers is named, too
            self._line["name"] = subject.get("name", "")
        if event.get("dry_run"):
            self._line["dry_run"] = True
        if event.get("may_exist") is False:
            self._line["new"] = True

    def __enter__(self) -> Callable[..., None]:
        self._started = time.time()
        self._before = aws.counted()
        return self._note

    def _note(self, result: Result, **more: Any) -> None:
        answer, asked_about = result.as_dict(), self._line.get("name")
        if asked_about and asked_about != answer["name"]:
            self._line["subject"] = asked_about  # AWS's name of it is another
        self._line |= {"name": answer["name"], "outcome": answer["outcome"], "changes": answer["changes"], **more}

    def __exit__(self, _type: Any, error: BaseException | None, _trace: Any) -> None:
        after = aws.counted()
        if error is not None:
            self._line |= {"outcome": "failed", "error": type(error).__name__, "message": str(error)}
        if isinstance(error, StepError) and self._line.get("name"):
            # A state machine passes on nothing but the text, so that is where it has to stand which step failed.
            error.args = (f"{self._line['verb']} {self._line['step']} '{self._line['name']}': {error}",)
        if isinstance(error, NotReady) and error.achieved:
            self._note(error.achieved)
        self._line |= {name: after[name] - self._before[name] for name in after}
        self._line |= {"started": round(self._started, 3), "seconds": round(time.time() - self._started, 3)}
        print(json.dumps(self._line, default=str), flush=True)  # noqa: T201  # the journal is standard output
