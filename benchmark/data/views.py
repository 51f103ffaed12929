"""Images in one flat tensor, each readable in eight orientations without a copy of its own.

An orientation is a start and two strides: flipping an axis negates its stride, transposing swaps
both. So truths that are flipped cost no memory.
"""

import torch
from torch import Tensor

# The flips and rotations of a square; numbered as `turned` reads them.
ORIENTATIONS = 8


def turned(image: Tensor, orientation: int) -> Tensor:
    """Flip and transpose an image.

    Args:
        image: (bands, rows, columns).
        orientation: from 0 (as it is) to 7; 4 flips the rows and 2 the columns, then 1 transposes.

    Returns:
        (bands, rows, columns), or (bands, columns, rows) for odd orientations.
    """
    axes = [axis for axis, bit in ((1, 4), (2, 2)) if orientation & bit]
    image = image.flip(axes)
    return image.transpose(1, 2) if orientation & 1 else image


class Views:
    """Images of several sizes as views of one flat tensor, to gather windows from.

    Attributes:
        pixels: (pixels of all images, bands).
        shapes: (views, 2) rows and columns of each view.
    """

    def __init__(self) -> None:
        self.pixels = torch.empty(0)
        self.shapes = torch.empty(0)
        self._parts: list[Tensor] = []
        self._table: list[tuple[int, int, int, int, int]] = []
        self._length = 0

    def add(self, pixels: Tensor, shape: tuple[int, int], orientations: range) -> None:
        """Add an image, with one view for each orientation.

        Args:
            pixels: (rows * columns, bands).
            shape: (rows, columns).
            orientations: as `turned` numbers them.
        """
        rows, columns = shape
        for orientation in orientations:
            start, down, right = self._length, columns, 1
            if orientation & 4:
                start, down = start + (rows - 1) * columns, -columns
            if orientation & 2:
                start, right = start + columns - 1, -1
            view = (start, down, right, rows, columns)
            if orientation & 1:
                view = (start, right, down, columns, rows)
            self._table.append(view)
        self._parts.append(pixels)
        self._length += len(pixels)

    def join(self) -> None:
        """Join the images that were added; to be called once, after the last.

        Raises:
            ValueError: the images differ in their number of bands.
        """
        if len({pixels.shape[1] for pixels in self._parts}) != 1:
            raise ValueError("the images differ in their number of bands")
        self.pixels = torch.cat(self._parts)
        self._parts = []
        table = torch.tensor(self._table, device=self.pixels.device)
        self._starts, self._strides, self.shapes = table[:, 0], table[:, 1:3], table[:, 3:]

    def windows(self, views: Tensor, rows: Tensor, columns: Tensor, bands: Tensor | None) -> Tensor:
        """Gather a window from each of several views.

        Args:
            views: (n,) indices of views.
            rows: (n, r) rows in the views.
            columns: (n, c) columns in the views.
            bands: (n, k) band indices; None for all bands.

        Returns:
            (n, r, c, k or all bands), of the type of `pixels`.
        """
        down, right = self._strides[views].unbind(1)
        index = (
            self._starts[views][:, None, None]
            + rows[:, :, None] * down[:, None, None]
            + (columns * right[:, None])[:, None, :]
        )
        if bands is None:
            return self.pixels.index_select(0, index.flatten()).view(*index.shape, -1)
        index = index[..., None] * self.pixels.shape[1] + bands[:, None, None, :]
        return self.pixels.view(-1).index_select(0, index.flatten()).view(index.shape)
