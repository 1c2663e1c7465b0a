"""Commands reach the AWS that the options and the environment point to, or say in a sentence why they cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.core.errors import GluecodeError, UsageError
from orchestrator.local import cloud
from orchestrator.local.cloud import Cloud
from orchestrator.local.server import HOST, Settings, listen
from orchestrator.operations.session import NoCredentials, NoRegion, NotRunning, Unreachable, aws_session


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nobody has ever set up AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("GLUECODE_HOME", str(tmp_path / "home"))


def point_to(monkeypatch: pytest.MonkeyPatch, running: Cloud) -> None:
    """Set what `gluecode local env` prints."""
    for name, value in cloud.exports(running).items():
        monkeypatch.setenv(name, value)


def test_the_environment_says_which_aws(embedded_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(monkeypatch, embedded_cloud)

    aws = aws_session()

    assert (aws.account, aws.partition, aws.region, aws.local) == ("000000000000", "aws", "us-east-1", True)
    assert aws.caller.arn == "arn:aws:iam::000000000000:root"


def test_an_endpoint_where_no_embedded_cloud_answers_is_no_embedded_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    with listen(0) as nobody:
        address = f"http://{HOST}:{nobody.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    assert not aws_session(region="us-east-1").local


def test_local_is_the_embedded_cloud_whatever_the_environment_says(
    embedded_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUECODE_HOME", str(embedded_cloud.log_file.parent))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    aws = aws_session(local=True)

    assert (aws.account, aws.region, aws.local) == ("000000000000", "us-east-1", True)
    assert aws.client("s3").meta.endpoint_url == embedded_cloud.endpoint


def test_a_client_is_made_once(embedded_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(monkeypatch, embedded_cloud)
    aws = aws_session()

    assert aws.client("lambda") is aws.client("lambda")


def test_an_option_goes_before_the_environment(embedded_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(monkeypatch, embedded_cloud)

    assert aws_session(region="eu-central-1").region == "eu-central-1"


def test_a_profile_brings_its_region_and_credentials(
    embedded_cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[profile plant]\nregion = eu-west-1\n")
    (tmp_path / "credentials").write_text("[plant]\naws_access_key_id = 111122223333\naws_secret_access_key = any\n")
    monkeypatch.setenv("AWS_ENDPOINT_URL", embedded_cloud.endpoint)

    aws = aws_session(profile="plant")

    assert (aws.account, aws.region) == ("111122223333", "eu-west-1")


def test_local_without_a_running_cloud_says_how_to_start_it() -> None:
    with pytest.raises(NotRunning, match=r"^The embedded cloud is not running\.$") as refusal:
        aws_session(local=True)

    assert refusal.value.remedy == "Start it with `gluecode local up`."


def test_local_together_with_a_profile_is_misuse() -> None:
    with pytest.raises(UsageError, match="--local and --profile exclude each other"):
        aws_session(local=True, profile="plant")


def test_no_region_says_where_to_set_one() -> None:
    with pytest.raises(NoRegion, match=r"^No AWS region is set\.$") as refusal:
        aws_session()

    assert "--region" in refusal.value.remedy


def test_no_credentials_says_how_to_get_some() -> None:
    with pytest.raises(NoCredentials, match=r"^No AWS credentials were found\.$") as refusal:
        aws_session(region="eu-central-1")

    assert "aws sso login" in refusal.value.remedy
    assert "--local" in refusal.value.remedy


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(UsageError, match=r"The config profile \(nobody\) could not be found"):
        aws_session(profile="nobody", region="eu-central-1")


def test_half_a_pair_of_credentials_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")

    with pytest.raises(NoCredentials, match="AWS_SECRET_ACCESS_KEY"):
        aws_session(region="eu-central-1")


def test_an_endpoint_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with listen(0) as closed_in_a_moment:
        endpoint = f"http://{HOST}:{closed_in_a_moment.getsockname()[1]}"
    for name, value in {"ENDPOINT_URL": endpoint, "ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    aws = aws_session(region="eu-central-1")

    with pytest.raises(Unreachable, match=endpoint) as failure:
        _ = aws.account

    assert "AWS_ENDPOINT_URL" in failure.value.remedy


def test_credentials_that_aws_does_not_know_are_no_stack_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "enforcing"
    running = cloud.up(home, Settings(enforce_iam=True))
    try:
        point_to(monkeypatch, running)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")

        with pytest.raises(GluecodeError, match="AWS does not accept the credentials"):
            _ = aws_session().account
    finally:
        cloud.down(home)
