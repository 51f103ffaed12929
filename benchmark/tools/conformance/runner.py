"""Run the checks of one method; exceptions and endless loops become results."""

import io
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from benchmark.engine import seeding
from benchmark.engine.device import CPU
from benchmark.engine.torch_state import numeric_state
from benchmark.errors import listed, shortened, unknown
from benchmark.method import Method
from benchmark.tools.conformance import fitting, inference, leakage, metadata
from benchmark.tools.conformance.check import (
    NotApplicableError,
    Outcome,
    Result,
    reason_of,
    require,
)
from benchmark.tools.conformance.harness import Check, MethodHarness

_LONGEST_REASON = 300


def expected_failures(harness: MethodHarness) -> None:
    """Expected failures name existing checks, each with a reason."""
    for name, reason in harness.method.expected_failures.items():
        require(name in CHECKS, f"there is no check '{name}'; there are {listed(CHECKS, 30)}")
        require(bool(reason.strip()), f"'{name}' has no reason")


# In the order in which they run; those without training come first.
CHECKS: dict[str, Check] = {
    **metadata.CHECKS,
    "expected-failures": expected_failures,
    **inference.CHECKS,
    **fitting.CHECKS,
    **leakage.CHECKS,
}


class Conformance:
    """The checks of one method; iterating runs them all and yields their results.

    Args:
        method: with its parameters.
        seconds: the time limit of a check, enforced in the main thread only and not on Windows.
    """

    def __init__(self, method: Method, seconds: float = 120.0) -> None:
        self.method = method
        self.seconds = seconds
        self._harness = MethodHarness(method)

    def __iter__(self) -> Iterator[Result]:
        return (self.check(name) for name in CHECKS)

    def check(self, name: str) -> Result:
        """Run one check; suppress the method's output and warnings.

        Raises:
            RequestError: there is no such check.
        """
        if name not in CHECKS:
            raise unknown("check", name, CHECKS)
        outcome, reason = self._run(CHECKS[name])
        declared = self.method.expected_failures.get(name)
        if declared is not None and outcome == "failed":
            outcome, reason = "expected failure", f"{declared} ({reason})"
        elif declared is not None and outcome == "passed":
            outcome = "unexpectedly passed"
            reason = f"remove it from expected_failures, where its reason is: {declared}"
        return Result(name, outcome, shortened(" ".join(reason.split()), _LONGEST_REASON))

    def _run(self, function: Check) -> tuple[Outcome, str]:
        try:
            with (
                numeric_state(),
                seeding.seeded(0, CPU.torch),
                redirect_stdout(io.StringIO()),
                redirect_stderr(io.StringIO()),
                warnings.catch_warnings(),
                _time_limit(self.seconds),
            ):
                warnings.simplefilter("ignore")
                function(self._harness)
        except NotApplicableError as reason:
            return "skipped", str(reason)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - plugins raise anything
            return "failed", reason_of(error)
        return "passed", ""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in a block that takes longer, where signals can interrupt it."""
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        yield
        return

    def expire(_number: int, _frame: object) -> None:
        raise TimeoutError(f"not done after {seconds:g} s")

    handler = signal.signal(signal.SIGALRM, expire)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
