"""Verdicts on published rows: which cells count, and what is within their scatter."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from benchmark.store import cells
from reports.analysis.verdicts.verdicts import Verdict, verdicts
from reports.published.reader import PublishedValue
from tests.reports.conftest import SCENES, Make, described

METRICS = [
    described("psnr", main=True, digits=2, unit="dB"),
    described("sam", main=True, digits=2, higher=False),
]
ROUNDING = {"name": "wang2017", "version": 1, "metrics": METRICS, "scored_levels": 255}
FLOAT = {**ROUNDING, "scored_levels": None}
METHODS = {"Bicubic": "bicubic", "Net": "net"}


def printed(psnr: str, sam: str = "", method: str = "Net", **others: Any) -> list[PublishedValue]:
    """Return a row as printed."""
    facts = {"paper": "P", "protocol": "wang2017", "dataset": "cave", "scale": 2, "source": "T"}
    texts = {"psnr": psnr, "sam": sam}
    return [
        PublishedValue(
            **{**facts, **others}, method=method, metric=name, value=float(text), text=text
        )
        for name, text in texts.items()
        if text
    ]


def judged(
    folder: Path, rows: list[PublishedValue], facts: dict[str, Any] = ROUNDING
) -> list[Verdict]:
    """Judge rows by the cells of a folder."""
    return verdicts([facts], "cave", cells.cells(folder), METHODS, rows)


def rows(*psnr: float, sam: float = 4.0) -> list[dict[str, object]]:
    """Return scores of the scenes."""
    return [
        {"scene": scene, "psnr": value, "sam": sam}
        for scene, value in zip(SCENES, psnr, strict=True)
    ]


def add(make: Make, method: str = "net", **facts: Any) -> None:
    """Store a cell with the metrics of the protocol."""
    make(method, metrics=METRICS, settings={"version": 1}, **facts)


@pytest.fixture
def base(make: Make) -> None:
    """Store a Bicubic cell: 30 dB on every scene."""
    add(make, "bicubic", trained=False, rows=rows(30, 30, 30))


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("33.00", "reproduced"),
        ("35.40", "reproduced"),  # 33 + 2.48 is the end of the interval
        ("35.60", "not reached at this budget"),
        ("30.60", "reproduced"),
        ("30.40", "exceeded"),
    ],
)
def test_the_scatter_of_the_gain_over_bicubic_decides(
    make: Make, tmp_path: Path, text: str, verdict: str
) -> None:
    add(make, rows=rows(32, 33, 34))
    (one,) = judged(tmp_path, printed(text))
    assert one.verdict == verdict
    (psnr, _) = one.evidence
    reach = stats.t.ppf(0.975, 2) * 1 / math.sqrt(3)
    assert psnr.measured == 33
    assert (psnr.low, psnr.high) == pytest.approx(
        (33 - float(text) - reach, 33 - float(text) + reach)
    )


def test_scenes_that_differ_alike_for_bicubic_are_no_scatter(make: Make, tmp_path: Path) -> None:
    add(make, "bicubic", trained=False, rows=rows(20, 30, 40))
    add(make, rows=rows(23, 33, 43))
    (one,) = judged(tmp_path, printed("33.06"))
    assert one.verdict == "not reached at this budget"
    assert math.isnan(one.evidence[0].low)
    (one,) = judged(tmp_path, printed("33.05"))
    assert one.verdict == "reproduced"  # five units of the last digit
    (one,) = judged(tmp_path, printed("32.94"))
    assert one.verdict == "exceeded"


@pytest.mark.usefixtures("base")
def test_seeds_widen_the_interval_as_for_one_more_training(make: Make, tmp_path: Path) -> None:
    for seed, shift in enumerate((-0.5, 0, 0.5)):
        add(make, seed=seed, rows=rows(32 + shift, 33 + shift, 34 + shift))
    (one,) = judged(tmp_path, printed("33.00"))
    assert one.group is not None
    assert len(one.group.cells) == 3
    scenes, seeds = 1 / 3, 0.25 * (1 + 1 / 3)
    freedom = (scenes + seeds) ** 2 / (scenes**2 / 2 + seeds**2 / 2)
    reach = stats.t.ppf(0.975, freedom) * math.sqrt(scenes + seeds)
    assert one.evidence[0].high == pytest.approx(reach)


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("text", "shifts", "verdict"),
    [
        ("33.00", (-1, 1), "reproduced"),  # the difference is within the margin
        ("34.00", (-1, 1), "cannot be told"),  # two seeds: 33 +- 7.9, with Bicubic's 30
        ("34.00", (-0.1, 0.1), "reproduced"),  # 33 +- 2.1
        ("34.00", (-4, 1, 3), "cannot be told"),  # a training that failed is among three
    ],
)
def test_an_interval_with_bicubic_in_it_tells_nothing(
    make: Make, tmp_path: Path, text: str, shifts: tuple[float, ...], verdict: str
) -> None:
    for seed, shift in enumerate(shifts):
        add(make, seed=seed, rows=rows(32 + shift, 33 + shift, 34 + shift))
    (one,) = judged(tmp_path, printed(text))
    assert one.verdict == one.evidence[0].verdict == verdict
    assert one.evidence[0].high >= 0


@pytest.mark.usefixtures("base")
def test_a_metric_that_is_worse_decides_where_another_is_unclear(
    make: Make, tmp_path: Path
) -> None:
    for seed, shift in enumerate((-1, 1)):
        add(make, seed=seed, rows=rows(32 + shift, 33 + shift, 34 + shift))
    for sam, verdict in (("3.80", "not reached at this budget"), ("4.20", "cannot be told")):
        (one,) = judged(tmp_path, printed("34.00", sam))
        assert one.verdict == verdict


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("text", "verdict", "why"),
    [
        ("33.00", "not run", "its cells have no SAM over all test scenes"),
        ("30.00", "not run", "its cells have no SAM over all test scenes"),
        ("36.00", "not reached at this budget", ""),
    ],
)
def test_a_row_is_not_judged_by_some_of_its_metrics(
    make: Make, tmp_path: Path, text: str, verdict: str, why: str
) -> None:
    scores = rows(32, 33, 34)
    scores[1]["sam"] = math.nan
    add(make, rows=scores)
    (one,) = judged(tmp_path, printed(text, "4.00"))
    assert (one.verdict, one.why) == (verdict, why)
    assert (one.group is None) == bool(why)


@pytest.mark.usefixtures("base")
def test_gains_are_over_a_bicubic_of_the_same_engine(make: Make, tmp_path: Path) -> None:
    add(
        make, "bicubic", trained=False, profile="quick", rows=rows(10, 30, 50),
        depends={"numerics": "new"}, configuration={"engine": 3},
    )  # fmt: skip
    add(make, rows=rows(32, 33, 34))
    (one,) = judged(tmp_path, printed("33.00"))
    assert one.evidence[0].high == pytest.approx(stats.t.ppf(0.975, 2) / math.sqrt(3))


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("psnr", "sam", "verdict"),
    [
        ("33.00", "4.00", "reproduced"),
        ("33.00", "3.80", "not reached at this budget"),
        ("33.00", "4.20", "exceeded"),
        ("20.00", "3.80", "not reached at this budget"),  # one metric is better, one worse
        ("20.00", "4.20", "exceeded"),
    ],
)
def test_every_main_metric_counts_in_its_own_direction(
    make: Make, tmp_path: Path, psnr: str, sam: str, verdict: str
) -> None:
    add(make, rows=rows(32, 33, 34))
    (one,) = judged(tmp_path, printed(psnr, sam))
    assert one.verdict == verdict


@pytest.mark.parametrize("bicubic", [{"scale": 3}, {"rows": rows(30, 30, 30)[:1]}])
def test_what_depends_on_a_seed_needs_bicubic_beyond_the_margin(
    make: Make, tmp_path: Path, bicubic: dict[str, Any]
) -> None:
    """Nothing else shows how far the scenes scatter."""
    add(make, "bicubic", trained=False, **bicubic)
    add(make, rows=rows(32, 33, 34))
    told = {text: judged(tmp_path, printed(text))[0] for text in ("33.05", "33.06", "32.94")}
    assert [one.verdict for one in told.values()] == [
        "reproduced", "cannot be told", "cannot be told"
    ]  # fmt: skip
    assert [bool(one.why) for one in told.values()] == [False, True, True]
    assert ("run bicubic, too" in told["33.06"].why) is ("scale" in bicubic)


def test_without_bicubic_the_margin_alone_decides_on_what_has_no_seed(
    make: Make, tmp_path: Path
) -> None:
    add(make, trained=False, rows=rows(32, 33, 34))
    assert [one.verdict for one in judged(tmp_path, printed("33.05"))] == ["reproduced"]
    assert [one.verdict for one in judged(tmp_path, printed("33.06"))] == [
        "not reached at this budget"
    ]


def test_a_row_without_a_printed_main_metric_was_not_run(make: Make, tmp_path: Path) -> None:
    add(make, rows=rows(32, 33, 34))
    row = replace(printed("33.00")[0], metric="ssim")
    (one,) = judged(tmp_path, [row])
    assert (one.verdict, one.why) == ("not run", "none of the protocol's main metrics is printed")


@pytest.mark.usefixtures("base")
def test_the_longest_training_counts_then_the_newest_engine(make: Make, tmp_path: Path) -> None:
    def trained(
        profile: str, patches: int, psnr: float, engine: int = 3, share: float = 1.0
    ) -> None:
        add(
            make, profile=profile, rows=rows(psnr, psnr + 1, psnr + 2),
            training={"steps": 10, "epochs": 2.0, "batch": 4, "share": share},
            configuration={"profile": {"name": profile, "patches": patches}, "engine": engine},
        )  # fmt: skip

    trained("short", 100, 40)
    trained("long", 1000, 30)
    trained("part", 5000, 50, share=0.1)
    trained("old", 1000, 20, engine=2)
    (one,) = judged(tmp_path, printed("33.00"))
    assert one.group is not None
    assert (one.group.profile, one.group.patches, one.group.steps) == ("long", 2000, 10)


@pytest.mark.usefixtures("base")
def test_a_small_variant_never_stands_for_the_method(make: Make, tmp_path: Path) -> None:
    add(make, "net[maps=8]")
    (one,) = judged(tmp_path, printed("33.00"))
    assert (one.verdict, one.group) == ("not run", None)
    assert one.why == "there are only variants: net[maps=8]"


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"status": "failed", "reason": "memory ran out"}, "it failed: memory ran out"),
        ({"subset": True}, "not shown, because they are means over the whole test split"),
        ({"marks": ["cut"]}, "not shown, because some scenes have a remark: cut"),
        ({"trained_on": ["x"]}, "not shown, because the paper did not train on x"),
        ({"dataset": "cave+face"}, ""),
        ({"protocol": "other"}, ""),
        ({"scale": 3}, ""),
        (
            {"rows": rows(32, 33, math.nan)},
            "its cells have none of the printed metrics over all test scenes",
        ),
        (
            {"test": [*SCENES, "more"]},
            "its cells have none of the printed metrics over all test scenes",
        ),
    ],
)
def test_cells_that_cannot_be_compared_do_not_count(
    make: Make, tmp_path: Path, facts: dict[str, Any], why: str
) -> None:
    add(make, **{"rows": rows(32, 33, 34), **facts})
    (one,) = judged(tmp_path, printed("33.00"))
    assert (one.verdict, one.why) == ("not run", why)


@pytest.mark.usefixtures("base")
def test_seeds_of_different_trainings_are_not_mixed(make: Make, tmp_path: Path) -> None:
    add(
        make,
        seed=0,
        rows=rows(32, 33, 34),
        depends={"numerics": "old"},
        configuration={"engine": 2},
    )
    add(make, seed=1, rows=rows(34, 35, 36), configuration={"engine": 3})
    (one,) = judged(tmp_path, printed("33.00"))
    assert one.evidence[0].measured == 35
    assert one.group is not None
    assert [cell.address.seed for cell in one.group.cells] == [1]


def test_a_method_that_the_suite_lacks_is_said_to_be_missing(tmp_path: Path) -> None:
    (one,) = judged(tmp_path, printed("33.00", method="Other"))
    assert (one.verdict, one.method, one.why) == (
        "not run",
        "",
        "the suite does not have this method",
    )


@pytest.mark.parametrize(
    ("facts", "label"), [(ROUNDING, "bicubic"), (FLOAT, "bicubic[clip=false]")]
)
def test_bicubic_is_compared_as_papers_compute_it(
    make: Make, tmp_path: Path, facts: dict[str, Any], label: str
) -> None:
    add(make, "bicubic", trained=False, rows=rows(30, 30, 30))
    add(make, "bicubic[clip=false]", trained=False, rows=rows(29, 29, 29))
    (one,) = judged(tmp_path, printed("29.50", method="Bicubic"), facts)
    assert one.method == label


def test_rows_stand_by_scale_in_the_order_of_print(tmp_path: Path) -> None:
    values = printed("1", scale=4) + printed("2", scale=4, method="B") + printed("3", method="C")
    found = judged(tmp_path, values + printed("4", dataset="harvard") + printed("5", protocol="x"))
    assert [(one.scale, one.published) for one in found] == [(2, "C"), (4, "Net"), (4, "B")]
    assert {one.verdict for one in found} == {"not run"}
