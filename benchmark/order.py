"""Which patches and bands each training step sees; the same for every method of a seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Shares:
    """How a bank's patches are dealt out.

    Attributes:
        patches: how many there are.
        bands: of each patch.
        batch: samples a step.
        epochs: passes.
        shown: bands of each patch that a band-wise method is shown; 0 keeps the cubes.
        single: True makes every band of every patch a sample of its own.
    """

    patches: int
    bands: int
    batch: int
    epochs: int
    shown: int
    single: bool

    @property
    def samples(self) -> int:
        """How many samples a pass has."""
        return self.patches * (self.bands if self.single else 1)

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches of a pass, one at least."""
        return max(1, self.samples // self.batch)


class Order:
    """Iterates over the steps of a training, and goes on from any of them.

    Args:
        shares: what is dealt out.
        seed: of the generator that shuffles.
        state: where to go on, as `state` gave it.
    """

    def __init__(self, shares: Shares, seed: int, state: dict[str, Any] | None = None) -> None:
        self._shares = shares
        self._generator = torch.Generator().manual_seed(seed)
        self._epoch = self._step = 0
        self._epoch_began = self._generator.get_state()
        self._resumed = state

    def state(self) -> dict[str, Any]:
        """Say where it stands: after the step that was given last."""
        return {
            "epoch": self._epoch,
            "step": self._step,
            "epoch_began": self._epoch_began,
            "generator": self._generator.get_state(),
        }

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Give (n,) patch indices and (n, k) band indices, or None for whole cubes."""
        shares, resumed = self._shares, self._resumed
        for self._epoch in range(resumed["epoch"] if resumed else 0, shares.epochs):
            if resumed:
                self._generator.set_state(resumed["epoch_began"])
            self._epoch_began = self._generator.get_state()
            samples = torch.randperm(shares.samples, generator=self._generator)
            first = resumed["step"] if resumed else 0
            if resumed:
                self._generator.set_state(resumed["generator"])
                resumed = None
            for step in range(first, shares.steps_per_epoch):
                self._step = step + 1
                yield self._dealt(samples[step * shares.batch : (step + 1) * shares.batch])

    def _dealt(self, chosen: Tensor) -> tuple[Tensor, Tensor | None]:
        bands = self._shares.bands
        if self._shares.single:
            return chosen // bands, (chosen % bands)[:, None]
        if not self._shares.shown:
            return chosen, None
        lots = torch.rand(len(chosen), bands, generator=self._generator)
        return chosen, lots.argsort(dim=1)[:, : self._shares.shown]
