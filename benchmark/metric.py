"""Interface of metric plugins: everything that the author of a metric imports.

All metrics of a scene are computed in one pass over its bands, in float64. A metric is computed
from each band (`of_band`) and the bands' values (`of_scene`), or accumulates over the bands
(`start`).
"""

from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol, TypeVar, dataclass_transform

import torch
from torch import Tensor

from benchmark.errors import RequestError, reason_of
from benchmark.plugins.fingerprint import source_of
from benchmark.plugins.parameters import parameter
from benchmark.plugins.registry import Registry
from benchmark.plugins.spelling import check_spelling
from benchmark.store.address import key_of
from benchmark.store.cells import COUNTS

__all__ = [
    "METRICS",
    "Accumulator",
    "BandPair",
    "Metric",
    "MetricFacts",
    "ScoredImage",
    "parameter",
    "register",
]

M = TypeVar("M", bound="Metric")

MOST_DIGITS = 10
RESERVED = ("scene", *COUNTS)  # columns of the scores that are no metrics


@dataclass(frozen=True)
class ScoredImage:
    """Facts about a scene that is scored.

    Attributes:
        bands: number of bands.
        rows: number of rows.
        columns: number of columns.
        peak: the largest possible value of the compared images.
        scale: the scale factor.
        device: where the images are.
    """

    bands: int
    rows: int
    columns: int
    peak: float
    scale: int
    device: torch.device


@dataclass(frozen=True)
class BandPair:
    """One band of the estimate and of the truth; metrics must not modify it.

    Attributes:
        estimate: (rows, columns) float64, as the protocol compares it: clipped, and rounded where
            the protocol rounds; from 0 to the peak.
        truth: (rows, columns) float64, likewise.
        unrounded_estimate: (rows, columns) float64 in [0, 1].
        unrounded_truth: (rows, columns) float64 in [0, 1].
    """

    estimate: Tensor
    truth: Tensor
    unrounded_estimate: Tensor
    unrounded_truth: Tensor

    @cached_property
    def squared_error(self) -> Tensor:
        """The mean squared error, a scalar; computed once for all metrics."""
        return (self.estimate - self.truth).square_().mean()


class Accumulator(Protocol):
    """Accumulates one metric over the bands of one scene."""

    def add(self, pair: BandPair) -> None:
        """Add the next band."""

    def value(self) -> float:
        """Return the metric of the scene, never NaN."""

    def counts(self) -> dict[str, float]:
        """Return further columns of the scores, by name; usually none."""


@dataclass(frozen=True)
class MetricFacts:
    """What tables need to know about a metric; stored with every cell.

    Attributes:
        name: the column of the scores, the metric's name with its changed parameters.
        title: in tables.
        unit: empty if it has none.
        digits: after the decimal point, in tables.
        higher: True if higher is better.
        meaning: one phrase.
    """

    name: str
    title: str
    unit: str
    digits: int
    higher: bool
    meaning: str


class Metric(ABC):
    """A metric; its subclasses are frozen dataclasses whose fields are parameters.

    Attributes:
        name: set by the registry.
        title: in tables.
        unit: empty if it has none.
        digits: after the decimal point, in tables.
        higher: True if higher is better.
        meaning: one phrase on what it measures and what it is averaged over.
        version: to be raised with every change of its values that the code of a plugin does not
            show; of a metric of `benchmark.metrics`, with every change of its values.

    Example:
        >>> @register("mae")
        ... class MeanAbsoluteError(Metric):
        ...     "The mean absolute difference."
        ...     title = "MAE"
        ...     digits = 4
        ...     higher = False
        ...     meaning = "mean absolute difference over the whole cube"
        ...     def of_band(self, pair, image):
        ...         return (pair.estimate - pair.truth).abs().mean() / image.peak
        >>> METRICS.make("mae").describe(peak=1).title
        'MAE'
    """

    name: ClassVar[str]
    title: ClassVar[str]
    unit: ClassVar[str] = ""
    digits: ClassVar[int]
    higher: ClassVar[bool]
    meaning: ClassVar[str]
    version: ClassVar[int] = 1

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        """Compute what `of_scene` needs of one band.

        Args:
            pair: the band of both images.
            image: facts about the scene.

        Returns:
            A float64 scalar, or several values as one small tensor.
        """
        raise NotImplementedError

    def of_scene(self, values: Tensor, image: ScoredImage) -> float:
        """Compute the metric from the bands' values; their mean unless overridden.

        Args:
            values: (bands, ...) float64, on the CPU, what `of_band` returned.
            image: facts about the scene.

        Returns:
            The metric, never NaN; a perfect estimate may have infinity.
        """
        return float(values.mean())

    def start(self, image: ScoredImage) -> Accumulator:
        """Return the accumulator of a scene; to be overridden if `of_band` cannot express it."""
        return _Bands(self, image)

    def __call__(
        self, estimate: Tensor, truth: Tensor, *, peak: float = 1.0, scale: int = 2
    ) -> float:
        """Compute the metric of two cubes as they are, without clipping or rounding.

        Args:
            estimate: (bands, rows, columns), in [0, peak].
            truth: (bands, rows, columns), the same unit.
            peak: the largest possible value.
            scale: the scale factor.
        """
        bands, rows, columns = truth.shape
        running = self.start(ScoredImage(bands, rows, columns, peak, scale, truth.device))
        for x, y in zip(estimate, truth, strict=True):
            pair = (x.double(), y.double())
            running.add(BandPair(*pair, *(image / peak for image in pair)))
        return running.value()

    def describe(self, peak: float) -> MetricFacts:
        """Describe the metric for tables.

        Args:
            peak: the largest value of the compared images, on which unit and digits may depend.
        """
        name = METRICS.label(self)
        return MetricFacts(name, self.title, self.unit, self.digits, self.higher, self.meaning)


