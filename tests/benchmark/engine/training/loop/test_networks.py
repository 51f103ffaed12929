"""Networks of every kind are trained, in float32 and in bfloat16."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from benchmark.data.split import Split
from benchmark.engine.machine.device import Device
from benchmark.engine.training.loop import TrainingTask, train
from benchmark.engine.training.validation import Validation
from benchmark.method import NetworkMethod, Problem, Recipe
from tests.benchmark.engine.training.support import SHORT, Given, held_out
from tests.benchmark.support import (
    CPU,
    SamePatches,
    Volume,
    bank_of,
    network_method,
    problem,
    random,
)


def tied() -> nn.Module:
    """Make two layers that share their weights."""
    first, second = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
    second.weight = first.weight
    return nn.Sequential(first, second)


def frozen() -> nn.Module:
    """Make two layers, the first of which is not to be trained."""
    first, second = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
    return nn.Sequential(first.requires_grad_(False), second)


def normed() -> nn.Module:
    """Make a layer with a batch normalisation, which has state besides its weights."""
    return nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3))


LAYER = 3 * 3 * 9 + 3


@pytest.mark.parametrize(
    ("build", "parameters"),
    [(frozen, LAYER), (normed, LAYER + 2 * 3), (Volume, None), (tied, LAYER + 3)],
)
def test_networks_of_every_kind_train_and_count_what_is_trained(
    build: Callable[[], nn.Module], parameters: int | None
) -> None:
    class Built(NetworkMethod):
        def network(self, problem: Problem) -> nn.Module:
            return build()

    x = random(1, 3, 12, 12)
    bank = SamePatches(x, 0.5 * x, 2)
    made = train(TrainingTask(Built(), problem(2, 3), SHORT, 0, bank), CPU)
    assert made.history[-1]["loss"] < made.history[0]["loss"]
    build().load_state_dict(dict(made.state))
    assert parameters in (None, made.parameters)


def test_in_bfloat16_the_weights_stay_in_float32(tiny: Split) -> None:
    method, task = network_method("srcnn"), problem(2, 5)
    pairs = held_out(tiny, method, task)
    states = []
    for device in (CPU, Device(CPU.torch, True)):
        made = train(TrainingTask(method, task, SHORT, 0, bank_of(tiny.train, 2), pairs), device)
        assert {tensor.dtype for tensor in made.state.values()} == {torch.float32}
        states.append(made.state["0.weight"])
    torch.testing.assert_close(states[1], states[0], rtol=0, atol=0.05)
    assert not torch.equal(states[1], states[0])


def test_validation_is_in_float32_where_training_is_in_bfloat16() -> None:
    """A rate near zero leaves both weights as they are, so that only precision could differ."""
    recipe = Recipe(optimiser="sgd", lr=1e-30, batch_size=1, epochs=1, schedule="constant")
    profile = Given("given", "", patches=1, by=recipe)
    method, task = network_method("srcnn"), problem(2, 2)
    x = random(1, 2, 24, 24)
    found = []
    for device in (CPU, Device(CPU.torch, True)):
        held = [Validation({"upscaled": x[0]}, x[0] / 2, 0.0)]
        bank = SamePatches(x.view(2, 1, 24, 24), x.view(2, 1, 24, 24), 1)
        bank.bands = 2
        found.append(train(TrainingTask(method, task, profile, 0, bank, held), device).history[0])
    assert found[0]["psnr"] == found[1]["psnr"]
    assert found[0]["loss"] != found[1]["loss"]
