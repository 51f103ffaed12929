"""Messages: one line, and lists cut short."""

import pytest

from benchmark.errors import RequestError, listed


def test_a_message_is_one_line() -> None:
    assert str(RequestError("first\n   second\t third ")) == "first second third"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, ""), (1, "0"), (3, "0, 1, 2"), (4, "0, 1, 2 and 1 more"), (9, "0, 1, 2 and 6 more")],
)
def test_long_lists_are_cut(count: int, text: str) -> None:
    assert listed(range(count), 3) == text


def test_any_iterable_is_listed() -> None:
    assert listed(str(number) for number in range(2)) == "0, 1"
    assert listed({"a": 1, "b": 2}) == "a, b"
