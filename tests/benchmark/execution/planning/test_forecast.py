"""How long cells take is told before they run: the arithmetic, and what it goes by."""

from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.data.split import Split
from benchmark.engine.machine import environment
from benchmark.engine.training.profiles import Profile
from benchmark.execution.backends.base import Backend, Ended
from benchmark.execution.computation.job import Job, JobResult, Settings
from benchmark.execution.listeners.cell import CellListener
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning import forecast
from benchmark.execution.planning.forecast import Forecast, Rates, Work, duration, work_of
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.execution.runner import Runner
from benchmark.method import METHODS
from benchmark.store import cells
from tests.benchmark.support import CPU, EIGHT_BIT
from tests.commands.test_plugins import MINE

LONG = Profile("long", "", patches=8000, patch=24, batch=4, bands=2, validations=3)
# Of two hidden layers of 64 and 32 maps.
SRCNN = 81 * 64 + 64 * 32 + 25 * 32


def planned(split: Split, *methods: str, scale: int = 2, **profile: Any) -> list[CellPlan]:
    """Plan cells of methods by their references."""
    made = tuple(METHODS.make(reference) for reference in methods)
    return plan_cells(split, Experiment(EIGHT_BIT, replace(LONG, **profile), (scale,), made))


def stored(
    plan: CellPlan, results: Path, fit: float, image: float, *, seed: int = 7, **machine: str
) -> None:
    """Store a cell of another seed that took these seconds."""
    here = {"processor": environment.processor(), "device": CPU.title, **machine}
    facts: dict[str, Any] = {
        "key": "another",
        "depends": {},
        "configuration": plan.configuration,
        "environment": here,
        "date": "",
        "status": "done",
        "reason": None,
        "warnings": [],
        "metrics": [],
        "times": {"fit_s": fit, "upscale_s": image},
    }
    cells.write(results, replace(plan.address, seed=seed), facts, {"scores.csv": b"scene\na\n"})


def expected(plans: Sequence[CellPlan], results: Path) -> list[float | None]:
    """Return the seconds of cells."""
    return list(forecast.forecast(plans, results, CPU).cells)


def test_what_a_network_computes_follows_from_its_weights(tiny: Split) -> None:
    (plan,) = planned(tiny, "srcnn")
    work = work_of(plan, {})
    assert work
    # Four patches of 24 x 24 with two bands each, of which a training shows 8,000.
    assert (work.steps, work.batch) == (2000, 8)
    assert work.step == 3 * 2 * SRCNN * 24**2 * 8
    # Three validations of two scenes, then four test scenes, of 48 x 40 with five bands.
    assert work.estimates == 2 * SRCNN * (3 * 2 + 4) * 48 * 40 * 5
    assert work.values == 4 * 48 * 40 * 5
    assert not work.volumes


def test_a_centre_crop_is_validated_and_all_bands_of_a_paper_are_samples(tiny: Split) -> None:
    (plan,) = planned(tiny, "srcnn", validation_size=30)
    work = work_of(plan, {})
    assert work
    assert work.estimates == 2 * SRCNN * (3 * 2 * 30 * 30 + 4 * 48 * 40) * 5
    (plan,) = planned(tiny, "srcnn", epochs=0, patches=8)
    work = work_of(plan, {})
    assert work
    assert (work.steps, work.batch) == (8 * 5 // 16 * 100, 16)


def test_networks_for_small_images_need_less_at_a_larger_scale(tiny: Split) -> None:
    counts: dict[Any, tuple[int, float]] = {}
    works = [work_of(planned(tiny, "espcn", scale=scale)[0], counts) for scale in (2, 4)]
    assert works[0]
    assert works[1]
    assert works[0].step == 4 * works[1].step
    (alone,) = counts.values()
    assert alone[0] == 2


def test_three_dimensional_networks_are_told_apart(tiny: Split) -> None:
    (plan,) = planned(tiny, "fcnn3d")
    work = work_of(plan, {})
    assert work
    assert work.volumes


def test_the_time_is_what_the_steps_the_estimates_and_the_scores_take() -> None:
    nothing = Rates(1.0, 1.0).seconds(Work(0, 0.0, 0.0, 1, 0.0, 0.0))
    rates = Rates(training=100e9, estimating=50e9)
    one = rates.seconds(Work(1000, 2e9, 0.0, 1, 0.0, 0.0)) - nothing
    assert one == pytest.approx(1000 * 0.02, rel=0.1)  # and what a step takes beside its network
    assert one > 20
    assert rates.seconds(Work(0, 0.0, 0.0, 1, 500e9, 0.0)) - nothing == pytest.approx(10)
    assert rates.seconds(Work(1000, 2e9, 1e9, 1, 0.0, 0.0)) - nothing - one == pytest.approx(20)
    assert 0 < rates.seconds(Work(0, 0.0, 0.0, 1, 0.0, 1e9)) - nothing < 60


def test_cells_add_up_and_those_of_unknown_length_are_named() -> None:
    assert str(Forecast([100.0, 200.0])) == "about 5 min"
    assert str(Forecast([100.0, 200.0, None])) == "about 5 min and 1 cell of unknown length"
    assert str(Forecast([20.0, None])) == str(Forecast([])) == ""


def test_cells_side_by_side_share_the_time_and_the_longest_is_the_least() -> None:
    assert str(Forecast([100.0, 200.0, 300.0], jobs=2)) == "about 5 min"
    assert str(Forecast([100.0, 200.0, 1200.0], jobs=2)) == "about 20 min"
    assert Forecast([None], jobs=2).seconds == Forecast([], jobs=2).seconds == 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(61, "about 1 min"), (1000, "about 17 min"), (20_000, "about 6 h"), (1e6, "about 12 days")],
)
def test_a_time_has_one_or_two_digits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_cell_that_was_stored_on_this_machine_goes_before_a_measurement(
    tiny: Split, tmp_path: Path
) -> None:
    (plan,) = planned(tiny, "srcnn")
    stored(plan, tmp_path, 1000.0, 50.0)
    (seconds,) = expected([plan], tmp_path)
    assert seconds == pytest.approx(1000 + 4 * 50, abs=2)
    stored(plan, tmp_path, 2000.0, 50.0, seed=8)
    stored(plan, tmp_path, 9000.0, 50.0, seed=9)
    (seconds,) = expected([plan], tmp_path)
    assert seconds == pytest.approx(2000 + 4 * 50, abs=2)


