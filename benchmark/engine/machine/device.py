"""Devices that networks run on, CPU or GPU, and their precision."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import nn

from benchmark.engine.inference.memory import memory_available
from benchmark.engine.machine.choosing import choose_algorithms
from benchmark.engine.machine.convolutions import (
    factorise_single_channel,
    fold_volumes,
    keep_channels_last,
)
from benchmark.engine.machine.cpu import keep_freed_memory, release_freed_memory, to_channels_last
from benchmark.errors import RequestError, counted

# Activations of one inference call on the CPU, in bytes. Fixed, so that the order of sums, and
# with it the last digits, does not depend on the machine's free memory.
_CPU_WORKING_SET = 2**30
# In messages of plain RuntimeErrors by torch's CPU allocator, C++, cuDNN and cuBLAS.
_ALLOCATION_FAILED = (
    "DefaultCPUAllocator",
    "not enough memory",
    "std::bad_alloc",
    "STATUS_ALLOC_FAILED",
)


@dataclass(frozen=True)
class Device:
    """A device and how networks run on it.

    Attributes:
        torch: the device itself.
        bfloat16: True trains with convolutions in bfloat16 (autocast); weights, sums, losses,
            estimates and everything outside networks stay in float32 or float64.
    """

    torch: torch.device
    bfloat16: bool

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context manager that networks are trained in."""
        return torch.autocast(self.torch.type, torch.bfloat16, enabled=self.bfloat16)

    def full_precision(self) -> AbstractContextManager[object]:
        """Return the context manager that networks are validated and scored in: float32."""
        return torch.autocast(self.torch.type, enabled=False)

    @property
    def memory_budget(self) -> int:
        """Bytes that the activations of one inference call may take.

        Half of the free memory on a GPU; on the CPU 1 GiB, or half of the free memory if that is
        less.
        """
        if self.torch.type == "cuda":
            return int(torch.cuda.mem_get_info(self.torch)[0]) // 2
        free = memory_available()
        if free < 2 * _CPU_WORKING_SET:
            release_freed_memory()
            free = memory_available()
        return min(free // 2, _CPU_WORKING_SET)

    def empty_cache(self) -> None:
        """Free the memory that torch caches on a GPU; do nothing on the CPU."""
        if self.torch.type == "cuda":
            torch.cuda.empty_cache()

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network to the device, in the memory layout that is fastest there."""
        network.to(self.torch)
        if self.torch.type == "cpu":
            keep_freed_memory()
            factorise_single_channel(network)
            choose_algorithms(network)
            fold_volumes(network)
            keep_channels_last(network)
        to_channels_last(network)
        return network

    @property
    def title(self) -> str:
        """Name of the device for tables."""
        if self.torch.type == "cuda":
            name = torch.cuda.get_device_name(self.torch)
        else:
            name = f"CPU, {counted(torch.get_num_threads(), 'thread')}"
        return f"{name}, {'bfloat16' if self.bfloat16 else 'float32'}"


CPU = Device(torch.device("cpu"), bfloat16=False)


def is_out_of_memory(error: BaseException) -> bool:
    """Return True if the exception comes from a failed allocation, on the CPU or a GPU."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    message = str(error) if isinstance(error, RuntimeError) else ""
    return any(text in message for text in _ALLOCATION_FAILED)


def known(name: str) -> str:
    """Return a value of `--device`, without looking for the device.

    Raises:
        RequestError: the name is unknown on every machine.
    """
    if name.partition(":")[0] not in ("auto", "cpu", "cuda"):
        raise RequestError(f"unknown device '{name}'; expected auto, cpu or cuda")
    return name


def choose(name: str) -> Device:
    """Return the device that `--device` names.

    Args:
        name: "auto", "cpu" or "cuda" ("cuda:1" for the second).

    Raises:
        RequestError: the name is unknown, or the device does not exist.
    """
    kind = known(name).partition(":")[0]
    has_cuda = torch.cuda.is_available()
    if kind == "cuda" and not has_cuda:
        raise RequestError("--device cuda: torch sees no CUDA device here; use cpu or auto")
    if kind == "cpu" or not has_cuda:
        return Device(torch.device("cpu"), _cpu_has_bfloat16())
    try:
        device = torch.device("cuda" if kind == "auto" else name)
        major = torch.cuda.get_device_capability(device)[0]
    except (RuntimeError, AssertionError) as error:
        count = torch.cuda.device_count()
        raise RequestError(f"--device {name}: there are {count} CUDA devices, 0 first") from error
    return Device(device, major >= 8)


def _cpu_has_bfloat16() -> bool:
    """Return True if torch uses bfloat16 instructions of the CPU; without, float32 is faster.

    With `ATEN_CPU_CAPABILITY=avx2` in the environment, torch does without.
    """
    known = torch.cpu.get_capabilities()
    used = torch.backends.cpu.get_cpu_capability() == "AVX512"
    return used and bool(known.get("amx_bf16") or known.get("avx512_bf16"))
