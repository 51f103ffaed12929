"""Interface of protocol plugins: everything that the author of a protocol imports.

A protocol says how the low-resolution image comes about, how it is upscaled, what is stored, which
scenes are for what, and which metrics are computed. It declares; the engine computes.
"""

from abc import ABC
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import Field, asdict, dataclass
from typing import Any, ClassVar, TypeVar, dataclass_transform, final

from benchmark.dataset import DataSet
from benchmark.degradation.degradation import Degradation
from benchmark.degradation.operators.gaussian import GaussianDecimation
from benchmark.degradation.operators.operator import Operator
from benchmark.degradation.operators.resize import MATLAB, OPENCV, Resize
from benchmark.errors import RequestError, listed, reason_of
from benchmark.plugins.parameters import parameter
from benchmark.plugins.registry import Registry
from benchmark.plugins.spelling import check_spelling

__all__ = [
    "MATLAB",
    "OPENCV",
    "PROTOCOLS",
    "Division",
    "GaussianDecimation",
    "Operator",
    "Protocol",
    "Resize",
    "Roles",
    "parameter",
    "register",
]

P = TypeVar("P", bound="Protocol")

LARGEST_SCALE = 8


@dataclass(frozen=True)
class Division:
    """How a protocol divides the scenes of one data set; those it does not name are for training.

    Attributes:
        test: the test scenes.
        validation: training scenes that are held out for validation.
        left_out: scenes that are not used.
    """

    test: tuple[str, ...]
    validation: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roles:
    """Names of scenes by what they are used for."""

    train: list[str]
    validation: list[str]
    test: list[str]


