"""Flowcharts of what the functions and the command line decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.reference.diagrams.flowchart import flowchart


def from_l1_to_l2(name: str, *, narrow: bool) -> str:
    """What becomes of an event in L1."""
    return flowchart(
        name,
        "From L1 to L2",
        "The dispatcher refuses an event of an unknown device. If L2 is on the same cloud it invokes the device's "
        "processor, else the connector, which posts the event to the other cloud's Ingestion.",
        [
            ("A device publishes an event", "", "Does the twin have this device?"),
            ("Does the twin have this device?", "no", "Failure queue: unknown_device"),
            ("Does the twin have this device?", "yes", "Is L2 on the same cloud?"),
            ("Is L2 on the same cloud?", "yes", "Does the device have its own process.py?"),
            ("Is L2 on the same cloud?", "no", "Connector: POST to the remote Ingestion"),
            ("Does the device have its own process.py?", "yes", "Its own processor"),
            ("Does the device have its own process.py?", "no", "The twin's processor"),
            ("Its own processor", "", "Persister"),
            ("The twin's processor", "", "Persister"),
            ("Connector: POST to the remote Ingestion", "accepted", "Their processor"),
        ],
        {"Failure queue: unknown_device": "bad", "Persister": "good", "Their processor": "good"},
        narrow=narrow,
    )


def from_l2_to_l3(name: str, *, narrow: bool) -> str:
    """What the persister does with an event: both the URL and the mapping must agree before data leaves the cloud."""
    return flowchart(
        name,
        "From L2 to L3",
        "The persister writes remotely only if a URL is set and the mapping says that L2 and L3 are on different "
        "clouds.",
        [
            ("The persister has an event", "", "Is REMOTE_WRITER_URL set?"),
            ("Is REMOTE_WRITER_URL set?", "no", "Write to the hot table"),
            ("Is REMOTE_WRITER_URL set?", "yes", "Does the mapping name both providers?"),
            ("Does the mapping name both providers?", "no", "ConfigurationError"),
            ("Does the mapping name both providers?", "yes", "Do they differ?"),
            ("Do they differ?", "no (warning)", "Write to the hot table"),
            ("Do they differ?", "yes", "Is there a token?"),
            ("Is there a token?", "no", "ValueError, nothing is sent"),
            ("Is there a token?", "yes", "POST to the remote Writer"),
        ],
        {
            "Write to the hot table": "good",
            "POST to the remote Writer": "good",
            "ConfigurationError": "bad",
            "ValueError, nothing is sent": "bad",
        },
        narrow=narrow,
    )


def receiving(name: str, *, narrow: bool) -> str:
    """The order in which a receiver checks a request."""
    return flowchart(
        name,
        "What a receiver does with a request",
        "The token comes first: who has none learns nothing about what else is wrong. Then the body, the envelope and "
        "the event are checked, and only a durable event is answered with 200.",
        [
            ("POST arrives", "", "Is the token right?"),
            ("Is the token right?", "no", "403"),
            ("Is the token right?", "yes", "At most 512 KiB?"),
            ("At most 512 KiB?", "no", "413"),
            ("At most 512 KiB?", "yes", "A whole event, for this layer, of a known device?"),
            ("A whole event, for this layer, of a known device?", "no", "400 with the reason"),
            ("A whole event, for this layer, of a known device?", "yes", "Made durable?"),
            ("Made durable?", "no", "429 or 500: send it again"),
            ("Made durable?", "yes", "200 with the trace id"),
        ],
        {
            "403": "bad",
            "413": "bad",
            "400 with the reason": "bad",
            "429 or 500: send it again": "changed",
            "200 with the trace id": "good",
        },
        narrow=narrow,
    )


def sending(name: str, *, narrow: bool) -> str:
    """What a sender does with the answer."""
    return flowchart(
        name,
        "What a sender does with the answer",
        "Accepted: done. 403: the token is fetched again and the event sent once more. 429, 5xx and no answer: up to "
        "three more attempts. Everything else is final, and the event goes to the failure queue.",
        [
            ("An answer comes, or none in time", "", "Is it 2xx?"),
            ("Is it 2xx?", "yes", "Done"),
            ("Is it 2xx?", "no", "403, for the first time?"),
            ("403, for the first time?", "yes", "Read the token anew, send once more"),
            ("403, for the first time?", "no", "429, 5xx or no answer?"),
            ("429, 5xx or no answer?", "no", "Failure queue, with the reason"),
            ("429, 5xx or no answer?", "yes", "Was it the fourth attempt?"),
            ("Was it the fourth attempt?", "no", "Wait 1, 2, 4 s or as told, send again"),
            ("Was it the fourth attempt?", "yes", "Lambda tries again, then the failure queue"),
        ],
        {
            "Done": "good",
            "Read the token anew, send once more": "kept",
            "Wait 1, 2, 4 s or as told, send again": "kept",
            "Failure queue, with the reason": "bad",
            "Lambda tries again, then the failure queue": "changed",
        },
        narrow=narrow,
    )


DRAWINGS: Mapping[str, Callable[..., str]] = {
    "decide-l1-l2": from_l1_to_l2,
    "decide-l2-l3": from_l2_to_l3,
    "decide-receiving": receiving,
    "decide-sending": sending,
}
