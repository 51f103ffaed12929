"""What the checks of methods are given: a method with scenes, problems, and a short training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.data.patches import PatchBank
from benchmark.engine.inference.building import start
from benchmark.engine.inference.estimation import TrainingScenes, method_inputs
from benchmark.engine.inference.returned import fitted, upscaled
from benchmark.engine.inference.tiling import run_network
from benchmark.engine.machine import seeding
from benchmark.engine.machine.device import CPU, Device
from benchmark.engine.training.loop import Trained, TrainingTask, train
from benchmark.engine.training.profiles import Profile
from benchmark.engine.training.validation import Validation
from benchmark.method import (
    METHODS,
    Inputs,
    IterativeMethod,
    Method,
    NetworkMethod,
    Problem,
    Run,
    State,
)
from benchmark.plugins.registry import Registry
from benchmark.protocol import Protocol
from benchmark.protocols.wang2017 import Wang2017
from benchmark.tools.conformance.check import NotApplicableError
from benchmark.tools.conformance.harness import Harness

SCALES = (2, 3, 4, 8)
BANDS = (1, 3, 8, 31, 102)

STEPS = 20
BRIEF = 3  # steps, where only the same weights are asked for

_SEED = 0
_TRAINING_SHAPE = (40, 44)
_PATCH = 24  # all scales divide it
_PATCHES = 2

Estimate = Callable[[Inputs, Problem], Tensor]


def scene(bands: int, shape: tuple[int, int], seed: int) -> Tensor:
    """Make a smooth scene: four materials with smooth spectra and abundances.

    Returns:
        (bands, rows, columns) float32, from 0 to 1.
    """
    generator = torch.Generator().manual_seed(seed)
    grid = [size // 4 + 2 for size in shape]
    coarse = torch.rand(1, 4, *grid, generator=generator)
    abundances = functional.interpolate(coarse, size=shape, mode="bicubic", align_corners=True)[0]
    knots = torch.rand(1, 4, 5, generator=generator)
    spectra = functional.interpolate(knots, size=bands, mode="linear", align_corners=True)[0]
    cube = torch.einsum("mb,mij->bij", spectra, abundances)
    return (cube - cube.min()) / (cube.max() - cube.min())


@dataclass(frozen=True)
class MethodHarness(Harness[Method]):
    """A method under test, with scenes, problems, training and estimates for its checks.

    Attributes:
        protocol: whose images the method is given.
    """

    protocol: Protocol = field(default_factory=Wang2017)

    @property
    def method(self) -> Method:
        """The method under test."""
        return self.plugin

    @property
    def registry(self) -> Registry[Method]:
        """The methods."""
        return METHODS

    @cached_property
    def scale(self) -> int:
        """The scale of all checks but `shape-x*`."""
        return next(iter(self.scales(self.bands)), self.protocol.scales[0])

    def scales(self, bands: int) -> list[int]:
        """Return the scales that protocol and method accept and no failure is declared at."""
        declared = self.method.expected_failures
        return [
            scale
            for scale in SCALES
            if f"shape-x{scale}" not in declared
            and not self.protocol.refusal(scale)
            and not self.refusal(scale, bands)
        ]

    @cached_property
    def bands(self) -> int:
        """The number of bands of all checks but `bands-*`."""
        if isinstance(self.method, NetworkMethod) and self.method.bandwise:
            return 2
        declared = self.method.expected_failures
        wanted = (b for b in (8, 31, 102, 3, 1) if f"bands-{b}" not in declared)
        return next((b for b in wanted if self.scales(b)), 8)

    def refusal(self, scale: int, bands: int) -> str:
        """Return why the method cannot compute a scale and a number of bands; empty if it can."""
        return self.method.refusal(self.fitting(self.problem(scale, bands)))

    @property
    def network_method(self) -> NetworkMethod:
        """The method, if it is a network.

        Raises:
            NotApplicableError: it is not.
        """
        if not isinstance(self.method, NetworkMethod):
            raise NotApplicableError("for networks only")
        return self.method

    def problem(self, scale: int = 0, bands: int = 0, shape: tuple[int, int] = (0, 0)) -> Problem:
        """Describe a problem.

        Args:
            scale: `self.scale` where 0.
            bands: `self.bands` where 0.
            shape: rows and columns; where 0, odd ones that the scale does not divide.
        """
        scale, bands = scale or self.scale, bands or self.bands
        if not all(shape):
            low = "low" in self.method.inputs
            shape = (16 * scale + 1, 18 * scale + 1) if low else (23, 25)
        degradation = self.protocol.degradation(scale)
        return Problem(scale, bands, degradation.crop_shape(shape), degradation)

    def small(self, scale: int) -> tuple[int, int]:
        """Return rows and columns for the checks of many problems, not divisible by the scale."""
        return (13 * scale + 1, 15 * scale + 1) if "low" in self.method.inputs else (23, 25)

    def inputs(self, problem: Problem, seed: int = 1) -> dict[str, Tensor]:
        """Compute what the method is given of a scene."""
        truth = problem.degradation.ground_truth(scene(problem.bands, problem.shape, seed))
        return method_inputs(self.method, problem.degradation, truth)

    def scenes(self, bands: int, device: Device = CPU) -> list[Tensor]:
        """Make three training scenes."""
        return [scene(bands, _TRAINING_SHAPE, seed).to(device.torch) for seed in (10, 11, 12)]

    def learn(
        self, device: Device = CPU, problem: Problem | None = None, steps: int = BRIEF
    ) -> Trained:
        """Train a network for some steps on the CPU, or fit another method on a device."""
        problem = problem or self.problem()
        if isinstance(self.method, NetworkMethod):
            return self.training(steps, problem=problem)
        scenes = TrainingScenes(self.scenes(problem.bands), problem.degradation, device)
        fitting = self.fitting(problem)
        if isinstance(self.method, IterativeMethod):
            run = Run(device.torch, fitting.generator(device.torch))
            with seeding.seeded(fitting.seed, device.torch):
                state = self.method.learn(scenes, fitting, run)
        else:
            state = self.method.fit(scenes, fitting)
        fitted(state)
        return Trained(state)  # itself: a check compares it with what is stored of it

    @cached_property
    def learned(self) -> Trained:
        """The result of `learn`, computed once and shared by the checks that repeat it."""
        return self.learn()

    @cached_property
    def trained(self) -> Trained:
        """The result of learning by all `STEPS`, computed once and shared by the checks."""
        return self.learn(steps=STEPS) if isinstance(self.method, NetworkMethod) else self.learned

    def training(
        self,
        steps: int,
        validation: Sequence[Validation] = (),
        problem: Problem | None = None,
    ) -> Trained:
        """Train a network by the common recipe, on the same two patches in every step.

        Returns:
            One row of history per step, or a single row where there are validation pairs.

        Raises:
            NotApplicableError: the method is not a network.
        """
        problem = problem or self.problem()
        bank = self.bank(problem)
        rows = 1 if validation else steps
        # Adam moves weights further than Muon in so few steps.
        profile = Profile(
            "", "", _PATCHES, _PATCH, steps, _PATCHES, optimiser="adam", validations=rows
        )
        task = TrainingTask(self.network_method, problem, profile, _SEED, bank, validation)
        return train(task, CPU)

    def bank(self, problem: Problem) -> PatchBank:
        """Draw two patches of the training scenes."""
        return PatchBank(
            self.scenes(problem.bands),
            problem.degradation,
            count=_PATCHES,
            size=_PATCH,
            seed=_SEED,
            device=CPU.torch,
        )

    def patches(self, problem: Problem) -> tuple[dict[str, Tensor], Tensor]:
        """Return a network's inputs for these patches, and their ground truths."""
        bands = torch.arange(problem.bands).expand(_PATCHES, -1)
        chosen = bands if self.method.bandwise else None
        return self.bank(problem).batch(torch.arange(_PATCHES), self.method.inputs, chosen)

    def network(
        self, problem: Problem, state: State | None = None, device: Device = CPU
    ) -> nn.Module:
        """Build the network, with initial or with given weights.

        Raises:
            NotApplicableError: the method is not a network.
        """
        method = self.network_method
        recipe = Profile("", "", _PATCHES).recipe(method)
        # A different seed from training reveals what is not in the weights.
        with seeding.seeded(_SEED + (state is not None), CPU.torch):
            network = start(method, problem, recipe)
        if state is not None:
            network.load_state_dict(state)
        return device.place(network)

    def estimator(self, problem: Problem, state: State, device: Device = CPU) -> Estimate:
        """Return the function that estimates scenes, as in the engine's evaluation.

        What a method changes in the process is not put back, so that checks see it.
        """
        method = self.method
        if isinstance(method, NetworkMethod):
            network = self.network(problem, state, device)
            return lambda inputs, asked: run_network(method, network, inputs, asked, device)

        def estimate(inputs: Inputs, asked: Problem) -> Tensor:
            if isinstance(method, IterativeMethod):
                run = Run(device.torch, asked.generator(device.torch))
                with seeding.seeded(asked.seed, device.torch):
                    made = method.reconstruct(inputs, asked, state, run).detach()
            else:
                (image,) = inputs.values()
                made = method.upscale(image, asked, state)
            return upscaled(made, (asked.bands, *asked.shape), device.torch)

        return estimate

    def estimate(self, inputs: Inputs, problem: Problem) -> Tensor:
        """Estimate one scene after learning."""
        return self.estimator(problem, self.trained.state)(inputs, problem)

    def images(self, scenes: Sequence[Inputs]) -> dict[str, Tensor]:
        """Stack the inputs of scenes to a network's batches, (batch, bands, rows, columns)."""
        batches = {}
        for name in self.method.inputs:
            batch = torch.stack([one[name] for one in scenes])
            batches[name] = batch.flatten(0, 1)[:, None] if self.method.bandwise else batch
        return batches

    def fitting(self, problem: Problem) -> Problem:
        """Return the problem for `fit`, with the shape of the training scenes."""
        return replace(problem, shape=problem.degradation.crop_shape(_TRAINING_SHAPE))
