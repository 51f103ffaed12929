"""SFCSR: each band from its neighbours and, recurrently, from the features of the band before."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import Inputs, NetworkMethod, Problem, Recipe, parameter, register
from methods._blocks.upsampling import pixel_shuffle_up
from methods._blocks.volumes import bands_to_batch, batch_to_bands
from methods._blocks.weight_norm import convolution2d, convolution3d, normalise, separable3d

# Images whose maps are held at once where no gradient is needed; those of all bands take gigabytes.
_GROUP = 4


def neighbours(low: Tensor) -> Tensor:
    """Return each band between its neighbours; the first or last three bands at the ends.

    Args:
        low: (batch, bands, rows, columns), with at least three bands.

    Returns:
        (batch bands, 1, 3, rows, columns).
    """
    bands = low.shape[1]
    middle = torch.arange(bands, device=low.device).clamp(1, bands - 2)
    triples = torch.stack([low[:, middle + offset] for offset in (-1, 0, 1)], dim=2)
    return triples.flatten(0, 1)[:, None]


def slices(volume: Tensor) -> list[Tensor]:
    """Return the bands of (images, maps, bands, rows, columns) as images."""
    return list(volume.unbind(dim=2))


def in_groups(compute: Callable[..., Tensor], *stacks: Tensor) -> Tensor:
    """Compute a function of stacks of images; without gradients, of some images at a time.

    Args:
        compute: maps each image by itself.
        stacks: of as many images each, along the first axis.
    """
    if torch.is_grad_enabled():
        return compute(*stacks)
    groups = zip(*(torch.split(stack, _GROUP) for stack in stacks), strict=True)
    return torch.cat([compute(*group) for group in groups])


class SumUnit(nn.Module):
    """Twice the sum of a convolution over rows and columns and one over bands; input added."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.spatial = nn.ModuleList(convolution3d(maps, maps, (1, 3, 3)) for _ in range(2))
        self.spectral = nn.ModuleList(convolution3d(maps, maps, (3, 1, 1)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Map (images, maps, 3, rows, columns) to the same shape."""
        maps = functional.relu(self.spatial[0](x) + self.spectral[0](x))
        out: Tensor = self.spatial[1](maps) + self.spectral[1](maps) + x
        return out


class FeatureModule(nn.Module):
    """A 3-D unit for the neighbours, and a 2-D unit for the band, which takes the former's maps."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.volume = SumUnit(maps)
        self.image = convolution2d(maps, maps)
        self.join = convolution2d(4 * maps, maps, 1)

    def forward(self, x: Tensor, y: Tensor, first_x: Tensor, first_y: Tensor) -> list[Tensor]:
        """Return the new x, (images, maps, 3, rows, columns), and y, without the bands."""
        x = self.volume(x) + first_x
        y = self.join(torch.cat([self.image(y) + y, *slices(x)], dim=1)) + first_y
        return [x, y]


class FeatureContext(nn.Module):
    """Five modules for all bands at once, then the recurrence from band to band, then the tail."""

    def __init__(self, scale: int, maps: int, modules: int = 5) -> None:
        super().__init__()
        self.head_x = separable3d(1, maps, maps)
        self.head_y = convolution2d(1, maps)
        self.body = nn.ModuleList(FeatureModule(maps) for _ in range(modules))
        self.weights_x = nn.Parameter(torch.ones(modules))
        self.weights_y = nn.Parameter(torch.ones(modules))
        self.fuse_x = nn.Sequential(
            convolution3d(modules * maps, maps, (1, 1, 1)), separable3d(maps, maps, maps)
        )
        self.fuse_y = nn.Sequential(
            convolution2d(modules * maps, maps, 1), convolution2d(maps, maps)
        )
        self.weights_dual = nn.Parameter(torch.ones(4))
        self.dual = nn.Sequential(convolution2d(4 * maps, maps, 1), convolution2d(maps, maps, 1))
        self.weights_context = nn.Parameter(torch.ones(2))
        self.context = nn.Sequential(convolution2d(2 * maps, maps, 1), convolution2d(maps, maps, 1))
        self.tail = nn.Sequential(normalise(pixel_shuffle_up(maps, scale)), convolution2d(maps, 1))

    def forward(self, low: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to `scale` times the rows and columns."""
        first_y = self.head_y(low.flatten(0, 1)[:, None])
        fused = in_groups(self._features, neighbours(low), first_y)
        states = bands_to_batch(self._recurrence(batch_to_bands(fused, low.shape[1])))
        return batch_to_bands(in_groups(self.tail, states + first_y), low.shape[1])[:, 0]

    def _features(self, triples: Tensor, first_y: Tensor) -> Tensor:
        """Return the features of bands, (images, maps, rows, columns).

        Args:
            triples: the bands between their neighbours, (images, 1, 3, rows, columns).
            first_y: the head's maps of the bands, (images, maps, rows, columns).
        """
        first_x = x = self.head_x(triples)
        y = first_y
        kept_x, kept_y = [], []
        for number, module in enumerate(self.body):
            x, y = module(x, y, first_x, first_y)
            kept_x.append(self.weights_x[number] * x)
            kept_y.append(self.weights_y[number] * y)
        x = self.fuse_x(torch.cat(kept_x, dim=1))
        y = self.fuse_y(torch.cat(kept_y, dim=1))
        parts = zip(self.weights_dual, [*slices(x), y], strict=True)
        fused: Tensor = self.dual(torch.cat([weight * part for weight, part in parts], dim=1))
        return fused

    def _recurrence(self, fused: Tensor) -> Tensor:
        """Fuse (batch, maps, bands, rows, columns) with the state of the band before."""
        own, before = self.weights_context
        state, *later = fused.unbind(dim=2)
        states = [state]
        for features in later:
            # No gradient passes from band to band, as in the public training.
            pair = torch.cat([own * features, before * state.detach()], dim=1)
            state = self.context(pair)
            states.append(state)
        return torch.stack(states, dim=2)


@register(
    "sfcsr",
    title="SFCSR",
    paper="Wang et al., HSI SR using spectrum and feature context, IEEE TIE 2021",
    published="SFCSR",
    year="2021",
    bibtex="""
    @article{wang2021sfcsr,
      author = {Wang, Q. and Li, Q. and Li, X.},
      title = {Hyperspectral Image Super-Resolution Using Spectrum and Feature Context},
      journal = {IEEE Transactions on Industrial Electronics}, volume = {68}, number = {11},
      pages = {11276--11285}, year = {2021}
    }
    """,
)
class SFCSR(NetworkMethod):
    """Five modules of 64 maps; 1,084,882 / 1,269,842 / 1,232,850 / 1,380,818 parameters.

    These are the counts at x2, x3, x4 and x8, whatever the number of bands. Everything before the
    recurrence is computed for all bands at once, which gives what the public loop over bands
    gives. That loop moves the optimiser after every band; here the loss is the mean over all bands
    of a batch, and a batch is one step.
    """

    inputs = ("low",)
    default_run = False

    maps: int = parameter(default=64, help="maps of every layer", low=1)

    recipe = Recipe(
        optimiser="adam",
        lr=1e-4,
        batch_size=16,
        epochs=70,
        schedule="step",
        gamma=0.5,
        step_size=35,
        low_patch_size=32,
        augment=True,
    )
    recipe_notes = (
        "one step a batch (public code: one a band, 31 a batch)",
        "70 epochs, as the public code",
        "patches of the scenes at full size alone (print: at 0.75 and 0.5 of it too)",
    )

    def refusal(self, problem: Problem) -> str:
        """Refuse images without three neighbouring bands."""
        return "" if problem.bands >= 3 else "needs at least 3 bands"

    def network(self, problem: Problem) -> nn.Module:
        """Build the network."""
        return FeatureContext(problem.scale, self.maps)

    def loss(self, output: Tensor, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Compute the mean absolute error over all bands."""
        return functional.l1_loss(output, truth)

    def halo(self, network: nn.Module) -> int:
        """Return the radius: head 1, five units of 2, fusion 1, tail 2."""
        return 14
