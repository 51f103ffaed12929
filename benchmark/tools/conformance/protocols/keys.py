"""Checks of what is stored of a protocol, and of what is part of the key of its cells."""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from benchmark.errors import RequestError
from benchmark.protocol import Protocol
from benchmark.tools.conformance.check import Check, at, require
from benchmark.tools.conformance.protocols.harness import ProtocolHarness

_SIZES = (48, 101)


def facts(harness: ProtocolHarness) -> None:
    """Its facts can be stored as JSON, and are the same each time."""
    for what in ("facts", "numeric_facts"):
        first, second = (_stored(harness.plugin, what) for _ in range(2))
        require(first == second, f"{what} differ from one call to the next")


def parameters_in_key(harness: ProtocolHarness) -> None:
    """Where another value of a parameter gives other numbers, it gives other numeric facts."""
    protocol = harness.plugin
    for field in fields(protocol):  # type: ignore[arg-type]
        with at(field.name):
            for other in _variants(protocol, field):
                if _stored(other, "numeric_facts") == _stored(protocol, "numeric_facts"):
                    require(
                        _matrices(other) == _matrices(protocol),
                        f"{getattr(other, field.name)!r} gives other matrices than "
                        f"{getattr(protocol, field.name)!r} and the same numeric facts; make it a "
                        "field of the operator",
                    )


def _stored(protocol: Protocol, what: str) -> Any:
    return json.loads(json.dumps(getattr(protocol, what)(), allow_nan=False))


def _variants(protocol: Protocol, field: Any) -> Iterator[Protocol]:
    """Yield the same protocol with other values of one parameter, as far as they are allowed."""
    value = getattr(protocol, field.name)
    others = field.metadata.get("choices") or ()
    if isinstance(value, bool):
        others = (not value,)
    elif isinstance(value, int | float) and not others:
        others = (value + 1, value - 1, type(value)(value * 2), type(value)(value / 2))
    for other in others:
        try:
            yield replace(protocol, **{field.name: other})  # type: ignore[type-var]
        except RequestError:
            continue


def _matrices(protocol: Protocol) -> list[bytes]:
    """Return the matrices of the first scale."""
    degradation = protocol.degradation(protocol.scales[0])
    sizes = [degradation.crop_shape((size, size))[0] for size in _SIZES]
    matrices = [axis(size) for axis in (degradation.axis, degradation.up_axis) for size in sizes]
    return [matrix.numpy().tobytes() for matrix in matrices]


CHECKS: dict[str, Check] = {"facts": facts, "parameters-in-key": parameters_in_key}
