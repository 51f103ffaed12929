"""Two runs at once on one results folder share the work; a dead one holds nobody up."""

import json
import os
import re
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command_line import SMALL, CommandLine
from tests.faults import LIMIT, TRACED, Run, finished, running

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the processes of a run are found through /proc"
)

WORDS = ("--dataset", SMALL, "--scales", "3", "--device", "cpu", "--plugin", "traced.py")
CELLS = ("--methods", "bicubic,wiener,traced", "--seeds", "0,1")
TITLES = [f"{cell} on {SMALL}" for cell in (
    "bicubic x3 seed 0", "traced x3 seed 0", "traced x3 seed 1", "wiener x3 seed 0"
)]  # fmt: skip
# Whoever waits looks twice a second; a new worker takes a while on a slow machine.
TAKEN_OVER = 10.0


@dataclass(frozen=True)
class Alone:
    """What one run alone gives: every cell's files of numbers, and the table in CSV."""

    numbers: dict[str, bytes]
    table: bytes


def numbers(results: Path) -> dict[str, bytes]:
    """Return the scores and weights of every cell by their place."""
    names = ("scores.csv", "weights.safetensors")
    files = [file for name in names for file in results.glob(f"*/*/*/*/*/*/{name}")]
    return {str(file.relative_to(results)): file.read_bytes() for file in files}


def table(results: Path) -> bytes:
    """Return the only table in CSV."""
    (file,) = (results / "tables").glob("*.csv")
    return file.read_bytes()


def prepare(folder: Path) -> Path:
    """Make a folder with the plugin in it."""
    folder.mkdir(exist_ok=True)
    (folder / "traced.py").write_text(TRACED, encoding="utf-8")
    return folder


def left_over(folder: Path) -> list[str]:
    """List files that nobody needs when all runs have ended well."""
    kept = r"cell\.json|seed\d\.json|scores\.csv|training\.csv|[^.].*\.(safetensors|md|tex|csv)"
    files = [file for top in ("results", ".cache") for file in (folder / top).rglob("*")]
    found = [file for file in files if file.is_file() and not re.fullmatch(kept, file.name)]
    aside = (folder / "results" / ".superseded").rglob("*")
    return [str(file) for file in (*found, *aside) if not file.name.endswith(".lock")]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Alone:
    """Run everything alone."""
    line = CommandLine(prepare(tmp_path_factory.mktemp("alone")))
    assert line(*WORDS, *CELLS).code == 0
    return Alone(numbers(line.results), table(line.results))


def test_two_runs_started_together_share_the_cells(alone: Alone, tmp_path: Path) -> None:
    folder = prepare(tmp_path)
    words = (*WORDS, *CELLS, "--json")
    with running(folder, *words) as one, running(folder, *words) as other:
        answers = one.ended(), other.ended()
    assert [answer.code for answer in answers] == [0, 0], [answer.err for answer in answers]
    # Each cell was computed by one of them: its network was built twice in all.
    lines = [line for answer in answers for line in answer.err.splitlines()]
    assert sum(line.endswith("building") for line in lines) == 4
    first, second = (json.loads(answer.out) for answer in answers)
    assert sorted(first["done"] + second["done"]) == TITLES
    assert sorted(first["done"] + first["found"]) == TITLES
    assert sorted(second["done"] + second["found"]) == TITLES
    assert first["failed"] == second["failed"] == {}
    # Neither sat by while the other did it all.
    assert first["done"]
    assert second["done"]
    assert numbers(folder / "results") == alone.numbers
    assert table(folder / "results") == alone.table
    assert left_over(folder) == []
    again = finished(folder, *WORDS, *CELLS)
    assert "0 cells to run, 4 found done" in again.err
    assert again.code == 0


def test_a_waiting_run_takes_over_from_a_dead_one(alone: Alone, tmp_path: Path) -> None:
    folder = prepare(tmp_path)
    words = (*WORDS, "--methods", "traced", "--checkpoint-every", "0.05", "--in-process")
    with running(folder, *words) as owner:
        wait_for_checkpoint(folder)
        halt(owner)
        with running(folder, *words) as heir:
            assert heir.heard("waiting for cells that another run is computing: 1")
            assert not any("[1/1]" in line for line in heir.lines)
            owner.kill_all()
            died = time.monotonic()
            assert heir.heard(r"\[1/1\] traced", limit=TAKEN_OVER)
            answer = heir.ended()
            taken = next(moment for moment, line in heir.told if "[1/1]" in line)
    assert taken - died < 3
    assert answer.code == 0, answer.err
    (file,) = (folder / "results").rglob("cell.json")
    assert json.loads(file.read_text(encoding="utf-8"))["resumed"] == 1
    for place, content in numbers(folder / "results").items():
        assert alone.numbers[place] == content
    assert len(numbers(folder / "results")) == 2
    assert left_over(folder) == []


def wait_for_checkpoint(folder: Path) -> None:
    """Wait until a training has kept one."""
    until = time.monotonic() + LIMIT
    while not any((folder / "results").glob(".work/*/*/*/*/*/*/*.checkpoint")):
        assert time.monotonic() < until
        time.sleep(0.01)


def halt(run: Run) -> None:
    """Stop every process of a run where it is: it holds what it holds, and does nothing."""
    for _ in range(2):  # one more may have been started meanwhile
        for pid in run.family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
