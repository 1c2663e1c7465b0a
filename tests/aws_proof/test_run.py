"""Whole runs on the embedded cloud: one that goes through, and those that have to end clean before."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.core.names import TwinNames
from orchestrator.local import cloud
from orchestrator.local.cloud import Cloud
from tests.aws_proof.__main__ import FAILED, OK, REFUSED, ROOT, main
from tests.aws_proof.account import Account
from tests.aws_proof.acts import ACTS, Step, deploy_on_aws
from tests.aws_proof.leftovers import look
from tests.aws_proof.naming import Names
from tests.aws_proof.stage import Stage
from tests.conftest import Clients
from tests.e2e.product import INTERRUPTIBLE

pytestmark = pytest.mark.timeout(900)  # one run is a dozen executions, one after the other


@pytest.fixture
def account(embedded_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """An account that the environment points to: the embedded cloud of these tests."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GLUECODE_"))]:
        monkeypatch.delenv(name)
    for name, value in cloud.exports(embedded_cloud).items():
        monkeypatch.setenv(name, value)
    return embedded_cloud


@pytest.fixture
def others_queue(clients: Clients) -> Iterator[str]:
    """Somebody else's queue that has the name of the twin's failure queue: its name, for a test that creates it."""
    name = TwinNames(Names("f0e1d2").twin).failure_queue
    yield name
    with contextlib.suppress(clients("sqs").exceptions.QueueDoesNotExist):
        delete(clients, name)


def delete(clients: Clients, queue: str) -> None:
    """Delete a queue, by its name."""
    clients("sqs").delete_queue(QueueUrl=clients("sqs").get_queue_url(QueueName=queue)["QueueUrl"])


def left(running: Cloud, names: Names) -> dict[str, list[str]]:
    """What is there of a run."""
    import boto3

    session = boto3.Session(cloud.CREDENTIAL, cloud.CREDENTIAL, region_name=running.region)
    return look(Account(session, running.endpoint, lambda _: None), names).found


def test_a_run_goes_through_every_act_and_leaves_nothing(
    account: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    transcript = tmp_path / "transcript.md"

    code = main(["--yes", "--short", "--mask", "--id", "a1b2c3", "--transcript", str(transcript)])

    said, text = capsys.readouterr().out, transcript.read_text()
    assert code == OK, text
    assert said.endswith(f"All as expected.\nTranscript: {transcript}\n")
    assert text.startswith("# AWS proof: all as expected\n")
    assert [step.title for step in ACTS if not step.long and f"| {step.title} |" not in text] == []
    assert "Nothing is left." in text
    assert left(account, Names("a1b2c3")) == {}


def test_a_run_that_fails_in_the_middle_removes_everything_and_ends_with_1(
    account: Cloud, clients: Clients, tmp_path: Path
) -> None:
    names, transcript = Names("d0d0d0"), tmp_path / "transcript.md"

    def obstacle(_: Stage) -> None:
        clients("lambda").delete_function(FunctionName=f"{names.prefix}-create-hot-table")

    acts = [ACTS[0], Step("A step is removed", obstacle, 0), Step("Deploy", deploy_on_aws, 0), ACTS[3]]

    code = main(["--yes", "--id", names.id, "--transcript", str(transcript)], acts)

    text = transcript.read_text()
    assert code == FAILED
    assert re.search(r"\| Deploy \| [0-9:]+ \| \d+ \| FAILED \| \d+ \(\d+\) \| \d+ \(\d+\) \|", text)
    assert "Why it stopped" in text
    assert f"| {ACTS[3].title} |" not in text
    assert "Nothing is left." in text
    assert left(account, names) == {}


def test_where_the_cleaning_is_in_somebodys_way_it_says_what_is_left_and_how_to_go_on(
    account: Cloud, others_queue: str, clients: Clients, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names, options = Names("f0e1d2"), ["--transcript", str(tmp_path / "transcript.md")]

    def obstacle(_: Stage) -> None:
        clients("sqs").create_queue(QueueName=others_queue)

    acts = [ACTS[0], Step("Somebody comes between", obstacle, 0), Step("Deploy", deploy_on_aws, 0)]

    assert main(["--yes", "--id", names.id, *options], acts) == FAILED
    said = capsys.readouterr().out
    assert "ForeignResource" in said
    assert "make aws-proof ARGS='--clean f0e1d2'" in said
    assert f"aws cloudformation delete-stack --stack-name {names.prefix}" in said
    assert "queue" in left(account, names)

    delete(clients, others_queue)
    assert main(["--clean", names.id, *options]) == OK
    assert left(account, names) == {}


def test_a_run_that_is_stopped_by_ctrl_c_removes_what_it_has_installed(account: Cloud, tmp_path: Path) -> None:
    transcript = tmp_path / "transcript.md"
    command = ["-m", "tests.aws_proof", "--yes", "--id", "c0ffee", "--transcript", str(transcript)]

    with subprocess.Popen(
        [*INTERRUPTIBLE, sys.executable, *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "create complete" in line)
        process.send_signal(signal.SIGINT)
        said = process.stdout.read()

    assert process.returncode == FAILED, said
    assert "Stopped by Ctrl-C" in transcript.read_text()
    assert left(account, Names("c0ffee")) == {}


@pytest.mark.usefixtures("account")
def test_what_is_kept_is_said_with_the_command_that_removes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    transcript = tmp_path / "transcript.md"

    assert main(["--yes", "--keep", "--id", "beef00", "--transcript", str(transcript)], acts=()) == OK

    assert "make aws-proof ARGS='--clean beef00'" in transcript.read_text()
    assert "make aws-proof ARGS='--clean beef00'" in capsys.readouterr().out


def test_names_that_are_in_use_are_refused_before_anything_is_created(
    account: Cloud, others_queue: str, clients: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    clients("sqs").create_queue(QueueName=others_queue)

    code = main(["--yes", "--id", "f0e1d2"])

    assert code == REFUSED
    assert others_queue in capsys.readouterr().err
    assert list(left(account, Names("f0e1d2"))) == ["queue"]


@pytest.mark.usefixtures("account")
def test_without_a_terminal_it_does_not_begin_unless_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Path(os.devnull).open())  # noqa: SIM115  # closed with the test's process

    code = main(["--id", "0a0a0a"])

    assert code == REFUSED
    assert "add --yes" in capsys.readouterr().err


def test_without_credentials_it_is_skipped_and_says_so(tmp_path: Path) -> None:
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}

    done = subprocess.run(
        [sys.executable, "-m", "tests.aws_proof", "--yes"],
        cwd=ROOT, env=bare, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == OK
    assert done.stdout.startswith("skipped: there are no AWS credentials here, so nothing was proven.")


def test_a_wrong_id_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--yes", "--id", "AB"]) == REFUSED
    assert "no id of a run" in capsys.readouterr().err
