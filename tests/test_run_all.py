"""The command line: real runs on tiny scenes, from the options to the tables on disk.

Where only the options and what comes of them matter, `run_all.main` is called in this process
(`CommandLine`); where the process itself matters, one is started (`started`).
"""

import csv
import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from benchmark.errors import RequestError
from benchmark.execution.planning import request
from tests.command_line import SCENES, SCRIPT, SMALL, Answer, CommandLine, rows, started
from tests.datasets import makers

PSNR, SAM = "PSNR ↑", "SAM ↓"


RAISES = 'raise ValueError("no such luck\\non two lines")'
FAILING = f"""
from benchmark.method import Method, register

@register("failing", title="Failing", paper="nobody")
class Failing(Method):
    def upscale(self, low, problem, state):
        {RAISES}
"""


def table(file: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def bytes_and_times(folder: Path) -> Mapping[str, tuple[bytes, int]]:
    """Return all that would show whether somebody wrote into a folder."""
    return {
        str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file()
    }


def listen(monkeypatch: pytest.MonkeyPatch) -> list[request.Request]:
    """Let requests be made without being carried out; they come into the list."""
    asked: list[request.Request] = []

    def resolve(one: request.Request) -> NoReturn:
        asked.append(one)
        raise RequestError("only listening")

    monkeypatch.setattr(request, "resolve", resolve)
    return asked


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


def test_help_answers_without_importing_anything_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(SCRIPT), "--help"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()
    }
    assert "typer" in imported
    heavy = {"torch", "numpy", "pandas", "scipy", "h5py", "skimage", "PIL", "pooch"}
    assert not imported & (heavy | {"datasets", "methods"})
    for word in ("--dataset", "--methods", "--profile", "tables", "fetch", "Exit codes"):
        assert word in done.stdout


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


def test_methods_lists_each_with_its_paper_and_parameters(hsisr: CommandLine) -> None:
    answer = hsisr("methods")
    assert (answer.code, answer.err) == (0, "")
    names = [line for line in answer.out.splitlines() if not line.startswith(" ")]
    closed = ["bicubic", "back_projection", "wiener", "total_variation"]
    assert [name for name in names if name in closed] == closed
    assert set(names) >= {"srcnn", "espcn", "vdsr", "proposed"}
    assert "    parameters: joint (true or false, default false): " in answer.out
    listed = hsisr("methods", "--json").json()
    assert [one["name"] for one in listed] == names
    assert all(one["paper"] for one in listed)
    assert {one["name"]: one["inputs"] for one in listed}["espcn"] == "low, band by band"


def test_methods_writes_a_table_of_sizes_and_published_numbers(hsisr: CommandLine) -> None:
    answer = hsisr("methods", "--table", "--methods", "bicubic,espcn")
    assert (answer.code, answer.err) == (0, "")
    row = next(line for line in answer.out.splitlines() if "`espcn`" in line)
    assert [cell.strip() for cell in row.split("|")][4:6] == ["21,284", "24,752"]
    assert "wang2017, cave: PSNR" in answer.out
    found = hsisr("methods", "--table", "--methods", "espcn", "--json").json()
    assert found["measured"] is None
    assert found["methods"][0]["parameters"] == {"2": 21284, "4": 24752}
    refused = hsisr("methods", "--measure")
    assert refused.code == 2
    assert refused.err == "error: --measure needs --table, which shows what was measured\n"


def test_the_page_of_methods_has_a_row_for_each_and_their_sizes(hsisr: CommandLine) -> None:
    page = (SCRIPT.parent / "docs" / "findings" / "methods.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| .+? \(`(.+?)`\) ", page, re.MULTILINE)
    assert rows == [one["name"] for one in hsisr("methods", "--json").json()]
    assert re.search(r"`espcn`.* 21,284 \| +24,752 ", page)


