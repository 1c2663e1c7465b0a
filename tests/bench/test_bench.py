"""A deployment's calls and states at the edges of AWS's limits, and that the benchmark measures what it says."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.bench import least, picture
from tests.bench.claims import CONTROL_PLANE_LIMIT, ENVIRONMENT_LIMIT, TAGS_APART, Claim, Measured, claims, net
from tests.bench.counting import Count, count, first, least_for
from tests.bench.slow import _busiest, _of_control_plane, distance
from tests.bench.states import HISTORY_LIMIT, PAYLOAD_LIMIT
from tests.bench.twins import twin
from tests.bench.walls import Walls
from tests.harness.account import Account

LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:gluecode-functions:1"


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Account() as opened:
        yield opened


def of_size(counted: Count) -> Count:
    """The count without how many devices it is about."""
    return replace(counted, devices=0)


def test_ten_thousand_devices_cost_what_three_cost(account: Account) -> None:
    small, large = count(account, 3), count(account, 10_000)

    assert list(map(of_size, small)) == list(map(of_size, large))


def test_a_first_deployment_takes_at_most_twice_the_least_possible(account: Account) -> None:
    for mapping in (("aws", "aws", "aws"), ("aws", "azure", "aws"), ("gcp", "aws", "gcp")):
        project = replace(twin("factory", 3), mapping=mapping)
        account.clear()
        account.upload("factory", project.files)

        done = account.run("deploy", {"project": "factory"})

        assert done.succeeded
        assert len(done.calls) <= 2 * len(least_for(project, account.installation, LAYER)), mapping


def test_no_change_takes_one_read_for_each_thing_and_writes_nothing(account: Account) -> None:
    _, again, *_ = count(account, 3)
    creates = least_for(twin("factory", 3), account.installation, LAYER)
    resources = sum(each.name != "retention" for each in creates)

    assert again.writes == 0
    assert again.reads <= resources + TAGS_APART
    assert again.around <= 10


@pytest.mark.skipif(os.environ.get("GLUECODE_BENCH") != "all", reason="it takes most of a minute: make bench")
def test_three_hundred_devices_with_code_of_their_own_stay_within_every_limit(account: Account) -> None:
    few, many = first(account, 10_000), first(account, 10_000, 300)

    assert many.history < HISTORY_LIMIT
    assert many.payload < PAYLOAD_LIMIT
    assert many.environment < ENVIRONMENT_LIMIT
    assert of_size(first(account, 300, 300)) == of_size(many), "it grows with the 300 only"
    assert (many.calls - few.calls) % 300 == 0


def test_the_least_possible_creates_what_a_deployment_creates(account: Account) -> None:
    project = twin("factory", 3, 1)
    creates = least_for(project, account.installation, LAYER)
    account.clear()
    least.create(account.client, creates, threads=1)
    by_hand = account.picture()

    account.clear()
    account.upload("factory", project.files)
    account.run("deploy", {"project": "factory"})

    assert set(by_hand) == set(account.picture())
    assert least.depth(creates) == 4


def test_control_plane_calls_are_those_that_lambda_counts_together() -> None:
    counted = [b"POST /2015-03-31/functions HTTP/1.1", b"PUT /2019-09-25/functions/x/event-invoke-config HTTP/1.1"]
    apart = [
        b"GET /2015-03-31/functions/x HTTP/1.1",
        b"GET /2015-03-31/functions/x/policy HTTP/1.1",
        b"POST /2015-03-31/functions/x/invocations HTTP/1.1",
        b"POST / HTTP/1.1",
    ]

    assert [_of_control_plane(head) for head in counted] == [True, True]
    assert [_of_control_plane(head) for head in apart] == [False] * 4


def test_the_busiest_second_is_found_wherever_it_begins() -> None:
    assert _busiest([0.0, 0.9, 1.1, 1.2, 1.3, 5.0]) == 4
    assert _busiest([]) == 0


def test_a_distant_aws_answers_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:  # the base class finds it by this name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Echo)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        with distance(f"http://127.0.0.1:{server.server_address[1]}") as far:
            far.set(1)
            connection = HTTPConnection(far.url.removeprefix("http://"), timeout=10)
            for number in range(3):  # over one connection
                connection.request("PUT", "/x", body=b"n" * number)
                assert connection.getresponse().read() == b"n" * number
            assert far.calls == 3
            connection.close()
    finally:
        server.shutdown()
        server.server_close()


def measured() -> Measured:
    """What a benchmark could find."""
    counts = [
        Count(run, devices, own, 47, 30, 0, 10, 98, 5, 256, 25_000, 345)
        for run in ("first deployment", "no change", "one device added", "destruction")
        for devices, own in ((3, 0), (10_000, 0), (10_000, 300))
    ]
    walls = [Walls(delay, [0.5], [1.5], [0.4], [0.1], [0.05]) for delay in (0, 100)]
    return Measured(counts, 27, 26, (4.0, 0.5), walls, 50.0, CONTROL_PLANE_LIMIT, 10.0, [], [])


def test_a_claim_holds_up_to_its_limit() -> None:
    assert Claim("equal", 2, 2).holds
    assert not Claim("more", 2.1, 2).holds
    assert all(claim.holds for claim in claims(measured()))


def test_the_engine_is_left_out_of_what_is_claimed_of_us() -> None:
    assert net(measured().walls[0]) == pytest.approx((1.5 - 0.1) / 0.5)


def test_the_picture_is_an_svg_that_names_every_series() -> None:
    drawn = ET.fromstring(picture.draw(measured()))

    words = " ".join(filter(None, (text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text"))))
    for name in ("least possible", "first deployment", "no change", "engine alone", "47"):
        assert name in words
