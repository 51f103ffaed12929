"""Definition of a protocol: degradation and scoring under one name.

A changed protocol gets a new name. Its split is the data set's paper split.
"""

from dataclasses import asdict, dataclass
from typing import Any

from benchmark.errors import RequestError


@dataclass(frozen=True)
class Protocol:
    """Degradation of the ground truth, and scoring of estimates.

    Attributes:
        name: as on the command line and above every table.
        summary: one line to print above every table.
        eight_bit: True rounds every stored image (ground truth and low-resolution image) to
            8 bit; scoring always compares 8-bit images.
        sigma: standard deviation of the Gaussian blur, in pixels of the ground truth.
        truncate: radius of its kernel, in standard deviations.
        scales: scale factors of the published numbers; the default of a run.
        largest_scale: the largest scale that is accepted.
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
        """Variance of the rounding error of the low-resolution image, for values in [0, 1]."""
        return 1 / 12 / 255**2 if self.eight_bit else 0.0

    def facts(self) -> dict[str, Any]:
        """Return all fields, for the configuration of a cell."""
        return asdict(self)

    def numeric_facts(self) -> dict[str, Any]:
        """Return the fields that numbers depend on, for the key of a cell: no texts, no limits."""
        return {name: getattr(self, name) for name in ("eight_bit", "sigma", "truncate")}


def check_scale(protocol: Protocol, scale: int) -> None:
    """Check that a protocol defines a scale.

    Raises:
        RequestError: the scale is below 2 or above the protocol's largest.
    """
    if not 2 <= scale <= protocol.largest_scale:
        known = ", ".join(str(s) for s in protocol.scales)
        raise RequestError(f"scale {scale} is not in protocol {protocol.name}; it has {known}")
