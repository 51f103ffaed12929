"""The degradation: from the ground truth to the low-resolution image, and its interpolation back.

Rows and columns are resampled by the same operator, so that each direction is one matrix an axis:
the low-resolution image of a band is `R z C^T`, exact in float64, and the same on every device.
Closed-form methods use these matrices (`Degradation.axis`, `Degradation.up_axis`).
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from benchmark.degradation.operators.operator import Operator
from benchmark.degradation.operators.resize import Resize


class Degradation:
    """The degradation of one protocol at one scale.

    Args:
        down: the operator from the ground truth to the low-resolution image.
        up: the operator from the low-resolution image to the upscaled one.
        scale: the factor, 2 or more.
        stored_levels: the largest grey level of stored images, which are rounded to whole levels;
            None if they are not rounded.
        crops: True cuts the ground truth to a multiple of the scale.

    Attributes:
        scale: the factor.
        stored_levels: as above.
        noise: variance of the rounding error of the low-resolution image, for values in [0, 1];
            0 if it is not rounded.
    """

    def __init__(
        self,
        down: Operator,
        up: Operator,
        scale: int,
        *,
        stored_levels: int | None = None,
        crops: bool = False,
    ) -> None:
        self._down, self._up, self._crops = down, up, crops
        self.scale = scale
        self.stored_levels = stored_levels
        self.noise = 1 / 12 / stored_levels**2 if stored_levels else 0.0

    def low_size(self, size: int) -> int:
        """Return the length of a low-resolution axis, ceil(size / scale)."""
        return -(-size // self.scale)

    def axis(self, size: int) -> Tensor:
        """Return the matrix of an axis that computes the low-resolution image.

        Returns:
            (low_size, size) float64 on the CPU; every row adds up to 1. It is cached: do not
            modify it.
        """
        return self._down.matrix(size, self.low_size(size), self.scale)

    def up_axis(self, size: int) -> Tensor:
        """Return the matrix of an axis that upscales the low-resolution image.

        Returns:
            (size, low_size) float64 on the CPU; every row adds up to 1. It is cached: do not
            modify it.
        """
        return self._up.matrix(self.low_size(size), size, self.scale)

    def up_taps(self, size: int) -> tuple[Tensor, Tensor]:
        """Return the same as indices and weights, (size, k) each; see `Operator.taps`."""
        return self._up.taps(self.low_size(size), size, self.scale)

    def crop(self, image: Tensor) -> Tensor:
        """Cut rows and columns at the end, to a multiple of the scale, if the protocol does.

        Args:
            image: (..., rows, columns).
        """
        rows, columns = self.crop_shape((image.shape[-2], image.shape[-1]))
        return image[..., :rows, :columns]

    def crop_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Return (rows, columns) of the ground truth of an image of this shape."""
        rest = [size % self.scale if self._crops else 0 for size in shape]
        return shape[0] - rest[0], shape[1] - rest[1]

    def store(self, image: Tensor) -> Tensor:
        """Round an image to whole grey levels if the protocol stores it so.

        Args:
            image: any shape, values in [0, 1].
        """
        levels = self.stored_levels
        return torch.round(image * levels) / levels if levels else image

    def ground_truth(self, image: Tensor) -> Tensor:
        """Crop and store an image; the result is the ground truth of the protocol."""
        return self.store(self.crop(image))

    def low(self, truth: Tensor) -> Tensor:
        """Compute the low-resolution image of a ground truth.

        Args:
            truth: (bands, rows, columns) in [0, 1], as `ground_truth` returns it.

        Returns:
            (bands, ceil(rows / scale), ceil(columns / scale)) float32, after `store`.
        """
        rows, columns = (self.axis(size).to(truth.device) for size in truth.shape[-2:])
        return self.store(rows @ truth.double() @ columns.T).float()

    def upscale(self, low: Tensor, shape: tuple[int, int]) -> Tensor:
        """Interpolate a low-resolution image to the size of the ground truth.

        Args:
            low: (bands, rows, columns) float32.
            shape: (rows, columns) of the result.

        Returns:
            `(bands, *shape)` float32; may exceed the range of `low`.
        """
        # A subclass may have other taps.
        if type(self._up) is Resize and self._up.is_torch_bicubic:
            # The same operator to float32 rounding, and many times as fast.
            out = functional.interpolate(low[None], size=shape, mode="bicubic", align_corners=False)
            return out[0]
        rows, columns = (self.up_axis(size).to(low.device) for size in shape)
        return (rows @ low.double() @ columns.T).float()

    def extend(self, upscaled: Tensor) -> Tensor:
        """Repeat the last row and column until the scale divides the numbers of both.

        A network that is given both images can then count on `scale` times the rows and columns.

        Args:
            upscaled: (bands, rows, columns) or (batch, bands, rows, columns).
        """
        rows, columns = (-size % self.scale for size in upscaled.shape[-2:])
        if not rows and not columns:
            return upscaled
        return functional.pad(upscaled, (0, columns, 0, rows), mode="replicate")

    def adjoint(self, low: Tensor, shape: tuple[int, int]) -> Tensor:
        """Apply the adjoint of the operator of `low`, R^T low C.

        Args:
            low: (bands, rows, columns).
            shape: (rows, columns) of the ground truth.

        Returns:
            `(bands, *shape)`, of the type of `low`.
        """
        rows, columns = (self.axis(size).to(low) for size in shape)
        return rows.T @ low @ columns

    def commutes_with_flips(
        self, size: int, image: Literal["upscaled", "low"], scene: int | None = None
    ) -> bool:
        """Return True if flipping both images of a pair gives another pair of this operator.

        Only then may a method flip pairs for augmentation, or flip its input and then its
        estimate back. Decimation of `wang2017` keeps samples 0, s, 2s, ..., which lie to one side
        in an image of s k pixels; the interpolated image is shifted on top.

        Args:
            size: pixels along the axis that is flipped.
            image: the pair's input, as in `Method.inputs`.
            scene: pixels of the scene along that axis if the pair is a patch of it; None if the
                whole scene is flipped.
        """
        scene = scene or size
        operator, step = self.axis(scene), self.scale
        if image == "upscaled":
            operator, step = self.up_axis(scene) @ operator, 1
        middle = (scene - size) // 2 // self.scale * self.scale
        # Two places: where the scale does not divide the scene, the shift depends on the place.
        for first in (middle, max(0, middle - self.scale)):
            reach = min(first, scene - size - first)
            rows = slice(first // step, -(-(first + size) // step))
            patch = operator[rows, first - reach : first + size + reach]
            # Pixels that a flip exchanges must be weighted alike, each seen from its own side.
            if not torch.allclose(patch, patch.flip(0, 1), rtol=0, atol=1e-9):
                return False
        return True
