"""A method's input made from a ground truth, and its estimate made comparable with it."""

from torch import Tensor

from benchmark.method import Method
from benchmark.protocols.degradation import Degradation
from benchmark.protocols.interpolation import upscale


def method_input(method: Method, degradation: Degradation, truth: Tensor) -> Tensor:
    """Degrade a stored ground truth, (bands, rows, columns) float32, to a method's input."""
    low = degradation.low(truth)
    if method.sees == "decimated":
        return low
    return upscale(low, (truth.shape[1], truth.shape[2]))


def crop_to(estimate: Tensor, truth: Tensor) -> Tensor:
    """Crop an estimate to the first rows and columns, as many as the ground truth has.

    Raises:
        TypeError: the estimate is no tensor.
        ValueError: it is smaller than the ground truth, or has another number of bands.
    """
    bands, rows, columns = truth.shape
    if not isinstance(estimate, Tensor):
        raise TypeError(f"the estimate is a {type(estimate).__name__}, expected a tensor")
    if (
        estimate.dim() != 3
        or estimate.shape[0] != bands
        or any(
            got < wanted for got, wanted in zip(estimate.shape[1:], (rows, columns), strict=True)
        )
    ):
        raise ValueError(
            f"the estimate has shape {tuple(estimate.shape)}, expected {(bands, rows, columns)}"
        )
    return estimate[:, :rows, :columns]
