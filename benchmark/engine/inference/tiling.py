"""Run a network on a whole image, or on overlapping tiles where memory requires it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.engine.inference.returned import estimate_of, halo_of
from benchmark.engine.machine.cpu import channels_last
from benchmark.engine.machine.device import Device, is_out_of_memory
from benchmark.method import NetworkMethod, Problem

# Live activations per layer of a sequential network: input, output, and one temporary.
_LIVE_ACTIVATIONS = 3
# Rows and columns of the smallest tile.
_MIN_TILE = 16


def run_network(
    method: NetworkMethod,
    network: nn.Module,
    low: Tensor,
    problem: Problem,
    device: Device,
    budget: int | None = None,
) -> Tensor:
    """Estimate one scene.

    An image whose activations exceed the budget is estimated in tiles if the method knows its
    receptive field (`halo`), and whole otherwise. If memory runs out nevertheless, the number of
    images per call is halved, then the side of the tiles, until it suffices.

    Args:
        method: its halo, `bandwise` and `sees` are used.
        network: on the device; set to evaluation mode here.
        low: (bands, rows, columns) float32, the method's input.
        problem: its scale is used.
        device: where to run; always in float32, because rounding to bfloat16 costs up to 0.2 dB.
        budget: bytes for activations; None takes the device's `memory_budget`.

    Returns:
        (bands, rows, columns) float32; `scale` times the input's rows and columns for a method that
        sees the decimated image. Tiles equal the whole image up to rounding.

    Raises:
        MemoryError: the smallest tile, or the whole image if the halo is None, does not fit.
        ValueError: the network's output has the wrong shape.
    """
    images = low[:, None] if method.bandwise else low[None]
    enlarge = problem.scale if method.sees == "decimated" else 1
    rows, columns = images.shape[2:]
    out = torch.empty(*images.shape[:2], rows * enlarge, columns * enlarge, device=low.device)
    network.eval()
    limit = device.memory_budget if budget is None else budget
    with torch.inference_mode(), device.full_precision():
        plan = _plan(method, network, images, limit)
        while not _try_estimate(method, network, images, out, plan):
            # Outside the exception handler, whose traceback would keep the memory allocated.
            plan = plan.smaller()
            device.empty_cache()
    return out.flatten(0, 1)


@dataclass(frozen=True)
class _Plan:
    """Number of images per call of the network, and size of the tiles.

    Attributes:
        images: images per call.
        tile: rows and columns of a tile without its halo.
        halo: overlap of tiles; None forbids tiles.
    """

    images: int
    tile: int
    halo: int | None

    @property
    def smallest(self) -> bool:
        return self.images == 1 and (self.halo is None or self.tile <= _MIN_TILE)

    def smaller(self) -> "_Plan":
        if self.images > 1:
            return replace(self, images=self.images // 2)
        return replace(self, tile=max(_MIN_TILE, self.tile // 2))


def _plan(method: NetworkMethod, network: nn.Module, images: Tensor, budget: int) -> _Plan:
    """Choose the plan to try first."""
    rows, columns = images.shape[2:]
    halo = halo_of(method.halo(network))
    whole = _Plan(1, max(rows, columns), halo)
    if halo is None and len(images) == 1:
        return whole
    pixels = max(1, budget // _bytes_per_pixel(network, images[:1, :, :32, :32]))
    if rows * columns <= pixels:
        return replace(whole, images=min(len(images), max(1, pixels // (rows * columns))))
    if halo is None:
        return whole
    return replace(whole, tile=max(_MIN_TILE, int(pixels**0.5) - 2 * halo))


def _try_estimate(
    method: NetworkMethod, network: nn.Module, images: Tensor, out: Tensor, plan: _Plan
) -> bool:
    """Estimate the images; return False if memory ran out and the plan can be smaller."""
    try:
        _estimate(method, network, images, out, plan)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        if plan.smallest:
            rows, columns = images.shape[2:]
            how = (
                "whole, as its `halo` is None; override `halo`,"
                if plan.halo is None
                else f"even in tiles of {plan.tile} x {plan.tile} pixels;"
            )
            raise MemoryError(
                f"{method.name}: out of memory on an image of {rows} x {columns} pixels, {how} "
                "use a device with more memory, or smaller scenes"
            ) from error
        return False
    return True


def _estimate(
    method: NetworkMethod, network: nn.Module, images: Tensor, out: Tensor, plan: _Plan
) -> None:
    """Write the estimates of (n, bands, rows, columns) into `out`."""
    rows, columns = images.shape[2:]
    enlarge = out.shape[2] // rows
    for first in range(0, len(images), plan.images):
        batch, target = (stack[first : first + plan.images] for stack in (images, out))
        for inner, outer, inside in tiles(rows, columns, plan.tile, plan.halo or 0):
            # Copied to channels-last tile by tile, so that a large image is not held twice.
            window = channels_last(batch[..., outer[0], outer[1]])
            piece = estimate_of(method, network(window))
            expected = (*window.shape[:2], *(size * enlarge for size in window.shape[2:]))
            if piece.shape != expected:
                raise ValueError(
                    f"the network maps {tuple(window.shape)} to {tuple(piece.shape)}, "
                    f"expected {expected}"
                )
            target[..., _times(inner[0], enlarge), _times(inner[1], enlarge)] = piece[
                ..., _times(inside[0], enlarge), _times(inside[1], enlarge)
            ].float()


Window = tuple[slice, slice]


def tiles(rows: int, columns: int, tile: int, halo: int) -> Iterator[tuple[Window, Window, Window]]:
    """Divide an image into tiles.

    Yields:
        The tile's window in the image; the same with its halo, cropped at the image's border (where
        the network pads as for the whole image); and the tile's window inside the latter.
    """
    for row in _spans(rows, tile, halo):
        for column in _spans(columns, tile, halo):
            yield (row[0], column[0]), (row[1], column[1]), (row[2], column[2])


def _spans(size: int, tile: int, halo: int) -> Iterator[tuple[slice, slice, slice]]:
    for start in range(0, size, tile):
        stop = min(start + tile, size)
        first, last = max(0, start - halo), min(size, stop + halo)
        yield slice(start, stop), slice(first, last), slice(start - first, stop - first)


def _times(span: slice, factor: int) -> slice:
    return slice(span.start * factor, span.stop * factor)


def _bytes_per_pixel(network: nn.Module, sample: Tensor) -> int:
    """Estimate the bytes of activations per input pixel by running a small sample."""
    largest = sample[0].numel()

    def record(_layer: nn.Module, _inputs: Any, output: Any) -> None:
        nonlocal largest
        for part in output if isinstance(output, tuple | list) else (output,):
            if isinstance(part, Tensor):
                largest = max(largest, part.numel())

    hooks = [layer.register_forward_hook(record) for layer in network.modules()]
    try:
        network(sample)
    finally:
        for hook in hooks:
            hook.remove()
    return math.ceil(4 * _LIVE_ACTIVATIONS * largest / math.prod(sample.shape[-2:]))
