"""A file gives the options of a run; a cell keeps them, so that its run can be repeated."""

import json
import tomllib
from pathlib import Path

import pytest

import run_all
from tests.command_line import SCENES, SMALL, CommandLine

RACE = f"""
dataset = "{SMALL}"
scenes = {SCENES.split(",")}
scales = [3]
profile = "tiny"
methods = ["bicubic", "wiener[joint=true]"]
seeds = 0
"""


@pytest.fixture
def race(hsisr: CommandLine) -> Path:
    """Write a file of options into the folder of the command line."""
    file = hsisr.folder / "race.toml"
    file.write_text(RACE, encoding="utf-8")
    return file


def test_a_file_gives_the_options_of_a_run(hsisr: CommandLine, race: Path) -> None:
    answer = hsisr("--config", "race.toml", "--json")
    assert answer.code == 0, answer.err
    assert len(answer.json()["done"]) == 2
    written = hsisr.tiny("bicubic,wiener[joint=true]", "--json")
    assert written.json()["found"] == answer.json()["done"]  # the same cells, by the same keys


def test_the_home_of_the_user_is_known_wherever_a_path_stands(
    hsisr: CommandLine, race: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(hsisr.folder / "home"))
    monkeypatch.setenv("USERPROFILE", str(hsisr.folder / "home"))
    (hsisr.folder / "home").mkdir()
    race.rename(hsisr.folder / "home" / "race.toml")
    race.with_name("more.toml").write_text(f'results = "~/x"\ncache = "~/kept"\n{RACE}')
    assert hsisr("--config", "more.toml").code == 0
    assert hsisr("--config=~/race.toml", "--results=~/y", "--methods", "bicubic").code == 0
    assert hsisr("tables", "--results=~/y").code == 0
    assert {one.name for one in (hsisr.folder / "home").iterdir()} == {
        "race.toml", "x", "y", "kept",
    }  # fmt: skip
    assert not (hsisr.folder / "~").exists()
    answer = hsisr("tables", "--results", "~nobody-at-all/x")
    assert (answer.code, answer.err) == (
        2,
        "error: ~nobody-at-all/x: there is no user nobody-at-all; correct it\n",
    )


def test_the_command_line_wins_over_the_file(hsisr: CommandLine, race: Path) -> None:
    shown = hsisr("--config", "race.toml", "--scales", "2", "--seeds", "4,5", "--print-config")
    options = tomllib.loads(shown.out)
    assert (shown.code, options["scales"], options["seeds"]) == (0, [2], [4, 5])
    assert options["methods"] == ["bicubic", "wiener[joint=true]"]


def test_what_is_printed_is_a_file_that_repeats_the_run(hsisr: CommandLine, race: Path) -> None:
    words = ("--jobs", "2", "--plugin", "a b.py", "--checkpoint-every", "0.5", "--retry-failed")
    (hsisr.folder / "a b.py").write_text(
        'from benchmark.method import Method, register\n\n@register("x")\nclass X(Method):\n'
        '    """X."""\n'
    )
    first = hsisr("--config", "race.toml", *words, "--print-config").out
    race.write_text(first, encoding="utf-8")
    again = hsisr("--config", "race.toml", "--print-config").out
    assert again == first
    options = tomllib.loads(first)
    assert (options["jobs"], options["plugin"]) == (2, ["a b.py"])
    assert (options["checkpoint-every"], options["retry-failed"]) == (0.5, True)
    assert not list(hsisr.folder.glob("results"))  # nothing was started


