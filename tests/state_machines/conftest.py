"""One recorder and one engine of each kind for all tests of the machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

import state_machines
from orchestrator.local.cloud import Cloud
from tests.conftest import Clients
from tests.state_machines import engines
from tests.state_machines.engines import Engine
from tests.state_machines.example import Steps, planned
from tests.state_machines.recorder import Recorder, recording


@pytest.fixture(scope="session")
def recorder() -> Iterator[Recorder]:
    """What the steps were called with, and what they answer."""
    with recording(Steps(planned(("aws", "aws", "aws")))) as made:
        yield made


@pytest.fixture(scope="session")
def engines_by_name(embedded_cloud: Cloud, clients: Clients, recorder: Recorder) -> Iterator[Mapping[str, Engine]]:
    """Every engine there is, with all machines on it."""
    stub = engines.deploy_stub(clients, recorder.address)
    with ExitStack() as open_engines:
        found = {"embedded": engines.embedded(clients, stub)}
        children = {name: found["embedded"].arn(name) for name in state_machines.MACHINES}
        found["moto"] = open_engines.enter_context(engines.moto(embedded_cloud, stub, children))
        if engines.SFN_LOCAL:
            found["sfn-local"] = engines.sfn_local(embedded_cloud.region, stub)
        yield found


@pytest.fixture(params=engines.NAMES)
def engine(request: pytest.FixtureRequest, engines_by_name: Mapping[str, Engine]) -> Engine:
    """Each engine in turn."""
    return engines_by_name[request.param]


@pytest.fixture
def embedded(engines_by_name: Mapping[str, Engine]) -> Engine:
    """The embedded cloud's engine alone, for what would take long on all."""
    return engines_by_name["embedded"]
