"""A network that is given the low-resolution image and the upscaled one."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.data.patches import PatchBank, draw
from benchmark.data.split import Split
from benchmark.engine.inference.building import start
from benchmark.engine.inference.estimation import method_inputs
from benchmark.engine.inference.tiling import run_network
from benchmark.engine.operations import multiplications_per_pixel
from benchmark.engine.training.checkpoint import NullCheckpointer
from benchmark.engine.training.listener import ProgressListener
from benchmark.engine.training.loop import TrainingTask, train
from benchmark.engine.training.profiles import Profile
from benchmark.engine.training.validation import validation_pair
from benchmark.execution.computation.evaluation import compute
from benchmark.method import METHODS, Inputs, NetworkMethod, Problem, Recipe, register
from tests.benchmark.execution.computation.support import BRIEF, planned
from tests.benchmark.support import CPU, EIGHT_BIT, EPS, problem, random

SCALE, SIZE, BANDS = 3, 16, 5  # six samples of 3 pixels: the upscaled patch has two pixels more


class Fusion(nn.Module):
    """Adds sub-pixels of the low-resolution image to a convolution of the upscaled one."""

    def __init__(self, bands: int, scale: int) -> None:
        super().__init__()
        self.low = nn.Conv2d(bands, bands * scale**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(scale)
        self.upscaled = nn.Conv2d(bands, bands, 3, padding=1)

    def forward(self, low: Tensor, upscaled: Tensor) -> Tensor:
        """Map both images to the estimate, of the size of the upscaled one."""
        out: Tensor = self.shuffle(self.low(low)) + self.upscaled(upscaled)
        return out


class Both(NetworkMethod):
    """Is given both images."""

    name = "both"
    inputs = ("low", "upscaled")

    def network(self, problem: Problem) -> nn.Module:
        return Fusion(problem.bands, problem.scale)


class BothOfABand(Both):
    """Is given both images of one band."""

    bandwise = True


class Baseline(nn.Module):
    """Returns the upscaled image times a weight near one."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, low: Tensor, upscaled: Tensor) -> Tensor:
        """Ignore the low-resolution image."""
        return self.weight * upscaled


def bank(scenes: list[Tensor]) -> PatchBank:
    """Draw ten patches."""
    degradation = EIGHT_BIT.degradation(SCALE)
    return PatchBank(scenes, degradation, count=10, size=SIZE, seed=0, device=CPU.torch)


@pytest.mark.parametrize("order", [("low", "upscaled"), ("upscaled", "low")])
def test_the_upscaled_patch_is_extended_to_the_low_one_times_the_scale(
    order: tuple[str, ...],
) -> None:
    """Inside it is the crop of the whole upscaled image, as without the other image."""
    scenes = [random(BANDS, 40, 43, seed=seed) for seed in (1, 2)]
    made, patches = bank(scenes), torch.arange(10)
    inputs, truth = made.batch(patches, order, None)
    assert tuple(inputs) == order
    assert inputs["low"].shape == (10, BANDS, 6, 6)
    assert inputs["upscaled"].shape == (10, BANDS, 18, 18)
    assert truth.shape == (10, BANDS, SIZE, SIZE)
    alone, _ = made.batch(patches, ["upscaled"], None)
    assert torch.equal(inputs["upscaled"][..., :SIZE, :SIZE], alone["upscaled"])
    degradation = EIGHT_BIT.degradation(SCALE)
    places = draw([(40, 43)] * 2, 10, SIZE, SCALE, 0).tolist()
    for index, (scene, row, column) in enumerate(places):
        low = degradation.low(degradation.ground_truth(scenes[scene]))
        up = degradation.upscale(low, (40, 43))[:, row : row + SIZE, column : column + SIZE]
        found = inputs["upscaled"][index, :, :SIZE, :SIZE]
        torch.testing.assert_close(found, up, rtol=0, atol=16 * EPS)


def test_each_band_of_a_band_wise_network_keeps_its_pair() -> None:
    made = bank([random(BANDS, 40, 43)])
    patches, bands = torch.tensor([4, 7]), torch.tensor([[3, 0], [1, 1]])
    whole, _ = made.batch(patches, Both.inputs, None)
    chosen, _ = made.batch(patches, Both.inputs, bands)
    for name, image in chosen.items():
        expected = [whole[name][n, b] for n, pair in enumerate(bands.tolist()) for b in pair]
        torch.testing.assert_close(image[:, 0], torch.stack(expected), rtol=0, atol=EPS)


def trained(method: NetworkMethod) -> Any:
    """Train for two steps at x3, where the truth is smaller than the estimate."""
    profile = Profile("", "", 10, SIZE, epochs=1, batch=5, bands=2, validations=2)
    task, made = problem(SCALE, BANDS), bank([random(BANDS, 40, 43)])
    pairs = [validation_pair(random(BANDS, 40, 43, seed=9), method, task, 0)]
    return train(TrainingTask(method, task, profile, 0, made, pairs), CPU)


@pytest.mark.parametrize(("cls", "bands"), [(Both, BANDS), (BothOfABand, 1)])
def test_the_loss_is_given_inputs_and_problem(cls: type[Both], bands: int) -> None:
    seen: list[tuple[Any, Tensor, Inputs, Problem]] = []

    class Seeing(cls):  # type: ignore[valid-type,misc]
        def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
            seen.append((output, truth, inputs, problem))
            loss: Tensor = super().loss(output, truth, inputs, problem)
            return loss

    assert len(trained(Seeing()).history) == 2
    for output, truth, inputs, given in seen:
        assert output.shape == truth.shape == (len(truth), bands, SIZE, SIZE)
        assert inputs["low"].shape == (len(truth), bands, 6, 6)
        assert inputs["upscaled"].shape == (len(truth), bands, 18, 18)
        assert (given.scale, given.bands) == (SCALE, bands)
        assert given.band_means.shape == (bands,)


