"""The connections between clouds: which ones the mapping crosses on AWS, and whether each is ready to be used."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from orchestrator.core import names
from orchestrator.core.config.faults import Fault, path, shown, suggestion
from orchestrator.core.config.models import ConnectionSettings, InterCloud
from orchestrator.core.config.reading import fit

FILE = "config_inter_cloud.json"

_BOUNDARIES = ((1, "layer_1_provider", "layer_2_provider"), (2, "layer_2_provider", "layer_3_hot_provider"))
_LAYERS = {1: "L1", 2: "L2", 3: "L3"}
_ID = re.compile(r"(aws|azure|gcp|google)_l([0-9])_to_(aws|azure|gcp|google)_l([0-9])")
_ALL = [
    names.connection(sender, layer, receiver)
    for layer in (1, 2)
    for sender, receiver in itertools.permutations(("aws", "azure", "gcp"), 2)
]
_LONGEST_URL = 2_048  # together with its name well inside the 4 KB of a function's environment
_LONGEST_TOKEN = 4_096
TOKEN_RULE = f"at most {_LONGEST_TOKEN} visible ASCII characters without spaces"
_VISIBLE = re.compile(r"[!-~]+")  # what a header carries unchanged over every proxy


@dataclass(frozen=True)
class Connection:
    """One boundary between AWS and another cloud, seen from AWS.

    `layer` is the one the data comes from. `url` is where AWS sends to (empty when it receives). With `signing`,
    requests are signed on top of the token. With `batching`, events that wait to be sent share requests; only a sender
    can have it. The token itself is not here: `token_in_file` says whether the project's file has one.
    """

    id: str
    role: Literal["sending", "receiving"]
    layer: int
    url: str
    token_in_file: bool
    signing: bool = False
    batching: bool = False


@dataclass(frozen=True)
class _Crossing:
    """A boundary that the mapping crosses with AWS on one side."""

    layer: int
    sender: str
    receiver: str

    @property
    def id(self) -> str:
        return names.connection(self.sender, self.layer, self.receiver)

    @property
    def role(self) -> Literal["sending", "receiving"]:
        return "sending" if self.sender == "aws" else "receiving"

    def __str__(self) -> str:
        return f"{_LAYERS[self.layer]} runs on {self.sender}, {_LAYERS[self.layer + 1]} on {self.receiver}"


def read_connections(
    document: Any, providers: Mapping[str, str], *, tokens_known: Collection[str], allow_loopback_http: bool
) -> tuple[tuple[Connection, ...], list[Fault]]:
    """The connections that AWS takes part in, and what is wrong with them.

    `document` is the content of `config_inter_cloud.json`; `providers` holds the providers that are known so far, so
    that a mapping with a fault of its own does not hide the faults here.
    """
    entries, faults = _entries(document)
    crossings = tuple(_crossings(providers))
    faults += _unknown_ids(entries, [crossing.id for crossing in crossings])
    connections = []
    for crossing in crossings:
        if crossing.id not in entries:
            faults.append(_missing(crossing))
            continue
        key, settings = entries[crossing.id]
        if settings is None:  # it has faults of its own
            continue
        known = crossing.id in tokens_known
        faults += _unusable(key, crossing, settings, token_known=known, allow_loopback_http=allow_loopback_http)
        connections.append(
            Connection(
                crossing.id,
                crossing.role,
                crossing.layer,
                url=settings.url if crossing.role == "sending" else "",
                token_in_file=settings.token != "",
                signing=settings.signing,
                batching=settings.batching,
            )
        )
    return tuple(connections), faults


def entry_faults(document: Any) -> list[Fault]:
    """What keeps the document from being one of connections at all, whatever the mapping."""
    return _entries(document)[1]


def take_tokens(document: Any) -> dict[str, str]:
    """Take the tokens out of a document without faults. Returns them by connection id (`google` spelt `gcp`)."""
    taken = {_canonical(key): entry.pop("token", "") for key, entry in document["connections"].items()}
    return {key: token for key, token in taken.items() if token}


def is_token(text: str) -> bool:
    """Whether an HTTP header carries the text unchanged, so that it can be a token: see TOKEN_RULE."""
    return len(text) <= _LONGEST_TOKEN and _VISIBLE.fullmatch(text) is not None


def _entries(document: Any) -> tuple[dict[str, tuple[str, ConnectionSettings | None]], list[Fault]]:
    """Canonical id -> (id as written, settings or None where they do not fit)."""
    _, faults = fit(FILE, document, InterCloud)
    entries: dict[str, tuple[str, ConnectionSettings | None]] = {}
    raw = document.get("connections") if isinstance(document, dict) else None
    for key, value in raw.items() if isinstance(raw, dict) else ():
        settings, unfit = fit(FILE, value, ConnectionSettings, at=("connections", key))
        faults += unfit
        known = _canonical(key)
        if known in entries:
            problem = f"means the same connection as '{entries[known][0]}'."
            faults.append(Fault(FILE, path("connections", key), problem, "Keep one of the two."))
        entries[known] = (key, settings)
    return entries, faults


def _canonical(connection_id: str) -> str:
    return connection_id.replace("google_", "gcp_")


def _crossings(providers: Mapping[str, str]) -> Iterator[_Crossing]:
    for layer, sending, receiving in _BOUNDARIES:
        sender, receiver = providers.get(sending), providers.get(receiving)
        if sender and receiver and sender != receiver and "aws" in (sender, receiver):
            yield _Crossing(layer, sender, receiver)


def _unknown_ids(keys: Mapping[str, tuple[str, object]], crossed: Iterable[str]) -> Iterator[Fault]:
    crossed = list(crossed)
    for key, _ in keys.values():
        match = _ID.fullmatch(key)
        if match is None:
            problem = "is no connection: its id is {from}_l{n}_to_{to}_l{m}."
            needed = f"This mapping needs {', '.join(crossed)}." if crossed else "Correct it, or remove it."
            yield Fault(FILE, path("connections", key), problem, f"{suggestion(key, crossed or _ALL)}{needed}")
            continue
        sender, layer, receiver, next_layer = match.groups()
        if (layer, next_layer) not in (("1", "2"), ("2", "3")):
            problem = f"joins L{layer} to L{next_layer}; data passes from L1 to L2 and from L2 to L3."
            yield Fault(FILE, path("connections", key), problem, "Correct the two layers.")
        elif _canonical(f"{sender}_") == _canonical(f"{receiver}_"):
            problem = f"joins {sender} to itself, which needs no connection."
            yield Fault(FILE, path("connections", key), problem, "Name two different clouds, or remove it.")


def _missing(crossing: _Crossing) -> Fault:
    content = '{"url": "https://…", "token": "…"}' if crossing.role == "sending" else "{}"
    note = "" if crossing.role == "sending" else " (its token is generated; its URL is an output of the deployment)"
    return Fault(
        FILE,
        path("connections", crossing.id),
        f"is missing: {crossing}.",
        f'Add "{crossing.id}": {content} to "connections"{note}.',
    )


def _unusable(
    key: str, crossing: _Crossing, settings: ConnectionSettings, *, token_known: bool, allow_loopback_http: bool
) -> Iterator[Fault]:
    if crossing.role == "sending":
        if problem := _url_problem(settings.url, allow_loopback_http):
            fix = "Write the https:// address that the deployment on the other cloud printed."
            yield Fault(FILE, path("connections", key, "url"), problem, fix)
        if not settings.token and not token_known:
            problem = f"is missing, and AWS cannot send without it: {crossing}."
            fix = "Write the token that the other cloud expects (it goes to Secrets Manager, not to the bucket)."
            yield Fault(FILE, path("connections", key, "token"), problem, fix)
    elif settings.batching:
        problem = "is true, but AWS receives here, and only the side that sends gathers events."
        fix = "Remove it: AWS takes in batches whenever the other cloud sends them."
        yield Fault(FILE, path("connections", key, "batching"), problem, fix)
    if settings.token and not is_token(settings.token):
        problem = "is blank, too long, or holds characters that an HTTP header does not carry unchanged."
        fix = f"Use {TOKEN_RULE}."
        if crossing.role == "receiving":
            fix += " Or leave the token out: it is then generated."
        yield Fault(FILE, path("connections", key, "token"), problem, fix)


def _url_problem(url: str, allow_loopback_http: bool) -> str:
    """What keeps the URL from being sent to, or nothing."""
    if not url:
        return "is missing."
    if len(url) > _LONGEST_URL or not _VISIBLE.fullmatch(url):
        return f"is longer than {_LONGEST_URL} characters, or holds a space or a character outside ASCII."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return f"is no URL: {error}."
    address = shown(url.partition("?")[0])  # what follows may be a key of the other cloud's gateway
    on_embedded_cloud = allow_loopback_http and parts.scheme == "http" and host == "127.0.0.1"
    if parts.scheme != "https" and not on_embedded_cloud:
        return f"is {address}: only https:// keeps the token secret on its way."
    if not host or port == 0:
        return f"is {address}, which names no host to send to."
    if "@" in parts.netloc:
        return "holds a user name or a password; the token is what authenticates."
    if parts.fragment or url.endswith("#"):
        return "ends in a fragment (#…), which is never sent."
    return ""
