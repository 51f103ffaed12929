"""The training loop, the same for every network, on the CPU and on a GPU."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from benchmark.data.patches import PatchBank
from benchmark.data.sampler import PatchSampler, SamplingPlan
from benchmark.engine import seeding
from benchmark.engine.building import start
from benchmark.engine.device import Device
from benchmark.engine.tiling import run_network
from benchmark.engine.torch_state import numeric_state
from benchmark.engine.training.checkpoint import NullCheckpointer, Stopped
from benchmark.engine.training.listener import TrainingListener
from benchmark.engine.training.profiles import Profile
from benchmark.engine.training.schedule import Schedule
from benchmark.engine.training.step import Step
from benchmark.engine.training.validation import Validation
from benchmark.method import NetworkMethod, Problem, Recipe, State

# Steps between two readings of the loss: each reading synchronises with the GPU.
_LOG_EVERY = 25
# Attributes of the loop that a checkpoint contains.
_SAVED = ("total", "unlogged_steps", "steps_taken", "loss", "best")


class TrainingError(Exception):
    """The training diverged: its loss is not finite."""


@dataclass(frozen=True)
class TrainingTask:
    """A network to train, and its data.

    Attributes:
        method: provides network, loss and its paper's recipe.
        problem: scale, bands and degradation.
        profile: length and recipe of the training.
        seed: seed of the initial weights and of the order of the patches.
        bank: the training patches.
        validation: the held-out pairs; may be empty.
    """

    method: NetworkMethod
    problem: Problem
    profile: Profile
    seed: int
    bank: PatchBank
    validation: Sequence[Validation] = ()


@dataclass
class Trained:
    """The result of a training.

    Attributes:
        state: the weights with the best validation PSNR; the last ones without validation scenes.
        history: one row per validation: step, loss, psnr (dB), rate, seconds.
        parameters: number of trainable values.
        steps: number of steps taken.
        seconds: duration without interruptions.
        resumed: number of times it resumed from a checkpoint.
        warnings: notes to print below the tables.
    """

    state: State
    history: list[dict[str, float]] = field(default_factory=list)
    parameters: int = 0
    steps: int = 0
    seconds: float = 0.0
    resumed: int = 0
    warnings: list[str] = field(default_factory=list)


@numeric_state()
def train(
    task: TrainingTask,
    device: Device,
    listener: TrainingListener | None = None,
    checkpointer: NullCheckpointer | None = None,
) -> Trained:
    """Train a network.

    The global random states are restored afterwards. On the CPU, two calls with the same arguments
    return the same weights, bit for bit, even if one was interrupted and resumed.

    Args:
        task: the network to train, and its data.
        device: where to train.
        listener: receives the progress.
        checkpointer: loads the checkpoint to resume from, saves new ones, and may stop the
            training.

    Returns:
        The weights, and figures of the training.

    Raises:
        MemoryError: a single training sample, or a validation image, does not fit into memory.
        Stopped: the checkpointer stopped the training, and has a checkpoint.
        TrainingError: the loss became NaN or infinite.
    """
    recipe = task.profile.recipe(task.method)
    checkpointer = checkpointer or NullCheckpointer()
    while True:
        saved = checkpointer.load()
        with seeding.seeded(task.seed, device.torch):
            network = device.place(start(task.method, task.problem, recipe))
            loop = _Loop(task, network, recipe, device)
            try:
                loop.restore(saved)
                order = PatchSampler(loop.sampling, task.seed, saved and saved["order"])
            except Exception as error:  # noqa: BLE001 - a foreign checkpoint may raise anything
                checkpointer.reject(error)
                continue
            return loop.run(order, listener or TrainingListener(), checkpointer)


@dataclass
class _Loop:
    """The state of a training, and its steps."""

    task: TrainingTask
    network: nn.Module
    recipe: Recipe
    device: Device

    def __post_init__(self) -> None:
        bands, bandwise = self.task.bank.bands, self.task.method.bandwise
        profile = self.task.profile
        self.sampling = SamplingPlan(
            patches=len(self.task.bank),
            bands=bands,
            batch=self.recipe.batch_size,
            epochs=self.recipe.epochs,
            bands_per_patch=(profile.bands or bands) if bandwise else 0,
            bands_as_samples=bandwise and self.recipe.bands_as_samples,
        )
        steps_per_epoch = self.sampling.steps_per_epoch
        self.steps = steps_per_epoch * self.recipe.epochs
        self.validate_every = steps_per_epoch
        if profile.validations:
            self.validate_every = max(1, self.steps // profile.validations)
        self.schedule = Schedule(self.recipe, self.steps, steps_per_epoch)
        self.step = Step(self.task.method, self.network, self.task.bank, self.recipe, self.device)
        self.total = torch.zeros((), device=self.device.torch)
        self.unlogged_steps = self.steps_taken = 0
        self.loss = math.nan
        self.best = -math.inf
        self.trained = Trained(self._weights(), parameters=_trainable(self.network))

    def run(
        self, order: PatchSampler, listener: TrainingListener, checkpointer: NullCheckpointer
    ) -> Trained:
        began = time.perf_counter() - self.trained.seconds
        listener.started(self.steps_taken, self.trained.history)
        if not self._ended:
            for patches, bands in order:
                lr = self.schedule.lr(self.steps_taken)
                self.total += self.step.take(patches, bands, lr)
                self.unlogged_steps, self.steps_taken = (
                    self.unlogged_steps + 1,
                    self.steps_taken + 1,
                )
                self._log_and_validate(lr, listener, began)
                ended, stopping = self._ended, checkpointer.stopping
                if ended or stopping or checkpointer.due():
                    self.trained.seconds = time.perf_counter() - began
                    checkpointer.save(self._state(order))
                if ended:
                    break
                if stopping:
                    raise Stopped
        self.trained.steps = self.steps_taken
        self.trained.warnings = self._warnings()
        return self.trained

    @property
    def _ended(self) -> bool:
        return self.steps_taken == self.steps or self.schedule.ended

    def _log_and_validate(self, lr: float, listener: TrainingListener, began: float) -> None:
        """Read the loss and validate, each when it is due."""
        last = self.steps_taken == self.steps
        validating = self.steps_taken % self.validate_every == 0 or last
        if self.unlogged_steps == _LOG_EVERY or validating:
            self.loss = float(self.total) / self.unlogged_steps
            self.total.zero_()
            self.unlogged_steps = 0
            if not math.isfinite(self.loss):
                raise TrainingError(f"the loss became {self.loss} before step {self.steps_taken}")
            listener.stepped(self.steps_taken, self.steps, self.loss, lr)
        if not validating:
            return
        psnr = self._validate() if self.task.validation else math.nan
        seconds = time.perf_counter() - began
        row = {
            "step": self.steps_taken,
            "loss": self.loss,
            "psnr": psnr,
            "rate": lr,
            "seconds": seconds,
        }
        self.trained.history.append(row)
        listener.validated(psnr)
        # Without validation scenes the loss measures progress, and the last weights are kept.
        figure = psnr if self.task.validation else -self.loss
        better = figure > self.best
        self.best = max(self.best, figure)
        if better or not self.task.validation:
            self.trained.state = self._weights()
        self.schedule.validated(better)

    def _state(self, order: PatchSampler) -> dict[str, Any]:
        """Return everything that the rest of the training depends on."""
        return {
            "network": self.network.state_dict(),
            "step": self.step.state(),
            "schedule": self.schedule.state(),
            "order": order.state(),
            "randomness": seeding.states(self.device.torch),
            "loop": {name: getattr(self, name) for name in _SAVED},
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
        warnings = []
        if self.step.parts > 1:
            warnings.append(
                f"the device's memory was too small for a batch of {self.recipe.batch_size}: each "
                f"was processed in {self.step.parts} parts, accumulating their gradients"
            )
        validation = self.task.validation
        if not validation:
            warnings.append("no validation scenes: the last weights were kept, not the best")
            return warnings
        baseline = sum(pair.interpolated for pair in validation) / len(validation)
        if self.best < baseline + 0.05:
            warnings.append(
                f"the network did not learn: {self.best:.2f} dB on the validation scenes, where "
                f"the interpolated image has {baseline:.2f} dB"
            )
        return warnings

    def _validate(self) -> float:
        """Return the mean PSNR in dB over the validation pairs, without rounding to 8 bits."""
        values = []
        for pair in self.task.validation:
            estimate = run_network(
                self.task.method, self.network, pair.low, self.task.problem, self.device
            )
            rows, columns = pair.truth.shape[-2:]
            error = (estimate[:, :rows, :columns].clamp(0, 1) - pair.truth).square().mean()
            values.append(-10 * math.log10(max(float(error), 1e-12)))
        return sum(values) / len(values)

    def _weights(self) -> State:
        return {k: v.detach().clone() for k, v in self.network.state_dict().items()}


def _trainable(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
