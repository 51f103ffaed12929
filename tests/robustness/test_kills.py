"""Runs that are killed, again and again, end with the numbers of a run that nobody touched.

Two lanes of kills go on side by side, each with a results folder of its own. What is torn between
runs is torn as a power loss does it. Ctrl-C and SIGTERM end a run in an orderly way.
"""

import csv
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.command_line import SCRIPT, SMALL, Answer
from tests.faults import LIMIT, TRACED, Run, finished, running

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the processes of a run are found through /proc"
)

WORDS = ("--dataset", SMALL, "--scales", "3", "--device", "cpu", "--plugin", "traced.py")
CELLS = ("--methods", "wiener,traced")
HERE = ("--in-process",)
# In the order in which a run comes to them.
PHASES = ("start", "preparation", "training", "evaluation", "tables")
# What a lane's kills aim at; "storing" is the moment when a cell is written, "writing" a table.
AIMS = (
    "preparation", "preparation", "training", "training", "evaluation", "storing", "tables",
    "writing",
)  # fmt: skip
LANES = (1, 2)
ROUNDS = 1
# Seconds that a worker has to end when its run is gone.
ORPHANED = 2.0
# Bytes that a power loss tears together.
PAGE = 4096


def phase(lines: list[str]) -> str:
    """Return the phase of a run, by its lines."""
    now, built, last = "start", 0, False
    for line in lines:
        if re.search(r": 0 of \d+ scenes prepared", line):
            now = "preparation"
        elif re.search(r"scenes prepared|cells? to run", line):
            now = "tables" if line.startswith("0 cells") else "start"
        elif number := re.match(r"\[(\d+)/(\d+)\]", line):
            now, built, last = "start", 0, number[1] == number[2]
        elif "building" in line:
            built += 1
            now = "training" if built == 1 else "evaluation"
        # Beside the cell's name if nothing was printed meanwhile.
        if re.match(r"(?:    |\[.*: )done in", line):
            now = "tables" if last else "start"
    return now


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


def numbers(folder: Path) -> dict[str, object]:
    """Return all files of a run that another run must give again, bit for bit, on the same threads.

    Args:
        folder: where `results` and `.cache` are.

    Returns:
        Every file's place below the folder to its content: scores, weights and the CSV table as
        they are; what says when, how long or how often, without that. A file that is there and
        ought not to be makes a difference too.
    """
    files = [file for top in ("results", ".cache") for file in (folder / top).rglob("*")]
    return {
        str(file.relative_to(folder)): _timeless(file)
        for file in files
        # Whoever writes tables or prepares scenes holds a lock; its file may stay.
        if file.is_file() and not file.name.endswith(".lock")
    }


