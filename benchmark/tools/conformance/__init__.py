"""Conformance: what the engine may rely on in a method, as named checks.

From the command line: `run_all.py check METHOD --plugin FILE`. In a test file of a plugin:

    import pytest
    from benchmark.tools.conformance import CHECKS, Conformance
    from my_plugin import MyMethod

    MINE = Conformance(MyMethod())

    @pytest.mark.parametrize("check", CHECKS)
    def test_my_method_conforms(check):
        MINE.check(check).settle()

`Conformance` iterates over all results as they come; the docstring of a check, `CHECKS[name]`,
says what is promised. A method that cannot keep a promise says which and why, and is shown so:

    expected_failures = {"bands-1": "turns the spectra, of which one band has none"}

Scenes are made here, from seeded noise. The checks use 7 bands at x2, or the next figures whose
own checks (`bands-7`, `shape-x2`) are no expected failures; band-wise networks have 2 bands.
"""

# Checks run in the order in which their modules register them.
from benchmark.tools.conformance import metadata  # isort: skip
from benchmark.tools.conformance import inference  # isort: skip
from benchmark.tools.conformance import fitting  # isort: skip
from benchmark.tools.conformance import leakage  # isort: skip
from benchmark.tools.conformance.check import CHECKS, Result
from benchmark.tools.conformance.runner import Conformance

__all__ = ["CHECKS", "Conformance", "Result", "fitting", "inference", "leakage", "metadata"]
