"""Checks of one scene as a data set delivers it."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from numbers import Real
from typing import cast

import numpy as np

from benchmark.data.checks.refusal import refuse
from benchmark.data.formats.stored import by
from benchmark.dataset import Scene, Source
from benchmark.errors import counted

_SHORTEST, _LONGEST = 100.0, 30_000.0  # nm, ultraviolet to thermal infrared
_MICROMETRES = (0.1, 30.0)  # the same range
_ROWS = 8
LEVELS = 255  # a scene below the first of these grey levels is all zero or one in 8 bit


def check_source(source: object, label: str) -> None:
    """Check what a data set's `open` returned.

    Raises:
        RequestError: it is not a source, or has no stamp.
    """
    problems = []
    if not isinstance(source, Source):
        problems.append(f"expected a Source from `open`, found {type(source).__name__}")
    elif not isinstance(stamp := getattr(source, "stamp", None), str):
        problems.append(f"expected text as the source's `stamp`, found {type(stamp).__name__}")
    refuse(label, problems, "correct the data set")


def checked(
    delivered: object,
    name: str,
    label: str,
    remedy: str = "correct what the data set's `read` returns",
) -> Scene:
    """Check a scene as a data set delivered it.

    Args:
        delivered: what `Source.read` returned.
        name: the scene that was asked for.
        label: the data set's canonical reference, for the message.
        remedy: what to do about a scene that is not as it should be.

    Returns:
        The same scene in plain types: a contiguous cube in the machine's byte order, wavelengths
        and peak as float.

    Raises:
        RequestError: it is not a scene as `benchmark.dataset.Scene` describes it.
    """
    where = f"{label}: scene {name}"
    refuse(where, _type_problems(delivered, name), remedy)
    scene = cast(Scene, delivered)
    wavelengths = _numbers(scene.wavelengths)
    problems = [*_wavelength_problems(wavelengths, scene.cube.shape), *_value_problems(scene)]
    refuse(where, problems, remedy)
    return replace(
        scene,
        cube=np.ascontiguousarray(scene.cube, scene.cube.dtype.newbyteorder("=")),
        wavelengths=wavelengths,
        peak=float(scene.peak),
    )


def _type_problems(scene: object, name: str) -> Iterator[str]:
    if not isinstance(scene, Scene):
        yield f"expected a Scene, found {type(scene).__name__}"
        return
    yield from _peak_problems(scene.peak)
    try:
        _numbers(scene.wavelengths)
    except (TypeError, ValueError):
        yield f"expected wavelengths as numbers, found {scene.wavelengths!r:.80}"
    yield from _cube_problems(scene.cube)
    if scene.name != name:
        yield f"expected a scene of that name, found {scene.name!r}"
    if not isinstance(scene.remark, str):
        yield f"expected text as `remark`, found {type(scene.remark).__name__}"


def _cube_problems(cube: object) -> Iterator[str]:
    if not isinstance(cube, np.ndarray) or isinstance(cube, np.ma.MaskedArray):
        yield f"expected `cube` as a plain numpy array, found {type(cube).__name__}"
        return
    # Longer types have no counterpart in the stored file.
    if cube.dtype.kind not in "uif" or cube.dtype.itemsize > 8:
        yield f"expected real numbers such as uint8, uint16 or float32, found {cube.dtype}"
    if cube.ndim != 3:
        yield f"expected a cube of rows x columns x bands, found {by(cube.shape)}"
    elif min(cube.shape) < 1 or cube.shape[2] < 2:
        found = f"{by(cube.shape)} (rows x columns x bands)"
        yield f"expected pixels in 2 bands or more, found {found}"


def _peak_problems(peak: object) -> Iterator[str]:
    real = isinstance(peak, Real | np.number) and not isinstance(peak, bool | np.complexfloating)
    with np.errstate(over="ignore"):
        # In float32, as values are divided by it.
        value = np.float32(peak) if real else np.float32(0)  # type: ignore[arg-type]
    if not (np.isfinite(value) and value > 0):
        yield f"expected a finite positive number as `peak`, found {peak!r}"


def _numbers(wavelengths: Iterable[float] | None) -> tuple[float, ...]:
    return () if wavelengths is None else tuple(float(nm) for nm in wavelengths)


def _wavelength_problems(wavelengths: Sequence[float], shape: tuple[int, ...]) -> Iterator[str]:
    values, bands = np.array(wavelengths), shape[2]
    if len(values) == 0:  # unknown
        return
    if len(values) != bands:
        axes = [axis for axis in (0, 1) if shape[axis] == len(values)]
        guess = f"; are the bands on axis {axes[0]}?" if axes else ""
        yield (
            "expected as many wavelengths as bands, found "
            f"{counted(len(values), 'wavelength')} and {counted(bands, 'band')} in a cube of "
            f"{by(shape)} (rows x columns x bands){guess}"
        )
    elif not np.isfinite(values).all():
        yield f"expected finite wavelengths, found {values[~np.isfinite(values)][0]}"
    elif values.min() < _SHORTEST or values.max() > _LONGEST:
        least, most = _MICROMETRES
        unit = " (micrometres?)" if least <= values.min() and values.max() <= most else ""
        yield (
            f"expected wavelengths in nm, from {_SHORTEST:g} to {_LONGEST:g}, found "
            f"{values.min():g} to {values.max():g}{unit}"
        )
    elif (steps := np.diff(values)).min() <= 0:
        band = int(np.argmax(steps <= 0))
        yield (
            "expected bands in ascending order of wavelength, found "
            f"{values[band]:g} nm before {values[band + 1]:g} nm (bands {band + 1} and {band + 2})"
        )


def _value_problems(scene: Scene) -> Iterator[str]:
    cube, peak = scene.cube, scene.peak
    lowest, highest = cube.min(), cube.max()  # NaN if any value is
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        yield f"expected finite values, found {_share(~np.isfinite(cube))} not finite"
        return
    if lowest < 0:
        yield f"expected no negative values, found {_share(cube < 0)} negative, down to {lowest:g}"
    # In float32, as methods see them: a peak of the largest value itself is not exceeded.
    if np.float32(highest) / np.float32(peak) > 1:
        above = cube.astype(np.float32) / np.float32(peak) > 1
        found = f"{_share(above)} above, up to {highest:.9g}"
        yield f"expected values up to the peak {peak:.9g}, found {found}"
    if 0 < highest < peak / LEVELS:
        yield f"expected values up to the peak {peak:g}, found none above {highest:g}"
    if lowest == highest:
        yield f"expected an image, found {highest:g} in every pixel and band"
    elif (cube[:1, :1] == cube[0]).all() and (cube[:1, :1] == cube).all():  # the first row first
        yield "expected an image, found the same spectrum in every pixel"


def _share(chosen: np.ndarray) -> str:
    return f"{int(chosen.sum()):,} of {chosen.size:,} values"


def truth_digest(scene: Scene) -> str:
    """Compute the SHA-256 of the values that methods see, `cube / peak` in float32.

    It is the same for two scenes with the same image, however their values are stored.
    """
    hasher, peak = hashlib.sha256(), np.float32(scene.peak)
    for start in range(0, len(scene.cube), _ROWS):  # in parts that fit into a processor's cache
        values = scene.cube[start : start + _ROWS].astype(np.float32) / peak
        hasher.update(np.ascontiguousarray(values).data)
    return hasher.hexdigest()
