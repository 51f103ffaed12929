"""The checks of learning: each can fail, and its reason says how."""

import random
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.method import Method, NetworkMethod, Problem, State
from tests.benchmark.tools.conformance.support import (
    Layers,
    Sound,
    SoundNetwork,
    network_of,
    reason_of,
    upscaling,
)


class Learns(Sound):
    """Learns a level by `draw`."""

    def draw(self) -> float:
        raise NotImplementedError

    def fit(self, scenes: Iterable[Tensor], problem: Problem) -> State:
        return {"level": torch.tensor(self.draw())}

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        return low + state["level"]


def drawing(draw: Callable[[], float]) -> type[Method]:
    """Return a method that learns a number drawn by this function."""
    return type("Faulty", (Learns,), {"draw": lambda _self: draw(), "__doc__": "Draws."})


def own_unseeded() -> float:
    """Draw from a new generator without a seed."""
    return float(np.random.default_rng().random())


GLOBAL = [
    lambda: float(torch.rand(())),
    lambda: float(np.random.rand()),  # noqa: NPY002 - the global state is what is meant
    random.random,
]


def test_a_method_that_learns_something_else_each_time() -> None:
    expected = "learning twice gives different values of level"
    assert reason_of(drawing(own_unseeded), "deterministic") == expected


def test_a_network_with_unseeded_initial_weights() -> None:
    class Wild(NetworkMethod):
        """Initialises without a seed."""

        def network(self, bands: int, scale: int) -> nn.Module:
            network = Layers(bands)
            nn.init.constant_(network.layer.weight, 0.01 * own_unseeded())
            return network

    expected = "learning twice gives different values of layer.weight, layer.bias"
    assert reason_of(Wild, "deterministic") == expected


def test_a_method_that_estimates_something_else_each_time() -> None:
    faulty = upscaling(lambda low, _: low + own_unseeded())
    expected = "estimating a scene twice gives different estimates"
    assert reason_of(faulty, "deterministic") == expected


def test_a_state_with_other_names_each_time() -> None:
    kept: list[None] = []

    class Names(Sound):
        """Counts in names."""

        def fit(self, scenes: Iterable[Tensor], problem: Problem) -> State:
            kept.append(None)
            return {f"a{len(kept)}": torch.zeros(1)}

    expected = "learning twice gives other names: ['a1', 'a2']"
    assert reason_of(Names, "deterministic") == expected


@pytest.mark.parametrize("draw", GLOBAL, ids=["torch", "numpy", "python"])
def test_a_method_that_reads_the_global_random_state(draw: Callable[[], float]) -> None:
    what = "another state of the global random generators gives "
    learned = reason_of(drawing(draw), "random-state-ignored")
    assert learned == what + "different values of level"
    faulty = upscaling(lambda low, _: low + draw())
    assert reason_of(faulty, "random-state-ignored") == what + "a different estimate of a scene"


def test_a_network_that_draws_while_it_estimates() -> None:
    faulty = network_of(lambda layers, x: Layers.forward(layers, x + 0.01 * torch.rand_like(x)))
    what = "another state of the global random generators gives "
    assert reason_of(faulty, "random-state-ignored") == what + "a different estimate of a scene"
    assert reason_of(faulty, "random-state-kept") == "it changes the global random state of torch"


@pytest.mark.parametrize(
    ("seed", "name"),
    [(torch.manual_seed, "torch"), (np.random.seed, "numpy"), (random.seed, "python")],
)
def test_a_method_that_seeds_the_global_generators(seed: Callable[[int], Any], name: str) -> None:
    def draw() -> float:
        seed(7)
        return 0.5

    changes = f"it changes the global random state of {name}"
    assert reason_of(drawing(draw), "random-state-kept") == changes
    faulty = upscaling(lambda low, _: low + draw())
    assert reason_of(faulty, "random-state-kept") == changes


def test_a_loss_that_rises() -> None:
    class Backwards(SoundNetwork):
        """Reverses its gradient."""

        def loss(self, output: Tensor, truth: Tensor) -> Tensor:
            error = super().loss(output, truth)
            return 2 * error.detach() - error

    reason = reason_of(Backwards, "loss-goes-down")
    assert re.fullmatch(
        r"the loss is [\d.e-]+ over the first 5 of 20 steps and [\d.e-]+ over the last 5", reason
    )


def test_a_loss_that_does_not_change() -> None:
    class Idle(SoundNetwork):
        """Has weights without effect."""

        def loss(self, output: Tensor, truth: Tensor) -> Tensor:
            return 0 * output.sum() + 0.25

    expected = "the loss is 0.25 over the first 5 of 20 steps and 0.25 over the last 5"
    assert reason_of(Idle, "loss-goes-down") == expected


def test_a_loss_that_is_no_number() -> None:
    class Lost(SoundNetwork):
        """Takes the root of something negative."""

        def loss(self, output: Tensor, truth: Tensor) -> Tensor:
            return (output.sum() - output.sum() - 1).sqrt()

    expected = "TrainingError: the loss became nan before step 1"
    assert reason_of(Lost, "loss-goes-down") == expected


@pytest.mark.parametrize("drawn", [True, False])
def test_a_network_with_something_that_is_not_in_its_weights(drawn: bool) -> None:
    class Hiding(Layers):
        """Has a gain that is drawn, or found while training."""

        def __init__(self, bands: int) -> None:
            super().__init__(bands)
            self.gain = 1 + float(torch.rand(())) if drawn else 1.0

        def forward(self, x: Tensor) -> Tensor:
            if self.training and not drawn:
                self.gain = 0.7
            return self.gain * super().forward(x)

    class Hides(NetworkMethod):
        """Has more than its weights."""

        def network(self, bands: int, scale: int) -> nn.Module:
            return Hiding(bands)

    reason = reason_of(Hides, "weights-round-trip")
    assert re.fullmatch(
        r"a scene has [\d.]+ dB when trained, [\d.]+ dB when its weights are loaded: something is "
        "not in the weights",
        reason,
    )


def test_a_state_that_lives_in_more_than_tensors() -> None:
    class Kept(dict[str, Tensor]):
        level = 0.0

    class Remembers(Sound):
        """Hides a number in its state."""

        def fit(self, scenes: Iterable[Tensor], problem: Problem) -> State:
            state = Kept(nothing=torch.zeros(1))
            state.level = 0.5
            return state

        def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
            return low + getattr(state, "level", 0.0)

    expected = "its state gives another estimate after it was stored"
    assert reason_of(Remembers, "weights-round-trip") == expected
