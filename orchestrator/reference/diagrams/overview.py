"""The overview: three layers, each on one of three clouds."""

from __future__ import annotations

from orchestrator.reference.diagrams.canvas import NARROW, WIDE, Box, Canvas


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
