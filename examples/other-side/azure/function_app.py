"""Ingestion and Writer on Azure Functions (Python, programming model v2)."""

from __future__ import annotations

import json
import os

import azure.functions as func
from receiver import Answer, Event, Receiver, key_of

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)  # the connection's token is what authenticates


@app.route(route="ingestion", methods=["POST"])
@app.queue_output(arg_name="events", queue_name="events", connection="AzureWebJobsStorage")
def ingestion(req: func.HttpRequest, events: func.Out[str]) -> func.HttpResponse:
    """Answer 200 only if the events are in the queue: the host writes them before it sends the answer."""
    taken: list[str] = []

    def accept(event: Event, trace_id: str) -> None:
        taken.append(json.dumps({"event": event, "trace_id": trace_id}))

    answer = Receiver("L2", _tokens, accept).answer(req.headers.items(), req.get_body())
    if taken:
        events.set(taken)  # a list is one message each
    return _response(answer)


@app.route(route="writer", methods=["POST"])
@app.cosmos_db_output(
    arg_name="items",
    database_name="twin",
    container_name="hot",
    connection="CosmosConnection",
    create_if_not_exists=False,
)
def writer(req: func.HttpRequest, items: func.Out[func.DocumentList]) -> func.HttpResponse:
    """Answer 200 only if the events are stored. The same device and time is the same item: an upsert."""
    taken = func.DocumentList()

    def accept(event: Event, _trace_id: str) -> None:
        document = {**event, "id": f"{event['iotDeviceId']}|{key_of(event)}"}
        taken.append(func.Document.from_json(json.dumps(document)))

    answer = Receiver("L3", _tokens, accept).answer(req.headers.items(), req.get_body())
    if taken:
        items.set(taken)
    return _response(answer)


def _tokens() -> list[str]:
    """The current and the previous token: Key Vault references in the app's settings keep them out of the code."""
    return [os.environ.get("INTER_CLOUD_TOKEN", ""), os.environ.get("INTER_CLOUD_TOKEN_PREVIOUS", "")]


def _response(answer: Answer) -> func.HttpResponse:
    return func.HttpResponse(
        json.dumps(answer.body), status_code=answer.status, headers=answer.headers, mimetype="application/json"
    )
