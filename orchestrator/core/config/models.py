"""The typed models of the project's files; a field's description is what to write into it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from lambda_functions.shared.conditions import parse_condition
from orchestrator.core.config.faults import json_type, shown, suggestion
from orchestrator.core.names import NAME_RULE, is_name

Provider = Literal["aws", "azure", "gcp"]
PROVIDERS: tuple[str, ...] = ("aws", "azure", "gcp", "google")

DATA_TYPES: dict[str, tuple[type, ...]] = {
    "BOOLEAN": (bool,),
    "DOUBLE": (int, float),
    "INTEGER": (int,),
    "LIST": (list,),
    "LONG": (int,),
    "MAP": (dict,),
    "STRING": (str,),
}
"""The data types of a property, which are those of AWS IoT TwinMaker, and what JSON gives for each."""

KEYS_OF_EVERY_ITEM = ("iotDeviceId", "id", "time")
"""The keys of the stored item that no property may take."""

RESERVED_TWINS = ("steps",)
"""`/gluecode/steps` is the journal of the installation with the default prefix, not a twin's log group."""


def _refuse(problem: str, fix: str) -> PydanticCustomError:
    # pydantic formats the message with its context, so the texts go in as context and not as the template.
    return PydanticCustomError("refused", "{problem}", {"problem": problem, "fix": fix})


def _name(text: str) -> str:
    if not is_name(text):
        raise _refuse(f"is {shown(text)}, which AWS would reject in a resource's name.", f"Use {NAME_RULE}.")
    return text


def _twin(text: str) -> str:
    if text in RESERVED_TWINS:
        raise _refuse(f"is '{text}', which the orchestrator keeps for itself.", "Choose another name for the twin.")
    return _name(text)


def _property_name(text: str) -> str:
    if not is_name(text.lstrip("_")):
        raise _refuse(f"is {shown(text)}, which no condition could refer to.", "Use letters, digits, '-' and '_' only.")
    if text in KEYS_OF_EVERY_ITEM:
        raise _refuse(f"is '{text}', which every stored item already has as a key.", "Choose another name.")
    return text


def _data_type(text: str) -> str:
    if text not in DATA_TYPES:
        fix = f"{suggestion(text, DATA_TYPES)}There are {', '.join(DATA_TYPES)}."
        raise _refuse(f"is {shown(text)}, which is no data type.", fix)
    return text


def canonical_provider(name: str) -> str:
    """The provider's one name: `google` is `gcp`."""
    return "gcp" if name == "google" else name


def _provider(text: Any) -> Any:
    if not isinstance(text, str):  # the type check refuses it
        return text
    if text not in PROVIDERS:
        fix = f"{suggestion(text, PROVIDERS)}Write 'aws', 'azure' or 'gcp' ('google' means the same)."
        raise _refuse(f"is {shown(text)}, which is no provider.", fix)
    return canonical_provider(text)


def _condition(text: str) -> str:
    try:
        parse_condition(text)
    except ValueError as error:
        fix = "Write `a op b`, for example `oven-1.temperature > DOUBLE(240)`."
        raise _refuse(f"is no condition: {str(error).rstrip('.')}.", fix) from None
    return text


def _function_name(text: str) -> str:
    if not is_name(text) or len(text) > 64:
        raise _refuse(
            f"is {shown(text)}, which is no name of a Lambda function.",
            "Write the name of a function in this account: at most 64 letters, digits, '-' or '_'.",
        )
    return text


AProvider = Annotated[
    Provider, BeforeValidator(_provider), Field(description="'aws', 'azure' or 'gcp' ('google' means the same)")
]
ADeviceId = Annotated[str, AfterValidator(_name)]


