"""Scores that came out again, compared with the stored ones by what tables show."""

import math

import pytest

from benchmark.execution.computation.agreement import differences

PSNR = {"name": "psnr", "digits": 2}
SSIM = {"name": "ssim", "digits": 4}


def found(stored: str, computed: float, facts: dict[str, object] = PSNR) -> list[bool]:
    """Compare one score; return whether each difference is tolerated."""
    name = str(facts["name"])
    rows = [{"scene": "face", name: stored}], [{"scene": "face", name: computed}]
    return [one.tolerated for one in differences(*rows, [facts])]


@pytest.mark.parametrize(
    ("stored", "computed"), [("31.25", 31.25), ("inf", math.inf), ("nan", math.nan)]
)
def test_equal_scores_are_no_difference(stored: str, computed: float) -> None:
    assert found(stored, computed) == []


@pytest.mark.parametrize(
    ("computed", "facts", "tolerated"),
    [
        (31.2509, PSNR, True),
        (31.2511, PSNR, False),
        (31.2489, PSNR, False),
        (31.250009, SSIM, True),
        (31.250011, SSIM, False),
        (math.inf, PSNR, False),
        (math.nan, PSNR, False),
    ],
)
def test_a_tenth_of_the_last_digit_of_tables_is_tolerated(
    computed: float, facts: dict[str, object], tolerated: bool
) -> None:
    assert found("31.25", computed, facts) == [tolerated]


def test_a_difference_names_scene_metric_and_both_values() -> None:
    stored = [{"scene": "face", "psnr": "31.5"}, {"scene": "flowers", "psnr": "30.0"}]
    computed = [{"scene": "face", "psnr": 31.5}, {"scene": "flowers", "psnr": 30.25}]
    (one,) = differences(stored, computed, [PSNR])
    assert str(one) == (
        "psnr of flowers comes out as 30.25 and is stored as 30, expected the same up to 0.001"
    )
    assert one.size == 0.25
