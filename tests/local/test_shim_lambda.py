"""Lambda in the embedded cloud behaves as on AWS where this product depends on it."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from orchestrator.local.cloud import Cloud
from tests.local.functions import arn_of, deploy, eventually, invoke, logged, zipped

Clients = Callable[[str], Any]

RAISES = """
class NotReady(Exception):
    pass

def handler(event, context):
    raise NotReady("the role is seconds old")
"""


def test_a_raised_exception_is_reported_by_its_class(clients: Clients) -> None:
    function = deploy(clients, RAISES)

    payload, kind = invoke(clients, function)

    assert kind == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("NotReady", "the role is seconds old")
    assert set(payload) == {"errorType", "errorMessage", "requestId", "stackTrace"}
    assert "in handler" in payload["stackTrace"][0]


def test_an_exception_is_written_to_the_log_with_its_trace(clients: Clients) -> None:
    function = deploy(clients, RAISES)

    invoke(clients, function)

    lines = logged(clients, f"/aws/lambda/{function}")
    assert lines[0] == "[ERROR] NotReady: the role is seconds old"
    assert lines[-1].strip() == 'raise NotReady("the role is seconds old")'


def test_a_worker_survives_an_exception_of_its_handler(clients: Clients) -> None:
    function = deploy(
        clients,
        """
calls = []

def handler(event, context):
    calls.append(event)
    if event == "fail":
        raise ValueError("no")
    return len(calls)
""",
    )

    invoke(clients, function, "fail")

    assert invoke(clients, function, "go on") == (2, None)


def test_a_worker_that_exits_is_reported_as_exit_error_and_replaced(clients: Clients) -> None:
    function = deploy(
        clients, "import os\ndef handler(event, context):\n    return os._exit(1) if event else 'alive'\n"
    )

    payload, kind = invoke(clients, function, "exit")

    assert (payload["errorType"], kind) == ("Runtime.ExitError", "Unhandled")
    assert invoke(clients, function) == ("alive", None)


def test_a_handler_that_cannot_be_imported_is_an_import_module_error(clients: Clients) -> None:
    function = deploy(clients, "import no_such_module\n")

    payload, kind = invoke(clients, function)

    assert (payload["errorType"], kind) == ("Runtime.ImportModuleError", "Unhandled")
    assert payload["errorMessage"] == "Unable to import module 'app': No module named 'no_such_module'"


def test_a_handler_that_takes_too_long_is_timed_out(clients: Clients) -> None:
    function = deploy(clients, "import time\ndef handler(event, context):\n    time.sleep(30)\n", Timeout=1)

    payload, kind = invoke(clients, function)

    assert (payload["errorType"], kind) == ("Sandbox.Timedout", "Unhandled")


def test_every_line_a_handler_writes_is_in_the_log_of_its_own_invocation(clients: Clients) -> None:
    source = "import sys\ndef handler(event, context):\n    print(event)\n    sys.stderr.write(f'{event} again')\n"
    function = deploy(clients, source)

    seen = []
    for number in range(5):
        before = len(logged(clients, f"/aws/lambda/{function}")) if number else 0
        invoke(clients, function, f"event {number}")
        seen.append(logged(clients, f"/aws/lambda/{function}")[before:])

    assert seen == [[f"event {number}", f"event {number} again"] for number in range(5)]


def test_a_function_logs_into_the_group_of_its_logging_config(clients: Clients) -> None:
    group = f"/gluecode/{uuid.uuid4().hex}"
    clients("logs").create_log_group(logGroupName=group)
    function = deploy(
        clients,
        "def handler(event, context):\n    print('here')\n",
        LoggingConfig={"LogFormat": "Text", "LogGroup": group},
    )

    invoke(clients, function)

    assert logged(clients, group) == ["here"]


def test_a_layer_is_importable_and_its_files_are_found(clients: Clients) -> None:
    layer = clients("lambda").publish_layer_version(
        LayerName=f"layer-{uuid.uuid4().hex[:8]}",
        Content={"ZipFile": zipped({"python/from_layer.py": "VALUE = 'layer'", "python/info.json": '{"a": 1}'})},
    )
    source = """
import pathlib, from_layer

def handler(event, context):
    return from_layer.VALUE, pathlib.Path(from_layer.__file__).with_name("info.json").read_text()
"""
    function = deploy(clients, source, Layers=[layer["LayerVersionArn"]])

    assert invoke(clients, function) == (["layer", '{"a": 1}'], None)


def test_new_configuration_reaches_the_next_invocation(clients: Clients) -> None:
    source = "import os\ndef handler(event, context):\n    return os.environ['GREETING']\n"
    function = deploy(clients, source, Environment={"Variables": {"GREETING": "one"}})
    invoke(clients, function)

    clients("lambda").update_function_configuration(
        FunctionName=function, Environment={"Variables": {"GREETING": "two"}}
    )

    assert invoke(clients, function) == ("two", None)


def test_an_update_lets_an_invocation_under_way_end(clients: Clients, embedded_cloud: Cloud) -> None:
    source = """
