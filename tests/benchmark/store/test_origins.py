"""The records of where a cell comes from: what they are bound to, and what they survive."""

import json
from pathlib import Path

import pytest

from benchmark.store import origins
from benchmark.store.address import Address
from benchmark.store.cells import WEIGHTS, Cell, extend, write

ADDRESS = Address("cave", "wang2017", "quick", 2, "mine", 0)
SCORES = "scene,psnr,sam\nface,30.5,4.25\n"


def stored(results: Path, scores: str = SCORES, weights: bytes = b"weights") -> Cell:
    facts = {
        "key": "a" * 64,
        "status": "done",
        "reason": None,
        "metrics": [{"name": "psnr"}, {"name": "sam"}],
    }
    return write(results, ADDRESS, facts, {"scores.csv": scores.encode(), WEIGHTS: weights})


def test_a_record_counts_for_the_cell_that_it_was_made_for(tmp_path: Path) -> None:
    cell = stored(tmp_path)
    assert origins.evidence(cell) == {}
    origins.note_computed(tmp_path, cell)
    origins.note(tmp_path, ADDRESS, "rescored", origins.identity_of(cell), {"device": "CPU"})
    found = origins.evidence(cell)
    assert list(found) == ["computed", "rescored"]
    assert found["rescored"]["device"] == "CPU"


@pytest.mark.parametrize(
    ("scores", "weights"), [(SCORES.replace("30.5", "30.6"), b"weights"), (SCORES, b"others")]
)
def test_a_record_of_other_scores_or_weights_does_not_count(
    tmp_path: Path, scores: str, weights: bytes
) -> None:
    origins.note_computed(tmp_path, stored(tmp_path))
    assert origins.evidence(stored(tmp_path, scores, weights)) == {}


def test_further_metrics_leave_a_record_valid(tmp_path: Path) -> None:
    cell = stored(tmp_path)
    origins.note_computed(tmp_path, cell)
    more = "scene,psnr,sam,rmse\nface,30.5,4.25,0.01\n"
    metrics = [*cell.facts["metrics"], {"name": "rmse"}]
    extended = extend(tmp_path, cell, {"metrics": metrics}, {"scores.csv": more.encode()})
    assert list(origins.evidence(extended)) == ["computed"]


def test_a_record_is_withdrawn_alone(tmp_path: Path) -> None:
    cell = stored(tmp_path)
    origins.withdraw(tmp_path, ADDRESS, "computed")
    assert not (tmp_path / origins.ORIGINS).exists()
    origins.note_computed(tmp_path, cell)
    origins.note(tmp_path, ADDRESS, "rescored", origins.identity_of(cell), {})
    origins.withdraw(tmp_path, ADDRESS, "rescored")
    assert list(origins.evidence(cell)) == ["computed"]


@pytest.mark.parametrize("content", ["", "[1]", '{"format": 2}', '{"format": 1, "computed": 3}'])
def test_a_damaged_record_is_none(tmp_path: Path, content: str) -> None:
    cell = stored(tmp_path)
    origins.note_computed(tmp_path, cell)
    (file,) = (tmp_path / origins.ORIGINS).rglob("*.json")
    file.write_text(content)
    assert origins.evidence(cell) == {}
    origins.note_computed(tmp_path, cell)
    assert list(origins.evidence(cell)) == ["computed"]


def test_a_record_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    origins.note_computed(tmp_path, stored(tmp_path))
    (file,) = (tmp_path / origins.ORIGINS).rglob("*.json")
    assert file.relative_to(tmp_path).parts[1:] == (
        "cave",
        "wang2017",
        "quick",
        "x2",
        "mine",
        "seed0.json",
    )
    assert str(tmp_path) not in json.dumps(json.loads(file.read_text()))
