"""The part of the Ray backend that runs on the nodes: one cell, and its progress on a board."""

import getpass
import hashlib
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.execution.listeners.progress import Progress
from benchmark.execution.listeners.recording import machine

# Minimum interval between two messages of a cell, in seconds, and between two signs of life.
_INTERVAL, _ALIVE_INTERVAL = 1.0, 10.0


class Board:
    """Keeps what cells report until the run takes it; an actor on the machine of the run."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, Any]] = {}

    def put(self, title: str, told: dict[str, Any]) -> None:
        """Add what a cell reports: the newest state, and all lines."""
        known = self._told.setdefault(title, {})
        lines = [*known.get("lines", ()), *told.get("lines", ())]
        known |= {**told, "lines": lines}

    def take(self) -> dict[str, dict[str, Any]]:
        """Return what was reported since the last time."""
        told, self._told = self._told, {}
        return told


class BoardProgress(Progress):
    """Sends the progress of one cell to the board, at most once a second.

    Args:
        board: handle of the actor.
        title: the cell's title.
        place: where it runs, its device, and whether it works in the folder of the run.
    """

    def __init__(self, board: Any, title: str, place: dict[str, Any]) -> None:
        super().__init__()
        self._board, self._title = board, title
        self._news: dict[str, Any] = dict(place)
        self._place = place
        self._sent = 0.0
        self.alive()

    def begin(self, cells: int, found: int, what: str = "run") -> None:
        """Say nothing: the run counts its cells itself."""

    def cell(self, number: int, title: str, *, announce: bool = False) -> None:
        """Say nothing: the run has announced the cell."""

    def cell_ended(self, reason: str | None, state: str = "failed") -> None:
        """Send what is left to be said."""
        self._send()

    def line(self, text: str) -> None:
        """Send a line for the user."""
        self._news.setdefault("lines", []).append(text)

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Send the state of the training."""
        self._news["step"] = (step, steps, loss, lr)

    def validated(self, psnr: float) -> None:
        """Send a validation's PSNR in dB."""
        self._news["psnr"] = psnr

    def scene(self, name: str) -> None:
        """Send the name of the test scene."""
        self._news["scene"] = name

    def alive(self) -> None:
        """Send the news at most once a second, and without any a sign of life every ten."""
        interval = _INTERVAL if self._news else _ALIVE_INTERVAL
        if time.monotonic() - self._sent >= interval:
            self._send()

    def _send(self) -> None:
        self._sent = time.monotonic()
        news, self._news = {**self._place, **self._news}, {}
        with suppress(Exception):  # the run is gone, and Ray will end this task too
            self._board.put.remote(self._title, news)


def run_cell(
    one: dict[str, Any], board: Any, token: str, scratch: str
) -> tuple[str, str, Any | None]:
    """Run a cell on the node that Ray has chosen.

    Args:
        one: the cell, as `benchmark.execution.node.order` returns it.
        board: handle of the board.
        token: a file in the results folder of the run; a node that sees it shares the folder.
        scratch: where to work instead; if empty, in the folder of the run, or in the system's
            temporary one where that cannot be reached.

    Returns:
        Kind and reason of its end, and the cell itself if it is not in the folder of the run.
    """
    import ray

    from benchmark.execution.node import Node

    shared = not scratch and Path(token).exists()
    gpus = ", ".join(map(str, ray.get_gpu_ids()))
    place = {
        "place": f"{_node_name(ray)}{f' (GPU {gpus})' if gpus else ''}",
        "device": "",
        "shared": shared,
    }
    progress = BoardProgress(board, one["title"], place)
    folder = None if shared else _scratch(scratch, one["results"])
    (result,) = Node([one], progress, folder).run()
    sent = None
    if folder is not None and result.kind in ("done", "failed"):
        from benchmark.store.address import Address
        from benchmark.store.parcel import pack

        sent = pack(folder / "results", Address(**one["address"]))
    return result.kind, result.reason, sent


def _node_name(ray: Any) -> str:
    """Return the node's name, and a part of its identifier where one machine has several."""
    node = ray.get_runtime_context().get_node_id()
    return f"{machine()}/{node[:4]}"


def _scratch(given: str, results: str) -> Path:
    """Return the folder for the cells of a run on a node that does not reach that of the run."""
    name = hashlib.sha256(results.encode()).hexdigest()[:12]
    above = Path(given) if given else Path(tempfile.gettempdir()) / f"hsisr-{getpass.getuser()}"
    return above.expanduser() / name
