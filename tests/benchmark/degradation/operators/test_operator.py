"""The interface of operators: what an author's taps must be."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from benchmark.degradation.operators.operator import Operator


@dataclass(frozen=True)
class Given(Operator):
    """Returns the taps of a function."""

    function: Callable[[int], object]

    def taps(self, source: int, target: int, scale: int) -> tuple[Tensor, Tensor]:
        return self.function(target)  # type: ignore[return-value]


def zeros(rows: int, taps: int = 2) -> Tensor:
    return torch.zeros(rows, taps, dtype=torch.int64)


def halves(rows: int, taps: int = 2) -> Tensor:
    return torch.full((rows, taps), 0.5, dtype=torch.float64)


def test_indices_may_repeat() -> None:
    matrix = Given(lambda n: (zeros(n), halves(n))).matrix(8, 4, 2)
    assert matrix.tolist() == [[1.0, *[0.0] * 7]] * 4


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda _: None, "expected two tensors from `taps`, found NoneType"),
        (lambda n: (zeros(n + 1), halves(n + 1)), r"shape \(4, k\), found \(5, 2\) and \(5, 2\)"),
        (lambda n: (zeros(n), halves(n, 3)), r"shape \(4, k\), found \(4, 2\) and \(4, 3\)"),
        (lambda n: (zeros(n), halves(n).float()), "float64 weights, found .* torch.float32"),
        (lambda n: (zeros(n) + 8, halves(n)), "expected indices from 0 to 7"),
        (lambda n: (zeros(n) - 1, halves(n)), "expected indices from 0 to 7"),
        (lambda n: (zeros(n), 2 * halves(n)), "add up to 1 for each sample, found 2"),
        (lambda n: (zeros(n), torch.nan * halves(n)), "add up to 1 for each sample, found nan"),
    ],
)
def test_taps_of_another_kind_are_refused(function: Callable[[int], object], expected: str) -> None:
    with pytest.raises(ValueError, match=rf"^operator Given, 8 samples to 4: .*{expected}"):
        Given(function).matrix(8, 4, 2)


def test_an_operator_is_a_frozen_dataclass() -> None:
    class Plain(Operator):
        """No dataclass."""

        def taps(self, source: int, target: int, scale: int) -> tuple[Tensor, Tensor]:
            return zeros(target), halves(target)

    with pytest.raises(TypeError, match=r"@dataclass\(frozen=True\) above the class Plain"):
        Plain().facts()
