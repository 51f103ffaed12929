"""Progress on a terminal: a bar of the run and one of each running cell, which stay in place."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Column, Table
from rich.text import Text

from benchmark.execution.listeners.progress import Progress, _of

# Bars are drawn as often in a second.
_RATE = 4.0
_MARGIN = 3  # columns


class _Count(ProgressColumn):
    """The count of a bar, where its total is known."""

    def render(self, task: Task) -> Text:
        count = "" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}"
        return Text(count, style="progress.download")


class _Note(ProgressColumn):
    """The note of a bar, which may change while nothing else does."""

    def render(self, task: Task) -> Text:
        note: str | Callable[[], str] = task.fields["note"]
        return Text(note if isinstance(note, str) else note(), style="dim")


@dataclass(frozen=True)
class _Narrow:
    """A table that leaves room at its right for the `^C` that a terminal writes at the cursor.

    On a full line it would begin another one, and the bars would be erased one line too low.
    """

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(options.max_width - _MARGIN, 1)
        return console.render(self.table, options.update_width(width))


class _Bars(RichProgress):
    """Bars that are a little narrower than the terminal, and drawn without interruption."""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield _Narrow(self.make_tasks_table(self.tasks))

    def write(self, text: str) -> None:
        """Write a line above the bars."""
        with _uninterrupted():
            self.console.print(text, markup=False, highlight=False)

    def add_task(self, *args: Any, **fields: Any) -> TaskID:
        with _uninterrupted():
            return super().add_task(*args, **fields)

    def update(self, *args: Any, **fields: Any) -> None:
        with _uninterrupted():
            super().update(*args, **fields)

    def remove_task(self, task_id: TaskID) -> None:
        with _uninterrupted():
            super().remove_task(task_id)

    def stop(self) -> None:
        with _uninterrupted():
            super().stop()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Handle Ctrl-C after the block: within it, half a screen would be left, or a lock held."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[Any] = []
    signal.signal(signal.SIGINT, lambda *event: held.append(event))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if held:
        handler(*held[0])


class Bars(Progress):
    """Reports progress with bars: of the run, and of each running cell.

    Lines are written above them for what must not be overlooked alone: what failed, notes, and what
    methods print. The bars are removed at the end, also after Ctrl-C.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        # One line a bar, at any width: title and note share what the others leave.
        title, note = (Column(no_wrap=True, overflow="ellipsis", ratio=part) for part in (3, 2))
        self._bars = _Bars(
            TextColumn("{task.description}", markup=False, table_column=title),
            BarColumn(bar_width=16),
            _Count(table_column=Column(no_wrap=True)),
            TimeElapsedColumn(table_column=Column(no_wrap=True)),
            _Note(table_column=note),
            console=Console(file=self.stream),
            transient=True,
            expand=True,
            refresh_per_second=_RATE,
        )
        self._failed: list[str] = []
        self._overall: TaskID | None = None
        self._current: TaskID | None = None

    def __enter__(self) -> "Bars":
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the bars from the screen."""
        self._bars.stop()

    def _write(self, text: str) -> None:
        self._bars.write(text)

    def preparing(
        self, title: str, done: int, total: int, item: str, what: str = "scenes prepared"
    ) -> None:
        """Update the bar of a slow preparation."""
        if done == 0:
            self._add(f"{title}: {_of(total, what)}", total)
        if self._current is not None:
            self._bars.update(self._current, completed=done, note=item)
        if done == total:
            self._remove()

    def begin(self, cells: int, found: int, what: str = "run") -> None:
        """Add the bar of the run."""
        super().begin(cells, found, what)
        if self._overall is not None:
            self._bars.remove_task(self._overall)
        self._overall = self._bars.add_task("cells", total=cells, note=self._rest)

    def _rest(self) -> str:
        """Return the time left of the run, and how many cells have failed."""
        failed = f"{len(self._failed)} failed" if self._failed else ""
        return ", ".join(filter(None, (self._left(), failed)))

    def cell(self, number: int, title: str, *, announce: bool = False) -> None:
        """Add the bar of one cell."""
        super().cell(number, title, announce=announce)
        self._remove()  # its former machine was lost
        self._add(title, None)

    def began(self, place: str) -> None:
        """Add the bar of a cell that starts, or starts again, at a place."""
        number, title = self._expected
        self.cell(number, title)
        self._note(place)

    def stepped(self, step: int, steps: int, loss: float, lr: float) -> None:
        """Update the bar of the training."""
        self._state = self._described(step, steps, loss)
        if self._current is not None:
            note = self._state.partition(", ")[2]
            self._bars.update(self._current, completed=step, total=steps, note=note)

    def alive(self) -> None:
        """Do nothing, as the bar is there."""

    def scene(self, name: str) -> None:
        """Show the name of the test scene."""
        super().scene(name)
        self._note(f"testing on {name}")

    def _ended(self, text: str, *, failed: bool) -> None:
        """Remove the cell's bar and advance that of the run; write a line if the cell failed."""
        if failed:
            self._failed.append(self._title)
            self._say(text)
        self._title = ""
        self._remove()
        if self._overall is not None:
            self._bars.advance(self._overall)

    def _add(self, title: str, total: int | None) -> None:
        self._current = self._bars.add_task(title, total=total, note="")

    def _note(self, text: str) -> None:
        if self._current is not None:
            self._bars.update(self._current, note=text)

    def _remove(self) -> None:
        if self._current is not None:
            self._bars.remove_task(self._current)
            self._current = None
