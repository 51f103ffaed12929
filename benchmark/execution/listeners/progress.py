"""Progress of a run on standard error: bars on a terminal, plain lines elsewhere."""

import copy
import math
import sys
import time
from typing import Any, Self, TextIO

from benchmark.errors import counted
from benchmark.execution.listeners.cell import CellListener

# Minimum interval between two plain lines about one training, in seconds.
_INTERVAL = 20.0


class Progress(CellListener):
    """Reports the progress of a run in plain lines.

    Args:
        stream: where to write; None takes standard error.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self._cells = 0
        self._expected = (0, "")
        self.tag = ""
        self._psnr: float | None = None
        self._cell_began = self._loop_began = self._reported = time.monotonic()

    def beside(self, number: int) -> Self:
        """Return the progress of a further cell that runs at the same time.

        Its lines name the cell by its number.
        """
        other = copy.copy(self)
        other.tag = f"[{number}]"
        return other

    def line(self, text: str) -> None:
        """Write one line."""
        self.stream.write(self._tagged(text) + "\n")
        self.stream.flush()

    def _tagged(self, text: str) -> str:
        """Add the cell's number to an indented line, where several cells run at a time."""
        return f"{self.tag}{text[3:]}" if self.tag and text.startswith("    ") else text

    def preparing(
        self, title: str, done: int, total: int, item: str, what: str = "scenes prepared"
    ) -> None:
        """Report the progress of a slow preparation, such as decoding a data set."""
        if done == 0 or done == total:
            self.line(f"{title}: {done} of {total} {_of(total, what)}")

    def begin(self, cells: int, found: int, what: str = "run") -> None:
        """Report the number of cells to run, and the number that are stored already."""
        self._cells = cells
        self.line(f"{counted(cells, 'cell')} to {what}, {found} found done")

    def cell(self, number: int, title: str) -> None:
        """Report that a cell starts."""
        self._psnr = None
        self._cell_began = self._loop_began = self._reported = time.monotonic()
        self.line(f"[{number}/{self._cells}] {title}")

    def expect(self, number: int, title: str) -> None:
        """Keep number and title of a cell that another machine will start; see `began`."""
        self._expected = number, title

    def began(self, place: str) -> None:
        """Report that the expected cell starts, or starts again, at a place."""
        number, title = self._expected
        self.cell(number, f"{title}: {place}")

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Report the state of the training, at most every `_INTERVAL` seconds."""
        now = time.monotonic()
        if now - self._reported >= _INTERVAL:
            self._reported = now
            self.line(f"    {self._state(step, steps, loss)}")

    def _state(self, step: int, steps: int, loss: float) -> str:
        took = max(time.monotonic() - self._loop_began, 1e-9)  # a coarse clock may not advance
        left = took / step * (steps - step)
        psnr = "" if self._psnr is None else f", validation {self._psnr:.2f} dB"
        rate = step / took
        return f"step {step}/{steps}, {rate:.1f} steps/s, {left:.0f} s left, loss {loss:.3g}{psnr}"

    def scene(self, name: str) -> None:
        """Restart the clock, as some methods have a loop over each scene."""
        self._loop_began = time.monotonic()

    def validated(self, psnr: float) -> None:
        """Keep a validation's PSNR in dB for the next reports."""
        self._psnr = None if math.isnan(psnr) else psnr

    def cell_ended(self, reason: str | None, state: str = "failed") -> None:
        """Report that a cell is done, or why it is not, and which state it is in instead."""
        took = time.monotonic() - self._cell_began
        psnr = "" if self._psnr is None else f", validation {self._psnr:.2f} dB"
        self.line(f"    {state}: {reason}" if reason else f"    done in {took:.0f} s{psnr}")

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        """Restore the stream."""


class Bars(Progress):
    """Reports progress with two bars: of the cells, and of the current training."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._console = Console(file=self.stream)
        self._bars = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", style="dim", markup=False),
            console=self._console,
            transient=True,
        )
        self._overall: Any = None
        self._current: Any = None

    def __enter__(self) -> "Bars":
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the bars from the screen."""
        self._bars.stop()

    def line(self, text: str) -> None:
        """Write one line above the bars."""
        self._bars.console.print(self._tagged(text), markup=False, highlight=False)

    def preparing(
        self, title: str, done: int, total: int, item: str, what: str = "scenes prepared"
    ) -> None:
        """Update the bar of a slow preparation."""
        if done == 0:
            task = f"{title}: {_of(total, what)}"
            self._current = self._bars.add_task(task, total=total, note="")
        if self._current is not None:
            self._bars.update(self._current, completed=done, note=item)
        if done == total and self._current is not None:
            self._bars.remove_task(self._current)
            self._current = None

    def begin(self, cells: int, found: int, what: str = "run") -> None:
        """Add the bar of the cells."""
        super().begin(cells, found, what)
        self._overall = self._bars.add_task("cells", total=cells, note="")

    def cell(self, number: int, title: str) -> None:
        """Add the bar of one cell."""
        super().cell(number, title)
        if self._expected[0] and self._current is not None:  # its former machine was lost
            self._bars.remove_task(self._current)
        self._current = self._bars.add_task(title, total=None, note="")

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Update the bar of the training."""
        note = self._state(step, steps, loss).partition(", ")[2]
        self._bars.update(self._current, completed=step, total=steps, note=note)

    def scene(self, name: str) -> None:
        """Show the name of the test scene."""
        super().scene(name)
        self._bars.update(self._current, note=f"testing on {name}")

    def cell_ended(self, reason: str | None, state: str = "failed") -> None:
        """Remove the cell's bar and advance the bar of the cells."""
        super().cell_ended(reason, state)
        if self._current is not None:  # a cell that no machine has started has no bar
            self._bars.remove_task(self._current)
            self._current = None
        self._bars.advance(self._overall)


def _of(total: int, what: str) -> str:
    """Put "scenes prepared" into the singular where there is one scene."""
    things, _, done = what.partition(" ")
    return f"{things.removesuffix('s')} {done}" if total == 1 else what


def make() -> Progress:
    """Return bars on a terminal, plain lines otherwise."""
    return Bars() if sys.stderr.isatty() else Progress()
