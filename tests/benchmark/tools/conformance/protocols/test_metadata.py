"""Checks of what a protocol says of itself: each detects its faults, and its reason names them."""

from typing import Any

import pytest

from benchmark.dataset import DATASETS
from benchmark.protocol import PROTOCOLS, Division
from benchmark.tools.conformance import Conformance
from tests.benchmark.tools.conformance.protocols.support import checks_of, reason_of

OURS = [entry.name for entry in PROTOCOLS]


@pytest.mark.parametrize("name", OURS)
def test_every_protocol_of_the_checkout_passes_every_check(name: str) -> None:
    results = list(Conformance(PROTOCOLS.make(name)))
    assert len(results) == 15
    assert [str(result) for result in results if result.outcome != "passed"] == []


def test_the_protocol_that_faulty_ones_are_made_of_is_sound() -> None:
    """Otherwise a faulty one might fail for another reason."""
    bad = {result.name for result in checks_of() if not result.good}
    assert bad == {"specification"}  # its class cannot be imported


@pytest.mark.parametrize(
    ("facts", "members", "reason"),
    [
        ({"title": "T", "paper": " "}, {}, "@register gives no paper"),
        ({"paper": "P"}, {}, "@register gives no title"),
        (None, {"__doc__": ""}, "class Faulty has no docstring"),
        (None, {"summary": "two\nlines"}, "its summary is 'two\\nlines', expected one line of t"),
    ],
)
def test_a_protocol_that_is_not_described(
    facts: dict[str, str] | None, members: dict[str, Any], reason: str
) -> None:
    assert reason_of("described", facts, **members).startswith(reason)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"scales": (4, 2)}, "its scales are [4, 2], expected ascending numbers from 2"),
        ({"scales": (2, 2)}, "its scales are [2, 2], expected ascending numbers from 2"),
        (
            {"refusal": lambda _, scale: "it is odd" if scale % 2 or scale < 2 else ""},
            "it refuses x3, a scale of its own: it is odd",
        ),
        ({"refusal": lambda *_: ""}, "it accepts x0, which is no scale factor"),
        (
            {"refusal": lambda _, scale: "" if scale in (2, 3, 4, 8) else "un\nexpected"},
            "its reason to refuse x0 is 'un\\nexpected', expected one line of text",
        ),
        (
            {"refusal": lambda _, scale: "" if scale in (2, 3, 4, 8) else None},
            "its reason to refuse x0 is None, expected a text",
        ),
    ],
)
def test_scales(members: dict[str, Any], reason: str) -> None:
    assert reason_of("scales", **members) == reason


@pytest.mark.parametrize(
    ("splits", "reason"),
    [
        ({"cav": Division(("balloons",))}, "cav: RequestError: unknown data set 'cav'; did you"),
        ({"cave": Division(())}, "cave: it has no test scene"),
        (
            {"cave": Division(("ballons",))},
            "cave: test names 'ballons', which it does not have",
        ),
        (
            {"cave": Division(("balloons",), left_out=("clay", "balloons"))},
            "cave: 'balloons' is named twice, in test and in left_out",
        ),
        (
            {"cave": Division(("balloons", "balloons"))},
            "cave: 'balloons' is named twice, in test and in test",
        ),
    ],
)
def test_splits(splits: dict[str, Division], reason: str) -> None:
    assert reason_of("splits", splits=splits).startswith(reason)


def test_a_split_that_leaves_nothing_to_train_on() -> None:
    division = Division(tuple(DATASETS.make("cave").scenes))
    assert reason_of("splits", splits={"cave": division}) == "cave: no scene is left to train on"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"metrics": ("psnr", "sma")}, "RequestError: unknown metric 'sma'; did you mean sam"),
        ({"metrics": ("psnr", "sam", "psnr")}, "it names psnr twice"),
        (
            {"metrics": ("psnr",), "main_metrics": ("psnr", "sam")},
            "its main metrics sam are not among its metrics",
        ),
    ],
)
def test_metrics(members: dict[str, Any], reason: str) -> None:
    assert reason_of("metrics", **members).startswith(reason)
