"""Interface of method plugins: everything that the author of a method imports.

A method declares its input and computes an estimate from it. Patches, training loop, precision,
checkpoints, tiles and scoring are the engine's; a method never scores itself.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar, dataclass_transform

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.degradation.degradation import Degradation
from benchmark.errors import RequestError
from benchmark.halo import halo_of
from benchmark.plugins.parameters import parameter
from benchmark.plugins.registry import Registry

__all__ = [
    "METHODS",
    "Method",
    "NetworkMethod",
    "Problem",
    "Recipe",
    "State",
    "parameter",
    "register",
]

State = Mapping[str, Tensor]

M = TypeVar("M", bound="Method")


@dataclass(frozen=True)
class Problem:
    """The part of the super-resolution problem that a method may know.

    Attributes:
        scale: the scale factor.
        bands: number of bands of the images.
        shape: (rows, columns) of the estimate; of the smallest training image while fitting.
        degradation: the operators that compute and upscale low-resolution images, and the noise.
        seed: the cell's seed; a stochastic method draws all random numbers from `generator`.
    """

    scale: int
    bands: int
    shape: tuple[int, int]
    degradation: Degradation
    seed: int = 0

    def generator(self, device: torch.device | str = "cpu") -> torch.Generator:
        """Build a random generator with the cell's seed, on a device."""
        return torch.Generator(device).manual_seed(self.seed)


