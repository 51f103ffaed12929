"""Checks of metrics."""

from benchmark.tools.conformance.check import Check
from benchmark.tools.conformance.metrics import metadata, values

# In the order in which they run.
CHECKS: dict[str, Check] = {**metadata.CHECKS, **values.CHECKS}
