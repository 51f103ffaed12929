"""Whole cells on a GPU: estimates and scores wait only where the engine says so."""

import re
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import pytest
import torch

import benchmark.engine
from benchmark.data.split import Split
from benchmark.engine.inference.building import start
from benchmark.engine.inference.tiling import run_network
from benchmark.engine.scoring.scene import score
from benchmark.engine.training import optimiser
from benchmark.engine.training.checkpoint import NullCheckpointer
from benchmark.engine.training.iterative import CellRun
from benchmark.engine.training.loop import LOG_EVERY
from benchmark.engine.training.profiles import PROFILES
from benchmark.execution.computation import evaluation
from benchmark.execution.computation.evaluation import compute
from benchmark.execution.planning.plan import CellPlan
from benchmark.method import Problem
from benchmark.metric import METRICS
from benchmark.protocol import PROTOCOLS
from tests.benchmark.engine.on_meta.gpu import GPU, META, Watch, watched
from tests.benchmark.engine.on_meta.test_steps import NETWORKS, OURS
from tests.benchmark.execution.computation.support import BRIEF, planned
from tests.benchmark.support import Recorder, network_method, problem

SCALE, BANDS, SHAPE = 4, 6, (48, 40)
LISTED = dict(re.findall(r"^- `(.+?)`: (.+)", str(benchmark.engine.__doc__), re.MULTILINE))
METRIC_NAMES = sorted(e.name for e in METRICS if e.file.parent.name == "metrics")
# They train nothing by the engine's loop.
OTHERS = ("bicubic", "back_projection", "wiener", "total_variation[iterations=2]")


@pytest.fixture(autouse=True)
def on_meta(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace what there is not for the meta device: fused optimisers, generators, storage."""
    monkeypatch.setattr(optimiser, "build", partial(optimiser.build, fused=False))
    monkeypatch.setattr(Problem, "generator", lambda *_: torch.Generator())
    monkeypatch.setattr(evaluation, "fitted", lambda state: state)


def cell(plan: CellPlan, value: float = 0.5) -> tuple[Watch, Recorder]:
    """Compute a cell; the host reads a number wherever it asks for one."""
    listener = Recorder()
    with watched(may_read=True, may_copy=True, value=value) as watch:
        compute(plan, GPU, listener, NullCheckpointer())
    return watch, listener


def iterated(iterations: int) -> Watch:
    """Report iterations of a method with a loop of its own."""
    run = CellRun(GPU, problem(SCALE, BANDS), Recorder(), NullCheckpointer())
    loss = torch.zeros((), device=META)
    with watched(may_read=True, may_copy=True) as watch:
        for step in range(1, iterations + 1):
            run.step(step, 1000, loss, dict)
    return watch


def test_the_places_that_wait_are_those_that_are_listed(tiny: Split) -> None:
    metrics = tuple(map(METRICS.make, METRIC_NAMES))
    found: set[str] = set(iterated(LOG_EVERY).reads)
    # Where everything reads as 2, estimates are clipped.
    for method, value in (("srcnn", 0.5), ("espcn", 2.0)):
        found |= set(cell(replace(planned(tiny, method), metrics=metrics), value)[0].reads)
    assert found == set(LISTED)
    assert all(LISTED.values())


def test_the_loss_is_read_every_so_many_steps(tiny: Split) -> None:
    profile = replace(BRIEF, patches=60, batch=1, epochs=1)
    watch, listener = cell(planned(tiny, "espcn", profile=profile))
    logged = [step for step, _, _ in listener.steps]
    assert logged == [25, 50, 60]
    assert watch.reads["benchmark/engine/training/loop.py: _Loop._log_and_validate"] == len(logged)
    assert watch.reads["benchmark/engine/training/loop.py: _Loop._validate"] == 2  # scenes
    assert not iterated(LOG_EVERY - 1).reads


@pytest.mark.parametrize("method", OTHERS)
def test_other_methods_leave_no_tensor_on_the_host(tiny: Split, method: str) -> None:
    watch, _ = cell(planned(tiny, method))
    assert {place for place in watch.reads if not place.startswith("methods/")} <= set(LISTED)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_estimate_of_every_network_waits_for_nothing(name: str) -> None:
    method, task = network_method(name), problem(SCALE, BANDS, SHAPE)
    if method.bandwise:
        task = replace(task, bands=1, band_means=task.band_means[:1])
    network = GPU.place(start(method, task, PROFILES["quick"].recipe(method)))
    sides = {"low": 1, "upscaled": SCALE}
    inputs = {
        name: torch.empty(BANDS, *(size * sides[name] // SCALE for size in SHAPE), device=META)
        for name in method.inputs
    }
    whole = problem(SCALE, BANDS, SHAPE)
    # A small budget divides the image into tiles where the method allows it. In the first image of
    # a size, a network may copy constants.
    for budget, first in product((1 << 40, 1 << 16), (True, False)):
        with watched(may_copy=first):
            estimate = run_network(method, network, inputs, whole, GPU, budget)
        assert (estimate.shape, estimate.device) == ((BANDS, *SHAPE), META)


@pytest.mark.parametrize("protocol", OURS)
def test_a_further_band_makes_nobody_wait(protocol: str) -> None:
    def reads(bands: int) -> Any:
        truth = torch.empty(bands, *SHAPE, device=META)
        metrics = [METRICS.make(name) for name in METRIC_NAMES]
        with watched(may_read=True, may_copy=True) as watch:
            score(truth.clone(), truth, SCALE, PROTOCOLS.make(protocol), metrics)
        return watch.reads

    assert reads(4) == reads(7)
