"""Enlargement of images and of feature maps by the scale factor."""

from torch import Tensor, nn


def pixel_shuffle_up(maps: int, scale: int) -> nn.Sequential:
    """Build the upsampler of EDSR: for every factor of 2, or of 3, a convolution and a shuffle.

    Args:
        maps: channels before and after.
        scale: a power of 2, or 3; 1 builds an empty sequence.

    Raises:
        ValueError: the scale is neither.
    """
    layers: list[nn.Module] = []
    for factor in factors(scale):
        layers += [nn.Conv2d(maps, maps * factor**2, 3, padding=1), nn.PixelShuffle(factor)]
    return nn.Sequential(*layers)


def factors(scale: int) -> list[int]:
    """Return the steps in which a scale is reached: [2, 2, 2] for 8, [3] for 3, [] for 1.

    Raises:
        ValueError: the scale is neither a power of 2 nor 3.
    """
    if scale == 3:
        return [3]
    steps = scale.bit_length() - 1
    if scale < 1 or scale != 2**steps:
        raise ValueError(f"expected a scale of 1, 3, or a power of 2, found {scale}")
    return [2] * steps


def nearest(images: Tensor, scale: int) -> Tensor:
    """Repeat every pixel `scale` times along rows and columns.

    Args:
        images: (..., rows, columns).
        scale: the factor.

    Returns:
        (..., scale rows, scale columns).
    """
    return images.repeat_interleave(scale, dim=-2).repeat_interleave(scale, dim=-1)