# Fields of `Recipe` in version 0.1, and their present names.
_RENAMED = {
    "rate": "lr",
    "relative": "lr_by_fan_in",
    "batch": "batch_size",
    "factor": "gamma",
    "every": "step_size' or 'patience",
    "stop_below": "stop_lr",
    "flat_limit": "early_stopping_patience",
    "unit_gradient": "normalise_gradient",
    "clip_theta": "adjustable_clip",
    "last_layer": "last_layer_lr",
    "initial_std": "init_std",
    "single_bands": "bands_as_samples",
    "summed": "loss_reduction",
}


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        optimiser: "adam" or "sgd".
        lr: the highest learning rate.
        lr_by_fan_in: each layer's learning rate is `lr` times the size of its weights by He's
            rule, sqrt(2 / fan-in), so that a step changes all layers, wide or narrow, by the same
            fraction; biases take a tenth of it.
        momentum: of SGD.
        beta2: of Adam.
        weight_decay: factor of the weights that is added to the gradient (L2 penalty).
        batch_size: samples per step: cubic patches, or single bands if `bands_as_samples`.
        epochs: passes over the samples; an upper limit for "plateau".
        schedule: "one-cycle" (linear warm-up over a tenth of the steps, then cosine decay),
            "constant", "step" (times `gamma` every `step_size` epochs) or "plateau" (times
            `gamma` after `patience` validations without improvement, end below `min_lr`).
        gamma: factor of a decay of the learning rate.
        step_size: epochs from one decay to the next, for "step".
        patience: validations without improvement before a decay, for "plateau".
        min_lr: the learning rate never falls below this, for "plateau".
        stop_lr: training ends when the learning rate falls below this, for "plateau"; 0 for never.
        early_stopping_patience: training ends after this many validations without improvement; 0
            for never.
        normalise_gradient: scale every step's gradient to norm 1, so that all steps weigh the same
            in Adam's means and no single batch makes the training diverge.
        clip_norm: clip the norm of the gradient to this; 0 for never.
        adjustable_clip: clip each value of the gradient to adjustable_clip / lr (VDSR, section
            3.2); 0 for never.
        last_layer_lr: the last layer's learning rate relative to the others' (SRCNN).
        init_std: initial weights from N(0, init_std^2), biases 0; 0 keeps the method's own.
        bands_as_samples: every band of every patch is a sample of its own (band-wise methods).
        loss_reduction: "mean" over values, or "sum": 1/2 ||x - y||^2 for each sample, as in
            papers that used Caffe.
        patch_size: rows and columns of a training patch; 0 for the profile's.
        low_patch_size: the same of its low-resolution image; `scale` times as many in the truth.
        augment: cut each patch from its scene in one of eight orientations (flips, transposes),
            drawn once for each patch. The scene is turned before it is degraded. Do not flip the
            pairs of a batch instead: that is right only where
            `problem.degradation.commutes_with_flips`, and teaches another geometry elsewhere
            (`wang2017` shifts the interpolated image by (s - 1) / 2 pixels, towards one side).
    """

    optimiser: Literal["adam", "sgd"] = "adam"
    lr: float = 1e-3
    lr_by_fan_in: bool = False
    momentum: float = 0.9
    beta2: float = 0.999
    weight_decay: float = 0.0
    batch_size: int = 32
    epochs: int = 10
    schedule: Literal["one-cycle", "constant", "step", "plateau"] = "one-cycle"
    gamma: float = 0.1
    step_size: int = 3
    patience: int = 3
    min_lr: float = 0.0
    stop_lr: float = 0.0
    early_stopping_patience: int = 0
    normalise_gradient: bool = False
    clip_norm: float = 0.0
    adjustable_clip: float = 0.0
    last_layer_lr: float = 1.0
    init_std: float = 0.0
    bands_as_samples: bool = False
    loss_reduction: Literal["mean", "sum"] = "mean"
    patch_size: int = 0
    low_patch_size: int = 0
    augment: bool = False

    def __new__(cls, *_: Any, **fields: Any) -> "Recipe":
        """Reject fields of version 0.1, naming their replacements.

        Raises:
            TypeError: a field was renamed.
        """
        if old := next((name for name in fields if name in _RENAMED), None):
            raise TypeError(f"Recipe's field '{old}' is called '{_RENAMED[old]}' now")
        return super().__new__(cls)


class Method:
    """A method; its subclasses are frozen dataclasses whose fields are parameters.

    Attributes:
        name: set by the registry.
        sees: "upscaled" (the low-resolution image interpolated to the full size) or "decimated".
        bandwise: True makes the engine pass every band to a network as a separate image.
        stochastic: True if the seed may change the numbers; the method has a cell for every seed.
        expected_failures: name of each conformance check that the method cannot pass, and why.

    Example:
        >>> @register("brighter", title="Brighter")
        ... class Brighter(Method):
        ...     gain: float = parameter(default=1.1, help="factor of every value", low=0)
        ...
        ...     def upscale(self, low, problem, state):
        ...         return low * self.gain
        >>> METHODS.make("brighter[gain=2]")
        Brighter(gain=2.0)
    """

    name: ClassVar[str]
    sees: ClassVar[Literal["upscaled", "decimated"]] = "upscaled"
    bandwise: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    expected_failures: ClassVar[Mapping[str, str]] = {}

    def fit(self, scenes: Iterable[Tensor], problem: Problem) -> State:
        """Learn from the training scenes, without the engine's training loop.

        Args:
            scenes: ground truths, (bands, rows, columns) float32 in [0, 1], unrounded, one at a
                time; may be iterated more than once.
            problem: the super-resolution problem; `problem.shape` is that of the smallest scene.

        Returns:
            Named tensors, which are passed to `upscale` and stored with the cell. Empty for a
            method that learns nothing.
        """
        return {}

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Estimate one scene.

        Args:
            low: (bands, rows, columns) float32, as declared by `sees`.
            problem: the super-resolution problem; `problem.shape` is the size of the estimate.
            state: what `fit` returned.

        Returns:
            (bands, rows, columns), at least `problem.shape`; the engine crops it to that shape.
        """
        raise NotImplementedError

    @property
    def clips(self) -> bool:
        """True if estimates are clipped to [0, 1] before they are scored, as nearly all are.

        Where the protocol rounds the scored images, they are clipped in any case.
        """
        return True

    @property
    def trained(self) -> bool:
        """True if the method needs training scenes."""
        return type(self).fit is not Method.fit


