"""Methods made from Python objects: networks of torch, and functions."""

import copy
import inspect
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, get_type_hints

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.errors import RequestError, listed
from benchmark.execution.planning.request import chosen_methods
from benchmark.method import METHODS, Method, NetworkMethod, Problem, State, register
from benchmark.method.registration import GROUPS, are_images
from benchmark.notebook.identity import identity
from benchmark.plugins.fingerprint import declare
from benchmark.plugins.parameters import names_in
from benchmark.plugins.registry import check_name

# What a function that builds a network may ask for, by the names of its parameters.
_ASKED = ("bands", "scale", "problem")


@dataclass(frozen=True, eq=False)
class Custom:
    """A method given as a Python object, where the defaults of `run` do not fit.

    Attributes:
        source: a `torch.nn.Module`, a class or function that builds one, or a function that
            returns the high-resolution image; see `run`.
        inputs: what it is given: "low", the low-resolution image; "upscaled", the same interpolated
            to the full size by the protocol; or both in a list, for networks that are trained.
        train: False scores a module with the weights that it has.
        bandwise: True passes each band to a network as an image of one band.

    Example:
        run(methods=["bicubic", {"residual": Custom(Residual, inputs="upscaled")}])
    """

    source: object
    inputs: str | Sequence[str] = "low"
    train: bool = True
    bandwise: bool = False


class _FunctionMethod(Method):
    """A function that returns the high-resolution image."""

    call: ClassVar[Callable[..., Any]]
    image: ClassVar[str]  # the parameter for the image; empty where it goes first
    takes_scale: ClassVar[bool]
    takes_tensor: ClassVar[bool]

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Call the function with a copy of the image, which it may change."""
        image = low.clone() if self.takes_tensor else low.cpu().numpy().copy()
        named = {"scale": problem.scale} if self.takes_scale else {}
        with torch.no_grad():
            if self.image:
                made = type(self).call(**{self.image: image}, **named)
            else:
                made = type(self).call(image, **named)
        if isinstance(made, np.ndarray):
            made = torch.from_numpy(np.ascontiguousarray(made))
        # Anything else is refused by the engine, which says what it is.
        return made.detach().to(low.device) if isinstance(made, Tensor) else made


class _FixedMethod(Method):
    """A network that is scored with the weights that it has."""

    module: ClassVar[nn.Module]

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Call a copy of the network, in evaluation mode."""
        network = copy.deepcopy(self.module).to(low.device).eval()
        with torch.no_grad():
            made = network(low[:, None] if self.bandwise else low[None])
        estimate = NetworkMethod.estimate(made)
        return estimate[:, 0] if self.bandwise else estimate[0]


class _TrainedMethod(NetworkMethod):
    """A network that the engine trains."""

    build: ClassVar[Callable[[Problem], nn.Module]]

    def network(self, problem: Problem) -> nn.Module:
        """Build the network, or copy it with the weights that it has."""
        return type(self).build(problem)


def named(methods: object) -> Iterator[tuple[str, Custom | None]]:
    """Yield the methods of a run: references as they are, and objects with their names.

    Args:
        methods: a reference or several with commas, an object, a mapping of names to objects, or a
            list of these.

    Raises:
        RequestError: one is neither, or an object has no name.
    """
    if isinstance(methods, str):
        yield from ((reference, None) for reference in names_in(methods, "methods"))
    elif isinstance(methods, Mapping):
        for name, value in methods.items():
            yield str(name), value if isinstance(value, Custom) else Custom(value)
    elif isinstance(methods, Iterable) and not isinstance(methods, nn.Module | type):
        for one in methods:
            yield from named(one)
    else:
        custom = methods if isinstance(methods, Custom) else Custom(methods)
        yield _name(custom.source), custom


def _name(source: object) -> str:
    """Return the name of a function or a class, or that of a module's class.

    Raises:
        RequestError: it has none.
    """
    source = getattr(source, "func", source)  # a partial
    name = str(getattr(source, "__name__", type(source).__name__))
    if name == "<lambda>":
        raise RequestError(
            "a lambda has no name for tables and folders; give it one: methods={'mine': lambda ...}"
        )
    return name


