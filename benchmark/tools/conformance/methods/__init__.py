"""Checks of methods."""

from benchmark.tools.conformance.check import Check
from benchmark.tools.conformance.methods import fitting, gradients, inference, leakage, metadata

# In the order in which they run; those without training come first.
CHECKS: dict[str, Check] = {
    **metadata.CHECKS,
    **inference.CHECKS,
    **fitting.CHECKS,
    **gradients.CHECKS,
    **leakage.CHECKS,
}
