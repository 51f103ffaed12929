"""Checks of metadata: each detects its faults, and its reason describes them."""

import re
import sys
from dataclasses import replace
from typing import Any

import pytest

from benchmark.method import METHODS, Method, parameter
from benchmark.tools.conformance import Conformance
from tests.benchmark.tools.conformance.methods.support import Sound, faulty, reason_of


@pytest.mark.parametrize("fact", ["title", "paper"])
def test_a_missing_fact(fact: str) -> None:
    assert reason_of(Sound, "described", **{fact: " "}) == f"@register gives no {fact}"


def test_a_class_without_a_docstring() -> None:
    class Silent(Method):
        width: int = parameter(default=1, help="of something")

    assert reason_of(Silent, "described") == "class Silent has no docstring"


def test_a_method_that_was_never_registered() -> None:
    result = Conformance(Sound()).check("described")
    assert str(result) == "described: failed: class Sound is not registered; decorate it"


def test_an_unknown_kind_of_input() -> None:
    expected = "inputs is ('downscaled',), expected one or two of 'low' and 'upscaled'"
    assert reason_of(faulty(inputs=("downscaled",)), "described") == expected


@pytest.mark.parametrize(
    ("annotation", "default", "reason"),
    [
        (int, 3, "width: it is a field not made by `parameter`"),
        (int, parameter(default=3, help=" "), "width: its help is empty"),
        (list, parameter(default=(), help="list"), "width: its type is <class 'list'>, expected "),
        (int, parameter(default="3", help="number"), "width: its default '3' is no int"),
        (int, parameter(default=True, help="number"), "width: its default True is no int"),
        (int, parameter(default=0, help="number", low=1), "width: its default is refused: "),
        (str, parameter(default="c", help="x", choices=("a",)), "width: its default is refused: "),
    ],
)
def test_an_undocumented_or_ill_declared_parameter(
    annotation: type, default: Any, reason: str
) -> None:
    body = {"__annotations__": {"width": annotation}, "width": default, "__doc__": "Has one."}
    cls = type("Faulty", (Method,), body)
    METHODS.register("faulty", title="Faulty", paper="Author, 2026")(cls)
    # A default that does not fit can only be found in a method with another value.
    reference = {int: "faulty[width=2]", str: "faulty[width=a]"}.get(annotation, "faulty")
    result = Conformance(METHODS.make(reference)).check("parameters-documented")
    assert result.outcome == "failed"
    assert result.reason.startswith(reason)


def test_a_whole_number_may_stand_for_a_float() -> None:
    class Rounded(Sound):
        """Has a rate."""

        rate: float = parameter(default=1, help="rate")

    METHODS.register("rounded", title="Rounded", paper="Author, 2026")(Rounded)
    result = Conformance(METHODS.make("rounded")).check("parameters-documented")
    assert result.outcome == "passed"


def test_a_method_that_cannot_be_pickled() -> None:
    reason = reason_of(Sound, "specification")  # its class cannot be imported
    assert re.match(r"\w+Error: Can't (get|pickle)", reason), reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": "a,b"}, "RequestError: method 'faulty[text=a,b]' cannot be read"),
        ({"text": " a"}, "'faulty[text= a]' makes Named(text='a'), not Named(text=' a')"),
    ],
)
def test_parameters_that_a_reference_cannot_express(
    changes: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Named(Sound):
        """Has a name."""

        text: str = parameter(default="plain", help="anything")

    Named.__qualname__ = "Named"
    monkeypatch.setattr(sys.modules[__name__], "Named", Named, raising=False)
    METHODS.register("faulty", title="Faulty", paper="Author, 2026")(Named)
    plain: Any = METHODS.make("faulty")
    assert Conformance(plain).check("specification").outcome == "passed"
    result = Conformance(replace(plain, **changes)).check("specification")
    assert result.outcome == "failed"
    assert result.reason.startswith(reason)


def test_a_method_that_loses_something_when_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lossy(Sound):
        """Forgets its width."""

        width: int = parameter(default=1, help="columns")

        def __reduce__(self) -> tuple[Any, tuple[()]]:
            return Lossy, ()

    Lossy.__qualname__ = "Lossy"
    monkeypatch.setattr(sys.modules[__name__], "Lossy", Lossy, raising=False)
    METHODS.register("faulty", title="Faulty", paper="Author, 2026")(Lossy)
    result = Conformance(METHODS.make("faulty[width=2]")).check("specification")
    assert result.reason == "pickled and back it is Lossy(width=1), not Lossy(width=2)"


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        ({"shape": "why"}, "there is no check 'shape'; there are described, "),
        ({"shape-x2": " "}, "'shape-x2' has no reason"),
    ],
)
def test_ill_declared_expected_failures(declared: dict[str, str], reason: str) -> None:
    cls = faulty(expected_failures=declared)
    assert reason_of(cls, "expected-failures").startswith(reason)
