"""Conformance: named checks of what the engine requires of a plugin.

From the command line: `run_all.py check METHOD --plugin FILE`; `check --dataset X`, `--protocol X`
or `--metric X` for the other kinds. All four are checked alike in the test file of a plugin:

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

- Methods are given synthetic scenes, made of seeded noise, under `wang2017` or another protocol:
  `Conformance(MyMethod(), protocol=Li2020())`. Their checks use 8 bands at x2, or the next values
  that the method does not refuse and whose own checks (`bands-8`, `shape-x2`) are not expected to
  fail; band-wise networks get 2 bands.
- Of a data set every scene is read, or those that are named: `Conformance(MyScenes(),
  data=Path("data"), scenes=("a", "b"))`. The checks that need files are skipped without them.
- Protocols are checked at their own scales and at all others that they accept.
- Metrics are given images with growing noise, and such as black and constant ones.
"""

from benchmark.tools.conformance.check import Result
from benchmark.tools.conformance.methods import CHECKS  # of methods; a plugin's own are `.checks`
from benchmark.tools.conformance.runner import Conformance

__all__ = ["CHECKS", "Conformance", "Result"]
