"""The metrics that tables show."""

import math
from collections.abc import Container
from dataclasses import dataclass

from reports.formatting import signed


@dataclass(frozen=True)
class Metric:
    """How a metric is written: title, digits, whether higher is better, unit, and meaning."""

    name: str
    title: str
    digits: int
    higher: bool = False
    unit: str = ""
    meaning: str = ""

    @property
    def heading(self) -> str:
        """Return the title with an arrow in the better direction."""
        return f"{self.title} {'↑' if self.higher else '↓'}"

    def difference(self, measured: float, published: float) -> tuple[str, bool | None]:
        """Compare a measured value with a published one.

        Returns:
            Measured minus published as text, empty where nothing finite was measured; and whether
            it is on the better side, None where it is zero or unknown.
        """
        if not math.isfinite(measured):
            return "", None
        # The difference of the printed numbers, which a reader can verify.
        value = round(round(measured, self.digits) - published, self.digits)
        return signed(value, self.digits), (value > 0) == self.higher if value else None


MAIN = (
    Metric(
        "psnr", "PSNR", 2, higher=True, unit="dB",
        meaning="peak signal-to-noise ratio over the whole cube; higher is better",
    ),
    Metric(
        "sam", "SAM", 2, unit="degrees",
        meaning="spectral angle between estimate and truth, mean over pixels; lower is better",
    ),
)  # fmt: skip
OTHER = (
    Metric(
        "sam_float", "SAM (float)", 2, unit="degrees",
        meaning="the same angle of images that were not rounded; lower is better",
    ),
    Metric(
        "ssim", "SSIM", 4, higher=True,
        meaning="structural similarity, mean over bands; higher is better",
    ),
    Metric(
        "ergas", "ERGAS", 2,
        meaning="relative global error, as in pansharpening; lower is better",
    ),
    Metric(
        "rmse", "RMSE", 2, unit="grey levels",
        meaning="root mean squared error in 8-bit grey levels; lower is better",
    ),
)  # fmt: skip


def metrics_in(names: Container[str]) -> list[Metric]:
    """Return the known metrics among these names, in the order of the tables."""
    return [metric for metric in (*MAIN, *OTHER) if metric.name in names]
