"""The best linear estimator that knows the blur."""

from collections.abc import Iterable

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
)
class Wiener(Method):
    """Invert the known degradation as far as the noise allows, given the scenes' power spectrum.

    With A = U S V^T the blur-and-decimate matrix of an axis, the estimate of a band y is
    V [G * (U^T y U)] V^T with G = w P / (w^2 P + n), w_ij = s_i s_j, n the variance of storing
    in 8 bit and P the mean power of the training scenes in the basis V. With `joint` the bands
    are first projected onto the eigenvectors of the training spectra's second moment, each
    component with a P of its own: rounding noise is averaged away over the bands.

    P belongs to one image size; for another it is interpolated over relative frequency.
    """

    sees = "decimated"
    joint: bool = parameter(default=False, help="work on spectral components instead of bands")

    def fit(self, scenes: Iterable[Tensor], problem: Problem) -> State:
        """Learn the power spectrum, and the spectral components where `joint`."""
        learned: dict[str, Tensor] = {}
        spectra = torch.eye(problem.bands, dtype=torch.float64)
        if self.joint:
            moment = sum(z.flatten(1).double() @ z.flatten(1).double().T for z in scenes)
            spectra = torch.linalg.eigh(moment)[1]
            learned["spectra"] = spectra
        total: Tensor | None = None
        count = 0
        for z in scenes:
            basis = [_svd(problem, size, z.device)[2] for size in z.shape[-2:]]
            coefficients = basis[0].T @ z.double() @ basis[1]
            power = torch.einsum("bc,bij->cij", spectra.to(z.device), coefficients).square()
            power = power if self.joint else power.mean(dim=0, keepdim=True)
            wanted = [-(-size // problem.scale) for size in problem.shape]
            power = _resampled(power, wanted)
            total = power if total is None else total + power
            count += 1
        if total is None:
            raise ValueError("no training scene to learn a power spectrum from")
        return {"power": total / count, **learned}

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Apply the filter (class docstring) to every band or component."""
        power = state["power"].to(low.device)
        u_rows, s_rows, v_rows = _svd(problem, problem.shape[0], low.device)
        u_cols, s_cols, v_cols = _svd(problem, problem.shape[1], low.device)
        weight = s_rows[:, None] * s_cols[None, :]
        power = _resampled(power, list(weight.shape))
        noise = max(problem.degradation.noise, FLOAT_NOISE)
        gain = weight * power / (weight**2 * power + noise)
        coefficients = u_rows.T @ low.double() @ u_cols
        if not self.joint:
            return (v_rows @ (gain * coefficients) @ v_cols.T).float()
        spectra = state["spectra"].to(low.device)
        coefficients = gain * torch.einsum("bc,bij->cij", spectra, coefficients)
        coefficients = torch.einsum("bc,cij->bij", spectra, coefficients)
        return (v_rows @ coefficients @ v_cols.T).float()


def _svd(problem: Problem, size: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return U, s and V of an axis of `size` samples; V is (size, ceil(size / scale))."""
    u, s, vh = torch.linalg.svd(problem.degradation.axis(size), full_matrices=False)
    return u.to(device), s.to(device), vh.T.to(device)


def _resampled(power: Tensor, shape: list[int]) -> Tensor:
    """Interpolate a power spectrum to another number of frequencies, linearly in its logarithm."""
    if list(power.shape[-2:]) == shape:
        return power
    logs = power.clamp_min(1e-30).log()[None]
    return functional.interpolate(logs, size=shape, mode="bilinear", align_corners=True)[0].exp()
