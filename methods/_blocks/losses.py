"""Losses on spectra and gradients, with finite gradients everywhere, black pixels included."""

import math

import torch
from torch import Tensor
from torch.nn import functional

# Both keep gradients finite: the derivative of the arc cosine is infinite at 1, that of a norm
# undefined at 0.
_COSINE_LIMIT = 1 - 1e-6
_NORM_LIMIT = 1e-6


def mean_angle(estimate: Tensor, truth: Tensor, limit: float = _COSINE_LIMIT) -> Tensor:
    """Return the mean angle between spectra in radians.

    Args:
        estimate: (batch, bands, rows, columns).
        truth: the same shape.
        limit: cosines are clamped to [-limit, limit]; the gradient is 0 beyond.
    """
    dot = (estimate * truth).sum(dim=1)
    squares = estimate.square().sum(dim=1) * truth.square().sum(dim=1)
    cosine = dot * squares.clamp_min(_NORM_LIMIT**2).rsqrt()
    return torch.acos(cosine.clamp(-limit, limit)).mean()


def hybrid_loss(estimate: Tensor, truth: Tensor, spectral: float, gradient: float) -> Tensor:
    """Return L1 + spectral angle / pi + gradient L1 of gradient magnitudes.

    Used by RFSR, GELIN, MSDformer and CST. The magnitude of a voxel's gradient is that of the
    forward differences along rows, columns and bands.

    Args:
        estimate: (batch, bands, rows, columns).
        truth: the same shape.
        spectral: weight of the mean spectral angle, which is divided by pi.
        gradient: weight of the L1 distance of the gradient magnitudes.
    """
    l1 = functional.l1_loss(estimate, truth)
    edges = functional.l1_loss(_gradient_magnitude(estimate), _gradient_magnitude(truth))
    return l1 + spectral * mean_angle(estimate, truth) / math.pi + gradient * edges


def _gradient_magnitude(images: Tensor) -> Tensor:
    if images.shape[1] == 1:  # no difference along the bands
        images = images.expand(-1, 2, -1, -1)
    corner = images[:, :-1, :-1, :-1]
    bands = images[:, 1:, :-1, :-1] - corner
    rows = images[:, :-1, 1:, :-1] - corner
    columns = images[:, :-1, :-1, 1:] - corner
    return (bands.square() + rows.square() + columns.square() + 1e-6).sqrt()