def _timeless(file: Path) -> object:
    if file.name == "cell.json":
        facts = json.loads(file.read_text(encoding="utf-8"))
        return [facts[name] for name in ("key", "status", "reason", "configuration", "parameters")]
    if re.fullmatch(r"seed\d\.json", file.name):  # where the cell comes from
        return {**json.loads(file.read_text(encoding="utf-8"))["computed"], "date": None}
    if file.name == "training.csv":
        rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
        return [{name: row[name] for name in row if name != "seconds"} for row in rows]
    if file.suffix in (".md", ".tex"):
        return [_timeless_row(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return file.read_bytes()


def _timeless_row(line: str) -> str:
    """Remove the date, how long trainings took and, in rows of costs, training and s/image."""
    for mark in (" | ", " & "):
        if len(parts := line.split(mark)) == 9:
            line = mark.join(parts[:-2])
    if line.startswith("|:"):  # the rule below a heading is as wide as the widest time
        line = re.sub("-+", "-", line)
    return _untimed(re.sub(r"\d{4}-\d\d-\d\d", "date", line))


def _untimed(text: str) -> str:
    """Remove how long trainings took, `(6.9 s)` in the head of a table."""
    return re.sub(r"\(\d[^()]* (s|min|h)\)", "(time)", text)


def resumed(folder: Path) -> list[int]:
    """Return for every trained cell how often its training has gone on from a checkpoint."""
    files = sorted((folder / "results").glob("*/*/*/*/traced/*/cell.json"))
    return [json.loads(file.read_text(encoding="utf-8"))["resumed"] for file in files]


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints that wait for their training to go on, the newest first."""
    found = (folder / "results" / ".work").rglob("*.checkpoint*")
    return sorted(file for file in found if file.suffix in (".checkpoint", ".old"))


@dataclass(frozen=True)
class Untouched:
    """A run that nobody touched: what it gave, and how long its phases took in seconds."""

    answer: Answer
    numbers: dict[str, object]
    spans: Mapping[str, float]


def _prepare(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "traced.py").write_text(TRACED, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Untouched:
    """Run everything once."""
    folder = _prepare(tmp_path_factory.mktemp("untouched"))
    with running(folder, *WORDS, *CELLS, *HERE) as run:
        answer = run.ended()
        end = time.monotonic()
    assert answer.code == 0, answer.err
    assert resumed(folder) == [0]
    spans = dict.fromkeys(PHASES, 0.0)
    moments = [moment for moment, _ in run.told] + [end]
    for number in range(len(run.lines)):
        now = phase(run.lines[: number + 1])
        spans[now] = max(spans[now], moments[number + 1] - moments[number])
    assert all(spans.values())
    return Untouched(answer, numbers(folder), spans)


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
        assert _untimed(answer.out) == _untimed(self.untouched.answer.out)
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
    lanes = [Lane(_prepare(tmp_path / str(seed)), untouched, random.Random(seed)) for seed in LANES]

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


def tear(file: Path, at: int | None = None) -> None:
    """Make a page of a file zeros, as a power loss may leave it; in its middle unless told."""
    content = file.read_bytes()
    first = len(content) // 2 if at is None else at
    file.write_bytes(content[:first] + bytes(len(content[first:][:PAGE])) + content[first + PAGE :])


def _wait_for_checkpoints(folder: Path, count: int, after: int = 0) -> None:
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        with suppress(FileNotFoundError):  # the newest has just become the older one
            found = [file.stat().st_mtime_ns > after for file in checkpoints(folder)]
            if sum(found) >= count:
                return
        time.sleep(0.01)
    raise TimeoutError(f"no new checkpoint in {LIMIT:g} s")


def test_what_a_power_loss_tears_is_noticed_and_changes_no_number(
    untouched: Untouched, tmp_path: Path
) -> None:
    folder = _prepare(tmp_path / "torn")
    words = (*WORDS, *CELLS, *HERE)
    often = ("--checkpoint-every", "0.05")
    unusable = r"checkpoint .* cannot be used"
    with running(folder, *words, *often) as run:
        _wait_for_checkpoints(folder, 2)
        run.kill_all()
    tear(torn := checkpoints(folder)[0])
    before = torn.stat().st_mtime_ns
    with running(folder, *words, *often) as run:
        assert run.heard(unusable)
        _wait_for_checkpoints(folder, 1, after=before)
        run.kill_all()
    # What is left of the newest has not taken the place of the older one, which is good.
    checkpoints(folder)[0].write_bytes(b"")
    answer = finished(folder, *words)
    assert answer.code == 0, answer.err
    assert len(re.findall(unusable, answer.err)) == 1
    assert resumed(folder) != [0]
    assert numbers(folder) == untouched.numbers

    traced, wiener = sorted((folder / "results").glob("*/*/*/x3/*/*"))
    (traced / "cell.json").write_bytes(b"")
    tear(wiener / "scores.csv")
    scene = next((folder / ".cache").rglob("*.safetensors"))
    scene.write_bytes(scene.read_bytes()[:10_000])
    answer = finished(folder, *words)
    assert answer.code == 0, answer.err
    assert re.findall("damaged: ([a-z]+) x3", answer.err) == ["wiener", "traced"]
    aside = folder / "results" / ".superseded"
    assert (next(aside.rglob("traced/seed0*")) / "cell.json").read_bytes() == b""
    assert len(list(aside.rglob("seed0*"))) == 2
    shutil.rmtree(aside)
    assert numbers(folder) == untouched.numbers


def test_a_scene_torn_in_the_cache_is_made_again(untouched: Untouched, tmp_path: Path) -> None:
    folder = _prepare(tmp_path / "scene")
    words = (*WORDS, "--methods", "wiener", *HERE)
    assert finished(folder, *words).code == 0
    scene = next((folder / ".cache").rglob("*.safetensors"))
    whole = scene.read_bytes()
    tear(scene)
    assert scene.read_bytes() != whole
    shutil.rmtree(folder / "results")
    assert finished(folder, *words).code == 0
    (scores,) = (folder / "results").glob("*/*/*/x3/wiener/*/scores.csv")
    assert scores.read_bytes() == untouched.numbers[str(scores.relative_to(folder))]
    assert scene.read_bytes() == whole


def test_ctrl_c_and_sigterm_leave_a_checkpoint_to_go_on_from(
    untouched: Untouched, tmp_path: Path
) -> None:
    folder = _prepare(tmp_path / "stopped")
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


# It imports neither torch nor numpy, so that hundreds of writers can be forked and killed.
WRITERS = """
import itertools, json, os, random, shutil, signal, sys, time
from pathlib import Path

from benchmark.store import cells
from benchmark.store.address import Address
from benchmark.store.files import write_file
from benchmark.store.lock import CellLock

results, kills, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
address = Address("set", "protocol", "profile", 2, "method", 0)
folder, page = address.folder(results), results / "tables" / "set.md"


def content(version):
    return f"{version}\\n".encode() * 3000


def write(version):
    lock = CellLock(results, address, "key")
    assert lock.acquire()
    files = {name: content(version) for name in ("scores.csv", "weights.safetensors")}
    facts = {"key": "key", "status": "done", "reason": None, "version": version}
    cells.write(results, address, facts, files)
    lock.release()
    write_file(page, content(version))


def whole(cell):
    names = ("scores.csv", "weights.safetensors")
    version = cell.facts["version"]
    assert all((cell.folder / name).read_bytes() == content(version) for name in names)
    return version


began = time.monotonic()
for known in range(20):
    write(known)
each = (time.monotonic() - began) / 20
found = {"killed": 0, "new": 0, "moved": 0, "half": 0, "page": 0}
for _ in range(kills):
    child = os.fork()
    if not child:
        for version in itertools.count(known + 1):
            write(version)
    time.sleep(rng.uniform(0, 0.002 + 6 * each))
    os.kill(child, signal.SIGKILL)
    found["killed"] += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    found["half"] += any(folder.parent.glob(".seed0-*"))
    stored = list(cells.cells(results))
    assert cells.damaged(results) == []
    if not stored:  # between two renames: the old one set aside, the new one not in its place yet
        assert not folder.exists()
        aside = (results / ".superseded").rglob("seed0.*")
        max(aside, key=lambda one: int(one.suffix[1:])).rename(folder)
        found["moved"] += 1
        stored = list(cells.cells(results))
    (cell,) = stored
    version = whole(cell)
    assert version >= known
    found["new"] += version > known
    shown = page.read_bytes()
    assert shown == content(int(shown[: shown.index(b"\\n")]))
    known = version
    shutil.rmtree(results / ".superseded", ignore_errors=True)
print(json.dumps({**found, "heavy": sorted({"torch", "numpy"} & set(sys.modules))}))
"""


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in memory where there is one: there a flush to the disk takes no time."""
    place = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        dir=place if os.access(place, os.W_OK) else tmp_path
    ) as folder:
        yield Path(folder)


def test_a_writer_killed_at_any_moment_leaves_the_old_cell_or_the_new_one(memory: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WRITERS, str(memory / "results"), "300", "0"],
        cwd=SCRIPT.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["killed"] == 300
    assert found["heavy"] == []
    # Some were killed before they had written anything, some in the midst of it.
    assert found["new"] > 50
    assert found["half"] > 5
