"""The report of `run_all.py speed`: figures of engine and baseline, and the roofline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

from benchmark.tools.speed.resources import Roofline


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
        share: of the roofline's matrix product, from 0 to 1; None where no network runs.
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

    def cells(self) -> tuple[str, ...]:
        """Return the row as it is printed, ratios first."""
        return (
            self.what,
            self.of,
            "" if self.ratio is None else f"{self.ratio:.1f}x",
            "" if self.share is None else f"{100 * self.share:.0f} %",
            self._figure(self.value),
            "" if self.baseline is None else self._figure(self.baseline),
            "" if self.memory is None else f"{self.memory / 2**20:,.0f} MiB",
        )

    def _figure(self, value: float) -> str:
        if self.unit == "dB":
            return f"{value:.2f} dB"
        return f"{value:,.0f} {self.unit}" if value >= 100 else f"{value:.3g} {self.unit}"


@dataclass(frozen=True)
class Report:
    """The figures measured on one device, with their conditions.

    Attributes:
        environment: of the machine.
        roofline: its peak rates.
        conditions: what was measured, in lines.
        rows: the figures.
        algorithms: by which the layers of each network were computed, in lines.
    """

    environment: dict[str, Any]
    roofline: Roofline
    conditions: Sequence[str]
    rows: Sequence[Row]
    algorithms: Sequence[str] = ()

    def lines(self) -> list[str]:
        """Return the lines to print."""
        known, peak = self.environment, self.roofline
        rates = f"{peak.product:,.0f} GFLOP/s in {known['precision']}, {peak.product_float32:,.0f}"
        titles = ("", "of", "faster", "of peak", "measured", "baseline", "memory")
        cells, align = [row.cells() for row in self.rows], ("left", "left", *["right"] * 5)
        table = tabulate(cells, titles, "github", disable_numparse=True, colalign=align)
        return [
            f"{known['device']}, {known['processor']}, torch {known['torch']}",
            f"Roofline: {rates} in float32, copy {peak.copy:.1f} GB/s",
            "",
            *table.splitlines(),
            "",
            *self.algorithms,
            *([""] if self.algorithms else []),
            *self.conditions,
        ]
