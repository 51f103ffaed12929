"""Where the numbers are made: the processor or a GPU, and in which precision."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import nn

from benchmark.engine.cpu import keep_freed_memory, thin
from benchmark.errors import RequestError


@dataclass(frozen=True)
class Device:
    """A device and how networks run on it.

    Attributes:
        torch: the device itself.
        bfloat16: True runs convolutions in bfloat16 (autocast); weights, sums, losses and
            everything outside networks stay in float32 or float64.
    """

    torch: torch.device
    bfloat16: bool

    def autocast(self) -> AbstractContextManager[object]:
        """Give the context that networks run in."""
        return torch.autocast(self.torch.type, torch.bfloat16, enabled=self.bfloat16)

    @property
    def memory_budget(self) -> int:
        """Bytes that the activations of one inference call may take."""
        if self.torch.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self.torch)
            return int(free // 2)
        return 2**30

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network here, and let it be computed in the way that is fastest here."""
        network.to(self.torch)
        if self.torch.type == "cpu":
            keep_freed_memory()
            thin(network)
        for parameter in network.parameters():
            if parameter.dim() == 4:  # a layout of images: rows, columns, channels
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        return network

    @property
    def title(self) -> str:
        """Name the device for tables."""
        if self.torch.type == "cuda":
            name = torch.cuda.get_device_name(self.torch)
        else:
            name = f"CPU, {torch.get_num_threads()} threads"
        return f"{name}, {'bfloat16' if self.bfloat16 else 'float32'}"


CPU = Device(torch.device("cpu"), bfloat16=False)


def choose(name: str) -> Device:
    """Turn `--device` into a device.

    Args:
        name: "auto", "cpu" or "cuda" ("cuda:1" for the second).

    Raises:
        RequestError: the name is unknown, or there is no such device.
    """
    kind = name.partition(":")[0]
    if kind not in ("auto", "cpu", "cuda"):
        raise RequestError(f"unknown device '{name}'; expected auto, cpu or cuda")
    found = torch.cuda.is_available()
    if kind == "cuda" and not found:
        raise RequestError("--device cuda: torch sees no CUDA device here; use cpu or auto")
    if kind == "cpu" or not found:
        return Device(torch.device("cpu"), _cpu_has_bfloat16())
    try:
        device = torch.device("cuda" if kind == "auto" else name)
        major = torch.cuda.get_device_capability(device)[0]
    except (RuntimeError, AssertionError) as error:
        count = torch.cuda.device_count()
        raise RequestError(f"--device {name}: there are {count} CUDA devices, 0 first") from error
    return Device(device, major >= 8)


def _cpu_has_bfloat16() -> bool:
    """Say whether the processor multiplies bfloat16 itself; emulated, it would be slower."""
    known = torch.cpu.get_capabilities()
    return bool(known.get("amx_bf16") or known.get("avx512_bf16"))
