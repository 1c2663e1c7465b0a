"""How a deployment runs, how a token is rotated, and who is trusted with what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.reference.diagrams.canvas import NARROW, WIDE, Box, Canvas

_PARTS_OF_A_TWIN = (
    ("Functions", "and their URLs"),
    ("Roles", ""),
    ("IoT rule", ""),
    ("Hot table", ""),
    ("Secrets", ""),
    ("Queue, logs", ""),
)


def _columns(narrow: bool) -> tuple[float, float, tuple[float, float, float]]:
    """The width of a drawing in three columns, that of a column, and where each begins."""
    width = NARROW if narrow else WIDE
    column = (width - 44) / 3
    return width, column, (11, column + 22, 2 * column + 33)


def deployment(name: str, *, narrow: bool) -> str:
    """From whoever starts a deployment to the resources of the twin."""
    sheet = Canvas(
        name,
        "How a deployment runs",
        "The command line, the console, a script or an event starts the deploy state machine. It reads the project "
        "from the artifact bucket, takes the twin's lock in the state table, and runs one Lambda task for each step. "
        "The tasks create the twin's resources and write one line each to the journal, which the command line follows.",
    )
    width, column, (left, middle, right) = _columns(narrow)
    tall = 66.0 if narrow else 54.0
    command = sheet.box(Box(left, 0, column, tall), "gluecode deploy", "you, or your pipeline")
    console = sheet.box(Box(middle, 0, column, tall), "Console, aws CLI", "start-execution")
    event = sheet.box(Box(right, 0, column, tall), "EventBridge", "upload, event, schedule")
    top = tall + 40
    sheet.lane(Box(0, top, width, 2 * tall + 128), "The orchestrator")
    machine = sheet.box(Box(middle, top + 36, column, tall), "State machine", "order, retries, branches", "kept")
    bucket = sheet.box(Box(left, top + 36, column - 18, tall), "Bucket", "project, code")
    state = sheet.box(Box(right + 18, top + 36, column - 18, tall), "State table", "lock, history")
    steps = sheet.box(Box(middle, top + 84 + tall, column, tall), "Step tasks", "create, destroy, compare", "kept")
    journal = sheet.box(Box(left, top + 84 + tall, column - 18, tall), "Journal", "log group")
    below = top + 2 * tall + 168
    sheet.lane(Box(0, below, width, 92 if not narrow else 152), "A twin")
    across = 3 if narrow else 6
    room = (width - 22 - (across - 1) * 8) / across
    for number, (label, note) in enumerate(_PARTS_OF_A_TWIN):
        row, place = divmod(number, across)
        sheet.box(Box(11 + place * (room + 8), below + 30 + row * 58, room, 50), label, note)
    for box, shift in ((command, -column / 4), (console, 0.0), (event, column / 4)):
        x, y = box.at("bottom")
        at = middle + column / 2 + shift
        points = [(x, y), (x, y + 20), (at, y + 20), (at, machine.y)] if shift else [(x, y), (at, machine.y)]
        sheet.arrow(points)
    sheet.arrow([bucket.at("right"), machine.at("left")])
    sheet.arrow([machine.at("right"), state.at("left")])
    sheet.arrow([machine.at("bottom"), steps.at("top")], "invokes")
    sheet.arrow([steps.at("left"), journal.at("right")])
    sheet.arrow([steps.at("bottom"), (middle + column / 2, below)], "creates, repairs, removes")
    return sheet.svg(width, below + (154 if narrow else 94))


def rotation(name: str, *, narrow: bool) -> str:
    """Which tokens sender and receiver use while one is rotated."""
    sheet = Canvas(
        name,
        "Rotating a token, receiver first",
        "Before, both sides use the old token. First the receiver accepts the new and the old one, then the sender "
        "switches to the new one. At last the receiver forgets the old one. At no moment is a message refused.",
    )
    start, column, gap = (72.0, 64.0, 7.0) if narrow else (110.0, 128.0, 16.0)
    for y, who, does in ((54, "Receiver", "accepts"), (138, "Sender", "sends")):
        sheet.text((0, y), who, classes="title")
        sheet.text((0, y + 17), does, classes="small")
    phases = (
        ("before", "old", "old"),
        ("1 rotate", "new and old", "old"),
        ("2 hand over", "new and old", "new"),
        ("3 finish", "new", "new"),
    )
    colours = {"old": "changed", "new": "good", "new and old": "kept"}
    for number, (title, receiver, sender) in enumerate(phases):
        x = start + number * (column + gap)
        sheet.text((x + column / 2, 16), title, classes="small", anchor="middle")
        above = sheet.box(Box(x, 30, column, 48), receiver, classes=colours[receiver])
        under = sheet.box(Box(x, 114, column, 48), sender, classes=colours[sender])
        sheet.arrow([under.at("top"), above.at("bottom")], "200")
    return sheet.svg(start + 4 * column + 3 * gap + 2, 166)


def trust(name: str, *, narrow: bool) -> str:
    """Who can reach what."""
    sheet = Canvas(
        name,
        "Who can reach what",
        "From the internet only the Function URLs of Ingestion and Writer can be reached. They need the connection's "
        "token. Devices reach the IoT topic with their certificates. People reach the account with their IAM "
        "permissions.",
    )
    width, column, (left, middle, right) = _columns(narrow)
    sheet.lane(Box(0, 0, width, 96), "The internet, and the other clouds")
    other = sheet.box(Box(left, 32, column, 54), "The other cloud", "has the token")
    anyone = sheet.box(Box(middle, 32, column, 54), "Anyone", "knows a URL at most", "bad")
    devices = sheet.box(Box(right, 32, column, 54), "Devices", "have certificates")
    sheet.lane(Box(0, 156, width, 262), "Your account" if narrow else "Your AWS account", shift=left + column / 2)
    door = Box(left, 192, 2 * column + 11, 58)
    sheet.box(door, "Ingestion or Writer", "Function URL: HTTPS, token compared as bytes", "good")
    rule = sheet.box(Box(right, 192, column, 58), "IoT rule", "on the twin's topic")
    inner = sheet.box(Box(left, 282, width - 22, 44), "The twin's other functions", "no address, called by role")
    table = sheet.box(Box(left, 358, column, 48), "Hot table")
    secrets = sheet.box(Box(middle, 358, column, 48), "Secrets Manager", "the tokens")
    queue = sheet.box(Box(right, 358, column, 48), "Failure queue")
    sheet.arrow([other.at("bottom"), (left + column / 2, door.y)], "200", kind="strong")
    sheet.arrow([anyone.at("bottom"), (middle + column / 2, door.y)], "403", kind="catch")
    x = right + column / 2
    sheet.arrow([devices.at("bottom"), rule.at("top")], "MQTT, TLS", at=(x + 6, 130) if not narrow else (x - 64, 130))
    for down in (door.at("bottom"), rule.at("bottom")):
        sheet.arrow([down, (down[0], inner.y)])
    for box in (table, secrets, queue):
        to = box.at("top")
        sheet.arrow([(to[0], inner.y + inner.height), to])
    return sheet.svg(width, 420)


DRAWINGS: Mapping[str, Callable[..., str]] = {
    "deployment": deployment,
    "token-rotation": rotation,
    "trust": trust,
}
