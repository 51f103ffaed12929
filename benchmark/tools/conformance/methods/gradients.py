"""Checks of a network's gradients: they reach every parameter, and are finite in the hard cases."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.engine.inference.building import problem_of_network
from benchmark.engine.inference.returned import scalar_loss
from benchmark.engine.machine.device import CPU, Device
from benchmark.errors import listed
from benchmark.method import Inputs
from benchmark.tools.conformance.check import Check, require
from benchmark.tools.conformance.methods.harness import STEPS, MethodHarness

Change = Callable[[Tensor], Tensor]

_BFLOAT16 = Device(CPU.torch, bfloat16=True)
_NAMED = 3  # parameters in a reason


def gradients_everywhere(harness: MethodHarness) -> None:
    """The loss of two patches has a gradient at every parameter of a network.

    Where a layer starts at zero, those before it have none in the first step: what counts is the
    initial network and the one after 20 steps.
    """
    method, problem = harness.network_method, harness.problem()
    inputs, truth = harness.patches(problem)
    networks = (harness.network(problem), harness.network(problem, harness.trained.state))
    missing = {name for name, one in networks[0].named_parameters() if one.requires_grad}
    for network in networks:
        forward = _forward(network.train())
        loss = method.training_step(forward, inputs, truth, problem_of_network(method, problem))
        reached = _gradients(network, loss)
        missing -= {name for name, gradient in reached.items() if bool(gradient.any())}
    order = [name for name, _ in networks[0].named_parameters() if name in missing]
    text = f"no gradient reaches {listed(order, _NAMED)}, neither at first nor after {STEPS} steps"
    require(not order, f"{text}; use them in `forward`, or leave them out")


def gradients_finite(harness: MethodHarness) -> None:
    """Loss and gradients are finite where ratios and angles are not defined.

    That is: for black patches, in float32 and in bfloat16; for an estimate equal to the ground
    truth; and for a black estimate of black patches.
    """
    method, problem = harness.network_method, harness.problem()
    scene, truth = harness.patches(problem)
    black = {name: torch.zeros_like(image) for name, image in scene.items()}
    nothing, asked = torch.zeros_like(truth), problem_of_network(method, problem)
    network = harness.network(problem, harness.trained.state).train()

    def require_finite(
        forward: Callable[[Inputs], Any], inputs: Inputs, truth: Tensor, what: str
    ) -> None:
        loss = scalar_loss(method.training_step(forward, inputs, truth, asked))
        require(bool(torch.isfinite(loss)), f"the loss is {float(loss):g} for {what}")
        found = _gradients(network, loss).items()
        bad = [name for name, gradient in found if not bool(torch.isfinite(gradient).all())]
        require(not bad, f"the gradient of {listed(bad, _NAMED)} is not finite for {what}")

    require_finite(_forward(network), black, nothing, "black patches")
    require_finite(_forward(network, _BFLOAT16), black, nothing, "black patches, in bfloat16")
    output = _forward(network)(scene)
    equal = method.estimate(output).detach()
    require_finite(lambda _: output, scene, equal, "an estimate equal to the ground truth")
    erased = _each(_forward(network)(black), lambda part: 0 * part)
    require_finite(lambda _: erased, black, nothing, "a black estimate of black patches")


def _forward(network: nn.Module, device: Device = CPU) -> Callable[[Inputs], Any]:
    """Return the function that `training_step` is given, in the precision of a device."""

    def forward(images: Inputs) -> Any:
        with device.autocast():
            output = network(*images.values())
        return _each(output, Tensor.float)

    return forward


def _each(output: Any, change: Change) -> Any:
    """Change all tensors of an output."""
    if isinstance(output, tuple | list):
        return type(output)(_each(part, change) for part in output)
    return change(output)


def _gradients(network: nn.Module, loss: Tensor) -> Mapping[str, Tensor]:
    """Return the gradients of a loss at the parameters that it depends on."""
    network.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    return {name: one.grad for name, one in network.named_parameters() if one.grad is not None}


CHECKS: dict[str, Check] = {
    "gradients-everywhere": gradients_everywhere,
    "gradients-finite": gradients_finite,
}
