"""Cells on disk: whole or not at all, and read without trust."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmark.errors import RequestError
from benchmark.store import cells as store
from benchmark.store import replacing
from benchmark.store.address import Address, key_of
from benchmark.store.cells import Cell, cells, damage, damaged, extend, read, write

PLACE = Address("cave", "wang2017", "quick", 2, "proposed[alpha=1.0]", 3)
SCORES = b"scene,psnr,sam\n001,30.5,4.25\nface,inf,0.5\n"
FILES = {"scores.csv": SCORES, "weights.safetensors": bytes(range(256))}


def put(results: Path, address: Address = PLACE, **facts: Any) -> Cell:
    """Store a cell."""
    return write(results, address, {"key": "k", "status": "done", "reason": None, **facts}, FILES)


def everything(folder: Path) -> set[str]:
    """List a folder and all below it, hidden files included."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_cell_written_is_the_cell_read(tmp_path: Path) -> None:
    put(tmp_path, reason=None, times={"fit_s": 1.5}, warnings=["é"])
    cell = read(PLACE.folder(tmp_path))
    assert cell is not None
    assert cell.address == PLACE
    assert cell.status == "done"
    assert cell.facts["times"] == {"fit_s": 1.5}
    assert cell.facts["warnings"] == ["é"]
    assert cell.facts["format"] == store.FORMAT
    table = cell.scores()
    assert table["scene"].tolist() == ["001", "face"]
    assert table["psnr"].tolist() == [30.5, float("inf")]
    assert cell.training() is None


def test_scenes_that_are_called_as_missing_values_are_kept(tmp_path: Path) -> None:
    scores = b"scene,psnr,sam\nNA,30.5,\nnull,nan,NA\nnan,inf,1\n"
    facts = {"key": "k", "status": "done", "reason": None}
    table = write(tmp_path, PLACE, facts, {"scores.csv": scores}).scores()
    assert table["scene"].tolist() == ["NA", "null", "nan"]
    assert table["psnr"].isna().tolist() == [False, True, False]
    assert table["sam"].isna().tolist() == [True, True, False]


def test_a_cell_lies_where_its_address_says(tmp_path: Path) -> None:
    put(tmp_path)
    folder = "cave/wang2017/quick/x2/proposed[alpha=1.0]/seed3"
    assert everything(tmp_path) == {
        f"{folder}/{name}" for name in ("cell.json", "scores.csv", "weights.safetensors")
    }


def test_a_training_table_is_read_where_there_is_one(tmp_path: Path) -> None:
    facts = {"key": "k", "status": "done"}
    cell = write(tmp_path, PLACE, facts, {"training.csv": b"step,psnr\n10,30.5\n20,nan\n"})
    table = cell.training()
    assert table is not None
    assert table["step"].tolist() == [10, 20]
    assert table["psnr"].isna().tolist() == [False, True]


def test_an_address_cannot_leave_the_results_folder(tmp_path: Path) -> None:
    bad = Address("../../etc", "a/b", "..", 2, ".hidden", 0)
    folder = bad.folder(tmp_path)
    assert folder.resolve().is_relative_to(tmp_path.resolve())
    assert folder.parts[-2] == "%2Ehidden"


def test_an_address_is_named_for_people() -> None:
    assert str(PLACE) == "proposed[alpha=1.0] x2 seed 3 on cave"


