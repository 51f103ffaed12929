"""From a cell's scores to the numbers of a table, and how those are written."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

TIMES, MINUS, DASH = "\N{MULTIPLICATION SIGN}", "\N{MINUS SIGN}", "\N{EN DASH}"
MISSING = DASH
FAILED = "failed"
_RAISED = str.maketrans("0123456789,", "⁰¹²³⁴⁵⁶⁷⁸⁹˒")


@dataclass(frozen=True)
class Metric:
    """How a metric is written: its title, its digits, and which way is better."""

    name: str
    title: str
    digits: int
    higher: bool = False

    @property
    def heading(self) -> str:
        """Give the title with an arrow towards the better side."""
        return f"{self.title} {'↑' if self.higher else '↓'}"


MAIN = (Metric("psnr", "PSNR", 2, higher=True), Metric("sam", "SAM", 2))
OTHER = (
    Metric("sam_float", "SAM (float)", 2),
    Metric("ssim", "SSIM", 4, higher=True),
    Metric("ergas", "ERGAS", 2),
    Metric("rmse", "RMSE", 2),
)


@dataclass(frozen=True)
class Summary:
    """One metric of one cell over its test scenes; `std` is None where there is one scene.

    Attributes:
        mean: over the scenes that have a value; NaN where none has.
        std: the sample's standard deviation (ddof = 1).
        n: how many scenes have a value.
        scenes: how many were scored.
    """

    mean: float
    std: float | None
    n: int
    scenes: int


def by_scene(scores: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Give every metric's values by scene, without the scenes that have none.

    Args:
        scores: one row a test scene, as a cell stores them.

    Raises:
        KeyError: the scenes are not named.
    """
    scenes = scores["scene"].astype(str)
    values = {}
    for metric in scores.columns.drop("scene"):
        known = pd.to_numeric(scores[metric], errors="coerce")
        values[str(metric)] = {
            scene: float(value)
            for scene, value in zip(scenes, known, strict=True)
            if not math.isnan(value)
        }
    return values


def summarise(values: Iterable[float], scenes: int) -> Summary:
    """Average one metric of one cell over its test scenes.

    Args:
        values: one a scene that has one.
        scenes: how many were scored.
    """
    known = list(values)
    # A perfect scene's PSNR is infinite: the mean is too, and there is no deviation.
    spread = len(known) > 1 and all(map(math.isfinite, known))
    return Summary(
        mean=mean(known),
        std=statistics.stdev(known) if spread else None,
        n=len(known),
        scenes=scenes,
    )


def over_seeds(values: Sequence[float], digits: int) -> str:
    """Write the mean over seeds, with ± the standard deviation where there are several.

    Args:
        values: one mean over the test scenes per seed.
        digits: behind the point.
    """
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return MISSING
    text = number(mean(known), digits)
    if len(known) > 1 and all(map(math.isfinite, known)):
        text += f" ± {statistics.stdev(known):.{digits}f}"
    return text


def mean(values: Iterable[float]) -> float:
    """Average; NaN for nothing, and infinite where one value is."""
    known = list(values)
    return sum(known) / len(known) if known else math.nan


def number(value: float, digits: int) -> str:
    """Write a number with a typographic minus, and infinity as its sign."""
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = f"{value:.{digits}f}"
    return text.replace("-", MINUS) if float(text) else text.lstrip("-")


def signed(value: float, digits: int) -> str:
    """Write a difference; its sign is always shown, except that of zero."""
    text = number(value, digits)
    return text if text.startswith(MINUS) or text == f"{0:.{digits}f}" else f"+{text}"


def ranks(values: Sequence[float], metric: Metric) -> list[int]:
    """Rank a column: 1 for the best, 2 for the second-best, 0 for the rest.

    What prints alike ranks alike, so that no reader sees two equal numbers of which one is bold.

    Args:
        values: one a row; NaN where there is none. One value alone is not ranked.
        metric: says which way is better and how many digits are printed.
    """
    printed = [round(value, metric.digits) for value in values]
    known = [value for value in printed if not math.isnan(value)]
    if len(known) < 2:
        return [0] * len(values)
    best = sorted(set(known), reverse=metric.higher)[:2]
    return [best.index(value) + 1 if value in best else 0 for value in printed]


def raised(notes: Sequence[int]) -> str:
    """Write the numbers of notes as raised digits."""
    return ",".join(map(str, notes)).translate(_RAISED)


def duration(seconds: float) -> str:
    """Write a time in the unit that people would use."""
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            value = seconds / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{seconds / 86_400:.1f} d"


def significant(value: float) -> str:
    """Write a small positive number with about three significant digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.{2 if value >= 1 else 3}f}"


def fact(facts: Mapping[str, Any], *path: str, default: Any = None) -> Any:
    """Follow keys into a cell's facts; the default where one is not there or is null."""
    found: Any = facts
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return default if found is None else found


def several(value: Any) -> list[Any]:
    """Give a stored list; what is none, as another program may have written, is one of its own."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
