"""Optimisers of recipes, learning rates per layer, and clipping of gradients."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.parametrize import is_parametrized

from benchmark.engine.training.muon import Muon
from benchmark.method import Recipe

# Learning rate of biases relative to their layer's weights, for `lr_by_fan_in`. A bias has no
# initial size that a rate could be relative to. At the full rate all units of a narrow layer die:
# of twelve 20-layer networks of 8, 16 or 24 maps (CAVE x2, `quick`) six ended at their input, at a
# tenth none.
_BIAS_LR = 0.1
# Of lengths in weight normalisation: that of fan-in weights by He et al. At a tenth, as gains have
# it, losses were 3 to 12 % higher (MCNet and ERCSR of 8 maps, after 150 steps), or equal (F3DUN).
_LENGTH_LR = math.sqrt(2)
# Of a method's own parameters; every other module of torch is a layer.
_CONTAINERS = (nn.ParameterList, nn.ParameterDict)


def build(network: nn.Module, recipe: Recipe, *, fused: bool = True) -> list[torch.optim.Optimizer]:
    """Build the optimisers of a recipe, with parameter groups for each layer.

    There is one, but for "muon", whose matrices have one and whose other parameters another. Each
    group's `lr_scale` is its learning rate relative to the schedule's.

    Args:
        network: the network to train.
        recipe: optimiser, its settings, and `lr_by_fan_in`.
        fused: True updates all values of a group in one pass over memory.
    """
    seen: set[nn.Parameter] = set()  # tied weights belong to the first layer that has them
    layers = []
    for module in network.modules():
        layer = [p for p in _parameters(module) if p not in seen]
        seen.update(layer)
        if layer:
            layers.append(_groups(module, layer, recipe))
    for group in layers[-1]:
        group["lr_scale"] *= recipe.last_layer_lr
    groups = [group for layer in layers for group in layer]
    common: dict[str, Any] = {
        "lr": recipe.lr,
        "weight_decay": recipe.weight_decay,
        "fused": fused,
    }
    if recipe.optimiser == "sgd":
        return [torch.optim.SGD(groups, momentum=recipe.momentum, **common)]
    built: list[torch.optim.Optimizer] = []
    if matrices := [group for group in groups if group["blocks"]]:
        built.append(Muon(matrices, lr=recipe.lr))
    if others := [group for group in groups if not group["blocks"]]:
        built.append(torch.optim.Adam(others, betas=(0.9, recipe.beta2), **common))
    return built


def _parameters(module: nn.Module) -> list[nn.Parameter]:
    """Return a module's own parameters, with those that its parametrizations compute them from."""
    own = list(module.parameters(recurse=False))
    if is_parametrized(module):
        own += module.get_submodule("parametrizations").parameters()
    return own


def _lengths(module: nn.Module) -> set[nn.Parameter]:
    """Return the lengths of a module's weights, if it has weight normalisation.

    That of `torch.nn.utils.parametrizations`, or the older one of `torch.nn.utils`.
    """
    own = dict(module.named_parameters(recurse=False))
    lengths = {own[name] for name in own if name.endswith("_g") and f"{name[:-1]}v" in own}
    if is_parametrized(module):
        # The length comes before the direction; other parametrizations have one tensor.
        pairs = module.get_submodule("parametrizations").children()
        lengths |= {one.get_parameter("original0") for one in pairs if hasattr(one, "original1")}
    return lengths


def _gains(module: nn.Module) -> set[nn.Parameter]:
    """Return parameters that a method's own module declares, and that multiply or add elementwise.

    They have at most one side longer than 1, such as a temperature for every head of an attention.
    """
    foreign = type(module).__module__.startswith("torch.nn.")
    if (foreign and not isinstance(module, _CONTAINERS)) or is_parametrized(module):
        return set()
    own = module.parameters(recurse=False)
    return {one for one in own if one.dim() > 1 and sum(side > 1 for side in one.shape) <= 1}


def _groups(
    module: nn.Module, layer: Sequence[nn.Parameter], recipe: Recipe
) -> list[dict[str, Any]]:
    """Return a layer's parameter groups: its weights and, at rates of their own, the others."""
    lengths, gains = _lengths(module), _gains(module)
    others = lengths | gains
    weights = [one for one in layer if one.dim() > 1 and one not in others]
    biases = [one for one in layer if one.dim() <= 1 and one not in others]
    matrices = {one for one in weights if recipe.optimiser == "muon" and _blocks(module, one)}
    scale = he_scale(weights)
    groups = (
        ([one for one in weights if one in matrices], scale),
        ([one for one in weights if one not in matrices], scale),
        (biases, scale * _BIAS_LR if weights else scale),
        ([one for one in layer if one in lengths], _LENGTH_LR),
        ([one for one in layer if one in gains], he_scale([])),
    )
    return [
        {
            "params": group,
            "lr_scale": rate if recipe.lr_by_fan_in else 1.0,
            "blocks": _blocks(module, group[0]) if group[0] in matrices else 0,
        }
        for group, rate in groups
        if group
    ]


def _blocks(module: nn.Module, weight: nn.Parameter) -> int:
    """Return the number of matrices in a weight, one a group of a convolution; 0 for vectors."""
    blocks = module.groups if isinstance(module, _ConvNd) else 1
    rows = len(weight) // blocks
    return blocks if min(rows, weight[0].numel()) > 1 else 0


def set_lr(optimisers: Iterable[torch.optim.Optimizer], lr: float) -> None:
    """Set each group's learning rate to `lr` times its `lr_scale`."""
    for optimiser in optimisers:
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

    It is sqrt(2 / fan-in); without a matrix (norms, gains) 0.1, a tenth of values that start at 1.
    """
    fans = [parameter[0].numel() for parameter in layer if parameter.dim() > 1]
    return math.sqrt(2 / max(fans)) if fans else 0.1