class _Bands:
    """Collects the values of the bands, and computes the metric from them."""

    def __init__(self, metric: Metric, image: ScoredImage) -> None:
        self._metric, self._image = metric, image
        self._values: list[Tensor] = []

    def add(self, pair: BandPair) -> None:
        self._values.append(self._metric.of_band(pair, self._image))

    def value(self) -> float:
        return self._metric.of_scene(torch.stack(self._values).cpu(), self._image)

    def counts(self) -> dict[str, float]:
        return {}


METRICS: Registry[Metric] = Registry("metric", "benchmark.metrics", "hsisr.metrics")


# A function instead of a bound method, so that type checkers see `dataclass_transform`.
@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(name: str, **facts: str) -> Callable[[type[M]], type[M]]:
    """Register a metric under a name, as a frozen dataclass; used as a decorator.

    Args:
        name: as on the command line.
        facts: `bibtex`: the entries that `cite` prints, where there is a paper.

    Raises:
        RequestError: another file has registered the name, or what the class declares is unusable.
    """

    def decorate(cls: type[M]) -> type[M]:
        _check_declared(name, cls)
        METRICS.register(name, **facts)(cls)
        return cls

    return decorate


def _check_declared(name: str, cls: type[Metric]) -> None:
    """Check the attributes that tables need.

    Raises:
        RequestError: one is missing, or has another type.
    """
    if name in RESERVED:
        raise RequestError(f"metric '{name}': this name is another column of the scores; rename it")
    check_spelling("metric", name, cls, Metric)
    line = "one line of text"
    positive = "a whole number from 1"
    for attribute, expected, fits in (
        ("title", line, lambda v: isinstance(v, str) and v.strip() and v.isprintable()),
        ("unit", line, lambda v: isinstance(v, str) and v.isprintable()),
        ("digits", f"a whole number from 0 to {MOST_DIGITS}", _is_digits),
        ("higher", "True or False", lambda v: isinstance(v, bool)),
        ("meaning", line, lambda v: isinstance(v, str) and v.strip() and v.isprintable()),
        ("version", positive, lambda v: type(v) is int and v > 0),
    ):
        value = getattr(cls, attribute, None)
        if not fits(value):
            raise RequestError(
                f"metric '{name}': expected {expected} as `{attribute}`, found {value!r}"
            )


def _is_digits(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_DIGITS


def metric_facts(metric: Metric, peak: float, *, main: bool) -> dict[str, Any]:
    """Return the facts of a metric as they are stored in `cell.json`.

    Args:
        metric: the metric.
        peak: the largest value of the compared images.
        main: True for a main metric of the protocol.

    Raises:
        RequestError: its `describe` raises an exception.
    """
    try:
        facts = asdict(metric.describe(peak))
    except Exception as error:
        raise RequestError(
            f"metric '{METRICS.label(metric)}' cannot be described: {reason_of(error)}; correct "
            f"{METRICS.entry(metric.name).file}"
        ) from error
    return {**facts, "main": main, "code": code_of(metric)}


def code_of(metric: Metric) -> str:
    """Return what identifies the code of a metric: its version, and a hash of a plugin's source.

    The source is as it is at the first call, which is to be soon after the import; see `source_of`.
    Empty for a metric of a notebook, which has no source file.
    """
    cls = type(metric)
    if cls.__module__ == "__main__":
        return ""
    try:
        source = source_of(cls)
    except RequestError:
        return ""
    return f"version {cls.version}" + (f", source {key_of(source)[:16]}" if source else "")


def is_outdated(metric: Metric, stored: Mapping[str, Any]) -> bool:
    """Return whether facts in a cell are of a metric of this name by other code than it has now."""
    return not same_code(stored, {"code": code_of(metric)})


def same_code(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two facts of a metric are of the same code.

    Facts without code are trusted: cells had none before version 0.7.
    """
    codes = {facts["code"] for facts in (one, other) if facts.get("code")}
    return len(codes) < 2
