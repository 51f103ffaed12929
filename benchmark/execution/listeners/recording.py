"""Progress of a running cell on disk, so that other processes and machines can read it."""

import json
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.execution.listeners.cell import CellListener

# Minimum interval between two writes, in seconds, and between two signs of life.
_INTERVAL, _ALIVE_INTERVAL = 1.0, 10.0
# Lines for the user that are kept.
_MAX_LINES = 50


def machine() -> str:
    """Return the name of this machine, as its batch system calls it."""
    return os.environ.get("SLURMD_NODENAME") or socket.gethostname()


def batch_job() -> str:
    """Return the identifier of the batch job that this process belongs to; "" without one."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{name}_ID") for name in ("JOB", "TASK"))
    return f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID", "")


class RecordedProgress(CellListener):
    """Forwards what a cell reports, and keeps a summary of it in a file.

    The file is replaced atomically, at most once a second but for lines. It holds `cell` (its
    title), `machine`, `job` (of a batch system, or ""), `device`, `began` and `updated` (seconds
    since 1970), and, as soon as they are known, `step`, `steps`, `loss`, `left_s` (seconds),
    `scene`, and `lines`: the first lines for the user.

    Args:
        shown: receives every call.
        file: the file; its folder exists while the cell's lock is held.
        title: the cell's title.
        device: name of the device that computes it.
        place: the machine that computes it; this one if empty.
    """

    def __init__(
        self, shown: CellListener, file: Path, title: str, device: str, place: str = ""
    ) -> None:
        self._shown = shown
        self._file = file
        self._facts: dict[str, Any] = {
            "cell": title,
            "machine": place or machine(),
            "job": batch_job(),
            "device": device,
            "began": time.time(),
        }
        self._loop: tuple[float, int] | None = None
        self._written = 0.0
        self._write(_INTERVAL)

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Keep the step, and estimate the time left from those that were seen before."""
        self._shown.stepped(step, steps, loss, lr)
        now = time.monotonic()
        if self._loop is None or step < self._loop[1]:
            self._loop = now, step
        began, first = self._loop
        left = (now - began) / (step - first) * (steps - step) if step > first else None
        self._facts |= {"step": step, "steps": steps, "loss": loss, "left_s": left}
        self._write(_INTERVAL)

    def validated(self, psnr: float) -> None:
        """Forward a validation's PSNR in dB."""
        self._shown.validated(psnr)

    def scene(self, name: str) -> None:
        """Keep the name of the test scene."""
        self._shown.scene(name)
        self._loop = None
        self._facts |= {"scene": name, "left_s": None}
        self._write(_INTERVAL)

    def line(self, text: str) -> None:
        """Forward and keep a line for the user."""
        self._shown.line(text)
        lines = self._facts.setdefault("lines", [])
        if len(lines) < _MAX_LINES:
            lines.append(text)
            self._write(0.0)

    def alive(self) -> None:
        """Update the time, so that a reader knows that the process is there."""
        self._shown.alive()
        self._write(_ALIVE_INTERVAL)

    def began(self, place: str) -> None:
        """Forward the start of the cell on another machine."""
        self._shown.began(place)
        self._facts["machine"] = place

    def _write(self, interval: float) -> None:
        if time.monotonic() - self._written < interval:
            return
        self._written = time.monotonic()
        write_record(self._file, {**self._facts, "updated": time.time()})


def write_record(file: Path, facts: Mapping[str, Any]) -> None:
    """Replace a small JSON file atomically; do nothing where it cannot be written.

    It only informs, so it is not flushed to the disk, and a full disk ends no run.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(OSError):
        try:
            temporary.write_text(json.dumps(facts), encoding="utf-8")
            temporary.replace(file)
        except BaseException:  # such as the interruption by which a user stops the run
            temporary.unlink(missing_ok=True)
            raise


def read_record(file: Path) -> dict[str, Any]:
    """Read such a file; return an empty dictionary if there is none, or not a whole one."""
    with suppress(OSError, ValueError):
        facts = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(facts, dict):
            return facts
    return {}


def described(facts: Mapping[str, Any]) -> str:
    """Describe such a record in a few words: where the cell is computed, and how far it is."""
    place = str(facts.get("machine") or "an unknown machine")
    if facts.get("job"):
        place = f"job {facts['job']} on {place}"
    words = [f"{place} ({facts['device']})" if facts.get("device") else place]
    if facts.get("steps"):
        words.append(f"step {facts.get('step')}/{facts['steps']}")
    if facts.get("scene"):
        words.append(f"scene {facts['scene']}")
    if isinstance(left := facts.get("left_s"), int | float):
        words.append(f"{duration(left)} left")
    return ", ".join(words)


def duration(seconds: float) -> str:
    """Format a time span: `45 s`, `12 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
