"""Curves for TensorBoard: every value once, however often a training was interrupted."""

import csv
import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

import pytest
from torch import Tensor, nn

from benchmark import CHECKOUT
from benchmark.data.split import SceneSet, Split
from benchmark.engine.machine import environment
from benchmark.engine.training.checkpoint import Checkpointer
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError
from benchmark.execution.backends.process import ProcessBackend
from benchmark.execution.computation.job import Job, JobResult, Settings, run_job
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.listeners.tensorboard import LOSS, LR, PSNR
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment, resolve
from benchmark.execution.runner import Runner, RunOptions, run_experiment
from benchmark.method import METHODS, Inputs, Method, NetworkMethod, Problem, Recipe
from benchmark.store.cells import read as read_cell
from tests.benchmark.engine.training.test_checkpoint import after
from tests.benchmark.execution.planning.test_request import asked
from tests.benchmark.support import CPU, EIGHT_BIT, Gain, Recorder

__all__ = ["asked"]  # a fixture

# Twelve steps, a validation after every second one.
BRIEF = Profile("brief", "", patches=24, patch=24, epochs=2, batch=4, bands=2, validations=6)
OWN = replace(BRIEF, name="own", epochs=0)
SRC = CHECKOUT


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip without the package; number its files from 0, as in a process of its own.

    Files of one second are in the order of their numbers' digits: "10" would come before "9".
    """
    name = "tensorboard.summary.writer.event_file_writer"
    module = pytest.importorskip(name, reason="needs tensorboard")
    monkeypatch.setattr(module, "_global_uid", module.AtomicCounter(0))


@dataclass
class Read:
    """A folder of event files as TensorBoard shows it: what a restart discards is gone."""

    curves: dict[str, list[tuple[int, float]]]
    files: list[str]

    def steps(self, tag: str) -> list[int]:
        """Return the steps of a curve."""
        return [step for step, _ in self.curves.get(tag, [])]


def events(folder: Path) -> Read:
    """Read all event files of a folder by TensorBoard's own reader."""
    if not folder.exists():
        return Read({}, [])
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    read = reader.EventAccumulator(str(folder), size_guidance={reader.SCALARS: 0}).Reload()
    curves = {tag: [(e.step, e.value) for e in read.Scalars(tag)] for tag in read.Tags()["scalars"]}
    return Read(curves, sorted(file.name for file in folder.glob("*")))


class Network(NetworkMethod):
    """Train one weight; fail after so many steps if asked."""

    begun = 0
    last: int | None = None

    def network(self, problem: Problem) -> nn.Module:
        """Build it."""
        return Gain(0.9)

    def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Fail from some step on."""
        Network.begun += 1
        if Network.last is not None and Network.begun > Network.last:
            raise OSError("the network drive is gone")
        return super().loss(output, truth, inputs, problem)


@pytest.fixture
def known(registries: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., NetworkMethod]:
    """Return a function that registers a method with a recipe of its own."""

    def make(**recipe: Any) -> NetworkMethod:
        # So large a rate overshoots, and a plateau's falls.
        own = Recipe(lr=0.1, batch_size=4, epochs=2, **recipe)
        body = {"__module__": __name__, "recipe": own, "__annotations__": {"recipe": ClassVar}}
        made = METHODS.register("network")(type("Own", (Network,), body))()
        assert isinstance(made, NetworkMethod)
        return made

    monkeypatch.setattr(Network, "begun", 0)
    monkeypatch.setattr(Network, "last", None)
    return make


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings that write curves, and no checkpoint before the end."""
    return Settings(tmp_path / "results", CPU, {"torch": "2"}, (), 1e9, tensorboard=True)


def planned(split: Split, method: Method | str, profile: Profile = BRIEF) -> CellPlan:
    """Plan one cell."""
    made = METHODS.make(method) if isinstance(method, str) else method
    (task,) = plan_cells(split, Experiment(EIGHT_BIT, profile, (2,), (made,)))
    return task


def carried(
    task: CellPlan, settings: Settings, stop: Callable[[], bool] = lambda: False
) -> tuple[JobResult, list[str], Recorder]:
    """Run a job; return its messages as well, and a listener beside the curves."""
    messages, listener = list[str](), Recorder()
    ending = run_job(Job(task, settings), listener, stop, messages.append)
    return ending, messages, listener


def curves(task: CellPlan, settings: Settings) -> Read:
    """Read the curves of a cell."""
    return events(task.address.folder(settings.results / "tensorboard"))


def rows(task: CellPlan, settings: Settings) -> list[dict[str, float]]:
    """Read the table of a stored cell's training."""
    cell = read_cell(task.address.folder(settings.results))
    assert cell is not None
    text = (cell.folder / "training.csv").read_text(encoding="utf-8")
    found = csv.DictReader(io.StringIO(text))
    return [{name: float(value) for name, value in row.items()} for row in found]


