"""Upscale an image: find the method, look at the image, check, estimate in tiles, write."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from benchmark import CHECKOUT
from benchmark.data.formats.images import AUTO
from benchmark.data.formats.writing import (
    WITHOUT_WAVELENGTHS,
    Layout,
    Write,
    create,
    into,
    layout_of,
)
from benchmark.engine.machine.device import CPU, Device, is_out_of_memory
from benchmark.engine.machine.torch_state import numeric_state
from benchmark.errors import RequestError, plain, reason_of, shortened
from benchmark.execution.listeners.progress import Progress
from benchmark.plugins.isolation import process_kept
from benchmark.protocol import PROTOCOLS
from benchmark.store.files import write_file, writing
from benchmark.tools.upscaling.fitting import check_fits, shift_of
from benchmark.tools.upscaling.images import checked_values, look_at
from benchmark.tools.upscaling.preview import LONGEST, Preview
from benchmark.tools.upscaling.targets import check_targets
from benchmark.tools.upscaling.tiling import Upscaler
from benchmark.tools.upscaling.trained import Trained, find

_STORED = CHECKOUT / "docs" / "results"
_ROWS = 64  # that are converted at a time
_LONGEST_REASON = 300


@dataclass(frozen=True)
class Upscaled:
    """A super-resolved image.

    Attributes:
        cube: (rows, columns, bands), of the type of the image; None if it was written to a file.
        shape: rows, columns and bands.
        kind: name of the type of its values.
        wavelengths: of the bands, in nm; empty if unknown.
        peak: the value that stood for 1.
        method: the method with its parameters, and the scale.
        protocol: the protocol that the method was trained under.
        weights: address of the cell of the weights; empty if it needs none.
        file: the file written; None if the cube is in memory.
        preview: the picture written; None without one.
        notes: what to know about the result, a line each.
    """

    cube: np.ndarray | None
    shape: tuple[int, int, int]
    kind: str
    wavelengths: tuple[float, ...]
    peak: float
    method: str
    protocol: str
    weights: str
    file: Path | None
    preview: Path | None
    notes: tuple[str, ...]


def upscale(
    image: Path | str | np.ndarray,
    method: str = "",
    scale: int = 0,
    weights: Path | str = "",
    out: Path | str | None = None,
    *,
    preview: Path | str | None = None,
    protocol: str = "",
    variable: str = "",
    axis: str = AUTO,
    peak: float = 0.0,
    wavelengths: str | Sequence[float] = "",
    weights_from: Path | str = _STORED,
    tile: int = 0,
    force: bool = False,
    device: Device = CPU,
    progress: Progress | None = None,
) -> Upscaled:
    """Upscale an image by a trained method.

    The image is taken as the low-resolution one, as it is. Where a method is given the interpolated
    image, that is made by the operator of the protocol that it was trained under. The result has
    `scale` times the rows and columns. Under `wang2017`, which keeps the samples 0, s, 2s, ...,
    pixel i of the image lies on pixel s i of the result, not in the middle of s x s of them: the
    result is shifted by (s - 1) / 2 of its pixels up and to the left (`shift_of`).

    Values are divided by the peak, estimated in float32, multiplied by it again, and set to 0 where
    they are negative, and to a stated peak where they exceed it, as they are when a table is made.
    Whole numbers are rounded, and kept in the range of their type.

    Args:
        image: a file as the data set `folder` reads it, or an array (rows, columns, bands).
        method: the method with its parameters; may be empty where `weights` is a cell.
        scale: the factor; 0 where `weights` is a cell.
        weights: the folder of a cell, "pretrained", or empty for a method that is not trained.
        out: the file to write, in the format of its ending; None returns the cube.
        preview: a PNG to write: false colours before and after, side by side.
        protocol: for methods without a cell; empty takes the default one.
        variable: name of the image in a file with several arrays.
        axis: of the bands in the file: "first", "middle", "last" or "auto".
        peak: the value that stands for 1; 0 for the largest of the image.
        wavelengths: of the bands; those of the file if empty.
        weights_from: the results folder that "pretrained" searches.
        tile: rows and columns of the tiles that an image is divided into, in its pixels; 0 divides
            large images alone.
        force: True replaces existing files.
        device: where to compute.
        progress: receives tiles, or iterations of a method with a loop; None reports nothing.

    Raises:
        RequestError: something is missing, unknown, exists already, or does not fit together; the
            method failed; or the result cannot be written.
    """
    file = None if isinstance(image, np.ndarray) else Path(image).expanduser()
    target, picture = (Path(one).expanduser() if one else None for one in (out, preview))
    if peak < 0 or tile < 0:
        raise RequestError("--peak and --tile: expected 0 or more")
    check_targets(file, target, picture, force=force)
    source = look_at(image, variable, axis, wavelengths)
    rows, columns, bands = source.shape
    trained = find(method, scale, str(weights), protocol, Path(weights_from), bands)
    check_fits(trained, bands, source.name)
    shape = (rows * trained.scale, columns * trained.scale, bands)
    with process_kept(), numeric_state(), _failing(trained, source.name):
        upscaler = Upscaler(trained, bands, device)
    tiling = upscaler.tiling((rows, columns), tile)
    read = source.image()
    cube, found_peak, notes = checked_values(read, source.name, peak)
    layout = layout_of(read, file, target or Path("array.npy"), shape)
    convert = _converter(layout.kind, found_peak, trained, stated=bool(peak))
    drawn = Preview(cube, found_peak, trained.scale, layout.wavelengths) if picture else None
    made = np.empty((0, 0, 0) if target else shape, layout.kind)

    def report(done: int, total: int) -> None:
        if progress:
            what = "tiles upscaled" if tiling.side else "iterations done"
            progress.preparing(source.name, done, total, "", what)

    with _created(target, layout, made) as write, process_kept(), numeric_state():
        blocks = upscaler.blocks(cube, found_peak, tiling, report)
        for block_rows, block_columns, estimate in _each(blocks, trained, source.name):
            block = convert(estimate)
            if drawn:
                drawn.add(block_rows, block_columns, block)
            write(block_rows, block_columns, block)
    if drawn and picture:
        whole = "" if drawn.whole else f", the middle {LONGEST} pixels"
        titles = (f"{source.name}{whole}", trained.label)
        write_file(picture, drawn.png(titles), "--preview")
    return Upscaled(
        cube=None if target else made,
        shape=shape,
        kind=layout.kind,
        wavelengths=layout.wavelengths,
        peak=found_peak,
        method=trained.label,
        protocol=PROTOCOLS.label(trained.protocol),
        weights=str(trained.cell.address) if trained.cell else "",
        file=target,
        preview=picture,
        notes=(*notes, *_notes(trained, layout, read.kind, target, tiling.exact)),
    )


def _notes(
    trained: Trained, layout: Layout, kind: str, target: Path | None, exact: bool
) -> Iterator[str]:
    shift = shift_of(trained.protocol.degradation(trained.scale))
    interpolates = not trained.method.trained and trained.method.inputs == ("upscaled",)
    if abs(shift) > 0.01 and not interpolates:
        sides = "up and to the left" if shift < 0 else "down and to the right"
        yield (
            f"as protocol {PROTOCOLS.label(trained.protocol)} samples its images, the result lies "
            f"{abs(shift):g} of its pixels {sides} of the image"
        )
    if not exact:
        yield (
            "it is not known how far the method sees: the result may depend on the size of the "
            "tiles, and seams may show"
        )
    if layout.kind != kind and kind:
        yield f"stored as {layout.kind}, as {target and target.suffix} has no {kind}"
    if layout.wavelengths and target and target.suffix.lower() in WITHOUT_WAVELENGTHS:
        yield f"the wavelengths are not in it, as {target.suffix} has no place for them"


@contextmanager
def _created(target: Path | None, layout: Layout, made: np.ndarray) -> Iterator[Write]:
    """Create the file of the result, or write to an array.

    Raises:
        RequestError: it cannot be written, or the library for it is not installed.
    """
    if target is None:
        yield into(made)
        return
    try:
        with writing(target, ""), create(target, layout) as write:
            yield write
    except ModuleNotFoundError as error:
        raise RequestError(
            f"{target} cannot be written without {error.name}; install it with: pip install "
            f"{error.name}"
        ) from error


@contextmanager
def _failing(trained: Trained, name: str) -> Iterator[None]:
    """Turn any exception of a method into one line.

    Raises:
        RequestError: an exception was raised.
    """
    try:
        yield
    except RequestError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise RequestError(
                f"{trained.label}: not enough memory for {name}; divide it into tiles, or into "
                "smaller ones: --tile 128"
            ) from error
        reason = shortened(plain(reason_of(error)), _LONGEST_REASON)
        raise RequestError(f"{trained.label} failed on {name}: {reason}") from error


Block = tuple[slice, slice, Tensor]


def _each(blocks: Iterator[Block], trained: Trained, name: str) -> Iterator[Block]:
    """Yield the blocks; exceptions of the method alone become one line, not those of a writer."""
    while True:
        with _failing(trained, name):
            block = next(blocks, None)
        if block is None:
            return
        yield block


def _converter(
    kind: str, peak: float, trained: Trained, *, stated: bool
) -> Callable[[Tensor], np.ndarray]:
    """Return the conversion of an estimate to the values that are stored."""
    clips = trained.method.clips or trained.protocol.scored_levels is not None
    lowest, highest = (0.0 if clips else -np.inf), (peak if clips and stated else np.inf)
    whole = np.dtype(kind).kind in "iu"
    if whole:
        limits = np.iinfo(kind)
        lowest, highest = max(lowest, limits.min), min(highest, limits.max)

    def convert(estimate: Tensor) -> np.ndarray:
        values = estimate.movedim(0, -1).cpu().numpy()
        made = np.empty(values.shape, kind)
        for row in range(0, len(values), _ROWS):
            part = values[row : row + _ROWS].astype(np.float64) * peak
            np.clip(part, lowest, highest, out=part)
            made[row : row + _ROWS] = np.rint(part) if whole else part
        return made

    return convert
