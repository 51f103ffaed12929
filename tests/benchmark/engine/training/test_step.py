"""One training step: the same in one part or several, and what happens when memory runs out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from torch import Tensor, nn

from benchmark.data.patches import PatchBank
from benchmark.data.split import Split
from benchmark.engine.training.checkpoint import Stopped
from benchmark.engine.training.loop import Trained, TrainingTask, train
from benchmark.engine.training.step import Step
from benchmark.method import Inputs, NetworkMethod, Problem, Recipe
from tests.benchmark.engine.machine.test_seeding import in_a_file
from tests.benchmark.engine.training.support import Given, held_out
from tests.benchmark.engine.training.test_checkpoint import after, checkpoint, same
from tests.benchmark.support import (
    CPU,
    EPS,
    bank_of,
    exact,
    network_method,
    problem,
    reordered,
)

# Adam would turn the last bits of a gradient near zero into whole steps.
SGD = Recipe(optimiser="sgd", lr=0.05, batch_size=4, epochs=2)
RECIPES = {
    "mean": SGD,
    "summed": Recipe(optimiser="sgd", lr=1e-5, loss_reduction="sum"),
    "unit": Recipe(optimiser="sgd", lr=0.05, normalise_gradient=True),
    "clipped": Recipe(optimiser="sgd", lr=0.05, clip_norm=1e-3),
}
CUBES = "proposed[subnetworks=2,middle=1]"
TASK = problem(2, 5)
# Networks are in float64 here: parts differ in the float32 scaling of the loss and of its slope,
# at most sixteen roundings of half an EPS on either side.
PARTS = 16 * EPS


class Crowded(nn.Module):
    """Two convolutions on a device whose memory holds so many images at a time in training."""

    def __init__(self, bands: int, limit: int, asked: list[int], message: str) -> None:
        super().__init__()
        self.message = message
        self.layers = nn.Sequential(nn.Conv2d(bands, 4, 3, padding=1), nn.Conv2d(4, bands, 1))
        self.limit, self.asked = limit, asked

    def forward(self, x: Tensor) -> Tensor:
        """Map any shape to itself."""
        if self.training:
            self.asked.append(len(x))
            if len(x) > self.limit:
                kind = torch.OutOfMemoryError if "CUDA" in self.message else RuntimeError
                raise kind(self.message)
        out: Tensor = self.layers(x)
        return out


@dataclass(frozen=True)
class Tight(NetworkMethod):
    """Needs more memory than there is; `asked` are the sizes of the batches it was trained on."""

    limit: int = 1000
    message: str = "CUDA out of memory. Tried to allocate 1.00 GiB"
    asked: list[int] = field(default_factory=list)
    name = "tight"

    def network(self, problem: Problem) -> nn.Module:
        """Build it."""
        return exact(Crowded(problem.bands, self.limit, self.asked, self.message))


class TightBands(Tight):
    """The same band by band."""

    bandwise = True


class Burst(torch.autograd.Function):
    """The identity; its first backward pass runs out of memory."""

    bursts = 0

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        """Map any shape to itself."""
        return x.clone()

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:
        """Fail once."""
        Burst.bursts += 1
        if Burst.bursts == 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB")
        return gradients[0]


def batch_of(method: NetworkMethod, count: int) -> tuple[Tensor, Tensor | None]:
    """Return patch indices and, for a band-wise method, two bands of each."""
    patches = torch.arange(count) * 2
    bands = torch.stack([torch.arange(count) % 5, (torch.arange(count) + 2) % 5], dim=1)
    return patches, bands if method.bandwise else None


def first(method: NetworkMethod, bands: int = 5, scale: int = 2) -> nn.Module:
    """Build the network with the same starting weights every time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return exact(method.network(problem(scale, 1 if method.bandwise else bands)))


def moved(network: nn.Module, before: Sequence[Tensor]) -> Tensor:
    """Return the change of every weight."""
    pairs = zip(network.parameters(), before, strict=True)
    return torch.cat([(now.detach() - then).flatten() for now, then in pairs])


def taken(
    method: NetworkMethod, bank: PatchBank, recipe: Recipe, count: int, *, parts: int, steps: int
) -> tuple[Tensor, list[float]]:
    """Take steps; return the change of the weights, and the losses."""
    network = first(method)
    before = [parameter.detach().clone() for parameter in network.parameters()]
    step = Step(method, TASK, network, bank, recipe, CPU)
    step.parts = parts
    losses = [float(step.take(*batch_of(method, count), recipe.lr)) for _ in range(steps)]
    assert step.parts == parts
    return moved(network, before), losses


