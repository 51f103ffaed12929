"""Bicubic's scores on real scenes of CAVE: specified ones, and those of other software."""

import csv
import glob
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.data.split import truth_of
from benchmark.dataset import DATASETS
from benchmark.engine.inference.estimation import method_inputs
from benchmark.engine.scoring.scene import metrics_of, score
from benchmark.errors import RequestError
from benchmark.method import METHODS, Problem
from benchmark.metric import METRICS
from benchmark.plugins.discovery import discover
from benchmark.protocol import PROTOCOLS
from tests.benchmark import oracles
from tests.benchmark.metrics.support import sam
from tests.benchmark.support import EIGHT_BIT
from tests.command_line import CommandLine

# PSNR in dB and SAM in degrees of bicubic, from the specification of the protocols.
BALLOONS = {
    ("wang2017", 2): (35.723, 2.902),
    ("wang2017", 3): (35.409, 2.932),
    ("wang2017", 4): (33.580, 3.162),
    ("wang2017-float", 2): (35.731, 2.885),
    ("wang2017-float", 3): (35.421, 2.885),
    ("wang2017-float", 4): (33.587, 3.106),
}
RESIZE = {"li2020": oracles.matlab, "jiang2020": oracles.matlab, "liu2023": oracles.opencv}
SCENES = ("balloons", "watercolors")

discover([DATASETS])


@cache
def scene(name: str) -> Tensor:
    """Read one of CAVE's scenes, or skip where it is not at hand."""
    root = os.environ.get("HSISR_DATA")
    if not root:
        pytest.skip(f"HSISR_DATA names no folder with cave/{name}_ms")
    try:
        source = DATASETS.make("cave").open(Path(root), [name])
    except RequestError as error:
        pytest.skip(str(error))
    return truth_of(source.read(name))


@cache
def other_reading(name: str) -> oracles.Array:
    """Read the same scene by OpenCV."""
    scene(name)
    (folder, *_) = Path(os.environ["HSISR_DATA"], "cave").rglob(f"{name}_ms")
    return oracles.read_cave(folder)


def bicubic(image: Tensor, name: str, scale: int, metrics: Sequence[str]) -> dict[str, float]:
    """Score the suite's Bicubic row on a scene as papers print it: not clipped unless rounded."""
    protocol = PROTOCOLS.make(name)
    degradation = protocol.degradation(scale)
    truth = degradation.ground_truth(image)
    method = METHODS.make("bicubic[clip=false]")
    bands, rows, columns = truth.shape
    (low,) = method_inputs(method, degradation, truth).values()
    estimate = method.upscale(low, Problem(scale, bands, (rows, columns), degradation), {})
    unrounded = degradation.crop(image)
    computed = [METRICS.make(metric) for metric in metrics]
    return score(estimate, unrounded, scale, protocol, computed, clip=method.clips)


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_read_as_opencv_reads_it(name: str) -> None:
    assert scene(name).shape == (31, 512, 512)
    np.testing.assert_allclose(scene(name), other_reading(name), rtol=0, atol=2**-25)


@pytest.mark.parametrize(("name", "scale"), BALLOONS)
def test_bicubic_has_the_specified_scores_under_wang2017(name: str, scale: int) -> None:
    found = bicubic(scene("balloons"), name, scale, ("psnr", "sam"))
    psnr, angle = BALLOONS[name, scale]
    assert round(found["psnr"], 3) == psnr
    assert round(found["sam"], 3) == angle


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("protocol", RESIZE)
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_bicubic_has_the_scores_of_other_software(name: str, protocol: str, scale: int) -> None:
    """Read, degraded, interpolated and scored without the suite; every tenth band of the scene."""
    metrics = PROTOCOLS.make(protocol).metrics
    found = bicubic(scene(name)[::10], protocol, scale, metrics)
    truth, estimate = oracles.bicubic(other_reading(name)[::10], scale, RESIZE[protocol])
    expected = oracles.scores(estimate, truth, scale, metrics)
    # Both round the images to float32, OpenCV its weights too: see `WEIGHTS` in `test_resize.py`.
    assert {key: found[key] for key in metrics} == pytest.approx(expected, rel=2e-6)


def test_rounding_the_truth_turns_dark_spectra() -> None:
    truth = scene("balloons")
    rounded = EIGHT_BIT.degradation(2).store(truth)
    kept = rounded.any(dim=0)  # the others become black, and their angle 90 degrees
    assert (~kept).sum() == 400
    turned, _ = sam(rounded[:, kept, None], truth[:, kept, None])
    assert turned == pytest.approx(1.15, abs=0.005)
    share = float(kept.double().mean())
    assert sam(rounded, truth)[0] == pytest.approx(turned * share + 90 * (1 - share), abs=1e-6)


def test_clipping_is_what_separates_the_published_bicubic_row_from_a_networks() -> None:
    """`watercolors` overshoots: clipped, its scores are others."""
    image = scene("watercolors")[::5]
    protocol = PROTOCOLS.make("jiang2020")
    degradation = protocol.degradation(4)
    low = degradation.low(degradation.ground_truth(image))
    up = degradation.upscale(low, (512, 512))
    assert float(up.min()) < 0 or float(up.max()) > 1
    metrics = metrics_of(protocol)
    clipped, plain = (score(up, image, 4, protocol, metrics, clip=clip) for clip in (True, False))
    assert clipped["mpsnr"] > plain["mpsnr"]
    assert torch.equal(degradation.crop(image), image)


def test_a_stored_cell_has_the_scores_of_other_software(hsisr: CommandLine) -> None:
    """All bands, from the command line to the file: `clip=false` is what papers print."""
    scene("watercolors")
    both = "bicubic,bicubic[clip=false]"
    words = ("--dataset", "cave", "--data", os.environ["HSISR_DATA"], "--scenes", "watercolors")
    answer = hsisr(*words, "--protocol", "jiang2020", "--scales", "8", "--methods", both)
    assert answer.code == 0, answer.err
    truth, estimate = oracles.bicubic(other_reading("watercolors"), 8, oracles.matlab)
    names = ("mpsnr", "psnr", "sam", "cc", "ergas", "rmse")
    for method, compared in (("[clip=false]", estimate), ("", estimate.clip(0, 1))):
        (file,) = hsisr.results.glob(f"*/jiang2020/*/x8/bicubic{glob.escape(method)}/*/scores.csv")
        with file.open(encoding="utf-8", newline="") as lines:
            (row,) = csv.DictReader(lines)
        expected = oracles.scores(compared, truth, 8, names)
        assert {name: float(row[name]) for name in names} == pytest.approx(expected, rel=2e-6)
