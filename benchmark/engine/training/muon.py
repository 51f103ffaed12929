"""Muon: momentum whose updates are orthogonalised, for weights that are matrices.

Jordan et al., 2024 (https://kellerjordan.github.io/posts/muon), with the size of updates of Liu et
al., Muon is scalable for LLM training, arXiv 2502.16982, section 2.2. `torch.optim.Muon` takes
two-dimensional weights one by one, in bfloat16, which a processor may not have.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

# Of the odd polynomial that moves every singular value towards 1 (Jordan et al.).
_A, _B, _C = 3.4445, -4.7750, 2.0315
_ITERATIONS = 5
# Matrices of more rows and columns are cut into blocks of rows: the cost grows with the square of
# the smaller side, and is ten times less so for an upsampling layer of MSDformer (960 x 2160).
_MOST_ROWS = 256
# The root mean square of an update's values, as is usual for Adam's (Liu et al., equation 4).
_RMS = 0.2


class Muon(torch.optim.Optimizer):
    """Momentum with orthogonalised updates.

    A weight (out, in, ...) is a matrix (out, in x ...), or one for each of its group's `blocks`
    equal parts along the first axis; large ones are cut into blocks of rows. The update of a matrix
    has all singular values near 1, times the learning rate and a factor by which its values' root
    mean square is 0.2.

    Args:
        params: parameter groups; each may have `blocks`, the number of matrices in a weight.
        lr: learning rate.
        momentum: of the running mean of gradients, with Nesterov's look ahead.
    """

    def __init__(
        self, params: Iterable[dict[str, Any]], lr: float = 1e-3, momentum: float = 0.95
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "blocks": 1})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update the weights that have a gradient."""
        if closure is not None:
            raise NotImplementedError("Muon takes no closure")
        # Matrices of one shape are orthogonalised together.
        alike: dict[tuple[int, ...], list[tuple[nn.Parameter, float, Tensor]]] = defaultdict(list)
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    ahead = self._mean(weight, weight.grad, group["momentum"])
                    matrices = _matrices(ahead, group["blocks"])
                    alike[tuple(matrices.shape[1:])].append((weight, group["lr"], matrices))
        for shape, members in alike.items():
            updates = orthogonalise(torch.cat([matrices for *_, matrices in members]))
            parts = torch.split(updates, [len(matrices) for *_, matrices in members])
            size = _RMS * math.sqrt(max(shape))
            for (weight, lr, _), update in zip(members, parts, strict=True):
                weight.add_(update.reshape(weight.shape).to(weight.dtype), alpha=-lr * size)

    def _mean(self, weight: nn.Parameter, gradient: Tensor, momentum: float) -> Tensor:
        """Add a gradient to the running mean; return the mean with the gradient added again."""
        state = self.state[weight]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        mean: Tensor = state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(mean, momentum)


def _matrices(weight: Tensor, blocks: int) -> Tensor:
    """Return a weight as (n, rows, columns), cut into blocks of rows where both sides are large."""
    matrices = weight.reshape(blocks, len(weight) // blocks, -1)
    rows, columns = matrices.shape[1:]
    if min(rows, columns) <= _MOST_ROWS:
        return matrices
    parts = next(n for n in range(2, rows + 1) if rows % n == 0 and rows // n <= _MOST_ROWS)
    return matrices.reshape(-1, rows // parts, columns)


def operations(optimiser: torch.optim.Optimizer) -> float:
    """Return the operations of the products of a step, two for each multiplication.

    They are 0 for another optimiser than Muon.
    """
    total = 0.0
    for group in optimiser.param_groups if isinstance(optimiser, Muon) else ():
        for weight in group["params"]:
            n, *sides = _matrices(weight, group["blocks"]).shape
            small, large = sorted(sides)
            total += 2 * n * ((4 * _ITERATIONS - 3) * small**3 + 2 * small**2 * large)
    return total


# Torch replaces a class's `step` by one with hooks when its first optimiser is made, unless it has
# them already; a cell must not replace functions of the engine.
Muon.step.hooked = True  # type: ignore[attr-defined]


def orthogonalise(matrices: Tensor) -> Tensor:
    """Move the singular values of matrices to between 0.7 and 1.2; keep their singular vectors.

    Five steps of X <- aX + bGX + cGGX with G = X X^T (Newton and Schulz). Each is a polynomial of
    the first G times X, so G alone is iterated, the smaller side's square, in float32.

    Args:
        matrices: (n, rows, columns).

    Returns:
        Matrices of the same shape. Singular values below a hundredth of the norm may stay below
        0.7, and zeros stay zeros.
    """
    if matrices.shape[1] > matrices.shape[2]:
        return orthogonalise(matrices.mT).mT
    start = matrices.float()
    start = start / torch.linalg.vector_norm(start, dim=(1, 2), keepdim=True).clamp_min(1e-12)
    gram = start @ start.mT
    product = unit = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    for iteration in range(_ITERATIONS):
        step = _A * unit + torch.baddbmm(gram, gram, gram, beta=_B, alpha=_C)
        product = step @ product if iteration else step
        if iteration < _ITERATIONS - 1:
            gram = step @ gram @ step
    return torch.matmul(product, start)