@pytest.mark.parametrize("kind", RECIPES)
@pytest.mark.parametrize(
    ("reference", "count"), [("srcnn", 4), ("srcnn", 5), ("espcn", 3), (CUBES, 4), (CUBES, 7)]
)
def test_two_parts_take_the_step_that_one_takes(
    tiny: Split, reference: str, count: int, kind: str
) -> None:
    """Momentum is in it, and halves of different size; the weights move alike, not just little."""
    values = count * 5 * 16 * 16
    method, bank = network_method(reference), bank_of(tiny.train, 2, size=16)
    whole, losses = taken(method, bank, RECIPES[kind], count, parts=1, steps=2)
    halves, again = taken(method, bank, RECIPES[kind], count, parts=2, steps=2)
    assert whole.norm() > 0
    assert (halves - whole).norm() < PARTS * whole.norm()
    assert again == pytest.approx(losses, rel=reordered(values))


@pytest.mark.parametrize("parts", [1, 2])
def test_the_gradient_of_the_whole_batch_is_normalised_not_that_of_its_parts(
    tiny: Split, parts: int
) -> None:
    recipe = Recipe(optimiser="sgd", lr=0.25, momentum=0.0, normalise_gradient=True)
    distance, _ = taken(Tight(), bank_of(tiny.train, 2), recipe, 5, parts=parts, steps=1)
    assert float(distance.norm()) == pytest.approx(0.25, rel=1e-12)


def test_a_batch_is_divided_in_the_middle_and_each_part_keeps_its_bands(tiny: Split) -> None:
    method = TightBands()
    bank = bank_of(tiny.train, 2)
    taken(method, bank, SGD, 5, parts=2, steps=1)
    assert method.asked == [2 * 3, 2 * 2]


def test_a_batch_of_one_is_not_divided(tiny: Split) -> None:
    method = Tight()
    taken(method, bank_of(tiny.train, 2), SGD, 1, parts=2, steps=1)
    assert method.asked == [1]


def run(split: Split, method: NetworkMethod, checkpointer: Any = None) -> Trained:
    """Train for twelve steps of four patches."""
    task = problem(2, 5)
    profile = Given("given", "", patches=24, bands=2, validations=3, by=SGD)
    bank = bank_of(split.train, 2, count=24)
    # The engine refuses weights in float64, by which these networks add exactly.
    with patch("benchmark.engine.inference.building.network_of", lambda network: network):
        return train(
            TrainingTask(method, task, profile, 0, bank, held_out(split, method, task)),
            CPU,
            checkpointer=checkpointer,
        )


def alike(one: Trained, other: Trained) -> None:
    """Assert that two trainings moved the weights alike, parts or not."""
    assert one.state.keys() == other.state.keys()
    pair = [torch.cat([w.flatten() for w in made.state.values()]) for made in (one, other)]
    assert pair[0].dtype == torch.float64
    assert (pair[1] - pair[0]).norm() < PARTS * pair[0].norm()


@pytest.mark.parametrize(
    ("cls", "limit", "asked"),
    [(Tight, 2, [4] + [2, 2] * 12), (Tight, 3, [4] + [2, 2] * 12), (TightBands, 4, [8] + [4] * 24)],
)
def test_out_of_memory_the_same_step_is_taken_again_in_two_parts(
    tiny: Split, cls: type[Tight], limit: int, asked: list[int]
) -> None:
    free, tight = cls(), cls(limit)
    roomy, cramped = run(tiny, free), run(tiny, tight)
    assert free.asked == [asked[0]] * 12
    assert tight.asked == asked
    assert cramped.steps == roomy.steps == 12
    alike(roomy, cramped)
    for one, other in zip(roomy.history, cramped.history, strict=True):
        assert other["loss"] == pytest.approx(one["loss"], rel=reordered(4 * 5 * 32 * 32))
        # An estimate that is PARTS away changes an error of 10^(-PSNR / 20) by that much.
        decibels = 20 / math.log(10) * PARTS * 10 ** (one["psnr"] / 20)
        assert other["psnr"] == pytest.approx(one["psnr"], abs=decibels)


def test_that_a_batch_was_divided_stands_under_the_tables(tiny: Split) -> None:
    line = (
        "the device's memory was too small for a batch of 4: each was processed in 2 parts, "
        "accumulating their gradients"
    )
    assert line in run(tiny, Tight(2)).warnings
    assert line not in run(tiny, Tight()).warnings


