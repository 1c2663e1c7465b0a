"""Drives a headless Chromium over a pipe, by its DevTools protocol: no package, no port, any version there is."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PATIENCE_SECONDS = 60.0
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # whatever a page asks for elsewhere stays here
    "--remote-debugging-pipe",
)
_NEW_VISITOR = "try { localStorage.clear(); sessionStorage.clear() } catch {}"
_FROM_US, _TO_US = 3, 4
"""The file descriptors where Chromium reads commands and writes answers."""


def find() -> str | None:
    """The browser's command, `$CHROMIUM` first; None where there is none."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class EndedError(Exception):
    """The browser is gone, with its last words."""


class Chromium:
    """A running browser, with a profile of its own and one tab."""

    def __init__(self, command: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="gluecode-chromium-", ignore_cleanup_errors=True)
        self._said = Path(self._folder.name, "stderr")
        self._number, self._buffer = 0, b""
        self._events: list[dict[str, Any]] = []
        read, write = _pipe(), _pipe()
        self._commands, self._answers = read[1], write[0]
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [command, *_OPTIONS, f"--user-data-dir={self._folder.name}/profile", "about:blank"],
                pass_fds=(_FROM_US, _TO_US),
                preexec_fn=lambda: (os.dup2(read[0], _FROM_US), os.dup2(write[1], _TO_US)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
        os.close(read[0])
        os.close(write[1])
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._tab = str(self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        self.ask("Page.addScriptToEvaluateOnNewDocument", source=_NEW_VISITOR)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command to the tab, and wait for its result."""
        return self.call(method, self._tab, **parameters)

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its result. Events that come meanwhile are kept for `events`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next(_PATIENCE_SECONDS)
            assert answer is not None, f"Chromium does not answer {method}"
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result
            self._events.append(answer)

    def wait(self, event: str) -> None:
        """Wait for an event of the tab that was not taken yet."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not any(each["method"] == event and each.get("sessionId") == self._tab for each in self._events):
            arrived = self._next(end - time.monotonic())
            assert arrived is not None, f"{event} did not come"
            self._events.append(arrived)

    def events(self) -> list[dict[str, Any]]:
        """Take the events that came until now."""
        taken, self._events = self._events, []
        return taken

    def close(self) -> None:
        """End it, if it has not ended itself."""
        try:
            self.call("Browser.close")
            self._process.wait(_PATIENCE_SECONDS)
        except (EndedError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._commands)
        os.close(self._answers)
        self._folder.cleanup()

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._commands, data) :]
        except BrokenPipeError:
            raise self._ended() from None

    def _next(self, seconds: float) -> dict[str, Any] | None:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, seconds))
            if not ready:
                return None
            arrived = os.read(self._answers, 1 << 20)
            if not arrived:
                raise self._ended()
            self._buffer += arrived
        message, _, self._buffer = self._buffer.partition(b"\0")
        read: dict[str, Any] = json.loads(message)
        return read

    def _ended(self) -> EndedError:
        return EndedError(
            f"Chromium ended ({self._process.wait(10)}): {self._said.read_text(errors='replace')[-2000:]}"
        )


@dataclass
class Page:
    """What a browser shows, and what became known of it."""

    command: str
    browser: Chromium
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, address: str, *, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        """Show an address in a window of this size, and wait until it is loaded and laid out.

        A browser that ends by itself, as one may on a machine with too much to do, is started once more.
        """
        try:
            self._open(address, width, height, scheme)
        except EndedError:
            self.browser.close()
            self.browser = Chromium(self.command)
            self._open(address, width, height, scheme)

    def resize(self, width: int, height: int = 900, scheme: str = "light") -> None:
        """Change the window's size and what the reader prefers: `light` or `dark`."""
        self.browser.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.browser.ask("Emulation.setEmulatedMedia", media="", features=features)

    def print_view(self) -> None:
        """Show the page as a printer would get it."""
        self.browser.ask("Emulation.setEmulatedMedia", media="print", features=[])

    def settle(self) -> None:
        """Wait until fonts are there and two frames were drawn, and take note of what happened."""
        frames = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        self.value(f"document.fonts.ready.then(() => {frames}).then(() => 0)")
        self._take()

    def value(self, script: str) -> Any:
        """The value of a JavaScript expression in the page; a promise is waited for."""
        told = self.browser.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def type(self, words: str) -> None:
        """Type into the field that has the focus."""
        self.browser.ask("Input.insertText", text=words)

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Save a PNG of the whole page, or of what the window shows."""
        clip = {}
        if whole:
            size = self.browser.ask("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}
        shot = self.browser.ask("Page.captureScreenshot", captureBeyondViewport=whole, **clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _open(self, address: str, width: int, height: int, scheme: str) -> None:
        self._go("about:blank")  # what is shown there may not notice, and remember, how the window changes
        self.resize(width, height, scheme)
        self._show(address)
        if not self.value(f"matchMedia('(prefers-color-scheme: {scheme})').matches"):  # told to the page before
            self.resize(width, height, scheme)
            self._show(address)

    def _show(self, address: str) -> None:
        self.browser.events()
        self.complaints, self.requests = [], []
        self._go(address)
        self.settle()

    def _go(self, address: str) -> None:
        self._take()
        told = self.browser.ask("Page.navigate", url=address)
        assert not told.get("errorText"), f"{address}: {told['errorText']}"
        self.browser.wait("Page.loadEventFired")

    def _take(self) -> None:
        for event in self.browser.events():
            told = event["params"]
            match event["method"]:
                case "Network.requestWillBeSent":
                    self.requests.append(told["request"]["url"])
                case "Runtime.exceptionThrown":
                    self.complaints.append(str(told["exceptionDetails"].get("exception", {}).get("description")))
                case "Runtime.consoleAPICalled" if told["type"] in ("error", "assert", "warning"):
                    self.complaints.append(" ".join(str(each.get("value", each)) for each in told["args"]))
                case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                    self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")


@contextmanager
def running(command: str) -> Iterator[Page]:
    """A page in a browser that ends with the block."""
    page = Page(command, Chromium(command))
    try:
        yield page
    finally:
        page.browser.close()


def _pipe() -> tuple[int, int]:
    """A pipe away from the descriptors that Chromium wants."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return moved[0], moved[1]
