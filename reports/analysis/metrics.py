"""The metrics that tables show."""

from dataclasses import dataclass


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


MAIN = (Metric("psnr", "PSNR", 2, higher=True), Metric("sam", "SAM", 2))


OTHER = (
    Metric("sam_float", "SAM (float)", 2),
    Metric("ssim", "SSIM", 4, higher=True),
    Metric("ergas", "ERGAS", 2),
    Metric("rmse", "RMSE", 2),
)
