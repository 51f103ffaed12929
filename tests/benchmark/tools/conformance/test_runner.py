"""The runner: results of checks, expected failures, exceptions, time limit."""

import random
import subprocess
import sys
import textwrap
import threading
import time
import unittest
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import benchmark.tools.conformance
from benchmark import CHECKOUT
from benchmark.engine.machine import seeding
from benchmark.errors import RequestError
from benchmark.method import METHODS, Method, Problem, State
from benchmark.tools.conformance import CHECKS, Conformance, Result
from benchmark.tools.scaffold import write
from tests.benchmark.support import CPU
from tests.benchmark.tools.conformance.methods.support import Sound, checks_of, faulty, upscaling


def test_a_declared_failure_that_passes_is_reported() -> None:
    declared = {"shape-x3": "three is odd", "loss-goes-down": "it has none"}
    checks = checks_of(faulty(expected_failures=declared))
    assert checks.check("shape-x3") == Result(
        "shape-x3",
        "unexpectedly passed",
        "remove it from expected_failures, where its reason is: three is odd",
    )
    assert checks.check("loss-goes-down").outcome == "skipped"
    assert checks.check("shape-x2").outcome == "passed"


def test_the_other_checks_avoid_declared_scales_and_bands() -> None:
    asked = set()

    def upscale(_self: Method, low: Tensor, problem: Problem, _state: State) -> Tensor:
        asked.add((problem.scale, problem.bands))
        return low

    declared = {"shape-x2": "even", "bands-8": "few", "bands-31": "few"}
    cls = faulty(expected_failures=declared, upscale=upscale)
    assert checks_of(cls).check("order-independent").outcome == "passed"
    assert asked == {(3, 102)}
    asked.clear()
    assert checks_of(cls).check("bands-1").outcome == "passed"
    assert asked == {(3, 1), (4, 1), (8, 1)}


def test_expected_failures_are_no_parameter() -> None:
    checks = checks_of(Sound)
    assert fields(checks.plugin) == ()
    assert dict(checks.plugin.expected_failures) == {}
    with pytest.raises(RequestError, match="has no parameter 'expected_failures'"):
        METHODS.make("faulty[expected_failures=shape-x2]")


@pytest.mark.parametrize(
    ("result", "good", "text"),
    [
        (Result("a", "passed"), True, "a: passed"),
        (Result("a", "failed", "why"), False, "a: failed: why"),
        (Result("a", "skipped", "why"), True, "a: skipped: why"),
        (Result("a", "expected failure", "why"), True, "a: expected failure: why"),
        (Result("a", "unexpectedly passed", "why"), False, "a: unexpectedly passed: why"),
    ],
)
def test_a_result_is_one_line_and_raises_what_pytest_understands(
    result: Result, good: bool, text: str
) -> None:
    assert str(result) == text
    assert result.good is good
    if result.outcome == "passed":
        result.raise_for_result()
        return
    # Both: a SkipTest that nothing catches would skip this test instead of failing it.
    with pytest.raises((unittest.SkipTest, AssertionError), match=f"^{text}$") as raised:
        result.raise_for_result()
    assert raised.type is (unittest.SkipTest if good else AssertionError)


def test_the_names_that_users_declare_in_expected_failures_stay() -> None:
    assert list(CHECKS) == [
        *("described", "parameters-documented", "specification", "expected-failures"),
        *("shape-x2", "shape-x3", "shape-x4", "shape-x8"),
        *("bands-1", "bands-3", "bands-8", "bands-31", "bands-102"),
        *("finite", "in-range", "input-not-modified", "batch-of-one-equals-many"),
        *("tiles-equal-whole",),
        *("order-independent", "cpu-equals-cuda", "deterministic", "random-state-ignored"),
        *("random-state-kept", "global-state-kept", "loss-goes-down", "weights-round-trip"),
        *("gradients-everywhere", "gradients-finite"),
        "truth-unreachable",
    ]