def agree(found: Read, table: list[dict[str, float]]) -> None:
    """Compare curves with the stored table; events have four bytes a value."""
    for tag, column in ((LOSS, "loss"), (LR, "rate"), (PSNR, "psnr")):
        assert found.steps(tag) == [row["step"] for row in table]
        values = [value for _, value in found.curves[tag]]
        assert values == pytest.approx([row[column] for row in table], rel=1e-6)


@pytest.mark.parametrize(
    "recipe",
    [
        {"schedule": "one-cycle"},
        {"schedule": "constant"},
        {"schedule": "step", "step_size": 1, "gamma": 0.5},
        {"schedule": "plateau", "patience": 1, "gamma": 0.5},
    ],
)
def test_the_curves_are_the_stored_table(
    tiny: Split, settings: Settings, known: Callable[..., NetworkMethod], recipe: dict[str, Any]
) -> None:
    task = planned(tiny, known(**recipe), OWN)
    assert carried(task, settings)[:2] == (JobResult("done"), [])
    table = rows(task, settings)
    agree(curves(task, settings), table)
    assert len(table) == 6
    changed = len({row["rate"] for row in table})
    assert changed == 1 if recipe["schedule"] == "constant" else changed > 1


def test_every_look_at_the_loss_is_in_the_curve(tiny: Split, settings: Settings) -> None:
    profile = replace(BRIEF, patches=120, validations=1)
    task = planned(tiny, "srcnn", profile)
    ending, _, listener = carried(task, settings)
    assert ending == JobResult("done")
    found = curves(task, settings)
    assert found.steps(LOSS) == found.steps(LR) == [25, 50, 60]
    assert found.steps(PSNR) == [60]
    # The other listener receives the same.
    assert [step for step, _, _ in listener.steps] == [25, 50, 60]
    assert listener.psnr == [row["psnr"] for row in rows(task, settings)]
    assert listener.scenes == tiny.test.names


def test_without_validation_scenes_there_is_no_psnr(
    tiny: Split, settings: Settings, known: Callable[..., NetworkMethod]
) -> None:
    blind = replace(tiny, validation=SceneSet(()))
    task = planned(blind, known(schedule="plateau", patience=1, gamma=0.5), OWN)
    assert carried(task, settings)[0] == JobResult("done")
    found = curves(task, settings)
    assert found.curves.keys() == {LOSS, LR}
    rates = [row["rate"] for row in rows(task, settings)]
    assert [rate for _, rate in found.curves[LR]] == pytest.approx(rates, rel=1e-6)


def test_a_training_that_was_stopped_goes_on_without_a_gap_or_a_double(
    tiny: Split, settings: Settings, known: Callable[..., NetworkMethod]
) -> None:
    task = planned(tiny, known(schedule="plateau", patience=1, gamma=0.5), OWN)
    assert carried(task, settings, after(8))[0].kind == "stopped"
    first = curves(task, settings)
    assert 0 < len(first.steps(LOSS)) < 6
    assert carried(task, settings)[0] == JobResult("done")
    found = curves(task, settings)
    assert len(found.files) == 2
    agree(found, rows(task, settings))


@pytest.mark.parametrize("steps", [0, 2, 6, 14], ids=lambda steps: f"stopped after {steps}")
def test_trials_of_a_rate_leave_nothing_in_the_curves(
    tiny: Split, settings: Settings, steps: int
) -> None:
    """Three trials of four steps go before the twelve of the training."""
    task = planned(tiny, "srcnn", replace(BRIEF, tuning_patches=8))
    if steps:
        assert carried(task, settings, after(steps))[0].kind == "stopped"
    assert carried(task, settings)[0] == JobResult("done")
    agree(curves(task, settings), rows(task, settings))


