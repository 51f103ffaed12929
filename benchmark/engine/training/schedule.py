"""Learning rates over time: the schedules that `Recipe.schedule` names."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.method import Recipe

_WARM_UP = 0.1
_COUNTED = ("divisions", "flat", "flat_since_division")


@dataclass
class Schedule:
    """The learning rate of a training in progress.

    Args:
        recipe: which schedule, and its figures.
        steps: steps in all.
        steps_per_epoch: steps of one pass.
    """

    recipe: Recipe
    steps: int
    steps_per_epoch: int
    divisions: int = 0
    flat: int = 0
    flat_since_division: int = 0

    def rate(self, step: int) -> float:
        """Give the rate of a step, counted from 0."""
        recipe = self.recipe
        if recipe.schedule == "one-cycle":
            progress = (step + 1) / self.steps
            if progress < _WARM_UP:
                return recipe.rate * progress / _WARM_UP
            turn = math.pi * (progress - _WARM_UP) / (1 - _WARM_UP)
            return recipe.rate * (0.5 * (1 + math.cos(turn)) + 1e-3)
        if recipe.schedule == "step":
            epoch = step // self.steps_per_epoch
            return recipe.rate * recipe.factor ** (epoch // recipe.every)
        return recipe.rate * recipe.factor**self.divisions

    def validated(self, better: bool) -> None:
        """Take note of a validation, and of whether it was the best so far."""
        self.flat = 0 if better else self.flat + 1
        self.flat_since_division = 0 if better else self.flat_since_division + 1
        if self.recipe.schedule == "plateau" and self.flat_since_division >= self.recipe.every:
            self.divisions += 1
            self.flat_since_division = 0

    def state(self) -> dict[str, int]:
        """Give what validations have changed."""
        return {name: getattr(self, name) for name in _COUNTED}

    def restore(self, state: Mapping[str, int]) -> None:
        """Put back what `state` gave."""
        for name in _COUNTED:
            setattr(self, name, state[name])

    @property
    def ended(self) -> bool:
        """True where the recipe says that training is over before its last epoch."""
        recipe = self.recipe
        stagnant = 0 < recipe.flat_limit <= self.flat
        tiny = recipe.schedule == "plateau" and self.rate(0) < recipe.stop_below * (1 - 1e-9)
        return stagnant or tiny