def test_datasets_lists_each_with_its_scenes(hsisr: CommandLine) -> None:
    answer = hsisr("datasets")
    assert (answer.code, answer.err) == (0, "")
    listed = {one["name"]: one for one in hsisr("datasets", "--json").json()}
    assert {name: one["scenes"] for name, one in listed.items()} == {
        "cave": "32, of them 7 for testing",
        "chikusei": "20, of them 4 for testing",
        "folder": "as in --dataset 'folder[path=DIR,test=a+b]'",
        "harvard": "77, of them 10 for testing",
        "indian_pines": "5, of them 3 for testing",
        "pavia_centre": "7, of them 5 for testing",
        "synthetic": "18, of them 4 for testing",
    }
    for one in listed.values():
        assert f"    scenes: {one['scenes']}" in answer.out


def test_without_options_the_synthetic_scenes_are_run_quickly(
    hsisr: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = listen(monkeypatch)
    assert hsisr().code == 2
    (one,) = asked
    assert (one.datasets, one.profile, one.protocol, one.seeds) == (
        "synthetic",
        "quick",
        "wang2017",
        "0",
    )
    assert (one.scales, one.methods, one.scenes, one.train_on, one.device) == (
        "",
        "",
        "",
        "",
        "auto",
    )
    assert (one.data, one.results) == (Path("data"), Path("results"))


def test_folders_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = listen(monkeypatch)
    line = CommandLine(tmp_path, HSISR_DATA="elsewhere", HSISR_CACHE="store")
    line()
    line("--data", "here")
    assert [(str(one.data), str(one.cache)) for one in asked] == [
        ("elsewhere", "store"),
        ("here", "store"),
    ]


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("--results", "elsewhere", "tables"), "--results"),
        (("--dataset", "cave", "tables"), "--dataset"),
        (("--json", "methods"), "--json"),
        (("--plugin", "mine.py", "methods"), "--plugin"),
        (("--retry-failed", "datasets"), "--retry-failed"),
        (("--train-on", "cave", "datasets"), "--train-on"),
    ],
)
def test_an_option_before_a_command_is_refused(
    hsisr: CommandLine, words: tuple[str, ...], option: str
) -> None:
    answer = hsisr(*words)
    assert answer.code == 2
    assert answer.err == (
        f"error: {option} stands before the command '{words[-1]}'; options of a command stand "
        "after its name\n"
    )


def test_a_subset_of_the_scenes_is_marked_in_every_table(hsisr: CommandLine) -> None:
    answer = hsisr.tiny("bicubic")
    assert answer.code == 0
    assert "subset of the scenes" in answer.out.splitlines()[0]
    assert "SUBSET" in answer.out
    (tex,) = (hsisr.results / "tables").glob("*.tex")
    title = hsisr.page().splitlines()[0]
    assert "subset of the scenes" in title
    assert (
        "a SUBSET: 1 for training (leaves01), 1 for validation (leaves06), 1 for testing (leaves04)"
    ) in hsisr.page()
    assert "subset of the scenes" in tex.read_text(encoding="utf-8")
    (cell,) = hsisr.cells().values()
    assert cell["configuration"]["dataset"]["subset"] is True
    # It has a place of its own: it never overwrites, or passes for, the whole.
    assert cell["address"]["dataset"] == f"{SMALL}+leaves01+leaves04+leaves06"


def test_scenes_in_another_order_or_named_twice_are_the_same_subset(hsisr: CommandLine) -> None:
    words = ("--dataset", SMALL, "--scales", "3", "--methods", "bicubic", "--scenes")
    assert "1 cell to run" in hsisr(*words, "leaves04,leaves01").err
    assert "0 cells to run, 1 found" in hsisr(*words, "leaves01,leaves04").err
    assert "0 cells to run, 1 found" in hsisr(*words, "leaves01,leaves04,leaves01").err