def register_custom(name: str, custom: Custom) -> str:
    """Register a method for an object.

    Args:
        name: its name, as in tables and folders.
        custom: the object.

    Returns:
        Why it has to be computed in every run, as two versions of it could not be told apart; ""
        for an object that can be identified.

    Raises:
        RequestError: a method has this name, or the object is none of what `run` takes.
    """
    check_name(name, "method")
    if name in GROUPS or any(entry.name.casefold() == name.casefold() for entry in METHODS):
        raise RequestError(
            f"there is a method '{name}'; give yours another name: methods={{'my_{name}': ...}}"
        )
    listing = isinstance(custom.inputs, list | tuple)
    inputs = tuple(custom.inputs) if listing else (custom.inputs,)
    if not are_images(inputs):
        raise RequestError(
            f"{name}: expected 'low', 'upscaled' or both in a list as inputs, found "
            f"{custom.inputs!r}"
        )
    base, own = _kind(name, custom)
    if len(inputs) > 1 and base is not _TrainedMethod:
        raise RequestError(f"{name}: two inputs are for networks that are trained; name one")
    attributes = {"inputs": inputs, "bandwise": custom.bandwise, "default_run": False, **own}
    cls = type(name, (base,), {"__module__": __name__, "__doc__": base.__doc__, **attributes})
    register(name, title=name, paper="given in Python")(cls)
    digest, unknown = identity((custom.source, inputs, custom.bandwise, custom.train))
    why = ""
    if unknown:
        digest = secrets.token_hex(32)
        why = f"it depends on {listed(dict.fromkeys(unknown), 3)}, which cannot be compared"
    declare(METHODS.entry(name).cls, f"{base.__name__} {digest}")
    chosen_methods(name)  # raises for a name that cannot be asked for
    return why


def _kind(name: str, custom: Custom) -> tuple[type[Method], dict[str, Any]]:
    """Return the base class for an object, and the attributes of its own.

    Raises:
        RequestError: it is none of what `run` takes.
    """
    source = custom.source
    if isinstance(source, nn.Module):
        if custom.train:
            return _TrainedMethod, {"build": staticmethod(lambda _: copy.deepcopy(source))}
        return _FixedMethod, {"module": source}
    is_class = isinstance(source, type)
    other = isinstance(source, type) and not issubclass(source, nn.Module)
    if not callable(source) or other:
        raise RequestError(
            f"{name}: expected a torch.nn.Module, a class or function that builds one, or a "
            f"function of the low-resolution image, found {_described(source)}"
        )
    parameters = _parameters(source)
    required = [one.name for one in parameters if one.default is one.empty]
    asked = [one.name for one in parameters if one.name in _ASKED]
    others = [one for one in required if one not in _ASKED]
    if is_class or (not others and _has_own_parameters(source)):
        return _builder(name, custom, source, asked, others)
    image = others[0] if others else ""
    if image and set(required) - {image, "scale"}:
        raise RequestError(
            f"{name}: expected a function of the low-resolution image, and of `scale` if it wants "
            f"that, found the parameters {listed(required)}"
        )
    first = parameters[0] if parameters else None
    goes_first = first and first.name == image and first.kind is not first.KEYWORD_ONLY
    function = {
        "call": staticmethod(source),
        "image": "" if goes_first else image,
        "takes_scale": "scale" in asked,
        "takes_tensor": _takes_tensor(source, image),
    }
    return _FunctionMethod, function


def _parameters(source: Callable[..., Any]) -> list[inspect.Parameter]:
    """List the named parameters of a function; none where they are unknown."""
    try:
        parameters = inspect.signature(source).parameters.values()
    except (TypeError, ValueError):  # compiled, such as a function of numpy
        return []
    return [one for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]


def _has_own_parameters(source: Callable[..., Any]) -> bool:
    """Return whether the parameters of a function are known, each by its name."""
    try:
        parameters = inspect.signature(source).parameters
    except (TypeError, ValueError):
        return False
    return len(_parameters(source)) == len(parameters)


def _builder(
    name: str, custom: Custom, source: Callable[..., Any], asked: list[str], others: list[str]
) -> tuple[type[Method], dict[str, Any]]:
    """Return the base class for a class or function that builds a network, and its attributes.

    Args:
        name: the method's name.
        custom: the object.
        source: what builds the network.
        asked: its parameters that the problem gives.
        others: its other parameters without a default.

    Raises:
        RequestError: there are others, or there is nothing to train.
    """
    if others:
        raise RequestError(
            f"{name}: its class needs {listed(others)}; expected parameters named among "
            f"{listed(_ASKED)}; give a function: lambda bands, scale: {name}(...)"
        )
    if not custom.train:
        raise RequestError(f"{name}: train=False needs a module with its weights, not its class")

    def build(problem: Problem) -> Any:
        known = {"bands": problem.bands, "scale": problem.scale, "problem": problem}
        return source(**{one: known[one] for one in asked})

    return _TrainedMethod, {"build": staticmethod(build)}


def _takes_tensor(source: Callable[..., Any], image: str) -> bool:
    """Return True for a function whose parameter for the image is annotated as a torch tensor.

    Args:
        source: the function.
        image: the name of the parameter; the first one if empty.
    """
    try:
        hints = get_type_hints(source)
        first = next(iter(inspect.signature(source).parameters))
    except (NameError, TypeError, ValueError, StopIteration):
        return False
    return hints.get(image or first) is Tensor


def _described(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
