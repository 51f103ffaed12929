"""A web server on this machine, for downloads that go well and downloads that do not."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.datasets.makers import cave_folder


@dataclass
class Web:
    """What the server has: path to body, and how many bytes it announces but keeps."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    withheld: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, name: str, content: bytes, withheld: int = 0) -> str:
        """Offer a file; returns its URL."""
        self.files[f"/{name}"] = content
        self.withheld[f"/{name}"] = withheld
        return f"{self.address}/{name}"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """Run a server on the loopback address for one test."""
    there = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            there.asked.append(self.path)
            if self.path not in there.files:
                self.send_error(404)
                return
            content = there.files[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) - there.withheld[self.path]])

        def log_message(self, *_: object) -> None:
            pass

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield there
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with two of CAVE's scenes, one of them in colour, as unpacked."""
    cave_folder(tmp_path / "cave", "balloons", "watercolors")
    return tmp_path
