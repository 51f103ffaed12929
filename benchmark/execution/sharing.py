"""Cells that run at the same time on one machine share its cores and its memory."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from benchmark.engine.inference.memory import memory_available
from benchmark.engine.machine.device import Device
from benchmark.engine.machine.environment import usable_cores
from benchmark.errors import RequestError

# Memory that a cell must find free, in bytes. The cells that are stored in docs/results took 0.3 to
# 0.9 GiB on a CPU.
_MEMORY = 2**30


@contextmanager
def threads_shared(jobs: int, device: Device) -> Iterator[None]:
    """Divide torch's threads between jobs, while they run.

    The number of threads is in the facts of every cell, as the last digits depend on it.

    Args:
        jobs: the number of cells at a time.
        device: where they are computed.

    Raises:
        RequestError: there are too few cores, or there is too little memory, for so many; or they
            would run on one GPU.
    """
    _check(jobs, device)
    threads = torch.get_num_threads()
    torch.set_num_threads(max(threads // jobs, 1))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _check(jobs: int, device: Device) -> None:
    if jobs == 1:
        return
    if device.torch.type != "cpu":
        raise RequestError(
            f"--jobs {jobs}: the cells would share one GPU and its memory; use --on ray, which "
            "gives every GPU a cell, or --device cpu"
        )
    cores, free = usable_cores(), memory_available()
    if jobs > cores:
        raise RequestError(f"--jobs {jobs}: expected at most {cores}, a core for each cell")
    if jobs * _MEMORY > free:
        raise RequestError(
            f"--jobs {jobs}: {free / 2**30:.1f} GiB of memory are free, expected at least "
            f"{jobs * _MEMORY / 2**30:.0f}, 1 GiB for each cell; give a smaller number"
        )
