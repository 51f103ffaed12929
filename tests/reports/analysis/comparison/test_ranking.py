"""Ranks over scenes, scales and data sets, also where something is missing."""

from pathlib import Path

from reports.analysis.comparison.ranking import Ranking, places_of
from reports.writers.files import Tables, write_tables
from tests.reports.conftest import Make


def stored(
    make: Make, method: str, scale: int, psnr: list[float], dataset: str = "cave", **more: object
) -> None:
    """Store a cell with a PSNR a scene, and a SAM in the opposite order."""
    rows = [{"scene": f"s{i}", "psnr": one, "sam": 50 - one} for i, one in enumerate(psnr)]
    make(method, scale, rows=rows, dataset=dataset, trained_on=[dataset], **more)


def ranking(made: Tables) -> Ranking:
    """Return the ranking by PSNR of the first section."""
    return made.sections[0].rankings[0]


def test_ranks_are_averaged_over_scenes_and_scales_and_ties_share(
    make: Make, tmp_path: Path
) -> None:
    stored(make, "a", 2, [30.0, 32.0])
    stored(make, "b", 2, [31.0, 31.0])
    stored(make, "c", 2, [29.0, 31.0])
    stored(make, "a", 3, [30.0, 30.0])
    stored(make, "b", 3, [31.0, 31.0])
    stored(make, "c", 3, [32.0, 29.0])
    made = write_tables(tmp_path, "cave")
    found = ranking(made)
    assert found.places == (
        ("cave", 2, "s0"),
        ("cave", 2, "s1"),
        ("cave", 3, "s0"),
        ("cave", 3, "s1"),
    )
    assert found.ranks == {"a": (2, 1, 3, 2), "b": (1, 2.5, 2, 1), "c": (3, 2.5, 1, 3)}
    assert [found.average(one) for one in "abc"] == [2.0, 1.625, 2.375]
    assert [found.first(one) for one in "abc"] == [1, 2, 1]
    assert made.sections[0].rankings[1].ranks == found.ranks  # lower is better for SAM
    grid = next(one for one in made.sections[0].grids if one.title == "Average rank")
    texts = [[entry.text for entry in row] for row in grid.rows]
    assert texts == [
        ["A", "2.00", "1", "2.00", "1"],
        ["B", "1.62", "2", "1.62", "2"],
        ["C", "2.38", "1", "2.38", "1"],
    ]
    assert "Over 4 places: 2 scenes of cave at x2, x3." in grid.legend


def test_a_method_missing_somewhere_is_not_ranked_and_named(make: Make, tmp_path: Path) -> None:
    for scale in (2, 3):
        stored(make, "a", scale, [30.0, 31.0])
        stored(make, "b", scale, [31.0, 32.0])
    stored(make, "c", 2, [33.0, 33.0])
    make("d", 3, status="failed", reason="no")
    made = write_tables(tmp_path, "cave")
    assert set(ranking(made).ranks) == {"a", "b"}
    assert ranking(made).average("b") == 1.0
    grid = next(one for one in made.sections[0].grids if one.title == "Average rank")
    assert [entry.text for entry in grid.rows[2]] == ["C", *"––––"]
    assert "Not ranked, because it has no value somewhere: C, D." in grid.legend


def test_other_real_data_sets_count_where_all_ranked_methods_are_there(
    make: Make, tmp_path: Path
) -> None:
    for method, value in (("a", 30.0), ("b", 31.0)):
        stored(make, method, 2, [value])
        stored(make, method, 2, [61 - value], dataset="harvard")
        stored(make, method, 2, [value], dataset="cave[crop=8]")
        stored(make, method, 2, [value], dataset="toy", synthetic=True)
        stored(make, method, 2, [value], dataset="few", subset=True)
        stored(make, method, 2, [value], dataset="other", profile="quick")
    stored(make, "a", 3, [30.0], dataset="harvard")
    found = ranking(write_tables(tmp_path, "cave"))
    assert found.places == (("cave", 2, "s0"), ("harvard", 2, "s0"))
    assert found.ranks == {"a": (2, 1), "b": (1, 2)}
    assert found.left_out == (("harvard", 3),)
    assert places_of(found) == "2 places: 1 scene of cave at x2; 1 scene of harvard at x2"
    text = write_tables(tmp_path, "cave").markdown
    assert "Not counted, because a ranked method is missing there: harvard x3." in text
    assert ranking(write_tables(tmp_path, "toy")).places == (("toy", 2, "s0"),)
    assert ranking(write_tables(tmp_path, "few")).places == (("few", 2, "s0"),)


def test_a_method_scored_on_other_scenes_does_not_prevent_a_ranking(
    make: Make, tmp_path: Path
) -> None:
    for method, value in (("a", 30.0), ("b", 31.0), ("c", 32.0)):
        stored(make, method, 2, [value])
    make("odd", 2, rows=[{"scene": "elsewhere", "psnr": 40.0, "sam": 1.0}])
    stored(make, "a", 3, [30.0])
    found = ranking(write_tables(tmp_path, "cave"))
    assert found.places == (("cave", 2, "s0"),)
    assert (found.unranked, found.left_out) == (("ODD",), (("cave", 3),))


def test_one_method_alone_is_not_ranked(make: Make, tmp_path: Path) -> None:
    stored(make, "a", 2, [30.0])
    made = write_tables(tmp_path, "cave")
    assert made.sections[0].rankings == ()
    assert "Average rank" not in made.markdown
