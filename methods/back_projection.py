"""Iterative back-projection: the estimate is corrected until it explains the input."""

import math

import torch
from torch import Tensor

from benchmark.method import Method, Problem, State, parameter, register

# Standard deviation of float32 rounding, for protocols that add no noise.
FLOAT_NOISE = 1e-7


@register(
    "back_projection",
    title="Back-projection",
    paper="Irani and Peleg, CVGIP: Graphical Models and Image Processing 53(3), 1991",
    published="",
    year="1991",
    bibtex="""
    @article{irani1991registration,
      author = {Irani, Michal and Peleg, Shmuel},
      title = {Improving Resolution by Image Registration},
      journal = {CVGIP: Graphical Models and Image Processing}, volume = {53}, number = {3},
      pages = {231--239}, year = {1991}, doi = {10.1016/1049-9652(91)90045-L}
    }
    """,
)
class BackProjection(Method):
    """Degrade the estimate, compare it with the input, and project the difference back.

    Starts from the protocol's upscaled image z_0 of the input y. With A the protocol's degradation
    without rounding and B the back-projection kernel,

        z_(k+1) = z_k + step B (y - A z_k).

    For B = A^T, the default, this is Landweber's iteration (Am. J. Math. 73, 1951): it converges
    for every operator with step = 1 / |A|^2, to the image nearest to z_0 that explains y. The
    protocol's interpolation as B is faster where nothing is blurred or shifted, and need not
    converge elsewhere.

    Ends when the residual y - A z_k is no larger than the rounding of y (discrepancy principle,
    Morozov 1966): further iterations would amplify the noise. Also when it no longer decreases.
    """

    inputs = ("low",)
    iterations: int = parameter(default=100, help="the largest number of iterations", low=0)
    kernel: str = parameter(
        default="adjoint", help="B: the adjoint or the upscaling", choices=("adjoint", "upscale")
    )

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Iterate on the residual, which stays in low resolution: z_k = z_0 + step B sum_i r_i."""
        down = [problem.degradation.axis(size).to(low.device) for size in problem.shape]
        up = [problem.degradation.up_axis(size).to(low.device) for size in problem.shape]
        back = [axis.T for axis in down] if self.kernel == "adjoint" else up
        rows, columns = (a @ b for a, b in zip(down, back, strict=True))  # A B, of each axis
        norms = [torch.linalg.matrix_norm(axis, 2) for axis in (rows, columns)]
        # |A|^2 = |A A^T|; of the upscaling a bound that only keeps the first step short.
        step = 1 / float(norms[0] * norms[1])
        start = up[0] @ low.double() @ up[1].T
        residual = low.double() - down[0] @ start @ down[1].T
        tolerance = max(problem.degradation.noise**0.5, FLOAT_NOISE)
        total = torch.zeros_like(residual)
        size = _rms(residual)
        for _ in range(self.iterations):
            if size <= tolerance:
                break
            following = residual - step * (rows @ residual @ columns.T)
            if _rms(following) >= size:
                break
            total += residual
            residual, size = following, _rms(following)
        return (start + step * (back[0] @ total @ back[1].T)).float()


def _rms(image: Tensor) -> float:
    return math.sqrt(float(image.square().mean()))