def test_what_a_killed_training_wrote_beyond_its_checkpoint_is_taken_back(
    tiny: Split,
    settings: Settings,
    known: Callable[..., NetworkMethod],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = planned(tiny, known(schedule="plateau", patience=1, gamma=0.5), OWN)
    monkeypatch.setattr(Network, "last", 9)
    with monkeypatch.context() as patch:  # one checkpoint, after step 5
        patch.setattr(Checkpointer, "due", lambda _self: Network.begun == 5)
        assert carried(task, settings)[0].kind == "failed"
    assert curves(task, settings).steps(LOSS) == [2, 4, 6, 8]
    monkeypatch.setattr(Network, "last", None)
    assert carried(task, settings)[0] == JobResult("done")
    assert Network.begun == 9 + 1 + 7
    found = curves(task, settings)
    assert found.steps(LOSS) == [2, 4, 6, 8, 10, 12]
    agree(found, rows(task, settings))


def test_what_stands_before_a_checkpoint_is_on_the_disk(
    tiny: Split, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []
    task = planned(tiny, "espcn")
    save = Checkpointer.save

    def saving(self: Checkpointer, state: dict[str, Any]) -> None:
        seen.append(curves(task, settings).steps(LOSS))
        save(self, state)

    monkeypatch.setattr(Checkpointer, "save", saving)
    assert carried(task, replace(settings, checkpoint_every=0.0))[0] == JobResult("done")
    assert seen[:6] == [[], [2], [2], [2, 4], [2, 4], [2, 4, 6]]


def test_curves_asked_for_late_begin_at_the_beginning(
    tiny: Split, settings: Settings, known: Callable[..., NetworkMethod]
) -> None:
    task = planned(tiny, known(schedule="step", step_size=1, gamma=0.5), OWN)
    assert carried(task, replace(settings, tensorboard=False), after(8))[0].kind == "stopped"
    assert not (settings.results / "tensorboard").exists()
    assert carried(task, settings)[0] == JobResult("done")
    agree(curves(task, settings), rows(task, settings))


def test_a_training_that_starts_anew_begins_anew(tiny: Split, settings: Settings) -> None:
    long, short = replace(BRIEF, patches=48), replace(BRIEF, validations=2)
    assert carried(planned(tiny, "espcn", long), settings)[0] == JobResult("done")
    task = planned(tiny, "espcn", short)
    assert carried(task, settings)[0] == JobResult("done")
    found = curves(task, settings)
    assert len(found.files) == 1
    assert found.steps(PSNR) == [6, 12]
    agree(found, rows(task, settings))


def test_a_checkpoint_that_cannot_be_used_begins_anew(tiny: Split, settings: Settings) -> None:
    task = planned(tiny, "espcn")
    assert carried(task, settings, after(8))[0].kind == "stopped"
    (checkpoint,) = settings.results.rglob("*.checkpoint")
    checkpointer = Checkpointer(checkpoint, 1e9, lambda: False, print, "CPU")
    checkpointer.save({"weights": "of another engine"})
    ending, messages, _ = carried(task, settings)
    assert (ending, len(messages)) == (JobResult("done"), 1)
    agree(curves(task, settings), rows(task, settings))


def test_scores_and_weights_do_not_depend_on_it(tiny: Split, settings: Settings) -> None:
    task = planned(tiny, "espcn")
    plain = replace(settings, results=settings.results / "plain", tensorboard=False)
    for one in (settings, plain):
        assert carried(task, one)[0] == JobResult("done")
    cells = [read_cell(task.address.folder(one.results)) for one in (settings, plain)]
    sums = [cell.facts["sums"] for cell in cells if cell]
    for name in ("scores.csv", "weights.safetensors"):
        assert sums[0][name] == sums[1][name]


# The writer's thread ends with the exception that the next call raises again.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("failing", ["write", "flush", "close", "__init__"])
def test_a_full_disk_costs_the_curves_only(
    tiny: Split, settings: Settings, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    writer = pytest.importorskip("tensorboard.summary.writer.record_writer").RecordWriter

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, failing, fail)
    task = planned(tiny, "espcn")
    ending, messages, _ = carried(task, settings)
    assert ending == JobResult("done")
    folder = task.address.folder(settings.results / "tensorboard")
    line = f"no curves in {folder}: No space left on device; the training continues without"
    assert messages == [line]


def test_a_method_without_training_has_no_curves(tiny: Split, settings: Settings) -> None:
    assert carried(planned(tiny, "wiener"), settings)[0] == JobResult("done")
    assert not (settings.results / "tensorboard").exists()


# The runner leaves a worker's pipe to be closed when it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_worker_process_writes_them_too(tiny: Split, settings: Settings) -> None:
    task = planned(tiny, "espcn")
    stream = StringIO()
    whole = replace(settings, environment=environment.describe(CPU))
    outcome = Runner(whole, Progress(stream), ProcessBackend()).run([task])
    assert outcome.done == [str(task.address)], stream.getvalue()
    agree(curves(task, settings), rows(task, settings))


def test_a_job_says_whether_curves_are_wanted(tiny: Split, settings: Settings) -> None:
    task = planned(tiny, "bicubic", replace(BRIEF, name="quick"))
    for wanted in (True, False):
        there = Job.from_json(Job(task, replace(settings, tensorboard=wanted)).to_json()).settings
        assert there.tensorboard is wanted


def test_without_the_package_a_request_is_refused_before_anything_starts(
    asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    options = RunOptions(isolated=False, tensorboard=True)
    with pytest.raises(RequestError) as caught:
        run_experiment(resolve(asked), options, Progress(StringIO()))
    assert str(caught.value).startswith("--tensorboard needs the package tensorboard, which cannot")
    assert 'pip install "tensorboard>=' in str(caught.value)
    assert not asked.results.exists()
    assert not asked.cache.exists()
    options = RunOptions(isolated=False)
    (outcome,) = run_experiment(resolve(asked), options, Progress(StringIO()))
    assert outcome.failed == {}


def test_it_is_not_imported_unless_asked_for() -> None:
    code = (
        "import sys, benchmark.execution.computation.job, benchmark.execution.planning.request; "
        "print('tensorboard' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=SRC,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("False\n", "")