def test_an_unknown_check_is_refused() -> None:
    with pytest.raises(RequestError, match=r"unknown check 'shapes'; .*known: described, "):
        checks_of(Sound).check("shapes")


def test_an_exception_is_a_failure_of_one_line() -> None:
    def estimate(_low: Tensor, problem: Problem) -> Tensor:
        if problem.scale == 3:
            sys.exit("goodbye")
        raise ZeroDivisionError("one over\nnothing " + 400 * "!")

    checks = checks_of(upscaling(estimate))
    assert checks.check("shape-x3") == Result("shape-x3", "failed", "SystemExit: goodbye")
    reason = checks.check("shape-x2").reason
    assert reason.startswith("ZeroDivisionError: one over nothing !!!")
    assert len(reason) == 300


def test_ctrl_c_ends_the_checks() -> None:
    def estimate(_low: Tensor, _problem: Problem) -> Tensor:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checks_of(upscaling(estimate)).check("shape-x2")


def test_an_endless_loop_is_a_failure() -> None:
    def estimate(low: Tensor, problem: Problem) -> Tensor:
        while problem.bands == 31:
            pass
        return low

    checks = Conformance(checks_of(upscaling(estimate)).plugin, seconds=0.2)
    began = time.monotonic()
    expected = Result("bands-31", "failed", "TimeoutError: not done after 0.2 s")
    assert checks.check("bands-31") == expected
    assert time.monotonic() - began < 5
    assert checks.check("bands-8").outcome == "passed"
    time.sleep(0.3)  # an alarm that was left would go off now


def test_checks_run_outside_of_the_main_thread() -> None:
    checks, results = checks_of(Sound), list[Result]()
    thread = threading.Thread(target=lambda: results.append(checks.check("shape-x2")))
    thread.start()
    thread.join()
    assert results == [Result("shape-x2", "passed")]


def test_nothing_is_printed_and_no_random_state_is_touched(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def estimate(low: Tensor, _problem: Problem) -> Tensor:
        print("output")  # noqa: T201
        print("error", file=sys.stderr)  # noqa: T201
        torch.manual_seed(3)
        np.random.seed(3)  # noqa: NPY002
        random.seed(3)
        return low

    before = seeding.states(CPU.torch)
    assert checks_of(upscaling(estimate)).check("shape-x2").outcome == "passed"
    after = seeding.states(CPU.torch)
    assert before["python"] == after["python"]
    assert torch.equal(before["numpy"][1], after["numpy"][1])
    assert torch.equal(before["torch"], after["torch"])
    assert capsys.readouterr() == ("", "")


def test_the_lines_for_a_plugins_own_tests_work_as_printed(tmp_path: Path) -> None:
    doc = benchmark.tools.conformance.__doc__ or ""
    block = doc.partition("plugin:\n")[2].partition("\nIterating over")[0]
    (tmp_path / "test_mine.py").write_text(textwrap.dedent(block))
    plugin = '''
"""A plugin."""

from benchmark.method import Method, register


@register("mine", title="Mine")
class MyMethod(Method):
    """Returns its input, except at one scale."""

    expected_failures = {"shape-x4": "four is too much"}

    def upscale(self, low, problem, state):
        """Estimate."""
        return low[1:] if problem.scale == 4 else low
'''
    (tmp_path / "my_plugin.py").write_text(plugin)
    for kind in ("dataset", "protocol", "metric"):
        write(f"my_{kind}", tmp_path, kind)
        lines = block.replace("my_plugin", f"my_{kind}").replace("MyMethod", f"My{kind.title()}")
        (tmp_path / f"test_{kind}.py").write_text(textwrap.dedent(lines))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rsf", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert "described: failed: @register gives no paper" in done.stdout
    assert "shape-x4: expected failure: four is too much (" in done.stdout
    # Skipped: for networks, for areas of an image, and what needs a GPU.
    gpu = 2 * torch.cuda.is_available()
    counts = f"1 failed, {len(CHECKS) + 32 + gpu} passed, {10 - gpu} skipped"
    assert counts in done.stdout, done.stdout
