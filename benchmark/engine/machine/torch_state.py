"""The global state of torch that the engine's numbers rely on."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from benchmark.plugins.torch_settings import torch_settings


@contextmanager
def numeric_state() -> Iterator[None]:
    """Set the global state that the engine relies on inside a block, and restore the former after.

    Inside: float32 by default, on the CPU by default; gradients are recorded; no autocast, no TF32
    and no bfloat16 in products of float32 (networks get bfloat16 by `Device.autocast` alone);
    cuDNN without trials of algorithms; deterministic algorithms not enforced; denormal numbers
    kept. The number of threads stays, and is restored after the block, too.

    A plugin, or a library that it imports, may have changed any of these at its import or in an
    earlier call; whatever calls a method, or computes a number for a table, does so inside.
    """
    settings = torch_settings()
    before = [setting.read() for setting in settings]
    try:
        with torch.inference_mode(mode=False):
            for setting in settings:
                if setting.required is not None:
                    setting.write(setting.required)
            yield
    finally:
        for setting, value in zip(settings, before, strict=True):
            if setting.read() != value:
                setting.write(value)


def deviations() -> list[str]:
    """List the settings that differ from what the engine relies on, as `name is value`."""
    return [
        f"{setting.name} is {setting.read()}"
        for setting in torch_settings()
        if setting.required is not None and setting.read() != setting.required
    ]
