"""Upscaling of a user's own images by a trained method, in tiles where they are large."""

from benchmark.tools.upscaling.targets import check_targets, outputs_of
from benchmark.tools.upscaling.upscaled import Upscaled, upscale

__all__ = ["Upscaled", "check_targets", "outputs_of", "upscale"]
