"""Trained weights as 16-bit floats: what is scored is what is stored, in half the bytes."""

import torch
from torch import Tensor

from benchmark.method import State

# Half the distance between neighbouring float16 numbers, relative to their size.
_HALF_STEP = 2.0**-11


def rounded(state: State) -> State:
    """Round the weights of a network to float16, before its test images are estimated.

    A tensor stays as it is where float16 would change it by more than half a step relative to its
    root mean square: values beyond 65,504 become infinite, those below 6e-5 lose digits. So do
    tensors of another type than float32, such as counters.

    Args:
        state: the weights as trained.

    Returns:
        Each tensor as float16, or itself.
    """
    return {name: _rounded(tensor) for name, tensor in state.items()}


def _rounded(tensor: Tensor) -> Tensor:
    if tensor.dtype != torch.float32:
        return tensor
    half = tensor.half()
    exact = tensor.double()
    error = (half.double() - exact).square().sum()
    # False for an infinite value too.
    return half if error <= _HALF_STEP**2 * exact.square().sum() else tensor
