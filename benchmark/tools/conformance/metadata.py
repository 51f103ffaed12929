"""Checks of a method's metadata: description, parameters, reference."""

import dataclasses
import pickle
from typing import Any, get_type_hints

from benchmark.errors import RequestError
from benchmark.method import METHODS
from benchmark.plugins.parameters import convert, shown
from benchmark.tools.conformance.check import CheckFailedError, at, require
from benchmark.tools.conformance.harness import Check, MethodHarness


def described(harness: MethodHarness) -> None:
    """The class has a docstring, a title and a paper, and declares its input in `sees`."""
    cls = type(harness.method)
    signature = f"{cls.__name__}("  # the default docstring of a dataclass
    doc = (cls.__doc__ or "").strip()
    require(bool(doc) and not doc.startswith(signature), f"class {cls.__name__} has no docstring")
    require(hasattr(cls, "name"), f"class {cls.__name__} is not registered; decorate it")
    facts = METHODS.entry(cls.name).facts
    for fact in ("title", "paper"):
        require(bool(facts.get(fact, "").strip()), f"@register gives no {fact}")
    sees = ("upscaled", "decimated")
    require(cls.sees in sees, f"sees is '{cls.sees}', expected {' or '.join(sees)}")


def parameters_documented(harness: MethodHarness) -> None:
    """Every parameter has a help text, a plain type, and a default within its bounds."""
    cls = type(harness.method)
    hints = get_type_hints(cls)
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        with at(field.name):
            _parameter(cls, field, hints[field.name])


def _parameter(cls: type, field: "dataclasses.Field[Any]", kind: Any) -> None:
    require("help" in field.metadata, "it is a field not made by `parameter`")
    require(bool(str(field.metadata["help"] or "").strip()), "its help is empty")
    require(
        kind in (bool, int, float, str), f"its type is {kind}, expected bool, int, float or str"
    )
    plain = type(field.default) is kind or (kind is float and type(field.default) is int)
    require(plain, f"its default {field.default!r} is no {getattr(kind, '__name__', kind)}")
    try:
        convert(cls.__name__, cls, {field.name: shown(field.default)})
    except RequestError as error:
        raise CheckFailedError(f"its default is refused: {error}") from error


def specification(harness: MethodHarness) -> None:
    """The method can be pickled, and rebuilt from its name and parameters in tables."""
    method = harness.method
    again = pickle.loads(pickle.dumps(method))  # noqa: S301 - our own bytes
    require(again == method, f"pickled and back it is {again}, not {method}")
    reference = METHODS.label(method)
    made = METHODS.make(reference)
    require(made == method, f"'{reference}' makes {made}, not {method}")


CHECKS: dict[str, Check] = {
    "described": described,
    "parameters-documented": parameters_documented,
    "specification": specification,
}
