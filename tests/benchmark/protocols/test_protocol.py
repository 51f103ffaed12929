"""Protocols by name; and that the engine gives the specification's numbers on a real scene."""

import os
from functools import cache
from pathlib import Path

import pytest
from torch import Tensor

from benchmark.data.split import truth_of
from benchmark.dataset import DATASETS
from benchmark.engine.estimation import method_input
from benchmark.errors import RequestError
from benchmark.method import METHODS, Problem
from benchmark.metrics.sam import sam
from benchmark.metrics.scoring import score
from benchmark.plugins.discovery import discover
from benchmark.protocols import catalogue, protocol
from benchmark.protocols.degradation import Degradation
from tests.benchmark.support import EIGHT_BIT, FLOAT

# PSNR in dB and SAM in degrees of bicubic, from the specification of the protocols.
BALLOONS = {
    ("wang2017", 2): (35.723, 2.902),
    ("wang2017", 3): (35.409, 2.932),
    ("wang2017", 4): (33.580, 3.162),
    ("wang2017-float", 2): (35.731, 2.885),
    ("wang2017-float", 3): (35.421, 2.885),
    ("wang2017-float", 4): (33.587, 3.106),
}


@cache
def balloons() -> Tensor:
    """Read CAVE's `balloons`, or skip where it is not at hand."""
    root = os.environ.get("HSISR_DATA")
    if not root:
        pytest.skip("HSISR_DATA names no folder with cave/balloons_ms")
    discover([DATASETS])
    cave = DATASETS.make("cave")
    try:
        source = cave.open(Path(root), ["balloons"])
    except RequestError as error:
        pytest.skip(str(error))
    return truth_of(source.read("balloons"))


@pytest.mark.parametrize(("name", "scale"), BALLOONS)
def test_bicubic_on_a_real_scene_has_the_specified_scores(name: str, scale: int) -> None:
    truth = balloons()
    assert truth.shape == (31, 512, 512)
    degradation = Degradation(catalogue.get(name), scale)
    method = METHODS.make("bicubic")
    low = method_input(method, degradation, degradation.store(truth))
    estimate = method.upscale(low, Problem(scale, 31, (512, 512), degradation), {})
    scores = score(estimate, truth, scale)
    psnr, sam = BALLOONS[name, scale]
    assert round(scores["psnr"], 3) == psnr
    assert round(scores["sam"], 3) == sam


def test_rounding_the_truth_turns_dark_spectra() -> None:
    truth = balloons()
    rounded = Degradation(EIGHT_BIT, 2).store(truth)
    kept = rounded.any(dim=0)  # the others become black, and their angle 90 degrees
    assert (~kept).sum() == 400
    turned, _ = sam(rounded[:, kept, None], truth[:, kept, None])
    assert turned == pytest.approx(1.15, abs=0.005)
    share = float(kept.double().mean())
    assert sam(rounded, truth)[0] == pytest.approx(turned * share + 90 * (1 - share), abs=1e-6)


def test_protocols_differ_in_storage_alone() -> None:
    different = {key for key in EIGHT_BIT.facts() if EIGHT_BIT.facts()[key] != FLOAT.facts()[key]}
    assert different == {"name", "summary", "eight_bit"}
    assert (EIGHT_BIT.sigma, EIGHT_BIT.truncate) == (3, 4)
    assert EIGHT_BIT.eight_bit
    assert EIGHT_BIT.scales == (2, 3, 4)


def test_an_unknown_protocol_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        RequestError, match=r"'wang'; did you mean wang2017\? known: wang2017, wang"
    ):
        catalogue.get("wang")


@pytest.mark.parametrize("scale", [0, 1, 5, 8])
def test_a_scale_that_the_protocol_lacks_is_refused(scale: int) -> None:
    with pytest.raises(RequestError, match=f"scale {scale} is not in protocol wang2017"):
        protocol.check_scale(EIGHT_BIT, scale)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_scales_of_the_paper_are_allowed(scale: int) -> None:
    protocol.check_scale(EIGHT_BIT, scale)
