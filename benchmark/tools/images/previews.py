"""Previews of test scenes: a window of the truth and of a stored cell's estimate, in 8 bit.

Recomputing estimates from stored weights is slow, so previews are kept in the cache folder.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmark.data.split import Split
from benchmark.engine.machine.device import Device
from benchmark.errors import RequestError, listed, reason_of
from benchmark.execution.computation.reestimation import NO_WEIGHTS
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import Folders, replan
from benchmark.protocol import LARGEST_SCALE, Protocol
from benchmark.store.address import key_of
from benchmark.store.cells import WEIGHTS, Cell
from benchmark.tools.images.kept import KeptPreviews
from benchmark.tools.images.model import LEVELS, CellPreview, Preview, View
from benchmark.tools.images.predictions import predict

_READABLE = 64  # rows and columns of a window that still shows something
_BYTES = 0.2  # of one value of a window in the page, compressed, measured on scenes of CAVE


def previews(
    cells: Sequence[Cell],
    folders: Folders,
    device: Device,
    progress: Progress,
    *,
    size: int = 128,
    scenes: Sequence[str] = (),
    room: int | None = None,
) -> Iterator[CellPreview]:
    """Preview the test scenes of finished cells, of the first seed only.

    Args:
        cells: as stored; failed ones are skipped.
        folders: data, results and cache.
        device: where the estimates are computed.
        progress: shows which cell is estimated.
        size: rows and columns of a window; a smaller scene is shown whole.
        scenes: which test scenes. A scene that a cell was not tested on is skipped. If empty, as
            many of each table's as leave room for readable windows, spread over the split.
        room: bytes that the previews may take in the page; None for no limit.

    Yields:
        One item per cell and scene, the cells in the order of their addresses. An error becomes
        the reason in its item.

    Raises:
        RequestError: the cache cannot be written to.
    """
    kept = KeptPreviews(folders.cache)
    splits: dict[Any, Split] = {}
    firsts = _first_seeds(cells)
    most = _scenes_within(firsts, room)
    for cell in firsts:
        tested = _tested(cell)
        wanted = [name for name in tested if name in scenes] if scenes else _spread(tested, most)
        # Trainings of one cell on two machines have one key, and different weights.
        key = key_of([cell.facts["key"], cell.facts["sums"].get(WEIGHTS)])
        found = {name: kept.read(key, name, size) for name in wanted}
        absent = [name for name, preview in found.items() if preview is None]
        reason = f"{cell.address}: {NO_WEIGHTS}" if absent and _lost_weights(cell) else ""
        if absent and not reason:
            progress.line(f"previews of {cell.address}: {listed(absent)}")
            try:
                plan = replan(cell, folders, progress, splits)
                shapes = dict(zip(plan.split.test.names, plan.split.test.shapes, strict=True))
                for one in predict(plan, folders.results, device, absent):
                    within = _at_every_scale(plan.protocol, shapes[one.scene])
                    preview = preview_of(one, cell.address.scale, size, within)
                    found[one.scene] = preview
                    kept.write(key, one.scene, size, preview)
            except RequestError as error:
                reason = str(error)
            except Exception as error:  # noqa: BLE001 - a plugin raises anything
                reason = f"its estimate could not be computed again ({reason_of(error)})"
        for name, stored in found.items():
            yield CellPreview(cell.address, name, stored, "" if stored else reason)
    kept.prune()


def _first_seeds(cells: Sequence[Cell]) -> list[Cell]:
    """Return the finished cells of the first seeds, in the order of their addresses."""
    done = sorted((one for one in cells if one.status == "done"), key=lambda one: one.address)
    return [next(group) for _, group in groupby(done, lambda one: replace(one.address, seed=0))]


def _dataset(cell: Cell) -> Mapping[str, Any]:
    """Return what a cell records of its data; nothing where another program has written it."""
    configuration = cell.facts.get("configuration")
    facts = configuration.get("dataset") if isinstance(configuration, Mapping) else None
    return facts if isinstance(facts, Mapping) else {}


def _tested(cell: Cell) -> list[str]:
    names = _dataset(cell).get("test")
    return [str(name) for name in names] if isinstance(names, list) else []


def _lost_weights(cell: Cell) -> bool:
    """Return whether weights were stored and are not there, without planning the cell again."""
    return WEIGHTS in cell.facts["sums"] and not (cell.folder / WEIGHTS).exists()


def _scenes_within(cells: Sequence[Cell], room: int | None) -> int | None:
    """Return how many scenes of each table leave room for readable windows; None for all."""
    if room is None:
        return None
    shown = [one for one in cells if not _lost_weights(one)]
    known = (_dataset(one).get("bands") for one in shown)
    bands = sum(max(one, 1) if isinstance(one, int) else 1 for one in known)
    return max(1, int(room / (_BYTES * _READABLE**2 * max(bands, 1))))


def _spread(names: Sequence[str], most: int | None) -> list[str]:
    """Choose some of the names, spread evenly over the list; all where they fit."""
    if most is None or len(names) <= most:
        return list(names)
    return [names[index * len(names) // most] for index in range(most)]


OVERVIEW = 160  # pixels of the longer side, at most


def _at_every_scale(protocol: Protocol, shape: Sequence[int]) -> tuple[int, int]:
    """Return the first rows and columns of a scene that are left of it at every scale.

    Args:
        protocol: may cut a scene to a multiple of the scale.
        shape: rows and columns of the whole scene.
    """
    scales = {*range(2, LARGEST_SCALE + 1), *protocol.scales} if protocol.crops else {1}
    rows, columns = (
        min((side - side % scale for scale in scales if scale <= side), default=side)
        for side in shape[:2]
    )
    return rows, columns


def preview_of(view: View, scale: int, size: int, within: tuple[int, int] | None = None) -> Preview:
    """Crop a scene to the window with most detail.

    Args:
        view: the whole scene, with one estimate.
        scale: the factor of the low-resolution image.
        size: rows and columns of the window.
        within: the first rows and columns, among which the window is chosen, so that it is the same
            at every scale; None for all.
    """
    truth, (estimate,) = view.truth, view.estimates.values()
    chosen = truth if within is None else truth[:, : within[0], : within[1]]
    top, left = corner_of_detail(chosen, size)
    rows, columns = (min(size, length) for length in truth.shape[1:])
    window = (slice(None), slice(top, top + rows), slice(left, left + columns))
    # Under every protocol, low-resolution pixel i stands for the pixels s i to s i + s - 1.
    small = (
        slice(None),
        slice(top // scale, (top + rows - 1) // scale + 1),
        slice(left // scale, (left + columns - 1) // scale + 1),
    )
    difference = estimate.astype(np.float64) - truth
    colours = list(view.axis.false_colour())
    return Preview(
        wavelengths=np.asarray(view.wavelengths),
        shape=np.array(truth.shape[1:]),
        corner=np.array((top, left)),
        truth=_eight_bit(truth[window]),
        low=_eight_bit(view.low[small]),
        estimate=_eight_bit(estimate[window]),
        error=np.square(difference).mean(axis=(1, 2)),
        overview=_downsampled(truth[colours]),
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
    high, wide = min(block, rows), min(block, columns)  # of a block in a narrow scene
    rows, columns = rows // high, columns // wide
    cut = cube[:, : rows * high, : columns * wide]
    blocks = cut.reshape(bands, rows, high, columns, wide)
    return _eight_bit(blocks.mean(axis=(2, 4), dtype=np.float32))
