"""What the readers of files have in common: an array as stored, and errors about it."""

import logging
import math
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from benchmark.errors import listed

AXES = 3
NUMBERS = frozenset(
    {
        *("float16", "float32", "float64", "int8", "int16", "int32", "int64"),
        *("uint8", "uint16", "uint32", "uint64"),
    }
)


class ContentError(Exception):
    """The file is damaged, unsafe, or has other content than expected; the message says which."""


class VariableError(ContentError):
    """The file can be read, and has other variables than expected, or of another type or shape."""


@dataclass(frozen=True)
class StoredArray:
    """An array in the order of its file.

    Attributes:
        values: of any number of axes.
        axis: the axis of the bands, or where such files have it by convention.
        certain: True if the file itself says which axis that is.
        wavelengths: as the file has them, in nm or micrometres; empty if it has none.
        unit: of the wavelengths, if the file says.
        kind: name of the type that the file declares, such as "float64".
        variable: name of the array in a file with several, in HDF5 with its groups.
        order: axis of the bands in the file, where that of `values` is another one.
    """

    values: np.ndarray
    axis: int = 2
    certain: bool = False
    wavelengths: tuple[float, ...] = ()
    unit: str = ""
    kind: str = ""
    variable: str = ""
    order: int | None = None


def unread(shape: Iterable[int], kind: np.dtype | str) -> np.ndarray:
    """Return an array that stands for values that are not read: zeros without memory."""
    return np.broadcast_to(np.zeros((), kind), tuple(shape))


@contextmanager
def quiet(library: str) -> Iterator[None]:
    """Silence a library's log and warnings: what is wrong with a file is reported as one line."""
    logger = logging.getLogger(library)
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logger.disabled = before


def narrowed(values: np.ndarray) -> np.ndarray:
    """Return values in the machine's byte order, floating-point ones as float32.

    Values beyond the range of float32 become infinite.
    """
    kind = np.dtype(np.float32) if values.dtype.kind == "f" else values.dtype.newbyteorder("=")
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(values, kind)


def by(shape: Iterable[object]) -> str:
    """Format a shape: `145 x 145 x 200`."""
    return " x ".join(map(str, shape)) or "a single number"


def is_vector(shape: Sequence[int]) -> bool:
    """Return True for a shape of several values along one axis, as (1, n) in MATLAB's files."""
    return 1 < max(shape, default=0) == math.prod(shape)


def choose_variable(
    variables: Mapping[str, tuple[tuple[int, ...], str]],
    name: str,
    numbers: Collection[str] = NUMBERS,
) -> str:
    """Return the name of the image among the variables of a file.

    Args:
        variables: shape and type of every variable.
        name: the image's name; empty for the only one that has three axes.
        numbers: the types that an image may have.

    Raises:
        VariableError: there is no such variable, or several have three axes.
    """
    images = {
        one: facts
        for one, facts in variables.items()
        if facts[1] in numbers and len(facts[0]) == AXES
    }
    if name:
        wanted, found = f"a variable '{name}'", [name] if name in variables else []
    else:
        wanted, found = "one variable with three axes", list(images)
        if not images and any(len(shape) == AXES for shape, _ in variables.values()):
            wanted += f" and numbers ({listed(sorted(numbers), len(numbers))})"
    if len(found) != 1:
        shown = images if len(found) > 1 else variables
        texts = (
            f"'{one}' ({f'{by(shape)} {kind}' if shape else kind})"
            for one, (shape, kind) in shown.items()
        )
        remedy = f"; name one of them: variable={found[0]}" if found else ""
        raise VariableError(f"expected {wanted}, found {listed(texts) or 'none'}{remedy}")
    return found[0]
