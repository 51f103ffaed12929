"""Training patches: positions drawn once, gathered from whole degraded scenes by index.

The scenes are kept on the device, as the protocol stores them; a batch is a few gathers, without a
Python loop over patches. A patch equals the crop at its place of the whole degraded image.
"""

from collections.abc import Iterable
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from benchmark.errors import RequestError
from benchmark.protocols.degradation import Degradation
from benchmark.protocols.interpolation import upscale_taps


def check_sizes(shapes: Iterable[tuple[int, int]], size: int) -> None:
    """Check that a patch fits into every training scene.

    Args:
        shapes: (rows, columns) of the training scenes.
        size: rows and columns of a patch.

    Raises:
        RequestError: a scene is smaller than a patch.
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
        count: number of positions.
        size: rows and columns of a patch.
        scale: positions are multiples of it, so that a patch has a decimated counterpart.
        seed: the cell's seed; all methods get the same positions for one seed.

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
        degradation: computes the low-resolution scenes, and rounds both if the protocol does.
        count: number of patches to draw.
        size: rows and columns of a patch.
        seed: of the positions.
        device: where the scenes are kept and batches are computed.

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
        """Return an image as (pixels, bands), uint8 if the protocol stores 8 bit."""
        flat = image.flatten(1).T.contiguous()
        return torch.round(flat * 255).to(torch.uint8) if self._eight_bit else flat

    def _joined(self, parts: list[Tensor]) -> tuple[Tensor, Tensor]:
        lengths = torch.tensor([0, *(len(part) for part in parts[:-1])], device=self.device)
        return torch.cat(parts), lengths.cumsum(0)

    def batch(
        self, patches: Tensor, sees: Literal["upscaled", "decimated"], bands: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Gather a batch of inputs and ground truths.

        Args:
            patches: (n,) indices of patches.
            sees: the method's kind of input, `Method.sees`.
            bands: (n, k) band indices, each of which becomes an image; None keeps whole cubes.

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
        rows, row_weights = upscale_taps(
            row, self.size, self._shapes[scene, 0], self._low_shapes[scene, 0], self.scale
        )
        columns, column_weights = upscale_taps(
            column, self.size, self._shapes[scene, 1], low_columns, self.scale
        )
        starts = self._low_starts[scene]
        low = self._window(self._lows, starts, low_columns, rows, columns, bands)
        # Separable: columns first, then rows; the same products as on the whole image.
        low = torch.einsum("npx,nyxb->nypb", column_weights, low)
        low = torch.einsum("npy,nyxb->npxb", row_weights, low)
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


def _images(window: Tensor, bands: Tensor | None) -> Tensor:
    """Turn (n, rows, columns, k) into images: channels-last cubes, or one image per band."""
    images = window.permute(0, 3, 1, 2)
    return images if bands is None else images.reshape(-1, 1, *images.shape[2:])
