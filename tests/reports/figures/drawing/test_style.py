"""Every method has a style of its own, and matplotlib's settings are restored."""

import matplotlib as mpl

from reports.figures.drawing.style import MethodStyles, drawing, styles_of
from tests.reports.conftest import Make

PAPER = ["bicubic", "srcnn", "espcn", "vdsr", "proposed"]


def test_the_papers_methods_have_the_same_style_in_any_company() -> None:
    alone = {label: MethodStyles({label: label}).style(label) for label in PAPER}
    crowd = MethodStyles({label: label for label in ["a", "b", *PAPER, "wiener[joint=true]"]})
    assert {label: crowd.style(label) for label in PAPER} == alone


def test_styles_differ_in_colour_line_and_marker_and_never_repeat_soon() -> None:
    labels = [*PAPER, "wiener", "mine"]
    styles = [MethodStyles({label: label for label in labels}).style(label) for label in labels]
    assert len({style.colour for style in styles}) == len({style.marker for style in styles}) == 7
    assert len({style.line for style in styles}) == 7
    many = MethodStyles({f"m{index}": "m" for index in range(40)} | {"vdsr": "VDSR"})
    assert len({many.style(label) for label in many.titles}) == 41


def test_methods_have_the_order_and_titles_of_the_tables(make: Make) -> None:
    cells = [
        make("srcnn"),
        make("mine", status="failed", reason="it fell over"),
        make("bicubic", trained=False),
        make("srcnn[deep=true]", scale=3),
    ]
    styles = styles_of(cells)
    assert styles.title("srcnn[deep=true]") == "SRCNN [deep=true]"
    assert styles.title("unknown") == "unknown"
    assert styles.ordered(["unknown", "srcnn", "bicubic"]) == ["bicubic", "srcnn", "unknown"]
    assert list(styles.titles) == ["bicubic", "mine", "srcnn", "srcnn[deep=true]"]


def test_matplotlib_is_left_as_it_was() -> None:
    before = dict(mpl.rcParams)
    with drawing():
        assert mpl.rcParams["pdf.fonttype"] == 42
    assert dict(mpl.rcParams) == before
