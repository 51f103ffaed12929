"""Ctrl-C and SIGTERM end a run in an orderly way, and no process outlives its run."""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import SMALL
from tests.faults import Run, finished, running
from tests.robustness.kills.runs import (
    CELLS,
    HERE,
    ORPHANED,
    WORDS,
    Untouched,
    checkpoints,
    numbers,
    prepare,
    resumed,
)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the processes of a run are found through /proc"
)


def test_ctrl_c_and_sigterm_leave_a_checkpoint_to_go_on_from(
    untouched: Untouched, tmp_path: Path
) -> None:
    folder = prepare(tmp_path / "stopped")
    for sent in (signal.SIGINT, signal.SIGTERM):
        with running(folder, *WORDS, *CELLS) as run:
            assert run.heard("building")
            run.process.send_signal(sent)
            answer = run.ended(10)
            assert run.left_after(0) == []
        assert answer.code == 130
        assert answer.out == ""
        assert answer.err.splitlines()[-1] == (
            "stopped; what was finished is kept, and the same command does the rest"
        )
        assert [file.suffix for file in checkpoints(folder)][:1] == [".checkpoint"]
    answer = finished(folder, *WORDS, *CELLS, *HERE)
    assert answer.code == 0, answer.err
    assert "1 cell to run, 1 found done" in answer.err
    assert resumed(folder) == [2]
    assert numbers(folder) == untouched.numbers


# It writes down the number of each iteration, and tells the sixth on each test scene.
WALKING = """
import sys
import time
from pathlib import Path

from benchmark.method import IterativeMethod, register


@register("walking", title="Walking", paper="nobody")
class Walking(IterativeMethod):
    def reconstruct(self, inputs, problem, state, run):
        saved = run.resume() or {"step": 0}
        for step in range(saved["step"], 40):
            with Path("iterations").open("a") as file:
                print(step, file=file)
            if step == 5:
                print("walking", file=sys.stderr, flush=True)
            time.sleep(0.02)
            run.step(step + 1, 40, 0.0, lambda: {"step": step + 1})
        return inputs["upscaled"]
"""


def test_a_loop_on_a_test_scene_is_stopped_and_goes_on_where_it_was(tmp_path: Path) -> None:
    """In a worker: the second of four test scenes, of which no iteration is computed again."""
    (tmp_path / "walking.py").write_text(WALKING, encoding="utf-8")
    words = ("--dataset", SMALL, "--scales", "3", "--plugin", "walking.py", "--methods", "walking")
    with running(tmp_path, *words) as run:
        assert run.heard("walking$", times=2)
        run.process.send_signal(signal.SIGINT)
        stopped = run.ended(10)
        assert run.left_after(0) == []
    assert stopped.code == 130
    assert [file.suffix for file in checkpoints(tmp_path)][:1] == [".checkpoint"]
    answer = finished(tmp_path, *words, *HERE)
    assert answer.code == 0, answer.err
    iterations = (tmp_path / "iterations").read_text(encoding="utf-8").split()
    assert list(map(int, iterations)) == list(range(40)) * 4


# The regular expression holds the interpreter's lock: no other thread of its process runs.
HOLDING = """
import re
import sys

from benchmark.method import Method, register


@register("holding", title="Holding", paper="nobody")
class Holding(Method):
    def upscale(self, low, problem, state):
        print("hold on", file=sys.stderr, flush=True)
        re.match("(a+)+$", "a" * 60 + "b")
"""


@pytest.fixture
def holding(tmp_path: Path) -> Iterator[Run]:
    """Return a run whose worker listens to nobody."""
    (tmp_path / "holding.py").write_text(HOLDING, encoding="utf-8")
    words = ("--dataset", SMALL, "--scales", "3", "--plugin", "holding.py", "--methods", "holding")
    with running(tmp_path, *words) as run:
        assert run.heard("hold on")
        time.sleep(1)  # until the worker, on a busy machine, is inside the regular expression
        assert len(run.family()) == 3  # the run, the fork server, its worker
        yield run


def test_a_second_ctrl_c_ends_at_once(holding: Run) -> None:
    holding.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert len(holding.family()) == 3  # the worker has a while to end by itself
    holding.process.send_signal(signal.SIGINT)
    answer = holding.ended(3)
    assert answer.code == 130
    assert "Traceback" not in answer.err
    assert holding.left_after(0) == []


def test_a_worker_that_ignores_its_parent_ends_with_its_run(holding: Run) -> None:
    assert holding.kill_alone(ORPHANED) == []
