"""Evaluates a template's intrinsic functions, as far as our templates use them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

HERE = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "gluecode",
    "AWS::StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/gluecode/1",
    "Prefix": "gluecode",
    "ArtifactBucket": "gluecode-artifacts-123456789012-eu-central-1",
    "TwinPrefix": "",
    "PermissionsBoundary": "",
    "KmsKeyArn": "",
    "Schedule": "",
    "Alarms": "true",
    "AlarmTopicArn": "",
    "RepairDrift": "false",
    "TwinBoundary": "arn:aws:iam::123456789012:policy/gluecode-TwinBoundary-1",
}
_ASKS_FOR = {"AlarmTopicGiven": "AlarmTopicArn", "BoundaryGiven": "PermissionsBoundary", "KeyGiven": "KmsKeyArn"}


def resolved(value: Any, parameters: Mapping[str, str] = HERE) -> Any:
    """The value with Ref, Fn::Sub, Fn::Join, Fn::Split and Fn::If put in. Conditions ask if a parameter is given."""
    if isinstance(value, list):
        return [found for each in value if (found := resolved(each, parameters)) is not None]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((function, argument),) = value.items()
        if function == "Ref":
            return None if argument == "AWS::NoValue" else parameters[argument]
        if function == "Fn::Sub":
            text, variables = argument if isinstance(argument, list) else (argument, {})
            known = {**parameters, **{name: resolved(each, parameters) for name, each in variables.items()}}
            return re.sub(r"\$\{([\w:]+)\}", lambda found: known[found[1]], text)
        if function == "Fn::Join":
            return argument[0].join(resolved(argument[1], parameters))
        if function == "Fn::Split":
            return resolved(argument[1], parameters).split(argument[0])
        if function == "Fn::If":
            return resolved(argument[1] if parameters[_ASKS_FOR[argument[0]]] else argument[2], parameters)
    return {name: resolved(each, parameters) for name, each in value.items()}


def allowed(statements: Any, action: str, resource: str) -> bool:
    """Whether the statements allow the action on the resource, whatever their conditions."""
    return any(
        action in statement["Action"] and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
        for statement in statements
    )
