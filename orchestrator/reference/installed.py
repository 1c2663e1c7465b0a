"""What `gluecode install` creates in an account, counted in its templates."""

from __future__ import annotations

from collections import Counter

from deploy_steps.registry import all_tasks
from orchestrator.install import template
from orchestrator.install.machines import machines
from orchestrator.install.template import Code
from orchestrator.reference import markdown

_PURPOSES = {
    "AWS::S3::Bucket": "The artifact bucket: projects, what is built from them, the orchestrator's code. Versioned, "
    "encrypted, closed to the public.",
    "AWS::S3::BucketPolicy": "TLS only.",
    "AWS::StepFunctions::StateMachine": "`deploy`, `destroy`, `inspect`, `check-drift`, and three smaller ones "
    "that they start.",
    "AWS::Lambda::Function": "The steps: `create`, `destroy` and `info` of every kind of resource, and the tasks "
    "around them. They run only while a state machine does.",
    "AWS::IAM::Role": "One for each step and each state machine.",
    "AWS::Events::Rule": "What starts a deployment: a project that was uploaded, and whoever asks for one.",
    "AWS::SQS::Queue": "Deployments that events ask for, and events that could not be delivered.",
    "AWS::SQS::QueuePolicy": "Only those rules may send to them.",
    "AWS::Lambda::EventSourceMapping": "Hands the requests to the function that starts deployments.",
    "AWS::Lambda::LayerVersion": "What the functions of twins import, and what reads project files.",
    "AWS::DynamoDB::Table": "Locks, records and history of twins.",
    "AWS::Logs::LogGroup": "The journal of the steps, and the log of the executions.",
    "AWS::CloudWatch::Alarm": "One for each way in which `deploy`, `destroy` or `inspect` can fail; none with "
    "`--no-alarms`.",
    "AWS::IAM::ManagedPolicy": "The permissions boundary of every role that a twin gets.",
}


def text() -> str:
    """The table, to be included in a page."""
    code = Code(tasks="", functions="", functions_sha256="", functions_layer="", pydantic_layer="")
    stacks = (template.artifacts(), template.orchestrator(all_tasks(), machines(), code, ""))
    counted = Counter(resource["Type"] for stack in stacks for resource in stack["Resources"].values())
    rows = [(str(counted[kind]), markdown.code(kind), _PURPOSES.get(kind, "")) for kind in _ordered(counted)]
    return f"{markdown.table(('how many', 'type', 'what for'), rows)}\n"


def _ordered(counted: Counter[str]) -> list[str]:
    return [*(kind for kind in _PURPOSES if kind in counted), *(kind for kind in counted if kind not in _PURPOSES)]
