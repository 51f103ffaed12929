"""The paper's claims on stored cells: which are compared, and what is found."""

import math
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS
from benchmark.plugins.discovery import discover
from benchmark.store import cells
from reports.analysis.verdicts.claims import LENGTHS, TOPICS, Contrast, Evidence, Training, count
from tests.reports.conftest import Make, described

SCENES = [f"scene{number}" for number in range(7)]
METRICS = [
    described("psnr", main=True, digits=2),
    described("sam", main=True, digits=2, higher=False),
]
SHORT, LONG = LENGTHS
GAIN = [1.0, 1.2, 0.9, 1.4, 0.8, 1.1, 1.3]  # scene by scene


def add(make: Make, method: str, gains: list[float], **facts: Any) -> None:
    """Store a training of 12,000 patches: a PSNR of 30 dB plus a gain, an angle of 5 minus it."""
    rows = [
        {"scene": scene, "psnr": 30 + place + gain, "sam": 5 - gain}
        for place, (scene, gain) in enumerate(zip(SCENES, gains, strict=True))
    ]
    patches, recipe = facts.pop("patches", SHORT), facts.pop("recipe", {"optimiser": "adam"})
    depends = {"recipe": str(recipe), **facts.pop("depends", {})}
    configuration = {"profile": {"patches": patches // 2}, "recipe": recipe}
    make(
        method, rows=rows, metrics=METRICS, profile=f"of{patches}", depends=depends,
        **{
            "training": {"steps": 10, "epochs": 2.0, "batch": 4, "share": 1.0},
            "configuration": configuration, **facts,
        },
    )  # fmt: skip


def found(folder: Path, topic: int = 0, claim: int = 0, scale: int = 2) -> list[Contrast]:
    """Test a claim at one scale by both metrics, after 12,000 patches or longer ones."""
    contrasts = Evidence(cells.cells(folder)).contrasts(TOPICS[topic])
    wanted = TOPICS[topic].claims[claim]
    return [
        one
        for one in contrasts
        if one.claim == wanted and one.scale == scale and one.other.patches == SHORT
    ]


def test_a_difference_on_all_scenes_is_confirmed_or_contradicted(
    make: Make, tmp_path: Path
) -> None:
    add(make, "vdsr", [0.0] * 7)
    add(make, "proposed", GAIN)
    psnr, sam = found(tmp_path)
    assert (psnr.finding, sam.finding) == ("confirmed", "confirmed")
    assert psnr.mean == pytest.approx(sum(GAIN) / 7)
    assert sam.mean == pytest.approx(-sum(GAIN) / 7)
    assert psnr.p == 2.0**-6
    reach = stats.t.ppf(0.975, 6) * stats.sem(GAIN)
    assert (psnr.low, psnr.high) == pytest.approx((psnr.mean - reach, psnr.mean + reach))
    add(make, "proposed", [-gain for gain in GAIN])
    assert [one.finding for one in found(tmp_path)] == 2 * ["contradicted"]


@pytest.mark.parametrize("gains", [[1, -1, 1, -1, 1, -1, 1], [0.0] * 7], ids=["both", "none"])
def test_scenes_that_disagree_tell_nothing(make: Make, tmp_path: Path, gains: list[float]) -> None:
    add(make, "vdsr", [0.0] * 7)
    add(make, "proposed", gains)
    assert [one.finding for one in found(tmp_path)] == 2 * ["cannot be told"]


def test_seeds_that_scatter_more_than_the_difference_tell_nothing(
    make: Make, tmp_path: Path
) -> None:
    for seed, shift in enumerate((-2.0, 0.0, 2.0)):
        add(make, "vdsr", [shift] * 7, seed=seed)
        add(make, "proposed", [gain + shift for gain in GAIN], seed=seed)
    psnr, _ = found(tmp_path)
    assert psnr.finding == "cannot be told"
    assert psnr.seeds == (3, 3)
    assert psnr.p == pytest.approx(stats.ttest_ind([-0.9, 1.1, 3.1], [-2, 0, 2]).pvalue)
    assert psnr.high - psnr.low > 6


def test_what_lacks_one_side_is_not_run(make: Make, tmp_path: Path) -> None:
    add(make, "proposed", GAIN)
    add(make, "vdsr", GAIN, scale=3)
    add(make, "vdsr", GAIN, protocol="li2020")
    add(make, "vdsr", GAIN, dataset="cave+face")
    add(make, "vdsr[depth=8]", GAIN)
    for one in found(tmp_path):
        assert one.finding == "not run"
        assert math.isnan(one.mean)
    counts = count(Evidence(cells.cells(tmp_path)).contrasts(TOPICS[0]))
    assert counts == {"confirmed": 0, "contradicted": 0, "cannot be told": 0, "not run": 24}


def test_trainings_of_different_engines_or_scenes_are_not_compared(
    make: Make, tmp_path: Path
) -> None:
    add(make, "vdsr", [0.0] * 7)
    add(make, "proposed", GAIN, depends={"numerics": "new"})
    assert {one.finding for one in found(tmp_path)} == {"not run"}
    add(make, "vdsr", [0.1] * 7, seed=1, depends={"numerics": "new"})
    psnr, _ = found(tmp_path)
    assert psnr.mean == pytest.approx(sum(GAIN) / 7 - 0.1)


def test_longer_trainings_are_compared_with_shorter_ones(make: Make, tmp_path: Path) -> None:
    add(make, "vdsr", [0.0] * 7)
    add(make, "vdsr", GAIN, patches=LONG)
    psnr, _ = found(tmp_path, claim=1)
    assert (psnr.better, psnr.other) == (Training("vdsr", LONG), Training("vdsr", SHORT))
    assert psnr.finding == "confirmed"


@pytest.mark.parametrize(
    ("topic", "other", "facts", "why"),
    [
        (0, "vdsr", {"recipe": {"optimiser": "muon"}}, "different recipes"),
        (0, "vdsr", {"depends": {"profile": "p"}}, "different settings of the profile"),
        (1, "proposed[alpha=1.0]", {"recipe": {"optimiser": "muon"}}, "different recipes"),
        (2, "proposed[middle=0]", {"depends": {"method": "m"}}, "different versions of the method"),
    ],
)
def test_trainings_of_one_length_are_compared_if_all_else_is_equal(
    make: Make, tmp_path: Path, topic: int, other: str, facts: dict[str, Any], why: str
) -> None:
    add(make, "proposed", GAIN)
    add(make, other, [0.0] * 7, **facts)
    for one in found(tmp_path, topic):
        assert (one.finding, one.why) == ("not run", why)
        assert math.isnan(one.mean)
    add(make, other, [0.1] * 7, seed=1)
    psnr, _ = found(tmp_path, topic)
    assert psnr.mean == pytest.approx(sum(GAIN) / 7 - 0.1)
    assert (psnr.seeds, psnr.scenes, psnr.besides) == ((1, 1), 7, ())


def test_in_what_else_trainings_of_two_lengths_differ_is_recorded(
    make: Make, tmp_path: Path
) -> None:
    """A longer training by another optimiser says little about the length alone."""
    add(make, "vdsr", [0.0] * 7, recipe={"optimiser": "adam", "batch_size": 8, "epochs": 1})
    add(
        make, "vdsr", GAIN, patches=LONG, recipe={"optimiser": "muon", "batch_size": 16},
        training={"epochs": 2.0, "share": 4 / 31, "rate": 2.0}, environment={"device": "CPU"},
    )  # fmt: skip
    psnr, _ = found(tmp_path, claim=1)
    assert psnr.finding == "confirmed"
    assert psnr.besides == (
        "optimiser: muon against adam",
        "batch size: 16 against 8",
        "factor of the learning rate, chosen by validation: 2 against none",
        "share of the patches' values: 0.129 against 1",
        "machine: CPU against NVIDIA H200",
    )


def test_a_longer_training_by_another_version_of_the_method_is_not_compared(
    make: Make, tmp_path: Path
) -> None:
    add(make, "vdsr", [0.0] * 7)
    add(make, "vdsr", GAIN, patches=LONG, depends={"method": "new"})
    assert {one.why for one in found(tmp_path, claim=1)} == {"different versions of the method"}


def test_scenes_without_a_finite_difference_are_the_reason(make: Make, tmp_path: Path) -> None:
    add(make, "vdsr", [0.0] * 7)
    add(make, "proposed", [1.0, *[math.nan] * 6])
    assert [one.why for one in found(tmp_path)] == [
        f"fewer than two test scenes have a finite difference in {name}" for name in ("PSNR", "SAM")
    ]


@pytest.mark.parametrize(
    ("topic", "claim", "better", "other"),
    [
        (1, 0, "proposed", "proposed[alpha=1.0]"),
        (1, 1, "proposed[alpha=0.5]", "proposed[alpha=1.0]"),
        (2, 0, "proposed", "proposed[middle=0]"),
    ],
)
def test_variants_of_the_network_are_compared_by_their_labels(
    make: Make, tmp_path: Path, topic: int, claim: int, better: str, other: str
) -> None:
    add(make, better, GAIN)
    add(make, other, [0.0] * 7)
    psnr, _ = found(tmp_path, topic, claim)
    assert (psnr.better.method, psnr.other.method) == (better, other)
    assert psnr.finding == "confirmed"


def test_every_label_is_one_that_a_run_stores() -> None:
    discover(REGISTRIES)
    for topic in TOPICS:
        for training in topic.trainings:
            assert METHODS.label(METHODS.make(training.method)) == training.method
