"""Faulty protocols for the tests, made of a sound one, and a function to run their checks."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from benchmark.execution.registries import REGISTRIES
from benchmark.plugins.discovery import discover
from benchmark.protocol import PROTOCOLS, Operator
from benchmark.protocols.li2020 import Li2020
from benchmark.tools.conformance import Conformance

discover(REGISTRIES)

FACTS = {"title": "Faulty", "paper": "Author, 2026"}


def checks_of(facts: dict[str, str] | None = None, **members: Any) -> Conformance:
    """Register a protocol with some members replaced, and return its checks."""
    body = {"__doc__": Li2020.__doc__, **members}
    PROTOCOLS.register("faulty", **(FACTS if facts is None else facts))(
        type("Faulty", (Li2020,), body)
    )
    return Conformance(PROTOCOLS.make("faulty"))


def reason_of(check: str, facts: dict[str, str] | None = None, **members: Any) -> str:
    """Run one check of a faulty protocol, which must fail, and return the reason."""
    result = checks_of(facts, **members).check(check)
    assert result.outcome == "failed", result
    return result.reason


@dataclass(frozen=True)
class Nearest(Operator):
    """Take the nearest sample, times a gain."""

    gain: float = 1.0

    def taps(self, source: int, target: int, scale: int) -> tuple[Tensor, Tensor]:
        """Return one tap for each sample."""
        indices = torch.arange(target) * source // target
        weights = torch.full((target, 1), self.gain, dtype=torch.float64)
        return indices[:, None], weights
