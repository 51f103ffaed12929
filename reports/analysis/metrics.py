"""The metrics that tables show."""

import math
from dataclasses import dataclass

from reports.formatting import signed


@dataclass(frozen=True)
class Metric:
    """How a metric is written: its title, its digits, and which way is better."""

    name: str
    title: str
    digits: int
    higher: bool = False

    @property
    def heading(self) -> str:
        """Return the title with an arrow towards the better side."""
        return f"{self.title} {'↑' if self.higher else '↓'}"

    def difference(self, measured: float, published: float) -> tuple[str, bool | None]:
        """Compare a measured value with a published one.

        Returns:
            Measured minus published as text, empty where nothing finite was measured; and whether
            it is on the better side, None where it is zero or unknown.
        """
        if not math.isfinite(measured):
            return "", None
        # The difference of the numbers as printed: a reader who checks it gets the same.
        value = round(round(measured, self.digits) - published, self.digits)
        return signed(value, self.digits), (value > 0) == self.higher if value else None


MAIN = (Metric("psnr", "PSNR", 2, higher=True), Metric("sam", "SAM", 2))


OTHER = (
    Metric("sam_float", "SAM (float)", 2),
    Metric("ssim", "SSIM", 4, higher=True),
    Metric("ergas", "ERGAS", 2),
    Metric("rmse", "RMSE", 2),
)
