"""Texts fit their width, and texts from outside are plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from reports.figures.drawing.context import FigureContext, context_of
from reports.figures.drawing.save import rendered
from reports.figures.drawing.style import DPI, MethodStyles, drawing
from reports.figures.drawing.text import (
    SMALLEST,
    drawable,
    not_shown,
    shortened,
    size_for,
    width_of,
    wrapped,
)
from tests.reports.conftest import Make
from tests.reports.figures.conftest import examples
from tests.reports.test_hostile import HOSTILE

WIDTH = 1.5  # inches


@examples
@given(st.text(max_size=80))
def test_any_text_fits(text: str) -> None:
    assert width_of(shortened(text, WIDTH, 7), 7) <= WIDTH
    lines = wrapped(text, WIDTH, 7, most=2).splitlines()
    assert len(lines) <= 2
    assert all(
        width_of(line, 7) <= WIDTH for line in [*lines, *wrapped(text, WIDTH, 7).split("\n")]
    )


def test_nothing_is_lost_where_there_is_room() -> None:
    text = "one two three four five six seven"
    assert wrapped(text, WIDTH, 7).split() == text.split()
    assert len(wrapped(text, WIDTH, 7).splitlines()) == 2
    assert wrapped(text, WIDTH, 7, most=1).endswith("…")
    assert shortened(text, 9, 7) == text
    assert shortened(text, 1, 7).endswith("…")


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("text", ["Back-projection", "Wiener [joint=true]", "MSDformer"])
def test_a_name_that_fits_in_smaller_letters_is_not_truncated(text: str, bold: bool) -> None:
    sizes = {width: size_for(text, width / 100, 8, bold=bold) for width in range(50, 150)}
    assert sizes[50] < sizes[149] == 8
    for width, size in sizes.items():
        assert size == SMALLEST or shortened(text, width / 100, size, bold=bold) == text


def test_a_letter_missing_in_the_font_becomes_its_code_point() -> None:
    assert drawable("a\nb 中 é") == "a b [U+4E2D] é"


@pytest.mark.parametrize(
    ("what", "width"), [("mathematics", 7.2), ("Chinese", 3.0), ("Greek", 7.2), ("lines", 3.0)]
)
def test_a_heading_and_a_caption_stay_within_the_figure(what: str, width: float) -> None:
    text = f"{HOSTILE[what]} WWW MMM " * 12
    with drawing():
        figure = FigureContext(text, text, MethodStyles({})).new_figure([text], text, 1.0, width)
        axes = figure.subplots()
        rendered(figure, "png")
    figure.set_dpi(DPI)  # as in a PNG
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    assert axes.get_window_extent().height > 20
    for shown in (figure._suptitle, figure._supxlabel):  # type: ignore[attr-defined]
        box = shown.get_window_extent()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1


def test_a_heading_marks_synthetic_scenes_and_subsets(make: Make) -> None:
    context = context_of([make(synthetic=True, subset=True)], seed=3)
    assert "SYNTHETIC, subset of the scenes" in context.title
    assert context.settings == "protocol wang2017, profile standard, seed 3"
    assert context_of([make("bicubic", scale=4)]).settings.endswith("profile standard")


def test_the_left_out_are_named_with_reasons() -> None:
    styles = MethodStyles({"a": "First", "b": "Second"})
    reasons = {"b": "failed: " + "x" * 500, "a": "not run\nyet"}
    line = not_shown(reasons, styles)
    assert line.startswith("Not shown: First (not run yet); Second (failed: xxx")
    assert line.endswith("x...).")


def test_a_reason_ends_at_a_word_and_is_named_once_for_all_its_methods() -> None:
    styles = MethodStyles({"a": "First", "b": "Second", "c": "Third"})
    reason = "stored without " + "weights " * 40
    line = not_shown({"a": reason, "b": "failed", "c": reason}, styles)
    assert line.startswith("Not shown: First, Third (stored without weights weights ")
    assert line.endswith("weights...); Second (failed).")
    assert len(line) < 250
    assert not_shown({}, styles) == ""
