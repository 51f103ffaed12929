"""The base class of methods."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from torch import Tensor

from benchmark.method import legacy
from benchmark.method.problem import Problem, State


class Method:
    """A method; its subclasses are frozen dataclasses whose fields are parameters.

    Attributes:
        name: set by the registry.
        inputs: the images that the method is given: "low", the low-resolution image, "upscaled",
            the same interpolated to the full size by the protocol, or both.
        bandwise: True makes the engine pass every band to a network as a separate image.
        stochastic: True if the seed may change the numbers; the method has a cell for every seed.
        default_run: False leaves the method out of runs that name no methods, as it takes long;
            `--methods all` has it.
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
    inputs: ClassVar[tuple[str, ...]] = ("upscaled",)
    bandwise: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    default_run: ClassVar[bool] = True
    expected_failures: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Accept the interface of earlier versions."""
        super().__init_subclass__(**arguments)
        legacy.adopt_sees(cls)

    def refusal(self, problem: Problem) -> str:
        """Return why the method cannot compute a problem; empty if it can.

        It is asked before anything is computed. Scale and number of bands are final; `shape` is
        that of the smallest training image.
        """
        return ""

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
            low: (bands, rows, columns) float32, the image that `inputs` declares.
            problem: the super-resolution problem; `problem.shape` is the size of the estimate.
            state: what `fit` returned.

        Returns:
            (bands, rows, columns), at least `problem.shape`; the engine crops it to that shape.
        """
        raise NotImplementedError

    @property
    def clips(self) -> bool:
        """False scores estimates unclipped where the protocol does not round them."""
        return True

    @property
    def trained(self) -> bool:
        """True if the method needs training scenes."""
        return type(self).fit is not Method.fit