class NetworkMethod(Method):
    """A network, trained by the engine's loop.

    Attributes:
        recipe: the training recipe of its paper, for the profile `paper`.
        recipe_notes: what that recipe takes where the paper prints nothing, and where it departs
            from the print; shown above the tables of the profile `paper`.

    Example:
        >>> @register("one_layer", title="One layer")
        ... class OneLayer(NetworkMethod):
        ...     side: int = parameter(default=3, help="side of the kernel", choices=(3, 5))
        ...
        ...     def network(self, bands, scale):
        ...         return nn.Conv2d(bands, bands, self.side, padding=self.side // 2)
        >>> METHODS.make("one_layer[side=5]").network(31, 2).kernel_size
        (5, 5)
    """

    stochastic: ClassVar[bool] = True
    recipe: ClassVar[Recipe] = Recipe()
    recipe_notes: ClassVar[tuple[str, ...]] = ()

    def network(self, bands: int, scale: int) -> nn.Module:
        """Build the network with its initial weights.

        It maps (batch, bands, rows, columns) to the same size, or to `scale` times the rows and
        columns if `sees` is "decimated". In training mode it may return several outputs as a
        tuple, the estimate last.

        Args:
            bands: number of bands of the images; 1 for a band-wise method.
            scale: the scale factor.
        """
        raise NotImplementedError

    def loss(self, output: Any, truth: Tensor) -> Tensor:
        """Compute the training loss, a scalar; the mean squared error unless overridden.

        Args:
            output: the network's output, float32.
            truth: (batch, bands, rows, columns) float32 in [0, 1].
        """
        return functional.mse_loss(self.estimate(output), truth)

    @staticmethod
    def estimate(output: Any) -> Tensor:
        """Return the estimate from the network's output: the last of several outputs."""
        chosen: Tensor = output[-1] if isinstance(output, tuple | list) else output
        return chosen

    def halo(self, network: nn.Module) -> int | None:
        """Return the radius of the receptive field in input pixels, by which tiles overlap.

        The default adds up the kernel radii of all convolutions, which is right for a sequence.
        It returns None, which forbids tiles, if a layer is neither a convolution of stride 1 nor
        pointwise (pooling, attention, linear layers, norms other than batch norms). Override it if
        the receptive field is bounded nevertheless, or if a layer is applied more than once.
        """
        return halo_of(network)

    @property
    def trained(self) -> bool:
        """Networks always need training scenes."""
        return True


METHODS: Registry[Method] = Registry("method", "methods", "hsisr.methods")


# A function instead of a bound method, so that type checkers see `dataclass_transform`.
@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(name: str, **facts: str) -> Callable[[type[M]], type[M]]:
    """Register a method under a name, as a frozen dataclass; used as a decorator.

    Args:
        name: as on the command line.
        facts: `title` for tables, `paper`, `year`, and `published`: the row of the published
            tables to compare it with.

    Raises:
        RequestError: another file has registered the name, or what the class declares is unusable.
    """

    def decorate(cls: type[M]) -> type[M]:
        _check_declared(name, cls)
        METHODS.register(name, **facts)(cls)
        return cls

    return decorate


def _check_declared(name: str, cls: type[Method]) -> None:
    """Check the attributes that the engine reads; a misspelled one would change what is computed.

    Raises:
        RequestError: one has a value that the engine does not know.
    """
    for attribute, expected, kind in (
        ("sees", '"upscaled" or "decimated"', str),
        ("bandwise", "True or False", bool),
        ("stochastic", "True or False", bool),
        ("recipe", "a Recipe", Recipe),
    ):
        value = getattr(cls, attribute, property())  # a property has its value later
        known = not isinstance(value, str) or value in ("upscaled", "decimated")
        if not (isinstance(value, kind | property) and known):
            raise RequestError(
                f"method '{name}': expected {expected} as `{attribute}`, found {value!r}"
            )


def all_methods() -> list[Method]:
    """Return every registered method with its default parameters, in the order of tables.

    First untrained methods, then closed forms, then networks, each by year and name.
    """
    entries = {entry.name: entry for entry in METHODS}
    methods = [METHODS.make(name) for name in entries]
    return sorted(
        methods,
        key=lambda method: (
            method.trained,
            isinstance(method, NetworkMethod),
            entries[method.name].facts.get("year", ""),
            method.name,
        ),
    )
