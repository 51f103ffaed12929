"""Checks of a protocol's matrices, and of the images that it computes."""

import itertools
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.degradation.degradation import Degradation
from benchmark.protocol import Operator
from tests.benchmark.tools.conformance.protocols.support import Nearest, checks_of, reason_of


@pytest.mark.parametrize("direction", ["down", "up"])
def test_rows_that_do_not_add_up_to_one(direction: str) -> None:
    brighter: dict[str, Any] = {direction: Nearest(gain=1.1)}
    reason = reason_of(f"{direction}-matrices", **brighter)
    assert reason.startswith("x2, 16 samples: ")
    assert reason.endswith("expected weights that add up to 1 for each sample, found 1.1")
    assert "found 1.1" in reason_of("constant-kept", **brighter)


def test_weights_that_are_not_finite() -> None:
    reason = reason_of("down-matrices", down=Nearest(gain=float("nan")))
    assert reason.endswith("expected weights that add up to 1 for each sample, found nan")


def test_another_number_of_samples() -> None:
    class Short(Nearest):
        def taps(self, source: int, target: int, scale: int) -> tuple[Tensor, Tensor]:
            return super().taps(source, target - 1, scale)

    reason = reason_of("up-matrices", up=Short())
    assert reason.startswith("x2, 16 samples: ")


def test_taps_that_are_others_each_time() -> None:
    count = itertools.count()

    class Restless(Nearest):
        def taps(self, source: int, target: int, scale: int) -> tuple[Tensor, Tensor]:
            indices, weights = super().taps(source, target, scale)
            return (indices + next(count)) % source, weights

    reason = reason_of("down-matrices", down=Restless())
    assert reason == "x2, 16 samples: computing the matrix twice gives two matrices"


def test_an_operator_that_changes_a_setting() -> None:
    class Rude(Nearest):
        def taps(self, source: int, target: int, scale: int) -> tuple[Tensor, Tensor]:
            torch.set_default_dtype(torch.float64)
            return super().taps(source, target, scale)

    assert reason_of("global-state-kept", down=Rude()) == "it changes the default type of torch"


def test_an_operator_for_whole_blocks_alone_is_given_no_others() -> None:
    class Box(Operator):
        def taps(self, source: int, target: int, scale: int) -> tuple[Tensor, Tensor]:
            weights = torch.full((target, scale), 1 / scale, dtype=torch.float64)
            return torch.arange(source).view(target, scale), weights

    checks = checks_of(down=dataclass(frozen=True)(Box)())
    for name in ("down-matrices", "up-matrices", "global-state-kept", "constant-kept"):
        assert str(checks.check(name)) == f"{name}: passed"


@pytest.mark.parametrize(
    ("method", "value", "check", "reason"),
    [
        ("upscale", lambda low, _: low, "sizes", "x2, 48 x 64 pixels: the upscaled image has"),
        ("low", lambda truth: truth, "sizes", "x2, 48 x 64 pixels: the low-resolution image has"),
        ("crop", lambda image: image[..., :-1], "sizes", "x2, 48 x 64 pixels: the ground truth"),
        ("store", lambda image: image / 2, "storing-idempotent", "x2: storing a ground truth"),
    ],
)
def test_images_that_are_not_what_was_announced(
    monkeypatch: pytest.MonkeyPatch, method: str, value: Any, check: str, reason: str
) -> None:
    """No protocol can cause it today: the checks hold the engine too."""
    monkeypatch.setattr(Degradation, method, lambda _self, *arguments: value(*arguments))
    assert reason_of(check).startswith(reason)


def test_a_protocol_in_eight_bit_that_does_not_crop_passes() -> None:
    checks = checks_of(stored_levels=255, crops=False, down=Nearest(), up=Nearest())
    for name in ("down-matrices", "up-matrices", "sizes", "constant-kept", "storing-idempotent"):
        assert str(checks.check(name)) == f"{name}: passed"
