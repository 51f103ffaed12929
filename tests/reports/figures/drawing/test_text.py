"""Texts fit their place, and what comes from outside is only text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("matplotlib", reason="figures need matplotlib")

from reports.figures.drawing.style import Roster
from reports.figures.drawing.text import (
    drawable,
    fitting,
    heading_of,
    not_shown,
    shrunk,
    width_of,
    wrapped,
)
from tests.reports.conftest import Make
from tests.reports.figures.conftest import examples

WIDTH = 1.5


@examples
@given(st.text(max_size=80))
def test_a_text_fits_whatever_it_is(text: str) -> None:
    assert width_of(fitting(text, WIDTH, 7), 7) <= WIDTH
    assert all(width_of(line, 7) <= WIDTH for line in wrapped(text, WIDTH, 7))
    shown, size = shrunk(text, WIDTH, 7)
    assert 5 <= size <= 7
    assert width_of(shown, size) <= 1.02 * WIDTH  # widths grow by whole steps of the font


def test_nothing_is_lost_where_there_is_room() -> None:
    text = "one two three four five six seven"
    assert " ".join(wrapped(text, WIDTH, 7)) == text
    assert len(wrapped(text, WIDTH, 7)) == 2
    assert fitting(text, 9, 7) == text
    assert shrunk(text, 9, 7) == (text, 7)
    assert shrunk(text, WIDTH, 7)[0] == text
    assert fitting(text, 1, 7).endswith("…")


def test_a_letter_that_the_font_lacks_is_given_by_its_number() -> None:
    assert drawable("a\nb 中 é") == "a b [U+4E2D] é"


def test_a_heading_says_what_must_be_seen(make: Make) -> None:
    heading = heading_of([make(synthetic=True, subset=True)], 3)
    assert "SYNTHETIC, subset of the scenes" in heading.title
    assert heading.settings == "protocol wang2017, profile standard, seed 3"
    assert heading_of([make("bicubic", scale=4)], None).settings.endswith("profile standard")


def test_the_left_out_are_named_with_reasons() -> None:
    roster = Roster({"a": "First", "b": "Second"})
    reasons = {"b": "failed: " + "x" * 500, "a": "not run\nyet"}
    line = not_shown(reasons, roster)
    assert line.startswith("Not shown: First (not run yet); Second (failed: xxx")
    assert line.endswith("x…).")
    assert len(line) < 250
    assert not_shown({}, roster) == ""
