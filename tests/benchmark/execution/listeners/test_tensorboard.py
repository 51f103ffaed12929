"""Curves for TensorBoard: every value once, however often a training was interrupted."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest

from benchmark import CHECKOUT
from benchmark.data.split import SceneSet, Split
from benchmark.engine.machine import environment
from benchmark.errors import RequestError
from benchmark.execution.backends.process import ProcessBackend
from benchmark.execution.computation.job import Job, JobResult, Settings
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.listeners.tensorboard import LOSS, LR, PSNR
from benchmark.execution.planning.request import resolve
from benchmark.execution.runner import Runner, RunOptions, run_experiment
from benchmark.method import NetworkMethod
from benchmark.store.cells import read as read_cell
from tests.benchmark.execution.listeners.curves import (
    BRIEF,
    OWN,
    agree,
    carried,
    curves,
    known,
    package,
    planned,
    rows,
    settings,
)
from tests.benchmark.execution.planning.test_request import asked
from tests.benchmark.support import CPU

__all__ = ["asked", "known", "package", "settings"]  # fixtures


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
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("False\n", "")
