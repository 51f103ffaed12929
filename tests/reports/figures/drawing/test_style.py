"""Every method has one look, its own, and matplotlib's own settings are left alone."""

import pytest

pytest.importorskip("matplotlib", reason="figures need matplotlib")

import matplotlib as mpl

from reports.figures.drawing.style import Roster, drawing, roster_of
from tests.reports.conftest import Make

PAPER = ["bicubic", "srcnn", "espcn", "vdsr", "proposed"]


def test_the_papers_methods_look_the_same_whoever_is_beside_them() -> None:
    alone = {label: Roster({label: label}).look(label) for label in PAPER}
    crowd = Roster({label: label for label in ["a", "b", *PAPER, "wiener[joint=true]"]})
    assert {label: crowd.look(label) for label in PAPER} == alone


def test_looks_differ_in_colour_dashes_and_marker_and_never_repeat_soon() -> None:
    labels = [*PAPER, "wiener", "mine"]
    roster = Roster({label: label for label in labels})
    looks = [roster.look(label) for label in labels]
    assert len({look.colour for look in looks}) == len({look.marker for look in looks}) == 7
    assert len({look.dashes for look in looks}) == 7
    many = {f"m{index}": "m" for index in range(50)}
    assert len({Roster({**many, "vdsr": "VDSR"}).look(label) for label in [*many, "vdsr"]}) == 51


def test_the_roster_has_the_tables_order_and_titles(make: Make) -> None:
    cells = [
        make("srcnn"),
        make("mine", status="failed", reason="it fell over"),
        make("bicubic", trained=False),
        make("srcnn[deep=true]", scale=3),
    ]
    roster = roster_of(cells)
    assert roster.title("srcnn[deep=true]") == "SRCNN [deep=true]"
    assert roster.title("stranger") == "stranger"
    assert roster.ordered(["stranger", "srcnn", "bicubic"]) == ["bicubic", "srcnn", "stranger"]
    assert list(roster.titles) == ["bicubic", "mine", "srcnn", "srcnn[deep=true]"]


def test_matplotlib_is_left_as_it_was() -> None:
    before = dict(mpl.rcParams)
    with drawing():
        assert mpl.rcParams["pdf.fonttype"] == 42
    assert dict(mpl.rcParams) == before
