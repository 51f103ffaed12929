"""What `run_all.py speed` gives: rows of a figure, the plain loop's beside it, and the limits."""

from dataclasses import asdict, dataclass
from typing import Any

from tabulate import tabulate

from benchmark.tools.speed.roofline import Limits


@dataclass(frozen=True)
class Row:
    """One thing measured.

    Attributes:
        what: "train", "infer", "degrade", "score", "prepare", "open" or "read".
        of: the method, the scale or the data set.
        value: median over the repetitions.
        unit: of the value and the plain one.
        plain: the same the plain way; None where there is no plain way.
        ratio: how many times faster than the plain way, the median over repetitions.
        share: of the device's measured limit, from 0 to 1; None where it is no matter of products.
        memory: bytes held at the peak; None where nobody can tell.
        flops: floating-point operations of one sample or image, forward and, in training,
            backward; None where they do not matter.
    """

    what: str
    of: str
    value: float
    unit: str
    plain: float | None = None
    ratio: float | None = None
    share: float | None = None
    memory: int | None = None
    flops: float | None = None


@dataclass(frozen=True)
class Speed:
    """All that was measured on one device.

    Attributes:
        environment: versions and machine, as in a cell.
        limits: the device's.
        conditions: what was measured how, in words.
        rows: the figures.
    """

    environment: dict[str, Any]
    limits: Limits
    conditions: tuple[str, ...]
    rows: tuple[Row, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give all of it as JSON-serialisable values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Write it for people, ratios first."""
        limits = self.limits
        table = tabulate(
            [
                (
                    row.what,
                    row.of,
                    "" if row.ratio is None else f"{row.ratio:.1f}x",
                    "" if row.share is None else f"{100 * row.share:.0f} %",
                    _figure(row.value, row.unit),
                    "" if row.plain is None else _figure(row.plain, row.unit),
                    "" if row.memory is None else f"{row.memory / 2**20:,.0f} MiB",
                )
                for row in self.rows
            ],
            ("", "of", "faster", "of limit", "measured", "plain", "memory"),
            tablefmt="github",
            disable_numparse=True,
            colalign=("left", "left", *["right"] * 5),
        )
        machine = (
            f"{self.environment['device']}, {self.environment['processor']}, "
            f"torch {self.environment['torch']}"
        )
        product = (
            f"Limits: {limits.product:,.0f} GFLOP/s in {self.environment['precision']}, "
            f"{limits.product_float32:,.0f} in float32, copy {limits.copy:.1f} GB/s"
        )
        return [
            machine,
            product,
            "",
            *table.splitlines(),
            "",
            *self.conditions,
        ]


def _figure(value: float, unit: str) -> str:
    if unit == "dB":
        return f"{value:.2f} dB"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
