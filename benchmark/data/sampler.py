"""Sampling of patches and bands for training steps, the same for all methods of a seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class SamplingPlan:
    """How samples are drawn from a bank's patches.

    Attributes:
        patches: the number of patches.
        bands: the number of bands of each patch.
        batch: samples per step.
        epochs: passes over all samples.
        bands_per_patch: bands drawn from each patch, each used as an image of its own; 0 keeps the
            cube whole.
        bands_as_samples: True makes every band of every patch a sample of its own.
    """

    patches: int
    bands: int
    batch: int
    epochs: int
    bands_per_patch: int
    bands_as_samples: bool

    @property
    def samples(self) -> int:
        """Number of samples per epoch."""
        return self.patches * (self.bands if self.bands_as_samples else 1)

    @property
    def share(self) -> float:
        """Fraction of the values of all patches and bands that one epoch has."""
        return (self.bands_per_patch or self.bands) / self.bands

    @property
    def steps_per_epoch(self) -> int:
        """Number of full batches per epoch, at least one."""
        return max(1, self.samples // self.batch)


class PatchSampler:
    """Iterate over the steps of a training, from the first one or from a saved state.

    Args:
        plan: how samples are drawn.
        seed: of the generator that shuffles the samples.
        state: where to resume, as returned by `state`.
    """

    def __init__(self, plan: SamplingPlan, seed: int, state: dict[str, Any] | None = None) -> None:
        self._plan = plan
        self._order_rng = torch.Generator().manual_seed(seed)
        # A separate generator, so that the patch order does not depend on band sampling.
        self._band_rng = torch.Generator()
        self._state = state or {
            "epoch": 0,
            "step": 0,
            "epoch_rng": self._order_rng.get_state(),
            "band_rng": self._band_rng.get_state(),
        }
        self._band_rng.set_state(self._state["band_rng"])

    def state(self) -> dict[str, Any]:
        """Return the state after the last step that was yielded, for a checkpoint."""
        return {**self._state, "band_rng": self._band_rng.get_state()}

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Yield (n,) patch indices and (n, k) band indices, or None for whole cubes."""
        plan, first = self._plan, self._state["step"]
        self._order_rng.set_state(self._state["epoch_rng"])
        for epoch in range(self._state["epoch"], plan.epochs):
            epoch_rng = self._order_rng.get_state()
            samples = torch.randperm(plan.samples, generator=self._order_rng)
            if not first:
                self._band_rng.set_state(self._order_rng.get_state())
            for step in range(first, plan.steps_per_epoch):
                self._state = {"epoch": epoch, "step": step + 1, "epoch_rng": epoch_rng}
                yield self._draw(samples[step * plan.batch : (step + 1) * plan.batch])
            first = 0

    def _draw(self, chosen: Tensor) -> tuple[Tensor, Tensor | None]:
        bands = self._plan.bands
        if self._plan.bands_as_samples:
            return chosen // bands, (chosen % bands)[:, None]
        if not self._plan.bands_per_patch:
            return chosen, None
        keys = torch.rand(len(chosen), bands, generator=self._band_rng)
        return chosen, keys.argsort(dim=1)[:, : self._plan.bands_per_patch]
