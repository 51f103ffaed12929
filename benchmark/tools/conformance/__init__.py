"""Conformance: named checks of what the engine requires of a plugin.

From the command line: `run_all.py check METHOD --plugin FILE`, or `check --dataset DATASET` and so
on. All kinds of plugins are checked alike in the test file of a plugin:

    import pytest
    from benchmark.tools.conformance import Conformance
    from my_plugin import MyMethod

    CONFORMANCE = Conformance(MyMethod())

    @pytest.mark.parametrize("check", CONFORMANCE.checks)
    def test_my_method_conforms(check):
        CONFORMANCE.check(check).raise_for_result()

Iterating over a `Conformance` runs all checks and yields their results. The docstring of a check,
`CONFORMANCE.checks[name].__doc__`, describes the requirement. A plugin that cannot pass a check
declares it, with the reason:

    expected_failures = {"bands-1": "works on differences of bands; a single band has none"}

Methods are given synthetic scenes, made of seeded noise. Their checks use 7 bands at x2, or the
next values whose own checks (`bands-7`, `shape-x2`) are not expected to fail; band-wise networks
get 2 bands. Of a data set every scene is read; the checks that need its files are skipped where
these are missing: `Conformance(MyScenes(), data=Path("data"))` says where they are.
"""

from benchmark.tools.conformance.check import Result
from benchmark.tools.conformance.methods import CHECKS  # of methods; a plugin's own are `.checks`
from benchmark.tools.conformance.runner import Conformance

__all__ = ["CHECKS", "Conformance", "Result"]
