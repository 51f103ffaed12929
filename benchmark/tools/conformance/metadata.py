"""Checks of what a method says about itself."""

import dataclasses
import pickle
from typing import Any, get_type_hints

from benchmark.errors import RequestError, listed
from benchmark.method import METHODS
from benchmark.plugins.parameters import convert, shown
from benchmark.tools.conformance.check import CHECKS, BrokenError, at, check, demand
from benchmark.tools.conformance.harness import Subject


@check("described")
def described(subject: Subject) -> None:
    """The class has a docstring, a title and a paper, and says what it sees."""
    cls = type(subject.method)
    made_up = f"{cls.__name__}("  # a dataclass without a docstring gets its signature as one
    doc = (cls.__doc__ or "").strip()
    demand(bool(doc) and not doc.startswith(made_up), f"class {cls.__name__} has no docstring")
    demand(hasattr(cls, "name"), f"class {cls.__name__} is not registered; decorate it")
    facts = METHODS.entry(cls.name).facts
    for fact in ("title", "paper"):
        demand(bool(facts.get(fact, "").strip()), f"@register gives no {fact}")
    sees = ("upscaled", "decimated")
    demand(cls.sees in sees, f"sees is '{cls.sees}', expected {' or '.join(sees)}")


@check("parameters-documented")
def parameters_documented(subject: Subject) -> None:
    """Every parameter has a help text, a plain type, and a default within its own bounds."""
    cls = type(subject.method)
    hints = get_type_hints(cls)
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        with at(field.name):
            _parameter(cls, field, hints[field.name])


def _parameter(cls: type, field: "dataclasses.Field[Any]", kind: Any) -> None:
    demand("help" in field.metadata, "it is a field not made by `parameter`")
    demand(bool(str(field.metadata["help"] or "").strip()), "its help is empty")
    demand(kind in (bool, int, float, str), f"its type is {kind}, expected bool, int, float or str")
    plain = type(field.default) is kind or (kind is float and type(field.default) is int)
    demand(plain, f"its default {field.default!r} is no {getattr(kind, '__name__', kind)}")
    try:
        convert(cls.__name__, cls, {field.name: shown(field.default)})
    except RequestError as error:
        raise BrokenError(f"its default is refused: {error}") from error


@check("specification")
def specification(subject: Subject) -> None:
    """The method can be pickled, and made again from the reference that tables show."""
    method = subject.method
    again = pickle.loads(pickle.dumps(method))  # noqa: S301 - bytes made in this very line
    demand(again == method, f"pickled and back it is {again}, not {method}")
    reference = METHODS.label(method)
    made = METHODS.make(reference)
    demand(made == method, f"'{reference}' makes {made}, not {method}")


@check("expected-failures")
def expected_failures(subject: Subject) -> None:
    """Expected failures name checks that there are, each with a reason."""
    for name, reason in subject.method.expected_failures.items():
        demand(name in CHECKS, f"there is no check '{name}'; there are {listed(CHECKS, 30)}")
        demand(bool(reason.strip()), f"'{name}' has no reason")
