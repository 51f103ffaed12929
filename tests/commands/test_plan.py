"""`run_all.py --plan`: what there is to do and why, without doing any of it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmark.execution.planning.plan import CellPlan
from benchmark.store.address import Address
from benchmark.store.lock import CellLock
from tests.benchmark.store.test_lock import everything, locked_elsewhere
from tests.command_line import SMALL, Answer, CommandLine, rows
from tests.commands.test_plugins import MINE, STRIPES, written

LABEL = f"{SMALL}+leaves01+leaves04+leaves06"
LAYER = 'nn.Conv2d(problem.bands, problem.bands, self.kernel, padding="same")'
DEEPER = f"nn.Sequential({LAYER}, nn.ReLU(), {LAYER})"
assert LAYER in MINE

BREAKING = """
from pathlib import Path

from torch import nn

from benchmark.method import NetworkMethod, register


@register("breaking", title="Breaking")
class Breaking(NetworkMethod):
    def network(self, problem):
        Path("begun").touch()
        raise ValueError("no network <today>")
"""


def plan(hsisr: CommandLine, methods: str, *words: str) -> list[dict[str, str]]:
    """Ask for a plan of the tiny run; gives its rows, which must be what is printed as well."""
    shown = hsisr.tiny(methods, "--plan", *words)
    answer = hsisr.tiny(methods, "--plan", "--json", *words)
    assert (shown.code, answer.code) == (0, 0)
    found: list[dict[str, str]] = answer.json()
    lines = shown.out.splitlines()
    assert len(lines) == len(found) + 1
    for line, row in zip(lines, found, strict=False):
        assert line.split() == [row["state"], *told(row).split()]
    return found


def told(row: dict[str, str]) -> str:
    """Write one row as a line, but for its state."""
    return f"{row['cell']}: {row['why']}" if row["why"] else row["cell"]


def states(hsisr: CommandLine, methods: str, *words: str) -> list[str]:
    """Return only the states."""
    return [row["state"] for row in plan(hsisr, methods, *words)]


def place(hsisr: CommandLine, method: str) -> Path:
    """Find a cell's folder."""
    (folder,) = hsisr.results.glob(f"*/*/*/x3/{method}/seed0")
    return folder


