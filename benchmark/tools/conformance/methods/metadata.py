"""Checks of a method's metadata: description, parameters, reference."""

from benchmark.method.registration import IMAGES, are_images
from benchmark.tools.conformance import plugin
from benchmark.tools.conformance.check import Check, require
from benchmark.tools.conformance.methods.harness import MethodHarness


def described(harness: MethodHarness) -> None:
    """The class has a docstring, a title and a paper, and declares its `inputs`."""
    plugin.require_described(harness, facts=("title", "paper"))
    inputs = harness.method.inputs
    text = f"inputs is {inputs!r}, expected one or two of {' and '.join(map(repr, IMAGES))}"
    require(are_images(inputs), text)


CHECKS: dict[str, Check] = {"described": described, **plugin.CHECKS}
