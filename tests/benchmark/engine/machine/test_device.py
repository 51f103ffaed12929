"""Devices by name, and how they are described."""

import pytest
import torch
from torch import nn

from benchmark.engine.machine import device
from benchmark.engine.machine.convolutions import SingleChannelConv2d, VolumeConvolution
from benchmark.engine.machine.device import Device, choose, is_out_of_memory
from benchmark.errors import RequestError
from tests.benchmark.support import CPU


@pytest.fixture
def without_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the GPU, if there is one."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("without_cuda")
@pytest.mark.parametrize("name", ["auto", "cpu"])
def test_the_cpu_is_always_there(name: str) -> None:
    assert choose(name).torch == torch.device("cpu")


@pytest.mark.usefixtures("without_cuda")
@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_a_missing_gpu_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match="torch sees no CUDA device here; use cpu or auto"):
        choose(name)


@pytest.mark.parametrize("name", ["", "gpu", "mps", "CUDA"])
def test_an_unknown_device_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match=f"unknown device '{name}'; expected auto, cpu or cuda"):
        choose(name)


def test_bfloat16_only_where_torch_uses_that_of_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for known, used, expected in (
        ({}, "AVX512", False),
        ({"amx_bf16": True}, "AVX512", True),
        ({"avx512_bf16": True, "amx_bf16": False}, "AVX512", True),
        ({"avx2": True, "avx512_bf16": False}, "AVX2", False),
        ({"avx512_bf16": True}, "AVX2", False),  # torch was told to do without
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda known=known: known)
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda used=used: used)
        assert device._cpu_has_bfloat16() is expected
        assert choose("cpu").bfloat16 is expected


def test_convolutions_run_in_the_precision_of_the_device() -> None:
    layer, x = nn.Conv2d(1, 1, 3), torch.ones(1, 1, 5, 5)
    with CPU.autocast():
        assert layer(x).dtype == torch.float32
    with Device(torch.device("cpu"), True).autocast():
        assert layer(x).dtype == torch.bfloat16
    assert layer(x).dtype == torch.float32


def test_the_title_says_what_numbers_were_made_on() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert CPU.title == "CPU, 1 thread, float32"
        torch.set_num_threads(2)
        assert Device(torch.device("cpu"), True).title == "CPU, 2 threads, bfloat16"
    finally:
        torch.set_num_threads(before)


def test_networks_are_placed_in_the_fastest_form() -> None:
    layers = nn.Conv2d(3, 32, 3, padding=1), nn.Conv2d(32, 1, 5, padding=2)
    network = nn.Sequential(*layers)
    assert CPU.place(network) is network
    assert [type(layer) for layer in layers] == [nn.Conv2d, SingleChannelConv2d]
    assert layers[0].weight.is_contiguous(memory_format=torch.channels_last)
    volumes = CPU.place(nn.Conv3d(2, 2, 3))
    assert isinstance(vars(volumes)["_conv_forward"], VolumeConvolution)


@pytest.mark.parametrize(("free", "budget"), [(2**40, 2**30), (2**31, 2**30), (2**30, 2**29)])
def test_the_cpus_budget_is_a_gibibyte_or_half_of_less(
    monkeypatch: pytest.MonkeyPatch, free: int, budget: int
) -> None:
    monkeypatch.setattr(device, "memory_available", lambda: free)
    assert CPU.memory_budget == budget


def test_a_failed_allocation_is_distinguished_from_other_errors() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**46, dtype=torch.uint8)  # 64 TiB
    assert is_out_of_memory(caught.value)
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory."))
    assert is_out_of_memory(RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"))
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("not enough memory"))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_is_chosen_where_there_is_one() -> None:
    assert choose("auto").torch.type == "cuda"
    assert choose("cpu").torch.type == "cpu"
    with pytest.raises(RequestError, match="CUDA devices, 0 first"):
        choose("cuda:99")
