"""What is said of estimates that lose values when they are clipped to [0, 1]."""

import pytest
import torch
from torch import Tensor

from benchmark.engine.scoring.clipping import Clipping, far_outside
from tests.benchmark.support import random


def notes(*estimates: Tensor) -> list[str]:
    """Return the notes on a cell with these estimates."""
    clipping = Clipping()
    for estimate in estimates:
        clipping.add(estimate)
    return clipping.warnings()


def grey(count: int = 256) -> Tensor:
    """Return every grey level once, from 0 to 255."""
    return torch.arange(float(count)).view(1, 16, 16)


def test_grey_levels_are_named_with_share_and_range() -> None:
    (note,) = notes(grey())
    assert note == (
        "estimates are expected in [0, 1], found 0 to 255: 99 % (above 1) of the values were "
        "clipped, in 1 of 1 scene"
    )


@pytest.mark.parametrize(
    ("estimate", "said"),
    [
        (257 * grey(), "found 0 to 65535: 100 % (above 1) of the values"),
        (grey() / 127.5 - 1, "found -1 to 1: 50 % (below 0) of the values"),
        ((grey() - 127.5) / 50, "50 % (below 0) and 30 % (above 1) of the values"),
        (-grey() / 255, "100 % (below 0) of"),
        (grey().half(), "99 % (above 1) of"),
        (grey().double() / 100, "61 % (above 1) of"),
    ],
)
def test_other_ranges_are_named(estimate: Tensor, said: str) -> None:
    (note,) = notes(estimate)
    assert said in note


def test_overshoot_is_not_worth_a_note() -> None:
    plain = random(3, 20, 20)
    assert notes(plain, 1.19 * plain - 0.095) == []
    spikes = plain.clone()
    spikes.view(-1)[:12] = 7.0  # 1 % of the values
    assert notes(spikes) == []
    spikes.view(-1)[12] = -7.0
    assert len(notes(spikes)) == 1


def test_one_scene_of_many_is_found() -> None:
    fine = random(1, 16, 16)
    (note,) = notes(fine, fine, grey(), fine, fine, fine, fine)
    assert "99 % (above 1) of the values were clipped, in 1 of 7 scenes" in note


def test_a_share_of_less_than_a_percent_is_said_in_words() -> None:
    estimate = -torch.ones(1, 16, 16)
    estimate[0, 0, 0] = 2
    (note,) = notes(estimate)
    assert "100 % (below 0) and less than 1 % (above 1) of" in note


def test_the_share_far_outside() -> None:
    assert far_outside(torch.tensor([-0.2, -0.05, 0.5, 1.05, 1.2])) == pytest.approx(0.4)