def test_what_was_trained_on_is_recorded_and_shown(hsisr: CommandLine) -> None:
    data = hsisr.folder / "data"
    makers.cave_folder(data / "cave", "balloons", "beads")
    makers.mat5(data / "harvard" / "imga5.mat", ref=makers.harvard_cube())
    words = ("--dataset", "cave", "--scenes", "balloons,beads,imga5", "--scales", "2")
    together = hsisr(*words, "--train-on", "cave,harvard", "--methods", "bicubic,wiener")
    assert together.code == 0, together.err
    cells = hsisr.cells()
    facts = cells["wiener 0"]["configuration"]["dataset"]
    assert facts["trained_on"] == ["cave", "harvard"]
    assert (facts["train"], facts["test"]) == (["beads", "imga5"], ["balloons"])
    assert cells["wiener 0"]["address"]["dataset"] == "cave+balloons+beads+imga5@cave+harvard"
    assert "- **Trained on:** cave, harvard" in hsisr.page()
    alone = hsisr(*words[:2], "--scenes", "balloons,beads", *words[4:], "--methods", "wiener")
    assert alone.code == 0, alone.err
    place = hsisr.results / "cave+balloons+beads"
    (weights,) = place.rglob("weights.safetensors")
    (others,) = (hsisr.results / "cave+balloons+beads+imga5@cave+harvard").rglob(weights.name)
    assert weights.read_bytes() != others.read_bytes()
    page = (hsisr.results / "tables" / "cave+balloons+beads.md").read_text(encoding="utf-8")
    assert "Trained on" not in page


def test_several_data_sets_get_a_table_each(hsisr: CommandLine) -> None:
    other = "synthetic[rows=40,columns=48,bands=5]"
    answer = hsisr("--dataset", f"{SMALL},{other}", "--scenes", SCENES, "--scales", "2",
                   "--methods", "bicubic")  # fmt: skip
    assert answer.code == 0
    assert answer.out.count(PSNR) == 2
    assert sorted(file.name for file in (hsisr.results / "tables").glob("*.csv")) == sorted(
        f"{one}+{SCENES.replace(',', '+')}.csv" for one in (SMALL, other)
    )


def test_a_data_set_named_twice_gets_one_table(hsisr: CommandLine) -> None:
    same = "synthetic[bands=5,columns=40,rows=48]"
    answer = hsisr("--dataset", f"{SMALL},{same}", "--scenes", SCENES, "--scales", "2",
                   "--methods", "bicubic,bicubic")  # fmt: skip
    assert answer.code == 0
    assert list(hsisr.cells()) == ["bicubic 0"]
    assert answer.out.count(PSNR) == 1


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


def test_several_seeds_are_several_cells_and_one_row_with_their_spread(
    hsisr: CommandLine,
) -> None:
    answer = hsisr.tiny("bicubic,espcn", "--seeds", "0,1,1")
    assert answer.code == 0, answer.err
    cells = hsisr.cells()
    assert set(cells) == {"bicubic 0", "espcn 0", "espcn 1"}
    tidy = table(*(hsisr.results / "tables").glob("*.csv"))
    first, second = (
        float(row["mean"]) for row in tidy if (row["method"], row["metric"]) == ("espcn", "psnr")
    )
    assert first != second
    mean, spread = (first + second) / 2, abs(first - second) / math.sqrt(2)
    assert re.search(rf"\| ESPCN +\|[ *]+{mean:.2f} ± {spread:.2f}", hsisr.page())
    assert "- **Seeds:** 0, 1" in hsisr.page()


def test_the_same_seed_gives_the_same_numbers_again(tmp_path: Path) -> None:
    scores = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        line = CommandLine(tmp_path / name, HSISR_CACHE=str(tmp_path / "cache"))
        assert line.tiny("espcn", "--seeds", "7", "--device", "cpu").code == 0
        (file,) = line.results.glob("*/*/*/*/espcn/seed7/scores.csv")
        scores.append(file.read_bytes())
    assert scores[0] == scores[1]


def test_two_parameter_variants_of_a_method_are_two_rows(hsisr: CommandLine) -> None:
    answer = hsisr.tiny("wiener,wiener[joint=true],wiener[joint=false],wiener[joint=yes]")
    assert answer.code == 0
    assert set(hsisr.cells()) == {"wiener 0", "wiener[joint=true] 0"}
    names = re.findall(r"^\| (Wiener.*?) +\|", hsisr.page(), re.MULTILINE)
    assert len(set(names)) == 2
    assert names[0] == "Wiener"
    assert "joint=true" in names[1]
    tidy = table(*(hsisr.results / "tables").glob("*.csv"))
    one, other = (row["mean"] for row in tidy if row["metric"] == "psnr")
    assert one != other


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
