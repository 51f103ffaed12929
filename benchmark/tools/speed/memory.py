"""How much memory a piece of work takes at its peak, above what was held before."""

import re
from collections.abc import Callable
from pathlib import Path

import torch

from benchmark.engine.cpu import release_freed_memory
from benchmark.engine.device import Device

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")


def peak_of(work: Callable[[], object], device: Device) -> int | None:
    """Run a piece of work and give the bytes that it held at most; None where nobody can tell.

    Args:
        work: is run once.
        device: its memory is meant.
    """
    if device.torch.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device.torch)
        before = torch.cuda.memory_allocated(device.torch)
        work()
        torch.cuda.synchronize(device.torch)
        return torch.cuda.max_memory_allocated(device.torch) - before
    release_freed_memory()
    try:
        _RESET.write_text("5")  # Linux forgets the process's peak
        before = _resident("VmRSS")
    except OSError:
        return None
    work()
    return _resident("VmHWM") - before


def _resident(name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    if not found:
        raise OSError(f"{_STATUS} has no {name}")
    return int(found[1]) * 1024
