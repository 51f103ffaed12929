"""Checks of data sets."""

from benchmark.tools.conformance.check import Check
from benchmark.tools.conformance.datasets import files, metadata, scenes

# In the order in which they run; those without files come first.
CHECKS: dict[str, Check] = {**metadata.CHECKS, **files.CHECKS, **scenes.CHECKS}
