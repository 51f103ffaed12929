"""What methods are, and what they cost: the facts of a table of all methods.

Sizes and operations are counted without computing anything. Speed and memory are measured on
request, by the items that `speed` measures.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from benchmark.engine.inference.returned import halo_of
from benchmark.engine.machine import environment
from benchmark.engine.machine.device import Device
from benchmark.method import METHODS, Method, NetworkMethod
from benchmark.tools.speed import items
from benchmark.tools.speed.baseline import PATCH
from benchmark.tools.speed.operations import forward_operations, problem_of, without_values
from benchmark.tools.speed.resources import Roofline, roofline, seconds

BANDS, SIZE = 31, 512  # of CAVE; rows and columns of an image
SCALES, SCALE = (2, 4), 4  # of the parameters; of everything else
SECONDS, TURNS = 1.0, 3  # per figure and turn; turns of training


def method_facts(method: Method) -> dict[str, Any]:
    """Describe a method, with the size of its network for images of 31 bands.

    Returns:
        `label`, `title`, `year`, `paper`, `published` (its names in published tables), `inputs`,
        `bandwise`, and for a network: `parameters` (by scale; None where the method refuses it),
        `operations` (floating-point operations of one forward pass for a low-resolution image of
        31 x 32 x 32 at x4; None likewise), and `tiles` (False if an image is estimated as a whole).
    """
    entry, label = METHODS.entry(method.name), METHODS.label(method)
    facts = {
        "label": label,
        "title": entry.facts.get("title", method.name) + label.removeprefix(method.name),
        "year": entry.facts.get("year", ""),
        "paper": entry.facts.get("paper", ""),
        "published": [name.strip() for name in entry.facts.get("published", "").split(",") if name],
        "inputs": list(method.inputs),
        "bandwise": method.bandwise,
    }
    if not isinstance(method, NetworkMethod):
        return facts
    networks = {scale: without_values(method, problem_of(scale, BANDS)) for scale in SCALES}
    network = networks[SCALE]
    return {
        **facts,
        "parameters": {scale: one and _parameters(one) for scale, one in networks.items()},
        "operations": network and forward_operations(method, network, SCALE, BANDS),
        "tiles": network and halo_of(method.halo(network)) is not None,
    }


def measure_methods(
    methods: Sequence[Method],
    device: Device,
    progress: Callable[[str], None] = lambda _: None,
    size: int = SIZE,
) -> dict[str, Any]:
    """Measure how fast networks are trained, and how fast they estimate an image, at x4.

    Args:
        methods: those without a network, and those that refuse x4, are left out.
        device: where to compute.
        progress: called with what is measured.
        size: rows and columns of the image of 31 bands.

    Returns:
        `conditions`, a paragraph on the machine and on what was measured; and `methods`, by label:
        `rate` (cubic patches of 32 x 32 a second in training, of all bands), `rate_share` (of the
        roofline's product, 0 to 1), `batch` (cubes a step), `step_memory` (bytes), `seconds` and
        `memory` (of an image; bytes), `share` (likewise).
    """
    progress("the roofline")
    peak = roofline(device)
    truth = torch.rand(BANDS, size, size).to(device.torch)
    found: dict[str, dict[str, float | None]] = {}
    for method in methods:
        if not isinstance(method, NetworkMethod) or method.refusal(problem_of(SCALE, BANDS)):
            continue
        progress(METHODS.label(method))
        pair = (
            items.training(method, truth, device, TURNS, SCALE),
            items.inference(method, (BANDS, size, size), device, 1, SCALE),
        )
        for item in pair:
            while len(item.seconds) < item.turns:
                item.seconds.append(seconds(item.engine, device.torch, SECONDS))
        train, infer = (item.row(peak.product) for item in pair)
        cubes = 1 / BANDS if method.bandwise else 1.0
        found[METHODS.label(method)] = {
            "rate": train.value * cubes,
            "rate_share": train.share,
            "batch": pair[0].samples * cubes,
            "step_memory": train.memory,
            "seconds": infer.value,
            "share": infer.share,
            "memory": infer.memory,
        }
        device.empty_cache()
    return {"conditions": _conditions(environment.describe(device), peak, size), "methods": found}


def _conditions(known: Mapping[str, Any], peak: Roofline, size: int) -> str:
    machine = f"{known['device']}, {known['processor']}, torch {known['torch']}"
    reduced = f"{peak.product:,.0f} GFLOP/s in {known['precision']}"
    image = f"{BANDS} x {size} x {size} at x{SCALE}"
    _, most = items.BATCH["cpu"]
    text = f"""\
Measured on {machine}. A large matrix product: {reduced}, {peak.product_float32:,.0f} in float32.
Of peak: operations a second of the column before, over those of the product in
{known["precision"]}. s/image and Memory: an image of {image}, by random weights, in float32; the
peak above the memory in use before. Patches/s: steps of training by the recipe of the profile
`standard`, patches of {PATCH} x {PATCH} at x{SCALE} with all bands, {most} in a step and fewer for
large networks."""
    return text.replace("\n", " ")


def _parameters(network: nn.Module) -> int:
    return sum(one.numel() for one in network.parameters() if one.requires_grad)