def test_a_cell_of_another_machine_or_length_is_not_taken(tiny: Split, tmp_path: Path) -> None:
    (plan,) = planned(tiny, "srcnn")
    stored(plan, tmp_path, 1e6, 0.0, processor="another")
    stored(plan, tmp_path, 1e6, 0.0, device="another", seed=8)
    (longer,) = planned(tiny, "srcnn", patches=9000)
    stored(longer, tmp_path, 1e6, 0.0, seed=9)
    (seconds,) = expected([plan], tmp_path)
    assert seconds
    assert seconds < 1e5


@pytest.mark.parametrize("entry", ["times", "environment", "configuration"])
def test_a_cell_that_lacks_an_entry_is_not_taken(tiny: Split, tmp_path: Path, entry: str) -> None:
    """As an import accepts one of another program."""
    (plan,) = planned(tiny, "srcnn")
    without = expected([plan], tmp_path)
    stored(plan, tmp_path, 500, 2)
    (cell,) = cells.cells(tmp_path)
    cells.extend(tmp_path, cell, {entry: None}, {})
    assert expected([plan], tmp_path) == without


def test_a_short_run_measures_nothing(
    tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "_measured", None)
    (seconds,) = expected(planned(tiny, "srcnn", patches=16), tmp_path)
    assert seconds
    assert seconds < 60
    assert expected([], tmp_path) == []


def test_a_long_run_goes_by_what_this_machine_does(
    tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "BUDGET", 0.3)
    before = torch.get_rng_state()
    (plan,) = planned(tiny, "srcnn", patches=80_000)
    work = work_of(plan, {})
    assert work
    (seconds,) = expected([plan], tmp_path)
    assert seconds
    # Between the slowest and the fastest core of today.
    assert Rates(5e12, 5e12).seconds(work) < seconds < Rates(1e8, 1e8).seconds(work)
    assert torch.equal(torch.get_rng_state(), before)


def test_foreign_networks_are_not_built_for_it(
    tiny: Split, tmp_path: Path, registries: None
) -> None:
    from benchmark.plugins.discovery import load

    file = tmp_path / "mine.py"
    file.write_text(MINE)
    load(file, METHODS)
    (plan,) = planned(tiny, "mine")
    assert work_of(plan, {}) is None
    assert expected([plan], tmp_path) == [None]
    stored(plan, tmp_path, 300.0, 0.0)
    assert expected([plan], tmp_path) == [pytest.approx(300, abs=2)]


class _Nothing(Backend):
    """Computes nothing."""

    def __init__(self, jobs: int) -> None:
        self._started: list[Job] = []
        self._jobs = jobs

    @property
    def jobs(self) -> int:
        return self._jobs

    @property
    def has_room(self) -> bool:
        return not self._started

    def start(self, job: Job, listener: CellListener, *, following: Job | None = None) -> None:
        self._started.append(job)

    def wait(self) -> list[Ended]:
        return [(self._started.pop(), JobResult("failed", "as asked"))]


@pytest.mark.parametrize(("jobs", "minutes"), [(1, 40), (2, 20)])
def test_a_run_says_it_at_its_start(tiny: Split, tmp_path: Path, jobs: int, minutes: int) -> None:
    plans = [*planned(tiny, "srcnn", "bicubic"), *planned(tiny, "srcnn", scale=3)]
    for plan in (plans[0], plans[2]):
        stored(plan, tmp_path, 1000.0, 50.0)
    stream = StringIO()
    Runner(Settings(tmp_path, CPU, {}), Progress(stream), _Nothing(jobs)).run(plans)
    first, second, *_ = stream.getvalue().splitlines()
    assert first == "3 cells to run, 0 found done"
    took = f"about {minutes} min and 1 cell of unknown length"
    assert second == f"it takes {took} on this machine"
