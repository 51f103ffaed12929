"""Workers that a fork server starts: processes of their own, which share nothing but the engine."""

import os
import signal
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from benchmark.data.split import Split
from benchmark.engine.machine import environment
from benchmark.execution.backends import process
from benchmark.execution.backends.base import Ended
from benchmark.execution.backends.fork_server import AVAILABLE, ServerEndedError
from benchmark.execution.backends.inline import InlineBackend
from benchmark.execution.backends.process import ProcessBackend
from benchmark.execution.computation.job import Job, JobResult, Settings
from benchmark.execution.listeners.progress import Progress
from benchmark.method import METHODS
from benchmark.plugins.discovery import load
from benchmark.store.cells import read
from tests.benchmark.execution.test_runner import planned
from tests.benchmark.support import CPU

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="processes are forked on Linux alone")

# Prints its process, its parent, a number drawn at random, and whether another plugin was imported.
TELLS = """
import os
import sys
import time

import numpy as np

from benchmark.method import Method, parameter, register

@register("tells")
class Tells(Method):
    number: int = parameter(0, help="")

    def upscale(self, low, problem, state):
        if self.number == 9:
            os.kill(os.getppid(), 9)
            time.sleep(60)  # the server's end takes a moment, and then ends this process
        print("told", os.getpid(), os.getppid(), np.random.random(), "methods.srcnn" in sys.modules)
        os.environ["LEFT"] = f"{os.environ.get('LEFT', '')}x"
        np.left = getattr(np, "left", 0) + 1
        print("left", os.environ["LEFT"], np.left)
        return low
"""


@pytest.fixture(scope="module")
def backend() -> Iterator[ProcessBackend]:
    """Return a backend, and end its server afterwards."""
    made = ProcessBackend()
    yield made
    made.close()


@pytest.fixture
def settings(tmp_path: Path, registries: None) -> Settings:
    """Return settings with a plugin file that is registered here too."""
    file = tmp_path / "tells.py"
    file.write_text(TELLS)
    load(file, METHODS)
    return Settings(tmp_path / "results", CPU, environment.describe(CPU), (file,))


def carried(
    backend: ProcessBackend | InlineBackend, split: Split, method: str, settings: Settings
) -> tuple[JobResult, list[list[str]]]:
    """Run a cell; return its result, and the words of the lines that its method printed."""
    (plan,) = planned(split, method)
    stream = StringIO()
    backend.start(Job(plan, settings), Progress(stream))
    ended: list[Ended] = []
    while not ended:
        ended = backend.wait()
    ((_, result),) = ended
    return result, [line.split()[1:] for line in stream.getvalue().splitlines() if "|" in line]


def test_each_cell_has_a_process_of_its_own_and_one_server_starts_them(
    backend: ProcessBackend, tiny: Split, settings: Settings
) -> None:
    lines = []
    for number in (1, 2):
        result, printed = carried(backend, tiny, f"tells[number={number}]", settings)
        assert result == JobResult("done")
        lines.append(next(words for words in printed if words[0] == "told"))
        # Nothing is left of the cell before.
        assert next(words for words in printed if words[0] == "left") == ["left", "x", "1"]
    (_, pid, parent, drawn, other), (_, later, same, again, _) = lines
    assert len({pid, later, str(os.getpid())}) == 3
    assert parent == same != str(os.getpid())
    assert drawn != again  # as in processes that are started one by one
    assert other == "False"


def test_a_forked_cell_is_the_same_as_one_of_this_process(
    backend: ProcessBackend, tiny: Split, settings: Settings, tmp_path: Path
) -> None:
    sums = []
    for one, place in ((backend, "forked"), (InlineBackend(), "here")):
        there = Settings(tmp_path / place, CPU, settings.environment)
        assert carried(one, tiny, "wiener", there)[0] == JobResult("done")
        (plan,) = planned(tiny, "wiener")
        cell = read(plan.address.folder(there.results))
        assert cell
        sums.append([cell.facts["sums"][name] for name in ("scores.csv", "weights.safetensors")])
    assert sums[0] == sums[1]


def test_a_server_that_was_killed_costs_one_cell(
    backend: ProcessBackend, tiny: Split, settings: Settings
) -> None:
    result, _ = carried(backend, tiny, "tells[number=9]", settings)
    assert result.kind == "failed"
    assert "was killed by SIGKILL" in result.reason
    assert carried(backend, tiny, "tells[number=3]", settings)[0] == JobResult("done")
    assert carried(backend, tiny, "tells[number=4]", settings)[0] == JobResult("done")


def test_without_a_fork_server_a_worker_starts_by_itself(
    backend: ProcessBackend, tiny: Split, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "AVAILABLE", False)
    result, printed = carried(backend, tiny, "tells", settings)
    assert result == JobResult("done")
    assert printed[0][2] == str(os.getpid())


def test_a_forked_worker_is_waited_for_and_its_group_killed(
    backend: ProcessBackend, tiny: Split, settings: Settings
) -> None:
    carried(backend, tiny, "tells[number=5]", settings)
    (server,) = backend._idle_servers
    worker = server.start(trains=False)
    assert worker.poll() is None  # it waits for its job
    assert os.getpgid(worker.pid) == worker.pid
    worker.kill_group()
    assert worker.poll() == -signal.SIGKILL
    for stream in (worker.stdin, worker.stdout, worker.stderr):
        stream.close()
    assert carried(backend, tiny, "tells[number=6]", settings)[0] == JobResult("done")
    server.close()
    with pytest.raises(ServerEndedError):
        server.start(trains=False)
    assert carried(backend, tiny, "tells[number=7]", settings)[0] == JobResult("done")
