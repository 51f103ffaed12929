"""Real runs on tiny scenes, from the command to the cells and tables on disk.

Where only the options and what comes of them matter, `run_all.main` is called in this process
(`CommandLine`); where the process itself matters, one is started (`started`).
"""

import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.command_line import (
    FAILING,
    RAISES,
    SCRIPT,
    SMALL,
    Answer,
    CommandLine,
    rows,
    started,
    table,
)


def bytes_and_times(folder: Path) -> Mapping[str, tuple[bytes, int]]:
    """Return all that would show whether somebody wrote into a folder."""
    return {
        str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[CommandLine, Answer]:
    """Run three methods once as a user would: a process, the profile `quick`, all scenes."""
    folder = tmp_path_factory.mktemp("finished")
    words = ("--dataset", SMALL, "--scales", "3", "--methods", "bicubic,wiener,espcn")
    return CommandLine(folder), started(folder, *words, "--device", "cpu")


def again(line: CommandLine, *more: str) -> Answer:
    """Ask for what `finished` asked for."""
    words = ("--dataset", SMALL, "--scales", "3", "--methods", "bicubic,wiener,espcn")
    return line(*words, "--device", "cpu", *more)


def test_a_first_run_trains_and_stores_every_cell(finished: tuple[CommandLine, Answer]) -> None:
    line, answer = finished
    assert answer.code == 0, answer.err
    assert "3 cells to run, 0 found done" in answer.err
    cells = line.cells()
    assert set(cells) == {"bicubic 0", "wiener 0", "espcn 0"}
    assert {cell["status"] for cell in cells.values()} == {"done"}
    assert cells["bicubic 0"]["parameters"] == 0
    assert cells["espcn 0"]["parameters"] > 20_000
    place = line.results / SMALL / "wang2017" / "quick" / "x3" / "espcn" / "seed0"
    assert sorted(file.name for file in place.iterdir()) == [
        "cell.json",
        "scores.csv",
        "training.csv",
        "weights.safetensors",
    ]
    scenes = [row["scene"] for row in table(place / "scores.csv")]
    assert scenes == ["leaves04", "leaves08", "leaves13", "leaves17"]
    history = table(place / "training.csv")
    assert history
    assert all(math.isfinite(float(row["psnr"])) for row in history)


def test_the_printed_table_holds_the_means_of_the_stored_scores(
    finished: tuple[CommandLine, Answer],
) -> None:
    line, answer = finished
    printed = rows(answer.out)
    for name, method in {"Bicubic": "bicubic", "Wiener": "wiener", "ESPCN": "espcn"}.items():
        (file,) = line.results.glob(f"*/*/*/x3/{method}/seed0/scores.csv")
        scores = table(file)
        for metric, text in zip(("psnr", "sam"), printed[name], strict=True):
            mean = sum(float(row[metric]) for row in scores) / len(scores)
            assert float(text) == pytest.approx(mean, abs=0.0051)
    # Deterministic rows, as they were when this was written.
    assert printed["Bicubic"] == ["27.49", "6.33"]
    assert float(printed["Wiener"][0]) > 30
    assert "SYNTHETIC" in answer.out
    assert "12 for training, 2 for validation, 4 for testing" in answer.out


def test_a_run_writes_the_table_as_markdown_latex_and_csv(
    finished: tuple[CommandLine, Answer],
) -> None:
    line, answer = finished
    folder = line.results / "tables"
    assert sorted(str(file.relative_to(folder)) for file in folder.rglob("*.*")) == [
        f"comparisons/{SMALL}.csv",
        f"{SMALL}.csv",
        f"{SMALL}.md",
        f"{SMALL}.tex",
    ]
    assert f"results/tables/{SMALL}.md" in answer.out.replace(os.sep, "/")
    tidy = table(folder / f"{SMALL}.csv")
    psnr = {row["method"]: row for row in tidy if row["metric"] == "psnr"}
    assert set(psnr) == {"bicubic", "wiener", "espcn"}
    assert {(row["dataset"], row["scale"], row["seed"], row["n"]) for row in tidy} == {
        (SMALL, "3", "0", "4")
    }
    for name, method in {"Bicubic": "bicubic", "Wiener": "wiener", "ESPCN": "espcn"}.items():
        number = f"{float(psnr[method]['mean']):.2f}"
        assert re.search(rf"\| {name} +\| +\**{number}", line.page())
        assert number in (folder / f"{SMALL}.tex").read_text(encoding="utf-8")


def test_a_second_run_finds_everything_done(finished: tuple[CommandLine, Answer]) -> None:
    line, first = finished
    before = bytes_and_times(line.results / SMALL)
    answer = again(line)
    assert answer.code == 0
    assert "0 cells to run, 3 found done" in answer.err
    assert bytes_and_times(line.results / SMALL) == before
    assert rows(answer.out)["ESPCN"] == rows(first.out)["ESPCN"]


@pytest.mark.parametrize("named", [(), ("--dataset", SMALL)], ids=["all", "one"])
def test_tables_rewrites_the_same_files_without_training(
    finished: tuple[CommandLine, Answer], named: tuple[str, ...]
) -> None:
    line, _ = finished
    tables = line.results / "tables"
    before = {file: file.read_bytes() for file in tables.rglob("*.*")}
    cells = bytes_and_times(line.results / SMALL)
    for file in before:
        file.unlink()
    answer = line("tables", *named)
    assert (answer.code, answer.err) == (0, "")
    assert {file: file.read_bytes() for file in tables.rglob("*.*")} == before
    assert bytes_and_times(line.results / SMALL) == cells
    assert rows(answer.out)["Bicubic"] == ["27.49", "6.33"]


def test_a_damaged_cell_is_named_set_aside_and_made_again(hsisr: CommandLine) -> None:
    assert hsisr.tiny("bicubic,wiener").code == 0
    (scores,) = hsisr.results.glob("*/*/*/x3/wiener/seed0/scores.csv")
    whole = scores.read_bytes()
    scores.write_bytes(whole.replace(b"leaves", b"loaves"))
    why = f"{scores.relative_to(hsisr.folder)} does not match its checksum in cell.json"
    shown = hsisr("tables")
    assert shown.code == 0
    assert shown.err == (f"left out of the tables: {why}; repeat its run to compute it again\n")
    assert "Wiener" not in rows(shown.out)
    answer = hsisr.tiny("bicubic,wiener")
    assert answer.code == 0
    assert f": {why}; it is set aside and run again\n" in answer.err
    assert "1 cell to run, 1 found done" in answer.err
    assert scores.read_bytes() == whole
    (aside,) = hsisr.results.glob(".superseded/*/*/*/x3/wiener/seed0*/scores.csv")
    assert b"loaves" in aside.read_bytes()


def test_json_is_the_only_standard_output(
    finished: tuple[CommandLine, Answer],
) -> None:
    line, _ = finished
    found = again(line, "--json").json()
    assert found["done"] == []
    assert found["found"] == [
        f"{method} x3 seed 0 on {SMALL}" for method in ("bicubic", "wiener", "espcn")
    ]
    assert found["failed"] == {}
    assert [Path(path).suffix for path in found["tables"]] == [".md", ".tex", ".csv", ".csv"]
    assert line("tables", "--json").json() == {"tables": found["tables"]}


def test_a_failed_cell_is_run_again_only_when_asked_for(hsisr: CommandLine) -> None:
    plugin = hsisr.folder / "failing.py"
    plugin.write_text(FAILING)
    words = ("bicubic,failing", "--plugin", str(plugin))
    assert hsisr.tiny(*words).code == 1
    second = hsisr.tiny(*words)
    assert second.code == 1
    assert "0 cells to run, 1 found done" in second.err
    assert "ValueError: no such luck" in second.err
    third = hsisr.tiny(*words, "--retry-failed", "--json")
    assert third.code == 1
    assert "1 cell to run, 1 found done" in third.err
    assert list(third.json()["failed"].values()) == ["ValueError: no such luck"]
    plugin.write_text(FAILING.replace(RAISES, "return low"))
    mended = hsisr.tiny(*words)
    assert mended.code == 0
    assert rows(mended.out)["Failing"] == rows(mended.out)["Bicubic"]


def test_the_same_seed_gives_the_same_numbers_again(tmp_path: Path) -> None:
    scores = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        line = CommandLine(tmp_path / name, HSISR_CACHE=str(tmp_path / "cache"))
        assert line.tiny("espcn", "--seeds", "7", "--device", "cpu").code == 0
        (file,) = line.results.glob("*/*/*/*/espcn/seed7/scores.csv")
        scores.append(file.read_bytes())
    assert scores[0] == scores[1]


def test_a_wrong_request_ends_the_process_with_code_2_and_one_line(tmp_path: Path) -> None:
    answer = started(tmp_path, "--methods", "bicubik")
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("error: unknown method 'bicubik'; did you mean bicubic?")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "methods"],
        cwd=tmp_path,
        stdout=writing,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif("HSISR_DATA" not in os.environ, reason="HSISR_DATA says where CAVE is")
def test_real_cave_scenes_give_the_protocols_numbers(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    answer = line("--dataset", "cave", "--data", os.environ["HSISR_DATA"], "--device", "cpu",
                  "--scenes", "balloons,watercolors", "--scales", "3",
                  "--methods", "bicubic,wiener")  # fmt: skip
    assert answer.code == 0, answer.err
    printed = rows(answer.out)
    # The protocol's own figures for this scene; see its description.
    assert printed["Bicubic"] == ["35.41", "2.93"]
    assert float(printed["Wiener"][0]) > float(printed["Bicubic"][0]) + 2
    facts = line.cells()["wiener 0"]["configuration"]["dataset"]
    assert (facts["train"], facts["test"]) == (["watercolors"], ["balloons"])
    assert line.page().startswith("# CAVE (cave+balloons+watercolors) – subset of the scenes")
    assert "not shown, because they are means over the whole test split" in line.page()
