"""Checks of what a data set says of itself: each detects its faults, and its reason names them."""

from typing import Any

import pytest

from benchmark.dataset import Area
from tests.benchmark.tools.conformance.datasets.support import Sound, checks_of, reason_of

ROWS = {name: Area(range(4 * n, 4 * n + 4), range(12)) for n, name in enumerate(Sound.scenes)}


def test_the_data_set_that_faulty_ones_are_made_of_is_sound() -> None:
    """Otherwise a faulty one might fail for another reason."""
    results = {result.name: result.outcome for result in checks_of()}
    assert results.pop("specification") == "failed"  # its class cannot be imported
    assert results.pop("areas") == results.pop("areas-delivered") == "skipped"
    assert set(results.values()) == {"passed"}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"__doc__": " "}, "class Faulty has no docstring"),
        ({"title": ""}, "its title is '', expected one line of text"),
        ({"remark": "two\nlines"}, "its remark is 'two\\nlines', expected one line of text"),
    ],
)
def test_a_data_set_that_is_not_described(members: dict[str, Any], reason: str) -> None:
    assert reason_of("described", **members) == reason


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"scenes": ("a", "b", "a")}, "expected every scene once in `scenes`, found 'a' 2 times"),
        ({"scenes": ("a", "A", *"bcde")}, "expected names that differ in more than case"),
        ({"scenes": ("../up", *"abcde")}, "expected the name of a scene, found the path '../up'"),
        ({"test": ("d", "x")}, "expected names of `scenes` in `test`, found 'x'"),
        ({"test": ("c", "d")}, "expected other scenes in `validation` than in `test`, found 'c'"),
    ],
)
def test_names_and_split(members: dict[str, Any], reason: str) -> None:
    found = reason_of("split", **members)
    assert found.startswith("faulty: ")
    assert reason in found


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"b": Area(range(3, 8), range(12))},
            "the areas of a (rows 0 to 3 and columns 0 to 11) and b (rows 3 to 7 and columns 0",
        ),
        ({"b": Area(range(-1, 3), range(12))}, "the rows of b are range(-1, 3), expected a range"),
        ({"b": Area(range(4, 8), range(0, 12, 2))}, "the columns of b are range(0, 12, 2), expec"),
        ({"b": Area(range(4, 4), range(12))}, "the rows of b are range(4, 4), expected a range"),
        ({"b": "rows 4 to 7"}, "the area of b is 'rows 4 to 7', expected an Area"),
        ({"x": Area(range(90, 95), range(12))}, "expected an area of every scene and of no other"),
    ],
)
def test_areas_that_cannot_be(changed: dict[str, Any], reason: str) -> None:
    assert reason_of("areas", areas={**ROWS, **changed}, independent=False).startswith(reason)


def test_areas_of_one_image_are_not_independent() -> None:
    reason = "5 scenes are areas of one image; declare `independent = False`"
    assert reason_of("areas", areas=ROWS) == reason
    assert checks_of(areas=ROWS, independent=False).check("areas").outcome == "passed"
    apart = {name: Area(range(4), range(12), image=name) for name in Sound.scenes}
    assert checks_of(areas=apart).check("areas").outcome == "passed"


def test_a_failure_may_be_declared_with_its_reason() -> None:
    declared = {"areas": "their borders overlap in print"}
    checks = checks_of(
        areas={**ROWS, "b": ROWS["a"]}, independent=False, expected_failures=declared
    )
    assert checks.check("areas").outcome == "expected failure"
    unknown = checks_of(expected_failures={"area": "why"}).check("expected-failures")
    assert unknown.reason.startswith("there is no check 'area'; there are described, ")