import os, pathlib, time

def handler(event, context):
    pathlib.Path(os.environ["HOME"], event).touch()
    while not pathlib.Path(os.environ["HOME"], event + "-may-end").exists():
        time.sleep(0.01)
    return "ended"
"""
    function, event = deploy(clients, source, Timeout=20), uuid.uuid4().hex
    worker_home = embedded_cloud.log_file.parent / f"cloud-{embedded_cloud.nonce}"
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(invoke, clients, function, event)
        eventually(lambda: (worker_home / event).exists() or None)

        clients("lambda").update_function_code(FunctionName=function, ZipFile=zipped({"app.py": source + "\n"}))
        (worker_home / f"{event}-may-end").touch()

        assert under_way.result() == ("ended", None)


def test_a_worker_sees_nothing_of_the_developers_environment(
    clients: Clients, embedded_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_PRIVATE_KEY", "secret")
    source = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"
    function = deploy(clients, source, TracingConfig={"Mode": "Active"})

    environment, _ = invoke(clients, function)

    of_the_developer = {name for name, value in os.environ.items() if environment.get(name) == value}
    assert of_the_developer <= {"LANG", "TZ", "PATH", "LC_CTYPE", "AWS_EC2_METADATA_DISABLED"}
    assert not Path(environment["HOME"], ".aws").exists()
    assert environment["AWS_ENDPOINT_URL"] == embedded_cloud.endpoint
    assert environment["GLUECODE_ALLOW_LOOPBACK_HTTP"] == "1"
    assert environment["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert "LOG_LEVEL" not in environment


def test_a_function_url_can_be_called_as_it_stands(clients: Clients, embedded_cloud: Cloud) -> None:
    source = "def handler(event, context):\n    return {'statusCode': 201, 'body': event['rawPath'] + event['body']}\n"
    function = deploy(clients, source)

    url = clients("lambda").create_function_url_config(FunctionName=function, AuthType="NONE")["FunctionUrl"]

    assert url.startswith(f"{embedded_cloud.endpoint}/_aws/lambda-url/")
    assert url == clients("lambda").get_function_url_config(FunctionName=function)["FunctionUrl"]
    assert url == clients("lambda").update_function_url_config(FunctionName=function, AuthType="NONE")["FunctionUrl"]
    listed = clients("lambda").list_function_url_configs(FunctionName=function)["FunctionUrlConfigs"]
    assert [config["FunctionUrl"] for config in listed] == [url]
    request = urllib.request.Request(url + "a/b", b"body", {"content-type": "text/plain"})
    with urllib.request.urlopen(request) as answer:
        assert (answer.status, answer.read()) == (201, b"/a/bbody")


def test_a_deleted_function_url_is_not_found(clients: Clients) -> None:
    function = deploy(clients, "def handler(event, context):\n    return 'here'\n")
    url = clients("lambda").create_function_url_config(FunctionName=function, AuthType="NONE")["FunctionUrl"]

    clients("lambda").delete_function_url_config(FunctionName=function)

    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(url)


def test_a_function_without_free_concurrency_is_throttled(clients: Clients) -> None:
    function = deploy(clients, "def handler(event, context):\n    return 'here'\n")
    clients("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)

    with pytest.raises(clients("lambda").exceptions.TooManyRequestsException):
        invoke(clients, function)


def test_a_secret_is_found_by_its_arn_without_the_random_suffix(clients: Clients) -> None:
    name = f"twin-{uuid.uuid4().hex}/aws_l1_to_azure_l2"
    arn = clients("secretsmanager").create_secret(Name=name, SecretString="token")["ARN"]

    found = clients("secretsmanager").get_secret_value(SecretId=arn.rpartition("-")[0])

    assert found["SecretString"] == "token"


def test_the_context_names_the_function_its_arn_and_the_remaining_time(clients: Clients) -> None:
    source = """
def handler(event, context):
    return [context.function_name, context.invoked_function_arn, context.get_remaining_time_in_millis() > 1000]
"""
    function = deploy(clients, source, Timeout=10)

    assert invoke(clients, function) == ([function, arn_of(clients, function), True], None)


def test_a_payload_may_be_any_json(clients: Clients) -> None:
    function = deploy(clients, "def handler(event, context):\n    return event\n")

    values = [None, "text", 1.5, [1], {"ü": "é"}]

    assert json.loads(json.dumps([invoke(clients, function, value)[0] for value in values])) == values


def test_a_queue_and_a_function_have_one_event_source_mapping_between_them(clients: Clients) -> None:
    function, functions, sqs = deploy(clients, RAISES), clients("lambda"), clients("sqs")
    url = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:12]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    made = functions.create_event_source_mapping(FunctionName=function, EventSourceArn=arn)

    with pytest.raises(functions.exceptions.ResourceConflictException, match=made["UUID"]):
        functions.create_event_source_mapping(FunctionName=function, EventSourceArn=arn)

    functions.delete_event_source_mapping(UUID=made["UUID"])
    assert functions.list_event_source_mappings(FunctionName=function)["EventSourceMappings"] == []
