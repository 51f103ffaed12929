"""Exports: valid cells, no paths of this machine, an atomic file."""

import shutil
import zipfile
from pathlib import Path

import pytest

from benchmark.errors import RequestError
from benchmark.store import cells
from benchmark.store.address import Address
from benchmark.store.cells import WEIGHTS
from benchmark.tools.exchange import export, merge
from tests.benchmark.tools.exchange.support import (
    METHODS,
    address,
    failed,
    files,
    place,
    put,
    three,
)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Return a results folder with three cells."""
    three(tmp_path / "results")
    return tmp_path / "results"


def test_every_cell_is_packed_without_its_weights(results: Path, tmp_path: Path) -> None:
    made = export(results, tmp_path / "out.zip")
    assert made.cells == [place(method) for method in METHODS]
    assert made.left_out == []
    stored = {name: content for name, content in files(results).items() if WEIGHTS not in name}
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == stored
        assert archive.testzip() is None
    assert made.summary == f"3 cells in {tmp_path / 'out.zip'} (0.0 MB)"


def test_weights_are_packed_when_asked_for(results: Path, tmp_path: Path) -> None:
    export(results, tmp_path / "out.zip", weights=True)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files(results)


def test_a_data_set_is_chosen_by_its_label(results: Path, tmp_path: Path) -> None:
    other = address(dataset="cave+a+b@x,y")
    put(results, other)
    made = export(results, tmp_path / "out.zip", ["cave+a+b@x,y"])
    assert made.cells == [other.folder(Path()).as_posix()]
    assert len(export(results, tmp_path / "out.zip").cells) == 4
    assert len(export(results, tmp_path / "out.zip", ["cave"]).cells) == 3


def test_a_data_set_without_cells_is_named(results: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no results of data set 'harvard' in .*; found cave"):
        export(results, tmp_path / "out.zip", ["cave", "harvard"])
    assert not (tmp_path / "out.zip").exists()


def test_a_damaged_cell_is_named_and_left_out(results: Path, tmp_path: Path) -> None:
    victim = address().folder(results)
    (victim / "scores.csv").write_text("scene,psnr\nface,99\n")
    made = export(results, tmp_path / "out.zip")
    assert made.cells == [place("bicubic"), place("wiener[joint=true]")]
    assert made.left_out == [cells.damage(victim)]
    assert "scores.csv" in made.left_out[0]
    assert made.summary.endswith(", 1 left out")
    put(results, address(dataset="harvard"))
    assert export(results, tmp_path / "out.zip", ["harvard"]).left_out == []


def test_a_cell_that_changes_while_it_is_read_is_left_out(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = cells.read

    def changing(folder: Path) -> cells.Cell | None:
        cell = read(folder)
        if "espcn" in str(folder):
            put(results, psnr=40)
        elif "bicubic" in str(folder):
            (folder / "scores.csv").write_bytes(b"scene,psnr\n")
        elif cell:
            shutil.rmtree(folder)
        return cell

    monkeypatch.setattr(cells, "read", changing)
    with pytest.raises(RequestError, match=r"no valid cell to export: .*bicubic.* changed while"):
        export(results, tmp_path / "out.zip")
    monkeypatch.setattr(cells, "read", read)
    assert len(export(results, tmp_path / "out.zip").cells) == 1


def test_superseded_unfinished_and_foreign_files_are_not_packed(
    results: Path, tmp_path: Path
) -> None:
    put(results, psnr=33)
    folder = address().folder(results)
    (folder / "notes.txt").write_text("mine")
    shutil.copytree(folder, folder.with_name(".seed0-abc"))
    made = export(results, tmp_path / "out.zip")
    assert len(made.cells) == 3
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert {name.rpartition("/")[2] for name in archive.namelist()} == {
            "cell.json", "scores.csv", "training.csv",
        }  # fmt: skip


def test_progress_is_reported_cell_by_cell(results: Path, tmp_path: Path) -> None:
    calls: list[tuple[str, int, int, str]] = []
    export(results, tmp_path / "out.zip", on_progress=lambda *one: calls.append(one))
    cells = [("export", n, 3, place(method)) for n, method in enumerate(METHODS)]
    assert calls == [*cells, ("export", 3, 3, "")]


def test_paths_of_this_machine_are_removed_from_messages_of_failed_cells(tmp_path: Path) -> None:
    results, other = tmp_path / "results", tmp_path / "other"
    trace = 'File "/home/anna smith/hsisr/job.py", line 99, in run\nsee https://example.org/a/b\n'
    cell = failed(results, "OSError: cannot open /home/anna/x.png", trace)
    export(results, tmp_path / "out.zip")
    assert merge(other, tmp_path / "out.zip").added == [place()]
    there = cells.read(cell.address.folder(other))
    assert there is not None
    assert there.facts["reason"] == "OSError: cannot open x.png"
    assert (there.folder / "traceback.txt").read_text() == trace.replace(
        "/home/anna smith/hsisr/", ""
    )
    for name in set(cell.facts) - {"reason", "sums", "seal"}:
        assert there.facts[name] == cell.facts[name]
    # The exporter recognises its own cell.
    assert merge(results, tmp_path / "out.zip").present == [place()]


def test_having_nothing_to_export_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no results in .*none"):
        export(tmp_path / "none", tmp_path / "out.zip")
    with pytest.raises(RequestError, match=r"thesis\.docx: expected a name that ends in \.zip"):
        export(tmp_path, tmp_path / "thesis.docx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "failing"), [(Path, "replace"), (zipfile.ZipFile, "writestr")])
def test_a_zip_is_written_whole_or_not_at_all(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type, failing: str
) -> None:
    target = tmp_path / "out" / "out.zip"
    target.parent.mkdir()
    target.write_bytes(b"the one before")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(kind, failing, fail)
        with pytest.raises(
            RequestError, match=r"cannot write to .*out\.zip: No space left on device; free space"
        ):
            export(results, target)
    assert [file.name for file in target.parent.iterdir()] == ["out.zip"]
    assert target.read_bytes() == b"the one before"
    export(results, target)
    assert [file.name for file in target.parent.iterdir()] == ["out.zip"]
    assert zipfile.is_zipfile(target)


def test_a_folder_that_cannot_be_made_is_named(results: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        RequestError, match=r"cannot write to .*file/out\.zip: .*; move away what has that name"
    ):
        export(results, tmp_path / "file" / "out.zip")


def test_cells_are_chosen_by_every_part_of_their_addresses(results: Path, tmp_path: Path) -> None:
    other = Address("cave", "li2020", "standard", 4, "espcn", 1)
    put(results, other)
    chosen = [other.folder(Path()).as_posix()]
    file = tmp_path / "out.zip"
    assert export(results, file, protocols=["li2020"]).cells == chosen
    assert export(results, file, profiles=["standard"]).cells == chosen
    assert export(results, file, methods=["espcn"]).cells == [*chosen, place("espcn")]
    made = export(results, file, methods=["wiener[joint=true]", "bicubic"])
    assert made.cells == [place("bicubic"), place("wiener[joint=true]")]
    assert export(results, file, ["cave"], protocols=["wang2017"], methods=["espcn"]).cells == [
        place("espcn")
    ]
    with pytest.raises(RequestError, match=r"no results of method 'srcnn' in .*; .*found espcn"):
        export(results, file, protocols=["li2020"], methods=["srcnn"])
    with pytest.raises(
        RequestError, match=r"no results of protocol 'li2021' in .*did you mean li2020"
    ):
        export(results, file, protocols=["li2021"])


def test_the_sizes_of_weights_are_said_by_method(results: Path, tmp_path: Path) -> None:
    put(results, address(seed=1), weights=bytes(1_500_000))
    made = export(results, tmp_path / "out.zip", weights=True)
    assert made.weights == {"bicubic": 7936, "espcn": 1_508_192, "wiener[joint=true]": 8448}
    assert made.summary.endswith(
        "; weights in MB: bicubic 0.01, espcn 1.51, wiener[joint=true] 0.01, all 1.52"
    )
    assert export(results, tmp_path / "out.zip").weights == {}
