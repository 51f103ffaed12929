"""Checks of the images that a protocol computes."""

import torch

from benchmark.tools.conformance.check import Check, at, identical, require, require_close
from benchmark.tools.conformance.protocols.harness import ProtocolHarness, image

ROUNDING = 1e-5  # tolerance of float32 images with values up to 1, interpolated in float32
_SHAPES = ((48, 64), (51, 77))


def sizes(harness: ProtocolHarness) -> None:
    """Images have the sizes that are announced; a crop is a multiple of the scale."""
    for scale, degradation in harness.degradations():
        for shape in _SHAPES:
            with at(f"x{scale}, {shape[0]} x {shape[1]} pixels"):
                truth = degradation.ground_truth(image(*shape))
                kept = (truth.shape[-2], truth.shape[-1])
                expected = degradation.crop_shape(shape)
                require(kept == expected, f"the ground truth has {kept} pixels, not {expected}")
                whole = not harness.plugin.crops or not any(size % scale for size in kept)
                require(whole, f"the ground truth has {kept} pixels, expected multiples of {scale}")
                low = degradation.low(truth)
                smaller = tuple(degradation.low_size(size) for size in kept)
                require(
                    tuple(low.shape[-2:]) == smaller,
                    f"the low-resolution image has {tuple(low.shape[-2:])} pixels, not {smaller}",
                )
                upscaled = degradation.upscale(low, kept)
                require(
                    upscaled.shape == truth.shape,
                    f"the upscaled image has {tuple(upscaled.shape)}, not {tuple(truth.shape)}",
                )


def constant_kept(harness: ProtocolHarness) -> None:
    """Black, grey and white images stay what they are, down and up again."""
    for scale, degradation in harness.degradations():
        for level in (0.0, 0.5, 1.0):
            with at(f"x{scale}, an image of {level:g}"):
                truth = degradation.ground_truth(torch.full((1, *_SHAPES[1]), level))
                low = degradation.low(truth)
                require_close(
                    low, torch.full_like(low, float(truth[0, 0, 0])), ROUNDING, "low and constant"
                )
                upscaled = degradation.upscale(low, (truth.shape[-2], truth.shape[-1]))
                require_close(upscaled, truth, ROUNDING, "upscaled and constant")


def storing_idempotent(harness: ProtocolHarness) -> None:
    """Storing a stored image again does not change it."""
    for scale, degradation in harness.degradations():
        with at(f"x{scale}"):
            once = degradation.ground_truth(image(*_SHAPES[1]))
            again = degradation.ground_truth(once)
            require(identical(again, once), "storing a ground truth again changes it")


CHECKS: dict[str, Check] = {
    "sizes": sizes,
    "constant-kept": constant_kept,
    "storing-idempotent": storing_idempotent,
}
