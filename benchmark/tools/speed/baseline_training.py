"""The plain training loop: what people copy, kept as the mark that the engine is measured against.

Precisely: patches are cut once into an HDF5 file as float32, an input and a label each; a
`DataLoader` without worker processes reads them one by one in a new order every pass; band-wise
methods get patches of one band. Networks run in float32 with contiguous tensors, no autocast, and
every step asks for its loss. The recipe is the same as the engine's: optimiser, schedule,
gradients.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from benchmark.data.patches import PatchBank
from benchmark.engine.building import start
from benchmark.engine.training import optimiser
from benchmark.method import METHODS, NetworkMethod, Problem, Recipe

Pair = tuple[Tensor, Tensor]


class PatchFile(Dataset[Pair]):
    """Pairs of patches in an HDF5 file.

    Args:
        file: as `write_patches` made it.
    """

    def __init__(self, file: Path) -> None:
        self._h5 = h5py.File(file, "r")
        self._data, self._label = self._h5["data"], self._h5["label"]

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: int) -> Pair:
        return torch.from_numpy(self._data[index]), torch.from_numpy(self._label[index])

    def close(self) -> None:
        """Close the file."""
        self._h5.close()


def write_patches(file: Path, bank: PatchBank, method: NetworkMethod, count: int) -> None:
    """Cut patches into a file.

    Args:
        file: where.
        bank: holds the scenes and positions.
        method: says what it sees, and whether patches have one band.
        count: how many samples; cubic patches, or single bands of them.
    """
    with h5py.File(file, "w") as h5:
        made = 0
        while made < count:
            if method.bandwise:
                bands = torch.arange(bank.bands)[None]
                x, y = bank.batch(torch.tensor([made // bank.bands]), method.sees, bands)
            else:
                x, y = bank.batch(torch.tensor([made]), method.sees, None)
            pairs = {"data": x.cpu().contiguous().numpy(), "label": y.cpu().contiguous().numpy()}
            for name, values in pairs.items():
                if name not in h5:
                    h5.create_dataset(name, (count, *values.shape[1:]), np.float32)
                kept = values[: count - made]
                h5[name][made : made + len(kept)] = kept
            made += len(x)


class PlainLoop:
    """Trains a network the plain way.

    Args:
        method: whose network and loss.
        network: in float32.
        file: its patches.
        recipe: the optimiser's and the loss's figures; `batch` counts samples of the file.
        device: where.
        seed: of the order.
    """

    def __init__(
        self,
        method: NetworkMethod,
        network: nn.Module,
        file: PatchFile,
        recipe: Recipe,
        device: torch.device,
        seed: int = 0,
    ) -> None:
        self.method = method
        self.network = network.to(device)
        self.recipe = recipe
        self.device = device
        self.optimiser = optimiser.build(self.network, recipe, fused=False)
        generator = torch.Generator().manual_seed(seed)
        self.loader = DataLoader(
            file, batch_size=recipe.batch, shuffle=True, drop_last=True, generator=generator
        )
        self._batches = self._endless()

    def _endless(self) -> Iterator[Pair]:
        while True:
            yield from self.loader

    def step(self, rate: float) -> float:
        """Take one step and give its loss."""
        inputs, truth = (part.to(self.device) for part in next(self._batches))
        optimiser.set_lr(self.optimiser, rate)
        self.network.train()
        self.optimiser.zero_grad()
        loss = self.method.loss(self._cropped(self.network(inputs), truth), truth)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.clip_gradients(self.network.parameters(), self.recipe, rate)
        self.optimiser.step()
        return loss.item()

    @staticmethod
    def _cropped(output: Tensor | tuple[Tensor, ...], truth: Tensor) -> Tensor | tuple[Tensor, ...]:
        rows, columns = truth.shape[-2:]
        if isinstance(output, tuple):
            return tuple(part[..., :rows, :columns] for part in output)
        return output[..., :rows, :columns]


def trainer(
    reference: str, problem: Problem, file: Path, recipe: Recipe, device: torch.device, rate: float
) -> Callable[[], float]:
    """Give what takes one step the plain way.

    Args:
        reference: the method, as on the command line.
        problem: the task.
        file: its patches.
        recipe: the optimiser's and the loss's figures.
        device: where.
        rate: the learning rate of every step.
    """
    method = METHODS.make(reference)
    if not isinstance(method, NetworkMethod):
        raise TypeError(f"{reference} trains no network")
    network = start(method, problem, recipe)
    loop = PlainLoop(method, network, PatchFile(file), recipe, device)
    return lambda: loop.step(rate)
