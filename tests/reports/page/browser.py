"""A real browser without a window, driven over the DevTools protocol."""

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websocket import WebSocket, WebSocketTimeoutException, create_connection

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 20.0
KEYS = {"Enter": 13, "Escape": 27, "Tab": 9, " ": 32, "ArrowLeft": 37, "ArrowUp": 38,
        "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35}  # fmt: skip


def executable() -> str | None:
    """Find a browser; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Tab:
    """One tab, and what its page said and asked for."""

    socket: WebSocket
    session: str
    said: list[dict[str, Any]] = field(default_factory=list)
    _number: int = 1000

    def call(self, method: str, **parameters: Any) -> Any:
        """Send a command and wait for its answer; events on the way are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self.socket.send(json.dumps({**message, "sessionId": self.session}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.said.append(answer)

    def listen(self, seconds: float) -> None:
        """Take what comes in meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                self.said.append(json.loads(self.socket.recv()))
            except WebSocketTimeoutException:
                break
        self.socket.settimeout(PATIENCE)

    def run(self, script: str) -> Any:
        """Return the value of an expression; one that throws fails the test."""
        found = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, script: str) -> None:
        """Wait until an expression is true."""
        until = time.monotonic() + PATIENCE
        while not self.run(f"Boolean({script})"):
            assert time.monotonic() < until, f"waited in vain for {script}"
            time.sleep(0.02)

    def open(self, page: Path) -> None:
        """Open a file and wait until its script has run."""
        self.said.clear()
        self.call("Page.navigate", url=page.as_uri())
        self.wait(
            "document.readyState === 'complete' && document.querySelector('#foot').textContent"
        )

    def size(self, width: int, height: int = 900) -> None:
        """Make the window so wide."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def prefer(self, **features: str) -> None:
        """Set what the user prefers, like `prefers_color_scheme="dark"`."""
        wanted = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.call("Emulation.setEmulatedMedia", media="", features=wanted)

    def click(self, selector: str, across: float = 0.5, down: float = 0.5) -> None:
        """Press the mouse within an element, at a share of its width and height."""
        x, y = self.point(selector, across, down)
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def point(self, selector: str, across: float = 0.5, down: float = 0.5) -> tuple[float, float]:
        """Bring an element into view and give a point within it."""
        box = self.run(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            "one.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const box = one.getBoundingClientRect();"
            "return [box.left, box.top, box.width, box.height]; })()"
        )
        return box[0] + box[2] * across, box[1] + box[3] * down

    def mouse(self, kind: str, x: float, y: float) -> None:
        """Do one thing with the mouse."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left",
                  buttons=int(kind != "mouseReleased"), clickCount=1)  # fmt: skip

    def key(self, key: str, *, shift: bool = False) -> None:
        """Press a key."""
        common: dict[str, Any] = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        text = {"text": "\r"} if key == "Enter" else {"text": " "} if key == " " else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", modifiers=8 * shift, **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", modifiers=8 * shift, **common)

    def type(self, selector: str, text: str) -> None:
        """Write into a field as a user would."""
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def choose(self, selector: str, value: str) -> None:
        """Choose an option of a select, or move a range."""
        self.run(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            f"one.value = {json.dumps(value)};"
            "one.dispatchEvent(new Event('input', {bubbles: true}));"
            "one.dispatchEvent(new Event('change', {bubbles: true})); })()"
        )

    def picture(self, file: Path, *, whole: bool = True) -> None:
        """Save a screenshot."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self) -> list[str]:
        """Return every error, warning and broken rule that the page has caused."""
        self.listen(0.1)
        found = []
        for one in self.said:
            kind = one.get("method")
            if kind == "Runtime.exceptionThrown":
                found.append(json.dumps(one["params"]["exceptionDetails"])[:500])
            elif kind == "Runtime.consoleAPICalled" and one["params"]["type"] in (
                "error",
                "warning",
            ):
                found.append(json.dumps(one["params"]["args"])[:500])
            elif kind in ("Log.entryAdded", "Audits.issueAdded"):
                found.append(json.dumps(one["params"])[:500])
        return found

    def requests(self) -> list[str]:
        """Return every address that the page has asked for."""
        self.listen(0.1)
        return [
            one["params"]["request"]["url"]
            for one in self.said
            if one.get("method") == "Network.requestWillBeSent"
        ]


@contextmanager
def browser(program: str, folder: Path) -> Iterator[Tab]:
    """Start a browser with one tab.

    Args:
        program: as `executable` found it.
        folder: an empty folder for its profile.
    """
    command = [
        program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-background-networking", "--disable-extensions",
        "--disable-component-update", "--hide-scrollbars", "--remote-debugging-port=0",
        f"--user-data-dir={folder}", "about:blank",
    ]  # fmt: skip
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            port, path = _address(folder / "DevToolsActivePort", process)
            socket = create_connection(
                f"ws://127.0.0.1:{port}{path}", timeout=PATIENCE, suppress_origin=True
            )
            try:
                yield _tab(socket)
            finally:
                socket.close()
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(file: Path, process: subprocess.Popen[bytes]) -> list[str]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        if file.exists() and len(lines := file.read_text().splitlines()) == 2:
            return lines
        time.sleep(0.02)
    raise RuntimeError("the browser did not start")


def _tab(socket: WebSocket) -> Tab:
    tab = Tab(socket, "")
    socket.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
    targets = _answer(socket, 1)["targetInfos"]
    (page,) = [one["targetId"] for one in targets if one["type"] == "page"]
    attach = {"targetId": page, "flatten": True}
    socket.send(json.dumps({"id": 2, "method": "Target.attachToTarget", "params": attach}))
    tab.session = _answer(socket, 2)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
        tab.call(f"{domain}.enable")
    return tab


def _answer(socket: WebSocket, number: int) -> dict[str, Any]:
    while True:
        answer = json.loads(socket.recv())
        if answer.get("id") == number:
            found: dict[str, Any] = answer["result"]
            return found
