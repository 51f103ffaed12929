"""Optimisers of recipes, learning rates per layer, and clipping of gradients."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.method import Recipe

# Learning rate of biases relative to their layer's weights, for `lr_by_fan_in`. A bias has no
# initial size that a rate could be relative to. At the full rate all units of a narrow layer die:
# of twelve 20-layer networks of 8, 16 or 24 maps (CAVE x2, `quick`) six ended at their input, at a
# tenth none.
_BIAS_LR = 0.1


def build(network: nn.Module, recipe: Recipe, *, fused: bool = True) -> torch.optim.Optimizer:
    """Build the optimiser of a recipe, with parameter groups for each layer.

    Each group's `lr_scale` is its learning rate relative to the schedule's.

    Args:
        network: the network to train.
        recipe: optimiser, its settings, and `lr_by_fan_in`.
        fused: True updates all values of a group in one pass over memory.
    """
    seen: set[nn.Parameter] = set()  # tied weights belong to the first layer that has them
    layers = []
    for module in network.modules():
        layer = [p for p in module.parameters(recurse=False) if p not in seen]
        seen.update(layer)
        if layer:
            layers.append(_groups(layer, recipe))
    for group in layers[-1]:
        group["lr_scale"] *= recipe.last_layer_lr
    groups = [group for layer in layers for group in layer]
    common: dict[str, Any] = {
        "lr": recipe.lr,
        "weight_decay": recipe.weight_decay,
        "fused": fused,
    }
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, momentum=recipe.momentum, **common)
    return torch.optim.Adam(groups, betas=(0.9, recipe.beta2), **common)


def _groups(layer: Sequence[nn.Parameter], recipe: Recipe) -> list[dict[str, Any]]:
    """Return a layer's parameter groups: its weights and, at a rate of their own, its biases."""
    if not recipe.lr_by_fan_in:
        return [{"params": layer, "lr_scale": 1.0}]
    scale = he_scale(layer)
    weights = [parameter for parameter in layer if parameter.dim() > 1]
    biases = [parameter for parameter in layer if parameter.dim() <= 1]
    groups = (weights, scale), (biases, scale * _BIAS_LR if weights else scale)
    return [{"params": group, "lr_scale": rate} for group, rate in groups if group]


def set_lr(optimiser: torch.optim.Optimizer, lr: float) -> None:
    """Set each group's learning rate to `lr` times its `lr_scale`."""
    for group in optimiser.param_groups:
        group["lr"] = lr * group["lr_scale"]


def clip_gradients(parameters: Iterable[nn.Parameter], recipe: Recipe, lr: float) -> None:
    """Normalise or clip the gradients as the recipe says.

    Args:
        parameters: the network's; those without a gradient are skipped.
        recipe: `normalise_gradient`, `clip_norm`, `adjustable_clip`.
        lr: the step's learning rate.
    """
    trained = list(parameters)
    if recipe.normalise_gradient:
        gradients = [parameter.grad for parameter in trained if parameter.grad is not None]
        norm = nn.utils.get_total_norm(gradients).clamp_min(1e-12)
        for gradient in gradients:
            gradient.div_(norm)
    if recipe.clip_norm:
        nn.utils.clip_grad_norm_(trained, recipe.clip_norm)
    if recipe.adjustable_clip:
        nn.utils.clip_grad_value_(trained, recipe.adjustable_clip / lr)


def he_scale(layer: Sequence[Tensor]) -> float:
    """Return the standard deviation of a layer's weights by He et al. (ICCV 2015).

    It is sqrt(2 / fan-in); layers without a matrix (norms, scales) count as fan-in 200, a tenth.
    """
    fans = [parameter[0].numel() for parameter in layer if parameter.dim() > 1]
    return math.sqrt(2 / max(fans)) if fans else 0.1
