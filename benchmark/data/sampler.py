"""Which patches and bands each training step sees; the same for every method of a seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class SamplingPlan:
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


class PatchSampler:
    """Iterates over the steps of a training, and goes on from any of them.

    Args:
        shares: what is dealt out.
        seed: of the generator that shuffles.
        state: where to go on, as `state` gave it.
    """

    def __init__(
        self, shares: SamplingPlan, seed: int, state: dict[str, Any] | None = None
    ) -> None:
        self._shares = shares
        self._generator = torch.Generator().manual_seed(seed)
        # Bands have a generator of their own, so that patches come in the same order without them.
        self._lots = torch.Generator()
        self._state = state or {
            "epoch": 0,
            "step": 0,
            "epoch_began": self._generator.get_state(),
            "lots": self._lots.get_state(),
        }
        self._lots.set_state(self._state["lots"])

    def state(self) -> dict[str, Any]:
        """Say where it stands: after the step that was given last."""
        return {**self._state, "lots": self._lots.get_state()}

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Give (n,) patch indices and (n, k) band indices, or None for whole cubes."""
        shares, first = self._shares, self._state["step"]
        self._generator.set_state(self._state["epoch_began"])
        for epoch in range(self._state["epoch"], shares.epochs):
            began = self._generator.get_state()
            samples = torch.randperm(shares.samples, generator=self._generator)
            if not first:
                self._lots.set_state(self._generator.get_state())
            for step in range(first, shares.steps_per_epoch):
                self._state = {"epoch": epoch, "step": step + 1, "epoch_began": began}
                yield self._dealt(samples[step * shares.batch : (step + 1) * shares.batch])
            first = 0

    def _dealt(self, chosen: Tensor) -> tuple[Tensor, Tensor | None]:
        bands = self._shares.bands
        if self._shares.single:
            return chosen // bands, (chosen % bands)[:, None]
        if not self._shares.shown:
            return chosen, None
        lots = torch.rand(len(chosen), bands, generator=self._lots)
        return chosen, lots.argsort(dim=1)[:, : self._shares.shown]