class Protocol(ABC):
    """A protocol; its subclasses are frozen dataclasses whose fields are parameters.

    Attributes:
        name: set by the registry.
        summary: one line to print above every table.
        version: to be raised with every change of what is computed; part of the key of each cell.
        scales: scale factors of the published numbers; the default of a run.
        down: the operator that computes an axis of the low-resolution image; a property where it
            depends on parameters.
        up: the operator that upscales an axis of it, likewise.
        crops: True cuts the ground truth to a multiple of the scale.
        stored_levels: the largest grey level of the stored images (ground truth and low-resolution
            image), which are rounded to whole levels; None if they are not rounded.
        scored_levels: the same of the images that metrics compare, and their peak; None if they
            are not rounded, and have peak 1.
        metrics: the metrics that are computed, with their parameters, in the order of the tables.
        main_metrics: those that the first tables and the statistical tests are about.
        splits: by the name of a data set, the published division of its scenes. Other data sets
            keep their own.
        own_splits: names of the data sets whose own division is the published one. Published
            numbers are shown beside results of these and of `splits` alone.
        trained_together: names of the data sets that the paper trained one network on; empty if
            each had its own.

    Example:
        >>> @register("halves", title="Halves", paper="Me, 2026")
        ... class Halves(Protocol):
        ...     "Antialiased bicubic, as MATLAB computes it; scored without rounding."
        ...     summary = "MATLAB's bicubic down and up"
        ...     scales = (2,)
        ...     down = up = MATLAB
        ...     metrics = main_metrics = ("psnr", "sam")
        >>> PROTOCOLS.make("halves").degradation(2).low_size(512)
        256
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    version: ClassVar[int] = 1
    scales: ClassVar[tuple[int, ...]]
    crops: ClassVar[bool] = True
    stored_levels: ClassVar[int | None] = None
    scored_levels: ClassVar[int | None] = None
    metrics: ClassVar[tuple[str, ...]]
    main_metrics: ClassVar[tuple[str, ...]]
    splits: ClassVar[Mapping[str, Division]] = {}
    own_splits: ClassVar[Collection[str]] = ()
    trained_together: ClassVar[Collection[str]] = ()

    @property
    def down(self) -> Operator:
        """The operator that computes an axis of the low-resolution image."""
        raise NotImplementedError

    @property
    def up(self) -> Operator:
        """The operator that upscales an axis of the low-resolution image."""
        raise NotImplementedError

    def refusal(self, scale: int) -> str:
        """Return why a scale is refused; empty if it is accepted.

        Scales beyond the published ones are an extension; by default all from 2 to 8 are accepted.
        """
        if 2 <= scale <= LARGEST_SCALE or (scale > LARGEST_SCALE and scale in self.scales):
            return ""
        return f"expected a scale from 2 to {LARGEST_SCALE}"

    @final
    def check_scale(self, scale: int) -> None:
        """Check that the protocol accepts a scale.

        Raises:
            RequestError: it does not.
        """
        with self._correct():
            why = self.refusal(scale)
        if why:
            known = ", ".join(map(str, self.scales))
            raise RequestError(
                f"scale {scale} is not in protocol {PROTOCOLS.label(self)}: {why}; "
                f"published are {known}"
            )

    @final
    def degradation(self, scale: int) -> Degradation:
        """Return the degradation at one scale.

        Raises:
            RequestError: the scale is refused.
        """
        self.check_scale(scale)
        with self._correct():
            down, up = self.down, self.up
        return Degradation(down, up, scale, stored_levels=self.stored_levels, crops=self.crops)

    @final
    def division(self, dataset: DataSet) -> Division:
        """Return the division of a data set: the protocol's, else the data set's own."""
        own = Division(tuple(dataset.test), tuple(dataset.validation))
        return self.splits.get(dataset.name, own)

    @final
    def roles(self, dataset: DataSet, scenes: Sequence[str]) -> Roles:
        """Divide scenes by what they are used for.

        If none of the validation scenes is available, the last two of three or more training
        scenes are.

        Args:
            dataset: the data set.
            scenes: names of the available scenes.
        """
        division = self.division(dataset)
        used = [name for name in scenes if name not in division.left_out]
        test = [name for name in used if name in division.test]
        rest = [name for name in used if name not in division.test]
        validation = [name for name in rest if name in division.validation]
        if not validation and len(rest) >= 3:
            validation = rest[-2:]
        train = [name for name in rest if name not in validation]
        if not train:
            train, validation = validation, []
        return Roles(train, validation, test)

    @final
    def facts(self) -> dict[str, Any]:
        """Describe the protocol for the configuration of a cell, as JSON-serialisable values."""
        return {
            "name": self.name,
            **PROTOCOLS.entry(self.name).described,
            "summary": self.summary,
            "scales": list(self.scales),
            "parameters": asdict(self),  # type: ignore[call-overload]
            "trained_together": sorted(self.trained_together),
            "published_splits": sorted({*self.splits, *self.own_splits}),
            **self.numeric_facts(),
        }

    @final
    def numeric_facts(self) -> dict[str, Any]:
        """Return what numbers depend on, for the key of a cell: no texts, scales or metrics.

        The split is not among them: the key of a cell has the scenes themselves.
        """
        with self._correct():
            down, up = self.down.facts(), self.up.facts()
        return {
            "version": self.version,
            "down": down,
            "up": up,
            "crops": self.crops,
            "stored_levels": self.stored_levels,
            "scored_levels": self.scored_levels,
        }

    @contextmanager
    def _correct(self) -> Iterator[None]:
        """Turn any exception of what a protocol declares into one that names the protocol.

        Raises:
            RequestError: an exception was raised.
        """
        try:
            yield
        except Exception as error:
            file = PROTOCOLS.entry(self.name).file
            raise RequestError(
                f"protocol {PROTOCOLS.label(self)}: {reason_of(error)}; correct {file}"
            ) from error


PROTOCOLS: Registry[Protocol] = Registry("protocol", "benchmark.protocols", "hsisr.protocols")


# A function instead of a bound method, so that type checkers see `dataclass_transform`.
@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(name: str, **facts: str) -> Callable[[type[P]], type[P]]:
    """Register a protocol under a name, as a frozen dataclass; used as a decorator.

    Args:
        name: as on the command line.
        facts: `title`, `paper`, `year`, `url`, and `bibtex`: the entries that `cite` prints.

    Raises:
        RequestError: another file has registered the name, or what the class declares is unusable.
    """

    def decorate(cls: type[P]) -> type[P]:
        _check_declared(name, cls)
        PROTOCOLS.register(name, **facts)(cls)
        return cls

    return decorate


def _check_declared(name: str, cls: type[Protocol]) -> None:
    """Check the attributes that the engine reads; a missing one would fail much later.

    Raises:
        RequestError: one is missing, or has a value that the engine does not know.
    """
    check_spelling("protocol", name, cls, Protocol)
    levels = "a whole number from 1, or None"
    for attribute, expected, fits in (
        ("summary", "one line of text", lambda v: isinstance(v, str) and v and "\n" not in v),
        ("version", "a whole number from 1", _is_positive),
        (
            "scales",
            "a tuple of whole numbers",
            lambda v: _is_tuple(v) and all(map(_is_positive, v)),
        ),
        ("down", "an Operator", _is_operator),
        ("up", "an Operator", _is_operator),
        ("crops", "True or False", lambda v: isinstance(v, bool)),
        ("stored_levels", levels, lambda v: v is None or _is_positive(v)),
        ("scored_levels", levels, lambda v: v is None or _is_positive(v)),
        ("metrics", "a tuple of names", _is_names),
        ("main_metrics", "a tuple of names", _is_names),
        ("splits", "a mapping to Divisions", _is_splits),
        ("own_splits", "several names, not a text", _is_several),
        ("trained_together", "several names, not a text", _is_several),
    ):
        value = _declared(cls, attribute)
        if not fits(value):
            raise RequestError(
                f"protocol '{name}': expected {expected} as `{attribute}`, found {value!r}"
            )
    metrics = _declared(cls, "metrics")
    unknown = [metric for metric in _declared(cls, "main_metrics") if metric not in metrics]
    if unknown:
        raise RequestError(
            f"protocol '{name}': expected names of `metrics` in `main_metrics`, found "
            f"{listed(unknown)}"
        )


def _declared(cls: type[Protocol], attribute: str) -> Any:
    """Return what a class declares; the default of an attribute that is a parameter."""
    value = getattr(cls, attribute, None)
    return value.default if isinstance(value, Field) else value


def _is_operator(value: object) -> bool:
    missing = value in (vars(Protocol)["down"], vars(Protocol)["up"])
    return isinstance(value, Operator) or (isinstance(value, property) and not missing)


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_tuple(value: object) -> bool:
    return isinstance(value, tuple) and bool(value)


def _is_names(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(one, str) for one in value)


def _is_several(value: object) -> bool:
    """Return False for ("cave"), too: it would be taken for the names c, a, v and e."""
    return (
        isinstance(value, Collection)
        and not isinstance(value, str | bytes)
        and all(isinstance(one, str) for one in value)
    )


def _is_splits(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(one, Division) for one in value.values())
