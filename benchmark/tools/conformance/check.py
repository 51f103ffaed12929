"""Checks, their results, and helpers to write checks."""

import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

Outcome = Literal["passed", "failed", "skipped", "expected failure", "unexpectedly passed"]

# A check of a plugin: it is given the harness of the plugin's kind, and raises if the plugin
# fails; its docstring states the requirement.
Check = Callable[[Any], None]


class CheckFailedError(Exception):
    """A check failed; the message is the reason."""


class NotApplicableError(Exception):
    """A check does not apply to the plugin; the message is the reason."""


@dataclass(frozen=True)
class Result:
    """The result of one check of one plugin.

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

    def raise_for_result(self) -> None:
        """Raise unless the check passed, so that pytest and unittest report the result.

        Raises:
            AssertionError: the result is not good.
            SkipTest: the check was skipped, or failed as expected.
        """
        if not self.good:
            raise AssertionError(str(self))
        if self.outcome != "passed":
            raise unittest.SkipTest(str(self))


@contextmanager
def at(place: str) -> Iterator[None]:
    """Prefix the reason of a failure inside with its place.

    Raises:
        CheckFailedError: something failed.
    """
    try:
        yield
    except (NotApplicableError, TimeoutError):
        raise
    except Exception as error:
        raise CheckFailedError(f"{place}: {reason_of(error)}") from error


def reason_of(error: BaseException) -> str:
    """Format an exception as a reason: `Type: message`, or the message of a failed check."""
    return str(error) if isinstance(error, CheckFailedError) else f"{type(error).__name__}: {error}"


def require(condition: bool, reason: str) -> None:
    """Raise unless a condition holds.

    Raises:
        CheckFailedError: it does not; with the reason.
    """
    if not condition:
        raise CheckFailedError(reason)


def identical(one: Tensor, other: Tensor) -> bool:
    """Return True for tensors of the same shape, type and values; NaN equals NaN."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return bool(torch.allclose(one, other, rtol=0, atol=0, equal_nan=True))


def require_close(one: Tensor, other: Tensor, tolerance: float, what: str) -> None:
    """Raise unless two estimates agree.

    Args:
        one: an estimate.
        other: another one, which should be the same.
        tolerance: absolute up to values of 1, relative to the largest value beyond.
        what: describes the two in the reason.

    Raises:
        CheckFailedError: they differ, or one of them is not finite.
    """
    require(one.shape == other.shape, f"{what}: {tuple(one.shape)} and {tuple(other.shape)}")
    allowed = tolerance * max(1.0, float(one.abs().max()))
    difference = float((one - other).abs().max())
    require(
        difference <= allowed,  # False for NaN
        f"{what}: they differ by {difference:.2g}, at most {allowed:.2g} is allowed",
    )
