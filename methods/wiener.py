"""The best linear estimator that knows the degradation."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from benchmark.method import Method, Problem, State, parameter, register

# Variance of float32 rounding, for protocols that add no noise.
FLOAT_NOISE = 1e-14


@register(
    "wiener",
    title="Wiener",
    paper="Wiener 1949; linear minimum mean square error, closed form",
    published="",
    year="1949",
    bibtex="""
    @book{wiener1949extrapolation,
      author = {Wiener, Norbert}, publisher = {MIT Press}, year = {1949},
      title = {Extrapolation, Interpolation, and Smoothing of Stationary Time Series}
    }
    """,
)
class Wiener(Method):
    """Invert the known degradation as far as the noise allows, given the scenes' power spectrum.

    Several frequencies of an axis fold onto one of the low-resolution image (aliasing). A line of
    a natural image has the power D ~ 1/f^2 (Field, J. Opt. Soc. Am. A 4, 1987) at the frequencies
    of C, the cosine transform (DCT-II), so the estimate divides what it sees among them in this
    proportion. With A the matrix of an axis and A C^T D^(1/2) = U S V^T, the columns of
    W = C^T D^(1/2) V are the patterns that can be seen, in this proportion. The estimate of a band
    y is

        W [G * (U^T y U)] W^T,   G = w P / (w^2 P + n),   w_ij = s_i s_j,

    P the mean power of the training scenes' coefficients of W, n the variance of rounding the
    low-resolution image. It is the linear minimum mean square error estimate for scenes whose
    coefficients of W are uncorrelated and have the power P (Wiener 1949; Pratt, IEEE Trans.
    Comput. C-21, 1972). Where A commutes with mirroring the image, W consists of the aliases j of
    single frequencies, weighted by D_j H_j / sum_i(H_i^2 D_i), H the transfer function of A.

    With `joint` the bands are first projected onto the eigenvectors of the training spectra's
    second moment, each component with a P of its own: rounding noise is averaged away over the
    bands. P belongs to one image size; for another it is interpolated over relative frequency.
    """

    inputs = ("low",)
    joint: bool = parameter(default=False, help="work on spectral components instead of bands")

    def fit(self, scenes: Iterable[Tensor], problem: Problem) -> State:
        """Learn the power spectrum, and the spectral components where `joint`."""
        learned: dict[str, Tensor] = {}
        if self.joint:
            moment = sum(z.flatten(1).double() @ z.flatten(1).double().T for z in scenes)
            learned["spectra"] = torch.linalg.eigh(moment)[1]
        wanted = [problem.degradation.low_size(size) for size in problem.shape]
        total: Tensor | None = None
        count = 0
        for z in scenes:
            rows, columns = _axes(problem, z.shape[-2:], z.device)
            seen = self._turned(rows.analysis @ z.double() @ columns.analysis.T, learned)
            power = seen.square()
            power = _resampled(power if self.joint else power.mean(dim=0, keepdim=True), wanted)
            total = power if total is None else total + power
            count += 1
        if total is None:
            raise ValueError("no training scene to learn a power spectrum from")
        return {"power": total / count, **learned}

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Apply the filter (class docstring) to every band or component."""
        rows, columns = _axes(problem, problem.shape, low.device)
        weight = rows.gain[:, None] * columns.gain
        power = _resampled(state["power"].to(low.device), weight.shape)
        noise = max(problem.degradation.noise, FLOAT_NOISE)
        gain = weight * power / (weight**2 * power + noise)
        coefficients = gain * self._turned(rows.low.T @ low.double() @ columns.low, state)
        coefficients = self._turned(coefficients, state, back=True)
        return (rows.patterns @ coefficients @ columns.patterns.T).float()

    def _turned(self, image: Tensor, state: State, *, back: bool = False) -> Tensor:
        """Project bands onto the spectral components, or back; nothing unless `joint`."""
        if not self.joint:
            return image
        spectra = state["spectra"].to(image.device)
        return torch.einsum("cb,cij->bij" if not back else "bc,cij->bij", spectra, image)


@dataclass(frozen=True)
class _Axis:
    """The patterns of an axis that can be seen, of `low` samples (class docstring of `Wiener`).

    Attributes:
        low: (low, low), U.
        gain: (low,), the diagonal of S.
        patterns: (size, low), W.
        analysis: (low, size), computes the coefficients of W.
    """

    low: Tensor
    gain: Tensor
    patterns: Tensor
    analysis: Tensor


def _axes(problem: Problem, shape: Sequence[int], device: torch.device) -> list[_Axis]:
    """Compute rows and columns of an image of this shape, in float64."""
    axes = {size: _axis(problem.degradation.axis(size), device) for size in set(shape)}
    return [axes[size] for size in shape]


def _axis(matrix: Tensor, device: torch.device) -> _Axis:
    size = matrix.shape[1]
    frequency = torch.arange(size, dtype=torch.float64)
    cosines = torch.cos(math.pi / size * frequency[:, None] * (frequency + 0.5))
    cosines *= math.sqrt(2 / size)
    cosines[0] /= math.sqrt(2)
    root = size / (frequency + 0.5)  # D^(1/2), finite at 0; a function of relative frequency
    u, s, vh = torch.linalg.svd((matrix @ cosines.T) * root, full_matrices=False)
    both = cosines.T @ (root[:, None] * vh.T), (vh / root) @ cosines
    return _Axis(*(part.to(device) for part in (u, s, *both)))


def _resampled(power: Tensor, shape: Sequence[int]) -> Tensor:
    """Interpolate a power spectrum to another number of frequencies, linearly in its logarithm."""
    if list(power.shape[-2:]) == list(shape):
        return power
    logs = power.clamp_min(1e-30).log()[None]
    return functional.interpolate(logs, size=tuple(shape), mode="bilinear", align_corners=True)[
        0
    ].exp()
