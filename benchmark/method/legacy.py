"""Plugins written for earlier versions: they keep working as they are."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from benchmark.method.problem import Problem

# Values of `sees`, which `inputs` replaced in version 0.5.
_INPUTS = {"decimated": ("low",), "upscaled": ("upscaled",)}


def adopt_sees(cls: type) -> None:
    """Derive `inputs` of a class from the attribute or property `sees`, if it has no `inputs`."""
    if "sees" not in vars(cls) or "inputs" in vars(cls):
        return
    sees = vars(cls)["sees"]
    translated = (
        property(lambda self: _INPUTS[self.sees])
        if isinstance(sees, property)
        else _INPUTS.get(sees, sees)
    )
    cls.inputs = translated  # type: ignore[attr-defined]


def adopt_network(cls: type) -> None:
    """Let `network(bands, scale)` of a class be called with a problem."""
    former = vars(cls).get("network")
    if not inspect.isfunction(former) or _parameters(former) != 3:
        return

    @wraps(former)
    def network(self: Any, *arguments: Any, **named: Any) -> Any:
        if len(arguments) == 1 and isinstance(arguments[0], Problem):
            return former(self, arguments[0].bands, arguments[0].scale)
        return former(self, *arguments, **named)

    cls.network = network  # type: ignore[attr-defined]


def adopt_loss(cls: type) -> None:
    """Let `loss(output, truth)` of a class be called with inputs and problem too."""
    former = vars(cls).get("loss")
    if not inspect.isfunction(former) or _parameters(former) != 3:
        return

    @wraps(former)
    def loss(self: Any, output: Any, truth: Any, *_: Any) -> Any:
        return former(self, output, truth)

    cls.loss = loss  # type: ignore[attr-defined]


def _parameters(function: Callable[..., Any]) -> int:
    """Count the positional parameters of a function, `self` included."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in kinds for one in inspect.signature(function).parameters.values())
