"""Checks of a method's metadata: description, parameters, reference."""

from benchmark.tools.conformance import plugin
from benchmark.tools.conformance.check import Check, require
from benchmark.tools.conformance.methods.harness import MethodHarness


def described(harness: MethodHarness) -> None:
    """The class has a docstring, a title and a paper, and declares its input in `sees`."""
    plugin.require_described(harness, facts=("title", "paper"))
    sees, known = harness.method.sees, ("upscaled", "decimated")
    require(sees in known, f"sees is '{sees}', expected {' or '.join(known)}")


CHECKS: dict[str, Check] = {"described": described, **plugin.CHECKS}
