"""Training patches: positions drawn once, gathered from whole degraded scenes by index.

The scenes lie on the device once, as the protocol stores them; a batch is a few gathers, with no
Python per patch. What a patch holds is exactly what is cut from the whole degraded image.
"""

from collections.abc import Iterable
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from benchmark.engine.cpu import channels_last
from benchmark.errors import RequestError
from benchmark.protocols.degradation import Degradation


def check_sizes(shapes: Iterable[tuple[int, int]], size: int) -> None:
    """Refuse training scenes that no patch can be cut from.

    Args:
        shapes: (rows, columns) of the training scenes.
        size: rows and columns of a patch.

    Raises:
        RequestError: a scene is smaller than a patch; the smallest is named.
    """
    rows, columns = min(shapes, key=min)
    if min(rows, columns) < size:
        raise RequestError(
            f"a training scene of {rows} x {columns} pixels is smaller than a patch of "
            f"{size} x {size}; leave it out with --scenes"
        )


def draw(shapes: list[tuple[int, int]], count: int, size: int, scale: int, seed: int) -> np.ndarray:
    """Draw patch positions: a scene, then a place in it, each uniformly.

    Args:
        shapes: (rows, columns) of the training scenes.
        count: how many positions.
        size: rows and columns of a patch.
        scale: positions are multiples of it, so that a patch has a decimated counterpart.
        seed: the cell's seed; every method of that seed gets the same positions.

    Returns:
        (count, 3) int64: scene, row, column.

    Raises:
        RequestError: a scene is smaller than a patch.
    """
    generator = np.random.default_rng([seed, scale, 0x5EED])
    check_sizes(shapes, size)
    scenes = generator.integers(len(shapes), size=count)
    last = (np.array(shapes)[scenes] - size) // scale
    corners = generator.integers(last + 1) * scale
    return np.column_stack([scenes, corners])


