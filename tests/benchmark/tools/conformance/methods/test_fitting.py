"""Checks of learning: each detects its faults, and its reason describes them."""

import random
import re
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.method import (
    METHODS,
    Inputs,
    IterativeMethod,
    Method,
    NetworkMethod,
    Problem,
    Run,
    State,
)
from benchmark.plugins.discovery import load
from benchmark.tools.conformance import Conformance
from tests.benchmark.tools.conformance.methods.support import (
    Layers,
    Sound,
    SoundNetwork,
    faulty,
    network_of,
    reason_of,
    upscaling,
)


def drawing(draw: Callable[[], float]) -> type[Method]:
    """Return a method that learns a number drawn by this function."""
    return faulty(
        fit=lambda _self, _scenes, _problem: {"level": torch.tensor(draw())},
        upscale=lambda _self, low, _problem, state: low + state["level"],
    )


def test_scenes_are_an_iterable_as_in_a_run() -> None:
    cls = faulty(
        fit=lambda _self, scenes, _problem: {"level": scenes[0].mean()},
        upscale=lambda _self, low, _problem, state: low + state["level"],
    )
    found = "TypeError: 'TrainingScenes' object is not subscriptable"
    assert reason_of(cls, "deterministic") == found


def unseeded() -> float:
    """Draw from a new generator without a seed."""
    return float(np.random.default_rng().random())


def unseeded_network(_self: Method, bands: int, _scale: int) -> nn.Module:
    """Build a network with initial weights that differ each time."""
    network = Layers(bands)
    nn.init.constant_(network.layer.weight, 0.01 * unseeded())
    return network


names = count()
UNSEEDED: dict[str, tuple[type[Method], str]] = {
    "state": (drawing(unseeded), "learning twice gives different values of level"),
    "weights": (
        faulty(SoundNetwork, network=unseeded_network),
        "learning twice gives different values of layer.weight, layer.bias",
    ),
    "estimate": (
        upscaling(lambda low, _: low + unseeded()),
        "estimating a scene twice gives different estimates",
    ),
    "names": (
        faulty(fit=lambda *_: {f"a{next(names)}": torch.zeros(1)}),
        "learning twice gives other names: ['a0', 'a1']",
    ),
}


@pytest.mark.parametrize("what", UNSEEDED)
def test_a_result_that_differs_each_time(what: str) -> None:
    cls, reason = UNSEEDED[what]
    assert reason_of(cls, "deterministic") == reason


GLOBAL = [
    lambda: float(torch.rand(())),
    lambda: float(np.random.rand()),  # noqa: NPY002 - the global state is tested
    random.random,
]
OTHER = "another state of the global random generators gives "


@pytest.mark.parametrize("draw", GLOBAL, ids=["torch", "numpy", "python"])
def test_a_method_that_reads_the_global_random_state(draw: Callable[[], float]) -> None:
    learned = reason_of(drawing(draw), "random-state-ignored")
    assert learned == OTHER + "different values of level"
    reason = reason_of(upscaling(lambda low, _: low + draw()), "random-state-ignored")
    assert reason == OTHER + "a different estimate of a scene"


def test_a_network_that_draws_while_it_estimates() -> None:
    cls = network_of(lambda layers, x: Layers.forward(layers, x + 0.01 * torch.rand_like(x)))
    reason = reason_of(cls, "random-state-ignored")
    assert reason == OTHER + "a different estimate of a scene"
    assert reason_of(cls, "random-state-kept") == "it changes the global random state of torch"


@pytest.mark.parametrize(
    ("seed", "name"),
    [(torch.manual_seed, "torch"), (np.random.seed, "numpy"), (random.seed, "python")],
)
def test_a_method_that_seeds_the_global_generators(seed: Callable[[int], Any], name: str) -> None:
    def draw() -> float:
        seed(7)
        return 0.5

    for cls in (drawing(draw), upscaling(lambda low, _: low + draw())):
        reason = reason_of(cls, "random-state-kept")
        assert reason == f"it changes the global random state of {name}"


