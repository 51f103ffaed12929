"""Runs that are killed at random moments end with the numbers of a run that nobody touched.

Two lanes of kills go on side by side, each with a results folder of its own.
"""

import random
import shutil
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults import LIMIT, Run, finished, running
from tests.robustness.kills.runs import (
    CELLS,
    HERE,
    ORPHANED,
    PHASES,
    WORDS,
    Untouched,
    numbers,
    phase,
    prepare,
    resumed,
    untimed,
)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the processes of a run are found through /proc"
)

# What a lane's kills aim at; "storing" is the moment when a cell is written, "writing" a table.
AIMS = (
    "preparation", "preparation", "training", "training", "evaluation", "storing", "tables",
    "writing",
)  # fmt: skip
LANES = (1, 2)
ROUNDS = 1


def test_a_runs_lines_show_its_phase() -> None:
    lines = [
        "set: 0 of 3 scenes prepared", "set: 3 of 3 scenes prepared", "2 cells to run, 0 found",
        "[1/2] wiener: done in 0 s", "[2/2] traced", "    | building", "    | building",
        "    done in 1 s, validation 27.55 dB",
    ]  # fmt: skip
    assert [phase(lines[: number + 1]) for number in range(len(lines))] == [
        "preparation", "start", "start", "start", "start", "training", "evaluation", "tables",
    ]  # fmt: skip
    assert phase(["[2/2] traced: done in 1 s"]) == "tables"
    assert phase(["0 cells to run, 3 found done"]) == "tables"


@dataclass
class Lane:
    """Kills one after the other on one results folder.

    Attributes:
        tally: how many kills hit which phase.
        resumed: how often trainings went on from a checkpoint, all in all.
    """

    folder: Path
    untouched: Untouched
    random: random.Random
    tally: Counter[str] = field(default_factory=Counter)
    resumed: int = 0

    def round(self, kind: int) -> None:
        """Kill run after run from preparation to tables, let the last end, and compare."""
        for place in ("results", ".cache"):
            shutil.rmtree(self.folder / place, ignore_errors=True)
        for number, aim in enumerate(AIMS):
            # Every fourth run has workers, every third loses its own process only.
            self.kill(aim, alone=(kind + number) % 3 == 0, here=(kind + number) % 4 != 0)
        answer = finished(self.folder, *WORDS, *CELLS, *(HERE if kind else ()))
        assert answer.code == 0, answer.err
        assert untimed(answer.out) == untimed(self.untouched.answer.out)
        assert numbers(self.folder) == self.untouched.numbers
        self.resumed += sum(resumed(self.folder))

    def kill(self, aim: str, *, alone: bool, here: bool) -> None:
        """Start the run and kill it.

        Args:
            aim: where; one of `AIMS`.
            alone: True kills only its own process, and its workers are to follow by themselves.
            here: True runs without workers.
        """
        if aim == "preparation":
            shutil.rmtree(self.folder / ".cache", ignore_errors=True)
        if aim == "writing":
            shutil.rmtree(self.folder / "results" / "tables", ignore_errors=True)
        every = self.random.choice(("0", "0.05", "0.2")) if aim == "training" else "0.5"
        words = (*WORDS, *CELLS, "--checkpoint-every", every, *(HERE if here else ()))
        with running(self.folder, *words) as run:
            self._wait(run, aim)
            # Where nothing is seen any more, the run has ended by itself: that is no kill.
            left = run.kill_alone(ORPHANED) if alone else run.kill_all()
            assert left == []
            if run.process.poll() == -signal.SIGKILL:
                run.ended()
                self.tally[phase(run.lines)] += 1
            else:
                assert run.process.poll() == 0, run.lines

    def _wait(self, run: Run, aim: str) -> None:
        """Wait until a run is where it is to be killed, and a random while longer."""
        wanted = {"storing": "evaluation", "writing": "tables"}.get(aim, aim)
        late = PHASES[PHASES.index(wanted) :]
        until = time.monotonic() + LIMIT
        while phase(run.lines) not in late and run.process.poll() is None:
            assert time.monotonic() < until, run.lines
            time.sleep(0.01)
        results = self.folder / "results"
        if aim == wanted:
            time.sleep(self.random.uniform(0, 0.9 * self.untouched.spans[aim]))
            return
        pattern = {"storing": "*/*/*/x3/traced/.seed*", "writing": "tables/*"}[aim]
        while not any(results.glob(pattern)) and run.process.poll() is None:
            if aim == "storing" and phase(run.lines) != "evaluation":
                break
            time.sleep(0.001)
        time.sleep(self.random.uniform(0, 0.01))


def test_kills_at_random_moments_change_no_number(untouched: Untouched, tmp_path: Path) -> None:
    lanes = [Lane(prepare(tmp_path / str(seed)), untouched, random.Random(seed)) for seed in LANES]

    def work(lane: Lane) -> None:
        for number in range(ROUNDS):
            lane.round(number)

    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(work, lane) for lane in lanes]:
            done.result()
    tally = sum((lane.tally for lane in lanes), Counter[str]())
    assert tally.total() >= 15, tally
    assert all(tally[one] >= 1 for one in PHASES[1:]), tally
    assert sum(lane.resumed for lane in lanes) > 0
