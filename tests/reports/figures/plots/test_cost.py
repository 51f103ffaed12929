"""Quality and cost: positions of points, the Pareto front, and costs of cells."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reports.analysis import legacy
from reports.analysis.metrics import from_facts
from reports.figures.drawing.context import FigureContext
from reports.figures.plots.cost import Cost, cost_figure, costs_of, front
from tests.reports.conftest import SCENES, Make, described
from tests.reports.figures.conftest import examples
from tests.reports.figures.drawn import texts, values

CPU = "CPU, 2 threads"
(PSNR, *_) = from_facts(legacy.METRICS)
COSTS = {
    "bicubic": Cost(30.0, 0.001, 0, CPU),
    "srcnn": Cost(33.0, 0.5, 8129, CPU),
    "mine[x=1]": Cost(35.0, 12.0, 665921, CPU),
}


def test_points_are_at_cost_and_quality(context: FigureContext) -> None:
    figure = cost_figure(COSTS, PSNR, context)
    times, sizes = figure.axes
    for axes, wanted in ((times, [0.001, 0.5, 12.0]), (sizes, [0.0, 8129.0, 665921.0])):
        drawn = [values(line) for line in axes.get_lines()]
        points = [tuple(of[0]) for of in drawn if len(of) == 1]
        assert points == list(zip(wanted, [30.0, 33.0, 35.0], strict=True))
    assert times.get_xscale() == "log"
    assert sizes.get_xscale() == "symlog"  # methods without parameters are at zero
    figure.draw_without_rendering()
    assert [label.get_text() for label in sizes.get_xticklabels()] == [
        "0",
        "1k",
        "10k",
        "100k",
        "1M",
    ]
    assert "Times on CPU, 2 threads." in " ".join(texts(figure))


def test_times_of_another_machine_are_not_drawn(context: FigureContext) -> None:
    mixed = {**COSTS, "srcnn": replace(COSTS["srcnn"], machine="NVIDIA H200")}
    figure = cost_figure(mixed, PSNR, context)
    times, sizes = figure.axes
    drawn = [values(line) for line in times.get_lines()]
    assert [tuple(of[0]) for of in drawn if len(of) == 1] == [(0.001, 30.0), (12.0, 35.0)]
    assert len([line for line in sizes.get_lines() if len(values(line)) == 1]) == 3
    told = " ".join(texts(figure))
    assert f"Times on {CPU}. Without the times of other machines, not comparable: " in told
    assert "(NVIDIA H200)" in told


def test_it_says_what_limits_the_comparison_of_seconds(context: FigureContext) -> None:
    figure = cost_figure(COSTS, PSNR, context, seconds="2 of 3 cells ran at the same time.")
    assert "computes that. 2 of 3 cells ran at the same time. Line:" in " ".join(texts(figure))
    assert figure.axes[1].get_xlabel() == "learned parameters"  # those of a closed form, too


_POINTS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1)


def test_the_quality_is_the_first_metric_of_the_protocol(
    make: Make, context: FigureContext
) -> None:
    metrics = [
        described("cc"),
        described("rough", title="Roughness", unit="nm", higher=False, main=True),
    ]
    cells = [
        make(method, metrics=metrics, rows=[{"scene": "a", "cc": 0.5, "rough": rough}],
             upscale_s=seconds)
        for method, rough, seconds in (("bicubic", 9.0, 0.1), ("srcnn", 4.0, 0.2), ("vdsr", 5.0, 3))
    ]  # fmt: skip
    costs, without, metric = costs_of(cells)
    assert (metric.name, without) == ("rough", {})
    assert {label: cost.quality for label, cost in costs.items()} == {
        "bicubic": 9.0, "srcnn": 4.0, "vdsr": 5.0
    }  # fmt: skip
    assert front([(0.1, 9.0), (0.2, 4.0), (3.0, 5.0)], higher=False) == [(0.1, 9.0), (0.2, 4.0)]
    times = cost_figure({"bicubic": costs["bicubic"]}, metric, context).axes[0]
    assert times.get_ylabel() == "Roughness (nm)"


@examples
@given(_POINTS)
def test_the_front_is_what_no_other_point_dominates(points: list[tuple[int, int]]) -> None:
    best = front(points)
    assert best == [
        point
        for point in sorted(set(points))
        if not any(
            other != point and other[0] <= point[0] and other[1] >= point[1] for other in points
        )
    ]


def test_costs_come_from_cells_and_what_is_missing_is_named(make: Make) -> None:
    cells = [
        make("srcnn", psnr=34.0),
        make("mine", rows=[{"scene": "a", "psnr": float("inf"), "sam": 0}]),
        make("part", rows=[{"scene": one, "psnr": "", "sam": 0} for one in SCENES[:1]]
             + [{"scene": one, "psnr": 40, "sam": 0} for one in SCENES[1:]]),
    ]  # fmt: skip
    costs, without, metric = costs_of(cells)
    assert metric == PSNR
    assert costs == {"srcnn": Cost(34.0, 0.125, 57281, "NVIDIA H200")}
    assert without == {
        "mine": "it has no finite PSNR",
        "part": "it has PSNR of 2 of 3 scenes",
    }
