"""A training step, with the gathering of its patches, waits for nothing on a GPU."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.data.patches import PatchBank
from benchmark.data.sampler import PatchSampler, SamplingPlan
from benchmark.engine.inference.building import problem_of_network, start
from benchmark.engine.training import optimiser
from benchmark.engine.training.profiles import PROFILES
from benchmark.engine.training.step import Step
from benchmark.method import METHODS, Inputs, NetworkMethod, Problem, Recipe
from benchmark.protocol import PROTOCOLS
from tests.benchmark.engine.on_meta.gpu import GPU, META, OtherDeviceError, ReadError, watched
from tests.benchmark.support import EIGHT_BIT, network_method, problem, random
from tests.methods.support import SMALL

SCALE, BANDS = 4, 6
# Tests register others. Of each a size with every kind of layer.
NETWORKS = sorted(
    entry.name + SMALL.get(entry.name, "")
    for entry in METHODS
    if issubclass(entry.cls, NetworkMethod) and entry.file.parent.name == "methods"
)
OURS = sorted(entry.name for entry in PROTOCOLS if entry.file.parent.name == "protocols")
RECIPES = {
    "muon": PROFILES["quick"].recipe(network_method("srcnn")),
    "adam": Recipe(optimiser="adam", lr_by_fan_in=True, normalise_gradient=True),
    "summed": Recipe(optimiser="sgd", lr=1e-5, loss_reduction="sum"),
    "clipped": Recipe(optimiser="sgd", lr=0.05, clip_norm=1e-3),
    "adjustable": Recipe(optimiser="sgd", lr=0.05, adjustable_clip=0.01),
}


@pytest.fixture(autouse=True)
def not_fused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the optimisers of single operations: torch has no fused ones for the meta device."""
    monkeypatch.setattr(optimiser, "build", partial(optimiser.build, fused=False))


def bank_on_the_device(*, augment: bool = False, protocol: str = EIGHT_BIT.name) -> PatchBank:
    """Draw patches from two scenes of different sizes."""
    return PatchBank(
        [random(BANDS, 48, 40), random(BANDS, 40, 44)],
        PROTOCOLS.make(protocol).degradation(SCALE),
        count=12,
        size=32,
        seed=0,
        device=META,
        augment=augment,
    )


def steps_of(method: NetworkMethod, recipe: Recipe, bank: PatchBank) -> None:
    """Take two steps, and notice what waits; in the first one, a network may copy constants."""
    task = problem(SCALE, BANDS)
    network = GPU.place(start(method, task, recipe))
    step = Step(method, problem_of_network(method, task), network, bank, recipe, GPU)
    shown = 2 if method.bandwise else 0
    order = iter(PatchSampler(SamplingPlan(12, BANDS, 4, 1, shown, False), 0))
    total = torch.zeros((), device=META)
    for first in (True, False):
        with watched(may_copy=first):
            total += step.take(*next(order), 0.01)
    assert total.is_meta


@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_of_every_network_waits_for_nothing(name: str) -> None:
    steps_of(network_method(name), RECIPES["summed"], bank_on_the_device())


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_a_step_by_every_kind_of_recipe_waits_for_nothing(recipe: Recipe) -> None:
    steps_of(network_method("srcnn"), recipe, bank_on_the_device())


@pytest.mark.parametrize("protocol", OURS)
@pytest.mark.parametrize("augment", [False, True])
def test_gathering_patches_waits_for_nothing(protocol: str, augment: bool) -> None:
    bank = bank_on_the_device(augment=augment, protocol=protocol)
    patches, bands = torch.tensor([3, 0, 11]), torch.tensor([[0, 2], [1, 5], [3, 3]])
    with watched():
        inputs, truth = bank.batch(patches, ("low", "upscaled"), bands)
        whole, _ = bank.batch(patches, ("low", "upscaled"), None)
    assert truth.shape == (6, 1, 32, 32)
    assert {name: one.shape for name, one in inputs.items()} == {
        "low": (6, 1, 8, 8),
        "upscaled": (6, 1, 32, 32),
    }
    assert all(one.is_meta for one in (truth, *inputs.values(), *whole.values()))


class Faulty(NetworkMethod):
    """One layer, and a loss with a fault."""

    name = "faulty"
    fault: str

    def network(self, problem: Problem) -> nn.Module:
        """Build it."""
        return nn.Conv2d(problem.bands, problem.bands, 3, padding=1)

    def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Compute the loss; read it, or add what was left on the host."""
        loss = super().loss(output, truth, inputs, problem)
        if self.fault == "reads":
            return loss / loss.detach().item()
        left: Tensor = (output * torch.ones(problem.bands, 1, 1)).mean()
        return left + loss


@pytest.mark.parametrize(
    ("fault", "error"),
    [("reads", ReadError), ("leaves a tensor on the host", (OtherDeviceError, RuntimeError))],
)
def test_a_method_that_waits_is_noticed(fault: str, error: type[Exception]) -> None:
    method = Faulty()
    method.fault = fault
    with pytest.raises(error):
        steps_of(method, RECIPES["adam"], bank_on_the_device())
