"""Recomputed images of a stored cell have the scores that are stored."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.split import Split
from benchmark.errors import RequestError
from benchmark.execution.computation.reestimation import missing_weights
from benchmark.execution.planning.plan import plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.method import METHODS
from benchmark.protocol import PROTOCOLS
from benchmark.store.cells import WEIGHTS, read, write
from benchmark.tools.images.model import psnr
from benchmark.tools.images.predictions import predict
from tests.benchmark.execution.test_runner import BRIEF, planned, run
from tests.benchmark.support import CPU


@pytest.mark.parametrize("method", ["bicubic", "wiener", "espcn", "srcnn"])
def test_the_images_have_the_scores_that_are_stored(
    tiny: Split, tmp_path: Path, method: str
) -> None:
    (plan,) = planned(tiny, method, scales=[3])
    run(tmp_path, [plan])
    cell = read(plan.address.folder(tmp_path))
    assert cell is not None
    stored = cell.scores().set_index("scene")
    for one in predict(plan, tmp_path, CPU):
        error = np.square(one.estimates[method].astype(float) - one.truth).mean()
        assert 10 * np.log10(255**2 / error) == pytest.approx(stored["psnr"][one.scene], abs=1e-9)
        assert one.truth.shape == (5, 48, 40)
        assert one.low.shape == (5, 16, 14)
        assert len(one.wavelengths) == 5


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize("method", ["bicubic", "bicubic[clip=false]", "wiener"])
def test_images_of_a_protocol_without_rounding_have_the_scores_of_every_band(
    tiny: Split, tmp_path: Path, method: str, scale: int
) -> None:
    made = Experiment(PROTOCOLS.make("jiang2020"), BRIEF, (scale,), (METHODS.make(method),))
    (plan,) = plan_cells(tiny, made)
    run(tmp_path, [plan])
    cell = read(plan.address.folder(tmp_path))
    assert cell is not None
    stored = cell.scores().set_index("scene")
    outside = 0
    for one in predict(plan, tmp_path, CPU):
        error = np.square(one.estimates[method].astype(float) - one.truth)
        bands = [psnr(float(band)) for band in error.mean(axis=(1, 2))]
        # One rounding to float32 of a value up to 255, relative to errors of half a level.
        assert np.mean(bands) == pytest.approx(stored["mpsnr"][one.scene], abs=1e-4)
        assert psnr(float(error.mean())) == pytest.approx(stored["psnr"][one.scene], abs=1e-4)
        assert one.truth.shape == (5, 48 // scale * scale, 40 // scale * scale)
        assert one.low.shape == (5, 48 // scale, 40 // scale)
        assert not np.array_equal(one.truth, np.rint(one.truth))
        outside += int((one.estimates[method] < 0).sum())
    assert (outside > 0) == (method == "bicubic[clip=false]")


def test_scenes_are_chosen_and_unknown_ones_rejected(tiny: Split, tmp_path: Path) -> None:
    (plan,) = planned(tiny, "bicubic")
    run(tmp_path, [plan])
    name = tiny.test.names[1]
    assert [one.scene for one in predict(plan, tmp_path, CPU, [name])] == [name]
    with pytest.raises(RequestError, match=f"unknown is no test scene of .*{name}"):
        next(predict(plan, tmp_path, CPU, ["unknown"]))


def test_a_cell_without_weights_or_not_run_is_named(tiny: Split, tmp_path: Path) -> None:
    (plan,) = planned(tiny, "espcn")
    with pytest.raises(RequestError, match="is missing: not run yet; run it first"):
        next(predict(plan, tmp_path, CPU))
    run(tmp_path, [plan])
    (plan.address.folder(tmp_path) / WEIGHTS).unlink()
    with pytest.raises(RequestError, match="stored without weights; pack it by"):
        next(predict(plan, tmp_path, CPU))


@pytest.mark.parametrize("method", ["wiener", "espcn"])
def test_a_cell_that_never_had_its_weights_is_named(
    tiny: Split, tmp_path: Path, method: str
) -> None:
    """Such as one whose weights were left out of a publication: nothing is lost from it."""
    (plan,) = planned(tiny, method)
    run(tmp_path, [plan])
    cell = read(plan.address.folder(tmp_path))
    assert cell is not None
    added = ("format", "address", "sums", "seal")
    facts = {name: value for name, value in cell.facts.items() if name not in added}
    kept = {
        name: (cell.folder / name).read_bytes() for name in cell.facts["sums"] if name != WEIGHTS
    }
    write(tmp_path, cell.address, facts, kept)
    with pytest.raises(RequestError, match=f"{method}.*: it was stored without weights; pack"):
        next(predict(plan, tmp_path, CPU))


def test_a_method_that_learned_nothing_needs_no_weights(tiny: Split, tmp_path: Path) -> None:
    (plan,) = planned(tiny, "wiener")
    run(tmp_path, [plan])
    cell = read(plan.address.folder(tmp_path))
    assert cell is not None
    facts = {**cell.facts, "sums": {}, "parameters": 0}
    facts["configuration"] = {**facts["configuration"], "engine": 3}
    assert missing_weights(plan, replace(cell, facts=facts)) == ""
    facts["parameters"] = 5
    assert missing_weights(plan, replace(cell, facts=facts)) != ""
