"""Learning rates over time, value by value."""

import math

import pytest

from benchmark.engine.training.schedule import Schedule
from benchmark.method import Recipe


def rates(recipe: Recipe, steps: int, steps_per_epoch: int = 1) -> list[float]:
    """Return the learning rate of every step."""
    schedule = Schedule(recipe, steps, steps_per_epoch)
    return [schedule.lr(step) for step in range(steps)]


@pytest.mark.parametrize(
    ("steps", "warm_up"),
    [(10_000, 1_000), (3_000, 300), (2_000, 200), (1_500, 200), (600, 200), (300, 100), (30, 10)],
)
def test_one_cycle_climbs_for_a_tenth_but_200_steps_if_they_are_at_most_a_third(
    steps: int, warm_up: int
) -> None:
    made = rates(Recipe(lr=0.5, schedule="one-cycle"), steps)
    climb = [0.5 * step / warm_up for step in range(1, warm_up)]
    assert made[: warm_up - 1] == pytest.approx(climb)
    assert max(range(steps), key=made.__getitem__) == warm_up - 1
    assert made[warm_up - 1] == pytest.approx(0.5, rel=2e-3)


def test_one_cycle_falls_by_a_cosine_to_nothing() -> None:
    made = rates(Recipe(lr=0.5, schedule="one-cycle"), 3_000)
    assert made[300 + 1350 - 1] == pytest.approx(0.25, rel=1e-2)  # halfway down
    assert made[299:] == sorted(made[299:], reverse=True)
    assert 0 < made[-1] == pytest.approx(0.0005)


@pytest.mark.parametrize("steps", [1, 2, 5, 9])
def test_one_cycle_is_positive_however_short(steps: int) -> None:
    made = rates(Recipe(lr=1.0, schedule="one-cycle"), steps)
    assert len(made) == steps
    assert all(0 < rate <= 1.001 for rate in made)


def test_constant_stays() -> None:
    assert rates(Recipe(lr=0.3, schedule="constant"), 7) == [0.3] * 7


def test_step_decays_every_so_many_epochs() -> None:
    recipe = Recipe(lr=0.1, schedule="step", gamma=0.1, step_size=2)
    made = rates(recipe, 15, steps_per_epoch=3)
    assert made == pytest.approx([0.1] * 6 + [0.01] * 6 + [0.001] * 3)


def test_plateau_decays_after_so_many_validations_without_improvement() -> None:
    schedule = Schedule(Recipe(lr=1.0, schedule="plateau", patience=3), 100, 10)
    seen = []
    for better in [True, False, False, True, False, False, False, False, False, False]:
        schedule.validated(better)
        seen.append(schedule.lr(0))
    assert seen == pytest.approx([1, 1, 1, 1, 1, 1, 0.1, 0.1, 0.1, 0.01])


def test_plateau_never_falls_below_the_smallest_rate() -> None:
    recipe = Recipe(lr=0.01, schedule="plateau", patience=1, min_lr=1e-4)
    schedule = Schedule(recipe, 100, 10)
    seen = []
    for _ in range(6):
        schedule.validated(better=False)
        seen.append(schedule.lr(0))
        assert not schedule.ended
    assert seen == pytest.approx([1e-3, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4])


def test_plateau_ends_below_the_last_rate_and_not_at_it() -> None:
    recipe = Recipe(lr=0.01, schedule="plateau", patience=1, stop_lr=1e-6)
    schedule = Schedule(recipe, 100, 10)
    for division in range(1, 6):
        assert not schedule.ended
        schedule.validated(better=False)
        assert schedule.lr(0) == pytest.approx(0.01 * 0.1**division)
    assert schedule.ended


def test_training_ends_after_so_many_validations_without_improvement() -> None:
    schedule = Schedule(Recipe(schedule="constant", early_stopping_patience=3), 100, 10)
    for better in [False, False, True, False, False]:
        schedule.validated(better)
        assert not schedule.ended
    schedule.validated(better=False)
    assert schedule.ended


def test_a_decay_does_not_reset_the_count_that_ends_the_training() -> None:
    schedule = Schedule(Recipe(schedule="plateau", patience=2, early_stopping_patience=5), 100, 10)
    for _ in range(4):
        schedule.validated(better=False)
        assert not schedule.ended
    schedule.validated(better=False)
    assert schedule.ended
    assert schedule.num_decays == 2


@pytest.mark.parametrize("kind", ["one-cycle", "constant", "step"])
def test_validations_change_no_other_schedule(kind: str) -> None:
    recipe = Recipe(lr=1.0, schedule=kind, step_size=1, patience=1)  # type: ignore[arg-type]
    schedule = Schedule(recipe, 100, 10)
    before = schedule.lr(5)
    for _ in range(20):
        schedule.validated(better=False)
    assert schedule.lr(5) == before
    assert not schedule.ended
    assert math.isfinite(before)
