"""The registry of methods."""

from collections.abc import Callable
from typing import TypeVar, dataclass_transform

from benchmark.errors import RequestError, listed
from benchmark.method.base import Method
from benchmark.method.network import NetworkMethod
from benchmark.method.recipe import Recipe
from benchmark.plugins.parameters import parameter
from benchmark.plugins.registry import Registry

M = TypeVar("M", bound=Method)

# What `Method.inputs` may name.
IMAGES = ("low", "upscaled")

# Words of `--methods` that stand for several methods.
GROUPS = ("all", "default")

METHODS: Registry[Method] = Registry("method", "methods", "hsisr.methods")


# A function instead of a bound method, so that type checkers see `dataclass_transform`.
@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(name: str, **facts: str) -> Callable[[type[M]], type[M]]:
    """Register a method under a name, as a frozen dataclass; used as a decorator.

    Args:
        name: as on the command line.
        facts: `title` for tables, `paper`, `year`, `bibtex`, the entries that `cite` prints, and
            `published`: its name in published tables, to compare it with; several names, as papers
            give it, are separated by commas.

    Raises:
        RequestError: another file has registered the name, or what the class declares is unusable.
    """

    def decorate(cls: type[M]) -> type[M]:
        if name in GROUPS:
            raise RequestError(f"method '{name}': the name stands for several; choose another")
        _check_declared(name, cls)
        METHODS.register(name, **facts)(cls)
        return cls

    return decorate


def _check_declared(name: str, cls: type[Method]) -> None:
    """Check the attributes that the engine reads; a misspelled one would change what is computed.

    Raises:
        RequestError: one has a value that the engine does not know.
    """
    for attribute, expected, kind in (
        ("inputs", f"one or two of {listed(map(repr, IMAGES))} as a tuple", tuple),
        ("bandwise", "True or False", bool),
        ("stochastic", "True or False", bool),
        ("default_run", "True or False", bool),
        ("recipe", "a Recipe", Recipe),
    ):
        value = getattr(cls, attribute, property())  # a property has its value later
        known = attribute != "inputs" or are_images(value)
        if not (isinstance(value, kind | property) and known):
            raise RequestError(
                f"method '{name}': expected {expected} as `{attribute}`, found {value!r}"
            )
    if not isinstance(cls.inputs, property):
        _check_number(name, cls, cls.inputs)


def check_inputs(method: Method) -> None:
    """Check `inputs` of a method with its parameters, which a property may depend on.

    Raises:
        RequestError: they have a value that the engine does not know.
    """
    if not (isinstance(method.inputs, tuple) and are_images(method.inputs)):
        raise RequestError(
            f"method '{method.name}': expected one or two of {listed(map(repr, IMAGES))} as a "
            f"tuple as `inputs`, found {method.inputs!r}"
        )
    _check_number(method.name, type(method), method.inputs)


def _check_number(name: str, cls: type[Method], inputs: tuple[str, ...]) -> None:
    if len(inputs) > 1 and cls.upscale is not Method.upscale:
        raise RequestError(
            f"method '{name}': `upscale` is given one image, found {inputs!r} as `inputs`; "
            "`problem.degradation.upscale` computes the other from the low-resolution one"
        )


def are_images(value: object) -> bool:
    """Return whether a value of `inputs` is a property or names images, each once."""
    if isinstance(value, property):
        return True
    names = list(value) if isinstance(value, tuple) else []
    return bool(names) and all(name in IMAGES for name in names) and len(set(names)) == len(names)


def all_methods() -> list[Method]:
    """Return every registered method with its default parameters, in the order of tables.

    First untrained methods, then closed forms, then networks, each by year and name.
    """
    entries = {entry.name: entry for entry in METHODS}
    methods = [METHODS.make(name) for name in entries]
    return sorted(
        methods,
        key=lambda method: (
            method.trained,
            isinstance(method, NetworkMethod),
            entries[method.name].facts.get("year", ""),
            method.name,
        ),
    )
