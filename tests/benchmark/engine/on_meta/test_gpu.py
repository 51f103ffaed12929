"""The device that stands for a GPU notices what a GPU would fail at, or wait for."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest
import torch
from torch import Tensor

from tests.benchmark.engine.on_meta.gpu import (
    META,
    OtherDeviceError,
    ReadError,
    UploadError,
    watched,
)

# Torch itself refuses these on meta tensors, in its own words.
REFUSED = (NotImplementedError, TypeError, RuntimeError)
READS: dict[str, Callable[[Tensor], object]] = {
    "item": lambda x: x[0, 0].item(),
    "float": lambda x: float(x.mean()),
    "int": lambda x: int(x.argmax()),
    "bool": lambda x: bool((x > 0).any()),
    "if": lambda x: 1 if x.mean() > 0 else 0,
    "index of a list": lambda x: [1, 2, 3, 4][x.argmax()],
    "tolist": lambda x: x.tolist(),
    "cpu": lambda x: x.cpu(),
    "to": lambda x: x.to("cpu"),
    "into a tensor of the CPU": lambda x: torch.zeros(2, 2).copy_(x),
    "numpy": lambda x: x.numpy(),
    "mask": lambda x: x[x > 0],
    "nonzero": lambda x: x.nonzero(),
    "equal": lambda x: torch.equal(x, x),
    "allclose": lambda x: torch.allclose(x, x),
}
TWO_DEVICES: dict[str, Callable[[Tensor], object]] = {
    "sum": lambda x: x + torch.ones(2, 2),
    "product": lambda x: x @ torch.ones(2, 2),
    "convolution": lambda x: torch.conv2d(x[None, None], torch.ones(1, 1, 1, 1)),
    "index": lambda x: x[torch.tensor([0, 1])],
    "cat": lambda x: torch.cat([x, torch.ones(2, 2)]),
}
UPLOADS: dict[str, Callable[[Tensor], object]] = {
    "to": lambda x: torch.ones(2).to(x.device),
    "copy_": lambda x: x.copy_(torch.ones(2, 2)),
    "tensor": lambda x: torch.tensor([1.0, 2.0], device=x.device),
}
FINE: dict[str, Callable[[Tensor], object]] = {
    "arithmetic": lambda x: 2 * x + x.mean(),
    "a scalar of the CPU": lambda x: x * torch.tensor(2.0),
    "made there": lambda x: x + torch.arange(2, device=x.device),
    "copied without waiting": lambda x: torch.ones(2).to(x.device, non_blocking=True) + x,
    "shapes": lambda x: [len(x), *x.shape, x.numel()],
    "the CPU's own": lambda _: float(torch.ones(2).sum()),
}


MODES: tuple[Callable[[], AbstractContextManager[object]], ...] = (
    nullcontext,
    torch.inference_mode,
    torch.no_grad,
)


def cases(table: dict[str, Callable[[Tensor], object]]) -> pytest.MarkDecorator:
    """Run a test with every entry of a table."""
    return pytest.mark.parametrize("does", table.values(), ids=table.keys())


def image() -> Tensor:
    """Return an image on the device."""
    return torch.empty(2, 2, device=META)


@cases(READS)
def test_reading_a_value_is_noticed(does: Callable[[Tensor], object]) -> None:
    x = image()
    for mode in MODES:
        with watched(), mode(), pytest.raises((ReadError, *REFUSED)):
            does(x)


@cases(TWO_DEVICES)
def test_a_tensor_that_was_left_on_the_host_is_noticed(does: Callable[[Tensor], object]) -> None:
    x = image()
    for mode in MODES:
        with (
            watched(may_read=True, may_copy=True),
            mode(),
            pytest.raises((OtherDeviceError, RuntimeError)),
        ):
            does(x)


@cases(UPLOADS)
def test_waiting_for_a_copy_to_the_device_is_noticed(does: Callable[[Tensor], object]) -> None:
    x = image()
    for mode in MODES:
        with watched(), mode(), pytest.raises(UploadError):
            does(x)
        with watched(may_copy=True), mode():
            does(x)


@cases(FINE)
def test_what_does_not_wait_is_left_alone(does: Callable[[Tensor], object]) -> None:
    x = image()
    for mode in MODES:
        with watched() as watch, mode():
            does(x)
        assert not watch.reads


def test_places_that_read_are_counted() -> None:
    x = image()
    place = "tests/benchmark/engine/on_meta/test_gpu.py: test_places_that_read_are_counted"
    for mode in MODES:
        with watched(may_read=True, value=3.0) as watch, mode():
            assert (float(x.mean()), bool((x > 0).any())) == (3.0, True)
            assert torch.equal(x.cpu(), torch.full((2, 2), 3.0))
        assert watch.reads == {place: 3}
