"""How long a run will still take: from forecasts of its cells, and from those that have ended."""

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean

# Part of a training after which its own speed tells more than the forecast.
_TELLING = 0.05
# Part of the whole forecast that the ratio of measured to forecast times begins with as exact:
# short cells, whose start takes longest, say little about long ones.
_TRUSTED = 0.1


@dataclass
class _Running:
    """A cell that runs: when it began, and the end of its loop as of its last steps.

    One that goes on from a checkpoint does not tell how long a whole one takes.
    """

    began: float
    loop_ends: float | None = None
    resumed: bool = False


@dataclass
class Pace:
    """Estimates the time left of a run, whose cells are known by their titles.

    Attributes:
        cells: the number of cells to run.
        ended: the number that have ended, whether they are done, found or failed.
    """

    cells: int = 0
    ended: int = 0
    _forecast: dict[str, float | None] = field(default_factory=dict)
    _running: dict[str, _Running] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _sums: tuple[float, float] = (0.0, 0.0)
    _side_by_side: int = 1
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def expect(self, seconds: Mapping[str, float | None]) -> None:
        """Take forecasts: the seconds of each cell, None where nothing is known."""
        with self._lock:
            self._forecast.update(seconds)

    def begin(self, title: str) -> None:
        """Note that a cell begins."""
        with self._lock:
            self._running[title] = _Running(time.monotonic())
            self._side_by_side = max(self._side_by_side, len(self._running))

    def loop(self, title: str, part: float, left: float) -> None:
        """Note how far the loop of a cell is, from 0 to 1, and the seconds that it has left."""
        with self._lock:
            one = self._running.get(title)
            if one and (part >= _TELLING or self._forecast.get(title) is None):
                one.loop_ends = time.monotonic() + left

    def resumed(self, title: str) -> None:
        """Note that a cell goes on from a checkpoint."""
        with self._lock:
            if one := self._running.get(title):
                one.resumed = True

    def no_loop(self, title: str) -> None:
        """Note that the loop of a cell has ended, and that the cell goes on."""
        with self._lock:
            if one := self._running.get(title):
                one.loop_ends = None

    def end(self, title: str, *, done: bool) -> None:
        """Note that a cell has ended; only one that was computed as a whole tells its time."""
        with self._lock:
            self.ended += 1
            self._ended.add(title)
            one = self._running.pop(title, None)
            if one is None or one.resumed or not done:
                return
            took = time.monotonic() - one.began
            self._took[_kind(title)].append(took)
            expected = self._forecast.get(title)
            if expected is not None:
                self._sums = self._sums[0] + took, self._sums[1] + expected

    def left(self) -> float | None:
        """Return the seconds until the last cell has ended; None where nothing is known."""
        with self._lock:
            now, ratio = time.monotonic(), self._ratio()
            running = [self._left_of(title, now, ratio) for title in self._running]
            waiting = [self._expected(title, ratio) for title in self._forecast
                       if title not in self._running and title not in self._ended]  # fmt: skip
            unnamed = self.cells - self.ended - len(running) - len(waiting)
            waiting += [self._expected("", ratio)] * unnamed
        known = [one for one in (*running, *waiting) if one is not None]
        if len(known) < len(running) + len(waiting) or not known:
            return None
        return max(sum(known) / self._side_by_side, *known)

    def _ratio(self) -> float:
        """Return the ratio of measured to forecast times."""
        trusted = _TRUSTED * sum(filter(None, self._forecast.values()))
        took, expected = self._sums
        return (took + trusted) / (expected + trusted) if expected + trusted else 1.0

    def _expected(self, title: str, ratio: float) -> float | None:
        """Return the seconds that a whole cell takes, if need be as long as the others."""
        forecast = self._forecast.get(title)
        if forecast is not None:
            return forecast * ratio
        alike = self._took.get(_kind(title)) or [
            one for kind in self._took.values() for one in kind
        ]
        if alike:
            return fmean(alike)
        known = [one for one in self._forecast.values() if one is not None]
        return fmean(known) * ratio if known else None

    def _left_of(self, title: str, now: float, ratio: float) -> float | None:
        """Return the seconds that a running cell has left."""
        one = self._running[title]
        if one.loop_ends is not None:
            return max(one.loop_ends - now, 0.0)
        expected = self._expected(title, ratio)
        return None if expected is None else max(expected - (now - one.began), 0.0)


def _kind(title: str) -> str:
    """Return what cells of about the same length have in common: the method."""
    return title.rpartition(" seed ")[0].rpartition(" x")[0]
