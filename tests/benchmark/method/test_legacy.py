"""Plugins of earlier versions: `sees`, `network(bands, scale)` and `loss(output, truth)`."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.engine.inference.building import start
from benchmark.engine.inference.estimation import method_inputs
from benchmark.engine.training.loop import TrainingTask, train
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError
from benchmark.method import METHODS, Method, NetworkMethod, Problem, Recipe, parameter, register
from tests.benchmark.support import CPU, Gain, SamePatches, problem, random

pytestmark = pytest.mark.usefixtures("registries")


def former(**members: Any) -> type[NetworkMethod]:
    """Return a network method as plugins of version 0.4 declare it."""

    def network(_self: object, bands: int, scale: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(bands, bands * scale**2, 3, padding=1), nn.PixelShuffle(scale)
        )

    declared = {"sees": "decimated", "network": network, **members}
    return type("Former", (NetworkMethod,), declared)


def test_a_network_of_bands_and_scale_is_built_from_the_problem() -> None:
    network = start(former()(), problem(3, 4), Recipe())
    assert network(random(1, 4, 5, 6)).shape == (1, 4, 15, 18)
    bandwise = start(former(bandwise=True)(), problem(3, 4), Recipe())
    assert bandwise(random(1, 1, 5, 6)).shape == (1, 1, 15, 18)


def test_it_may_still_be_called_with_bands_and_scale() -> None:
    method: Any = former()()
    for network in (method.network(4, 2), method.network(bands=4, scale=2)):
        assert network(random(1, 4, 5, 6)).shape == (1, 4, 10, 12)


@pytest.mark.parametrize(("sees", "name"), [("decimated", "low"), ("upscaled", "upscaled")])
def test_what_a_method_sees_is_its_input(sees: str, name: str) -> None:
    method, task = former(sees=sees)(), problem(2, 3)
    assert method.inputs == (name,)
    assert list(method_inputs(method, task.degradation, random(3, 8, 6))) == [name]


def test_a_method_may_see_what_a_parameter_says() -> None:
    @register("former", title="Former")
    class Former(Method):
        small: bool = parameter(default=False, help="sees the decimated image")

        @property
        def sees(self) -> str:
            return "decimated" if self.small else "upscaled"

    assert METHODS.make("former[small=true]").inputs == ("low",)
    assert METHODS.make("former").inputs == ("upscaled",)


def test_a_subclass_that_declares_inputs_is_given_those() -> None:
    later = type("Later", (former(),), {"inputs": ("upscaled",)})
    assert later().inputs == ("upscaled",)


def test_an_unknown_value_of_sees_is_refused_when_it_is_registered() -> None:
    with pytest.raises(RequestError, match=r"as `inputs`, found 'lowres'"):
        register("former", title="Former")(former(sees="lowres"))


def test_a_loss_of_output_and_truth_trains_a_network() -> None:
    def loss(_self: object, output: Tensor, truth: Tensor) -> Tensor:
        return (output - truth).abs().mean()

    x = random(1, 2, 6, 6)
    cls = former(loss=loss, sees="upscaled", network=lambda _self, _bands, _scale: Gain(0.5))
    task = TrainingTask(
        cls(), problem(2, 2), Profile("", "", 1, 6, 2, batch=1), 0, SamePatches(x, x, 1)
    )
    first = train(task, CPU).history[0]["loss"]
    assert first == pytest.approx(float(0.5 * x.mean()), rel=1e-5)


def test_a_subclass_may_extend_a_former_loss_and_a_former_network() -> None:
    def loss(_self: object, output: Tensor, truth: Tensor) -> Tensor:
        return (output - truth).abs().mean()

    class Extended(former(loss=loss)):  # type: ignore[misc]
        def loss(self, output: Any, truth: Tensor, inputs: Any, problem: Problem) -> Tensor:
            loss: Tensor = 2 * super().loss(output, truth, inputs, problem)
            return loss

        def network(self, problem: Problem) -> nn.Module:
            return nn.Sequential(super().network(problem), nn.ReLU())

    method, ones = Extended(), torch.ones(1, 4, 2, 2)
    assert float(method.loss(3 * ones, ones, {}, problem(2, 4))) == 4
    assert method.network(problem(2, 4))(ones).shape == (1, 4, 4, 4)
