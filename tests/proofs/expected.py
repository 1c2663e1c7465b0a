"""What each of the 27 mappings must bring about, written down by hand: the measure for the planner, not made by it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.harness.picture import Picture
from tests.proofs.projects import Mapping

_TABLE = """
L1     L2     L3    | dispatcher connector ingestion processor persister checker writer table rule | connections
aws    aws    aws   |     x          -         -         x         x        x      -      x    x   |
aws    aws    azure |     x          -         -         x         x        x      -      -    x   | aws_l2_to_azure_l3
aws    aws    gcp   |     x          -         -         x         x        x      -      -    x   | aws_l2_to_gcp_l3
aws    azure  aws   |     x          x         -         -         -        -      x      x    x   | aws_l1_to_azure_l2 azure_l2_to_aws_l3
aws    azure  azure |     x          x         -         -         -        -      -      -    x   | aws_l1_to_azure_l2
aws    azure  gcp   |     x          x         -         -         -        -      -      -    x   | aws_l1_to_azure_l2
aws    gcp    aws   |     x          x         -         -         -        -      x      x    x   | aws_l1_to_gcp_l2 gcp_l2_to_aws_l3
aws    gcp    azure |     x          x         -         -         -        -      -      -    x   | aws_l1_to_gcp_l2
aws    gcp    gcp   |     x          x         -         -         -        -      -      -    x   | aws_l1_to_gcp_l2
azure  aws    aws   |     -          -         x         x         x        x      -      x    -   | azure_l1_to_aws_l2
azure  aws    azure |     -          -         x         x         x        x      -      -    -   | azure_l1_to_aws_l2 aws_l2_to_azure_l3
azure  aws    gcp   |     -          -         x         x         x        x      -      -    -   | azure_l1_to_aws_l2 aws_l2_to_gcp_l3
azure  azure  aws   |     -          -         -         -         -        -      x      x    -   | azure_l2_to_aws_l3
azure  azure  azure |     -          -         -         -         -        -      -      -    -   |
azure  azure  gcp   |     -          -         -         -         -        -      -      -    -   |
azure  gcp    aws   |     -          -         -         -         -        -      x      x    -   | gcp_l2_to_aws_l3
azure  gcp    azure |     -          -         -         -         -        -      -      -    -   |
azure  gcp    gcp   |     -          -         -         -         -        -      -      -    -   |
gcp    aws    aws   |     -          -         x         x         x        x      -      x    -   | gcp_l1_to_aws_l2
gcp    aws    azure |     -          -         x         x         x        x      -      -    -   | gcp_l1_to_aws_l2 aws_l2_to_azure_l3
gcp    aws    gcp   |     -          -         x         x         x        x      -      -    -   | gcp_l1_to_aws_l2 aws_l2_to_gcp_l3
gcp    azure  aws   |     -          -         -         -         -        -      x      x    -   | azure_l2_to_aws_l3
gcp    azure  azure |     -          -         -         -         -        -      -      -    -   |
gcp    azure  gcp   |     -          -         -         -         -        -      -      -    -   |
gcp    gcp    aws   |     -          -         -         -         -        -      x      x    -   | gcp_l2_to_aws_l3
gcp    gcp    azure |     -          -         -         -         -        -      -      -    -   |
gcp    gcp    gcp   |     -          -         -         -         -        -      -      -    -   |
"""  # noqa: E501  # a table

_SCOPE = "-us-east-1-gluecode"

_FUNCTIONS = {
    "dispatcher": ["factory-dispatcher"],
    "connector": ["factory-connector"],
    "ingestion": ["factory-ingestion"],
    "processor": ["factory-processor", "factory-press-processor"],  # the device "press" has a process.py of its own
    "persister": ["factory-persister"],
    "checker": ["factory-event-checker"],
    "writer": ["factory-writer"],
}
_PUBLIC = {"factory-ingestion", "factory-writer"}
_SENDERS = {"aws_l1": "factory-connector", "aws_l2": "factory-persister"}  # by where the connection begins
_FEEDERS = {
    "factory-connector": {"factory-dispatcher"},
    "factory-persister": {"factory-processor", "factory-press-processor"},
}
_STATEMENTS = {
    "factory-dispatcher": [("iot.amazonaws.com", "lambda:InvokeFunction")],
    "factory-ingestion": [("*", "lambda:InvokeFunction"), ("*", "lambda:InvokeFunctionUrl")],
    "factory-writer": [("*", "lambda:InvokeFunction"), ("*", "lambda:InvokeFunctionUrl")],
}


@dataclass(frozen=True)
class Row:
    """One row of the table: the marked columns, the ids of the connections, and whether what AWS sends is batched."""

    marked: frozenset[str]
    connections: tuple[str, ...]
    batching: bool = False

    @property
    def batcher(self) -> str:
        """The function that works off a queue of what is to be sent, if there is one."""
        senders = [_SENDERS[each[:6]] for each in self.connections if each[:6] in _SENDERS]
        return senders[0] if senders and self.batching else ""

    @property
    def functions(self) -> list[str]:
        """The names of its functions."""
        return [name for column in _FUNCTIONS if column in self.marked for name in _FUNCTIONS[column]]

    @property
    def resources(self) -> set[str]:
        """Every resource that shall be there, as a picture names it."""
        functions = self.functions
        if not functions:
            return set()
        names = {f"function {name}" for name in functions} | {f"role {name}{_SCOPE}" for name in functions}
        names |= {f"secret factory/{connection}" for connection in self.connections}
        names |= {"log group /gluecode/factory", "layer factory-configuration", f"dashboard factory-dashboard{_SCOPE}"}
        if self.marked & {"dispatcher", "processor"}:  # something is invoked asynchronously
            names |= {"queue factory-failures", "alarm factory-failed-events"}
        if self.marked & {"ingestion", "writer"}:  # something is public
            names |= {"alarm factory-refused-requests", "alarm factory-url-requests"}
        if self.batcher:
            names |= {f"queue {self.batcher}", f"event source {self.batcher}"}
        if "table" in self.marked:
            names.add("table factory-hot-iot-data")
        if "rule" in self.marked:
            names |= {"rule factory_trigger_dispatcher", f"role factory-trigger{_SCOPE}"}
        return names


def rows() -> dict[Mapping, Row]:
    """The table by mapping."""
    heading, *lines = (line for line in _TABLE.splitlines() if line)
    columns = heading.split("|")[1].split()
    read: dict[Mapping, Row] = {}
    for line in lines:
        mapping, marks, connections = (part.split() for part in line.split("|"))
        marked = frozenset(column for column, mark in zip(columns, marks, strict=True) if mark == "x")
        read[mapping[0], mapping[1], mapping[2]] = Row(marked, tuple(connections))
    return read


def faults(row: Row, picture: Picture) -> list[str]:
    """What a picture has too much, too little or wrong, measured by a row."""
    found = [f"missing: {name}" for name in row.resources - picture.keys()]
    found += [f"left over: {name}" for name in picture.keys() - row.resources]
    for name in row.functions:
        if f"function {name}" in picture:
            found += [f"{name}: {fault}" for fault in _function_faults(name, row, picture[f"function {name}"])]
            found += [f"{name}: {fault}" for fault in _queue_faults(name, row, picture)]
    if row.batcher and f"queue {row.batcher}" in picture:
        found += _outgoing_faults(row.batcher, picture)
    if row.functions and picture.get("layer factory-configuration", {}).get("versions") != 1:
        found.append("layer factory-configuration: not exactly one version")
    if row.functions and not picture.get("log group /gluecode/factory", {}).get("retention"):
        found.append("log group /gluecode/factory: no retention")
    return sorted(found)


def _function_faults(name: str, row: Row, function: dict[str, object]) -> list[str]:
    settings, policy = function["settings"], function["policy"]
    assert isinstance(settings, dict)
    assert isinstance(policy, list)
    variables = settings["Environment"]["Variables"]
    statements = sorted((_principal(statement["Principal"]), statement["Action"]) for statement in policy)
    sends = {
        "factory-connector": any(connection.startswith("aws_l1") for connection in row.connections),
        "factory-persister": any(connection.startswith("aws_l2") for connection in row.connections),
    }.get(name, False)
    target = "REMOTE_INGESTION_URL" if name == "factory-connector" else "REMOTE_WRITER_URL"
    stores = name in {"factory-persister", "factory-writer"} and "table" in row.marked
    checks = {
        "its URL": (function["url"] is not None) == (name in _PUBLIC),
        "its statements": statements == sorted(_STATEMENTS.get(name, [])),
        "its failure destination": (function["invoke"] is not None) == (name not in _PUBLIC),
        "its log group": settings["LoggingConfig"]["LogGroup"] == "/gluecode/factory",
        "its role": settings["Role"].endswith(f":role/gluecode/gluecode/us-east-1/{name}{_SCOPE}"),
        "its configuration": any(layer.startswith("factory-configuration@") for layer in settings["Layers"]),
        "its token": ("INTER_CLOUD_TOKEN_SECRET" in variables) == (sends or name in _PUBLIC),
        "its remote target": (target in variables) == sends,
        "its table": (variables.get("DYNAMODB_TABLE_NAME") == "factory-hot-iot-data") == stores,
        "no token in its environment": "INTER_CLOUD_TOKEN" not in variables,
    }
    return [f"wrong in {what}" for what, right in checks.items() if not right]


_RECEIVING = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}


def _queue_faults(name: str, row: Row, picture: Picture) -> list[str]:
    """Who puts events into the queue, who takes them out, and that nobody else may."""
    variables = picture[f"function {name}"]["settings"]["Environment"]["Variables"]
    statements = picture[f"role {name}{_SCOPE}"]["policies"]["gluecode"]["Statement"]
    may = {
        (action, resource.rpartition(":")[2])
        for statement in statements
        for action in statement["Action"]
        for resource in statement["Resource"]
        if action.startswith("sqs:") or action == "lambda:InvokeFunction"
    }
    gathered = {target for target, feeders in _FEEDERS.items() if name in feeders and target == row.batcher}
    addresses = {value.rpartition("/")[2] for key, value in variables.items() if key.endswith("_QUEUE_URL")}
    checks = {
        "the queue it is told of": addresses - {"factory-failures"} == gathered,
        "its right to send": {queue for action, queue in may if action == "sqs:SendMessage"} - {"factory-failures"}
        == gathered,
        "whom it may invoke": not {("lambda:InvokeFunction", target) for target in gathered} & may,
        "its right to receive": {each for each in may if each[0] in _RECEIVING}
        == ({(action, name) for action in _RECEIVING} if name == row.batcher else set()),
        "its attempts": variables.get("OUTGOING_ATTEMPTS") == ("5" if name == row.batcher else None),
    }
    return [f"wrong in {what}" for what, right in checks.items() if not right]


def _outgoing_faults(batcher: str, picture: Picture) -> list[str]:
    settings = picture[f"queue {batcher}"]["settings"]
    source = picture.get(f"event source {batcher}", {}).get("settings", {})
    redrive = json.loads(settings["RedrivePolicy"])
    checks = {
        "its times": (settings["MessageRetentionPeriod"], settings["VisibilityTimeout"]) == ("345600", "360"),
        "its encryption": settings["SqsManagedSseEnabled"] == "true",
        "its redrive": redrive["deadLetterTargetArn"].endswith(":factory-failures")
        and int(redrive["maxReceiveCount"]) == 5,
        "what it runs": source.get("queue", "").endswith(f":{batcher}") and source.get("State") == "Enabled",
        "its batches": (source.get("BatchSize"), source.get("MaximumBatchingWindowInSeconds")) == (10, 0)
        and source.get("FunctionResponseTypes") == ["ReportBatchItemFailures"],
    }
    return [f"queue {batcher}: wrong in {what}" for what, right in checks.items() if not right]


def _principal(principal: object) -> str:
    return next(iter(principal.values())) if isinstance(principal, dict) else str(principal)
