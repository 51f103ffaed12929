"""Previews of test scenes: a window of the truth and of a stored cell's estimate, in 8 bit.

Recomputing estimates from stored weights is slow, so previews are cached by the key of their cell.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmark.data.split import Split
from benchmark.engine.machine.device import Device
from benchmark.errors import RequestError, listed, reason_of
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import Folders, replan
from benchmark.store.cells import Cell
from benchmark.store.files import write_file
from benchmark.tools.images.model import LEVELS, CellPreview, Preview, View
from benchmark.tools.images.predictions import predict

_FORMAT = 2  # of the files; to be raised when what they hold changes


def previews(
    cells: Sequence[Cell],
    folders: Folders,
    device: Device,
    progress: Progress,
    *,
    size: int = 128,
    scenes: Sequence[str] = (),
) -> Iterator[CellPreview]:
    """Preview the test scenes of finished cells, of the first seed only.

    Args:
        cells: as stored; failed ones are skipped.
        folders: data, results and cache.
        device: where the estimates are computed.
        progress: shows which cell is estimated.
        size: rows and columns of a window; a smaller scene is shown whole.
        scenes: which test scenes; all if empty. A scene that a cell was not tested on is skipped.

    Yields:
        One item per cell and scene, the cells in the order of their addresses. An error becomes
        the reason in its item.
    """
    done = sorted((one for one in cells if one.status == "done"), key=lambda one: one.address)
    firsts = [next(group) for _, group in groupby(done, lambda one: replace(one.address, seed=0))]
    splits: dict[Any, Split] = {}
    for cell in firsts:
        tested = list(cell.facts["configuration"]["dataset"]["test"])
        files = {
            name: _file(folders.cache, cell, name, size)
            for name in tested
            if not scenes or name in scenes
        }
        found = {name: _read(file) for name, file in files.items()}
        absent = [name for name, preview in found.items() if preview is None]
        reason = ""
        if absent:
            progress.line(f"previews of {cell.address}: {listed(absent)}")
            try:
                plan = replan(cell, folders, progress, splits)
                for one in predict(plan, folders.results, device, absent):
                    found[one.scene] = preview = preview_of(one, cell.address.scale, size)
                    write_file(files[one.scene], _packed(preview))
            except RequestError as error:
                reason = str(error)
            except Exception as error:  # noqa: BLE001 - a plugin raises anything
                reason = f"its estimate could not be computed again ({reason_of(error)})"
        for name, stored in found.items():
            yield CellPreview(cell.address, name, stored, "" if stored else reason)


def _file(cache: Path, cell: Cell, scene: str, size: int) -> Path:
    # The truth depends on the data, which the key of the cell covers too.
    parts = (cell.facts["key"], scene, size, _FORMAT)
    name = hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()[:32]
    return cache / "previews" / f"{name}.npz"


def _packed(preview: Preview) -> bytes:
    stream = io.BytesIO()
    arrays = {field.name: getattr(preview, field.name) for field in fields(preview)}
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _read(file: Path) -> Preview | None:
    """Read a cached preview; None where it is missing or damaged."""
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as stored:
            return Preview(**{field.name: stored[field.name] for field in fields(Preview)})
    except Exception:  # noqa: BLE001 - a damaged archive raises nearly anything
        return None


OVERVIEW = 160  # pixels of the longer side, at most


def preview_of(view: View, scale: int, size: int) -> Preview:
    """Crop a scene to the window with most detail.

    Args:
        view: the whole scene, with one estimate.
        scale: the factor of the low-resolution image.
        size: rows and columns of the window.
    """
    truth, (estimate,) = view.truth, view.estimates.values()
    top, left = corner_of_detail(truth, size)
    rows, columns = (min(size, length) for length in truth.shape[1:])
    window = (slice(None), slice(top, top + rows), slice(left, left + columns))
    # Under every protocol, low-resolution pixel i stands for the pixels s i to s i + s - 1.
    small = (
        slice(None),
        slice(top // scale, (top + rows - 1) // scale + 1),
        slice(left // scale, (left + columns - 1) // scale + 1),
    )
    difference = estimate.astype(np.float64) - truth
    return Preview(
        wavelengths=np.asarray(view.wavelengths),
        shape=np.array(truth.shape[1:]),
        corner=np.array((top, left)),
        truth=_eight_bit(truth[window]),
        low=_eight_bit(view.low[small]),
        estimate=_eight_bit(estimate[window]),
        error=np.square(difference).mean(axis=(1, 2)),
        overview=_downsampled(truth),
    )


def corner_of_detail(truth: np.ndarray, size: int) -> tuple[int, int]:
    """Find the window with the largest sum of differences between neighbouring pixels.

    Args:
        truth: (bands, rows, columns).
        size: rows and columns of the window.

    Returns:
        Its first row and column; candidates start at every eighth of the size.
    """
    mean = truth.mean(axis=0, dtype=np.float64)
    detail = np.zeros_like(mean)
    detail[1:] += np.abs(np.diff(mean, axis=0))
    detail[:, 1:] += np.abs(np.diff(mean, axis=1))
    window = (min(size, mean.shape[0]), min(size, mean.shape[1]))
    step = max(size // 8, 1)
    sums = sliding_window_view(detail, window)[::step, ::step].sum(axis=(2, 3))
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    return int(row) * step, int(column) * step


def _eight_bit(image: np.ndarray) -> np.ndarray:
    """Round an image in grey levels for display."""
    rounded: np.ndarray = np.rint(image).clip(0, LEVELS).astype(np.uint8)
    return rounded


def _downsampled(cube: np.ndarray) -> np.ndarray:
    """Average blocks of pixels, so that the longer side has at most `OVERVIEW` pixels."""
    block = -(-max(cube.shape[1:]) // OVERVIEW)
    bands, rows, columns = cube.shape
    rows, columns = rows // block, columns // block
    cut = cube[:, : rows * block, : columns * block]
    blocks = cut.reshape(bands, rows, block, columns, block)
    return _eight_bit(blocks.mean(axis=(2, 4), dtype=np.float32))
