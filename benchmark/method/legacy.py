"""Plugins written for earlier versions: they keep working as they are."""

import inspect
from collections.abc import Callable
from functools import partialmethod, wraps
from typing import Any, TypeVar

from benchmark.errors import RequestError
from benchmark.method.problem import Problem

# Values of `sees`, which `inputs` replaced in version 0.5.
_INPUTS = {"decimated": ("low",), "upscaled": ("upscaled",)}
# What a class may declare as a method.
_KINDS = (staticmethod, classmethod, partialmethod)
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

F = TypeVar("F", bound=Callable[..., Any])


def adopt_sees(cls: type) -> None:
    """Derive `inputs` of a class from `sees`, unless it or a nearer base class has `inputs`."""
    owner = next(base for base in cls.__mro__ if vars(base).keys() & {"sees", "inputs"})
    if "inputs" in vars(owner):
        return
    sees = vars(owner)["sees"]
    if hasattr(sees, "__get__"):  # a property, whose value may depend on parameters
        cls.inputs = property(_inputs)  # type: ignore[attr-defined]
    else:  # what is not known is refused when the class is registered
        known = isinstance(sees, str) and sees in _INPUTS
        cls.inputs = _INPUTS[sees] if known else sees  # type: ignore[attr-defined]


def _inputs(self: Any) -> tuple[str, ...]:
    if self.sees not in _INPUTS:
        name = getattr(self, "name", type(self).__name__)
        raise RequestError(
            f"method '{name}': expected 'decimated' or 'upscaled' as `sees`, found {self.sees!r}"
        )
    return _INPUTS[self.sees]


def adopt_network(cls: type) -> None:
    """Let `network(bands, scale)` of a class be called with a problem."""
    former = inspect.getattr_static(cls, "network")
    positional, required = _arguments(former, cls)
    if len(positional) < 2 or (len(required) < 2 and positional[0] == "problem"):
        return

    @wraps(_function(former))
    def network(self: Any, *arguments: Any, **named: Any) -> Any:
        bound = former.__get__(self, type(self))
        if len(arguments) == 1 and isinstance(arguments[0], Problem):
            return bound(arguments[0].bands, arguments[0].scale)
        return bound(*arguments, **named)

    cls.network = _adopted(network)  # type: ignore[attr-defined]


def adopt_loss(cls: type) -> None:
    """Let `loss(output, truth)` of a class be called with inputs and problem too."""
    former = inspect.getattr_static(cls, "loss")
    positional, required = _arguments(former, cls)
    if len(required) != 2 or positional[2:3] == ["inputs"]:
        return

    @wraps(_function(former))
    def loss(self: Any, output: Any, truth: Any, *_: Any, **__: Any) -> Any:
        return former.__get__(self, type(self))(output, truth)

    cls.loss = _adopted(loss)  # type: ignore[attr-defined]


def callable_without_context(loss: F) -> F:
    """Let `loss` of the base class be called with output and truth alone, by `super()`."""

    @wraps(loss)
    def called(self: Any, output: Any, truth: Any, inputs: Any = None, problem: Any = None) -> Any:
        return loss(self, output, truth, inputs, problem)

    return _adopted(called)  # type: ignore[return-value]


def _adopted(function: Callable[..., Any]) -> Callable[..., Any]:
    vars(function)["adopted"] = True
    return function


def _function(method: Any) -> Callable[..., Any]:
    """Return the function of a static method, a class method, or a partial method."""
    function: Callable[..., Any] = getattr(method, "__func__", getattr(method, "func", method))
    return function


def _arguments(method: Any, cls: type) -> tuple[list[str], list[str]]:
    """Return the names of the arguments that may be given by position, and of required ones.

    None are returned for a method that was adopted, and for one with `*arguments`.
    """
    if not (inspect.isfunction(method) or isinstance(method, _KINDS)):
        return [], []
    bound = method.__get__(object(), cls)
    parameters = inspect.signature(bound).parameters.values()
    variable = any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters)
    if variable or getattr(method, "adopted", False):
        return [], []
    positional = [one for one in parameters if one.kind in _POSITIONAL]
    required = [one.name for one in positional if one.default is inspect.Parameter.empty]
    return [one.name for one in positional], required
