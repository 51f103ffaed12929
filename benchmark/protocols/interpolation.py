"""Interpolation of low-resolution images back to the size of the ground truth."""

from torch import Tensor
from torch.nn import functional


def upscale(low: Tensor, shape: tuple[int, int]) -> Tensor:
    """Interpolate to the ground truth's size by cubic convolution, a = -0.75 (Keys 1981).

    Half-pixel centres, clamped border, straight to `shape`: 171 samples to 512 at x3 is the
    scale 512 / 171. This shifts a picture that was decimated from sample 0 by (s - 1) / 2
    pixels; the protocol's published numbers contain that shift.

    Args:
        low: (bands, rows, columns) float32.
        shape: (rows, columns) of the result.
    """
    out = functional.interpolate(low[None], size=shape, mode="bicubic", align_corners=False)
    return out[0]
