"""The base class of methods that are networks, trained by the engine's loop."""

from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import functional

from benchmark.method.base import Method
from benchmark.method.halo import halo_of
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
