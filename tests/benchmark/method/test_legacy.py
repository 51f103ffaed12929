"""Plugins of earlier versions: `sees`, `network(bands, scale)` and `loss(output, truth)`."""

from functools import partialmethod
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


@pytest.mark.parametrize("value", ["lowres", ["decimated"]])
def test_an_unknown_value_of_sees_is_refused_when_it_is_registered(value: object) -> None:
    with pytest.raises(RequestError, match=r"as `inputs`, found .*(lowres|decimated)"):
        register("former", title="Former")(former(sees=value))


def test_an_unknown_value_of_a_property_is_refused_when_it_is_read() -> None:
    method = former(sees=property(lambda _self: "lowres"))()
    with pytest.raises(RequestError, match="expected 'decimated' or 'upscaled' as `sees`"):
        _ = method.inputs


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


def of_one(bands: int, scale: int, maps: int = 4) -> nn.Module:
    """Build a network without the method."""
    return nn.Conv2d(bands, maps * scale, 1)


@pytest.mark.parametrize(
    "network",
    [
        staticmethod(of_one),
        classmethod(lambda _cls, bands, scale: of_one(bands, scale)),
        partialmethod(lambda _self, maps, bands, scale: of_one(bands, scale, maps), 4),
        lambda _self, bands, scale, maps=4: of_one(bands, scale, maps),
    ],
    ids=["static", "class", "partial", "default"],
)
def test_a_network_may_be_any_kind_of_method(network: Any) -> None:
    assert start(former(network=network)(), problem(3, 2), Recipe())(random(1, 2, 5, 6)).shape == (
        (1, 12, 5, 6)
    )


def doubled(output: Tensor, truth: Tensor, weight: float = 2.0) -> Tensor:
    """Compute a loss without the method."""
    return weight * (output - truth).abs().mean()


@pytest.mark.parametrize(
    "loss",
    [
        staticmethod(doubled),
        classmethod(lambda _cls, output, truth: doubled(output, truth)),
        lambda _self, output, truth, weight=2.0: doubled(output, truth, weight),
    ],
    ids=["static", "class", "default"],
)
def test_a_loss_may_be_any_kind_of_method(loss: Any) -> None:
    method, ones, asked = former(loss=loss)(), torch.ones(1, 2, 3, 3), problem(2, 2)
    assert float(method.loss(3 * ones, ones, {}, asked)) == 4
    assert float(method.loss(3 * ones, ones, inputs={}, problem=asked)) == 4


def test_a_former_loss_may_add_to_the_one_of_the_base_class() -> None:
    class Former(NetworkMethod):
        def loss(self, output: Any, truth: Tensor) -> Tensor:  # type: ignore[override]
            return super().loss(output, truth) + 1  # type: ignore[call-arg]

    ones = torch.ones(1, 2, 3, 3)
    assert float(Former().loss(3 * ones, ones, {}, problem(2, 2))) == 5  # type: ignore[call-arg]


def test_what_another_base_class_declares_is_adopted() -> None:
    class Shared:
        sees = "decimated"

        def network(self, bands: int, scale: int) -> nn.Module:
            return of_one(bands, scale)

    method: Any = type("Former", (Shared, NetworkMethod), {})()
    assert method.inputs == ("low",)
    assert isinstance(method.network(problem(2, 3)), nn.Conv2d)


def test_a_loss_that_may_be_given_inputs_is_given_them() -> None:
    class Later(NetworkMethod):
        def loss(
            self, output: Any, truth: Tensor, inputs: Any = None, problem: Any = None
        ) -> Tensor:
            return inputs["low"].mean()  # type: ignore[no-any-return]

    ones = torch.ones(1, 2, 3, 3)
    assert float(Later().loss(ones, ones, {"low": 7 * ones}, problem(2, 2))) == 7
