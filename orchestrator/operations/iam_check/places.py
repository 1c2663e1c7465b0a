"""On which resource each action is asked about, and on which resources a policy should allow it (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deploy_steps.shared.action_resources import ON_NO_RESOURCE, ActionResources
from orchestrator.core.names import Installation, TwinNames
from orchestrator.operations.iam_check.required import COMMAND_LINE, INSTALL, Use, service_of

SAMPLE_TWIN = "my-twin"
"""The twin whose resources are asked about when none is named."""

_COMPONENTS = {"layer_1": "dispatcher", "layer_2": "ingestion", "layer_3": "writer"}
_OF_MACHINES = {"states:StartExecution", "states:ListExecutions"}
_OF_BUCKETS = re.compile(r"s3:(ListBucket|\w*Bucket\w*|Put(Encryption|Lifecycle)Configuration)")
_NAME = re.compile(  # where in an ARN the name of the resource begins
    r"arn:[^:]*:[^:]*:[^:]*:[^:]*:"
    r"(?:function:|layer:|role/|policy/|table/|rule/|log-group:/gluecode/|secret:|stateMachine:|stack/|alarm:|dashboard/)?"
)
_UNCUT = 50  # no name is cut to AWS's limit before this many characters of the twin's


@dataclass(frozen=True)
class Place:
    """`asked`: one resource, to ask a policy about. `granted`: patterns of all, for a policy to be written."""

    asked: str
    granted: tuple[str, ...]


@dataclass(frozen=True)
class Places:
    """The places of an installation and one twin; without a twin, of all that it may ever have."""

    installation: Installation
    twin: str | None = None

    def of(self, group: str, use: Use) -> Place:
        """Where an action of a group is used."""
        if use.action in ON_NO_RESOURCE:
            return Place("*", ("*",))
        if group == INSTALL:
            return self._of_installing(use.action)
        if group == COMMAND_LINE:
            return self._of_command(use.action)
        return self._of_twin(
            ActionResources(self.installation, self._sample, _COMPONENTS[group]).of(use.by, use.action)
        )

    @property
    def _sample(self) -> str:
        return self.twin or SAMPLE_TWIN

    def _of_twin(self, asked: str) -> Place:
        table = self.installation.table_arn(self.installation.state_table)
        if asked in (table, self._bucket):
            return Place(asked, (asked,))
        steps = self.installation.log_group_arn(self.installation.steps_log_group)
        if asked.startswith(f"{steps}:"):
            return Place(asked, (f"{steps}:*",))
        if asked.startswith(f"{self._bucket}/"):
            return Place(asked, (f"{self._bucket}/*",))
        if ":event-source-mapping:" in asked:  # it is named by a number, which tells nothing of the twin
            return Place(asked, (self.installation.event_source_arn("*"),))
        start = "" if self.twin is None else self.twin[:_UNCUT]
        return self._named(asked, re.sub(r"[^A-Za-z0-9_]", "_", start) if ":rule/" in asked else start)

    def _of_command(self, action: str) -> Place:
        here, names = self.installation, TwinNames(self._sample)
        machine, every = here.machine_arn("deploy"), here.machine_arn("*")
        if action in _OF_MACHINES:
            return Place(machine, (every,))
        if service_of(action) == "states":
            return Place(f"{_execution(machine)}:{self._sample}", (f"{_execution(every)}:*",))
        if service_of(action) == "dynamodb":
            return self._of_twin(here.table_arn(here.state_table))
        if action == "iot:Publish":
            return Place(here.topic_arn(names.topic), (here.topic_arn(TwinNames(self.twin or "*").topic),))
        if action == "logs:FilterLogEvents":
            steps = self._of_twin(ActionResources(here, self._sample).of("", action))
            return Place(steps.asked, (*steps.granted, here.log_group_arn(TwinNames("*").log_group)))
        return self._of_twin(ActionResources(here, self._sample).of("", action))

    def _of_installing(self, action: str) -> Place:
        here, service = self.installation, service_of(action)
        if service == "s3":
            asked = self._bucket if _OF_BUCKETS.fullmatch(action) else f"{self._bucket}/code/functions.zip"
            return self._of_twin(asked)
        if service == "logs":
            steps, executions = map(here.log_group_arn, (here.steps_log_group, here.executions_log_group))
            return Place(steps, (f"{steps}*", f"{executions}*"))
        if "EventSourceMapping" in action:  # named by a number; when it is created, it has none yet
            mapping = "*" if "Create" in action else here.event_source_arn("*")
            return Place(mapping, (mapping,))
        own = f"{here.prefix}-x"
        of_policy = service == "iam" and "Policy" in action and "Role" not in action
        version = "" if action == "lambda:PublishLayerVersion" else ":1"
        arns = {
            "cloudwatch": here.alarm_arn(own),
            "cloudformation": self._arn("cloudformation", f"stack/{here.prefix}/x"),
            "dynamodb": here.table_arn(here.state_table),
            "events": self._arn("events", f"rule/{own}"),
            "iam": f"arn:{here.partition}:iam::{here.account}:policy/{own}" if of_policy else here.role_arn(own),
            "lambda": self._arn("lambda", f"layer:{own}{version}") if "Layer" in action else here.function_arn(own),
            "sqs": here.queue_arn(own),
            "states": here.machine_arn("deploy"),
        }
        return self._named(arns[service], here.prefix)

    @staticmethod
    def _named(asked: str, start: str) -> Place:
        """The place of everything of that kind whose name begins so."""
        found = _NAME.match(asked)
        return Place(asked, (f"{found[0]}{start}*" if found else asked,))

    @property
    def _bucket(self) -> str:
        return f"arn:{self.installation.partition}:s3:::{self.installation.bucket}"

    def _arn(self, service: str, resource: str) -> str:
        here = self.installation
        return f"arn:{here.partition}:{service}:{here.region}:{here.account}:{resource}"


def _execution(machine_arn: str) -> str:
    return machine_arn.replace(":stateMachine:", ":execution:")
