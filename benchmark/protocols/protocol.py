"""Protocols: degradation and scoring under one name.

Nothing about a protocol can be changed without changing its name; the split belongs to it and is
the data set's paper split. The figures were pinned by measurement against the Bicubic row of
Wang et al. (ICIG 2017), Table 1; see the README.
"""

from dataclasses import asdict, dataclass
from typing import Any

from benchmark.errors import RequestError


@dataclass(frozen=True)
class Protocol:
    """How the low-resolution image is made and how an estimate is scored.

    Attributes:
        name: the name that stands above every table.
        summary: one line for the same place.
        eight_bit: True rounds every stored image (ground truth and low-resolution image) to
            8 bit; scoring always compares 8-bit images.
        sigma: standard deviation of the Gaussian blur, in pixels of the ground truth.
        truncate: where its kernel is cut, in standard deviations.
        scales: the factors at which published numbers exist; the default of a run.
        largest_scale: a larger factor is refused.
    """

    name: str
    summary: str
    eight_bit: bool
    sigma: float = 3.0
    truncate: float = 4.0
    scales: tuple[int, ...] = (2, 3, 4)
    largest_scale: int = 4

    @property
    def noise(self) -> float:
        """Variance that storing the low-resolution image adds, for values in [0, 1]."""
        return 1 / 12 / 255**2 if self.eight_bit else 0.0

    def facts(self) -> dict[str, Any]:
        """Give all of it for a cell's configuration and key."""
        return asdict(self)


def check_scale(protocol: Protocol, scale: int) -> None:
    """Refuse a scale that the protocol does not define.

    Raises:
        RequestError: the scale is below 2 or above the protocol's largest.
    """
    if not 2 <= scale <= protocol.largest_scale:
        known = ", ".join(str(s) for s in protocol.scales)
        raise RequestError(f"scale {scale} is not in protocol {protocol.name}; it has {known}")
