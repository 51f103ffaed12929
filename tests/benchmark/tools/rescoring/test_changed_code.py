"""A metric whose code has changed since is computed anew; cells without that fact are trusted."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from benchmark.data.split import Split
from benchmark.execution.computation.pretrained import agreement_of
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.method import METHODS
from benchmark.metric import METRICS, BandPair, Metric, ScoredImage, register
from benchmark.store.cells import extend
from tests.benchmark.execution.test_runner import BRIEF, run, runner
from tests.benchmark.support import EIGHT_BIT
from tests.benchmark.tools.rescoring.test_adding import ESPCN, add, cell_of, results, stored

__all__ = ["results", "stored"]  # fixtures


class Mine(Metric):
    """The mean squared error times a factor."""

    title, digits, higher, meaning = "Mine", 4, False, "a number of mine"
    factor = 1.0

    def of_band(self, pair: BandPair, image: ScoredImage) -> Tensor:
        """Return the band's error."""
        return pair.squared_error * self.factor


def edited(factor: float, version: int) -> Metric:
    """Register the metric as if its file were another one."""
    METRICS._entries.pop("mine", None)
    register("mine")(type("Edited", (Mine,), {"factor": factor, "version": version}))
    return METRICS.make("mine")


def values(results: Path, metric: str = "mine") -> list[float]:
    """Read a column of the scores."""
    scores: Any = cell_of(results).scores()
    return [float(value) for value in scores[metric]]


def test_the_column_is_replaced_and_nothing_else(results: Path) -> None:
    assert len(add(results, edited(1, 1), METRICS.make("cc")).added) == 3
    before, old = cell_of(results), values(results)
    again = add(results, edited(3, 2))
    assert (again.added[ESPCN], again.present, again.refused) == (["mine"], [], {})
    assert values(results) == [pytest.approx(3 * value, rel=1e-12) for value in old]
    after = cell_of(results)
    names = [one["name"] for one in after.facts["metrics"]]
    assert names == [one["name"] for one in before.facts["metrics"]]
    assert after.facts["metrics"][names.index("mine")]["code"].startswith("version 2, source ")
    assert {name for name in after.facts if after.facts[name] != before.facts[name]} == {
        "metrics",
        "sums",
    }
    assert add(results, METRICS.make("mine")).added == {}


def test_a_metric_that_was_not_asked_for_stays_and_stands_in_nobodys_way(results: Path) -> None:
    add(results, edited(1, 1))
    old = values(results)
    edited(3, 2)
    rescored = add(results, METRICS.make("cc"))
    assert (rescored.added[ESPCN], rescored.refused) == (["cc"], {})
    assert values(results) == old
    assert add(results, METRICS.make("mine")).added[ESPCN] == ["mine"]


def test_a_cell_without_the_fact_is_trusted(results: Path) -> None:
    add(results, edited(1, 1))
    cell = cell_of(results)
    facts = [{k: v for k, v in one.items() if k != "code"} for one in cell.facts["metrics"]]
    extend(results, cell, {"metrics": facts}, {})
    again = add(results, edited(1, 2))
    assert ESPCN in again.present


def plans(split: Split, metric: Metric) -> list[CellPlan]:
    """Plan one cell with a further metric."""
    methods = (METHODS.make("espcn"),)
    return plan_cells(split, Experiment(EIGHT_BIT, BRIEF, (2,), methods, metrics=(metric,)))


def test_a_run_finds_the_cell_done_and_says_how_to_replace_the_column(
    tiny: Split, results: Path
) -> None:
    add(results, edited(1, 1))
    stream = StringIO()
    outcome = runner(results, stream).run(plans(tiny, edited(3, 2)))
    assert (len(outcome.found), outcome.done) == (1, [])
    assert "stored cells have mine by other code than now; replace them" in stream.getvalue()
    assert "python run_all.py score --metrics mine" in stream.getvalue()
    stream = StringIO()
    runner(results, stream).run(plans(tiny, edited(1, 1)))
    assert "score --metrics" not in stream.getvalue()


def test_scores_with_stored_weights_are_compared_where_the_code_is_the_same(
    tiny: Split, results: Path, tmp_path: Path
) -> None:
    add(results, edited(1, 1))
    (plan,) = plans(tiny, edited(3, 2))
    run(tmp_path / "mine", [plan])
    found = agreement_of(plan, tmp_path / "mine", results)
    assert found is not None
    assert found.differences == ()
