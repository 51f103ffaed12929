"""The records of where a cell comes from: what they are bound to, and what they survive."""

import json
from pathlib import Path

import pytest

from benchmark.store import origins
from benchmark.store.address import Address
from benchmark.store.cells import WEIGHTS, Cell, extend, write

ADDRESS = Address("cave", "wang2017", "quick", 2, "mine", 0)
SCORES = "scene,psnr,sam\nface,30.5,4.25\n"


FACTS = {
    "key": "a" * 64,
    "status": "done",
    "reason": None,
    "metrics": [{"name": "psnr"}, {"name": "sam"}],
}


def stored(results: Path, scores: str = SCORES, weights: bytes = b"weights") -> Cell:
    return write(results, ADDRESS, FACTS, {"scores.csv": scores.encode(), WEIGHTS: weights})


def computed(results: Path) -> Cell:
    files = {"scores.csv": SCORES.encode(), WEIGHTS: b"weights"}
    with origins.computed(results, ADDRESS, FACTS, files):
        return write(results, ADDRESS, FACTS, files)


def test_a_record_counts_for_the_cell_that_it_was_made_for(tmp_path: Path) -> None:
    assert origins.evidence(stored(tmp_path)) == {}
    cell = computed(tmp_path)
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
    computed(tmp_path)
    assert origins.evidence(stored(tmp_path, scores, weights)) == {}


def test_further_metrics_leave_a_record_valid(tmp_path: Path) -> None:
    cell = computed(tmp_path)
    more = "scene,psnr,sam,rmse\nface,30.5,4.25,0.01\n"
    metrics = [*cell.facts["metrics"], {"name": "rmse"}]
    extended = extend(tmp_path, cell, {"metrics": metrics}, {"scores.csv": more.encode()})
    assert list(origins.evidence(extended)) == ["computed"]


def test_a_record_is_withdrawn_alone(tmp_path: Path) -> None:
    origins.withdraw(tmp_path, ADDRESS, "computed")
    assert not (tmp_path / origins.ORIGINS).exists()
    cell = computed(tmp_path)
    origins.note(tmp_path, ADDRESS, "rescored", origins.identity_of(cell), {})
    origins.withdraw(tmp_path, ADDRESS, "rescored")
    assert list(origins.evidence(cell)) == ["computed"]


@pytest.mark.parametrize("content", ["", "[1]", '{"format": 2}', '{"format": 1, "computed": 3}'])
def test_a_damaged_record_is_none(tmp_path: Path, content: str) -> None:
    cell = computed(tmp_path)
    (file,) = (tmp_path / origins.ORIGINS).rglob("*.json")
    file.write_text(content)
    assert origins.evidence(cell) == {}
    cell = computed(tmp_path)
    assert list(origins.evidence(cell)) == ["computed"]


def test_a_record_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    computed(tmp_path)
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


def test_a_cell_that_is_not_stored_has_no_record(tmp_path: Path) -> None:
    def full() -> None:
        raise OSError("the disk is full")

    with (
        pytest.raises(OSError, match="full"),
        origins.computed(tmp_path, ADDRESS, FACTS, {"scores.csv": SCORES.encode()}),
    ):
        full()
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_cannot_be_written_keeps_no_cell_from_being_stored(tmp_path: Path) -> None:
    (tmp_path / origins.ORIGINS).write_text("no folder")
    assert origins.evidence(computed(tmp_path)) == {}


def test_a_failed_cell_has_no_record(tmp_path: Path) -> None:
    with origins.computed(tmp_path, ADDRESS, {**FACTS, "status": "failed"}, {}):
        pass
    assert not (tmp_path / origins.ORIGINS).exists()
