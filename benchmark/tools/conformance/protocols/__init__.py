"""Checks of protocols."""

from benchmark.tools.conformance.check import Check
from benchmark.tools.conformance.protocols import degradation, keys, metadata, operators

# In the order in which they run.
CHECKS: dict[str, Check] = {
    **metadata.CHECKS,
    **keys.CHECKS,
    **operators.CHECKS,
    **degradation.CHECKS,
}
