"""What a call costs: seconds, and memory at its peak."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import torch
from torch.utils.benchmark import Timer

from benchmark.engine.cpu import give_back


def seconds(work: Callable[[], object], device: torch.device, at_least: float = 0.0) -> float:
    """Return the median seconds of a call, after a warm-up.

    Args:
        work: the call.
        device: where it computes; a GPU is synchronised whenever the clock is read.
        at_least: repeat the call for so many seconds; 0 times a single one.
    """
    timer = Timer("work()", globals={"work": work}, num_threads=torch.get_num_threads())
    with torch.cuda.device(device) if device.type == "cuda" else nullcontext():
        return timer.blocked_autorange(min_run_time=at_least).median


def peak_bytes(work: Callable[[], object], device: torch.device) -> int | None:
    """Return the peak memory of a call in bytes, above what the process held before.

    On a processor Linux alone can tell; elsewhere it is None.
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    give_back()
    try:
        Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM: proc(5)
        before = _status("VmRSS")
        work()
        return _status("VmHWM") - before
    except (OSError, KeyError):
        return None


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(dict(line.split(":", 1) for line in lines)[name].split()[0]) * 1024
