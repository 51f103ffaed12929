"""Run a network on a whole image, or on overlapping tiles where memory requires it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.engine.inference.returned import estimate_of, halo_of, require_shape
from benchmark.engine.machine.cpu import channels_last
from benchmark.engine.machine.device import Device, is_out_of_memory
from benchmark.method import Inputs, NetworkMethod, Problem

# Live activations per layer of a sequential network: input, output, and one temporary.
_LIVE_ACTIVATIONS = 3
# Rows and columns of the smallest tile; larger ones have a multiple of it, so that a network that
# halves its images up to four times halves tiles as it does the whole.
_MIN_TILE = 16
# Tiles smaller than twice their halo compute each pixel more than four times: they may take as many
# times the budget.
_SMALL_TILE, _EXTENSION = 2, 4
# Rows and columns of the sample by which memory is estimated.
_SAMPLE = 32


def run_network(
    method: NetworkMethod,
    network: nn.Module,
    inputs: Inputs,
    problem: Problem,
    device: Device,
    budget: int | None = None,
) -> Tensor:
    """Estimate one scene.

    An image whose activations exceed the budget is estimated in tiles if the method knows its
    receptive field (`halo`), and whole otherwise. If memory runs out nevertheless, the number of
    images per call is halved, then the side of the tiles, until it suffices.

    Args:
        method: its halo and `bandwise` are used.
        network: on the device; set to evaluation mode here.
        inputs: the images that the method is given, (bands, rows, columns) float32 each.
        problem: its scale is used.
        device: where to run; always in float32, because rounding to bfloat16 costs up to 0.2 dB.
        budget: bytes for activations; None takes the device's `memory_budget`.

    Returns:
        (bands, rows, columns) float32; `scale` times the rows and columns of the low-resolution
        image if that is an input. Tiles equal the whole image up to rounding.

    Raises:
        MemoryError: the smallest tile, or the whole image if the halo is None, does not fit.
        ValueError: the network's output has the wrong shape.
    """
    images = _Images.of(inputs, problem.scale, bandwise=method.bandwise)
    out = torch.empty(images.shape, device=images.device)
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
class _Images:
    """The images that a network is given, on a common grid of pixels.

    The pixels are those of the low-resolution image if there is one, else of the upscaled image.

    Attributes:
        stacks: (n, bands, rows, columns) by name.
        scale: the scale factor.
    """

    stacks: Inputs
    scale: int

    @classmethod
    def of(cls, inputs: Inputs, scale: int, *, bandwise: bool) -> "_Images":
        """Stack a scene's images; every band of a band-wise method is one of its own."""
        axis = 1 if bandwise else 0
        return cls({name: image.unsqueeze(axis) for name, image in inputs.items()}, scale)

    @property
    def enlarge(self) -> int:
        """The factor from the grid to the estimate."""
        return self.scale if "low" in self.stacks else 1

    @property
    def _grid(self) -> Tensor:
        return self.stacks["low" if "low" in self.stacks else "upscaled"]

    @property
    def device(self) -> torch.device:
        return self._grid.device

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        return self._grid.shape[2], self._grid.shape[3]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the estimates."""
        return (*self._grid.shape[:2], *(size * self.enlarge for size in self.size))

    def __len__(self) -> int:
        return len(self._grid)

    def window(self, images: slice, rows: slice, columns: slice) -> dict[str, Tensor]:
        """Cut a window of the grid out of some of the images, channels last."""
        found = {}
        for name, stack in self.stacks.items():
            factor = self.enlarge if name == "upscaled" else 1
            part = stack[images, :, _times(rows, factor), _times(columns, factor)]
            # Copied to channels-last tile by tile, so that a large image is not held twice.
            found[name] = channels_last(part)
        return found


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
        return replace(self, tile=_rounded(self.tile // 2))


def _plan(method: NetworkMethod, network: nn.Module, images: _Images, budget: int) -> _Plan:
    """Choose the plan to try first."""
    rows, columns = images.size
    halo = halo_of(method.halo(network))
    whole = _Plan(1, max(rows, columns), halo)
    if halo is None and len(images) == 1:
        return whole
    corner = slice(0, _SAMPLE)
    sample = images.window(slice(0, 1), corner, corner)
    sampled = min(rows, _SAMPLE) * min(columns, _SAMPLE)
    pixels = max(1, budget // _bytes_per_pixel(network, sample, sampled))
    if rows * columns <= pixels:
        return replace(whole, images=min(len(images), max(1, pixels // (rows * columns))))
    if halo is None:
        return whole
    if int(pixels**0.5) < (2 + _SMALL_TILE) * halo:
        pixels *= _EXTENSION
        if rows * columns <= pixels:
            return whole
    return replace(whole, tile=_rounded(int(pixels**0.5) - 2 * halo))


def _rounded(tile: int) -> int:
    """Round the side of a tile down to a multiple of the smallest one, at least that."""
    return max(1, tile // _MIN_TILE) * _MIN_TILE


def _try_estimate(
    method: NetworkMethod, network: nn.Module, images: _Images, out: Tensor, plan: _Plan
) -> bool:
    """Estimate the images; return False if memory ran out and the plan can be smaller."""
    try:
        _estimate(method, network, images, out, plan)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        if plan.smallest:
            rows, columns = images.size
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
    method: NetworkMethod, network: nn.Module, images: _Images, out: Tensor, plan: _Plan
) -> None:
    """Write the estimates of all images into `out`."""
    rows, columns = images.size
    enlarge = images.enlarge
    for first in range(0, len(images), plan.images):
        batch = slice(first, first + plan.images)
        for inner, outer, inside in tiles(rows, columns, plan.tile, plan.halo or 0):
            window = images.window(batch, *outer)
            piece = estimate_of(method, network(*window.values()))
            require_shape(piece, window, images.scale)
            out[batch, :, _times(inner[0], enlarge), _times(inner[1], enlarge)] = piece[
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


def _bytes_per_pixel(network: nn.Module, sample: Inputs, pixels: int) -> int:
    """Estimate the bytes of activations per pixel by running a sample of a number of pixels."""
    largest = max(image.numel() for image in sample.values())

    def record(_layer: nn.Module, _inputs: Any, output: Any) -> None:
        nonlocal largest
        for part in output if isinstance(output, tuple | list) else (output,):
            if isinstance(part, Tensor):
                largest = max(largest, part.numel())

    hooks = [layer.register_forward_hook(record) for layer in network.modules()]
    try:
        network(*sample.values())
    finally:
        for hook in hooks:
            hook.remove()
    return math.ceil(4 * _LIVE_ACTIVATIONS * largest / pixels)
