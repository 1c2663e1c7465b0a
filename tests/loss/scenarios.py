"""The four scenarios of the loss test: how events get in, what fails on their way, and how a token is rotated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from orchestrator.core.names import TwinNames
from orchestrator.local.remote_client import envelope
from orchestrator.local.remote_cloud import RemoteCloud
from orchestrator.local.remote_faults import Fault
from orchestrator.operations import rotation, telemetry
from orchestrator.operations.rotation import Connection
from tests.loss import ledger
from tests.loss.proxy import FUNCTION_URL
from tests.loss.world import DOUBLED, Layers, World

_ATTEMPTS = 20
_SLOWER_THAN_AWS_CLIENTS_WAIT = 6.0  # seconds; lambda_functions.aws.cloud waits for 5
_SLOWER_THAN_SENDERS_WAIT = 11.0  # lambda_functions.shared.sending waits for 10
_RETRY_AFTER = 0.2
_COMES_AGAIN_AFTER = "20"
"""Seconds for which SQS hides a message: less than a function may take, so that some come again while they are sent."""
_FIRST_TOKEN_OF_AZURE, _SECOND_TOKEN_OF_AZURE = "the-first-token-of-azure", "the-second-token-of-azure"

_ON_AWS_CALLS = (
    Fault("throttle", "lambda", times=None, probability=0.03),
    Fault("throttle", "dynamodb", times=None, probability=0.03),
    Fault("throttle", "sqs", times=None, probability=0.1),
    Fault("throttle", "secretsmanager", times=None, probability=0.3),
    Fault("throttle", "iotdata", times=None, probability=0.02),
    Fault("error", None, times=None, probability=0.01),
    Fault("drop_unread", None, times=None, probability=0.005),
    Fault("lose_answer", None, times=None, probability=0.01),
)
_ON_FUNCTION_URLS = (
    Fault("throttle", FUNCTION_URL, times=None, probability=0.03, seconds=_RETRY_AFTER),
    Fault("unavailable", FUNCTION_URL, times=None, probability=0.02),
    Fault("drop_unanswered", FUNCTION_URL, times=None, probability=0.01),
    Fault("lose_answer", FUNCTION_URL, times=None, probability=0.02),
)


class Scenario:
    """One deployed twin under one provider mapping, with whatever other cloud takes part.

    A subclass says how an event gets in, and overrides what is different with another cloud.
    """

    name: str
    twin: str
    layers: Layers

    def __init__(self, world: World, events: int) -> None:
        self.world = world
        self.events = events
        self.urls: Mapping[str, str] = {}

    def deploy(self) -> None:
        """Deploy the twin, then put the faults between it and AWS."""
        deployed = self.world.deploy(self.world.write_project(self.twin, self.layers, self.connections()))
        self.urls = {name: self.world.proxy.in_front_of(url) for name, url in deployed["urls"].items()}
        self.world.lead_through_proxy(self.twin)
        self.deployed()

    def connections(self) -> Mapping[str, Any]:
        """The connections in the project's file."""
        return {}

    def deployed(self) -> None:
        """Called once the URLs are known."""

    def send(self, number: int) -> bool:
        """Send an event, as often as it takes. Whether it was acknowledged in the end."""
        return any(self.attempt(number) for _ in range(_ATTEMPTS))

    def attempt(self, number: int) -> bool:
        """Send an event once. Whether it was acknowledged."""
        raise NotImplementedError

    def fail(self) -> None:
        """Let things go wrong at random from now on."""
        few = max(2, self.events // 1000)
        slow = Fault("slow", "dynamodb", times=few, probability=0.05, seconds=_SLOWER_THAN_AWS_CLIENTS_WAIT)
        self.world.proxy.faults.plan([slow, *self.at_random()])

    def at_random(self) -> Sequence[Fault]:
        """What goes wrong at random between the twin and AWS."""
        return _ON_AWS_CALLS

    def break_down(self) -> None:
        """Let one thing fail every time, so that events end up in the failure queue; the rest fails as before."""
        self.world.proxy.faults.plan([Fault("throttle", "dynamodb", times=None), *self.at_random()])

    def mend(self) -> None:
        """From now on nothing fails."""
        self.world.proxy.faults.plan([])

    def begin_rotation(self) -> None:
        """The receiver of each connection accepts a new token, too."""

    def switch_rotation(self) -> None:
        """The sender of each connection sends the new one."""

    def finish_rotation(self) -> None:
        """The receiver accepts the new one only."""

    def kept_elsewhere(self) -> list[Mapping[str, Any]]:
        """The payloads that another cloud keeps because it could not deliver them."""
        return []

    def deliver_elsewhere(self) -> None:
        """Have the other cloud deliver what it keeps: its own replay."""

    def faults_met(self) -> Counter[tuple[str, str]]:
        """What has gone wrong so far, by where and how."""
        return Counter(self.world.proxy.met)

    def connection(self, connection_id: str) -> Connection:
        """One of the twin's connections."""
        return rotation.connection(self.world.installation, {"connections": [connection_id]}, self.twin, connection_id)


class AllOnAws(Scenario):
    """Devices publish over IoT; everything else is on AWS."""

    name, twin, layers = "a  all on AWS", "loss-a", ("aws", "aws", "aws")

    def attempt(self, number: int) -> bool:
        """Publish on the twin's topic. Acknowledged is what IoT accepted."""
        return _published(self, number)


class FromGcp(Scenario):
    """A Connector on Google Cloud posts to the deployed Ingestion URL."""

    name, twin, layers = "b  L1 on gcp", "loss-b", ("gcp", "aws", "aws")
    _INTO_AWS = "gcp_l1_to_aws_l2"

    def __init__(self, world: World, events: int, gcp: RemoteCloud) -> None:
        super().__init__(world, events)
        self._gcp = gcp
        self._token = ""

    def connections(self) -> Mapping[str, Any]:
        return {self._INTO_AWS: {}}

    def deployed(self) -> None:
        self._token = self.world.token(self.twin, self._INTO_AWS)

    def attempt(self, number: int) -> bool:
        """POST an envelope as the contract says. Acknowledged is what was answered with 200."""
        message = envelope("gcp", "L2", ledger.event(number))
        return self._gcp.send(self.urls["ingestion"], self._token, message).accepted

    def at_random(self) -> Sequence[Fault]:
        slow = Fault("slow", FUNCTION_URL, times=3, probability=0.05, seconds=_SLOWER_THAN_SENDERS_WAIT)
        return slow, *_ON_FUNCTION_URLS, *_ON_AWS_CALLS

    def begin_rotation(self) -> None:
        of = self.connection(self._INTO_AWS)
        rotation.put_current(self.world.aws, of, rotation.versions(self.world.aws, of))

    def switch_rotation(self) -> None:
        self._token = self.world.token(self.twin, self._INTO_AWS)

    def finish_rotation(self) -> None:
        of = self.connection(self._INTO_AWS)
        rotation.retire_previous(self.world.aws, of, rotation.versions(self.world.aws, of))


class OverAzure(Scenario):
    """The Connector posts to Azure, which posts to the deployed Writer URL: each event crosses the boundary twice, and
    is signed on both ways.
    """

    name, twin, layers = "c  L2 on azure", "loss-c", ("aws", "azure", "aws")
    _TO_AZURE, _BACK = "aws_l1_to_azure_l2", "azure_l2_to_aws_l3"

    def __init__(self, world: World, events: int, azure: RemoteCloud) -> None:
        super().__init__(world, events)
        self._azure = azure

    def connections(self) -> Mapping[str, Any]:
        there = {"url": self._azure.ingestion_url, "token": _FIRST_TOKEN_OF_AZURE, "signing": True}
        return {self._TO_AZURE: there, self._BACK: {"signing": True}}

    def deployed(self) -> None:
        self._azure.accept(_FIRST_TOKEN_OF_AZURE)
        self._forward()

    def attempt(self, number: int) -> bool:
        """Publish on the twin's topic. Acknowledged is what IoT accepted."""
        return _published(self, number)

    def at_random(self) -> Sequence[Fault]:
        return *_ON_FUNCTION_URLS, *_ON_AWS_CALLS

    def fail(self) -> None:
        super().fail()
        self._azure.fail(*self._of_azure())

    def break_down(self) -> None:
        self._azure.fail(Fault("unavailable", times=None))

    def mend(self) -> None:
        super().mend()
        self._azure.fail()

    def begin_rotation(self) -> None:
        aws, to_azure, back = self.world.aws, self.connection(self._TO_AZURE), self.connection(self._BACK)
        self._azure.accept(_FIRST_TOKEN_OF_AZURE, _SECOND_TOKEN_OF_AZURE)
        rotation.put_current(aws, back, rotation.versions(aws, back))
        rotation.put_current(aws, to_azure, rotation.versions(aws, to_azure), _SECOND_TOKEN_OF_AZURE)

    def switch_rotation(self) -> None:
        self._azure.accept(_SECOND_TOKEN_OF_AZURE)  # sooner than the steps say: functions still send the first one
        self._forward()

    def finish_rotation(self) -> None:
        back = self.connection(self._BACK)
        rotation.retire_previous(self.world.aws, back, rotation.versions(self.world.aws, back))

    def kept_elsewhere(self) -> list[Mapping[str, Any]]:
        return [message["payload"] for message, _ in list(self._azure.undelivered)]

    def deliver_elsewhere(self) -> None:
        kept, self._azure.undelivered[:] = list(self._azure.undelivered), []
        token = self.world.token(self.twin, self._BACK)
        for message, answer in kept:
            if not self._azure.send(self.urls["writer"], token, message).accepted:
                self._azure.undelivered.append((message, answer))

    def faults_met(self) -> Counter[tuple[str, str]]:
        of_azure = [("azure", request.fault) for request in list(self._azure.requests) if request.fault]
        return super().faults_met() + Counter(of_azure)

    def _forward(self) -> None:
        self._azure.forward_to(self.urls["writer"], self.world.token(self.twin, self._BACK), _doubled)

    def _of_azure(self) -> Sequence[Fault]:
        slow = max(3, self.events // 500)
        return (
            Fault("slow", times=slow, probability=0.05, seconds=_SLOWER_THAN_SENDERS_WAIT),
            Fault("throttle", times=None, probability=0.03, seconds=_RETRY_AFTER),
            Fault("error", times=None, probability=0.03),
            Fault("drop_unread", times=None, probability=0.01),
            Fault("drop_unanswered", times=None, probability=0.01),
            Fault("lose_answer", times=None, probability=0.02),
        )


class OverAzureInBatches(OverAzure):
    """The same, but what waits for the Connector shares requests: a queue of SQS lies in front of it."""

    name, twin = "d  c, in batches", "loss-d"

    def connections(self) -> Mapping[str, Any]:
        there, back = super().connections().values()
        return {self._TO_AZURE: {**there, "batching": True}, self._BACK: back}

    def deployed(self) -> None:
        super().deployed()
        sqs = self.world.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=TwinNames(self.twin).function("connector"))["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": _COMES_AGAIN_AFTER})


@contextmanager
def scenarios(world: World, events: int) -> Iterator[Sequence[Scenario]]:
    """All of them, with about a quarter of the events each."""
    few = events // 4
    with ExitStack() as open_clouds:
        gcp = open_clouds.enter_context(RemoteCloud("gcp", retry_seconds=0.1))
        one, other = (
            open_clouds.enter_context(RemoteCloud("azure", seed=seed, retry_seconds=0.1, signing=True))
            for seed in (1, 2)
        )
        over = OverAzure(world, few, one), OverAzureInBatches(world, few, other)
        yield AllOnAws(world, events - 3 * few), FromGcp(world, few, gcp), *over


def _published(scenario: Scenario, number: int) -> bool:
    try:
        telemetry.send(scenario.world.through_proxy, scenario.twin, ledger.event(number))
    except (ClientError, BotoCoreError):
        return False
    return True


def _doubled(event: dict[str, Any]) -> dict[str, Any]:
    """What Azure's own processor makes of an event."""
    return {**event, "value": 2 * event["value"]} if event["iotDeviceId"] == DOUBLED else event