def facts(hsisr: CommandLine, method: str) -> dict[str, Any]:
    """Read a cell's `cell.json`."""
    found: dict[str, Any] = json.loads((place(hsisr, method) / "cell.json").read_text())
    return found


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what would tell that any file or folder was touched."""
    return {
        name: (about.st_mtime_ns, about.st_size)
        for name in everything(folder)
        for about in [(folder / name).stat()]
    }


def test_at_first_everything_is_missing(hsisr: CommandLine) -> None:
    answer = hsisr.tiny("bicubic,srcnn", "--plan")
    assert answer.code == 0
    assert answer.out.splitlines() == [
        f"missing bicubic x3 seed 0 on {LABEL}: not run yet",
        f"missing srcnn x3 seed 0 on {LABEL}: not run yet",
        "2 cells: 2 missing",
    ]


def test_json_is_the_only_standard_output(hsisr: CommandLine) -> None:
    assert hsisr.tiny("bicubic", "--plan", "--json").json() == [
        {"cell": f"bicubic x3 seed 0 on {LABEL}", "state": "missing", "why": "not run yet"}
    ]


def test_nothing_is_started(hsisr: CommandLine) -> None:
    plugin = written(hsisr.folder, "breaking.py", BREAKING)
    assert states(hsisr, "breaking,wiener", "--plugin", plugin) == ["missing", "missing"]
    assert not (hsisr.folder / "begun").exists()
    assert not hsisr.results.exists()


def test_no_file_is_made_but_for_the_prepared_scenes(hsisr: CommandLine) -> None:
    hsisr.tiny("bicubic,srcnn", "--plan")
    assert [path.name for path in hsisr.folder.iterdir()] == [".cache"]
    assert [path.name for path in (hsisr.folder / ".cache").iterdir()] == ["scenes"]
    before = snapshot(hsisr.folder)
    hsisr.tiny("bicubic,srcnn", "--plan", "--json")
    assert snapshot(hsisr.folder) == before


def test_what_was_run_is_done_and_no_file_is_touched(hsisr: CommandLine) -> None:
    assert hsisr.tiny("bicubic,srcnn").code == 0
    before = snapshot(hsisr.folder)
    answer = hsisr.tiny("bicubic,srcnn,wiener", "--plan")
    assert answer.out.splitlines() == [
        f"done    bicubic x3 seed 0 on {LABEL}",
        f"done    srcnn x3 seed 0 on {LABEL}",
        f"missing wiener x3 seed 0 on {LABEL}: not run yet",
        "3 cells: 2 done, 1 missing",
    ]
    assert snapshot(hsisr.folder) == before


def test_every_cell_of_the_request_has_its_line(hsisr: CommandLine) -> None:
    words = ("--plan", "--dataset", f"{SMALL},{SMALL[:-1]},seed=1]", "--scales", "2,3")
    answer = hsisr(*words, "--methods", "bicubic,srcnn", "--seeds", "0,7")
    lines = answer.out.splitlines()
    # A method that draws nothing has one seed.
    assert len(lines) == 2 * 2 * (1 + 2) + 1
    assert lines[-1] == "12 cells: 12 missing"
    assert f"missing srcnn x2 seed 7 on {SMALL[:-1]},seed=1]: not run yet" in lines
    assert len(set(lines)) == 13


def test_what_belongs_to_another_place_is_missing_and_not_stale(hsisr: CommandLine) -> None:
    """A profile, a protocol and a subset have cells of their own."""
    assert hsisr.tiny("bicubic").code == 0
    words = ("--plan", "--methods", "bicubic", "--scales", "3", "--dataset", SMALL)
    subset = ("--scenes", "leaves01,leaves04,leaves06")
    for others in (
        (*subset, "--profile", "quick"),
        (*subset, "--profile", "tiny", "--protocol", "wang2017-float"),
        ("--scenes", "leaves01,leaves04", "--profile", "tiny"),
    ):
        assert "1 cell: 1 missing" in hsisr(*words, *others).out
    assert "1 cell: 1 done" in hsisr(*words, *subset, "--profile", "tiny").out


def test_a_failed_cell_says_why(hsisr: CommandLine) -> None:
    plugin = written(hsisr.folder, "breaking.py", BREAKING)
    assert hsisr.tiny("breaking,bicubic", "--plugin", plugin).code == 1
    failed, done = plan(hsisr, "breaking,bicubic", "--plugin", plugin)
    assert failed["state"] == "failed"
    assert failed["why"] == "ValueError: no network <today>"
    assert done == {"cell": f"bicubic x3 seed 0 on {LABEL}", "state": "done", "why": ""}


def test_failed_cells_are_forecast_where_they_are_to_be_run_again(
    hsisr: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = written(hsisr.folder, "breaking.py", BREAKING)
    assert hsisr.tiny("breaking,bicubic", "--plugin", plugin).code == 1
    due: list[str] = []

    def forecast(plans: list[CellPlan], *_: object) -> str:
        due[:] = [plan.address.method for plan in plans]
        return ""

    monkeypatch.setattr("benchmark.execution.planning.forecast.forecast", forecast)
    plan(hsisr, "breaking,bicubic", "--plugin", plugin)
    assert due == []
    failed, _ = plan(hsisr, "breaking,bicubic", "--plugin", plugin, "--retry-failed")
    assert failed["why"] == "ValueError: no network <today>; it will be run again"
    assert due == ["breaking"]


def test_a_damaged_cell_says_what_is_wrong(hsisr: CommandLine) -> None:
    assert hsisr.tiny("bicubic").code == 0
    scores = place(hsisr, "bicubic") / "scores.csv"
    scores.write_bytes(scores.read_bytes()[:-3])
    (row,) = plan(hsisr, "bicubic")
    assert row["state"] == "damaged"
    assert row["why"].endswith("scores.csv does not match its checksum in cell.json")
    assert scores.exists()


def test_a_comment_leaves_a_plugins_cell_done_and_a_layer_makes_it_stale(
    hsisr: CommandLine,
) -> None:
    plugin = written(hsisr.folder, "mine.py", MINE)
    words = ("mine,mine[kernel=5],bicubic", "--plugin", plugin)
    assert hsisr.tiny(*words).code == 0
    for text in (
        MINE + "\n# A remark.\n",
        MINE.replace("The smallest network there is.", "A convolution."),
        MINE.replace("self.kernel,", "self.kernel,  # rows and columns\n           "),
    ):
        written(hsisr.folder, "mine.py", text)
        assert states(hsisr, *words) == ["done", "done", "done"], text
    written(hsisr.folder, "mine.py", MINE.replace(LAYER, DEEPER))
    first, second, third = plan(hsisr, *words)
    assert first["state"] == second["state"] == "stale"
    assert first["why"] == second["why"] == "the method's source changed"
    assert third["state"] == "done"


def test_a_stale_cell_is_run_again_and_the_old_one_is_set_aside(hsisr: CommandLine) -> None:
    plugin = written(hsisr.folder, "mine.py", MINE)
    words = ("mine,bicubic", "--plugin", plugin)
    assert hsisr.tiny(*words).code == 0
    before = facts(hsisr, "mine")
    written(hsisr.folder, "mine.py", MINE.replace(LAYER, DEEPER))
    # What is stored stays in the tables until it is run again.
    shown = hsisr("tables")
    assert shown.code == 0
    assert {"Mine", "Bicubic"} <= set(rows(shown.out))
    answer = hsisr.tiny(*words)
    assert answer.code == 0
    assert "1 cell to run, 1 found" in answer.err
    assert "the method's source changed" in answer.err
    now = facts(hsisr, "mine")
    assert now["parameters"] == 2 * before["parameters"]
    assert now["key"] != before["key"]
    (aside,) = hsisr.results.glob(".superseded/*/*/*/x3/mine/seed0*/cell.json")
    assert json.loads(aside.read_text()) == before
    assert states(hsisr, *words) == ["done", "done"]
    again = hsisr("tables")
    assert again.code == 0
    assert {"Mine", "Bicubic"} <= set(rows(again.out))
    assert rows(again.out)["Bicubic"] == rows(shown.out)["Bicubic"]


def test_other_data_under_the_same_name_make_a_cell_stale(hsisr: CommandLine) -> None:
    plugin = written(hsisr.folder, "stripes.py", STRIPES)
    words = ("--dataset", "stripes", "--plugin", plugin, "--scales", "2", "--profile", "tiny",
             "--methods", "bicubic,espcn")  # fmt: skip
    assert hsisr(*words).code == 0
    changed = STRIPES.replace("% 7", "% 13").replace(
        '"stripes"\n\n    def read', '"new"\n\n    def read'
    )
    assert changed.count("% 13") == changed.count('stamp = "new"') == 1
    written(hsisr.folder, "stripes.py", changed)
    assert hsisr(*words, "--plan").out.splitlines() == [
        "stale   bicubic x2 seed 0 on stripes: the test scenes changed",
        "stale   espcn x2 seed 0 on stripes: "
        + " and ".join(f"the {part} scenes" for part in ("training", "validation", "test"))
        + " changed",
        "2 cells: 2 stale",
    ]


def test_a_cell_that_another_run_computes_is_running(hsisr: CommandLine) -> None:
    assert hsisr.tiny("bicubic,wiener").code == 0
    address = Address(**facts(hsisr, "wiener")["address"])
    shutil.rmtree(place(hsisr, "wiener"))
    with locked_elsewhere(hsisr.results, address):
        before = snapshot(hsisr.folder)
        answer = hsisr.tiny("bicubic,wiener", "--plan")
        assert answer.out.splitlines() == [
            f"done    bicubic x3 seed 0 on {LABEL}",
            f"running wiener x3 seed 0 on {LABEL}: another run is computing it",
            "2 cells: 1 done, 1 running",
        ]
        assert snapshot(hsisr.folder) == before
    assert states(hsisr, "bicubic,wiener") == ["done", "missing"]


def test_an_unfinished_training_mentions_its_checkpoint(hsisr: CommandLine) -> None:
    assert hsisr.tiny("srcnn").code == 0
    known = facts(hsisr, "srcnn")
    shutil.rmtree(place(hsisr, "srcnn"))
    file = CellLock(hsisr.results, Address(**known["address"]), known["key"]).checkpoint
    file.parent.mkdir(parents=True)
    file.write_bytes(b"state")
    (row,) = plan(hsisr, "srcnn")
    assert row["state"] == "missing"
    assert row["why"] == "not run yet; its training will resume from a checkpoint"


def test_a_cell_copied_from_another_machine_is_done_here(
    hsisr: CommandLine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    there = CommandLine(tmp_path_factory.mktemp("there"))
    assert there.tiny("bicubic").code == 0
    assert states(hsisr, "bicubic") == ["missing"]
    shutil.copytree(there.results, hsisr.results)
    assert states(hsisr, "bicubic") == ["done"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--methods", "bicubc"), "error: unknown method 'bicubc'"),
        (("--scales", "9"), "error: "),
        (("--profile", "slow"), "error: unknown profile 'slow'"),
        (("--scenes", "leaves99"), "error: --scenes: "),
        (("--device", "abacus"), "error: unknown device 'abacus'"),
    ],
)
def test_a_bad_request_is_refused_as_in_a_run(
    hsisr: CommandLine, words: tuple[str, ...], error: str
) -> None:
    answers: list[Answer] = [hsisr("--dataset", SMALL, *words, *more) for more in ((), ("--plan",))]
    for answer in answers:
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith(error)
        assert answer.err.count("\n") == 1
    assert answers[0].err == answers[1].err
