"""Interface of the linear operators that resample one axis of an image."""

from abc import ABC, abstractmethod
from dataclasses import asdict
from functools import lru_cache
from typing import Any, Final, final

import torch
from torch import Tensor

from benchmark.plugins.fingerprint import source_of
from benchmark.store.address import key_of

_OWN: Final = __name__.rpartition(".")[0]


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
            (target, k) float64 weights.
        """

    @final
    def matrix(self, source: int, target: int, scale: int) -> Tensor:
        """Return the operator as a matrix.

        Returns:
            (target, source) float64 on the CPU. It is cached: do not modify it.
        """
        return _matrix(self, source, target, scale)

    @final
    def facts(self) -> dict[str, Any]:
        """Return what the operator's numbers depend on, as JSON-serialisable values."""
        cls = type(self)
        facts = {"operator": cls.__name__, **asdict(self)}  # type: ignore[call-overload]
        if cls.__module__.startswith(_OWN):
            return facts  # its code is versioned by the engine's numerics
        return {**facts, "source": key_of(source_of(cls))}


@lru_cache(maxsize=256)
def _matrix(operator: Operator, source: int, target: int, scale: int) -> Tensor:
    indices, weights = operator.taps(source, target, scale)
    matrix = torch.zeros(target, source, dtype=torch.float64)
    return matrix.scatter_add_(1, indices, weights)