def test_a_step_of_its_own_may_call_the_network_twice() -> None:
    called: list[int] = []

    class Twice(Both):
        def training_step(
            self, forward: Any, inputs: Inputs, truth: Tensor, problem: Problem
        ) -> Tensor:
            first = forward(inputs)
            low = problem.degradation.low(first[0].detach())[None]
            again = forward({"low": low[..., :6, :6], "upscaled": inputs["upscaled"][:1]})
            called.append(len(first))
            assert first.dtype == again.dtype == torch.float32
            assert again.shape[-2:] == truth.shape[-2:]
            loss: Tensor = self.loss(first, truth, inputs, problem) + 0 * again.mean()
            return loss

    made, plain = trained(Twice()), trained(Both())
    assert called == [5, 5]
    # The second call adds nothing to the loss: the same weights as with the default step.
    for name, value in plain.state.items():
        torch.testing.assert_close(made.state[name], value)


def test_a_step_of_its_own_that_returns_no_scalar_is_named() -> None:
    class Odd(Both):
        def training_step(
            self, forward: Any, inputs: Inputs, truth: Tensor, problem: Problem
        ) -> Tensor:
            out: Tensor = forward(inputs)
            return out - truth

    with pytest.raises(ValueError, match="expected a scalar"):
        trained(Odd())


def test_the_crops_of_a_validation_pair_agree_with_the_whole() -> None:
    task, truth = problem(SCALE, BANDS), random(BANDS, 40, 43)
    whole = validation_pair(truth, Both(), task, 0)
    assert {name: image.shape[1:] for name, image in whole.inputs.items()} == {
        "low": (14, 15),
        "upscaled": (42, 45),
    }
    part = validation_pair(truth, Both(), task, 20)
    row, column = 9, 9  # the multiples of 3 at or before (40 - 20) / 2 and (43 - 20) / 2
    assert torch.equal(part.truth, whole.truth[:, row : row + 20, column : column + 20])
    low, up = part.inputs["low"], part.inputs["upscaled"]
    assert (low.shape[1:], up.shape[1:]) == ((7, 7), (21, 21))
    assert torch.equal(low, whole.inputs["low"][:, 3:10, 3:10])
    assert torch.equal(up, whole.inputs["upscaled"][:, 9:30, 9:30])


@pytest.mark.parametrize("cls", [Both, BothOfABand])
@pytest.mark.parametrize("scale", [2, 3])
def test_tiles_of_both_images_equal_the_whole(cls: type[Both], scale: int) -> None:
    method, task = cls(), problem(scale, 2, (40 * scale - 1, 37 * scale))
    torch.manual_seed(0)
    network = start(method, task, Recipe())
    assert method.halo(network) == 2
    doubled = network.double()
    doubled.register_forward_pre_hook(lambda _, images: tuple(one.double() for one in images))
    shapes: list[tuple[int, ...]] = []
    doubled.register_forward_pre_hook(
        lambda _, images: shapes.append(tuple(size for one in images for size in one.shape[2:]))
    )
    inputs = method_inputs(method, task.degradation, random(2, *task.shape))
    whole = run_network(method, doubled, inputs, task, CPU, 2**40)
    shapes.clear()
    tiled = run_network(method, doubled, inputs, task, CPU, 1)
    assert whole.shape == tiled.shape == (2, 40 * scale, 37 * scale)
    assert len(shapes) > 6
    assert all(
        (high, wide) == (scale * rows, scale * columns) for rows, columns, high, wide in shapes
    )
    torch.testing.assert_close(tiled, whole, rtol=EPS, atol=1e-12)


def test_an_estimate_of_another_size_is_named_with_both_images() -> None:
    class First(Fusion):
        def forward(self, low: Tensor, upscaled: Tensor) -> Tensor:
            return low

    class Small(Both):
        def network(self, problem: Problem) -> nn.Module:
            return First(2, 2)

    method, task = Small(), problem(2, 2, (8, 6))
    inputs = method_inputs(method, task.degradation, random(2, 8, 6))
    expected = r"maps \(1, 2, 4, 3\) and \(1, 2, 8, 6\) to \(1, 2, 4, 3\), expected \(1, 2, 8, 6\)"
    with pytest.raises(ValueError, match=expected):
        run_network(method, start(method, task, Recipe()), inputs, task, CPU)


def test_operations_are_counted_on_both_images() -> None:
    method, task = Both(), problem(2, BANDS)
    network = start(method, task, Recipe())
    expected = 9 * BANDS * BANDS * 4 / 4 + 9 * BANDS * BANDS
    assert multiplications_per_pixel(method, network, task, 24) == expected


@pytest.mark.usefixtures("registries")
@pytest.mark.parametrize("scale", [2, 3])
def test_a_cell_of_such_a_network_is_scored_at_the_size_of_the_truth(
    tiny: Split, scale: int
) -> None:
    """The network returns the upscaled image: the scores are those of Bicubic."""

    @register("both", title="Both")
    class Interpolated(Both):
        recipe = Recipe(lr=1e-30)

        def network(self, problem: Problem) -> nn.Module:
            return Baseline()

    rows = []
    profile = replace(BRIEF, patch=16, patches=4, epochs=0)
    for method in ("both", "bicubic"):
        plan = planned(tiny, METHODS.make(method), scale=scale, profile=profile)
        _, files = compute(plan, CPU, ProgressListener(), NullCheckpointer())
        rows.append(files["scores.csv"])
    assert rows[0] == rows[1]