def test_keys_do_not_depend_on_order_and_do_on_every_value() -> None:
    assert key_of({"a": 1, "b": [1, 2]}) == key_of({"b": [1, 2], "a": 1})
    keys = {key_of({"a": value}) for value in (1, 1.5, "1", True, None, [1], {"a": 1})}
    assert len(keys) == 7
    # The same on every machine: SHA-256 of the sorted JSON without spaces.
    assert key_of({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_a_new_cell_sets_the_old_one_aside(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path, reason=number)
    cell = read(PLACE.folder(tmp_path))
    assert cell is not None
    assert cell.facts["reason"] == 2
    place = PLACE.folder(tmp_path).relative_to(tmp_path)
    aside = (tmp_path / ".superseded" / place).parent
    assert sorted(folder.name for folder in aside.iterdir()) == ["seed3.0", "seed3.1"]
    old = [json.loads((aside / f"seed3.{n}" / "cell.json").read_text()) for n in (0, 1)]
    assert [facts["reason"] for facts in old] == [0, 1]


def test_superseded_and_unfinished_cells_are_not_listed(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path)
    folder = PLACE.folder(tmp_path)
    shutil.copytree(folder, folder.with_name(".seed3-abc"))
    assert [cell.address for cell in cells(tmp_path)] == [PLACE]


def test_cells_come_in_the_order_of_addresses(tmp_path: Path) -> None:
    places = [Address("b", "p", "q", 2, "m", 0), Address("a", "p", "q", 10, "m", 0),
              Address("a", "p", "q", 2, "m", 11), Address("a", "p", "q", 2, "m", 2)]  # fmt: skip
    for place in places:
        put(tmp_path, place)
    assert [cell.address for cell in cells(tmp_path)] == sorted(places)
    assert [cell.address.seed for cell in cells(tmp_path)] == [2, 11, 0, 0]


def test_an_empty_results_folder_has_no_cells(tmp_path: Path) -> None:
    assert list(cells(tmp_path)) == []
    assert list(cells(tmp_path / "none")) == []
    assert read(tmp_path) is None


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_makes_a_cell_unread(tmp_path: Path, name: str) -> None:
    put(tmp_path)
    file = PLACE.folder(tmp_path) / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert read(file.parent) is None
    file.write_bytes(FILES[name])
    assert read(file.parent) is not None


@pytest.mark.parametrize("name", ["scores.csv", "cell.json"])
def test_a_lost_file_makes_a_cell_unread(tmp_path: Path, name: str) -> None:
    put(tmp_path)
    (PLACE.folder(tmp_path) / name).unlink()
    assert read(PLACE.folder(tmp_path)) is None


@pytest.mark.parametrize("name", ["cell.json", "scores.csv"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["unix", "windows"])
def test_a_byte_order_mark_and_other_line_ends_are_no_damage(
    tmp_path: Path, name: str, mark: bytes, end: bytes
) -> None:
    written = put(tmp_path)
    file = written.folder / name
    file.write_bytes(mark + file.read_bytes().replace(b"\n", end))
    cell = read(written.folder)
    assert cell is not None
    assert cell.facts["sums"] == written.facts["sums"]
    table = cell.scores()
    assert table.columns.tolist() == ["scene", "psnr", "sam"]
    assert table["sam"].tolist() == [4.25, 0.5]
    assert store.content_of(cell.folder / "scores.csv", cell.facts["sums"]["scores.csv"]) == SCORES


def test_what_is_wrong_with_a_cell_is_said_in_a_line(tmp_path: Path) -> None:
    folder = PLACE.folder(tmp_path)
    assert damage(folder) == ""
    put(tmp_path)
    assert damage(folder) == ""
    assert damaged(tmp_path) == []
    whole = (folder / "cell.json").read_text()
    (folder / "scores.csv").write_bytes(SCORES.replace(b"30.5", b"40.5"))
    assert damage(folder) == f"{folder / 'scores.csv'} does not match its checksum in cell.json"
    (folder / "scores.csv").unlink()
    assert damage(folder).startswith(f"{folder / 'scores.csv'} cannot be read")
    (folder / "cell.json").write_text(whole.replace('"done"', '"gone"'))
    assert damage(folder).endswith("does not match its checksum: it was edited or cut short")
    (folder / "cell.json").write_text(whole.replace('"format": 1', '"format": 9'))
    assert damage(folder).endswith("has format 9, expected 1")
    (folder / "cell.json").write_text("[]")
    assert damaged(tmp_path) == [damage(folder)]
    assert damage(folder).endswith("is not a cell: it cannot be parsed or lacks entries")
    (folder / "cell.json").unlink()
    assert damage(folder).endswith("cell.json is missing")


def test_weights_alone_may_be_left_behind(tmp_path: Path) -> None:
    put(tmp_path)
    (PLACE.folder(tmp_path) / store.WEIGHTS).unlink()
    cell = read(PLACE.folder(tmp_path))
    assert cell is not None
    assert cell.scores()["psnr"].tolist()[0] == 30.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        "{}",
        '{"format": 1}',
        '{"format": 2, "address": {}, "sums": {}}',
        '{"format": 1, "address": {"dataset": "a"}, "sums": {}}',
        '{"format": 1, "address": [], "sums": {}}',
        '{"format": 1, "address": null, "sums": null}',
    ],
)
def test_a_cell_file_that_is_none_makes_a_cell_unread(tmp_path: Path, text: str) -> None:
    put(tmp_path)
    (PLACE.folder(tmp_path) / "cell.json").write_text(text)
    assert read(PLACE.folder(tmp_path)) is None
    assert list(cells(tmp_path)) == []


def test_a_truncated_cell_file_makes_a_cell_unread(tmp_path: Path) -> None:
    put(tmp_path)
    file = PLACE.folder(tmp_path) / "cell.json"
    content = file.read_bytes()
    for length in range(0, len(content) - 2, 7):
        file.write_bytes(content[:length])
        assert read(file.parent) is None


def test_a_copied_folder_is_merged(tmp_path: Path) -> None:
    put(tmp_path / "there")
    shutil.copytree(tmp_path / "there", tmp_path / "here")
    assert [cell.address for cell in cells(tmp_path / "here")] == [PLACE]


@pytest.mark.parametrize(
    ("module", "failing"),
    [(store, "write_flushed"), (replacing, "flush_folder"), (replacing, "set_aside")],
)
def test_nothing_temporary_is_left_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, failing: str
) -> None:
    put(tmp_path, reason="old")
    before = everything(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, failing, fail)
    with pytest.raises(RequestError, match=r"No space left on device; .*--results"):
        put(tmp_path, reason="new")
    assert everything(tmp_path) == before
    cell = read(PLACE.folder(tmp_path))
    assert cell is not None
    assert cell.facts["reason"] == "old"


