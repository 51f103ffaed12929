"""What a method returned and what is expected, in one line, wherever it is called."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.data.patches import PatchBank
from benchmark.engine.inference.building import start
from benchmark.engine.inference.estimation import crop_to
from benchmark.engine.inference.returned import described, fitted
from benchmark.engine.inference.tiling import run_network
from benchmark.engine.machine.device import CPU
from benchmark.engine.training.loop import TrainingTask, train
from benchmark.engine.training.profiles import Profile
from benchmark.method import NetworkMethod, Problem, Recipe
from tests.benchmark.support import input_of, problem, random

BRIEF = Profile("", "", patches=2, patch=16, epochs=1, batch=2, validations=1)


def returning(**members: object) -> NetworkMethod:
    """Return a method of one convolution, with some members replaced."""

    def network(_self: object, problem: Problem) -> nn.Module:
        return nn.Conv2d(problem.bands, problem.bands, 3, padding=1)

    made: NetworkMethod = type("Mine", (NetworkMethod,), {"network": network, **members})()
    made.name = "mine"  # type: ignore[misc]
    return made


def forward(change: Callable[[Tensor], object]) -> Callable[..., nn.Module]:
    """Return a `network` whose output is changed."""

    class Changed(nn.Conv2d):
        def forward(self, x: Tensor) -> Any:
            return change(super().forward(x))

    return lambda _self, problem: Changed(problem.bands, problem.bands, 3, padding=1)


def trained(method: NetworkMethod) -> object:
    """Train for a step."""
    task = problem(2, 3)
    bank = PatchBank(
        [random(3, 24, 24)], task.degradation, count=2, size=16, seed=0, device=torch.device("cpu")
    )
    return train(TrainingTask(method, task, BRIEF, 0, bank), CPU)


class _Lazy(nn.Sequential):
    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(nn.ReLU(), *layers)


class _Bare(nn.Module):
    def __init__(self) -> None:
        self.width = 8


FROZEN = nn.Conv2d(3, 3, 3, padding=1).requires_grad_(False)
TENSOR = "a tensor of shape"


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (None, "network returned None, expected a torch.nn.Module"),
        ({}, "network returned a dict, expected a torch.nn.Module"),
        (nn.ReLU, "network returned the class ReLU, expected a torch.nn.Module"),
        (lambda x: x, "network returned a function, expected a torch.nn.Module"),
        (
            nn.LazyConv2d(3, 3),
            "network returned a network whose layer is a LazyConv2d, which has no weights before",
        ),
        (_Lazy(nn.LazyBatchNorm2d()), "network returned a network whose layer '1' is a LazyBatch"),
        (nn.ReLU(), "network returned a network with no parameters, expected at least one to"),
        (_Bare(), "network returned a _Bare that is not initialised; call super()"),
        (
            nn.Conv2d(3, 3, 3, padding=1).double(),
            "network returned a network whose weights 'weight' are of type torch.float64, expected",
        ),
        (
            nn.Sequential(nn.Conv2d(3, 3, 3, padding=1).bfloat16()),
            "network returned a network whose weights '0.weight' are of type torch.bfloat16, expe",
        ),
        (
            nn.Conv2d(3, 3, 3, padding=1, dtype=torch.complex64),
            "network returned a network whose weights 'weight' are of type torch.complex64, expec",
        ),
        (
            nn.Conv2d(3, 3, 3, padding=1, device="meta"),
            "network returned a network whose weights 'weight' are on the device meta, expected",
        ),
        (FROZEN, "network returned a network with 84 parameters, none of them trainable, expected"),
    ],
    ids=lambda value: value[18:48] if isinstance(value, str) else type(value).__name__,
)
def test_a_network_that_cannot_be_trained(network: object, message: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        trained(returning(network=lambda *_: network))
    assert str(caught.value).startswith(message)


EXPECTED = ", expected a tensor, or a tuple of tensors with the estimate last"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: {"sr": x}, f"the network returned a dict{EXPECTED}"),
        (lambda _: None, f"the network returned None{EXPECTED}"),
        (lambda x: x.sum().item(), f"the network returned a float{EXPECTED}"),
        (
            lambda x: x.detach().numpy(),
            "the network returned a numpy array of shape (2, 3, 16, 16)",
        ),
        (lambda x: (x, None), f"the network returned None as output 2 of 2{EXPECTED}"),
        (lambda _: (), f"the network returned an empty tuple{EXPECTED}"),
        (
            lambda x: x[:, :1],
            "the network maps (2, 3, 16, 16) to (2, 1, 16, 16), expected (2, 3, 16",
        ),
        (
            lambda x: x[..., 1:-1, 1:-1],
            "the network maps (2, 3, 16, 16) to (2, 3, 14, 14), expected (2, 3, 16, 16)",
        ),
        (
            lambda x: (x, torch.cat([x, x], -1)),
            "the network maps (2, 3, 16, 16) to (2, 3, 16, 32), expected (2, 3, 16, 16)",
        ),
        (
            lambda x: x.sum(),
            f"the network returned {TENSOR} () and type torch.float32, expected (batch, ba",
        ),
    ],
)
def test_an_output_that_cannot_be_trained_on(
    change: Callable[[Tensor], object], message: str
) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        trained(returning(network=forward(change)))
    assert str(caught.value).startswith(message)


SCALAR = ", expected a scalar"


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda _o, _t: None, f"loss returned None{SCALAR} tensor"),
        (lambda o, _t: o.sum().item(), f"loss returned a float{SCALAR} tensor"),
        (lambda o, _t: {"total": o.sum()}, f"loss returned a dict{SCALAR} tensor"),
        (lambda o, _t: (o.sum(), 1), f"loss returned a tuple{SCALAR} tensor"),
        (lambda o, _t: o.detach().numpy().sum(), f"loss returned a float32{SCALAR} tensor"),
        (
            lambda o, t: (o - t).square().mean((1, 2, 3)),
            f"loss returned {TENSOR} (2,) and type torch.float32{SCALAR}: return its mean()",
        ),
        (
            lambda o, t: (o - t).square().mean()[None],
            f"loss returned {TENSOR} (1,) and type torch.float32{SCALAR}",
        ),
        (
            lambda o, t: (o - t) * torch.nan,
            f"loss returned {TENSOR} (2, 3, 16, 16) and type torch.float32{SCALAR}",
        ),
        (
            lambda o, t: (o - t).square().mean().detach(),
            "loss returned a tensor without gradient, expected one that depends on the network's",
        ),
        (
            lambda o, _t: o.sum().long(),
            f"loss returned {TENSOR} () and type torch.int64, expected dense float32",
        ),
    ],
)
def test_a_loss_that_cannot_be_minimised(loss: Callable[..., object], message: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        trained(returning(loss=lambda _self, output, truth: loss(output, truth)))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: {"sr": x}, "the network returned a dict, expected a tensor"),
        (lambda _: None, "the network returned None, expected a tensor"),
        (lambda _: [], "the network returned a list, expected a tensor"),
        (lambda x: x.numpy(), "the network returned a numpy array of shape (1, 3, 8, 9), expected"),
        (lambda x: (x, None), "the network returned None, expected a tensor"),
        (lambda x: x + 0j, f"the network returned {TENSOR} (1, 3, 8, 9) and type torch.complex64"),
        (
            lambda x: x.int(),
            f"the network returned {TENSOR} (1, 3, 8, 9) and type torch.int32, exp",
        ),
    ],
)
def test_an_estimate_of_a_network_that_is_none(
    change: Callable[[Tensor], object], message: str
) -> None:
    method, task = returning(network=forward(change)), problem(2, 3, (8, 9))
    network = start(method, task, Recipe())
    with pytest.raises((TypeError, ValueError)) as caught:
        run_network(method, network, input_of(method, random(3, 8, 9)), task, CPU)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("estimate", [lambda _: {"sr": 1}, lambda _: None])
def test_an_estimate_of_its_own_that_is_no_tensor(estimate: Callable[[Tensor], object]) -> None:
    method, task = returning(estimate=staticmethod(estimate)), problem(2, 3, (8, 9))
    message = "^estimate returned (a dict|None), expected a tensor$"
    with pytest.raises(TypeError, match=message):
        trained(method)
    with pytest.raises(TypeError, match=message):
        run_network(
            method, start(method, task, Recipe()), input_of(method, random(3, 8, 9)), task, CPU
        )


def test_a_halo_may_be_a_number_of_numpy() -> None:
    method, task = returning(halo=lambda *_: np.int64(1)), problem(2, 3, (8, 9))
    assert run_network(
        method, start(method, task, Recipe()), input_of(method, random(3, 8, 9)), task, CPU
    ).any()


@pytest.mark.parametrize(
    ("halo", "found"),
    [(6.0, "6.0"), (-1, "-1"), (True, "True"), ("6", "a str"), ((6, 6), "a tuple")],
)
def test_a_halo_that_is_no_number_of_pixels(halo: object, found: str) -> None:
    method, task = returning(halo=lambda *_: halo), problem(2, 3, (8, 9))
    with pytest.raises(TypeError) as caught:
        run_network(
            method, start(method, task, Recipe()), input_of(method, random(3, 8, 9)), task, CPU
        )
    assert str(caught.value).startswith(f"halo returned {found}, expected a whole number of pix")


@pytest.mark.parametrize(
    ("estimate", "message"),
    [
        (None, "upscale returned None, expected a tensor of shape (3, 8, 9)"),
        (7, "upscale returned an int, expected a tensor of shape (3, 8, 9)"),
        ({"sr": 1}, "upscale returned a dict, expected a tensor of shape (3, 8, 9)"),
        (np.zeros((3, 8, 9)), "upscale returned a numpy array of shape (3, 8, 9), expected a ten"),
        (torch.zeros(8, 9), "the estimate has shape (8, 9), expected (3, 8, 9)"),
        (torch.zeros(1, 3, 8, 9), "the estimate has shape (1, 3, 8, 9), expected (3, 8, 9)"),
        (
            torch.zeros(3, 8, 9, dtype=torch.uint8),
            f"upscale returned {TENSOR} (3, 8, 9) and type torch.uint8, expected dense float32",
        ),
        (
            torch.zeros(3, 8, 9, dtype=torch.complex64),
            f"upscale returned {TENSOR} (3, 8, 9) and type torch.complex64, expected dense",
        ),
        (
            torch.zeros(3, 8, 9).to_sparse(),
            f"upscale returned {TENSOR} (3, 8, 9) and type torch.float32 (torch.sparse_coo), exp",
        ),
        (
            torch.zeros(3, 8, 9, device="meta"),
            "upscale returned an estimate on the device meta, expected it on cpu, where its input",
        ),
        (
            torch.zeros(3, 8, 9, requires_grad=True),
            "upscale returned an estimate that records gradients, expected one that does not",
        ),
    ],
)
def test_an_estimate_that_cannot_be_scored(estimate: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        crop_to(estimate, torch.zeros(3, 8, 9))
    assert str(caught.value).startswith(message)


MAPPING = ", expected a dict of named tensors"


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (None, f"fit returned None{MAPPING}"),
        (7, f"fit returned an int{MAPPING}"),
        (torch.zeros(2), f"fit returned {TENSOR} (2,) and type torch.float32{MAPPING}"),
        ({"a": 1.0}, f"fit returned a float under 'a'{MAPPING}"),
        ({"a": np.zeros(3)}, f"fit returned a numpy array of shape (3,) under 'a'{MAPPING}"),
        ({"a": {"b": torch.zeros(1)}}, f"fit returned a dict under 'a'{MAPPING}"),
        ({1: torch.zeros(1)}, f"fit returned a dict with an int as a key{MAPPING}"),
        (
            {"a": torch.zeros(1, dtype=torch.complex64)},
            f"fit returned {TENSOR} (1,) and type torch.complex64 (torch.strided) under 'a', which",
        ),
        (
            {"a": torch.zeros(1, device="meta")},
            f"fit returned {TENSOR} (1,) and type torch.float32 on the device meta under 'a', whi",
        ),
        ({"a": torch.eye(2).to_sparse()}, f"fit returned {TENSOR} (2, 2)"),
    ],
)
def test_a_state_that_cannot_be_stored(state: object, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        fitted(state)
    assert str(caught.value).startswith(message)


def test_a_state_is_stored_without_gradients_and_without_shared_memory() -> None:
    whole = torch.arange(6.0).requires_grad_()
    state = fitted({"whole": whole, "part": whole[2:]})
    assert not any(value.requires_grad for value in state.values())
    whole.detach().zero_()
    assert state["part"].tolist() == [2, 3, 4, 5]
    assert fitted({}) == {}


def test_a_named_tuple_is_no_output_to_train_on() -> None:
    class Pair(NamedTuple):
        side: Tensor
        estimate: Tensor

    with pytest.raises(
        TypeError, match=r"^the network returned a Pair, expected a tensor, or a tu"
    ):
        trained(returning(network=forward(lambda x: Pair(x, x))))


def test_sound_outputs_are_trained_on() -> None:
    assert trained(returning())
    both = returning(network=forward(lambda x: (x, x)))
    assert trained(both)


def test_a_description_has_the_right_article() -> None:
    assert described(1) == "an int"
    assert described("x") == "a str"
    assert described([]) == "a list"
