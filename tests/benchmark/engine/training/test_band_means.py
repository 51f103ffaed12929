"""The means of the training images: what they are, and that they come with the weights."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.data.patches import PatchBank
from benchmark.data.split import Split
from benchmark.engine.inference.building import problem_of_network, rebuild, start
from benchmark.engine.training.loop import Trained, TrainingTask, train
from benchmark.engine.training.profiles import Profile
from benchmark.method import NetworkMethod, Problem, Recipe
from benchmark.protocol import Protocol
from tests.benchmark.support import CPU, EIGHT_BIT, EPS, FLOAT, bank_of, problem, random

PROFILE = Profile("", "", patches=4, patch=16, epochs=1, batch=4, bands=2, validations=1)


class Centred(nn.Module):
    """Subtracts the means, and adds them to a convolution's output."""

    def __init__(self, means: Tensor) -> None:
        super().__init__()
        self.register_buffer("means", means.clone()[:, None, None])
        self.layer = nn.Conv2d(len(means), len(means), 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the same size."""
        means = self.get_buffer("means")
        out: Tensor = self.layer(x - means) + means
        return out


class Centring(NetworkMethod):
    """Keeps the means as a buffer."""

    name = "centring"

    def network(self, problem: Problem) -> nn.Module:
        return Centred(problem.band_means)


class CentringBands(Centring):
    """The same, band by band."""

    bandwise = True


def trained(split: Split, method: NetworkMethod) -> Trained:
    """Train for a step."""
    bank = bank_of(split.train, 2, count=4, size=16)
    return train(TrainingTask(method, problem(2, 5), PROFILE, 0, bank), CPU)


def means_of(split: Split) -> np.ndarray:
    """Compute the means over all pixels of the rounded training scenes by numpy, in float64."""
    degradation = EIGHT_BIT.degradation(2)
    pixels = [degradation.ground_truth(scene).numpy().reshape(5, -1) for scene in split.train]
    means: np.ndarray = np.concatenate(pixels, axis=1).astype(np.float64).mean(axis=1)
    return means


def test_a_network_is_built_with_the_means_of_the_training_scenes(tiny: Split) -> None:
    state = trained(tiny, Centring()).state
    assert state["means"].dtype == torch.float32
    np.testing.assert_allclose(state["means"].numpy().ravel(), means_of(tiny), rtol=0, atol=EPS)


def test_a_band_wise_network_has_their_mean(tiny: Split) -> None:
    means = trained(tiny, CentringBands()).state["means"]
    assert means.shape == (1, 1, 1)
    assert float(means) == pytest.approx(means_of(tiny).mean(), abs=EPS)


@pytest.mark.parametrize("protocol", [EIGHT_BIT, FLOAT], ids=lambda protocol: protocol.name)
@pytest.mark.parametrize("augment", [False, True])
def test_each_scene_counts_by_its_pixels(protocol: Protocol, augment: bool) -> None:
    scenes = [random(3, 40, 33, seed=1), 0.2 * random(3, 24, 30, seed=2)]
    degradation = protocol.degradation(3)
    bank = PatchBank(
        scenes, degradation, count=2, size=16, seed=0, device=CPU.torch, augment=augment
    )
    pixels = [degradation.ground_truth(scene).double().flatten(1) for scene in scenes]
    expected = torch.cat(pixels, dim=1).mean(1)
    torch.testing.assert_close(bank.band_means().double(), expected, rtol=0, atol=EPS)


@pytest.mark.parametrize("cls", [Centring, CentringBands])
def test_they_come_with_the_weights(tiny: Split, cls: type[Centring]) -> None:
    state = trained(tiny, cls()).state
    again = rebuild(cls(), state, problem(2, 5), Recipe(), CPU)
    assert again.state_dict().keys() == state.keys()
    assert torch.equal(again.get_buffer("means"), state["means"])


def test_they_are_zero_where_they_are_not_known() -> None:
    task = problem(2, 5)
    assert task.band_means.tolist() == [0.0] * 5
    assert problem_of_network(CentringBands(), task).band_means.tolist() == [0.0]
    assert start(Centring(), task, Recipe()).get_buffer("means").tolist() == [[[0.0]]] * 5
    # Means of other bands would be wrong ones.
    degradation = task.degradation
    other = Problem(2, 3, (8, 8), degradation, band_means=torch.ones(5))
    assert other.band_means.tolist() == [0.0] * 3
    assert other == Problem(2, 3, (8, 8), degradation)
