"""Profiles, methods and trainings that the tests of training share."""

from dataclasses import dataclass, field, replace

from torch import nn

from benchmark.data.split import Split
from benchmark.engine.training.loop import Trained, TrainingTask, train
from benchmark.engine.training.profiles import Profile
from benchmark.engine.training.validation import Validation, validation_pair
from benchmark.method import NetworkMethod, Problem, Recipe
from tests.benchmark.support import CPU, Gain, SamePatches, bank_of, network_method, problem, random


@dataclass(frozen=True)
class Given(Profile):
    """A profile that trains every method by one given recipe."""

    by: Recipe = field(default_factory=Recipe)

    def recipe(self, method: NetworkMethod) -> Recipe:
        """Return the recipe, whatever the method."""
        return self.by


@dataclass(frozen=True)
class ShortPaper(Profile):
    """The paper's own recipe of every method, limited to a few steps."""

    epochs: int = 2

    def recipe(self, method: NetworkMethod) -> Recipe:
        """Shorten the method's own recipe."""
        return replace(
            method.recipe, epochs=self.epochs, batch_size=min(method.recipe.batch_size, 12)
        )


@dataclass(frozen=True)
class Gained(NetworkMethod):
    """One weight, whose initial value tests choose."""

    first: float = 0.5
    name = "gained"

    def network(self, problem: Problem) -> nn.Module:
        """Build it."""
        return Gain(self.first)


SHORT = Profile("short", "", patches=24, patch=16, epochs=2, batch=4, bands=2, validations=3)


def held_out(split: Split, method: NetworkMethod, task: Problem) -> list[Validation]:
    """Make the validation pairs of a split."""
    return [validation_pair(truth, method, task, 0) for truth in split.validation]


def trained(
    split: Split, reference: str, profile: Profile = SHORT, *, scale: int = 2, seed: int = 0
) -> Trained:
    """Train a method of the checkout on tiny scenes."""
    method, task = network_method(reference), problem(scale, 5)
    bank = bank_of(split.train, scale, count=profile.patches, size=profile.patch, seed=seed)
    pairs = held_out(split, method, task)
    return train(TrainingTask(method, task, profile, seed, bank, pairs), CPU)


def gained(recipe: Recipe, *, first: float = 0.5, best: float | None = None) -> Trained:
    """Train one weight from `first` to 2; `best` would score highest, None keeps the last."""
    x = random(1, 2, 6, 6) / 4
    held = [] if best is None else [Validation({"upscaled": x[0]}, best * x[0], 0.0)]
    profile = Given("given", "", patches=1, by=recipe)
    bank = SamePatches(x, 2 * x, 1)
    return train(TrainingTask(Gained(first), problem(2, 2), profile, 0, bank, held), CPU)


def weight_of(made: Trained) -> float:
    """Read the one weight."""
    return float(made.state["weight"])
