"""Run the checks of one plugin; exceptions and endless loops become results."""

import io
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from benchmark.dataset import DataSet
from benchmark.engine.machine import seeding
from benchmark.engine.machine.device import CPU
from benchmark.engine.machine.torch_state import numeric_state
from benchmark.errors import RequestError, shortened, unknown
from benchmark.method import Method
from benchmark.metric import Metric
from benchmark.protocol import Protocol
from benchmark.tools.conformance import datasets, methods, metrics, protocols
from benchmark.tools.conformance.check import (
    Check,
    NotApplicableError,
    Outcome,
    Result,
    reason_of,
)
from benchmark.tools.conformance.datasets.harness import DataSetHarness
from benchmark.tools.conformance.harness import AnyHarness
from benchmark.tools.conformance.methods.harness import MethodHarness
from benchmark.tools.conformance.metrics.harness import MetricHarness
from benchmark.tools.conformance.protocols.harness import ProtocolHarness

_LONGEST_REASON = 300


@dataclass(frozen=True)
class _Kind:
    """The harness and the checks of one kind of plugins."""

    harness: Callable[..., AnyHarness]
    checks: Mapping[str, Check]


_KINDS: dict[type, _Kind] = {
    Method: _Kind(MethodHarness, methods.CHECKS),
    DataSet: _Kind(DataSetHarness, datasets.CHECKS),
    Protocol: _Kind(ProtocolHarness, protocols.CHECKS),
    Metric: _Kind(MetricHarness, metrics.CHECKS),
}


class Conformance:
    """The checks of one plugin; iterating runs them all and yields their results.

    Args:
        plugin: a method, a data set, a protocol or a metric, with its parameters.
        seconds: the time limit of a check, enforced in the main thread only and not on Windows;
            for a data set that of one scene.
        settings: what the checks of its kind are given besides. For a method, `protocol`: whose
            images it is given, `wang2017` if left out. For a data set, `data`: the folder that
            holds `cave/` and so on, and `scenes`: the names of those to check; all if empty.

    Attributes:
        checks: the checks of its kind by name, in the order in which they run.
    """

    def __init__(self, plugin: Any, seconds: float = 120.0, **settings: Any) -> None:
        kind = next(kind for cls, kind in _KINDS.items() if isinstance(plugin, cls))
        self.plugin = plugin
        self.seconds = seconds
        self.checks = kind.checks
        self._harness = kind.harness(plugin, names=tuple(kind.checks), **settings)

    @property
    def obstacle(self) -> RequestError | None:
        """What kept checks from running, such as missing files; None if nothing did."""
        return self._harness.obstacle

    def __iter__(self) -> Iterator[Result]:
        return (self.check(name) for name in self.checks)

    def check(self, name: str) -> Result:
        """Run one check; suppress the plugin's output and warnings.

        Raises:
            RequestError: there is no such check.
        """
        if name not in self.checks:
            raise unknown("check", name, self.checks)
        outcome, reason = self._run(self.checks[name])
        declared = getattr(self.plugin, "expected_failures", {}).get(name)
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
                _time_limit(self.seconds * self._harness.patience),
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
