"""What is run follows from the options: scenes, data sets, seeds, parameters."""

import math
import re
from pathlib import Path
from typing import NoReturn

import pytest

from benchmark.errors import RequestError
from benchmark.execution.planning import request
from tests.command_line import PSNR, SCENES, SMALL, CommandLine, table
from tests.datasets import makers


def listen(monkeypatch: pytest.MonkeyPatch) -> list[request.Request]:
    """Let requests be made without being carried out; they come into the list."""
    asked: list[request.Request] = []

    def resolve(one: request.Request) -> NoReturn:
        asked.append(one)
        raise RequestError("only listening")

    monkeypatch.setattr(request, "resolve", resolve)
    return asked


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
