"""The recipes of the papers: as printed, and at their full batch they train instead of diverging.

Thirty steps on small patches of eight bands, of four for a network of all bands; CONTRIBUTING.md
has what longer runs reach.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch

from benchmark.data.patches import PatchBank
from benchmark.data.split import truth_of
from benchmark.dataset import DATASETS
from benchmark.engine.machine.device import choose
from benchmark.engine.training.loop import TrainingTask, train
from benchmark.engine.training.profiles import PROFILES, Profile
from benchmark.method import NetworkMethod, Recipe
from benchmark.plugins.discovery import discover
from tests.benchmark.support import batch_of, network_method
from tests.benchmark.support import problem as problem_of

discover([DATASETS])

PAPERS = PROFILES["paper"]
STEPS, SIDE, BANDS, SCALE = 30, 8, 8, 2


@dataclass(frozen=True)
class Short(Profile):
    """One given recipe, with a row of history for every step."""

    by: Recipe = field(default_factory=Recipe)

    def recipe(self, method: NetworkMethod) -> Recipe:
        """Return the recipe, whatever the method."""
        return self.by


def losses(reference: str) -> tuple[list[float], float]:
    """Train by a paper's own recipe.

    Returns:
        The loss of every step, and the mean loss of the interpolated image on the same patches.
    """
    method = network_method(reference)
    bands = BANDS if method.bandwise else BANDS // 2
    recipe = replace(PAPERS.recipe(method), epochs=1)
    patches = STEPS * recipe.batch_size // (bands if recipe.bands_as_samples else 1)
    profile = Short("short", "", patches, SIDE, by=recipe, validations=3)
    problem, device = problem_of(SCALE, bands), choose("cpu")
    scene = DATASETS.make("synthetic").open(Path(), ["leaves01"]).read("leaves01")
    bank = PatchBank(
        [truth_of(scene)[::4][:bands]],
        problem.degradation,
        count=patches,
        size=SIDE,
        seed=0,
        device=device.torch,
        augment=recipe.augment,
    )
    history = train(TrainingTask(method, problem, profile, 0, bank), device).history
    inputs, truth = batch_of(bank, torch.arange(patches), "upscaled", None)
    samples = truth[0].numel() / (bands if recipe.bands_as_samples else 1)
    scale = samples / 2 if recipe.loss_reduction == "sum" else 1
    # `proposed` has two outputs in training, whose losses are added.
    output = (inputs, inputs) if reference == "proposed" else inputs
    return [row["loss"] for row in history], float(method.loss(output, truth, {}, problem)) * scale


@pytest.mark.parametrize("reference", ["vdsr", "proposed"])
def test_a_residual_network_ends_below_the_loss_of_its_input(reference: str) -> None:
    made, before = losses(reference)
    assert len(made) == 3
    assert made[-1] < before


@pytest.mark.parametrize("reference", ["srcnn", "espcn"])
def test_a_network_without_a_residual_learns(reference: str) -> None:
    first, _, last = losses(reference)[0]
    assert last < first


def test_the_papers_recipes_are_as_printed() -> None:
    srcnn, espcn, vdsr, proposed = (
        network_method(name).recipe for name in ("srcnn", "espcn", "vdsr", "proposed")
    )
    assert (srcnn.optimiser, srcnn.lr, srcnn.last_layer_lr) == ("sgd", 1e-4, 0.1)
    assert (srcnn.momentum, srcnn.init_std, srcnn.patch_size) == (0.9, 1e-3, 33)
    assert (espcn.lr, espcn.min_lr, espcn.low_patch_size) == (1e-2, 1e-4, 17)
    assert (espcn.early_stopping_patience, espcn.stop_lr) == (100, 0)
    assert (vdsr.lr, vdsr.batch_size, vdsr.epochs, vdsr.step_size) == (0.1, 64, 80, 20)
    assert (vdsr.momentum, vdsr.weight_decay, vdsr.patch_size) == (0.9, 1e-4, 41)
    assert vdsr.augment
    assert (proposed.optimiser, proposed.lr, proposed.batch_size) == ("sgd", 0.01, 128)
    assert (proposed.momentum, proposed.weight_decay) == (0.9, 1e-4)
    assert (proposed.gamma, proposed.patience, proposed.stop_lr) == (0.1, 3, 1e-6)


@pytest.mark.parametrize("reference", ["srcnn", "espcn", "vdsr", "proposed"])
def test_what_is_not_printed_is_said_under_this_profile_alone(reference: str) -> None:
    method = network_method(reference)
    assert any("not printed" in note for note in PAPERS.deviations(method))
    assert PROFILES["standard"].deviations(method) == ()


@pytest.mark.parametrize(
    ("reference", "scale", "size"),
    [("srcnn", 3, 33), ("espcn", 3, 51), ("espcn", 2, 34), ("vdsr", 4, 41), ("proposed", 2, 32)],
)
def test_patches_have_the_size_of_the_paper(reference: str, scale: int, size: int) -> None:
    method = network_method(reference)
    assert PAPERS.patch_size(method, scale) == size
    assert PROFILES["standard"].patch_size(method, scale) == 32
