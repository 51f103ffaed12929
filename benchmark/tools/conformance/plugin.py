"""Checks of what all kinds of plugins have: description, parameters, reference, import."""

import dataclasses
import pickle
from collections.abc import Sequence
from typing import Any, get_type_hints

from benchmark.errors import RequestError, listed
from benchmark.plugins.discovery import changes
from benchmark.plugins.isolation import Changes
from benchmark.plugins.parameters import Names, convert, shown
from benchmark.tools.conformance.check import Check, CheckFailedError, at, require
from benchmark.tools.conformance.harness import AnyHarness


def require_described(harness: AnyHarness, facts: Sequence[str] = ()) -> None:
    """Require a docstring, the registration, and facts of the registration that are not empty.

    Raises:
        CheckFailedError: one of them is missing.
    """
    cls = type(harness.plugin)
    signature = f"{cls.__name__}("  # the default docstring of a dataclass
    doc = (cls.__doc__ or "").strip()
    require(bool(doc) and not doc.startswith(signature), f"class {cls.__name__} has no docstring")
    require(hasattr(cls, "name"), f"class {cls.__name__} is not registered; decorate it")
    given = harness.registry.entry(cls.name).facts
    for fact in facts:
        require(bool(given.get(fact, "").strip()), f"@register gives no {fact}")


def require_line(text: object, what: str) -> None:
    """Require a text of one line that is not empty.

    Raises:
        CheckFailedError: it is something else.
    """
    require(isinstance(text, str), f"{what} is {text!r:.60}, expected a text")
    line = str(text)
    plain = bool(line.strip()) and line == line.strip() and line.isprintable()
    require(plain, f"{what} is {line!r:.60}, expected one line of text")


def require_pure_import(harness: AnyHarness) -> None:
    """Require that importing the plugin's file changes nothing for others.

    Raises:
        CheckFailedError: it does.
    """
    cls = type(harness.plugin)
    if hasattr(cls, "name"):
        changed = changes(harness.registry.entry(cls.name))
        require(not changed, f"importing its file changes {listed(changed)}")


def require_unchanged(found: Changes) -> None:
    """Require that the code that ran changed nothing of the process.

    Raises:
        CheckFailedError: it did.
    """
    require(not found.all, f"it changes {listed(found.all)}")


def parameters_documented(harness: AnyHarness) -> None:
    """Every parameter has a help text, a plain type, and a default within its bounds."""
    cls = type(harness.plugin)
    hints = get_type_hints(cls)
    for field in dataclasses.fields(cls):
        with at(field.name):
            _parameter(cls, field, hints[field.name])


def _parameter(cls: type, field: "dataclasses.Field[Any]", kind: Any) -> None:
    require("help" in field.metadata, "it is a field not made by `parameter`")
    require(bool(str(field.metadata["help"] or "").strip()), "its help is empty")
    known = kind in (bool, int, float, str, Names)
    require(known, f"its type is {kind}, expected bool, int, float, str or Names")
    plain = type(field.default) is kind or (kind is float and type(field.default) is int)
    require(plain, f"its default {field.default!r} is no {getattr(kind, '__name__', kind)}")
    try:
        convert(cls.__name__, cls, {field.name: shown(field.default)})
    except RequestError as error:
        raise CheckFailedError(f"its default is refused: {error}") from error


def specification(harness: AnyHarness) -> None:
    """It can be pickled, and rebuilt from its name and parameters in tables."""
    plugin, registry = harness.plugin, harness.registry
    again = pickle.loads(pickle.dumps(plugin))  # noqa: S301 - our own bytes
    require(again == plugin, f"pickled and back it is {again}, not {plugin}")
    reference = registry.label(plugin)
    made = registry.make(reference)
    require(made == plugin, f"'{reference}' makes {made}, not {plugin}")


def expected_failures(harness: AnyHarness) -> None:
    """Expected failures name existing checks, each with a reason."""
    for name, reason in getattr(harness.plugin, "expected_failures", {}).items():
        known = harness.names
        require(name in known, f"there is no check '{name}'; there are {listed(known, 30)}")
        require(bool(reason.strip()), f"'{name}' has no reason")


CHECKS: dict[str, Check] = {
    "parameters-documented": parameters_documented,
    "specification": specification,
    "expected-failures": expected_failures,
}
