"""The connections between clouds: what each side needs, and what may stand in `config_inter_cloud.json`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.core.config import Connection, Fault, ProjectFaults, read_project, without_tokens
from tests.unit.orchestrator.projects import ALL_AWS, MAPPINGS, connections, files, project

FILE = "config_inter_cloud.json"
SENDS = ("aws", "azure", "azure")
RECEIVES = ("gcp", "aws", "aws")
SENDING = "aws_l1_to_azure_l2"
RECEIVING = "gcp_l1_to_aws_l2"
GOOD = {"url": "https://azure.example/ingestion", "token": "T0ken"}


def faults_of(mapping: tuple[str, str, str], given: Any, **options: Any) -> list[Fault]:
    with pytest.raises(ProjectFaults) as caught:
        read_project(files(mapping, config_inter_cloud={"connections": given}), **options)
    return list(caught.value.faults)


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_each_mapping_has_exactly_the_connections_that_aws_takes_part_in(mapping: tuple[str, str, str]) -> None:
    read = project(mapping)

    assert {connection.id: connection.role for connection in read.connections} == {
        name: "sending" if name.startswith("aws") else "receiving" for name in connections(mapping)
    }


def test_a_sending_side_knows_where_to_and_that_it_has_a_token() -> None:
    (connection,) = project(SENDS, config_inter_cloud={"connections": {SENDING: {**GOOD, "signing": True}}}).connections

    assert connection == Connection(
        SENDING, "sending", layer=1, url="https://azure.example/ingestion", token_in_file=True, signing=True
    )


@pytest.mark.parametrize("batching", [True, False])
def test_a_sending_side_may_send_in_batches(batching: bool) -> None:
    given = {"connections": {SENDING: {**GOOD, "batching": batching}}}

    read = project(SENDS, config_inter_cloud=given)

    assert [connection.batching for connection in read.connections] == [batching]
    assert read.batching == batching
    assert (read.digest == project(SENDS, config_inter_cloud={"connections": {SENDING: GOOD}}).digest) != batching


def test_a_receiving_side_that_is_to_send_in_batches_is_told_that_it_takes_them_anyway() -> None:
    assert faults_of(RECEIVES, {RECEIVING: {"batching": True}}) == [
        Fault(
            FILE,
            f"connections.{RECEIVING}.batching",
            "is true, but AWS receives here, and only the side that sends gathers events.",
            "Remove it: AWS takes in batches whenever the other cloud sends them.",
        )
    ]
    assert not project(RECEIVES, config_inter_cloud={"connections": {RECEIVING: {"batching": False}}}).batching


def test_a_receiving_side_needs_neither_url_nor_token() -> None:
    (connection,) = project(RECEIVES, config_inter_cloud={"connections": {RECEIVING: {}}}).connections

    assert connection == Connection(RECEIVING, "receiving", layer=1, url="", token_in_file=False)


def test_a_receiving_sides_url_is_an_output_and_not_taken_from_the_file() -> None:
    given = {RECEIVING: {"url": "whatever was printed last time", "token": "T0ken"}}

    (connection,) = project(RECEIVES, config_inter_cloud={"connections": given}).connections

    assert connection == Connection(RECEIVING, "receiving", layer=1, url="", token_in_file=True)


def test_a_missing_sending_connection_is_told_with_the_entry_to_add() -> None:
    assert faults_of(SENDS, {}) == [
        Fault(
            FILE,
            f"connections.{SENDING}",
            "is missing: L1 runs on aws, L2 on azure.",
            f'Add "{SENDING}": {{"url": "https://…", "token": "…"}} to "connections".',
        )
    ]


def test_a_missing_receiving_connection_is_told_with_the_empty_entry_that_is_enough() -> None:
    (fault,) = faults_of(RECEIVES, {})

    assert (fault.field, fault.problem) == (f"connections.{RECEIVING}", "is missing: L1 runs on gcp, L2 on aws.")
    assert fault.fix.startswith(f'Add "{RECEIVING}": {{}} to "connections"')


def test_a_missing_file_is_told_as_its_missing_connections() -> None:
    with pytest.raises(ProjectFaults) as caught:
        read_project(files(("aws", "azure", "aws"), config_inter_cloud=None))

    assert [(fault.file, fault.field) for fault in caught.value.faults] == [
        (FILE, "connections.aws_l1_to_azure_l2"),
        (FILE, "connections.azure_l2_to_aws_l3"),
    ]


@pytest.mark.parametrize("mapping", [ALL_AWS, ("gcp", "gcp", "gcp"), ("gcp", "azure", "gcp")], ids="/".join)
def test_a_mapping_that_crosses_nothing_on_aws_needs_no_connection(mapping: tuple[str, str, str]) -> None:
    assert project(mapping, config_inter_cloud=None).connections == ()


def test_connections_of_other_mappings_may_stay_in_the_file() -> None:
    others = {"aws_l2_to_gcp_l3": {}, "azure_l1_to_gcp_l2": {"url": "x"}, RECEIVING: {"token": "still unused"}}

    read = project(SENDS, config_inter_cloud={"connections": {SENDING: GOOD, **others}})

    assert [connection.id for connection in read.connections] == [SENDING]


@pytest.mark.parametrize(
    ("key", "problem", "fix", "reason"),
    [
        ("azure", "is no connection", f"This mapping needs {SENDING}.", "no id at all"),
        ("aws_l1_to_azure_L2", "is no connection", f"Did you mean '{SENDING}'? ", "a capital"),
        ("aws-l1-to-azure-l2", "is no connection", f"Did you mean '{SENDING}'? ", "hyphens"),
        ("aws_l1_to_ibm_l2", "is no connection", "This mapping needs", "an unknown cloud"),
        ("", "is no connection", "This mapping needs", "empty"),
        ("aws_l1_to_azure_l3", "joins L1 to L3; data passes from L1 to L2 and", "Correct the two layers.", "skips L2"),
        ("azure_l2_to_aws_l1", "joins L2 to L1", "Correct the two layers.", "backwards"),
        ("aws_l3_to_azure_l4", "joins L3 to L4", "Correct the two layers.", "there are three layers"),
        ("aws_l1_to_aws_l2", "joins aws to itself", "Name two different clouds, or remove it.", "no boundary"),
        ("google_l1_to_gcp_l2", "joins google to itself", "Name two different clouds", "two names of one cloud"),
    ],
)
def test_an_id_that_is_no_connections_is_told(key: str, problem: str, fix: str, reason: str) -> None:
    (fault,) = faults_of(SENDS, {SENDING: GOOD, key: {}})

    assert fault.problem.startswith(problem)
    assert fix in fault.fix


def test_two_spellings_of_one_connection_are_told() -> None:
    (fault,) = faults_of(RECEIVES, {"gcp_l1_to_aws_l2": {}, "google_l1_to_aws_l2": {}})

    assert fault == Fault(
        FILE,
        "connections.google_l1_to_aws_l2",
        "means the same connection as 'gcp_l1_to_aws_l2'.",
        "Keep one of the two.",
    )


@pytest.mark.parametrize(
    ("url", "problem", "reason"),
    [
        ("", "is missing.", "nowhere to send"),
        ("   ", "is longer than 2048 characters, or holds a space", "blank"),
        ("https://azure.example/a b", "is longer than 2048 characters, or holds a space", "a space inside"),
        ("https://azure.example/ä", "is longer than 2048 characters, or holds", "not escaped"),
        ("https://azure.example/\n", "is longer than 2048 characters, or holds", "a line break from copying"),
        ("https://azure.example/" + "x" * 2048, "is longer than 2048 characters", "would fill the environment"),
        ("http://azure.example/in", 'is "http://azure.example/in": only https://', "the token would be readable"),
        ("http://127.0.0.1:8080/in", 'is "http://127.0.0.1:8080/in": only https://', "not on the embedded cloud"),
        ("ftp://azure.example/in", 'is "ftp://azure.example/in": only https://', "not HTTP"),
        ("azure.example/in", 'is "azure.example/in": only https://', "no scheme"),
        ("https:///in", 'is "https:///in", which names no host', "no host"),
        ("https://azure.example:0/in", 'is "https://azure.example:0/in", which names no host', "no such port"),
        ("https://azure.example:port/in", "is no URL: ", "a port is a number"),
        ("https://[::1/in", "is no URL: ", "an unclosed address"),
        ("https://me:secret@azure.example/in", "holds a user name or a password", "a second secret"),
        ("https://azure.example/in#part", "ends in a fragment", "never sent"),
        ("https://azure.example/in#", "ends in a fragment", "an empty one"),
    ],
)
def test_a_url_that_cannot_be_sent_to_safely_is_told(url: str, problem: str, reason: str) -> None:
    (fault,) = faults_of(SENDS, {SENDING: {**GOOD, "url": url}})

    assert fault.field == f"connections.{SENDING}.url"
    assert fault.problem.startswith(problem)
    assert fault.fix == "Write the https:// address that the deployment on the other cloud printed."


def test_a_key_in_a_urls_query_is_not_repeated_in_a_fault() -> None:
    (fault,) = faults_of(SENDS, {SENDING: {**GOOD, "url": "http://azure.example/in?code=hidden"}})

    assert "hidden" not in str(fault)


def test_loopback_over_http_is_taken_where_it_is_allowed() -> None:
    given = {"connections": {SENDING: {**GOOD, "url": "http://127.0.0.1:8080/in"}}}

    read = read_project(files(SENDS, config_inter_cloud=given), allow_loopback_http=True)

    assert read.connections[0].url == "http://127.0.0.1:8080/in"


@pytest.mark.parametrize("url", ["http://azure.example/in", "http://127.0.0.1.evil.example/in", "http://10.0.0.1/in"])
def test_allowing_loopback_allows_no_other_host_over_http(url: str) -> None:
    (fault,) = faults_of(SENDS, {SENDING: {**GOOD, "url": url}}, allow_loopback_http=True)

    assert "only https://" in fault.problem


@pytest.mark.parametrize("entry", [{"url": GOOD["url"]}, {**GOOD, "token": ""}])
def test_a_sending_side_without_a_token_is_told(entry: dict[str, str]) -> None:
    (fault,) = faults_of(SENDS, {SENDING: entry})

    assert fault.field == f"connections.{SENDING}.token"
    assert fault.problem == "is missing, and AWS cannot send without it: L1 runs on aws, L2 on azure."


@pytest.mark.parametrize("entry", [{"url": GOOD["url"]}, {**GOOD, "token": ""}])
def test_a_token_that_lies_in_secrets_manager_need_not_stand_in_the_file(entry: dict[str, str]) -> None:
    content = files(SENDS, config_inter_cloud={"connections": {SENDING: entry}})

    read = read_project(content, tokens_known=[SENDING])

    assert read.connections == (Connection(SENDING, "sending", layer=1, url=GOOD["url"], token_in_file=False),)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("   ", "blank"),
        ("two words", "a space inside"),
        ("T0ken\n", "a line break from copying: a header cannot hold it"),
        ("tökén", "a header is Latin-1 at best"),
        ("x" * 4097, "longer than servers take a header"),
    ],
)
@pytest.mark.parametrize(("mapping", "connection"), [(SENDS, SENDING), (RECEIVES, RECEIVING)])
def test_a_token_that_a_header_does_not_carry_is_told_and_not_repeated(
    mapping: tuple[str, str, str], connection: str, token: str, reason: str
) -> None:
    (fault,) = faults_of(mapping, {connection: {**GOOD, "token": token}})

    assert fault.field == f"connections.{connection}.token"
    assert fault.problem.startswith("is blank, too long, or holds characters")
    assert token not in str(fault)


@pytest.mark.parametrize(
    ("entry", "field", "problem"),
    [
        ("T0ken", SENDING, "is a text, not an object."),
        ({**GOOD, "token": 12345}, f"{SENDING}.token", "is a number, not a text."),
        ({**GOOD, "url": ["https://x"]}, f"{SENDING}.url", "is a list, not a text."),
        ({**GOOD, "signing": "on"}, f"{SENDING}.signing", "is a text, not true or false."),
        ({**GOOD, "batching": 10}, f"{SENDING}.batching", "is a number, not true or false."),
        ({**GOOD, "tokn": "x"}, f"{SENDING}.tokn", "is not a known field."),
    ],
)
def test_an_entry_of_another_shape_is_told(entry: Any, field: str, problem: str) -> None:
    (fault,) = faults_of(SENDS, {SENDING: entry})

    assert (fault.field, fault.problem) == (f"connections.{field}", problem)
    assert "12345" not in str(fault)


@pytest.mark.parametrize(
    ("document", "field", "problem"),
    [
        ({}, "connections", "is missing."),
        ({"connections": []}, "connections", "is a list, not an object."),
        ({"connection": {}, "connections": {}}, "connection", "is not a known field."),
        ([], "", "is a list, not an object."),
    ],
)
def test_a_document_without_connections_is_told(document: Any, field: str, problem: str) -> None:
    with pytest.raises(ProjectFaults) as caught:
        read_project(files(ALL_AWS, config_inter_cloud=document))

    assert [(fault.field, fault.problem) for fault in caught.value.faults] == [(field, problem)]


def test_a_mapping_with_a_fault_of_its_own_does_not_hide_the_connections_faults() -> None:
    mapping = {"layer_1_provider": "aws", "layer_2_provider": "azure", "layer_3_hot_provider": "ibm"}

    with pytest.raises(ProjectFaults) as caught:
        read_project(files(config_providers=mapping, config_inter_cloud={"connections": {}}))

    assert [fault.field for fault in caught.value.faults] == [f"connections.{SENDING}", "layer_3_hot_provider"]


def test_no_token_can_be_seen_in_a_project() -> None:
    read = project(SENDS, config_inter_cloud={"connections": {SENDING: {**GOOD, "token": "5ecret"}}})

    assert "5ecret" not in repr(read)


def test_tokens_are_taken_out_of_the_files_before_they_are_uploaded() -> None:
    given = {"connections": {SENDING: {**GOOD, "signing": True}, "google_l1_to_aws_l2": {"token": "5ecret"}}}
    content = files(SENDS, config_inter_cloud=given)

    uploaded, tokens = without_tokens({**content, "notes.txt": b"not a project's file"})

    assert tokens == {SENDING: "T0ken", "gcp_l1_to_aws_l2": "5ecret"}
    assert json.loads(uploaded[FILE]) == {
        "connections": {SENDING: {"url": GOOD["url"], "signing": True}, "google_l1_to_aws_l2": {}}
    }
    assert uploaded == {**content, FILE: uploaded[FILE]}


def test_what_is_uploaded_without_tokens_reads_as_the_same_project() -> None:
    content = files(("aws", "azure", "aws"))

    uploaded, tokens = without_tokens(content)

    assert read_project(uploaded, tokens_known=tokens).digest == read_project(content).digest


@pytest.mark.parametrize("given", [None, {"connections": {}}, {"connections": {RECEIVING: {}}}])
def test_files_without_tokens_are_uploaded_byte_for_byte(given: Any) -> None:
    content = files(ALL_AWS, config_inter_cloud=given)

    assert without_tokens(content) == (content, {})


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"connections": {"aws_l1_to_azure_l2": "T0ken"}}'])
def test_a_file_whose_tokens_cannot_be_found_is_not_let_through(content: bytes) -> None:
    with pytest.raises(ProjectFaults):
        without_tokens({**files(), FILE: content})
