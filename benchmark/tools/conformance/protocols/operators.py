"""Checks of a protocol's operators, the matrices of one axis."""

import torch
from torch import Tensor

from benchmark.errors import counted
from benchmark.plugins.isolation import process_kept
from benchmark.protocol import Operator
from benchmark.tools.conformance.check import Check, at, identical, require
from benchmark.tools.conformance.plugin import require_pure_import, require_unchanged
from benchmark.tools.conformance.protocols.harness import ProtocolHarness

ROUNDING = 1e-12  # tolerance of a sum of weights


def down_matrices(harness: ProtocolHarness) -> None:
    """At every scale, the matrices down are float64, finite, and their rows add up to 1."""
    for scale, degradation in harness.degradations():
        for size in harness.sizes(degradation):
            with at(f"x{scale}, {size} samples"):
                low = degradation.low_size(size)
                _require_matrix(degradation.axis(size), (low, size))
                _require_reproducible(harness.plugin.down, size, low, scale)


def up_matrices(harness: ProtocolHarness) -> None:
    """At every scale, the matrices up are float64, finite, and their rows add up to 1."""
    for scale, degradation in harness.degradations():
        for size in harness.sizes(degradation):
            with at(f"x{scale}, {size} samples"):
                low = degradation.low_size(size)
                _require_matrix(degradation.up_axis(size), (size, low))
                _require_reproducible(harness.plugin.up, low, size, scale)


def _require_matrix(matrix: Tensor, shape: tuple[int, int]) -> None:
    found = (tuple(matrix.shape), matrix.dtype, str(matrix.device))
    expected = (shape, torch.float64, "cpu")
    require(found == expected, f"the matrix has {found}, expected {expected}")
    bad = int((~torch.isfinite(matrix)).sum())
    require(bad == 0, f"{counted(bad, 'value')} of the matrix are not finite")
    error, row = (matrix.sum(dim=1) - 1).abs().max(dim=0)
    require(
        float(error) <= ROUNDING,
        f"row {int(row)} adds up to {float(matrix[row].sum()):.12g}, expected 1: a constant image "
        "would change",
    )


def _require_reproducible(operator: Operator, source: int, target: int, scale: int) -> None:
    first, second = (operator.taps(source, target, scale) for _ in range(2))
    same = all(identical(one, other) for one, other in zip(first, second, strict=True))
    require(same, "computing the matrix twice gives two matrices")


def global_state_kept(harness: ProtocolHarness) -> None:
    """Import and operators change no settings or functions of torch, numpy and Python."""
    require_pure_import(harness)
    with process_kept() as found:
        for scale, degradation in harness.degradations():
            size = harness.sizes(degradation)[-1]
            low = degradation.low_size(size)
            harness.plugin.down.taps(size, low, scale)
            harness.plugin.up.taps(low, size, scale)
    require_unchanged(found)


CHECKS: dict[str, Check] = {
    "down-matrices": down_matrices,
    "up-matrices": up_matrices,
    "global-state-kept": global_state_kept,
}
