"""Ingestion and Writer on Google Cloud Functions (Python, Functions Framework)."""

from __future__ import annotations

import functools
import json
import os
from typing import Any

import functions_framework
from flask import Request, Response
from google.cloud import firestore, pubsub_v1
from receiver import Answer, Event, Receiver, key_of


@functions_framework.http
def ingestion(request: Request) -> Response:
    """Answer 200 once Pub/Sub has the event."""

    def accept(event: Event, trace_id: str) -> None:
        data = json.dumps({"event": event, "trace_id": trace_id}).encode()
        _publisher().publish(os.environ["TOPIC"], data).result(timeout=10)

    return _response(Receiver("L2", _tokens, accept).answer(request.headers.items(), request.get_data()))


@functions_framework.http
def writer(request: Request) -> Response:
    """Answer 200 once Firestore has the event. The same device and time is the same document."""

    def accept(event: Event, _trace_id: str) -> None:
        key = f"{event['iotDeviceId']}|{key_of(event)}".replace("/", "%2F")
        _firestore().collection("hot").document(key).set(event)

    return _response(Receiver("L3", _tokens, accept).answer(request.headers.items(), request.get_data()))


def _tokens() -> list[str]:
    """The current and the previous token, mounted from Secret Manager as environment variables."""
    return [os.environ.get("INTER_CLOUD_TOKEN", ""), os.environ.get("INTER_CLOUD_TOKEN_PREVIOUS", "")]


def _response(answer: Answer) -> Response:
    return Response(json.dumps(answer.body), answer.status, answer.headers, mimetype="application/json")


@functools.cache
def _publisher() -> Any:
    return pubsub_v1.PublisherClient()


@functools.cache
def _firestore() -> Any:
    return firestore.Client()
