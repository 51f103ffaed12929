"""Estimates of an image, whole or in overlapping tiles, so that no large one is held in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from benchmark.degradation.degradation import Degradation
from benchmark.engine.inference.building import rebuild
from benchmark.engine.inference.estimation import crop_to, estimator
from benchmark.engine.inference.memory import memory_available
from benchmark.engine.inference.returned import halo_of
from benchmark.engine.inference.tiling import Window, run_network, tiles
from benchmark.engine.machine.device import Device
from benchmark.engine.machine.torch_state import numeric_state
from benchmark.engine.training import profiles
from benchmark.errors import RequestError
from benchmark.method import Inputs, IterativeMethod, NetworkMethod, Problem, Run
from benchmark.tools.upscaling.trained import Trained

# Bytes of the float32 estimate of a tile. Every scene of the data sets is smaller, and is estimated
# whole, as when it is scored. Fixed, so that numbers do not depend on the free memory.
LARGEST = 2**29
_COPIES = 6  # of the estimate that exist at a time, in float64 and float32
# Low-resolution pixels by which tiles overlap where it is not known how far a method sees.
_OVERLAP = 32
_MULTIPLE = 16

Report = Callable[[int, int], None]
Estimate = Callable[[Inputs, Problem], Tensor]


@dataclass(frozen=True)
class Tiling:
    """How an image is divided; in pixels of the low-resolution image.

    Attributes:
        side: rows and columns of a tile without its overlap; 0 for the whole image.
        overlap: rows and columns around it that are estimated too, and discarded.
        exact: True if tiles equal the whole image up to rounding.
    """

    side: int = 0
    overlap: int = 0
    exact: bool = True


class Upscaler:
    """A trained method, ready to estimate images.

    Args:
        trained: the method and what it learned.
        bands: of the images.
        device: where to compute.
    """

    def __init__(self, trained: Trained, bands: int, device: Device) -> None:
        method, scale = trained.method, trained.scale
        self._trained, self._device, self._bands = trained, device, bands
        self._method, self._scale = method, scale
        self.degradation = trained.protocol.degradation(scale)
        self._problem = Problem(scale, bands, (scale, scale), self.degradation, trained.seed)
        profile = profiles.get(trained.profile)
        state = {name: one.to(device.torch) for name, one in trained.state.items()}
        self._halo: int | None = None
        if isinstance(method, NetworkMethod):
            with numeric_state():
                network = rebuild(method, state, self._problem, profile.recipe(method), device)
                reach = halo_of(method.halo(network))
            in_low = "low" in method.inputs  # else in pixels of the upscaled image
            self._halo = reach if reach is None or in_low else -(-reach // scale)

            def estimate(inputs: Inputs, target: Problem) -> Tensor:
                with numeric_state():
                    return run_network(method, network, inputs, target, device)

            self._estimate: Estimate = estimate
        else:
            self._estimate = estimator(method, self._problem, state, profile, device)
        self._state, self._profile = state, profile

    def tiling(self, shape: tuple[int, int], side: int = 0) -> Tiling:
        """Choose how to divide an image.

        Args:
            shape: rows and columns of the low-resolution image.
            side: of the tiles as asked for; 0 divides large images alone.

        Raises:
            RequestError: the method needs the whole image, for which there is too little memory.
        """
        pixel = 4 * self._bands * self._scale**2
        whole = shape[0] * shape[1] * pixel
        known = self._halo is not None
        overlap = self._halo if self._halo is not None else _OVERLAP
        if side:
            return Tiling(side, overlap, known) if side < max(shape) else Tiling()
        if known and whole > LARGEST:
            fitting = int((LARGEST / pixel) ** 0.5) - 2 * overlap
            return Tiling(max(fitting // _MULTIPLE, 1) * _MULTIPLE, overlap)
        need, free = _COPIES * whole, memory_available()
        if need > free:
            raise RequestError(
                f"{self._trained.label}: the image is estimated as a whole, which needs about "
                f"{need / 2**30:.1f} GiB of memory, found {free / 2**30:.1f} GiB free; divide it "
                "into overlapping tiles, whose seams may show: --tile 128"
            )
        return Tiling()

    def blocks(
        self, cube: np.ndarray, peak: float, tiling: Tiling, report: Report
    ) -> Iterator[tuple[slice, slice, Tensor]]:
        """Estimate an image.

        Args:
            cube: (rows, columns, bands), the low-resolution image.
            peak: the value that stands for 1.
            tiling: how to divide it.
            report: called with how much is done, and with all there is to do.

        Yields:
            Rows and columns of the estimate, and (bands, rows, columns) float32, not clipped.

        Raises:
            ValueError: an estimate has another shape than expected, or is not finite.
            Exception: any exception of the method.
        """
        rows, columns = cube.shape[:2]
        if not tiling.side:
            yield from self._whole(cube, peak, report)
            return
        windows = list(tiles(rows, columns, tiling.side, tiling.overlap))
        parts = _Parts(cube, peak, self.degradation, self._device)
        report(0, len(windows))
        for number, (inner, outer, inside) in enumerate(windows, start=1):
            inputs = {name: getattr(parts, name)(outer) for name in self._method.inputs}
            made = self._checked(inputs, _size(outer, self._scale))
            own = (_enlarged(inside[0], self._scale), _enlarged(inside[1], self._scale))
            yield (
                _enlarged(inner[0], self._scale),
                _enlarged(inner[1], self._scale),
                made[:, own[0], own[1]],
            )
            report(number, len(windows))

    def _whole(
        self, cube: np.ndarray, peak: float, report: Report
    ) -> Iterator[tuple[slice, slice, Tensor]]:
        """Estimate an image as the engine estimates a test scene."""
        low = _tensor(cube, peak).to(self._device.torch)
        shape = (cube.shape[0] * self._scale, cube.shape[1] * self._scale)
        inputs = {
            name: low if name == "low" else self.degradation.upscale(low, shape)
            for name in self._method.inputs
        }
        run = None
        if isinstance(self._method, IterativeMethod):
            generator = replace(self._problem, shape=shape).generator(self._device.torch)
            run = _Reporting(self._device.torch, generator, report)
        yield slice(0, shape[0]), slice(0, shape[1]), self._checked(inputs, shape, run)

    def _checked(
        self, inputs: Inputs, shape: tuple[int, int], run: "_Reporting | None" = None
    ) -> Tensor:
        """Estimate one image, and check what the method returned."""
        estimate = self._estimate
        if run is not None:
            method, state = self._method, self._state
            estimate = estimator(method, self._problem, state, self._profile, self._device, run)
        expected = torch.empty((), device=self._device.torch).expand(self._bands, *shape)
        made = crop_to(estimate(inputs, replace(self._problem, shape=shape)), expected)
        if not bool(torch.isfinite(made).all()):
            raise ValueError("the estimate contains NaN or infinity")
        return made


class _Reporting(Run):
    """Reports the iterations of a method with a loop of its own; it saves nothing."""

    def __init__(self, device: torch.device, generator: torch.Generator, report: Report) -> None:
        super().__init__(device, generator)
        self._report, self._begun = report, False

    def step(self, step: int, steps: int, loss: object, state: object) -> None:
        """Report an iteration, and the beginning before the first one."""
        if not self._begun:
            self._begun = True
            self._report(0, steps)
        self._report(step, steps)


class _Parts:
    """Parts of the images that a method is given, each computed from a part of the low one.

    The interpolated image is computed by the protocol's operator of the whole image.
    """

    def __init__(
        self, cube: np.ndarray, peak: float, degradation: Degradation, device: Device
    ) -> None:
        self._cube, self._peak, self._device = cube, peak, device
        self._scale = degradation.scale
        self._taps = [degradation.up_taps(size * self._scale) for size in cube.shape[:2]]

    def low(self, window: Window) -> Tensor:
        """Return a window of the low-resolution image, (bands, rows, columns) float32."""
        return _tensor(self._cube[window], self._peak).to(self._device.torch)

    def upscaled(self, window: Window) -> Tensor:
        """Return the same window of the interpolated image."""
        spans = [_enlarged(span, self._scale) for span in window]
        (rows, used_rows), (columns, used_columns) = (
            _matrix(taps, span) for taps, span in zip(self._taps, spans, strict=True)
        )
        low = self.low((used_rows, used_columns)).double()
        return (rows.to(low) @ low @ columns.to(low).T).float()


def _matrix(taps: tuple[Tensor, Tensor], span: slice) -> tuple[Tensor, slice]:
    """Return the rows of an operator that compute a span, and the samples that they need."""
    indices, weights = taps[0][span], taps[1][span]
    first, last = int(indices.min()), int(indices.max())
    matrix = torch.zeros(len(indices), last - first + 1, dtype=torch.float64)
    return matrix.scatter_add_(1, indices - first, weights), slice(first, last + 1)


def _tensor(cube: np.ndarray, peak: float) -> Tensor:
    """Convert (rows, columns, bands) to (bands, rows, columns) float32 in [0, 1]."""
    values = cube.astype(np.float32) / np.float32(peak)
    return torch.from_numpy(values).permute(2, 0, 1).contiguous()


def _size(window: Window, scale: int) -> tuple[int, int]:
    rows, columns = window
    return (rows.stop - rows.start) * scale, (columns.stop - columns.start) * scale


def _enlarged(span: slice, scale: int) -> slice:
    return slice(span.start * scale, span.stop * scale)
