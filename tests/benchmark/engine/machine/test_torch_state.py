"""The engine's global state of torch, whatever was set before."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from benchmark.engine.machine.torch_state import deviations, numeric_state
from benchmark.plugins.torch_settings import torch_settings

BACKENDS: Any = torch.backends  # type checkers do not know all of its parts
# Settings that a plugin may leave behind.
DISTURBANCES: dict[str, Callable[[], object]] = {
    "float64 by default": lambda: torch.set_default_dtype(torch.float64),
    "another default device": lambda: torch.set_default_device("meta"),
    "no gradients": lambda: torch.set_grad_enabled(False),
    "autocast": lambda: torch.set_autocast_enabled("cpu", True),
    "deterministic algorithms": lambda: torch.use_deterministic_algorithms(True),
    "anomaly detection": lambda: torch.autograd.set_detect_anomaly(True),
    "no denormal numbers": lambda: torch.set_flush_denormal(True),
    "lower precision": lambda: torch.set_float32_matmul_precision("medium"),
    "TF32 in products": lambda: setattr(BACKENDS.cuda.matmul, "allow_tf32", True),
    "TF32 in convolutions": lambda: setattr(BACKENDS.cudnn, "allow_tf32", True),
    "TF32 by the new setting": lambda: setattr(BACKENDS.cudnn.conv, "fp32_precision", "tf32"),
    "TF32 everywhere": lambda: setattr(BACKENDS, "fp32_precision", "tf32"),
    "bfloat16 on the CPU": lambda: setattr(BACKENDS.mkldnn.matmul, "fp32_precision", "bf16"),
    "trials of algorithms": lambda: setattr(BACKENDS.cudnn, "benchmark", True),
    "no oneDNN": lambda: BACKENDS.mkldnn.set_flags(False),
}


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    """Restore everything after a test."""
    with numeric_state():
        yield


@pytest.mark.parametrize("disturb", DISTURBANCES.values(), ids=DISTURBANCES)
def test_inside_nothing_deviates_and_afterwards_it_is_as_before(
    disturb: Callable[[], object],
) -> None:
    assert deviations() == []
    disturb()
    left = deviations()
    assert left
    with numeric_state():
        assert deviations() == []
        assert torch.zeros(2, requires_grad=True).sum().requires_grad
        assert torch.zeros(2).dtype == torch.float32
        assert torch.zeros(2).device.type == "cpu"
    assert deviations() == left


@pytest.mark.parametrize("disturb", DISTURBANCES.values(), ids=DISTURBANCES)
def test_what_is_changed_inside_is_undone(disturb: Callable[[], object]) -> None:
    before = [setting.read() for setting in torch_settings()]
    with numeric_state():
        disturb()
    assert [setting.read() for setting in torch_settings()] == before


def test_the_threads_are_restored() -> None:
    before = torch.get_num_threads()
    with numeric_state():
        torch.set_num_threads(before + 1)
    assert torch.get_num_threads() == before


def test_gradients_are_recorded_within_a_callers_inference_mode() -> None:
    with torch.inference_mode(), numeric_state():
        weight = torch.ones(2, requires_grad=True)
        (weight * 2).sum().backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None


def test_an_exception_restores_it_too() -> None:
    def fail() -> None:
        with numeric_state():
            torch.set_default_dtype(torch.float64)
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    assert torch.get_default_dtype() == torch.float32
