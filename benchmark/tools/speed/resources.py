"""Measure time and peak memory of a call, and the roofline of a device."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.benchmark import Timer

from benchmark.engine.machine.cpu import release_freed_memory
from benchmark.engine.machine.device import Device

SIDE = {"cpu": 2048, "cuda": 8192}  # rows and columns of the roofline's matrices
COPIED = 512 << 20  # bytes of its copy


def seconds(call: Callable[[], object], device: torch.device, at_least: float = 0.0) -> float:
    """Return the median seconds of a call, after a warm-up.

    Args:
        call: what is timed.
        device: where it computes; a GPU is synchronised whenever the clock is read.
        at_least: total seconds to repeat the call for; 0 times it once.
    """
    timer = Timer("call()", globals={"call": call}, num_threads=torch.get_num_threads())
    with torch.cuda.device(device) if device.type == "cuda" else nullcontext():
        return timer.blocked_autorange(min_run_time=at_least).median


def peak_bytes(call: Callable[[], object], device: torch.device) -> int | None:
    """Return the peak memory of a call in bytes, above the memory in use before it.

    On a CPU it is measured on Linux only, and None elsewhere.
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        call()
        return torch.cuda.max_memory_allocated(device) - before
    release_freed_memory()
    try:
        Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM, see proc(5)
        before = _status("VmRSS")
        call()
        return _status("VmHWM") - before
    except (OSError, KeyError):
        return None


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(dict(line.split(":", 1) for line in lines)[name].split()[0]) * 1024


@dataclass(frozen=True)
class Roofline:
    """Peak rates of a device.

    Attributes:
        product: GFLOP/s of a large matrix product in the precision that networks run in.
        product_float32: the same in float32.
        copy: GB/s of a large copy, bytes read and bytes written together.
    """

    product: float
    product_float32: float
    copy: float


def roofline(device: Device) -> Roofline:
    """Measure the roofline of a device; takes a few seconds."""
    float32 = _product(device.torch, torch.float32)
    product = _product(device.torch, torch.bfloat16) if device.bfloat16 else float32
    source = torch.ones(COPIED, dtype=torch.uint8, device=device.torch)
    target = torch.empty_like(source)
    taken = seconds(lambda: target.copy_(source), device.torch, 0.5)
    return Roofline(product, float32, 2 * COPIED / taken / 1e9)


def _product(device: torch.device, dtype: torch.dtype) -> float:
    side = SIDE[device.type]
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    return 2 * side**3 / seconds(lambda: a @ b, device, 0.5) / 1e9
