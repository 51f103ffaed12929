"""Short cells share a job; a training of unknown length has one of its own."""

from pathlib import Path

from benchmark.data.split import Split
from benchmark.engine.training.profiles import PROFILES
from benchmark.execution.backends.packing import packed
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.method import METHODS
from benchmark.protocol import PROTOCOLS
from benchmark.store.cells import write


def planned(tiny: Split, *methods: str, seeds: int = 1) -> list[CellPlan]:
    """Plan cells at one scale."""
    made = tuple(map(METHODS.make, methods))
    protocol = PROTOCOLS.make("wang2017")
    return plan_cells(
        tiny, Experiment(protocol, PROFILES["quick"], (3,), made, tuple(range(seeds)))
    )


def names(jobs: list[list[CellPlan]]) -> list[str]:
    """Name the cells of each job."""
    return [" ".join(f"{one.address.method}{one.address.seed}" for one in job) for job in jobs]


def store(
    results: Path, plan: CellPlan, fit: float | None, upscale: float, **other: object
) -> None:
    """Store a cell with these times."""
    facts = {
        "key": plan.key,
        "status": "done",
        "reason": None,
        "configuration": plan.configuration,
        "times": {"fit_s": fit, "upscale_s": upscale},
        **other,
    }
    write(results, plan.address, facts, {"scores.csv": b"scene,psnr\n"})


def test_cells_of_unknown_length(tiny: Split, tmp_path: Path) -> None:
    plans = planned(tiny, "bicubic", "srcnn", "wiener", "espcn")
    assert names(packed(plans, lambda one: one, tmp_path)) == [
        "bicubic0",
        "srcnn0",
        "wiener0",
        "espcn0",
    ]
    light = planned(tiny, "bicubic", "wiener", "back_projection")
    assert names(packed(light, lambda one: one, tmp_path)) == ["bicubic0 wiener0 back_projection0"]


def test_the_times_of_stored_cells_count(tiny: Split, tmp_path: Path) -> None:
    plans = planned(tiny, "srcnn", "espcn", seeds=4)
    # 10 s to start, 100 s to train and 4 x 22.5 s to estimate: three of them fill ten minutes.
    store(tmp_path, plans[0], 100, 22.5)
    assert names(packed(plans, lambda one: one, tmp_path)) == [
        "srcnn0 srcnn1 srcnn2",
        "srcnn3",
        "espcn0",
        "espcn1",
        "espcn2",
        "espcn3",
    ]


def test_a_failed_cell_and_one_with_stored_weights_say_nothing_of_a_training(
    tiny: Split, tmp_path: Path
) -> None:
    srcnn, espcn = (planned(tiny, method, seeds=3) for method in ("srcnn", "espcn"))
    store(tmp_path, srcnn[0], None, 0.5)
    store(tmp_path, espcn[0], None, 0, status="failed", reason="it was NaN", times=None)
    assert all(len(job) == 1 for job in packed([*srcnn, *espcn], lambda one: one, tmp_path))
