"""How an event flows through a twin: on one cloud, and where layers are on different ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.reference.diagrams.canvas import NARROW, WIDE, Box, Canvas
from orchestrator.reference.diagrams.lanes import Lanes

_CROSSING = 82.0
_PLAIN = 46.0
_OVER_HTTPS = "HTTPS\ntoken"


def overview(name: str, *, narrow: bool) -> str:
    """What the product is: three layers, each on one of three clouds, and one of the 27 ways through them."""
    sheet = Canvas(
        name,
        "Three layers, each on a cloud of your choice",
        "A table of three layers and three clouds. L1 takes telemetry in, L2 processes it, L3 stores it; each runs on "
        "AWS, Azure or Google Cloud. One way through them is marked: from the dispatcher and connector in L1 on AWS "
        "over HTTPS to L2 on Azure, and over HTTPS to the writer and the hot table in L3 on AWS. gluecode deploys what "
        "is on AWS.",
    )
    layers = (("L1", "takes in"), ("L2", "processes"), ("L3", "stores"))
    clouds = (("AWS", "gluecode deploys it"), ("Azure", "built by the team there"), ("Google Cloud", "the same"))
    on_aws = ("Dispatcher\nConnector", "Processor\nPersister", "Writer\nHot table")
    marked = {(0, 0), (1, 1), (2, 0)}
    boxes: dict[tuple[int, int], Box] = {}

    def place(layer: int, cloud: int) -> Box:
        if narrow:
            return Box(8 + cloud * 120, 92 + layer * 94, 102, 54)
        return Box(170 + layer * 180, 62 + cloud * 106, 126, 54)

    for cloud, (title, note) in enumerate(clouds):
        region = Box(cloud * 120, 0, 116, 348) if narrow else Box(0, 28 + cloud * 106, WIDE - 12, 98)
        sheet.lane(region, title, "" if narrow else note, "kept" if cloud == 0 else "")
        if narrow:
            sheet.text((region.x + 12, 36), note.replace(" ", "\n", 1), classes="small")
        for layer, (number, does) in enumerate(layers):
            used = (layer, cloud) in marked
            label = on_aws[layer] if cloud == 0 else f"{number} {does}" if not narrow else f"{number}\n{does}"
            kind = ("good" if used else "idle") + (" theirs" if cloud else "")
            boxes[layer, cloud] = sheet.box(place(layer, cloud), label, classes=kind)
    for layer, (number, does) in enumerate(layers):
        if not narrow:
            sheet.text((place(layer, 0).x + 63, 18), f"{number} {does}", classes="title", anchor="middle")
    one, two, three = (boxes[key] for key in ((0, 0), (1, 1), (2, 0)))
    if narrow:
        sheet.arrow([(one.x + 51, 68), (one.x + 51, one.y)])
        sheet.text((one.x + 51, 62), "Devices", classes="small", anchor="middle")
        sheet.arrow(
            [one.at("bottom"), (one.x + 51, one.y + 74), (two.x + 51, one.y + 74), two.at("top")], kind="strong"
        )
        sheet.arrow(
            [two.at("bottom"), (two.x + 51, two.y + 74), (one.x + 51, two.y + 74), three.at("top")], kind="strong"
        )
        sheet.text((two.x + 58, one.y + 86), "HTTPS, token")
        sheet.text((two.x + 58, two.y + 72), "HTTPS, token")
        return sheet.svg(NARROW, 350)
    devices = sheet.box(Box(60, 62, 80, 54), "Devices", "MQTT")
    sheet.arrow([devices.at("right"), one.at("left")])
    for box, other, x in ((one, two, one.x + 153), (two, three, two.x + 153)):
        sheet.arrow([box.at("right"), (x, box.y + 27), (x, other.y + 27), other.at("left")], kind="strong")
        sheet.text((x + 8, 146), "HTTPS, token")
    return sheet.svg(WIDE - 10, 340)


def single_cloud(name: str, *, narrow: bool) -> str:
    """All three layers on AWS."""
    flow = Lanes(
        name,
        "One event, all layers on AWS",
        "A device publishes on the twin's topic. The IoT rule calls the dispatcher, which invokes the processor, which "
        "invokes the persister, which stores the event in the hot table and hands it to the event checker. What fails "
        "for good goes to the failure queue.",
        slots=3,
        gaps=(_PLAIN, _PLAIN),
        narrow=narrow,
    )
    for number in range(3):
        flow.lane(number, f"L{number + 1} on AWS", entered_first=number == 1)
    rule = flow.box(0, 1, "IoT rule", "{twin}/iot-data")
    dispatcher = flow.box(0, 0, "Dispatcher")
    processor = flow.box(1, 0, "Processor", "or a device's own")
    persister = flow.box(1, 1, "Persister")
    checker = flow.box(1, 2, "Event checker", "if switched on")
    table = flow.box(2, 1, "Hot table", "DynamoDB")
    flow.outside(rule, "Device", "MQTT")
    flow.way(rule, dispatcher)
    flow.way(dispatcher, processor)
    flow.way(processor, persister)
    flow.way(persister, table)
    flow.way(persister, checker)
    flow.failures((0, 1), "Failure queue", "what failed for good waits here for a replay")
    return flow.svg()


def from_another_cloud(name: str, *, narrow: bool) -> str:
    """L1 on Google Cloud, the rest on AWS."""
    flow = Lanes(
        name,
        "One event, L1 on Google Cloud, L2 and L3 on AWS",
        "The Connector on Google Cloud posts the event to the Ingestion function's URL on AWS, with the connection's "
        "token. Ingestion invokes the processor, then the way is the same as on one cloud.",
        slots=3,
        gaps=(_CROSSING, _PLAIN),
        narrow=narrow,
    )
    flow.lane(0, "L1 on Google Cloud" if narrow else "L1 on Google")
    flow.lane(1, "L2 on AWS", entered_first=True)
    flow.lane(2, "L3 on AWS")
    dispatcher = flow.box(0, 1, "Dispatcher", "theirs", "theirs")
    connector = flow.box(0, 0, "Connector", "theirs", "theirs")
    ingestion = flow.box(1, 0, "Ingestion", "Function URL", "good")
    processor = flow.box(1, 1, "Processor")
    persister = flow.box(1, 2, "Persister")
    table = flow.box(2, 2, "Hot table", "DynamoDB")
    flow.outside(dispatcher, "Device", "MQTT")
    flow.way(dispatcher, connector)
    flow.way(connector, ingestion, _OVER_HTTPS, "strong")
    flow.way(ingestion, processor)
    flow.way(processor, persister)
    flow.way(persister, table)
    flow.failures((1,), "Failure queue", "of this twin; theirs keeps what AWS refused", reach=2)
    return flow.svg()


def over_another_cloud(name: str, *, narrow: bool) -> str:
    """L1 and L3 on AWS, L2 on Azure."""
    flow = Lanes(
        name,
        "One event, L1 on AWS, L2 on Azure, L3 on AWS",
        "The connector on AWS posts the event to the Ingestion endpoint on Azure. What Azure makes of it, its "
        "Persister posts to the Writer function's URL on AWS, which stores it. The trace id is the same all the way.",
        slots=3,
        gaps=(_CROSSING, _CROSSING),
        narrow=narrow,
    )
    flow.lane(0, "L1 on AWS", entered_first=True)
    flow.lane(1, "L2 on Azure")
    flow.lane(2, "L3 on AWS")
    rule = flow.box(0, 0, "IoT rule")
    dispatcher = flow.box(0, 1, "Dispatcher")
    connector = flow.box(0, 2, "Connector")
    ingestion = flow.box(1, 2, "Ingestion", "theirs", "theirs")
    persister = flow.box(1, 1, "Persister", "theirs", "theirs")
    writer = flow.box(2, 1, "Writer", "Function URL", "good")
    table = flow.box(2, 2, "Hot table", "DynamoDB")
    flow.outside(rule, "Device", "MQTT")
    flow.way(rule, dispatcher)
    flow.way(dispatcher, connector)
    flow.way(connector, ingestion, _OVER_HTTPS, "strong")
    flow.way(ingestion, persister)
    flow.way(persister, writer, _OVER_HTTPS, "strong")
    flow.way(writer, table)
    flow.failures((0,), "Failure queue", "what Azure refused, or did not take in time", reach=1)
    return flow.svg()


DRAWINGS: Mapping[str, Callable[..., str]] = {
    "overview": overview,
    "flow-single-cloud": single_cloud,
    "flow-from-another-cloud": from_another_cloud,
    "flow-over-another-cloud": over_another_cloud,
}