def test_memory_that_runs_out_in_the_backward_pass_leaves_no_partial_gradient(tiny: Split) -> None:
    class Bursting(Tight):
        """The second convolution has its gradient when the memory runs out."""

        def network(self, problem: Problem) -> nn.Module:
            """Put the burst between the two."""
            made = super().network(problem)
            assert isinstance(made, Crowded)
            made.layers[0].register_forward_hook(lambda *given: Burst.apply(given[-1]))  # type: ignore[no-untyped-call]
            return made

    Burst.bursts = 0
    burst = run(tiny, Bursting())
    assert Burst.bursts == 1 + 2 * 12
    alike(run(tiny, Tight()), burst)


@pytest.mark.parametrize("message", ["CUDA out of memory.", "DefaultCPUAllocator: can't allocate"])
def test_parts_are_halved_down_to_one_sample(tiny: Split, message: str) -> None:
    method = Tight(1, message)
    cramped, roomy = run(tiny, method), run(tiny, Tight())
    assert method.asked == [4, 2, 1, 1, 1, 1] + [1] * 4 * 11
    assert "processed in 4 parts" in cramped.warnings[0]
    alike(roomy, cramped)


@pytest.mark.parametrize(("count", "asked"), [(1, [1]), (3, [3, 2, 1]), (4, [4, 2, 1])])
def test_out_of_memory_with_one_sample_is_an_error_and_changes_no_weight(
    tiny: Split, count: int, asked: list[int]
) -> None:
    method = Tight(0)
    network = first(method)
    before = [parameter.detach().clone() for parameter in network.parameters()]
    step = Step(method, TASK, network, bank_of(tiny.train, 2), SGD, CPU)
    with pytest.raises(MemoryError, match="tight: out of memory in a training step, even with one"):
        step.take(*batch_of(method, count), 0.1)
    assert method.asked == asked
    assert not moved(network, before).any()


def test_memory_that_gets_shorter_halves_the_parts_again(tiny: Split) -> None:
    method = Tight(3)
    network = first(method)
    assert isinstance(network, Crowded)
    step = Step(method, TASK, network, bank_of(tiny.train, 2), SGD, CPU)
    step.take(*batch_of(method, 4), 0.1)
    network.limit = 1
    step.take(*batch_of(method, 4), 0.1)
    assert method.asked == [4, 2, 2, 2, 1, 1, 1, 1]
    assert step.state()["parts"] == 4


def test_another_error_is_not_taken_for_a_lack_of_memory(tiny: Split) -> None:
    class Broken(Tight):
        def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
            raise RuntimeError("a mistake")

    method = Broken()
    with pytest.raises(RuntimeError, match="a mistake"):
        run(tiny, method)
    assert method.asked == [4]


@pytest.mark.parametrize("stop", [1, 5])
def test_a_resumed_training_remembers_that_memory_is_short(
    tiny: Split, tmp_path: Path, stop: int
) -> None:
    whole, file = run(tiny, Tight(2)), tmp_path / "training.checkpoint"
    with pytest.raises(Stopped):
        run(tiny, Tight(2), checkpoint(file, after(2 * stop)))
    method = Tight(2)
    again = run(tiny, method, checkpoint(file))
    assert set(method.asked) == {2}
    same(whole, again)
    assert again.warnings == whole.warnings
    assert "2 parts" in again.warnings[0]


def test_the_rate_of_a_step_is_the_one_given(tiny: Split) -> None:
    method, bank = Tight(), bank_of(tiny.train, 2)
    lengths = []
    for rate in (0.1, 0.2):
        network = first(method)
        before = [parameter.detach().clone() for parameter in network.parameters()]
        Step(method, TASK, network, bank, SGD, CPU).take(*batch_of(method, 4), rate)
        lengths.append(float(moved(network, before).norm()))
    assert lengths[1] == pytest.approx(2 * lengths[0], rel=1e-12)


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_the_state_is_all_that_the_next_step_depends_on(tiny: Split, kind: str) -> None:
    method, bank = Tight(), bank_of(tiny.train, 2)
    recipe = Recipe(optimiser=kind, lr=0.01)  # type: ignore[arg-type]
    network, other = first(method), first(method)
    step, restored = (Step(method, TASK, made, bank, recipe, CPU) for made in (network, other))
    for count in (4, 3):
        step.take(*batch_of(method, count), 0.01)
    other.load_state_dict(network.state_dict())
    restored.restore(in_a_file(step.state()))
    for made in (step, restored):
        made.take(*batch_of(method, 5), 0.02)
    assert not moved(network, list(other.parameters())).any()


def test_a_network_that_was_validated_goes_back_to_training(tiny: Split) -> None:
    """Dropout and batch norm know the difference."""
    method = Tight()
    network = first(method)
    step = Step(method, TASK, network, bank_of(tiny.train, 2), SGD, CPU)
    for _ in range(2):
        network.eval()
        step.take(*batch_of(method, 4), 0.1)
    assert method.asked == [4, 4]
