"""Cells of a few small methods, trained for two steps, and the test scenes of the suite."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.split import Split
from benchmark.engine.training.profiles import PROFILES
from benchmark.execution.computation.reestimation import reestimate
from benchmark.execution.planning.plan import CellPlan
from benchmark.store.cells import Cell, read
from tests.benchmark.execution.test_runner import BRIEF, planned, run
from tests.benchmark.support import CPU

EDSR = "edsr[blocks=1,maps=8]"
METHODS = ("bicubic", "wiener", "wiener[joint=true]", "srcnn", "espcn", EDSR)


@dataclass(frozen=True)
class Stored:
    """The results folder, and its cells as planned, by their methods."""

    results: Path
    plans: dict[str, CellPlan]

    def cell(self, method: str) -> Cell:
        """Read a cell, which must be there."""
        cell = read(self.plans[method].address.folder(self.results))
        assert cell is not None
        return cell

    def scored(self, method: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a test scene's low-resolution image and its estimate as the suite scores it.

        Both are (rows, columns, bands).
        """
        plan = self.plans[method]
        one = next(reestimate(plan, self.cell(method), CPU))
        low = plan.problem().degradation.low(one.stored)
        return low.permute(1, 2, 0).numpy(), one.estimate.clamp(0, 1).permute(1, 2, 0).numpy()


@pytest.fixture(scope="session")
def made(tiny: Split, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """Run the methods; no test changes the folder."""
    results = tmp_path_factory.mktemp("upscaling")
    plans = planned(tiny, *METHODS)
    run(results, plans)
    return Stored(results, {plan.address.method: plan for plan in plans})


@pytest.fixture
def stored(made: Stored, monkeypatch: pytest.MonkeyPatch) -> Stored:
    """Return the cells; their profile can be found by its name."""
    monkeypatch.setitem(PROFILES, "brief", BRIEF)
    return made
