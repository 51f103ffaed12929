"""Learning-rate schedules, as named by `Recipe.schedule`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.method import Recipe

_WARM_UP = 0.1  # fraction of all steps
# Of four 20-layer networks of 8 maps one died with 150 steps of it (CAVE x2, `evening`), none with
# 200; biases have a rate of their own for the same reason.
_WARM_UP_STEPS = 200
_COUNTERS = ("num_decays", "validations_without_improvement", "validations_since_decay")


@dataclass
class Schedule:
    """The learning rate of a training in progress.

    Attributes:
        recipe: names the schedule and its settings.
        steps: total number of steps.
        steps_per_epoch: steps per epoch.
        num_decays: number of times that "plateau" has lowered the rate.
        validations_without_improvement: number of validations since the best one.
        validations_since_decay: the same, but restarted at each decay.
    """

    recipe: Recipe
    steps: int
    steps_per_epoch: int
    num_decays: int = 0
    validations_without_improvement: int = 0
    validations_since_decay: int = 0

    def lr(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        recipe = self.recipe
        if recipe.schedule == "one-cycle":
            warm_up = max(_WARM_UP * self.steps, min(_WARM_UP_STEPS, self.steps / 3))
            if step + 1 < warm_up:
                return recipe.lr * (step + 1) / warm_up
            turn = math.pi * (step + 1 - warm_up) / (self.steps - warm_up)
            return recipe.lr * (0.5 * (1 + math.cos(turn)) + 1e-3)
        if recipe.schedule == "step":
            epoch = step // self.steps_per_epoch
            return recipe.lr * recipe.gamma ** (epoch // recipe.step_size)
        return max(recipe.lr * recipe.gamma**self.num_decays, recipe.min_lr)

    def validated(self, better: bool) -> None:
        """Count a validation.

        Args:
            better: True if it was the best so far.
        """
        self.validations_without_improvement = (
            0 if better else self.validations_without_improvement + 1
        )
        self.validations_since_decay = 0 if better else self.validations_since_decay + 1
        if (
            self.recipe.schedule == "plateau"
            and self.validations_since_decay >= self.recipe.patience
        ):
            self.num_decays += 1
            self.validations_since_decay = 0

    def state(self) -> dict[str, int]:
        """Return the counters, for a checkpoint."""
        return {name: getattr(self, name) for name in _COUNTERS}

    def restore(self, state: Mapping[str, int]) -> None:
        """Restore the counters that `state` returned."""
        for name in _COUNTERS:
            setattr(self, name, state[name])

    @property
    def ended(self) -> bool:
        """True if the recipe ends the training before its last epoch."""
        recipe = self.recipe
        stagnant = 0 < recipe.early_stopping_patience <= self.validations_without_improvement
        tiny = recipe.schedule == "plateau" and self.lr(0) < recipe.stop_lr * (1 - 1e-9)
        return stagnant or tiny
