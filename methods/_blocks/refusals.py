"""Reasons why a network cannot be built for a problem."""

from methods._blocks.upsampling import factors


def refused_scale(scale: int) -> str:
    """Return why `pixel_shuffle_up` cannot reach a scale factor; empty if it can."""
    try:
        factors(scale)
    except ValueError:
        return f"needs a scale of 3 or a power of 2, found {scale}"
    return ""
