"""The roofline of a device, measured: its peak rates of multiplying and of copying."""

from dataclasses import dataclass

import torch

from benchmark.engine.device import Device
from benchmark.tools.speed.cost import seconds

SIDE = {"cpu": 2048, "cuda": 8192}  # rows and columns of the matrices
COPIED = 512 << 20  # bytes
_AT_LEAST = 0.5  # seconds


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


def measure(device: Device) -> Roofline:
    """Measure a device; takes a few seconds."""
    float32 = _product(device.torch, torch.float32)
    product = _product(device.torch, torch.bfloat16) if device.bfloat16 else float32
    source = torch.ones(COPIED, dtype=torch.uint8, device=device.torch)
    target = torch.empty_like(source)
    taken = seconds(lambda: target.copy_(source), device.torch, _AT_LEAST)
    return Roofline(product, float32, 2 * COPIED / taken / 1e9)


def _product(device: torch.device, dtype: torch.dtype) -> float:
    side = SIDE[device.type]
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    return 2 * side**3 / seconds(lambda: a @ b, device, _AT_LEAST) / 1e9
