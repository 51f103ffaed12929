"""What both readers of MATLAB files give: an array that is described before it is read."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MOST_PIXELS = 1 << 22  # Harvard has 1040 x 1392; a header may claim anything


class ContentError(Exception):
    """The file is damaged, unsafe or holds something else; the message says what."""


@dataclass(frozen=True)
class Array:
    """One variable of a file.

    Attributes:
        shape: as MATLAB has it: rows, columns and so on.
        kind: the type's name as numpy calls it; another word where it is no plain number.
        top_left: reads that many rows and columns at most, of all bands: float32, contiguous;
            what does not fit into that is infinite. Only for (rows, columns, bands) of numbers.
    """

    shape: tuple[int, ...]
    kind: str
    top_left: Callable[[int], np.ndarray]


def unread(_: int) -> np.ndarray:
    """Stand in for the values of what holds none that could be read.

    Raises:
        ContentError: always.
    """
    raise ContentError("it holds no numbers")
