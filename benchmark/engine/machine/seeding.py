"""Seed, save and restore the global random states of Python, numpy and torch."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import torch


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed every global generator inside a `with` block, and restore their states after it.

    Args:
        seed: for all of them.
        device: its generator is included if it is a GPU.
    """
    before = states(device)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - a network may draw from the global state
    torch.manual_seed(seed)
    try:
        yield
    finally:
        restore(before, device)


def states(device: torch.device) -> dict[str, Any]:
    """Return all global random states, as tensors and plain values."""
    name, keys, *rest = cast("tuple[Any, ...]", np.random.get_state())  # noqa: NPY002
    saved = {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(keys.astype(np.int64)), *rest),
        "torch": torch.get_rng_state(),
    }
    if device.type == "cuda":
        saved["cuda"] = torch.cuda.get_rng_state(device)
    return saved


def restore(saved: dict[str, Any], device: torch.device) -> None:
    """Restore the global random states that `states` returned.

    The GPU's generator stays as it is if they were saved without one.
    """
    random.setstate(saved["python"])
    name, keys, *rest = saved["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(saved["torch"])
    if device.type == "cuda" and "cuda" in saved:
        torch.cuda.set_rng_state(saved["cuda"], device)
