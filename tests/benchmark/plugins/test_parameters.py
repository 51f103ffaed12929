"""Typed parameters: read, checked, written back."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.errors import RequestError
from benchmark.method import METHODS
from benchmark.plugins.parameters import (
    convert,
    describe,
    label,
    parameter,
    shown,
    split_list,
    split_reference,
)
from tests.benchmark.support import examples


@dataclasses.dataclass(frozen=True)
class Sample:
    """One parameter of each type."""

    alpha: float = parameter(0.5, "a weight", low=0.0, high=1.0)
    count: int = parameter(6, "a number", low=1)
    flag: bool = parameter(False, "a switch")
    kind: str = parameter("cosine", "a kind", choices=("cosine", "angle"))
    note: str = parameter("", "any text")


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", []),
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        (" a , b ,, ", ["a", "b"]),
        ("a[x=1,y=2],b,c[z=3]", ["a[x=1,y=2]", "b", "c[z=3]"]),
        ("a[x=1,y=2],a[x=1,y=3]", ["a[x=1,y=2]", "a[x=1,y=3]"]),
    ],
)
def test_a_list_is_cut_at_the_commas_outside_brackets(text: str, items: list[str]) -> None:
    assert split_list(text) == items


@pytest.mark.parametrize(
    ("text", "name", "settings"),
    [
        ("proposed", "proposed", {}),
        ("proposed[]", "proposed", {}),
        (" proposed [ alpha = 1.0 , flag=true ] ", "proposed", {"alpha": "1.0", "flag": "true"}),
        ("my-method_2.1", "my-method_2.1", {}),
    ],
)
def test_a_reference_is_a_name_and_its_settings(
    text: str, name: str, settings: dict[str, str]
) -> None:
    assert split_reference(text, "method") == (name, settings)


@pytest.mark.parametrize(
    "text", ["", "a[", "a]", "a[x]", "a[x=]", "a[=1]", "a[x=1,x=2]", "a[[x=1]]", "a b", "a[x=1]b"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        split_reference(text, "method")
    expected = f"method '{text}' cannot be read; expected NAME or NAME[key=value,key=value]"
    several = "; several names are separated by commas" if text == "a b" else ""
    assert str(caught.value) == expected + several


def test_values_become_their_types() -> None:
    texts = {"alpha": "1", "count": "12", "flag": "TRUE", "kind": "angle", "note": "yes"}
    values = convert("sample", Sample, texts)
    assert values == {"alpha": 1.0, "count": 12, "flag": True, "kind": "angle", "note": "yes"}
    assert [type(value) for value in values.values()] == [float, int, bool, str, str]


@pytest.mark.parametrize("text", ["true", "yes", "1", "True"])
def test_a_switch_is_on(text: str) -> None:
    assert convert("sample", Sample, {"flag": text}) == {"flag": True}


@pytest.mark.parametrize("text", ["false", "no", "0", "NO"])
def test_a_switch_is_off(text: str) -> None:
    assert convert("sample", Sample, {"flag": text}) == {"flag": False}


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("alpha", "much", "a number from 0.0 up to 1.0"),
        ("alpha", "1.01", "a number from 0.0 up to 1.0"),
        ("alpha", "-0.01", "a number from 0.0 up to 1.0"),
        ("alpha", "nan", "a number from 0.0 up to 1.0"),
        ("count", "0", "a whole number from 1"),
        ("count", "2.0", "a whole number from 1"),
        ("flag", "2", "true or false"),
        ("kind", "sine", "one of cosine, angle"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_would(
    key: str, text: str, expected: str
) -> None:
    with pytest.raises(RequestError) as caught:
        convert("sample", Sample, {key: text})
    assert str(caught.value) == f"sample[{key}={text}]: expected {expected}"


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e999"])
def test_a_number_without_limits_is_still_finite(text: str) -> None:
    @dataclasses.dataclass(frozen=True)
    class Free:
        rate: float = parameter(1.0, "any")

    with pytest.raises(RequestError, match="expected a number"):
        convert("free", Free, {"rate": text})


def test_an_unknown_parameter_is_refused_with_the_nearest_and_all() -> None:
    with pytest.raises(RequestError) as caught:
        convert("sample", Sample, {"alhpa": "1"})
    message = str(caught.value)
    assert message.startswith("sample has no parameter 'alhpa' (did you mean alpha?); it has: ")
    for line in describe(Sample):
        assert line in message


def test_a_class_without_parameters_says_so() -> None:
    @dataclasses.dataclass(frozen=True)
    class Bare:
        pass

    with pytest.raises(RequestError) as caught:
        convert("bare", Bare, {"size": "1"})
    assert str(caught.value) == "bare has no parameter 'size'; it has: none"


def test_parameters_are_described_in_the_order_of_the_class() -> None:
    assert describe(Sample) == [
        "alpha (a number from 0.0 up to 1.0, default 0.5)",
        "count (a whole number from 1, default 6)",
        "flag (true or false, default false)",
        "kind (one of cosine, angle, default cosine)",
        "note (a text, default empty)",
    ]


def test_a_label_names_only_what_was_changed() -> None:
    assert label("sample", Sample()) == "sample"
    assert label("sample", Sample(count=7, alpha=1.0)) == "sample[alpha=1.0,count=7]"
    assert label("sample", Sample(flag=True)) == "sample[flag=true]"


@given(
    alpha=st.floats(0, 1),
    count=st.integers(1, 10**12),
    flag=st.booleans(),
    kind=st.sampled_from(["cosine", "angle"]),
)
@examples
def test_a_label_read_again_gives_the_same_parameters(
    alpha: float, count: int, flag: bool, kind: str
) -> None:
    sample = Sample(alpha, count, flag, kind)
    written = label("sample", sample)
    assert split_list(f"{written},other") == [written, "other"]
    name, settings = split_reference(written, "method")
    assert name == "sample"
    assert Sample(**convert(name, Sample, settings)) == sample  # type: ignore[arg-type]


def test_values_are_written_as_the_command_line_takes_them() -> None:
    written = [shown(value) for value in (True, False, 1.0, 1e-5, 3, "x")]
    assert written == ["true", "false", "1.0", "1e-05", "3", "x"]


def test_values_given_in_python_are_checked_too() -> None:
    srcnn: Any = METHODS.entry("srcnn").cls
    assert METHODS.label(srcnn(middle=5)) == "srcnn[middle=5]"
    for value, text in ((4, "4"), ("5", "5"), (True, "true")):
        with pytest.raises(RequestError, match=rf"srcnn\[middle={text}\]: expected one of"):
            srcnn(middle=value)