class _Model(BaseModel):
    """Strict: no unknown field, no value that is merely convertible; values stay out of pydantic's messages."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class TwinSettings(_Model):
    """`config.json`."""

    digital_twin_name: Annotated[
        str, AfterValidator(_twin), Field(description='the twin\'s name, as in "factory-twin"')
    ]
    hot_storage_size_in_days: Annotated[
        int, Field(ge=1, le=36_500, description="a whole number of days from 1 to 36500")
    ]
    cold_storage_size_in_days: Annotated[
        int, Field(ge=0, le=36_500, description="a whole number of days from 0 to 36500")
    ]
    mode: Annotated[Literal["DEBUG", "PRODUCTION"], Field(description='"DEBUG" or "PRODUCTION"')]


class _Named(_Model):
    """What both kinds of property have."""

    name: Annotated[str, AfterValidator(_property_name), Field(description='the property\'s name, as in "temperature"')]
    dataType: Annotated[  # noqa: N815  # the file's own spelling
        str, AfterValidator(_data_type), Field(description=f"one of {', '.join(DATA_TYPES)}")
    ]

    @field_validator("initValue", "value", check_fields=False)  # the subclasses have one of them
    @classmethod
    def _fits(cls, value: Any, info: ValidationInfo) -> Any:
        data_type = info.data.get("dataType")
        if data_type is None:  # it is wrong itself, and was reported
            return value
        fits = isinstance(value, DATA_TYPES[data_type]) and (data_type == "BOOLEAN" or not isinstance(value, bool))
        if not fits:
            raise _refuse(
                f"is {shown(value)} ({json_type(value)}), which does not fit the dataType {data_type}.",
                "Correct the value or the dataType.",
            )
        return value


class Property(_Named):
    """One value that a device sends."""

    initValue: Annotated[Any, Field(description="the value before the first telemetry")] = None  # noqa: N815


class ConstantProperty(_Named):
    """One value that never changes: a serial number, a place."""

    value: Annotated[Any, Field(description="the value")]


class Device(_Model):
    """One entry of `config_iot_devices.json`."""

    id: Annotated[ADeviceId, Field(description='the device\'s id, as in "press-1"')]
    properties: Annotated[list[Property], Field(description='a list of {"name": …, "dataType": …}')]
    constProperties: Annotated[  # noqa: N815  # the file's own spelling
        list[ConstantProperty], Field(description='a list of {"name": …, "dataType": …, "value": …}')
    ] = []


class ProviderMapping(_Model):
    """`config_providers.json`: which cloud each layer runs on."""

    layer_1_provider: AProvider
    layer_2_provider: AProvider
    layer_3_hot_provider: AProvider
    layer_3_cold_provider: AProvider | None = None
    layer_3_archive_provider: AProvider | None = None
    layer_4_provider: AProvider | None = None
    layer_5_provider: AProvider | None = None


class Feedback(_Model):
    """What an event sends back to a device."""

    type: Annotated[Literal["mqtt"], Field(description='"mqtt"')]
    iotDeviceId: Annotated[ADeviceId, Field(description="the id of the device to answer")]  # noqa: N815
    payload: Annotated[Any, Field(description="what to send to the device: any JSON")]


class Action(_Model):
    """What happens when an event's condition holds."""

    type: Annotated[Literal["lambda"], Field(description='"lambda"')]
    functionName: Annotated[  # noqa: N815  # the file's own spelling
        str, AfterValidator(_function_name), Field(description="the name of the Lambda function to invoke")
    ]
    autoDeploy: Annotated[bool, Field(description="true or false")] = False  # noqa: N815
    feedback: Annotated[Feedback | None, Field(description='{"type": "mqtt", "iotDeviceId": …, "payload": …}')] = None


class Event(_Model):
    """One entry of `config_events.json`."""

    condition: Annotated[
        str, AfterValidator(_condition), Field(description="a condition, as in `oven-1.temperature > DOUBLE(240)`")
    ]
    action: Annotated[Action, Field(description='{"type": "lambda", "functionName": …}')]


class ConnectionSettings(_Model):
    """One value of `connections` in `config_inter_cloud.json`."""

    url: Annotated[str, Field(description="the https:// address of the function on the other cloud")] = ""
    token: Annotated[str, Field(repr=False, description="the token that both clouds share")] = ""
    signing: Annotated[bool, Field(description="true or false")] = False
    batching: Annotated[bool, Field(description="true or false, where AWS sends")] = False


class InterCloud(_Model):
    """`config_inter_cloud.json`."""

    connections: Annotated[  # one by one checked, so that each one's faults are told
        dict[str, Any], Field(description='{"aws_l1_to_azure_l2": {"url": "https://…", "token": "…"}}')
    ]


class InputParams(_Model):
    """The one part of the optimizer's result that is acted on; the rest is its own business."""

    model_config = ConfigDict(extra="ignore")

    useEventChecking: Annotated[bool, Field(description="true or false")] = False  # noqa: N815


class OptimizationResult(_Model):
    """The optimizer's result."""

    model_config = ConfigDict(extra="ignore")

    inputParamsUsed: Annotated[InputParams, Field(description='{"useEventChecking": true}')] = InputParams()  # noqa: N815


class Optimization(_Model):
    """`config_optimization.json`."""

    model_config = ConfigDict(extra="ignore")

    result: Annotated[OptimizationResult, Field(description='{"inputParamsUsed": {…}}')] = OptimizationResult()
