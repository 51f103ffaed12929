"""Runs the checks of one method; whatever it does becomes a result."""

import io
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from benchmark.engine import seeding
from benchmark.errors import RequestError, listed
from benchmark.method import Method
from benchmark.tools.conformance.check import (
    CHECKS,
    Check,
    InapplicableError,
    Outcome,
    Result,
    described,
)
from benchmark.tools.conformance.harness import CPU, Subject

_LONGEST_REASON = 300


class Conformance:
    """The checks of one method; iterating runs them all and gives each result as it comes.

    Args:
        method: with its parameters.
        seconds: what takes longer has failed. Only the main thread can be interrupted so, and
            not on Windows.
    """

    def __init__(self, method: Method, seconds: float = 120.0) -> None:
        self.method = method
        self.seconds = seconds
        self._subject = Subject(method)

    def __iter__(self) -> Iterator[Result]:
        return (self.check(name) for name in CHECKS)

    def check(self, name: str) -> Result:
        """Run one check. What the method prints or warns of meanwhile is dropped.

        Raises:
            RequestError: there is no such check.
        """
        if name not in CHECKS:
            raise RequestError(f"unknown check '{name}'; known: {listed(CHECKS, 30)}")
        outcome, reason = self._tried(CHECKS[name])
        declared = self.method.expected_failures.get(name)
        if declared is not None and outcome == "failed":
            outcome, reason = "expected failure", f"{declared} ({reason})"
        elif declared is not None and outcome == "passed":
            outcome = "unexpectedly passed"
            reason = f"take it out of expected_failures, where it is said: {declared}"
        return Result(name, outcome, " ".join(reason.split())[:_LONGEST_REASON])

    def _tried(self, function: Check) -> tuple[Outcome, str]:
        try:
            with (
                seeding.seeded(0, CPU.torch),
                redirect_stdout(io.StringIO()),
                redirect_stderr(io.StringIO()),
                warnings.catch_warnings(),
                _at_most(self.seconds),
            ):
                warnings.simplefilter("ignore")
                function(self._subject)
        except InapplicableError as reason:
            return "skipped", str(reason)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises
            return "failed", described(error)
        return "passed", ""


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what takes longer, where the system can interrupt it."""
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(_number: int, _frame: object) -> None:
        raise TimeoutError(f"not done after {seconds:g} s")

    handler = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
