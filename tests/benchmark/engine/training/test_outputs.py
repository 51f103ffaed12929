"""What a network returns in training, as the loss sees it."""

from typing import Any

import torch
from torch import Tensor, nn

from benchmark.data.split import Split
from benchmark.engine.machine.device import CPU
from benchmark.engine.training.step import Step
from benchmark.method import NetworkMethod, Problem, Recipe
from tests.benchmark.engine.training.test_step import TASK, batch_of, first
from tests.benchmark.support import bank_of


def test_an_output_that_is_no_image_reaches_the_loss_whole(tiny: Split) -> None:
    """Such as a latent vector, of which more is wanted than a patch has columns."""
    seen: list[tuple[torch.Size, torch.Size]] = []

    class Latent(nn.Module):
        def __init__(self, bands: int) -> None:
            super().__init__()
            self.layer = nn.Conv2d(bands, bands, 3, padding=1)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            image = self.layer(x)
            return image.flatten(1), image

    class Encoder(NetworkMethod):
        name = "encoder"

        def network(self, problem: Problem) -> nn.Module:
            return Latent(problem.bands)

        def loss(self, output: Any, truth: Tensor, inputs: Any, problem: Problem) -> Tensor:
            seen.append((output[0].shape, output[1].shape))
            loss: Tensor = (output[1] - truth).square().mean() + output[0].square().mean()
            return loss

    method = Encoder()
    bank = bank_of(tiny.train, 2, count=8, size=16)
    Step(method, TASK, first(method), bank, Recipe(), CPU).take(*batch_of(method, 2), 1e-3)
    assert seen == [((2, 5 * 16 * 16), (2, 5, 16, 16))]
