"""The base class of methods that are networks, trained by the engine's loop."""

from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import functional

from benchmark.method import legacy
from benchmark.method.base import Method
from benchmark.method.halo import halo_of
from benchmark.method.problem import Inputs, Problem
from benchmark.method.recipe import Recipe


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
        ...     def network(self, problem):
        ...         bands = problem.bands
        ...         return nn.Conv2d(bands, bands, self.side, padding=self.side // 2)
        >>> METHODS.make("one_layer[side=5]").side
        5
    """

    stochastic: ClassVar[bool] = True
    recipe: ClassVar[Recipe] = Recipe()
    recipe_notes: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Accept the interface of earlier versions."""
        super().__init_subclass__(**arguments)
        legacy.adopt_network(cls)
        legacy.adopt_loss(cls)

    def network(self, problem: Problem) -> nn.Module:
        """Build the network with its initial weights.

        It is called with one tensor for each of `inputs`, in their order: "low" of shape (batch,
        bands, rows, columns), "upscaled" of `scale` times the rows and columns. With both, the
        upscaled image is extended by its last row and column where that is not a multiple. It
        returns (batch, bands, rows, columns) of the size of the upscaled image. In training mode it
        may return several outputs as a tuple, the estimate last.

        Args:
            problem: its scale, bands and band means are those of the images; its bands are 1 for
                a band-wise method.
        """
        raise NotImplementedError

    @legacy.callable_without_context
    def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Compute the training loss, a scalar; the mean squared error unless overridden.

        Args:
            output: the network's output, float32. Every image of it is cropped to the truth's rows
                and columns.
            truth: (batch, bands, rows, columns) float32 in [0, 1].
            inputs: what the network was given.
            problem: as in `network`.
        """
        return functional.mse_loss(self.estimate(output), truth)

    def training_step(
        self,
        forward: Callable[[Inputs], Any],
        inputs: Inputs,
        truth: Tensor,
        problem: Problem,
    ) -> Tensor:
        """Compute the loss of one batch, a scalar; override it to call the network otherwise.

        Args:
            forward: calls the network in the engine's precision, and returns its output as `loss`
                takes it.
            inputs: the images that `inputs` declares, (batch, bands, rows, columns) each.
            truth: as in `loss`.
            problem: as in `network`.
        """
        return self.loss(forward(inputs), truth, inputs, problem)

    @staticmethod
    def estimate(output: Any) -> Tensor:
        """Return the estimate from the network's output: the last of several outputs."""
        chosen: Tensor = output[-1] if isinstance(output, tuple | list) else output
        return chosen

    def halo(self, network: nn.Module) -> int | None:
        """Return the radius of the receptive field in pixels, by which tiles overlap.

        The pixels are those of the low-resolution image if that is an input.

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
