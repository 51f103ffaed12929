"""Checks of what a method returned: each failure names it, and what is expected, in one line."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.method import Inputs, NetworkMethod, State


def described(value: object) -> str:
    """Describe a value in a message: its type, and the shape of a tensor or an array."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)} and type {value.dtype}"
    if isinstance(value, np.ndarray):
        return f"a numpy array of shape {value.shape}"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def fitted(state: object) -> State:
    """Check what `fit` returned; return its tensors as copies without gradients.

    Raises:
        TypeError: it is not a mapping of texts to tensors that can be stored.
    """
    expected = "expected a dict of named tensors, which is empty if the method learns nothing"
    if not isinstance(state, Mapping):
        raise TypeError(f"fit returned {described(state)}, {expected}")
    for name, value in state.items():
        if not isinstance(name, str):
            raise TypeError(f"fit returned a dict with {described(name)} as a key, {expected}")
        if not isinstance(value, Tensor):
            raise TypeError(f"fit returned {described(value)} under '{name}', {expected}")
        if (
            value.is_complex()
            or value.layout != torch.strided
            or value.is_quantized
            or value.is_meta
        ):
            kind = "on the device meta" if value.is_meta else f"({value.layout})"
            raise TypeError(
                f"fit returned {described(value)} {kind} under '{name}', which cannot be "
                "stored; expected dense tensors of real numbers"
            )
    return {name: value.detach().clone() for name, value in state.items()}


def network_of(network: object) -> nn.Module:
    """Check what `network` returned.

    Raises:
        TypeError: it is not a module of torch.
        ValueError: it was not initialised, has a lazy layer, or weights that are not float32.
    """
    if not isinstance(network, nn.Module):
        raise TypeError(f"network returned {described(network)}, expected a torch.nn.Module")
    if "_modules" not in vars(network):
        raise ValueError(
            f"network returned {described(network)} that is not initialised; call "
            "super().__init__() first in its __init__"
        )
    for name, layer in network.named_modules():
        values = [*layer.parameters(recurse=False), *layer.buffers(recurse=False)]
        if any(
            isinstance(value, nn.UninitializedParameter | nn.UninitializedBuffer)
            for value in values
        ):
            place = f" '{name}'" if name else ""
            raise ValueError(
                f"network returned a network whose layer{place} is a {type(layer).__name__}, which "
                "has no weights before its first input; expected a layer of a fixed size, from the "
                "number of bands that `network` is given"
            )
    for name, value in network.named_parameters():
        real = value.is_floating_point() or value.is_complex()
        if value.is_meta or (real and value.dtype != torch.float32):
            found = "on the device meta" if value.is_meta else f"of type {value.dtype}"
            raise ValueError(
                f"network returned a network whose weights '{name}' are {found}, expected float32 "
                "on the CPU; the engine chooses the precision and the device"
            )
    return network


def trainable(network: nn.Module) -> nn.Module:
    """Check that a network can be trained.

    Raises:
        ValueError: it has no trainable parameters.
    """
    if not any(parameter.requires_grad for parameter in network.parameters()):
        count = sum(parameter.numel() for parameter in network.parameters())
        found = f"{count} parameters, none of them trainable" if count else "no parameters"
        raise ValueError(
            f"network returned a network with {found}, expected at least one to train; a method "
            "without any subclasses Method and implements `upscale`"
        )
    return network


def outputs(method: NetworkMethod, output: object, inputs: Inputs, scale: int) -> Any:
    """Check what a network returned in training mode, before it is cropped to the truth's size.

    Raises:
        TypeError: it, or its estimate, is neither a tensor nor a tuple or list of tensors.
        ValueError: a tensor has too few dimensions, or the estimate has another shape than the
            method declares; a loss might broadcast it.
    """
    _require_tensors(output)
    estimate: object = method.estimate(output)
    if not isinstance(estimate, Tensor):
        raise TypeError(f"estimate returned {described(estimate)}, expected a tensor")
    # The truth of a low-resolution image of 11 x 11 at x3 has 32 or 33 rows.
    require_shape(estimate, inputs, scale)
    return output


