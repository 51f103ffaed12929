"""Every method of the checkout passes every check that the engine relies on."""

from functools import cache

import pytest

from benchmark.method import METHODS
from benchmark.plugins.discovery import discover
from benchmark.tools.conformance import CHECKS, Conformance
from tests.methods.support import SMALL

discover([METHODS])
OURS = [entry.name for entry in METHODS if entry.file.parent.name == "methods"]


@cache
def conformance(reference: str) -> Conformance:
    """Return the checks of a method, which share one short training."""
    return Conformance(METHODS.make(reference))


def test_no_method_is_left_out() -> None:
    assert {"bicubic", "wiener", "srcnn", "espcn", "vdsr", "proposed"} <= set(OURS)
    assert {"fcnn3d", *SMALL} <= set(OURS)


REFERENCES = [*(name + SMALL.get(name, "") for name in OURS), "wiener[joint=true]"]
# Of the networks that see one band at a time the slowest is spared the longest check.
CASES = [
    (check, reference)
    for check in CHECKS
    for reference in REFERENCES
    if (check, reference) != ("bands-102", "vdsr")
]


@pytest.mark.parametrize(("check", "reference"), CASES)
def test_a_method_conforms(check: str, reference: str) -> None:
    conformance(reference).check(check).raise_for_result()
