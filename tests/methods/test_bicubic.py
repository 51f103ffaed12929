"""Bicubic: the protocol's own interpolation, as it is."""

import torch

from benchmark.method import METHODS
from tests.benchmark.support import problem, random


def test_it_gives_back_what_it_sees() -> None:
    method = METHODS.make("bicubic")
    assert method.inputs == ("upscaled",)
    assert not method.trained
    low = random(3, 20, 17)
    assert torch.equal(method.upscale(low, problem(2, 3, (20, 17)), {}), low)


def test_it_stands_beside_the_papers_bicubic_row() -> None:
    assert METHODS.entry("bicubic").facts["published"] == "Bicubic"
