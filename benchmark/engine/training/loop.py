"""The training loop, the same for every network, on the CPU and on a GPU."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import nn

from benchmark.data.patches import PatchBank
from benchmark.data.sampler import PatchSampler, SamplingPlan
from benchmark.engine import seeding
from benchmark.engine.building import start
from benchmark.engine.device import Device
from benchmark.engine.tiling import run_network
from benchmark.engine.training.checkpoint import NullCheckpointer, Stopped
from benchmark.engine.training.profiles import Profile
from benchmark.engine.training.schedule import Schedule
from benchmark.engine.training.step import Step
from benchmark.engine.training.validation import Validation
from benchmark.method import NetworkMethod, Problem, Recipe, State

# Losses are looked at this often: every look makes a GPU wait.
_LOOK_EVERY = 25
# What the loop itself has to remember from one step to the next.
_KEPT = ("total", "since", "seen", "loss", "best")


class TrainingError(Exception):
    """Training cannot go on: the loss is not finite."""


class Listener(Protocol):
    """Who is told how training goes."""

    def stepped(self, step: int, steps: int, loss: float) -> None:
        """Take the mean loss of the last steps."""

    def validated(self, psnr: float) -> None:
        """Take a validation's PSNR in dB."""


@dataclass
class Trained:
    """What training gives.

    Attributes:
        state: the best weights by validation, or the last without validation scenes.
        history: one row a validation: step, loss, psnr, rate, seconds.
        parameters: how many values were trained.
        steps: how many were taken.
        seconds: how long it took, interruptions left out.
        resumed: how often it went on from a checkpoint.
        warnings: what the tables must say about it.
    """

    state: State
    history: list[dict[str, float]] = field(default_factory=list)
    parameters: int = 0
    steps: int = 0
    seconds: float = 0.0
    resumed: int = 0
    warnings: list[str] = field(default_factory=list)


def train(
    method: NetworkMethod,
    bank: PatchBank,
    validation: Sequence[Validation],
    problem: Problem,
    profile: Profile,
    seed: int,
    device: Device,
    listener: Listener,
    checkpointer: NullCheckpointer | None = None,
) -> Trained:
    """Train a network by its recipe under a profile.

    The global random states are left as they were. The same call twice on the CPU gives the
    same weights, bit for bit, whether or not one of them was stopped and went on.

    Args:
        method: whose network, loss and recipe.
        bank: the training patches.
        validation: the held-out pairs; may be empty.
        problem: the task.
        profile: how long.
        seed: of the starting weights and the order of the patches.
        device: where.
        listener: is told of progress.
        checkpointer: keeps checkpoints, gives the one to go on from, and may end the training.

    Raises:
        TrainingError: the loss became NaN or infinite.
        Stopped: the checkpointer said so; it has a checkpoint.
    """
    recipe = profile.recipe(method)
    checkpointer = checkpointer or NullCheckpointer()
    while True:
        saved = checkpointer.load()
        with seeding.seeded(seed, device.torch):
            network = device.place(start(method, problem, recipe))
            loop = _Loop(method, network, bank, validation, problem, profile, recipe, device)
            try:
                loop.restore(saved)
                order = PatchSampler(loop.sampling, seed, saved and saved["order"])
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, start over
                checkpointer.reject(error)
                continue
            return loop.run(order, listener, checkpointer)


