"""The training loop, the same for every network, on the CPU and on a GPU."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from benchmark.data.patches import PatchBank
from benchmark.data.sampler import PatchSampler, SamplingPlan
from benchmark.engine.inference.building import problem_of_network, start
from benchmark.engine.inference.tiling import run_network
from benchmark.engine.machine import seeding
from benchmark.engine.machine.device import Device, is_out_of_memory
from benchmark.engine.machine.torch_state import numeric_state
from benchmark.engine.operations import multiplications_per_pixel
from benchmark.engine.training.checkpoint import NullCheckpointer, Stopped
from benchmark.engine.training.listener import TrainingListener
from benchmark.engine.training.profiles import Profile
from benchmark.engine.training.schedule import Schedule
from benchmark.engine.training.step import Step
from benchmark.engine.training.validation import Validation
from benchmark.method import NetworkMethod, Problem, Recipe, State

# Steps between two readings of the loss: each reading synchronises with the GPU.
LOG_EVERY = 25
# Attributes of the loop that a checkpoint contains.
_SAVED = (
    "total", "unlogged_steps", "steps_taken", "loss_sum", "steps_validated", "best", "best_step"
)  # fmt: skip


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
        history: one row per validation: step, loss (the mean over the steps since the row before),
            psnr (dB), rate, seconds.
        parameters: number of trainable values.
        steps: number of steps taken.
        epochs: passes over the samples.
        batch: samples per step.
        share: fraction of the patches' values, over all bands, that one epoch shows the network.
        rate: the learning rate, in units of the profile's.
        tuning: the trials that it was chosen by: PSNR in dB by factor; empty if it was not chosen.
        seconds: duration without interruptions.
        resumed: number of times it resumed from a checkpoint.
        warnings: notes to print below the tables.
    """

    state: State
    history: list[dict[str, float]] = field(default_factory=list)
    parameters: int = 0
    steps: int = 0
    epochs: float = 0.0
    batch: int = 0
    share: float = 1.0
    rate: float = 1.0
    tuning: dict[str, float | None] = field(default_factory=dict)
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
    return the same weights, bit for bit, even if one was interrupted and resumed, if both run with
    the same number of threads: another number changes the order of sums.

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
    task = replace(task, problem=replace(task.problem, band_means=task.bank.band_means()))
    recipe = task.profile.recipe(task.method)
    checkpointer = checkpointer or NullCheckpointer()
    while True:
        saved = checkpointer.load()
        with seeding.seeded(task.seed, device.torch):
            network = start(task.method, task.problem, recipe)
            sampling = _sampling(task, network)
            loop = _Loop(task, device.place(network), recipe, device, sampling)
            try:
                loop.restore(saved)
                order = PatchSampler(loop.sampling, task.seed, saved and saved["order"])
            except Exception as error:
                if is_out_of_memory(error):
                    raise  # the checkpoint is good, and waits until memory is free
                checkpointer.reject(error)  # a foreign checkpoint may raise anything
                continue
            return loop.run(order, listener or TrainingListener(), checkpointer)


@dataclass
class _Loop:
    """The state of a training, and its steps."""

    task: TrainingTask
    network: nn.Module
    recipe: Recipe
    device: Device
    sampling: SamplingPlan

    def __post_init__(self) -> None:
        steps_per_epoch = self.sampling.steps_per_epoch
        self.steps = steps_per_epoch * self.recipe.epochs
        validations = min(self.task.profile.validations or self.recipe.epochs, self.steps)
        self.validate_after = {self.steps * n // validations for n in range(1, validations + 1)}
        self.schedule = Schedule(self.recipe, self.steps, steps_per_epoch)
        problem = problem_of_network(self.task.method, self.task.problem)
        self.step = Step(
            self.task.method, problem, self.network, self.task.bank, self.recipe, self.device
        )
        self.total = torch.zeros((), device=self.device.torch)
        self.unlogged_steps = self.steps_taken = 0
        self.loss_sum, self.steps_validated = 0.0, 0
        self.best, self.best_step = -math.inf, 0
        self.trained = Trained(
            self._weights(),
            parameters=_trainable(self.network),
            batch=self.sampling.batch,
            share=self.sampling.share,
        )

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
        self.trained.epochs = self.steps_taken / self.sampling.steps_per_epoch
        self.trained.warnings = self._warnings()
        return self.trained

    @property
    def _ended(self) -> bool:
        return self.steps_taken == self.steps or self.schedule.ended

    def _log_and_validate(self, lr: float, listener: TrainingListener, began: float) -> None:
        """Read the loss and validate, each when it is due."""
        validating = self.steps_taken in self.validate_after
        if self.unlogged_steps == LOG_EVERY or validating:
            total = float(self.total)
            loss = total / self.unlogged_steps
            self.loss_sum += total
            self.total.zero_()
            self.unlogged_steps = 0
            if not math.isfinite(loss):
                raise TrainingError(f"the loss became {loss} before step {self.steps_taken}")
            listener.stepped(self.steps_taken, self.steps, loss, lr)
        if not validating:
            return
        loss = self.loss_sum / (self.steps_taken - self.steps_validated)
        self.loss_sum, self.steps_validated = 0.0, self.steps_taken
        psnr = self._validate() if self.task.validation else math.nan
        seconds = time.perf_counter() - began
        row = {
            "step": self.steps_taken,
            "loss": loss,
            "psnr": psnr,
            "rate": lr,
            "seconds": seconds,
        }
        self.trained.history.append(row)
        listener.validated(psnr)
        # Without validation scenes the loss measures progress, and the last weights are kept.
        figure = psnr if self.task.validation else -loss
        better = figure > self.best
        if better:
            self.best, self.best_step = figure, self.steps_taken
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
        elif (last := self.trained.history[-1]["psnr"]) < (self.best + baseline) / 2:
            warnings.append(
                f"the training collapsed: {last:.2f} dB on the validation scenes at its end, after "
                f"{self.best:.2f} dB at step {self.best_step}, whose weights were kept"
            )
        return warnings

    def _validate(self) -> float:
        """Return the mean PSNR in dB over the validation pairs, without rounding to 8 bits."""
        values = []
        for pair in self.task.validation:
            estimate = run_network(
                self.task.method, self.network, pair.inputs, self.task.problem, self.device
            )
            rows, columns = pair.truth.shape[-2:]
            error = (estimate[:, :rows, :columns].clamp(0, 1) - pair.truth).square().mean()
            values.append(-10 * math.log10(max(float(error), 1e-12)))
        return sum(values) / len(values)

    def _weights(self) -> State:
        return {k: v.detach().clone() for k, v in self.network.state_dict().items()}


def _sampling(task: TrainingTask, network: nn.Module) -> SamplingPlan:
    method, bank = task.method, task.bank

    def cost() -> float:
        return multiplications_per_pixel(method, network, task.problem, bank.size)

    patches = min(len(bank), task.profile.patches)  # the first ones are a random choice
    return task.profile.sampling(method, patches, bank.bands, cost)


def _trainable(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
