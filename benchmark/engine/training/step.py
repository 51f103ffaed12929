"""Training steps: compute the loss of a batch and update the network."""

from typing import Any

import torch
from torch import Tensor, nn

from benchmark.data.patches import PatchBank
from benchmark.engine.inference.returned import outputs, scalar_loss, trainable
from benchmark.engine.machine.cpu import channels_last
from benchmark.engine.machine.device import Device, is_out_of_memory
from benchmark.engine.training import optimiser
from benchmark.method import Inputs, NetworkMethod, Problem, Recipe


class Step:
    """Takes training steps.

    Attributes:
        parts: number of parts of a batch, whose gradients are accumulated; more than one only
            after memory ran out with fewer.

    Args:
        method: its loss is minimised.
        problem: as the network meets it.
        network: on the device.
        bank: provides the batches.
        recipe: settings of optimiser and loss.
        device: where to train.
    """

    def __init__(
        self,
        method: NetworkMethod,
        problem: Problem,
        network: nn.Module,
        bank: PatchBank,
        recipe: Recipe,
        device: Device,
    ) -> None:
        self._method = method
        self._problem = problem
        self._network = network
        self._bank = bank
        self._recipe = recipe
        self._device = device
        self._optimisers = optimiser.build(trainable(network), recipe)
        self.parts = 1

    def take(self, patches: Tensor, bands: Tensor | None, lr: float) -> Tensor:
        """Take one step, in more parts if memory runs out.

        Args:
            patches: (n,) indices.
            bands: (n, k) band indices, or None for whole cubes.
            lr: the learning rate.

        Returns:
            The batch's loss, a scalar, on the device.

        Raises:
            MemoryError: a single sample does not fit into memory.
        """
        optimiser.set_lr(self._optimisers, lr)
        self._network.train()
        while (loss := self._try_gradients(patches, bands)) is None:
            # Outside the exception handler, whose traceback would keep the memory allocated.
            self.parts = min(2 * self.parts, len(patches))
            self._device.empty_cache()
        optimiser.clip_gradients(self._network.parameters(), self._recipe, lr)
        for one in self._optimisers:
            one.step()
        return loss

    def state(self) -> dict[str, Any]:
        """Return the state that the next step depends on, apart from the network's."""
        return {
            "optimisers": [one.state_dict() for one in self._optimisers],
            "parts": self.parts,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a state that `state` returned."""
        for one, saved in zip(self._optimisers, state["optimisers"], strict=True):
            one.load_state_dict(saved)
        self.parts = state["parts"]

    def _try_gradients(self, patches: Tensor, bands: Tensor | None) -> Tensor | None:
        """Compute the gradients; return None if memory ran out and parts can be smaller."""
        try:
            return self._gradients(patches, bands)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            if self.parts >= len(patches):
                raise MemoryError(
                    f"{self._method.name}: out of memory in a training step, even with one sample "
                    "at a time; use a device with more memory, or a smaller network or patch"
                ) from error
            return None

    def _gradients(self, patches: Tensor, bands: Tensor | None) -> Tensor:
        self._network.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self._device.torch)
        samples = patches.chunk(self.parts)
        band_parts = bands.chunk(self.parts) if bands is not None else [None] * len(samples)
        for part, part_bands in zip(samples, band_parts, strict=True):
            loss = self._loss(part, part_bands) * (len(part) / len(patches))
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total

    def _loss(self, patches: Tensor, bands: Tensor | None) -> Tensor:
        inputs, truth = self._bank.batch(patches, self._method.inputs, bands)

        def forward(images: Inputs) -> Any:
            with self._device.autocast():
                output = self._network(*map(channels_last, images.values()))
            outputs(self._method, output, images, self._problem.scale)
            # At x3 a low-resolution patch of 11 x 11 becomes 33 x 33, one more than the patch.
            return _float_and_crop(output, *truth.shape[-2:])

        loss = self._method.training_step(forward, inputs, truth, self._problem)
        loss = scalar_loss(loss)
        summed = self._recipe.loss_reduction == "sum"
        return loss * (truth[0].numel() / 2) if summed else loss


def _float_and_crop(output: Any, rows: int, columns: int) -> Any:
    if isinstance(output, tuple | list):
        return type(output)(_float_and_crop(part, rows, columns) for part in output)
    # A vector that the loss wants, such as a latent one, is no image.
    return (output[..., :rows, :columns] if output.dim() >= 4 else output).float()
