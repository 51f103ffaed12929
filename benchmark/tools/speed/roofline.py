"""What a device can do at most, measured: a large matrix product, a large copy."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch

from benchmark.engine.device import Device

SIDE = {"cpu": 2048, "cuda": 8192}
COPIED = 512 << 20  # bytes
_TIMES = 7


@dataclass(frozen=True)
class Limits:
    """Rates that nothing on the device exceeds by much.

    Attributes:
        product: GFLOP/s of a matrix product in the precision that networks run in.
        product_float32: the same in float32.
        copy: GB/s of a copy, read and written bytes together.
    """

    product: float
    product_float32: float
    copy: float


def measure(device: Device) -> Limits:
    """Measure a device; takes a second or two."""
    precise = _product(device, torch.float32)
    return Limits(
        _product(device, torch.bfloat16) if device.bfloat16 else precise, precise, _copy(device)
    )


def seconds(work: Callable[[], object], device: Device, times: int = _TIMES) -> float:
    """Time a piece of work: the median of several runs after one that does not count."""
    taken = []
    for _ in range(times + 1):
        began = perf_counter()
        work()
        wait(device)
        taken.append(perf_counter() - began)
    return median(taken[1:])


def wait(device: Device) -> None:
    """Wait until a GPU has done what it was given."""
    if device.torch.type == "cuda":
        torch.cuda.synchronize(device.torch)


def _product(device: Device, kind: torch.dtype) -> float:
    side = SIDE[device.torch.type]
    a, b = (torch.randn(side, side, device=device.torch).to(kind) for _ in range(2))
    return 2 * side**3 / seconds(lambda: a @ b, device) / 1e9


def _copy(device: Device) -> float:
    source = torch.ones(COPIED, dtype=torch.uint8, device=device.torch)
    target = torch.empty_like(source)
    return 2 * COPIED / seconds(lambda: target.copy_(source), device) / 1e9
