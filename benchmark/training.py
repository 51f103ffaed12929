"""The training loop, the same for every network, on the CPU and on a GPU."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from benchmark import optimiser
from benchmark.device import Device
from benchmark.inference import run_network
from benchmark.method import NetworkMethod, Problem, Recipe, State
from benchmark.pairs import Validation
from benchmark.patches import PatchBank
from benchmark.profile import Profile
from benchmark.schedule import Schedule

# Losses are looked at this often: every look makes a GPU wait.
_LOOK_EVERY = 25


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
        warnings: what the tables must say about it.
    """

    state: State
    history: list[dict[str, float]] = field(default_factory=list)
    parameters: int = 0
    steps: int = 0
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
) -> Trained:
    """Train a network by its recipe under a profile.

    The global random state is left as it was; the same call twice on the CPU gives the same
    weights.

    Args:
        method: whose network, loss and recipe.
        bank: the training patches.
        validation: the held-out pairs; may be empty.
        problem: the task.
        profile: how long.
        seed: of the starting weights and the order of the patches.
        device: where.
        listener: is told of progress.

    Raises:
        TrainingError: the loss became NaN or infinite.
    """
    recipe = profile.recipe(method)
    devices = [device.torch] if device.torch.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        network = device.place(start(method, problem, recipe))
        return _Loop(method, network, bank, validation, problem, profile, recipe, device).run(
            seed, listener
        )


def start(method: NetworkMethod, problem: Problem, recipe: Recipe) -> nn.Module:
    """Build the network with the weights it starts from, using the global random state."""
    network = method.network(1 if method.bandwise else problem.bands, problem.scale)
    if recipe.initial_std:
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=recipe.initial_std)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
    return network


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
        self.single = self.method.bandwise and self.recipe.single_bands
        samples = len(self.bank) * (self.bank.bands if self.single else 1)
        self.steps_per_epoch = max(1, samples // self.recipe.batch)
        self.steps = self.steps_per_epoch * self.recipe.epochs
        self.schedule = Schedule(self.recipe, self.steps, self.steps_per_epoch)
        self.optimiser = optimiser.build(self.network, self.recipe)

    def run(self, seed: int, listener: Listener) -> Trained:
        best, best_state = -math.inf, self._state()
        trained = Trained(best_state, parameters=_trainable(self.network))
        every = self.steps_per_epoch
        if self.profile.validations:
            every = max(1, self.steps // self.profile.validations)
        began = time.perf_counter()
        total = torch.zeros((), device=self.device.torch)
        since, seen, loss = 0, 0, math.nan
        for step, (patches, bands) in enumerate(self._batches(seed)):
            rate = self.schedule.rate(step)
            total += self._step(patches, bands, rate)
            since, seen = since + 1, step + 1
            last = seen == self.steps
            if since == _LOOK_EVERY or last or seen % every == 0:
                loss = float(total) / since
                total.zero_()
                since = 0
                if not math.isfinite(loss):
                    raise TrainingError(f"the loss became {loss} before step {seen}")
                listener.stepped(seen, self.steps, loss)
            if seen % every == 0 or last:
                psnr = self._validate() if self.validation else math.nan
                seconds = time.perf_counter() - began
                row = {"step": seen, "loss": loss, "psnr": psnr, "rate": rate, "seconds": seconds}
                trained.history.append(row)
                listener.validated(psnr)
                # Without validation scenes the loss tells progress, and the last weights stay.
                figure = psnr if self.validation else -loss
                better = figure > best
                best = max(best, figure)
                if better or not self.validation:
                    best_state = self._state()
                self.schedule.validated(better)
                if self.schedule.ended:
                    break
        trained.state, trained.steps = best_state, seen
        trained.warnings = self._warnings(best)
        return trained

    def _warnings(self, best: float) -> list[str]:
        if not self.validation:
            return ["no validation scene at hand: the last weights were kept, not the best"]
        before = sum(pair.interpolated for pair in self.validation) / len(self.validation)
        if best < before + 0.05:
            text = (
                f"the network did not learn: {best:.2f} dB on the validation scenes, where the "
                f"up-scaled image alone has {before:.2f} dB"
            )
            return [text]
        return []

    def _batches(self, seed: int) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Give patch indices and band indices of every step; the same for every method."""
        generator = torch.Generator().manual_seed(seed)
        batch, bands = self.recipe.batch, self.bank.bands
        shown = self.profile.bands or bands
        for _ in range(self.recipe.epochs):
            count = len(self.bank) * (bands if self.single else 1)
            order = torch.randperm(count, generator=generator)
            for first in range(0, self.steps_per_epoch * batch, batch):
                chosen = order[first : first + batch]
                if self.single:
                    yield chosen // bands, (chosen % bands)[:, None]
                elif self.method.bandwise:
                    lots = torch.rand(len(chosen), bands, generator=generator)
                    yield chosen, lots.argsort(dim=1)[:, :shown]
                else:
                    yield chosen, None

    def _step(self, patches: Tensor, bands: Tensor | None, rate: float) -> Tensor:
        inputs, truth = self.bank.batch(patches, self.method.sees, bands)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        self.network.train()
        with self.device.autocast():
            output = self.network(inputs)
        # A decimated 11 x 11 patch becomes 33 x 33 at x3; the first 32 are the patch.
        output = _floats(output, *truth.shape[-2:])
        loss = self.method.loss(output, truth)
        if self.recipe.summed:
            loss = loss * (truth[0].numel() / 2)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.tame(self.network.parameters(), self.recipe, rate)
        self.optimiser.step()
        return loss.detach()

    def _validate(self) -> float:
        """Give the mean PSNR in dB over the validation pairs, nothing rounded."""
        values = []
        for pair in self.validation:
            estimate = run_network(self.method, self.network, pair.low, self.problem, self.device)
            rows, columns = pair.truth.shape[-2:]
            error = (estimate[:, :rows, :columns].clamp(0, 1) - pair.truth).square().mean()
            values.append(-10 * math.log10(max(float(error), 1e-12)))
        return sum(values) / len(values)

    def _state(self) -> State:
        return {k: v.detach().clone() for k, v in self.network.state_dict().items()}


def _trainable(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def _floats(output: Any, rows: int, columns: int) -> Any:
    if isinstance(output, tuple | list):
        return type(output)(_floats(part, rows, columns) for part in output)
    return output[..., :rows, :columns].float()
