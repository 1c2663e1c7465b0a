"""How an event flows through a twin: on one cloud, and where layers are on different ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.reference.diagrams.canvas import Box, Canvas

_WIDTH = 520.0


def overview(name: str) -> str:
    """What the product is: three layers, each on one of three clouds, and gluecode where they meet."""
    sheet = Canvas(
        name,
        _WIDTH,
        250,
        "Three layers, each on a cloud of your choice",
        "Devices send telemetry to L1, which takes it in; L2 processes it and L3 stores it. Each layer runs on AWS, "
        "Azure or Google Cloud. Where two neighbouring layers are on different clouds, gluecode carries the data over "
        "HTTPS.",
    )
    sheet.lane(130, 20, 120, 150, "L1 takes in", "aws | azure | gcp")
    sheet.lane(262, 20, 120, 150, "L2 processes", "aws | azure | gcp")
    sheet.lane(394, 20, 116, 150, "L3 stores", "aws | azure | gcp")
    devices = sheet.box(10, 82, 86, 62, "Devices", "MQTT")
    one = sheet.box(142, 82, 96, 62, "Dispatcher", "Connector")
    two = sheet.box(274, 82, 96, 62, "Processor", "Persister")
    three = sheet.box(404, 82, 96, 62, "Hot store", "Writer")
    sheet.arrow([devices.at("right"), one.at("left")])
    sheet.arrow([one.at("right"), two.at("left")], kind="strong")
    sheet.arrow([two.at("right"), three.at("left")], kind="strong")
    sheet.text(
        262, 196, "Same cloud: a direct call. Another cloud: HTTPS with the connection's token,", anchor="middle"
    )
    sheet.text(262, 214, "retried, never lost: what cannot be delivered waits in a queue.", anchor="middle")
    return sheet.svg()


def single_cloud(name: str) -> str:
    """All three layers on AWS."""
    sheet = Canvas(
        name,
        _WIDTH,
        560,
        "One event, all layers on AWS",
        "A device publishes on the twin's topic. The IoT rule calls the dispatcher, which invokes the processor, which "
        "invokes the persister, which stores the event in the hot table and hands it to the event checker.",
    )
    sheet.lane(10, 70, 330, 130, "L1 on AWS", shift=176)
    sheet.lane(10, 212, 330, 216, "L2 on AWS")
    sheet.lane(10, 440, 330, 86, "L3 on AWS")
    sheet.box(40, 10, 160, 40, "Device")
    rule = sheet.box(30, 108, 120, 50, "IoT rule", "{twin}/iot-data")
    dispatcher = sheet.box(196, 108, 120, 50, "Dispatcher")
    processor = sheet.box(196, 248, 120, 50, "Processor", "your process.py")
    persister = sheet.box(196, 352, 120, 50, "Persister")
    checker = sheet.box(30, 352, 120, 50, "Event checker", "if switched on")
    table = sheet.box(196, 464, 120, 50, "Hot table", "DynamoDB")
    queue = sheet.box(372, 230, 130, 66, "Failure queue", "what failed for good\nwaits for replay", "changed")
    sheet.arrow([(90, 50), (90, 108)], "MQTT", at=(96, 88))
    sheet.arrow([rule.at("right"), dispatcher.at("left")])
    sheet.arrow([dispatcher.at("bottom"), processor.at("top")], "invoke")
    sheet.arrow([processor.at("bottom"), persister.at("top")], "invoke")
    sheet.arrow([persister.at("left"), checker.at("right")])
    sheet.arrow([persister.at("bottom"), table.at("top")], "put")
    _failing(sheet, queue, dispatcher, processor, persister)
    return sheet.svg()


def from_another_cloud(name: str) -> str:
    """L1 on Google Cloud, the rest on AWS."""
    sheet = Canvas(
        name,
        _WIDTH,
        500,
        "One event, L1 on Google Cloud, L2 and L3 on AWS",
        "The Connector on Google Cloud posts the event to the Ingestion function's URL on AWS, with the connection's "
        "token. Ingestion invokes the processor, then the way is the same as on one cloud.",
    )
    sheet.lane(10, 10, 330, 92, "L1 on Google Cloud")
    sheet.lane(10, 164, 330, 216, "L2 on AWS")
    sheet.lane(10, 392, 330, 86, "L3 on AWS", shift=176)
    sheet.box(30, 42, 120, 46, "Dispatcher", "theirs")
    connector = sheet.box(196, 42, 120, 46, "Connector", "theirs")
    ingestion = sheet.box(196, 200, 120, 50, "Ingestion", "Function URL", "good")
    processor = sheet.box(30, 200, 120, 50, "Processor")
    persister = sheet.box(30, 306, 120, 50, "Persister")
    table = sheet.box(30, 416, 120, 50, "Hot table", "DynamoDB")
    queue = sheet.box(196, 300, 130, 62, "Failure queue", "of this twin", "changed")
    sheet.arrow([(150, 65), (196, 65)])
    sheet.arrow([connector.at("bottom"), ingestion.at("top")], "HTTPS, token, envelope", kind="strong", at=(264, 138))
    sheet.arrow([ingestion.at("left"), processor.at("right")])
    sheet.arrow([processor.at("bottom"), persister.at("top")])
    sheet.arrow([persister.at("bottom"), table.at("top")])
    sheet.arrow([persister.at("right"), queue.at("left")], kind="catch")
    sheet.text(360, 206, "403 without the token\n400 if not whole\n200 once Lambda has it")
    return sheet.svg()


def over_another_cloud(name: str) -> str:
    """L1 and L3 on AWS, L2 on Azure."""
    sheet = Canvas(
        name,
        _WIDTH,
        580,
        "One event, L1 on AWS, L2 on Azure, L3 on AWS",
        "The connector on AWS posts the event to the Ingestion endpoint on Azure. What Azure makes of it, its "
        "Persister posts to the Writer function's URL on AWS, which stores it. The trace id is the same all the way.",
    )
    sheet.lane(10, 10, 330, 180, "L1 on AWS")
    sheet.lane(10, 252, 330, 86, "L2 on Azure")
    sheet.lane(10, 400, 330, 166, "L3 on AWS", shift=176)
    rule = sheet.box(30, 44, 120, 46, "IoT rule")
    dispatcher = sheet.box(196, 44, 120, 46, "Dispatcher")
    connector = sheet.box(196, 130, 120, 46, "Connector")
    ingestion = sheet.box(196, 280, 120, 46, "Ingestion", "theirs")
    persister = sheet.box(30, 280, 120, 46, "Persister", "theirs")
    writer = sheet.box(30, 432, 120, 46, "Writer", "Function URL", "good")
    table = sheet.box(30, 510, 120, 46, "Hot table", "DynamoDB")
    queue = sheet.box(372, 40, 130, 66, "Failure queue", "what Azure refused,\nor did not take", "changed")
    sheet.arrow([rule.at("right"), dispatcher.at("left")])
    sheet.arrow([dispatcher.at("bottom"), connector.at("top")])
    sheet.arrow([connector.at("bottom"), ingestion.at("top")], "HTTPS, token, envelope", kind="strong", at=(264, 226))
    sheet.arrow([ingestion.at("left"), persister.at("right")])
    sheet.arrow([persister.at("bottom"), writer.at("top")], "HTTPS, token, envelope", kind="strong", at=(98, 374))
    sheet.arrow([writer.at("bottom"), table.at("top")])
    sheet.arrow([connector.at("right"), (437, 153), queue.at("bottom")], kind="catch")
    return sheet.svg()


def _failing(sheet: Canvas, queue: Box, *boxes: Box) -> None:
    for box in boxes:
        x, y = box.at("right")
        to_x, to_y = queue.at("left")
        sheet.arrow([(x, y), (356, y), (356, to_y), (to_x, to_y)], kind="catch")


DRAWINGS: Mapping[str, Callable[[str], str]] = {
    "overview": overview,
    "flow-single-cloud": single_cloud,
    "flow-from-another-cloud": from_another_cloud,
    "flow-over-another-cloud": over_another_cloud,
}
