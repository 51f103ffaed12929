"""Conformance: named checks of what the engine requires of a method.

From the command line: `run_all.py check METHOD --plugin FILE`. In a test file of a plugin:

    import pytest
    from benchmark.tools.conformance import CHECKS, Conformance
    from my_plugin import MyMethod

    CONFORMANCE = Conformance(MyMethod())

    @pytest.mark.parametrize("check", CHECKS)
    def test_my_method_conforms(check):
        CONFORMANCE.check(check).raise_for_result()

Iterating over a `Conformance` runs all checks and yields their results. The docstring of a check,
`CHECKS[name].__doc__`, describes the requirement. A method that cannot pass a check declares it,
with the reason:

    expected_failures = {"bands-1": "works on differences of bands; a single band has none"}

Scenes are synthetic, made of seeded noise. The checks use 7 bands at x2, or the next values whose
own checks (`bands-7`, `shape-x2`) are not expected to fail; band-wise networks get 2 bands.
"""

from benchmark.tools.conformance.check import Result
from benchmark.tools.conformance.runner import CHECKS, Conformance

__all__ = ["CHECKS", "Conformance", "Result"]
