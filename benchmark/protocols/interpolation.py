"""Interpolation of low-resolution images back to the size of the ground truth."""

import torch
from torch import Tensor
from torch.nn import functional


def upscale(low: Tensor, shape: tuple[int, int]) -> Tensor:
    """Interpolate to the ground truth's size by cubic convolution, a = -0.75 (Keys 1981).

    Half-pixel centres, clamped border, and the ratio of the actual sizes: 171 samples to 512 at
    x3 have the scale 512 / 171. This shifts an image that was decimated from sample 0 by
    (s - 1) / 2 pixels; the protocol's published numbers include that shift.

    Args:
        low: (bands, rows, columns) float32.
        shape: (rows, columns) of the result.

    Returns:
        (bands, *shape) float32; may exceed the range of `low`.
    """
    out = functional.interpolate(low[None], size=shape, mode="bicubic", align_corners=False)
    return out[0]


def upscale_taps(
    first: Tensor, count: int, size: Tensor, low_size: Tensor, scale: int
) -> tuple[Tensor, Tensor]:
    """Return the low-resolution samples that runs of interpolated pixels depend on, and weights.

    Args:
        first: (n,) first pixel of each run.
        count: pixels per run.
        size: (n,) length of the whole axis at full size.
        low_size: (n,) length of the low-resolution axis.
        scale: the factor, `size / low_size` up to rounding.

    Returns:
        (n, w) indices of consecutive samples, and (n, count, w) float32 weights: the cubic
        convolution of `upscale`.
    """
    device = first.device
    pixel = first[:, None] + torch.arange(count, device=device)
    ratio = (low_size.double() / size.double())[:, None]
    centre = (pixel + 0.5) * ratio - 0.5
    floor = centre.floor()
    t = (centre - floor)[..., None]
    distance = torch.cat([t + 1, t, 1 - t, 2 - t], dim=-1)
    a = -0.75
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    weights = torch.where(distance <= 1, near, far)
    taps = floor.long()[..., None] + torch.arange(-1, 3, device=device)
    taps = torch.minimum(taps.clamp_min(0), (low_size - 1)[:, None, None])
    width = count // scale + 6
    origin = torch.minimum(taps[:, 0, 0], (low_size - width).clamp_min(0))
    table = torch.zeros(*pixel.shape, width, dtype=torch.float64, device=device)
    table.scatter_add_(2, taps - origin[:, None, None], weights)
    samples = origin[:, None] + torch.arange(width, device=device)
    return torch.minimum(samples, (low_size - 1)[:, None]), table.float()