class PatchBank:
    """Training scenes on a device, and patches of them by index.

    Args:
        scenes: ground truths, (bands, rows, columns) in [0, 1], unrounded, one at a time.
        degradation: makes and stores the pairs.
        count: patches to draw.
        size: rows and columns of a patch.
        seed: draws the positions.
        device: where the pairs live and batches are made.

    Raises:
        RequestError: a scene is smaller than a patch, or the scenes differ in bands.
    """

    def __init__(
        self,
        scenes: Iterable[Tensor],
        degradation: Degradation,
        *,
        count: int,
        size: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.size = size
        self.scale = degradation.scale
        self.device = device
        self._eight_bit = degradation.protocol.eight_bit
        truths, lows, shapes, low_shapes = [], [], [], []
        for scene in scenes:
            truth = degradation.store(scene.to(device))
            low = degradation.low(truth)
            shapes.append((truth.shape[1], truth.shape[2]))
            low_shapes.append((low.shape[1], low.shape[2]))
            truths.append(self._pixels(truth))
            lows.append(self._pixels(low))
        if len({pixels.shape[1] for pixels in truths}) != 1:
            raise RequestError("the training scenes differ in their number of bands")
        self.bands = truths[0].shape[1]
        self._truths, self._truth_starts = self._joined(truths)
        self._lows, self._low_starts = self._joined(lows)
        self._shapes = torch.tensor(shapes, device=device)
        self._low_shapes = torch.tensor(low_shapes, device=device)
        positions = draw(shapes, count, size, self.scale, seed)
        self._positions = torch.from_numpy(positions).to(device)

    def __len__(self) -> int:
        return len(self._positions)

    def _pixels(self, image: Tensor) -> Tensor:
        """Lay an image out as (pixels, bands), in 8 bit where it was stored so."""
        flat = image.flatten(1).T.contiguous()
        return torch.round(flat * 255).to(torch.uint8) if self._eight_bit else flat

    def _joined(self, parts: list[Tensor]) -> tuple[Tensor, Tensor]:
        lengths = torch.tensor([0, *(len(part) for part in parts[:-1])], device=self.device)
        return torch.cat(parts), lengths.cumsum(0)

    def batch(
        self, patches: Tensor, sees: Literal["upscaled", "decimated"], bands: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Gather what a method sees and the truth it should reach.

        Args:
            patches: (n,) indices of patches.
            sees: the method's kind of input.
            bands: (n, k) band indices, each to become an image of its own; None keeps the cubes.

        Returns:
            Inputs and truths, float32 in [0, 1]: (n, bands, rows, columns), or
            (n k, 1, rows, columns). Decimated inputs have ceil(size / scale) rows and columns.
        """
        scene, row, column = self._positions[patches.to(self.device)].unbind(1)
        steps = torch.arange(self.size, device=self.device)
        truth = self._window(
            self._truths,
            self._truth_starts[scene],
            self._shapes[scene, 1],
            row[:, None] + steps,
            column[:, None] + steps,
            bands,
        )
        low_columns = self._low_shapes[scene, 1]
        if sees == "decimated":
            steps = torch.arange(-(-self.size // self.scale), device=self.device)
            rows = row[:, None] // self.scale + steps
            columns = column[:, None] // self.scale + steps
            starts = self._low_starts[scene]
            low = self._window(self._lows, starts, low_columns, rows, columns, bands)
            return _images(low, bands), _images(truth, bands)
        rows, weigh_rows = self._taps(row, self._shapes[scene, 0], self._low_shapes[scene, 0])
        columns, weigh_columns = self._taps(column, self._shapes[scene, 1], low_columns)
        starts = self._low_starts[scene]
        low = self._window(self._lows, starts, low_columns, rows, columns, bands)
        # Separable: columns first, then rows; the same products as on the whole image.
        low = torch.einsum("npx,nyxb->nypb", weigh_columns, low)
        low = torch.einsum("npy,nyxb->npxb", weigh_rows, low)
        return _images(low, bands), _images(truth, bands)

    def _window(
        self,
        pixels: Tensor,
        start: Tensor,
        width: Tensor,
        rows: Tensor,
        columns: Tensor,
        bands: Tensor | None,
    ) -> Tensor:
        """Gather (n, rows, columns, bands or k) from the flat scenes."""
        index = start[:, None, None] + rows[:, :, None] * width[:, None, None] + columns[:, None, :]
        if bands is None:
            out = pixels.index_select(0, index.flatten()).view(*index.shape, -1)
        else:
            index = index[..., None] * self.bands + bands.to(self.device)[:, None, None, :]
            out = pixels.view(-1).index_select(0, index.flatten()).view(index.shape)
        return out.float() / 255 if self._eight_bit else out

    def _taps(self, first: Tensor, size: Tensor, low_size: Tensor) -> tuple[Tensor, Tensor]:
        """Say which decimated samples an up-scaled run of pixels is made of, and how.

        Args:
            first: (n,) first pixel of each run.
            size: (n,) length of the whole axis at full size.
            low_size: (n,) length of the decimated axis.

        Returns:
            (n, w) sample indices in a row, and (n, pixels, w) weights: cubic convolution with
            a = -0.75, half-pixel centres, clamped border (Keys 1981), as `degradation.upscale`.
        """
        pixel = first[:, None] + torch.arange(self.size, device=self.device)
        ratio = (low_size.double() / size.double())[:, None]
        centre = (pixel + 0.5) * ratio - 0.5
        floor = centre.floor()
        t = (centre - floor)[..., None]
        distance = torch.cat([t + 1, t, 1 - t, 2 - t], dim=-1)
        a = -0.75
        near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
        far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
        weights = torch.where(distance <= 1, near, far)
        taps = floor.long()[..., None] + torch.arange(-1, 3, device=self.device)
        taps = torch.minimum(taps.clamp_min(0), (low_size - 1)[:, None, None])
        width = int(self.size // self.scale) + 6
        origin = torch.minimum(taps[:, 0, 0], (low_size - width).clamp_min(0))
        table = torch.zeros(*pixel.shape, width, dtype=torch.float64, device=self.device)
        table.scatter_add_(2, taps - origin[:, None, None], weights)
        samples = origin[:, None] + torch.arange(width, device=self.device)
        return torch.minimum(samples, (low_size - 1)[:, None]), table.float()


def _images(window: Tensor, bands: Tensor | None) -> Tensor:
    """Turn (n, rows, columns, k) into images: channels-last cubes, or one image a band."""
    images = window.permute(0, 3, 1, 2)
    if bands is None:
        return images
    return channels_last(images.reshape(-1, 1, *images.shape[2:]))
