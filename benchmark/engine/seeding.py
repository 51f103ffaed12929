"""The global random states of Python, numpy and torch: seed, save and restore them together."""

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
        device: its generator is included where it is a GPU.
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
    found = {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(keys.astype(np.int64)), *rest),
        "torch": torch.get_rng_state(),
    }
    if device.type == "cuda":
        found["cuda"] = torch.cuda.get_rng_state(device)
    return found


def restore(found: dict[str, Any], device: torch.device) -> None:
    """Set the global random states to what `states` returned."""
    random.setstate(found["python"])
    name, keys, *rest = found["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(found["torch"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(found["cuda"], device)