def test_a_cell_keeps_the_options_of_its_run(hsisr: CommandLine, race: Path) -> None:
    hsisr("--config", "race.toml", "--data", str(hsisr.folder), "--checkpoint-every", "5")
    for cell in hsisr.cells().values():
        assert cell["request"] == {
            "dataset": [SMALL], "train-on": [], "scenes": SCENES.split(","),
            "protocol": "wang2017", "profile": "tiny", "scales": [3],
            "methods": ["bicubic", "wiener[joint=true]"], "metrics": [], "seeds": [0],
            "device": "auto", "checkpoint-every": 5.0,
        }  # fmt: skip
    file = next(hsisr.results.rglob("cell.json"))
    assert str(hsisr.folder) not in json.dumps(json.loads(file.read_text())["request"])
    again = hsisr("--config", str(file), "--json")
    assert (again.code, len(again.json()["found"])) == (0, 2), again.err


def test_groups_and_scales_are_written_out(hsisr: CommandLine) -> None:
    options = tomllib.loads(hsisr("--print-config").out)
    assert (options["methods"], options["scales"]) == (["default"], [2, 3, 4])


REFUSED = {
    'train_on = "cave"': "race.toml: 'train_on' is not an option; did you mean train-on? (see",
    "zzz = 1": "race.toml: 'zzz' is not an option; the keys are: dataset, scales, methods, ",
    "config = 'a'": "race.toml: config is for the command line alone; leave it out",
    "plan = true": "race.toml: plan is for the command line alone; leave it out",
    'jobs = "2"': "race.toml: jobs: expected a whole number, found '2'",
    "jobs = true": "race.toml: jobs: expected a whole number, found true",
    "jobs = 0": "race.toml: jobs: expected greater than or equal to 1, found 0",
    "cell-timeout = nan": "race.toml: cell-timeout: expected ",
    "cell-timeout = '9'": "race.toml: cell-timeout: expected a number, found '9'",
    "retry-failed = 1": "race.toml: retry-failed: expected true or false, found 1",
    "seeds = [0.5]": "race.toml: seeds: expected a text, a whole number, or a list of these, found",
    'profile = ["quick"]': 'race.toml: profile: expected a text, found ["quick"]',
    "results = 3": "race.toml: results: expected a path as a text, found 3",
    "plugin = [1]": "race.toml: plugin: expected a path or a list of paths, found [1]",
    "dataset = []": "race.toml: dataset is empty; give it a value or leave it out",
    "[slurm]\na = 1": "race.toml: slurm: expected a text, found a table",
    "a = = 1": "race.toml is not TOML: ",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_a_file_cannot_say_is_refused_by_file_and_key(
    hsisr: CommandLine, race: Path, text: str
) -> None:
    race.write_text(text, encoding="utf-8")
    answer = hsisr("--config", "race.toml")
    assert answer.code == 2
    assert answer.err.startswith(f"error: {REFUSED[text]}")
    assert answer.err.count("\n") == 1


def test_files_that_hold_no_options_are_refused(hsisr: CommandLine) -> None:
    assert "none.toml: it cannot be read: No such" in hsisr("--config", "none.toml").err
    (hsisr.folder / "cell.json").write_text("{}", encoding="utf-8")
    assert "cell.json has no entry `request`; " in hsisr("--config", "cell.json").err
    (hsisr.folder / "cell.json").write_text("{", encoding="utf-8")
    assert "cell.json is not JSON: " in hsisr("--config", "cell.json").err


def test_options_of_a_cluster_that_is_not_used_may_stay_in_a_file(
    hsisr: CommandLine, race: Path
) -> None:
    race.write_text('on = "slurm"\npartition = "gpu"\n', encoding="utf-8")
    assert hsisr("--config", "race.toml", "--on", "", "--print-config").code == 0
    assert "--partition needs --on slurm" in hsisr("--partition", "gpu").err


def test_every_option_of_a_run_can_stand_in_a_file() -> None:
    """A new option of a type that files do not know would fail only when it is used."""
    from typing import get_type_hints

    from benchmark.cli.config import _EXPECTED

    kinds = get_type_hints(run_all.run)
    known = {*_EXPECTED, Path | None, list[Path] | None}
    assert {name for name, kind in kinds.items() if kind not in known} <= {"context", "return"}
