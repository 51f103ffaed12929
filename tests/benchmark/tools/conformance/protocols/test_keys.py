"""Checks of what is part of the key of a protocol's cells."""

from typing import Any, ClassVar

import pytest

from benchmark.protocol import MATLAB, PROTOCOLS, Operator, Protocol, parameter
from benchmark.protocols.li2020 import Li2020
from benchmark.tools.conformance import Conformance
from tests.benchmark.tools.conformance.protocols.support import FACTS, Nearest, reason_of


class Forgetful(Nearest):
    """Forgets to say what its shift is."""

    gains: ClassVar[dict[str, float]] = {}

    def taps(self, source: int, target: int, scale: int) -> Any:
        """Return the taps with a shift that is no field."""
        indices, weights = super().taps(source, target, scale)
        return (indices + int(self.gains.get("now", 1.0))) % source, weights


def made(down: Any) -> Conformance:
    """Register a protocol with a parameter, which its operator depends on."""
    body = {
        "__doc__": "Has a gain.",
        "__annotations__": {"gain": float},
        "gain": parameter(default=1.0, help="of the operator", low=0.5, high=3),
        "down": property(down),
    }
    cls: type[Protocol] = type("Faulty", (Li2020,), body)
    PROTOCOLS.register("faulty", **FACTS)(cls)
    return Conformance(PROTOCOLS.make("faulty"))


def test_a_parameter_of_the_operator_changes_the_key() -> None:
    checks = made(lambda self: Nearest(self.gain))
    assert checks.check("parameters-in-key").outcome == "passed"


def test_a_parameter_without_effect_on_numbers_need_not_change_it() -> None:
    assert made(lambda _self: MATLAB).check("parameters-in-key").outcome == "passed"


def test_a_parameter_that_changes_numbers_alone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without the cache of matrices, which cannot know of it either.
    monkeypatch.setattr(Operator, "matrix", _uncached)

    def down(self: Any) -> Operator:
        Forgetful.gains["now"] = self.gain
        return Forgetful()

    result = made(down).check("parameters-in-key")
    assert result.reason == (
        "gain: 2.0 gives other matrices than 1.0 and the same numeric facts; make it a field of "
        "the operator"
    )


def _uncached(operator: Operator, source: int, target: int, scale: int) -> Any:
    from benchmark.degradation.operators.operator import _matrix

    return _matrix.__wrapped__(operator, source, target, scale)


def test_facts_that_cannot_be_stored() -> None:
    reason = reason_of("facts", trained_together=(b"cave",))
    assert reason == "TypeError: Object of type bytes is not JSON serializable"
