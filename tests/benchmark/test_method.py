"""The interface of a method: defaults, halos, the order of tables."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from benchmark.errors import RequestError
from benchmark.method import (
    METHODS,
    Method,
    NetworkMethod,
    Problem,
    Recipe,
    State,
    all_methods,
    parameter,
    register,
)
from tests.benchmark.support import network_method, problem, random


def test_methods_come_in_the_order_of_tables() -> None:
    own = ["bicubic", "wiener", "srcnn", "espcn", "vdsr", "proposed"]
    assert [method.name for method in all_methods() if method.name in own] == own


def test_a_method_is_trained_where_it_fits() -> None:
    class Fits(Method):
        def fit(self, scenes: Iterable[Tensor], problem: Problem) -> State:
            return {}

    assert Fits().trained
    assert not Method().trained
    assert NetworkMethod().trained
    assert Method().fit([], problem(2, 3)) == {}


def test_a_method_without_upscale_says_so() -> None:
    with pytest.raises(NotImplementedError):
        Method().upscale(torch.zeros(1, 2, 2), problem(2, 1), {})
    with pytest.raises(NotImplementedError):
        NetworkMethod().network(problem(2, 3))


def test_the_estimate_is_the_last_of_several_outputs() -> None:
    a, b = torch.zeros(1), torch.ones(1)
    assert NetworkMethod.estimate(b) is b
    assert NetworkMethod.estimate((a, b)) is b
    assert NetworkMethod.estimate([a, b]) is b


def test_the_loss_is_the_mean_squared_error_of_the_last_output() -> None:
    x, y = random(2, 3, 4, 5), random(2, 3, 4, 5, seed=1)
    task = problem(2, 3)
    expected = float((x - y).double().square().mean())
    assert float(NetworkMethod().loss(x, y, {}, task)) == pytest.approx(expected, rel=1e-6)
    assert float(NetworkMethod().loss((y, x), y, {}, task)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("reference", "halo"),
    [("srcnn", 6), ("srcnn[middle=5]", 8), ("espcn", 4), ("vdsr", 20), ("proposed", 42)],
)
def test_the_halo_is_the_reach_of_all_layers(reference: str, halo: int) -> None:
    method = network_method(reference)
    assert method.halo(method.network(problem(2, 1))) == halo


@pytest.mark.parametrize(
    ("layer", "reach"),
    [
        (nn.Conv2d(1, 1, 1), 0),
        (nn.Conv2d(1, 1, 2, padding="same"), 1),
        (nn.Conv2d(1, 1, 4, padding="same"), 2),
        (nn.Conv2d(1, 1, (1, 7), padding="same"), 3),
        (nn.Conv2d(1, 1, 3, padding="same", dilation=3), 3),
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
def test_the_halo_covers_what_a_pixel_really_sees(layer: nn.Conv2d, reach: int) -> None:
    nn.init.ones_(layer.weight)
    x = torch.zeros(1, 1, 21, 21)
    x[0, 0, 10, 10] = 1
    with torch.no_grad():
        spots = (layer(x) - layer(torch.zeros_like(x)))[0, 0].nonzero() - 10
    assert int(spots.abs().max()) == reach
    assert NetworkMethod().halo(layer) == reach


def test_networks_without_convolutions_need_no_halo() -> None:
    assert NetworkMethod().halo(nn.Sequential(nn.ReLU(), nn.PixelShuffle(2))) == 0


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv3d(1, 1, 3, padding=1),
        nn.ConvTranspose2d(1, 1, 5, padding=2),
        nn.AvgPool2d(3, stride=1, padding=1),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_other_layers_that_see_their_neighbours_need_a_halo_or_forbid_tiles(
    layer: nn.Module,
) -> None:
    assert NetworkMethod().halo(layer) != 0


@pytest.mark.usefixtures("registries")
def test_the_decorator_registers_and_gives_the_class_back() -> None:
    @register("of-a-test", title="Of a test", year="1900")
    class Mine(Method):
        pass

    assert METHODS.entry("of-a-test").cls is Mine
    assert METHODS.entry("of-a-test").facts == {"title": "Of a test", "year": "1900"}
    assert Mine.name == "of-a-test"
    assert all_methods()[0].name == "of-a-test"


def test_a_field_of_a_recipe_that_was_renamed_is_named() -> None:
    with pytest.raises(TypeError, match="Recipe's field 'rate' is called 'lr' now"):
        Recipe(rate=0.1)  # type: ignore[call-arg]
    assert replace(Recipe(), lr=0.1).lr == Recipe(lr=0.1).lr == 0.1


@pytest.mark.parametrize(
    ("base", "declared", "says"),
    [
        (Method, {"inputs": "low"}, "of 'low', 'upscaled' as a tuple as `inputs`, found 'low'"),
        (Method, {"inputs": None}, "as `inputs`, found None"),
        (Method, {"inputs": ()}, "as `inputs`, found ()"),
        (Method, {"inputs": ("lowres",)}, "as `inputs`, found ('lowres',)"),
        (Method, {"inputs": ("low", "low")}, "as `inputs`, found ('low', 'low')"),
        (Method, {"default_run": None}, "expected True or False as `default_run`, found None"),
        (NetworkMethod, {"bandwise": "no"}, "expected True or False as `bandwise`, found 'no'"),
        (Method, {"stochastic": 1}, "expected True or False as `stochastic`, found 1"),
        (NetworkMethod, {"recipe": {"lr": 1e-3}}, "expected a Recipe as `recipe`, found {'lr'"),
    ],
)
def test_a_declaration_that_the_engine_would_misread_is_refused(
    base: type[Method], declared: dict[str, object], says: str
) -> None:
    known = [entry.name for entry in METHODS]
    with pytest.raises(RequestError, match=r"^method 'odd': expected ") as caught:
        register("odd", title="Odd")(type("Odd", (base,), declared))
    assert says in str(caught.value)
    assert [entry.name for entry in METHODS] == known


def test_a_method_that_upscales_is_given_one_image() -> None:
    def upscale(_self: Method, low: Tensor, problem: Problem, state: State) -> Tensor:
        return low

    declared = {"inputs": ("low", "upscaled"), "upscale": upscale}
    with pytest.raises(RequestError) as caught:
        register("odd", title="Odd")(type("Odd", (Method,), declared))
    assert str(caught.value) == (
        "method 'odd': `upscale` is given one image, found ('low', 'upscaled') as `inputs`; "
        "`problem.degradation.upscale` computes the other from the low-resolution one"
    )
    assert "odd" not in [entry.name for entry in METHODS]


@pytest.mark.usefixtures("registries")
def test_a_declaration_may_depend_on_a_parameter() -> None:
    @register("either", title="Either")
    class Either(Method):
        low: bool = parameter(default=False, help="is given the low-resolution image")

        @property
        def inputs(self) -> tuple[str, ...]:  # type: ignore[override]
            return ("low",) if self.low else ("upscaled",)

    assert Either(low=True).inputs == ("low",)
