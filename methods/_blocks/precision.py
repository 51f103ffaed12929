"""Parts of a network that are computed in full precision where the rest is in half precision."""

from contextlib import AbstractContextManager, nullcontext

import torch


def full_precision(device: torch.device) -> AbstractContextManager[object]:
    """Return a context without autocast; its inputs must be converted by `.float()`.

    Args:
        device: where the part is computed; may be "meta", which has no autocast.
    """
    if torch.amp.is_autocast_available(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()
