"""How a deployment runs, how a token is rotated, and who is trusted with what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.reference.diagrams.canvas import Canvas


def deployment(name: str) -> str:
    """From whoever starts a deployment to the resources of the twin."""
    sheet = Canvas(
        name,
        520,
        470,
        "How a deployment runs",
        "The command line, the console, a script or an event starts the deploy state machine. It reads the project "
        "from the artifact bucket, takes the twin's lock in the state table, and runs one Lambda task for each step. "
        "The tasks create the twin's resources and write one line each to the journal, which the command line follows.",
    )
    command = sheet.box(10, 14, 150, 50, "gluecode deploy", "you, or your pipeline")
    console = sheet.box(185, 14, 150, 50, "Console, aws CLI", "start-execution")
    event = sheet.box(358, 14, 150, 50, "EventBridge", "event, schedule")
    sheet.lane(10, 96, 500, 246, "The orchestrator")
    machine = sheet.box(170, 130, 180, 54, "State machine: deploy", "order, retries, branches", "kept")
    bucket = sheet.box(26, 130, 110, 54, "Bucket", "project, code")
    state = sheet.box(386, 130, 110, 54, "State table", "lock, history")
    steps = sheet.box(170, 228, 180, 54, "Step tasks", "create, info, destroy", "kept")
    journal = sheet.box(26, 276, 110, 54, "Journal", "log group")
    sheet.lane(10, 358, 500, 100, "A twin")
    for number, (label, note) in enumerate(
        (("Functions", "and URLs"), ("Roles", ""), ("IoT rule", ""), ("Hot table", ""), ("Secrets", "queue, logs"))
    ):
        sheet.box(26 + number * 96, 392, 84, 50, label, note)
    for box, shift in ((command, -60.0), (console, 0.0), (event, 60.0)):
        x, y = box.at("bottom")
        sheet.arrow([(x, y), (x, 84), (260 + shift, 84), (260 + shift, 130)])
    sheet.arrow([bucket.at("right"), machine.at("left")])
    sheet.arrow([machine.at("right"), state.at("left")])
    sheet.arrow([machine.at("bottom"), steps.at("top")], "invokes")
    sheet.arrow([steps.at("bottom"), (260, 358)], "creates, repairs, removes", at=(268, 318))
    sheet.arrow([steps.at("left"), (81, 255), journal.at("top")])
    return sheet.svg()


def rotation(name: str) -> str:
    """Which tokens sender and receiver use while one is rotated."""
    sheet = Canvas(
        name,
        520,
        236,
        "Rotating a token, receiver first",
        "Before, both sides use the old token. First the receiver accepts the new and the old one, then the sender "
        "switches to the new one. At no moment is a message refused.",
    )
    sheet.text(10, 58, "Receiver", classes="title")
    sheet.text(10, 76, "accepts", classes="small")
    sheet.text(10, 142, "Sender", classes="title")
    sheet.text(10, 160, "sends", classes="small")
    for number, (title, receiver, sender) in enumerate(
        (
            ("before", "old", "old"),
            ("1 receiver", "new and old", "old"),
            ("2 sender", "new and old", "new"),
        )
    ):
        x = 96 + number * 142
        sheet.text(x + 64, 20, title, classes="small", anchor="middle")
        sheet.box(x, 34, 128, 48, receiver, "", "changed" if receiver == "old" else "good")
        sheet.box(x, 118, 128, 48, sender, "", "changed" if sender == "old" else "good")
        sheet.arrow([(x + 64, 118), (x + 64, 82)], "200")
    sheet.text(96, 196, "The old token stays accepted as AWSPREVIOUS until the next rotation.", classes="small")
    sheet.text(96, 214, "Rotate twice if it was compromised.", classes="small")
    return sheet.svg()


def trust(name: str) -> str:
    """Who can reach what."""
    sheet = Canvas(
        name,
        520,
        420,
        "Who can reach what",
        "From the internet only the Function URLs of Ingestion and Writer can be reached. They need the connection's "
        "token. Devices reach the IoT topic with their certificates. People reach the account with their IAM "
        "permissions.",
    )
    sheet.lane(10, 10, 500, 84, "The internet, and the other clouds")
    other = sheet.box(26, 38, 140, 44, "The other cloud", "has the token")
    anyone = sheet.box(190, 38, 140, 44, "Anyone", "has the URL at most", "bad")
    devices = sheet.box(354, 38, 140, 44, "Devices", "have certificates")
    sheet.lane(10, 160, 500, 246, "Your AWS account", shift=256)
    sheet.box(26, 196, 304, 50, "Ingestion or Writer", "Function URL: HTTPS, token compared as bytes", "good")
    rule = sheet.box(354, 196, 140, 50, "IoT rule", "on the twin's topic")
    inner = sheet.box(150, 286, 220, 44, "The twin's other functions", "no address, called by role")
    table = sheet.box(26, 352, 140, 42, "Hot table")
    sheet.box(190, 352, 140, 42, "Secrets Manager", "the tokens")
    queue = sheet.box(354, 352, 140, 42, "Failure queue")
    sheet.arrow([other.at("bottom"), (96, 196)], "200", kind="strong", at=(102, 128))
    sheet.arrow([anyone.at("bottom"), (260, 196)], "403", kind="catch", at=(266, 128))
    sheet.arrow([devices.at("bottom"), rule.at("top")], "MQTT over TLS", at=(418, 128), anchor="end")
    sheet.arrow([(220, 246), (220, 286)])
    sheet.arrow([(424, 246), (424, 308), inner.at("right")])
    sheet.arrow([(96, 246), table.at("top")])
    sheet.arrow([(230, 330), (230, 352)])
    sheet.arrow([(350, 330), (350, 341), (424, 341), queue.at("top")])
    return sheet.svg()


DRAWINGS: Mapping[str, Callable[[str], str]] = {
    "deployment": deployment,
    "token-rotation": rotation,
    "trust": trust,
}