def test_numbers_that_json_lacks_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        put(tmp_path, times={"fit_s": float("nan")})
    assert everything(tmp_path) == set()


def test_a_results_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("in the way")
    with pytest.raises(RequestError, match=r"cannot write to the results folder .*results"):
        put(tmp_path / "results")


def test_a_cell_in_another_cells_place_is_foreign(tmp_path: Path) -> None:
    cell = put(tmp_path)
    other = replace(cell.address, seed=cell.address.seed + 1).folder(tmp_path)
    shutil.copytree(cell.folder, other)
    assert read(other) is None
    assert "holds a cell whose place is" in damage(other)
    assert len(damaged(tmp_path)) == 1
    assert [found.address for found in cells(tmp_path)] == [cell.address]


ADDED = {"scores.csv": SCORES.replace(b"sam\n", b"sam,ssim\n").replace(b"5\n", b"5,0.5\n")}


def test_an_extended_cell_has_new_entries_and_keeps_the_others(tmp_path: Path) -> None:
    before = put(tmp_path, times={"fit_s": 1.5}, metrics=["psnr"])
    (before.folder / "notes").mkdir()
    (before.folder / "notes" / "mine.txt").write_text("the user's")
    after = extend(tmp_path, before, {"metrics": ["psnr", "ssim"]}, ADDED)
    found = read(PLACE.folder(tmp_path))
    assert found is not None
    assert found.facts == {name: value for name, value in after.facts.items() if name != "seal"}
    assert found.scores().columns.tolist() == ["scene", "psnr", "sam", "ssim"]
    assert found.facts["metrics"] == ["psnr", "ssim"]
    for name in ("key", "address", "status", "times"):
        assert found.facts[name] == before.facts[name]
    assert found.facts["sums"][store.WEIGHTS] == before.facts["sums"][store.WEIGHTS]
    assert (found.folder / "notes" / "mine.txt").read_text() == "the user's"
    # Nothing else stays: the former cell is contained in the new one.
    assert {path.parts[0] for path in map(Path, everything(tmp_path))} == {"cave"}
    assert not (tmp_path / ".superseded").exists()


def test_extending_without_links_copies_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr("os.link", refuse)
    extend(tmp_path, put(tmp_path), {}, ADDED)
    assert read(PLACE.folder(tmp_path)) is not None
    assert (PLACE.folder(tmp_path) / store.WEIGHTS).read_bytes() == FILES[store.WEIGHTS]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["write_flushed", "rename"])
def test_a_cell_stays_as_it_was_if_extending_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, step: str
) -> None:
    cell = put(tmp_path)
    before = {name: (cell.folder / name).read_bytes() for name in everything(cell.folder)}
    rename = Path.rename

    def fail(source: Path, *arguments: Any) -> Path:
        if step == "rename" and not source.name.startswith("."):
            return rename(source, *arguments)
        raise error

    place: object = Path if step == "rename" else store
    monkeypatch.setattr(place, step, fail)
    with pytest.raises((RequestError, KeyboardInterrupt)):
        extend(tmp_path, cell, {"metrics": ["ssim"]}, ADDED)
    assert {name: (cell.folder / name).read_bytes() for name in everything(cell.folder)} == before
    assert [path.name for path in cell.folder.parent.iterdir()] == ["seed3"]