@dataclass
class _Loop:
    method: NetworkMethod
    network: nn.Module
    bank: PatchBank
    validation: Sequence[Validation]
    problem: Problem
    profile: Profile
    recipe: Recipe
    device: Device

    def __post_init__(self) -> None:
        bands, bandwise = self.bank.bands, self.method.bandwise
        self.sampling = SamplingPlan(
            patches=len(self.bank),
            bands=bands,
            batch=self.recipe.batch,
            epochs=self.recipe.epochs,
            bands_per_patch=(self.profile.bands or bands) if bandwise else 0,
            bands_as_samples=bandwise and self.recipe.single_bands,
        )
        self.steps = self.sampling.steps_per_epoch * self.recipe.epochs
        self.every = self.sampling.steps_per_epoch
        if self.profile.validations:
            self.every = max(1, self.steps // self.profile.validations)
        self.schedule = Schedule(self.recipe, self.steps, self.sampling.steps_per_epoch)
        self.step = Step(self.method, self.network, self.bank, self.recipe, self.device)
        self.total = torch.zeros((), device=self.device.torch)
        self.since = self.seen = 0
        self.loss = math.nan
        self.best = -math.inf
        self.trained = Trained(self._weights(), parameters=_trainable(self.network))

    def run(
        self, order: PatchSampler, listener: Listener, checkpointer: NullCheckpointer
    ) -> Trained:
        began = time.perf_counter() - self.trained.seconds
        if not self._ended:
            for patches, bands in order:
                rate = self.schedule.rate(self.seen)
                self.total += self.step.take(patches, bands, rate)
                self.since, self.seen = self.since + 1, self.seen + 1
                self._look(rate, listener, began)
                ended, stopping = self._ended, checkpointer.stopping
                if ended or stopping or checkpointer.due():
                    self.trained.seconds = time.perf_counter() - began
                    checkpointer.save(self._state(order))
                if ended:
                    break
                if stopping:
                    raise Stopped
        self.trained.steps = self.seen
        self.trained.warnings = self._warnings()
        return self.trained

    @property
    def _ended(self) -> bool:
        return self.seen == self.steps or self.schedule.ended

    def _look(self, rate: float, listener: Listener, began: float) -> None:
        """Look at the loss, and validate, where it is time."""
        last = self.seen == self.steps
        validating = self.seen % self.every == 0 or last
        if self.since == _LOOK_EVERY or validating:
            self.loss = float(self.total) / self.since
            self.total.zero_()
            self.since = 0
            if not math.isfinite(self.loss):
                raise TrainingError(f"the loss became {self.loss} before step {self.seen}")
            listener.stepped(self.seen, self.steps, self.loss)
        if not validating:
            return
        psnr = self._validate() if self.validation else math.nan
        seconds = time.perf_counter() - began
        row = {"step": self.seen, "loss": self.loss, "psnr": psnr, "rate": rate, "seconds": seconds}
        self.trained.history.append(row)
        listener.validated(psnr)
        # Without validation scenes the loss tells progress, and the last weights stay.
        figure = psnr if self.validation else -self.loss
        better = figure > self.best
        self.best = max(self.best, figure)
        if better or not self.validation:
            self.trained.state = self._weights()
        self.schedule.validated(better)

    def _state(self, order: PatchSampler) -> dict[str, Any]:
        """Give all that the rest of the training depends on."""
        return {
            "network": self.network.state_dict(),
            "step": self.step.state(),
            "schedule": self.schedule.state(),
            "order": order.state(),
            "randomness": seeding.states(self.device.torch),
            "loop": {name: getattr(self, name) for name in _KEPT},
            "trained": dict(vars(self.trained)),
        }

    def restore(self, saved: dict[str, Any] | None) -> None:
        if saved is None:
            return
        self.network.load_state_dict(saved["network"])
        self.step.restore(saved["step"])
        self.schedule.restore(saved["schedule"])
        for name, value in saved["loop"].items():
            setattr(self, name, value)
        self.total = self.total.to(self.device.torch)
        self.trained = Trained(**saved["trained"])
        self.trained.resumed += 1
        seeding.restore(saved["randomness"], self.device.torch)

    def _warnings(self) -> list[str]:
        found = []
        if self.step.parts > 1:
            found.append(
                f"the device's memory was too small for a batch of {self.recipe.batch}: each was "
                f"taken in {self.step.parts} parts, their gradients added up"
            )
        if not self.validation:
            found.append("no validation scene at hand: the last weights were kept, not the best")
            return found
        before = sum(pair.interpolated for pair in self.validation) / len(self.validation)
        if self.best < before + 0.05:
            found.append(
                f"the network did not learn: {self.best:.2f} dB on the validation scenes, where "
                f"the up-scaled image alone has {before:.2f} dB"
            )
        return found

    def _validate(self) -> float:
        """Give the mean PSNR in dB over the validation pairs, nothing rounded."""
        values = []
        for pair in self.validation:
            estimate = run_network(self.method, self.network, pair.low, self.problem, self.device)
            rows, columns = pair.truth.shape[-2:]
            error = (estimate[:, :rows, :columns].clamp(0, 1) - pair.truth).square().mean()
            values.append(-10 * math.log10(max(float(error), 1e-12)))
        return sum(values) / len(values)

    def _weights(self) -> State:
        return {k: v.detach().clone() for k, v in self.network.state_dict().items()}


def _trainable(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


class ProgressListener(Listener, Protocol):
    """Who is told how a cell goes."""

    def scene(self, name: str) -> None:
        """Take the test scene that is being estimated."""
