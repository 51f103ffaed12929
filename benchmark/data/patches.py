"""Training patches: positions drawn once, gathered from whole degraded scenes by index.

The scenes are kept on the device, as the protocol stores them; a batch is a few gathers, without a
Python loop over patches. A patch equals the crop at its place of the whole degraded image.

Augmentation flips and transposes whole scenes before they are degraded. Flipping the pair of a
patch instead would move the low-resolution pixels relative to the truth's, unless the operator
commutes with flips (`Degradation.commutes_with_flips`), which that of `wang2017` does not.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from benchmark.data.views import ORIENTATIONS, Views, turned
from benchmark.degradation.degradation import Degradation
from benchmark.degradation.windows import UpscalingWindows
from benchmark.errors import RequestError

# Pixels that are summed up at once.
_CHUNK = 1 << 20
EIGHT_BIT = 255  # the largest grey level; scenes with these levels are kept as uint8


def check_sizes(shapes: Iterable[tuple[int, int]], size: int, whose: str = "") -> None:
    """Check that a patch fits into every training scene.

    Args:
        shapes: (rows, columns) of the training scenes.
        size: rows and columns of a patch.
        whose: the method that has these patches, and its scale, for the message.

    Raises:
        RequestError: a scene is smaller than a patch.
    """
    rows, columns = min(shapes, key=min)
    if min(rows, columns) < size:
        raise RequestError(
            f"a training scene of {rows} x {columns} pixels is smaller than a patch of "
            f"{size} x {size}{f' ({whose})' * bool(whose)}; leave out the scene with --scenes, or "
            "the method"
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


def draw_orientations(count: int, scale: int, seed: int) -> np.ndarray:
    """Draw the orientation of each patch's scene, all eight of them as likely.

    Args:
        count: number of patches.
        scale: the scale factor.
        seed: the cell's seed; the positions of `draw` do not depend on orientations.

    Returns:
        (count,) int64, numbered as `benchmark.data.views.turned` reads them.
    """
    return np.random.default_rng([seed, scale, 0xF11B]).integers(ORIENTATIONS, size=count)


class PatchBank:
    """Training scenes on a device, and patches of them by index.

    With `augment` each patch is cut from its scene in one of eight orientations, drawn once, as its
    place is (`draw_orientations`). The scene is turned before it is degraded, so that patches are
    true pairs under every protocol. A turned ground truth is a view of the one that is kept; the
    low-resolution images of the four flips are kept, which adds three of them: 3 / s^2 of the
    truths' memory.

    Args:
        scenes: ground truths, (bands, rows, columns) in [0, 1], unrounded, one at a time.
        degradation: computes the low-resolution scenes, crops the truths, and rounds both, as the
            protocol does.
        count: number of patches to draw.
        size: rows and columns of a patch.
        seed: of the positions and orientations.
        device: where the scenes are kept and batches are computed.
        augment: flip and transpose scenes.

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
        augment: bool = False,
    ) -> None:
        self.size = size
        self.scale = degradation.scale
        self.device = device
        self._degradation = degradation
        self._eight_bit = degradation.stored_levels == EIGHT_BIT
        self._truths, self._lows = Views(), Views()
        turns = range(ORIENTATIONS if augment else 1)
        shapes = []
        for scene in scenes:
            truth = degradation.ground_truth(scene.to(device))
            shapes.append((truth.shape[1], truth.shape[2]))
            self._truths.add(self._pixels(truth), shapes[-1], turns)
            # The operator of rows is that of columns: a transposed scene has a transposed image.
            for flip in turns[::2]:
                low = degradation.low(turned(truth, flip))
                transposes = range(min(2, len(turns)))
                self._lows.add(self._pixels(low), (low.shape[1], low.shape[2]), transposes)
        try:
            self._truths.join()
            self._lows.join()
        except ValueError as error:
            raise RequestError("the training scenes differ in their number of bands") from error
        self.bands = self._truths.pixels.shape[1]
        positions = draw(shapes, count, size, self.scale, seed)
        if augment:
            orientations = draw_orientations(count, self.scale, seed)
            transposed = orientations % 2 == 1
            positions[transposed, 1:] = positions[transposed, :0:-1]
            positions[:, 0] = positions[:, 0] * ORIENTATIONS + orientations
        self._positions = torch.from_numpy(positions).to(device)
        self._upscaling = UpscalingWindows(degradation, np.unique(shapes).tolist(), device)

    def __len__(self) -> int:
        return len(self._positions)

    def _pixels(self, image: Tensor) -> Tensor:
        """Return an image as (pixels, bands), uint8 if the protocol stores 8 bit."""
        flat = image.flatten(1).T.contiguous()
        return torch.round(flat * EIGHT_BIT).to(torch.uint8) if self._eight_bit else flat

    def band_means(self) -> Tensor:
        """Return the mean of each band over the pixels of all scenes, (bands,) float32, the CPU."""
        pixels = self._truths.pixels
        total = torch.zeros(self.bands, dtype=torch.float64, device=self.device)
        for first in range(0, len(pixels), _CHUNK):
            total += pixels[first : first + _CHUNK].double().sum(0)
        levels = EIGHT_BIT if self._eight_bit else 1
        return (total / len(pixels) / levels).float().cpu()

    def batch(
        self, patches: Tensor, inputs: Sequence[str], bands: Tensor | None
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Gather a batch of inputs and ground truths.

        Args:
            patches: (n,) indices of patches.
            inputs: the images that the method is given, `Method.inputs`.
            bands: (n, k) band indices, each of which becomes an image; None keeps whole cubes.

        Returns:
            Inputs by name and truths, float32 in [0, 1]: (n, bands, rows, columns), or
            (n k, 1, rows, columns). The low-resolution images have ceil(size / scale) rows and
            columns. Upscaled ones beside them have `scale` times as many (`Degradation.extend`).
        """
        view, row, column = self._positions[_moved(patches, self.device)].unbind(1)
        if bands is not None:
            bands = _moved(bands, self.device)
        steps = torch.arange(self.size, device=self.device)
        truth = self._windows(
            self._truths, view, row[:, None] + steps, column[:, None] + steps, bands
        )
        made = {}
        for name in inputs:
            if name == "low":
                image = self._low(view, row, column, bands)
            else:
                image = self._upscaled(view, row, column, bands)
            made[name] = _images(image, bands)
        if len(made) > 1:
            made["upscaled"] = self._degradation.extend(made["upscaled"])
        return made, _images(truth, bands)

    def _low(self, view: Tensor, row: Tensor, column: Tensor, bands: Tensor | None) -> Tensor:
        """Gather the low-resolution images of patches, given by their first row and column."""
        steps = torch.arange(-(-self.size // self.scale), device=self.device)
        rows = row[:, None] // self.scale + steps
        columns = column[:, None] // self.scale + steps
        return self._windows(self._lows, view, rows, columns, bands)

    def _upscaled(self, view: Tensor, row: Tensor, column: Tensor, bands: Tensor | None) -> Tensor:
        """Compute the upscaled images of patches, given by their first row and column."""
        shape = self._truths.shapes[view]
        rows, row_weights = self._upscaling.at(row, self.size, shape[:, 0])
        columns, column_weights = self._upscaling.at(column, self.size, shape[:, 1])
        low = self._windows(self._lows, view, rows, columns, bands)
        # Separable: columns first, then rows; the same products as on the whole image.
        low = torch.einsum("npx,nyxb->nypb", column_weights, low)
        return torch.einsum("npy,nyxb->npxb", row_weights, low)

    def _windows(
        self, images: Views, view: Tensor, rows: Tensor, columns: Tensor, bands: Tensor | None
    ) -> Tensor:
        """Gather (n, rows, columns, bands or k) as float32 in [0, 1]."""
        out = images.windows(view, rows, columns, bands)
        return out.float() / EIGHT_BIT if self._eight_bit else out


def _moved(indices: Tensor, device: torch.device) -> Tensor:
    """Copy indices to a device, without waiting for what it is computing."""
    if device.type == "cuda":
        indices = indices.pin_memory()  # a copy from other memory waits
    return indices.to(device, non_blocking=True)


def _images(window: Tensor, bands: Tensor | None) -> Tensor:
    """Turn (n, rows, columns, k) into images: channels-last cubes, or one image per band."""
    images = window.permute(0, 3, 1, 2)
    return images if bands is None else images.reshape(-1, 1, *images.shape[2:])
