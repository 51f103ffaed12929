"""What `run_all.py speed` prints: the figures beside the baseline's, and the roofline."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tabulate import tabulate

from benchmark.tools.speed.roofline import Roofline


@dataclass(frozen=True)
class Row:
    """One measured figure.

    Attributes:
        what: "train", "infer", "degrade", "score", "prepare", "open" or "read".
        of: the method, the scales or the data set.
        value: median over the turns.
        unit: of `value` and `baseline`.
        baseline: the baseline's figure; None where there is no baseline.
        ratio: how many times faster than the baseline, median of the turns' ratios.
        share: of the roofline's matrix product, from 0 to 1; None for what is no network.
        memory: peak in bytes; None where it was not measured.
        flops: floating-point operations of one sample (forward and backward) or image.
    """

    what: str
    of: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    share: float | None = None
    memory: int | None = None
    flops: float | None = None


@dataclass(frozen=True)
class Report:
    """All that was measured on one device: figures, and what they depend on."""

    environment: dict[str, Any]
    roofline: Roofline
    conditions: Sequence[str]
    rows: Sequence[Row]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON-serialisable values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the lines to print."""
        known, peak = self.environment, self.roofline
        table = [
            (
                row.what,
                row.of,
                "" if row.ratio is None else f"{row.ratio:.1f}x",
                "" if row.share is None else f"{100 * row.share:.0f} %",
                _figure(row.value, row.unit),
                "" if row.baseline is None else _figure(row.baseline, row.unit),
                "" if row.memory is None else f"{row.memory / 2**20:,.0f} MiB",
            )
            for row in self.rows
        ]
        titles = ("", "of", "faster", "of peak", "measured", "baseline", "memory")
        sides = ("left", "left", *["right"] * 5)
        shown = tabulate(table, titles, tablefmt="github", disable_numparse=True, colalign=sides)
        rates = f"{peak.product:,.0f} GFLOP/s in {known['precision']}, {peak.product_float32:,.0f}"
        return [
            f"{known['device']}, {known['processor']}, torch {known['torch']}",
            f"Roofline: {rates} in float32, copy {peak.copy:.1f} GB/s",
            "",
            *shown.splitlines(),
            "",
            *self.conditions,
        ]


def _figure(value: float, unit: str) -> str:
    if unit == "dB":
        return f"{value:.2f} dB"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
