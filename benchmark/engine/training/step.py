"""One training step: a batch in, its loss out, the network a little better."""

from typing import Any

import torch
from torch import Tensor, nn

from benchmark.data.patches import PatchBank
from benchmark.engine.cpu import channels_last
from benchmark.engine.device import Device
from benchmark.engine.training import optimiser
from benchmark.method import NetworkMethod, Recipe


class Step:
    """Takes training steps.

    Attributes:
        parts: into how many pieces a batch is cut; their gradients add up to the batch's. More
            than one only where the device's memory did not hold the whole.

    Args:
        method: whose loss.
        network: on the device.
        bank: where the batches come from.
        recipe: the optimiser's and the loss's figures.
        device: where.
    """

    def __init__(
        self,
        method: NetworkMethod,
        network: nn.Module,
        bank: PatchBank,
        recipe: Recipe,
        device: Device,
    ) -> None:
        self._method = method
        self._network = network
        self._bank = bank
        self._recipe = recipe
        self._device = device
        self._optimiser = optimiser.build(network, recipe)
        self.parts = 1

    def take(self, patches: Tensor, bands: Tensor | None, rate: float) -> Tensor:
        """Take one step.

        Args:
            patches: (n,) indices.
            bands: (n, k) band indices, or None for whole cubes.
            rate: the learning rate.

        Returns:
            The batch's loss, a scalar, on the device.

        Raises:
            torch.OutOfMemoryError: the halves of the batch do not fit either.
        """
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["share"]
        self._network.train()
        loss = self._tried(patches, bands)
        if loss is None:  # outside of the handler, whose traceback would hold the memory
            self.parts = 2
            if self._device.torch.type == "cuda":
                torch.cuda.empty_cache()
            loss = self._gradients(patches, bands)
        optimiser.tame(self._network.parameters(), self._recipe, rate)
        self._optimiser.step()
        return loss

    def state(self) -> dict[str, Any]:
        """Give what the next step depends on besides the network."""
        return {"optimiser": self._optimiser.state_dict(), "parts": self.parts}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        self._optimiser.load_state_dict(state["optimiser"])
        self.parts = state["parts"]

    def _tried(self, patches: Tensor, bands: Tensor | None) -> Tensor | None:
        """Compute the gradients; None where the memory ran out for the first time."""
        try:
            return self._gradients(patches, bands)
        except torch.OutOfMemoryError:
            if self.parts > 1 or len(patches) < 2:
                raise
            return None

    def _gradients(self, patches: Tensor, bands: Tensor | None) -> Tensor:
        self._optimiser.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self._device.torch)
        cut = patches.chunk(self.parts)
        shown = bands.chunk(self.parts) if bands is not None else [None] * len(cut)
        for piece, of in zip(cut, shown, strict=True):
            loss = self._loss(piece, of) * (len(piece) / len(patches))
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total

    def _loss(self, patches: Tensor, bands: Tensor | None) -> Tensor:
        inputs, truth = self._bank.batch(patches, self._method.sees, bands)
        with self._device.autocast():
            output = self._network(channels_last(inputs))
        # A decimated 11 x 11 patch becomes 33 x 33 at x3; the first 32 are the patch.
        output = _floats(output, *truth.shape[-2:])
        loss = self._method.loss(output, truth)
        return loss * (truth[0].numel() / 2) if self._recipe.summed else loss


def _floats(output: Any, rows: int, columns: int) -> Any:
    if isinstance(output, tuple | list):
        return type(output)(_floats(part, rows, columns) for part in output)
    return output[..., :rows, :columns].float()
