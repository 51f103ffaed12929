"""Imports of cells that were given further metrics here, there, or on both sides."""

import pytest

from benchmark.store.cells import WEIGHTS
from benchmark.tools.exchange import Merged
from tests.benchmark.tools.exchange.support import Two, address, files, place, put

FEWER = b"scene,psnr,sam\nface,30.5,4.0\nflowers,31.5,5.0\n"
MORE = b"scene,psnr,sam,worst\nface,30.5,4.0,0.2\nflowers,31.5,5.0,0.3\n"


def test_a_cell_is_given_the_metrics_that_were_added_elsewhere(two: Two) -> None:
    worst = {"name": "worst", "title": "Worst", "digits": 3}
    put(two.here, weights=b"one", scores=FEWER, metrics=[])
    put(two.there, weights=b"one", scores=MORE, metrics=[worst])
    merged = two.fetch()
    assert merged == Merged(extended=[place()])
    assert merged.summary == "0 cells added, 0 present before, 1 given further metrics"
    cell = two.cell()
    assert list(cell.scores()["worst"]) == [0.2, 0.3]
    assert cell.facts["metrics"] == [worst]
    assert (cell.folder / WEIGHTS).read_bytes() == b"one"
    assert two.superseded() == []
    assert two.fetch() == Merged(present=[place()])


def test_a_cell_is_given_further_metrics_and_its_weights_by_one_import(two: Two) -> None:
    put(two.here, weights=b"one", scores=FEWER, metrics=[])
    (address().folder(two.here) / WEIGHTS).unlink()
    put(two.there, weights=b"one", scores=MORE, metrics=[{"name": "worst"}])
    assert two.fetch(weights=True) == Merged(extended=[place()])
    assert (two.cell().folder / WEIGHTS).read_bytes() == b"one"
    assert two.fetch(weights=True) == Merged(present=[place()])


def test_a_cell_with_more_metrics_keeps_them(two: Two) -> None:
    put(two.here, scores=MORE, metrics=[{"name": "worst"}])
    put(two.there, scores=FEWER, metrics=[])
    before = files(two.here)
    assert two.fetch() == Merged(present=[place()])
    assert files(two.here) == before


BEST = b"scene,psnr,best,sam\nface,30.5,0.7,4.0\nflowers,31.5,0.8,5.0\n"


def test_metrics_that_were_added_on_both_sides_are_joined(two: Two) -> None:
    first, worst, best = ({"name": name, "digits": 2} for name in ("psnr", "worst", "best"))
    put(two.here, weights=b"one", scores=MORE, metrics=[first, worst])
    put(two.there, weights=b"one", scores=BEST, metrics=[first, best])
    assert two.fetch() == Merged(extended=[place()])
    cell = two.cell()
    assert cell.facts["metrics"] == [first, best, worst]
    assert cell.scores().columns.tolist() == ["scene", "psnr", "best", "worst", "sam"]
    assert cell.scores()["worst"].tolist() == [0.2, 0.3]
    assert cell.scores()["best"].tolist() == [0.7, 0.8]
    assert (cell.folder / WEIGHTS).read_bytes() == b"one"
    assert two.superseded() == []
    before = files(two.here)
    assert two.fetch() == Merged(present=[place()])
    assert files(two.here) == before


@pytest.mark.parametrize("metrics", [None, 5, ["worst"], [{"title": "Worst"}], [{"name": 5}]])
def test_metrics_that_another_program_wrote_are_not_taken(two: Two, metrics: object) -> None:
    put(two.here, scores=FEWER, metrics=[{"name": "psnr"}])
    put(two.there, scores=MORE, metrics=metrics)
    assert two.fetch() == Merged(present=[place()])
    put(two.here, scores=FEWER, metrics=metrics)
    put(two.there, scores=BEST, metrics=[{"name": "best"}])
    assert two.fetch() == Merged(extended=[place()])


@pytest.mark.parametrize(
    "scores",
    [
        BEST.replace(b"31.5", b"31.6"),
        BEST.replace(b"face", b"egyptian"),
        b"scene,best\nface,0.7\nflowers,0.8\n",
    ],
)
def test_cells_whose_common_scores_differ_are_in_conflict(two: Two, scores: bytes) -> None:
    put(two.here, scores=MORE, metrics=[{"name": "worst"}])
    put(two.there, scores=scores, metrics=[{"name": "best"}])
    (why,) = two.fetch().refused.values()
    assert why.startswith("the same cell with other scores; ")
