"""The plan is made from what lies in the bucket, or everything that is wrong with it is told."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from deploy_steps.errors import AccessDenied, InvalidInput, InvalidProject
from deploy_steps.registry import KINDS
from deploy_steps.state import state_table
from deploy_steps.tasks import load_project, record_outcome, record_start
from orchestrator.core.plan import Plan, unchanged_since_deploy
from orchestrator.core.plan.prune import wanted
from orchestrator.core.spec_json import read_spec
from tests.state_machines.example import planned
from tests.unit.deploy_steps.conftest import ACCOUNT, BUCKET, REGION, TABLE, TWIN, Account
from tests.unit.deploy_steps.test_record import done, event

EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:gluecode-deploy:a-run"


def project(mapping: tuple[str, str, str] = ("aws", "aws", "aws"), **connections: dict[str, str]) -> dict[str, bytes]:
    """The files of a project with one device that has code of its own."""
    layers = ("layer_1_provider", "layer_2_provider", "layer_3_hot_provider")
    documents: dict[str, Any] = {
        "config.json": {
            "digital_twin_name": TWIN,
            "hot_storage_size_in_days": 7,
            "cold_storage_size_in_days": 30,
            "mode": "DEBUG",
        },
        "config_iot_devices.json": [{"id": "press", "properties": []}],
        "config_providers.json": dict(zip(layers, mapping, strict=True)),
        "config_inter_cloud.json": {"connections": connections},
    }
    files = {name: json.dumps(document).encode() for name, document in documents.items()}
    return {**files, "processors/press/process.py": b"def process(event):\n    return event\n"}


def load(request: Any = None) -> dict[str, Any]:
    """Run the task."""
    asked = {"project": TWIN} if request is None else request
    return load_project.handler({"run": "a-run", "execution": EXECUTION, "request": asked}, None)


def test_a_project_becomes_the_plan_of_its_deployment(account: Account) -> None:
    account.upload(project())

    made = load()

    assert (made["run"], made["twin"], made["project"], made["source"]) == ("a-run", TWIN, TWIN, f"projects/{TWIN}/")
    assert made["functions"]["writer"]["function"]["role_arn"] == (
        f"arn:aws:iam::{ACCOUNT}:role/gluecode/gluecode/eu-central-1/{TWIN}-writer-eu-central-1-gluecode"
    )
    assert made["functions"]["writer"]["function"]["code"] == {
        "bucket": BUCKET,
        "key": "code/functions.zip",
        "sha256": "c2hhMjU2",
    }
    assert [device["device"] for device in made["device_processors"]] == ["press"]
    assert made["drain_seconds"] == 180


def test_the_steps_understand_every_spec_of_the_plan(account: Account) -> None:
    sends = {"url": "https://x.example", "token": "t0ken"}
    account.upload(project(("aws", "gcp", "aws"), aws_l1_to_gcp_l2=sends, gcp_l2_to_aws_l3={}))

    made = load()

    singles = {"failure_queue": "failure-queue", "log_group": "log-group", "configuration_layer": "config-layer"}
    singles |= {"hot_table": "hot-table", "iot_role": "iam-role", "iot_rule": "iot-rule"}
    parts = {"role": "iam-role", "function": "function", "permissions": "permissions"}
    parts |= {"invoke_config": "invoke-config", "url": "function-url"}
    specs = [(kind, made[field]) for field, kind in singles.items()]
    specs += [("secret", secret) for secret in made["secrets"]]
    for component in made["functions"].values():
        specs += [(kind, component[field]) for field, kind in parts.items() if field in component]
    for kind, spec in specs:
        assert read_spec(KINDS[kind].spec, spec)
    assert len(specs) == 6 + 2 + 7 * 4


def test_the_configuration_document_is_kept_once(account: Account) -> None:
    account.upload(project())

    content = load()["configuration_layer"]["content"]
    load()

    assert account.keys("builds/") == [content["key"]]
    body = account.client("s3").get_object(Bucket=BUCKET, Key=content["key"])["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as layer:
        document = json.loads(layer.read("python/digital_twin_info.json"))
    assert document["processors"] == {"press": f"{TWIN}-press-processor"}


def test_a_dry_run_keeps_nothing(account: Account) -> None:
    account.upload(project())

    load({"project": TWIN, "dry_run": True})

    assert account.keys("builds/") == []


def test_a_draft_is_read_from_where_it_lies(account: Account) -> None:
    account.upload(project(("gcp", "gcp", "aws"), gcp_l2_to_aws_l3={}), f"drafts/{TWIN}/0a1b/")

    made = load({"project": TWIN, "dry_run": True, "source": f"drafts/{TWIN}/0a1b"})

    assert made["providers"]["layer_1_provider"] == "gcp"


def test_every_role_gets_the_installations_boundary(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERMISSIONS_BOUNDARY", "arn:aws:iam::aws:policy/Bound")
    account.upload(project())

    made = load()

    roles = [made["iot_role"], *(component["role"] for component in made["functions"].values())]
    assert {role["permissions_boundary"] for role in roles} == {"arn:aws:iam::aws:policy/Bound"}


def test_what_departed_before_is_not_carried_along(account: Account) -> None:
    account.upload(project())

    assert not {"previous", "obsolete"} & set(load())


def test_a_token_in_secrets_manager_is_as_good_as_one_in_the_file(account: Account) -> None:
    account.upload(project(("aws", "gcp", "gcp"), aws_l1_to_gcp_l2={"url": "https://x.example"}))
    account.client("secretsmanager").create_secret(Name=f"{TWIN}/aws_l1_to_gcp_l2", SecretString="t0ken")

    (secret,) = load()["secrets"]

    assert (secret["name"], secret["source"]) == (f"{TWIN}/aws_l1_to_gcp_l2", None)


def test_a_token_that_is_nowhere_is_missed(account: Account) -> None:
    account.upload(project(("aws", "gcp", "gcp"), aws_l1_to_gcp_l2={"url": "https://x.example"}))

    with pytest.raises(InvalidProject, match=r"connections\.aws_l1_to_gcp_l2\.token: is missing"):
        load()


def test_a_missing_project_is_told_with_how_to_bring_it(account: Account) -> None:
    with pytest.raises(InvalidProject) as told:
        load({"project": "other"})

    assert f"There is no project at s3://{BUCKET}/projects/other/." in str(told.value)
    assert f"aws s3 sync other s3://{BUCKET}/projects/other" in str(told.value)


def test_every_fault_of_a_project_is_told_at_once(account: Account) -> None:
    files = project(("aws", "azzure", "aws"))
    del files["config_iot_devices.json"]
    account.upload({**files, "config.json": b"{"})

    with pytest.raises(InvalidProject) as told:
        load()

    for fault in ("config.json, line 1", "config_iot_devices.json: is missing", "layer_2_provider"):
        assert fault in str(told.value)
    assert account.keys("builds/") == []


def test_thousands_of_faults_still_fit_into_a_cause(account: Account) -> None:
    devices = [{"id": f"d{number}", "properties": [], "colour": "red"} for number in range(2_000)]
    account.upload({**project(), "config_iot_devices.json": json.dumps(devices).encode()})

    with pytest.raises(InvalidProject) as told:
        load()

    assert len(str(told.value)) < 17_000
    assert str(told.value).endswith("more: `gluecode validate` shows all.")


def test_a_malformed_request_reads_nothing(account: Account) -> None:
    with pytest.raises(InvalidInput, match="project is missing"):
        load({"twin": TWIN})


def test_the_journal_tells_how_many_steps_to_expect(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    account.upload(project())

    made = load()

    line = json.loads(capsys.readouterr().out)
    assert (line["step"], line["verb"], line["run"]) == ("project", "load", "a-run")
    assert line["expected_steps"] == made["expected_steps"]


def deployed(account: Account) -> dict[str, Any]:
    """Deploy the project as far as the state table is concerned, and return its plan."""
    account.upload(project())
    made = load()
    record_start.handler(event(made), None)
    record_outcome.handler(event(done(made)), None)
    return made


def calls(line: str) -> int:
    """How many calls a line of the journal tells of."""
    return int(json.loads(line)["calls"])


def test_a_project_that_was_deployed_before_is_settled_and_its_plan_is_the_same(account: Account) -> None:
    first = deployed(account)

    again = load()

    assert (first["unchanged_since_deploy"], again["unchanged_since_deploy"]) == (False, True)
    assert again["configuration_layer_arn"] == "arn:l:3"
    settled_parts = unchanged_since_deploy(Plan.from_json(first), wanted(first).components).as_json()
    for part in ("functions", "device_processors", "failure_queue", "log_group", "hot_table", "iot_rule", "secrets"):
        assert again[part] == settled_parts[part], part
    assert again["expected_steps"] == first["expected_steps"]  # one comparison more, one look less


def test_what_was_deployed_before_is_not_read_file_by_file(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.upload({f"processors/press/table-{number}.json": b"{}" for number in range(20)})
    deployed(account)
    capsys.readouterr()

    load()

    assert calls(capsys.readouterr().out) == 1 + 6 + 1  # the list, the files whose names are known, the state table


def test_a_plan_of_what_was_deployed_before_is_asked_for_in_its_own_way(account: Account) -> None:
    deployed(account)

    made = load({"project": TWIN, "dry_run": True, "on_failure": "rollback", "retain_data": False})

    assert made["unchanged_since_deploy"]
    assert (made["dry_run"], made["on_failure"], made["retain_data"]) == (True, "rollback", False)
    assert (made["run"], made["drain_seconds"]) == ("a-run", 0)


def _changed_file(account: Account) -> None:
    account.upload({"config_iot_devices.json": b'[{"id": "press", "properties": []}, {"id": "new", "properties": []}]'})


def _changed_code(account: Account) -> None:
    account.upload({"processors/press/process.py": b"def process(event):\n    return None\n"})


def _added_code(account: Account) -> None:
    account.upload({"processors/press/limits.json": b"{}"})


def _held_lock(account: Account) -> None:
    state_table.write(account.client("dynamodb"), TABLE, TWIN, "lock", {"execution": "somebody", "since": "now"})


def _something_begun(account: Account) -> None:
    record_start.handler(event(planned(("gcp", "gcp", "aws")), run="run-2"), None)


@pytest.mark.parametrize(
    "happened",
    [_changed_file, _changed_code, _added_code, _held_lock, _something_begun],
    ids=lambda happened: str(happened.__name__).strip("_").replace("_", " "),
)
def test_what_may_be_another_deployment_is_not_settled(account: Account, happened: Callable[[Account], None]) -> None:
    deployed(account)
    happened(account)

    assert not load()["unchanged_since_deploy"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GLUECODE_RELEASE", "0.2.0"),
        ("FUNCTIONS_SHA256", "b3RoZXI="),
        ("DEPENDENCIES_LAYER", "arn:aws:lambda:::layer:gluecode-functions:2"),
        ("PERMISSIONS_BOUNDARY", "arn:aws:iam::aws:policy/Bound"),
        ("ALARMS", "false"),
        ("ARCHITECTURE", "x86_64"),
    ],
)
def test_with_another_installation_nothing_is_settled(
    account: Account, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    deployed(account)
    monkeypatch.setenv(variable, value)

    assert not load()["unchanged_since_deploy"]


def test_whoever_wants_to_adopt_does_not_get_by_with_a_comparison(account: Account) -> None:
    deployed(account)

    made = load({"project": TWIN, "adopt": True})

    assert not made["unchanged_since_deploy"]
    assert made["functions"]["processor"]["owner"]["adopt"]


def test_a_twin_outside_the_installations_prefix_is_refused(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_PREFIX", "team-")
    account.upload(project())

    with pytest.raises(AccessDenied, match="twins whose names start with 'team-' only"):
        load()
