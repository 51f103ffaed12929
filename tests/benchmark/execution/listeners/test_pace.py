"""The time left of a run comes down, whatever becomes of its cells."""

import time
from itertools import pairwise

import pytest

from benchmark.execution.listeners.pace import Pace


class Clock:
    """A clock that tests set."""

    now = 100.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock."""
    one = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: one.now)
    return one


def title(number: int, method: str = "srcnn") -> str:
    return f"{method} x2 seed {number} on cave"


def pace_of(*seconds: float | None) -> Pace:
    pace = Pace(len(seconds))
    pace.expect({title(number): one for number, one in enumerate(seconds)})
    return pace


def left(pace: Pace) -> float:
    found = pace.left()
    assert found is not None
    return found


def test_the_forecast_is_the_time_left_at_the_start(clock: Clock) -> None:
    pace = pace_of(10, 20, 30)
    assert left(pace) == 60
    pace.begin(title(0))
    clock.now += 4
    assert left(pace) == pytest.approx(56)


def test_a_machine_that_is_twice_as_slow_is_noticed(clock: Clock) -> None:
    pace = pace_of(100, 100, 100)
    pace.begin(title(0))
    clock.now += 200
    assert left(pace) == 200  # it cannot be less than the others
    pace.end(title(0), done=True)
    assert 340 < left(pace) <= 400


def test_a_short_cell_says_little_about_long_ones(clock: Clock) -> None:
    pace = pace_of(0.5, 100)
    pace.begin(title(0))
    clock.now += 5
    pace.end(title(0), done=True)
    assert 100 <= left(pace) < 150


@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_a_cell_that_is_found_or_fails_takes_its_time_with_it(clock: Clock, seconds: float) -> None:
    pace = pace_of(10, 20, 30)
    pace.begin(title(1))
    clock.now += seconds
    pace.end(title(1), done=False)
    assert left(pace) == 40  # neither is it taken for fast


def test_steps_tell_more_than_a_forecast(clock: Clock) -> None:
    pace = pace_of(100, 100)
    pace.begin(title(0))
    clock.now += 50
    pace.loop(title(0), 0.01, 5000)  # the first steps are slow
    assert left(pace) == 150
    pace.loop(title(0), 0.5, 50)
    clock.now += 10
    assert left(pace) == 140
    pace.no_loop(title(0))
    assert left(pace) == 140
    clock.now += 1000
    assert left(pace) == 100


def test_cells_of_unknown_length_take_as_long_as_those_like_them(clock: Clock) -> None:
    pace = Pace(3)
    assert pace.left() is None
    pace.begin(title(0))
    assert pace.left() is None
    clock.now += 7
    pace.end(title(0), done=True)
    assert left(pace) == 14
    mixed = pace_of(None, 10, None)
    assert left(mixed) == 30


def test_cells_side_by_side_share_the_time(clock: Clock) -> None:
    pace = pace_of(10, 10, 10, 50)
    pace.begin(title(0))
    pace.begin(title(1))
    assert left(pace) == 50  # the longest alone
    pace = pace_of(10, 10, 10, 10)
    pace.begin(title(0))
    pace.begin(title(1))
    assert left(pace) == 20


def test_it_comes_down_to_nothing(clock: Clock) -> None:
    pace = pace_of(10, 20, None, 40)
    seen = [left(pace)]
    for number in range(4):
        pace.begin(title(number))
        for _ in range(15):
            clock.now += 1
            seen.append(left(pace))
        pace.end(title(number), done=number != 2)
    assert seen[-1] < 30
    assert pace.left() is None  # nothing is left
    assert all(later <= earlier + 15 for earlier, later in pairwise(seen))
