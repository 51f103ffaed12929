"""Every method of the checkout passes every check that the engine relies on."""

from functools import cache

import pytest

from benchmark.method import METHODS
from benchmark.plugins.discovery import discover
from benchmark.tools.conformance import CHECKS, Conformance

discover([METHODS])
OURS = [entry.name for entry in METHODS if entry.file.parent.name == "methods"]
# Every layer of the large methods, in sizes that take seconds; `run_all.py check` has the others.
# Channel attention needs 32 maps: with fewer, a single hidden value may be 0 for all images.
SMALL = {
    "total_variation": "[iterations=20]",
    "proposed": "[subnetworks=2,middle=1]",
    "eunet": "[maps=8,stages=2]",
    "snlsr": "[maps=32,endmembers=4]",
    "gdrrn": "[maps=8,recursions=2]",
    "edsr": "[maps=8,blocks=2]",
    "sspsr": "[maps=32,blocks=1]",
    "ercsr": "[maps=4]",
    "mcnet": "[maps=4]",
    "f3dun": "[maps=4]",
    "essaformer": "[maps=36]",
    "cst": "[maps=48,stages=1,blocks=2]",
    "msdformer": "[maps=12,blocks=2]",
    "sfcsr": "[maps=4]",
    "bi3dqrnn": "[maps=2]",
    "deep_image_prior": "[iterations=2,maps=8,levels=2]",
}


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
