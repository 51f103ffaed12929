"""A network over a whole scene; in overlapping tiles only where memory asks for it."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.engine.cpu import channels_last
from benchmark.engine.device import Device
from benchmark.method import NetworkMethod, Problem

# Activations alive at once in a row of layers: a layer's input, its output, and one to spare.
_ALIVE = 3


def run_network(
    method: NetworkMethod,
    network: nn.Module,
    low: Tensor,
    problem: Problem,
    device: Device,
    budget: int | None = None,
) -> Tensor:
    """Estimate one scene.

    Args:
        method: says what the network sees and whether it works band by band.
        network: on the device; set to evaluation mode here.
        low: (bands, rows, columns) float32, what the method sees.
        problem: the task.
        device: where, and in which precision.
        budget: bytes that activations may take; the device's own where None.

    Returns:
        (bands, rows, columns) float32; `scale` times the input's size for a method that sees
        the decimated image. Tiles equal the whole to rounding.

    Raises:
        ValueError: what the network gives has another shape than the interface asks for.
        MemoryError: the image does not fit and the method forbids tiles.
    """
    budget = device.memory_budget if budget is None else budget
    enlarge = problem.scale if method.sees == "decimated" else 1
    images = low[:, None] if method.bandwise else low[None]
    network.eval()
    halo = method.halo(network)
    with torch.inference_mode(), device.autocast():
        per_pixel = _bytes_per_pixel(network, images[:1, :, :32, :32])
    out = torch.empty(
        *images.shape[:2], *(size * enlarge for size in images.shape[2:]), device=low.device
    )
    pixels = max(1, budget // per_pixel)
    rows, columns = images.shape[2:]
    if rows * columns <= pixels:
        together, tile = max(1, pixels // (rows * columns)), max(rows, columns)
    elif halo is None:
        raise MemoryError(
            f"{method.name} needs {rows * columns * per_pixel / 2**30:.1f} GiB for this image, "
            f"{budget / 2**30:.1f} GiB are allowed, and it forbids tiles; override its `halo`"
        )
    else:
        together, tile = 1, max(16, int(pixels**0.5) - 2 * halo)
    with torch.inference_mode(), device.autocast():
        for first in range(0, len(images), together):
            part = images[first : first + together]
            for inner, window, inside in tiles(rows, columns, tile, halo or 0):
                # Laid out tile by tile: a large image is not held twice.
                seen = channels_last(part[..., window[0], window[1]])
                piece = method.estimate(network(seen))
                wanted = (*seen.shape[:2], *(size * enlarge for size in seen.shape[2:]))
                if piece.shape != wanted:
                    raise ValueError(
                        f"the network makes {tuple(piece.shape)} of {tuple(seen.shape)}, "
                        f"expected {wanted}"
                    )
                target = out[first : first + together]
                target[..., _times(inner[0], enlarge), _times(inner[1], enlarge)] = piece[
                    ..., _times(inside[0], enlarge), _times(inside[1], enlarge)
                ].float()
    return out.flatten(0, 1)


Window = tuple[slice, slice]


def tiles(rows: int, columns: int, tile: int, halo: int) -> Iterator[tuple[Window, Window, Window]]:
    """Cut an image into tiles.

    Yields:
        The tile's place in the image, the same with its halo (cut at the image's border, where
        the network pads as it would for the whole), and the tile's place inside that.
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
    """Measure what the largest activation of one input pixel takes, on a small sample."""
    largest = sample[0].numel()

    def note(_layer: nn.Module, _inputs: Any, output: Any) -> None:
        nonlocal largest
        for part in output if isinstance(output, tuple | list) else (output,):
            if isinstance(part, Tensor):
                largest = max(largest, part.numel())

    hooks = [layer.register_forward_hook(note) for layer in network.modules()]
    try:
        network(sample)
    finally:
        for hook in hooks:
            hook.remove()
    return math.ceil(4 * _ALIVE * largest / math.prod(sample.shape[-2:]))