def ascending(
    self: NetworkMethod, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem
) -> Tensor:
    """Compute the loss, with its gradient reversed."""
    error = NetworkMethod.loss(self, output, truth, inputs, problem)
    return 2 * error.detach() - error


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (ascending, r"the loss is \S+ over the first 5 of 20 steps and \S+ over the last 5"),
        (
            lambda _self, output, *_: 0 * output.sum() + 0.25,
            r"the loss is 0\.25 over the first 5 of 20 steps and 0\.25 over the last 5",
        ),
        (
            lambda _self, output, *_: (0 * output.sum() - 1).sqrt(),
            "TrainingError: the loss became nan before step 1",
        ),
    ],
)
def test_a_loss_that_does_not_decrease(loss: Callable[..., Tensor], reason: str) -> None:
    found = reason_of(faulty(SoundNetwork, loss=loss), "loss-goes-down")
    assert re.fullmatch(reason, found)


@pytest.mark.parametrize("drawn", [True, False])
def test_a_network_with_state_outside_its_weights(drawn: bool) -> None:
    class Hiding(Layers):
        """Has a gain that is drawn, or found while training."""

        def __init__(self, bands: int) -> None:
            super().__init__(bands)
            self.gain = 1 + float(torch.rand(())) if drawn else 1.0

        def forward(self, x: Tensor) -> Tensor:
            if self.training and not drawn:
                self.gain = 0.7
            return self.gain * super().forward(x)

    cls = faulty(SoundNetwork, network=lambda _self, bands, _scale: Hiding(bands))
    assert re.fullmatch(
        r"a scene has [\d.]+ dB when trained, [\d.]+ dB when its weights are loaded: something is "
        "not in the weights",
        reason_of(cls, "weights-round-trip"),
    )


def test_a_state_with_more_than_tensors() -> None:
    class Kept(dict[str, Tensor]):
        level = 0.5

    def upscale(_self: Method, low: Tensor, _problem: object, state: State) -> Tensor:
        return low + getattr(state, "level", 0.0)

    cls = faulty(fit=lambda *_: Kept(nothing=torch.zeros(1)), upscale=upscale)
    expected = "its state gives another estimate after it was stored"
    assert reason_of(cls, "weights-round-trip") == expected


def test_a_method_that_changes_settings_or_functions_when_it_is_called() -> None:
    def upscale(_self: Method, low: Tensor, _problem: object, _state: State) -> Tensor:
        torch.set_default_dtype(torch.float64)
        np.seterr(all="raise")
        torch.relu = torch.tanh
        return low

    before = torch.relu
    expected = "it changes numpy's treatment of errors, the default type of torch, torch.relu"
    assert reason_of(faulty(upscale=upscale), "global-state-kept") == expected
    assert torch.relu is before


def test_a_loop_that_changes_settings_or_its_images() -> None:
    class Loop(IterativeMethod):
        """Has a loop of its own."""

        inputs = ("low", "upscaled")

        def reconstruct(self, inputs: Inputs, problem: Problem, state: State, run: Run) -> Tensor:
            torch.set_default_dtype(torch.float64)
            inputs["low"].add_(1)
            return inputs["upscaled"]

    found = reason_of(Loop, "global-state-kept")
    assert found == "it changes the default type of torch"
    assert reason_of(Loop, "input-not-modified") == "it changes its input 'low'"


def test_a_method_whose_import_changes_settings(tmp_path: Path) -> None:
    file = tmp_path / "rude.py"
    file.write_text(
        "import torch\ntorch.set_default_dtype(torch.float64)\n"
        "from tests.benchmark.tools.conformance.methods.support import Sound\n"
        "from benchmark.method import register\n"
        "@register('rude')\nclass Rude(Sound):\n    pass\n"
    )
    load(file, METHODS)
    result = Conformance(METHODS.make("rude")).check("global-state-kept")
    assert result.reason == "importing its file changes the default type of torch"


@pytest.mark.parametrize(
    ("member", "value", "check", "reason"),
    [
        (
            "fit",
            None,
            "weights-round-trip",
            "TypeError: fit returned None, expected a dict of named",
        ),
        (
            "fit",
            7,
            "weights-round-trip",
            "TypeError: fit returned an int, expected a dict of named",
        ),
        (
            "upscale",
            None,
            "shape-x2",
            "TypeError: upscale returned None, expected a tensor of shape",
        ),
        (
            "upscale",
            torch.zeros(1, requires_grad=True),
            "finite",
            "ValueError: upscale returned an estimate that records gradients, expected one that",
        ),
    ],
)
def test_what_a_method_returned_is_named(
    member: str, value: object, check: str, reason: str
) -> None:
    cls = type("Faulty", (Sound,), {"__doc__": "Is faulty.", member: lambda *_: value})
    assert reason_of(cls, check).startswith(reason)
