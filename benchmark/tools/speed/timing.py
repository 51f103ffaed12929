"""Two ways of doing the same, timed turn by turn, so that a noisy machine is fair to both."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from benchmark.engine.device import Device
from benchmark.tools.speed.roofline import wait


@dataclass(frozen=True)
class Paired:
    """Seconds a call, medians over the turns.

    Attributes:
        ours: of the engine.
        plain: of the plain way.
        ratio: how many times faster the engine is, the median of the turns' ratios.
    """

    ours: float
    plain: float
    ratio: float


def paired(
    ours: Callable[[], object],
    plain: Callable[[], object],
    device: Device,
    turns: int,
    seconds: float = 0.0,
) -> Paired:
    """Time two ways of doing the same in turns, after one call each that does not count.

    Args:
        ours: one call.
        plain: one call the other way.
        device: is waited for.
        turns: how many each gets.
        seconds: a turn repeats a call for about so long, or makes it once.
    """
    rounds = [(call, _repeats(call, device, seconds)) for call in (ours, plain)]
    taken: list[list[float]] = [[], []]
    for turn in range(turns):
        # Whoever comes first in one turn comes second in the next.
        for which in (0, 1) if turn % 2 == 0 else (1, 0):
            call, repeats = rounds[which]
            began = perf_counter()
            for _ in range(repeats):
                call()
            wait(device)
            taken[which].append((perf_counter() - began) / repeats)
    ratios = [slow / fast for fast, slow in zip(*taken, strict=True)]
    return Paired(median(taken[0]), median(taken[1]), median(ratios))


def _repeats(call: Callable[[], object], device: Device, seconds: float) -> int:
    """Say how many calls make a turn of so many seconds; the first call does not count."""
    call()
    wait(device)
    if not seconds:
        return 1
    began = perf_counter()
    call()
    wait(device)
    return max(1, round(seconds / (perf_counter() - began)))
