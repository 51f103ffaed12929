"""What a user sees while cells run: bars on a terminal, plain lines elsewhere."""

import math
import sys
import time
from typing import Any, TextIO

# Between two plain lines about one training, in seconds.
_QUIET = 20.0


class Progress:
    """Tells of a run on standard error; this one writes plain lines."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self._cells = 0
        self._psnr: float | None = None
        self._cell_began = self._told = time.monotonic()

    def line(self, text: str) -> None:
        """Say one thing."""
        self.stream.write(text + "\n")
        self.stream.flush()

    def preparing(
        self, title: str, done: int, total: int, item: str, what: str = "scenes prepared"
    ) -> None:
        """Tell how far something has come that takes a while, such as decoding a data set."""
        if done == 0 or done == total:
            self.line(f"{title}: {done} of {total} {what}")

    def begin(self, cells: int, found: int) -> None:
        """Tell how many cells there are to run and how many are there already."""
        self._cells = cells
        self.line(f"{cells} cells to run, {found} found done")

    def cell(self, number: int, title: str) -> None:
        """Tell that a cell starts."""
        self._psnr = None
        self._cell_began = self._told = time.monotonic()
        self.line(f"[{number}/{self._cells}] {title}")

    def stepped(self, step: int, steps: int, loss: float) -> None:
        """Take the mean loss of the last training steps."""
        now = time.monotonic()
        if now - self._told >= _QUIET:
            self._told = now
            self.line(f"    {self._state(step, steps, loss)}")

    def _state(self, step: int, steps: int, loss: float) -> str:
        took = max(time.monotonic() - self._cell_began, 1e-9)  # a coarse clock may stand still
        left = took / step * (steps - step)
        psnr = "" if self._psnr is None else f", validation {self._psnr:.2f} dB"
        rate = step / took
        return f"step {step}/{steps}, {rate:.1f} steps/s, {left:.0f} s left, loss {loss:.3g}{psnr}"

    def validated(self, psnr: float) -> None:
        """Take a validation's PSNR in dB."""
        self._psnr = None if math.isnan(psnr) else psnr

    def scene(self, name: str) -> None:
        """Tell that a test scene is being estimated."""

    def cell_ended(self, reason: str | None) -> None:
        """Tell that a cell is done, or why it failed."""
        took = time.monotonic() - self._cell_began
        psnr = "" if self._psnr is None else f", validation {self._psnr:.2f} dB"
        self.line(f"    failed: {reason}" if reason else f"    done in {took:.0f} s{psnr}")

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the stream as it was."""


class Bars(Progress):
    """The same with two moving bars: the cells, and the training at hand."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._console = Console(file=self.stream)
        self._bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=self._console,
            transient=True,
        )
        self._overall: Any = None
        self._current: Any = None

    def __enter__(self) -> "Bars":
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Take the bars off the screen."""
        self._bars.stop()

    def line(self, text: str) -> None:
        """Say one thing above the bars."""
        self._bars.console.print(text, markup=False, highlight=False)

    def preparing(
        self, title: str, done: int, total: int, item: str, what: str = "scenes prepared"
    ) -> None:
        """Move the bar of what takes a while."""
        if done == 0:
            self._current = self._bars.add_task(f"{title}: {what}", total=total, note="")
        if self._current is not None:
            self._bars.update(self._current, completed=done, note=item)
        if done == total and self._current is not None:
            self._bars.remove_task(self._current)
            self._current = None

    def begin(self, cells: int, found: int) -> None:
        """Start the bar of the cells."""
        super().begin(cells, found)
        self._overall = self._bars.add_task("cells", total=cells, note="")

    def cell(self, number: int, title: str) -> None:
        """Start the bar of one cell."""
        super().cell(number, title)
        self._current = self._bars.add_task(title, total=None, note="")

    def stepped(self, step: int, steps: int, loss: float) -> None:
        """Move the bar of the training."""
        note = self._state(step, steps, loss).partition(", ")[2]
        self._bars.update(self._current, completed=step, total=steps, note=note)

    def scene(self, name: str) -> None:
        """Name the test scene at hand."""
        self._bars.update(self._current, note=f"testing on {name}")

    def cell_ended(self, reason: str | None) -> None:
        """Take the cell's bar away and move on."""
        super().cell_ended(reason)
        self._bars.remove_task(self._current)
        self._bars.advance(self._overall)


def make() -> Progress:
    """Choose bars for a terminal, plain lines otherwise."""
    return Bars() if sys.stderr.isatty() else Progress()
