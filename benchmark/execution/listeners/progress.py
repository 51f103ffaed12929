"""Progress of a run on standard error: bars on a terminal, a few plain lines elsewhere."""

import copy
import math
import os
import sys
import time
from collections.abc import Mapping
from typing import Self, TextIO

from benchmark.errors import counted
from benchmark.execution.listeners.cell import CellListener
from benchmark.execution.listeners.pace import Pace
from benchmark.execution.listeners.recording import duration

# Minimum interval between two plain lines about one cell, in seconds.
_INTERVAL = 60.0
# A training that begins at its beginning is first reported at this step, or before.
_FIRST = 25


class Progress(CellListener):
    """Reports the progress of a run in plain lines: one a finished cell, one a minute before.

    Args:
        stream: where to write; None takes standard error.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.pace = Pace()
        self.tag = ""
        self._expected = (0, "")
        self._begin_cell(0, "")

    def _begin_cell(self, number: int, title: str) -> None:
        self._number, self._title = number, title
        self._announced = False
        self._psnr = self._best = -math.inf
        self._cell_began = self._reported = time.monotonic()
        self._begin_loop("")

    def _begin_loop(self, scene: str) -> None:
        self._scene = scene
        self._loop: tuple[float, int] | None = None
        self._state = ""

    def beside(self, number: int) -> Self:
        """Return the progress of a further cell that runs at the same time.

        Its lines name the cell by its number.
        """
        other = copy.copy(self)
        other.tag = f"[{number}]"
        return other

    def line(self, text: str) -> None:
        """Write one line; an indented one belongs to the cell, whose title stands above it."""
        if text.startswith("    ") and self._title and not self._announced:
            self._announce()
        self._write(self._tagged(text))

    def _write(self, text: str) -> None:
        self.stream.write(text + "\n")
        self.stream.flush()

    def _announce(self, place: str = "") -> None:
        self._announced = True
        self._write(f"[{self._number}/{self.pace.cells}] {self._title}{place}")

    def _tagged(self, text: str) -> str:
        """Add the cell's number to an indented line, where several cells run at a time."""
        return f"{self.tag}{text[3:]}" if self.tag and text.startswith("    ") else text

    def _say(self, text: str) -> None:
        """Write something about the cell, in a line of its own or below its title."""
        if self._announced or not self._title:
            self._write(self._tagged(f"    {text}"))
        else:
            self._write(f"[{self._number}/{self.pace.cells}] {self._title}: {text}")

    def preparing(
        self, title: str, done: int, total: int, item: str, what: str = "scenes prepared"
    ) -> None:
        """Report the progress of a slow preparation, such as decoding a data set."""
        if done == 0 or done == total:
            self.line(f"{title}: {done} of {total} {_of(total, what)}")

    def begin(self, cells: int, found: int, what: str = "run") -> None:
        """Report the number of cells to run, and the number that are stored already."""
        self.pace = Pace(cells)
        self.line(f"{counted(cells, 'cell')} to {what}, {found} found done")

    def forecast(self, seconds: Mapping[str, float | None]) -> None:
        """Take the seconds that cells will take, by their titles; None where it is not known."""
        self.pace.expect(seconds)

    def cell(self, number: int, title: str, *, announce: bool = False) -> None:
        """Note that a cell starts; a line about it follows after a minute, or at its end.

        Args:
            number: its number in the run.
            title: its title.
            announce: True writes a line now.
        """
        self._begin_cell(number, title)
        self.pace.begin(self._known)
        if announce:
            self._announce()

    @property
    def _known(self) -> str:
        """The title by which a forecast knows the cell, without its place."""
        number, title = self._expected
        return title if number else self._title

    def expect(self, number: int, title: str) -> None:
        """Keep number and title of a cell that another machine will start; see `began`."""
        self._expected = number, title
        self._begin_cell(number, title)

    def began(self, place: str) -> None:
        """Report that the expected cell starts, or starts again, at a place."""
        self.cell(*self._expected)
        self._announce(f": {place}")

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Report the state of the training, at most once a minute."""
        self._state = self._described(step, steps, loss)
        self.alive()

    def alive(self) -> None:
        """Report the cell once a minute, whether it trains or not."""
        now = time.monotonic()
        if now - self._reported < _INTERVAL or not self._title:
            return
        self._reported = now
        scene = f", scene {self._scene}" if self._scene else ""
        self._say(self._state or f"running for {duration(now - self._cell_began)}{scene}")

    def _described(self, step: int, steps: int, loss: float) -> str:
        """Describe the state of the training, and note how long it will take."""
        now = time.monotonic()
        if self._loop is None or step < self._loop[1]:
            self._loop = now, step
            if step > _FIRST and not self._scene:
                self.pace.resumed(self._known)
        began, first = self._loop
        took = max(now - began, 1e-9)  # a coarse clock may not advance
        speed = ""
        if step > first:
            left = took / (step - first) * (steps - step)
            if not self._scene:  # there may be more scenes, and a loop over each
                self.pace.loop(self._known, step / max(steps, 1), left)
            speed = f", {duration(left)} left, {(step - first) / took:.1f} steps/s"
        return f"step {step}/{steps}{speed}, loss {loss:.3g}{_validation(self._psnr)}"

    def scene(self, name: str) -> None:
        """Forget the loop of the training, as some methods have one over each scene."""
        self._begin_loop(name)
        self.pace.no_loop(self._known)

    def validated(self, psnr: float) -> None:
        """Keep a validation's PSNR in dB for the next reports."""
        self._psnr = psnr
        if psnr > self._best:
            self._best = psnr

    def cell_ended(self, reason: str | None, state: str = "failed") -> None:
        """Report that a cell is done, or why it is not, and which state it is in instead."""
        took = time.monotonic() - self._cell_began
        self.pace.end(self._known, done=not reason)
        done = f"done in {duration(took)}{_validation(self._best)}"
        said = f"{state}: {reason}" if reason else done
        self._ended(said, failed=bool(reason))

    def _ended(self, text: str, *, failed: bool) -> None:
        left = self._left()
        self._say(f"{text}; {left} for the run" if left else text)
        self._title = ""

    def _left(self) -> str:
        """Return the time left of the run: "5 min left"; "" at its end, or where it is unknown."""
        left = self.pace.left() if self.pace.ended < self.pace.cells else None
        return f"{duration(left)} left" if left and left >= 1 else ""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        """Restore the stream."""


def _validation(psnr: float) -> str:
    """Describe a validation's PSNR in dB; "" where there is none."""
    return f", validation {psnr:.2f} dB" if math.isfinite(psnr) else ""


def _of(total: int, what: str) -> str:
    """Put "scenes prepared" into the singular where there is one scene."""
    things, _, done = what.partition(" ")
    return f"{things.removesuffix('s')} {done}" if total == 1 else what


def make() -> Progress:
    """Return bars on a terminal, plain lines otherwise."""
    if sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown"):
        from benchmark.execution.listeners.bars import Bars

        return Bars()
    return Progress()
