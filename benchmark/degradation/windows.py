"""Windows of the low-resolution image that patches of the interpolated image depend on."""

from collections.abc import Iterable

import torch
from torch import Tensor

from benchmark.degradation.degradation import Degradation


class UpscalingWindows:
    """The taps of the upscaling operator for axes of several sizes, on a device.

    Args:
        degradation: its upscaling operator is used.
        sizes: lengths of axes at full size.
        device: where the windows are computed.
    """

    def __init__(
        self, degradation: Degradation, sizes: Iterable[int], device: torch.device
    ) -> None:
        self._scale = degradation.scale
        known = sorted(set(sizes))
        self._sizes = torch.tensor(known, device=device)
        self._lows = torch.tensor([degradation.low_size(size) for size in known], device=device)
        tables = [degradation.up_taps(size) for size in known]
        longest = len(tables[-1][0])
        # Padded to one length; the padding is never read.
        self._taps, self._weights = (
            torch.stack(
                [
                    torch.cat([part, part.new_zeros(longest - len(part), part.shape[1])])
                    for part in parts
                ]
            ).to(device)
            for parts in zip(*tables, strict=True)
        )

    def at(self, first: Tensor, count: int, size: Tensor) -> tuple[Tensor, Tensor]:
        """Return the low-resolution samples that runs of upscaled pixels depend on, and weights.

        Args:
            first: (n,) first pixel of each run.
            count: pixels per run.
            size: (n,) length of the run's axis, one of `sizes`.

        Returns:
            (n, w) indices of consecutive samples, and (n, count, w) float32 weights.
        """
        device = first.device
        table = torch.searchsorted(self._sizes, size.contiguous())
        pixel = first[:, None] + torch.arange(count, device=device)
        taps = self._taps[table[:, None], pixel]
        low_size = self._lows[table]
        width = count // self._scale + taps.shape[-1] + 2
        origin = torch.minimum(taps.amin(dim=(1, 2)), (low_size - width).clamp_min(0))
        weights = torch.zeros(*pixel.shape, width, dtype=torch.float64, device=device)
        weights.scatter_add_(2, taps - origin[:, None, None], self._weights[table[:, None], pixel])
        samples = origin[:, None] + torch.arange(width, device=device)
        return torch.minimum(samples, (low_size - 1)[:, None]), weights.float()
