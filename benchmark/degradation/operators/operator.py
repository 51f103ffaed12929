"""Interface of the linear operators that resample one axis of an image."""

from abc import ABC, abstractmethod
from dataclasses import asdict, is_dataclass
from functools import lru_cache
from typing import Any, Final, final

import torch
from torch import Tensor

from benchmark.plugins.fingerprint import source_of
from benchmark.store.address import key_of

_OWN: Final = __name__.rpartition(".")[0]
_ROUNDING = 1e-6  # of the sum of weights that were not normalised


class Operator(ABC):
    """A linear map from the samples of one axis to those of another.

    Subclasses are frozen dataclasses, whose fields are numbers, texts or booleans: they are part of
    the key of every cell.
    """

    @abstractmethod
    def taps(self, source: int, target: int, scale: int) -> tuple[Tensor, Tensor]:
        """Return the source samples that each target sample is a weighted sum of.

        Args:
            source: number of samples of the source axis.
            target: number of samples of the target axis.
            scale: the scale factor, the ratio of the two up to rounding.

        Returns:
            (target, k) int64 indices from 0 to source - 1, which may repeat; and their
            (target, k) float64 weights, which add up to 1 for each target sample.
        """

    @final
    def matrix(self, source: int, target: int, scale: int) -> Tensor:
        """Return the operator as a matrix.

        Returns:
            (target, source) float64 on the CPU. It is cached: do not modify it.

        Raises:
            ValueError: the taps are not as `taps` describes them.
        """
        return _matrix(self, source, target, scale)

    @final
    def facts(self) -> dict[str, Any]:
        """Return what the operator's numbers depend on, as JSON-serialisable values.

        Raises:
            TypeError: the class is no frozen dataclass.
        """
        cls = type(self)
        if not is_dataclass(cls) or cls.__hash__ is None:
            raise TypeError(f"expected @dataclass(frozen=True) above the class {cls.__name__}")
        facts = {"operator": cls.__name__, **asdict(self)}
        if cls.__module__.startswith(_OWN):
            return facts  # its code is versioned by the engine's numerics
        return {**facts, "source": key_of(source_of(cls))}


@lru_cache(maxsize=256)
def _matrix(operator: Operator, source: int, target: int, scale: int) -> Tensor:
    indices, weights = _checked(operator, source, target, scale)
    matrix = torch.zeros(target, source, dtype=torch.float64)
    return matrix.scatter_add_(1, indices, weights)


def _checked(operator: Operator, source: int, target: int, scale: int) -> tuple[Tensor, Tensor]:
    """Return the taps of an operator, checked.

    Raises:
        ValueError: they are not as `Operator.taps` describes them.
    """
    taps = operator.taps(source, target, scale)
    where = f"operator {type(operator).__name__}, {source} samples to {target}"
    if not (isinstance(taps, tuple) and len(taps) == 2 and all(map(torch.is_tensor, taps))):
        raise ValueError(f"{where}: expected two tensors from `taps`, found {type(taps).__name__}")
    indices, weights = taps
    shapes = [tuple(one.shape) for one in taps]
    if shapes[0] != shapes[1] or indices.ndim != 2 or len(indices) != target:
        raise ValueError(
            f"{where}: expected indices and weights of shape ({target}, k), found {shapes[0]} and "
            f"{shapes[1]}"
        )
    if (indices.dtype, weights.dtype) != (torch.int64, torch.float64):
        raise ValueError(
            f"{where}: expected int64 indices and float64 weights, found {indices.dtype} and "
            f"{weights.dtype}"
        )
    if not indices.numel() or int(indices.min()) < 0 or int(indices.max()) >= source:
        raise ValueError(f"{where}: expected indices from 0 to {source - 1}")
    sums = weights.sum(dim=1)
    if not bool(((sums - 1).abs() <= _ROUNDING).all()):  # False for NaN
        worst = float(sums[(sums - 1).abs().nan_to_num(torch.inf).argmax()])
        raise ValueError(
            f"{where}: expected weights that add up to 1 for each sample, found {worst:.6g}"
        )
    return indices, weights
