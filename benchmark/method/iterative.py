"""The base class of methods with a loop of their own, such as one over a single test image."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

import torch
from torch import Tensor

from benchmark.method.base import Method
from benchmark.method.problem import Inputs, Problem, State


class Run:
    """What the engine gives a method with a loop of its own.

    This one reports and saves nothing.

    Attributes:
        device: where to compute; the images are there.
        generator: on the device, with the cell's seed; the same at the start of every call.
    """

    def __init__(self, device: torch.device, generator: torch.Generator) -> None:
        self.device = device
        self.generator = generator

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context manager of the precision that networks are trained in."""
        return nullcontext()

    def resume(self) -> dict[str, Any] | None:
        """Return the state that `step` saved last in this call, or None if it starts anew.

        The random generators are restored to what they were then. Call it after everything that
        draws initial values.
        """
        return None

    def step(
        self, step: int, steps: int, loss: Tensor | float, state: Callable[[], dict[str, Any]]
    ) -> None:
        """Report an iteration; save the state when it is due.

        Args:
            step: number of iterations done.
            steps: number of all iterations.
            loss: of the last iteration.
            state: returns all that the following iterations depend on: tensors, numbers, texts,
                and lists and dicts of them; called only when it is saved.

        Raises:
            Stopped: the run is to stop; the state was saved.
        """


class IterativeMethod(Method):
    """A method with a loop of its own, over training scenes or over the test image alone.

    The engine gives it generator, device and precision, shows its progress, saves its state, and
    goes on from there if the run was interrupted. Nothing of a finished scene is computed again.

    Example:
        >>> @register("descent", title="Gradient descent")
        ... class Descent(IterativeMethod):
        ...     inputs = ("low", "upscaled")
        ...
        ...     def reconstruct(self, inputs, problem, state, run):
        ...         rows, columns = problem.shape
        ...         first = inputs["upscaled"][:, :rows, :columns]
        ...         saved = run.resume() or {"step": 0, "z": first}
        ...         z, degradation = saved["z"], problem.degradation
        ...         for step in range(saved["step"], 20):
        ...             error = degradation.low(z) - inputs["low"]
        ...             z = z - degradation.adjoint(error, problem.shape)
        ...             loss = error.square().mean()
        ...             run.step(step + 1, 20, loss, lambda: {"step": step + 1, "z": z})
        ...         return z
    """

    stochastic: ClassVar[bool] = True

    def learn(self, scenes: Iterable[Tensor], problem: Problem, run: Run) -> State:
        """Learn from the training scenes.

        Args:
            scenes: as in `Method.fit`.
            problem: the super-resolution problem; `problem.shape` is that of the smallest scene.
            run: generator, device, precision, progress and checkpoints.

        Returns:
            Named tensors, which are passed to `reconstruct` and stored with the cell.
        """
        return {}

    def reconstruct(self, inputs: Inputs, problem: Problem, state: State, run: Run) -> Tensor:
        """Estimate one scene. Gradients may be recorded.

        Args:
            inputs: the images that `inputs` declares, (bands, rows, columns) float32 each. With
                both, "upscaled" is extended to `problem.scale` times the rows and columns of
                "low", which is more than `problem.shape` where the scale does not divide it.
            problem: the super-resolution problem; `problem.shape` is the size of the estimate.
            state: what `learn` returned.
            run: generator, device, precision, progress and checkpoints.

        Returns:
            (bands, rows, columns), at least `problem.shape`; the engine crops it to that shape.
        """
        raise NotImplementedError

    @property
    def trained(self) -> bool:
        """True if the method needs training scenes."""
        return type(self).learn is not IterativeMethod.learn
