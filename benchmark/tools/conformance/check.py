"""What a check is, what can become of it, and the list of them all."""

import unittest
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmark.tools.conformance.harness import Subject

Outcome = Literal["passed", "failed", "skipped", "expected failure", "unexpectedly passed"]
Check = Callable[["Subject"], None]

CHECKS: dict[str, Check] = {}


class BrokenError(Exception):
    """A promise is broken; the message says how."""


class InapplicableError(Exception):
    """A check does not apply; the message says why."""


@dataclass(frozen=True)
class Result:
    """What became of one check of one method.

    Attributes:
        name: the check's.
        outcome: one of `Outcome`.
        reason: one line; empty where it passed.
    """

    name: str
    outcome: Outcome
    reason: str = ""

    @property
    def good(self) -> bool:
        """True unless it failed, or passed where a failure was declared."""
        return self.outcome not in ("failed", "unexpectedly passed")

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.name, self.outcome, self.reason)))

    def settle(self) -> None:
        """Tell pytest, or unittest.

        Raises:
            AssertionError: the result is not good.
            SkipTest: the check was skipped, or failed as expected.
        """
        if not self.good:
            raise AssertionError(str(self))
        if self.outcome != "passed":
            raise unittest.SkipTest(str(self))


def check(name: str) -> Callable[[Check], Check]:
    """Decorate a check: a function that raises where a method breaks a promise.

    Args:
        name: as in reports and in `expected_failures`.
    """

    def keep(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return keep


@contextmanager
def at(place: str) -> "Iterator[None]":
    """Say where in a check something went wrong.

    Raises:
        BrokenError: with the place before the reason.
    """
    try:
        yield
    except (InapplicableError, TimeoutError):
        raise
    except Exception as error:
        raise BrokenError(f"{place}: {described(error)}") from error


def described(error: BaseException) -> str:
    """Give an exception as a reason: `Type: message`, or the message of a broken promise."""
    return str(error) if isinstance(error, BrokenError) else f"{type(error).__name__}: {error}"


def demand(holds: bool, reason: str) -> None:
    """Go on only where something holds.

    Raises:
        BrokenError: it does not.
    """
    if not holds:
        raise BrokenError(reason)


def same(one: Tensor, other: Tensor) -> bool:
    """Tell whether two tensors agree to the bit."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return bool(torch.allclose(one, other, rtol=0, atol=0, equal_nan=True))


def demand_close(one: Tensor, other: Tensor, tolerance: float, what: str) -> None:
    """Go on only where two estimates agree.

    Args:
        one: an estimate.
        other: another one, which should be the same.
        tolerance: the difference allowed, for values up to 1; relative beyond.
        what: the subject of the reason.

    Raises:
        BrokenError: they differ, or one of them is not finite.
    """
    demand(one.shape == other.shape, f"{what}: {tuple(one.shape)} and {tuple(other.shape)}")
    allowed = tolerance * max(1.0, float(one.abs().max()))
    apart = float((one - other).abs().max())
    demand(apart <= allowed, f"{what}: they differ by {apart:.2g}, allowed are {allowed:.2g}")
