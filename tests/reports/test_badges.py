"""The badge of a cell and of a row, by the records of the results folder."""

from dataclasses import replace
from pathlib import Path

from benchmark.store import origins
from benchmark.store.address import Address
from benchmark.store.cells import WEIGHTS, Cell, write
from reports.badges import MEANINGS, PUBLISHED, badge_of, badge_of_row, worth_showing

ADDRESS = Address("cave", "wang2017", "quick", 2, "mine", 0)
FORM = {"authors": ["A. Author", "B. Author"], "file": "mine.zip"}


def stored(results: Path, seed: int = 0, fit_s: float | None = 1.0) -> Cell:
    facts = {
        "key": "a" * 64,
        "status": "done",
        "reason": None,
        "metrics": [{"name": "psnr"}],
        "times": {"fit_s": fit_s},
    }
    files = {"scores.csv": b"scene,psnr\nface,30.5\n", WEIGHTS: b"weights"}
    return write(results, replace(ADDRESS, seed=seed), facts, files)


def noted(cell: Cell, kind: origins.Kind, **details: object) -> None:
    results = cell.folder.parents[5]
    origins.note(results, cell.address, kind, origins.identity_of(cell), details)


def test_every_badge_has_a_meaning_and_says_its_evidence(tmp_path: Path) -> None:
    cell = stored(tmp_path)
    assert (badge_of(cell).name, bool(badge_of(cell))) == ("", False)
    noted(cell, "submitted", **FORM)
    assert badge_of(cell).name == "submitted"
    assert badge_of(cell).text.endswith("; submitted by A. Author, B. Author in mine.zip")
    noted(cell, "rescored", device="CPU, 2 threads", agreement="equal in every digit")
    assert badge_of(cell).name == "re-scored"
    assert "on CPU, 2 threads: equal in every digit; submitted by" in badge_of(cell).text
    noted(cell, "computed")
    assert badge_of(cell).name == "retrained"
    assert {"published", "submitted", "re-scored", "retrained"} == set(MEANINGS)
    assert PUBLISHED.name in MEANINGS


def test_weights_of_others_scored_here_are_not_retrained(tmp_path: Path) -> None:
    cell = stored(tmp_path, fit_s=None)
    noted(cell, "computed")
    assert badge_of(cell).name == "re-scored"


def test_what_a_cell_says_of_itself_does_not_count(tmp_path: Path) -> None:
    cell = stored(tmp_path)
    (cell.folder / "seed0.json").write_text('{"format": 1, "computed": {}}')
    assert not badge_of(Cell(cell.address, cell.folder, {**cell.facts, "badge": "retrained"}))


def test_a_row_has_the_weakest_badge_of_its_cells(tmp_path: Path) -> None:
    first, second = stored(tmp_path), stored(tmp_path, seed=1)
    noted(first, "computed")
    assert badge_of_row([first, second]).name == ""
    noted(second, "submitted", **FORM)
    assert badge_of_row([first, second]).name == "submitted"
    noted(second, "rescored")
    assert badge_of_row([first, second]).name == "re-scored"
    assert badge_of_row([first]).name == "retrained"
    assert not badge_of_row([])


def test_a_table_shows_badges_where_something_was_submitted(tmp_path: Path) -> None:
    cell = stored(tmp_path)
    noted(cell, "computed")
    assert not worth_showing([cell])
    noted(cell, "submitted", **FORM)
    assert worth_showing([cell])