def require_shape(estimate: Tensor, inputs: Inputs, scale: int) -> None:
    """Check the shape of a network's estimate.

    Args:
        estimate: the network's.
        inputs: what it was given, (batch, bands, rows, columns) each.
        scale: the scale factor.

    Raises:
        ValueError: it has another shape than that of the upscaled images.
    """
    name, images = next(iter(inputs.items()))
    enlarge = scale if name == "low" else 1
    expected = (*images.shape[:2], *(size * enlarge for size in images.shape[-2:]))
    if estimate.shape != expected:
        given = " and ".join(str(tuple(one.shape)) for one in inputs.values())
        raise ValueError(
            f"the network maps {given} to {tuple(estimate.shape)}, expected {expected}"
        )


def _require_tensors(output: object) -> None:
    several = type(output) in (tuple, list)  # no named tuples
    parts: list[object] = list(output) if several else [output]  # type: ignore[call-overload]
    expected = "expected a tensor, or a tuple of tensors with the estimate last"
    if not parts:
        raise TypeError(f"the network returned an empty {type(output).__name__}, {expected}")
    for number, part in enumerate(parts):
        if type(part) in (tuple, list):
            _require_tensors(part)
            continue
        place = f" as output {number + 1} of {len(parts)}" if several else ""
        if not isinstance(part, Tensor):
            raise TypeError(f"the network returned {described(part)}{place}, {expected}")
        if part.dim() < 2:
            raise ValueError(
                f"the network returned {described(part)}{place}, expected (batch, bands, rows, "
                "columns)"
            )


def estimate_of(method: NetworkMethod, output: object) -> Tensor:
    """Return the estimate from a network's output in evaluation mode.

    Raises:
        TypeError: it is not a tensor of real floating-point numbers.
    """
    tensors = isinstance(output, Tensor) or (isinstance(output, tuple | list) and len(output) > 0)
    custom = type(method).estimate is not NetworkMethod.estimate
    estimate: object = method.estimate(output) if tensors or custom else output
    where = "estimate returned" if custom else "the network returned"
    if not isinstance(estimate, Tensor):
        raise TypeError(f"{where} {described(estimate)}, expected a tensor")
    return _real(where, estimate)


def halo_of(halo: object) -> int | None:
    """Check what `halo` returned.

    Raises:
        TypeError: it is neither None nor a whole number of 0 or more.
    """
    if halo is None:
        return None
    if isinstance(halo, bool) or not isinstance(halo, Integral) or halo < 0:
        found = repr(halo) if isinstance(halo, int | float) else described(halo)
        raise TypeError(
            f"halo returned {found}, expected a whole number of pixels, or None to forbid tiles"
        )
    return int(halo)


def scalar_loss(loss: object) -> Tensor:
    """Check what `loss` returned.

    Raises:
        TypeError: it is not a tensor of a real floating-point number.
        ValueError: it is not a scalar, or has no gradient.
    """
    if not isinstance(loss, Tensor):
        raise TypeError(f"loss returned {described(loss)}, expected a scalar tensor")
    _real("loss returned", loss)
    if loss.dim():
        raise ValueError(
            f"loss returned {described(loss)}, expected a scalar: return its mean() or sum()"
        )
    if not loss.requires_grad:
        raise ValueError(
            "loss returned a tensor without gradient, expected one that depends on the network's "
            "output: no `detach`, `item`, numpy or `no_grad` in between"
        )
    return loss


def upscaled(estimate: object, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Check what `upscale` returned, apart from its shape.

    Args:
        estimate: what it returned.
        shape: the expected shape, for the message.
        device: the device of its input.

    Raises:
        TypeError: it is not a dense tensor of real floating-point numbers.
        ValueError: it is on another device, or records gradients.
    """
    if not isinstance(estimate, Tensor):
        raise TypeError(
            f"upscale returned {described(estimate)}, expected a tensor of shape {shape}"
        )
    _real("upscale returned", estimate)
    if estimate.device.type != device.type:
        raise ValueError(
            f"upscale returned an estimate on the device {estimate.device}, expected it on "
            f"{device}, where its input is"
        )
    if estimate.requires_grad:
        raise ValueError(
            "upscale returned an estimate that records gradients, expected one that does not: "
            "compute it inside `torch.no_grad()`, or return `estimate.detach()`"
        )
    return estimate


def _real(what: str, values: Tensor) -> Tensor:
    if not values.is_floating_point() or values.layout != torch.strided:
        layout = "" if values.layout == torch.strided else f" ({values.layout})"
        raise TypeError(f"{what} {described(values)}{layout}, expected dense float32")
    return values
