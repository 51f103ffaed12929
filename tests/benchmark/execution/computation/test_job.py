"""Jobs: written down as plain values, read back as the same cell, and ended whatever happens."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.data.split import DataRequest, Split, load_split
from benchmark.engine.machine.device import Device
from benchmark.engine.training.checkpoint import Checkpointer, Stopped
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError
from benchmark.execution.computation.job import (
    ChangedError,
    Job,
    JobResult,
    Settings,
    result_of,
    run_job,
)
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS, Inputs, Method, NetworkMethod, Problem, State
from benchmark.metric import METRICS
from benchmark.plugins.discovery import discover
from benchmark.protocol import PROTOCOLS, Protocol
from benchmark.store.cells import Cell
from benchmark.store.cells import read as read_cell
from benchmark.store.lock import CellLock
from tests.benchmark.engine.training.test_checkpoint import after
from tests.benchmark.execution.planning.test_status import PLUGIN, plugin
from tests.benchmark.support import CPU, EIGHT_BIT, FLOAT, Gain, Recorder
from tests.test_plugins import STRIPES

discover(REGISTRIES)

# Registered nowhere; twelve steps, and a checkpoint may come after each.
BRIEF = Profile("brief", "", patches=24, patch=24, epochs=2, batch=4, bands=2, validations=1)
SMALL = "synthetic[rows=48,columns=40,bands=5]"
OTHER = "synthetic[rows=48,columns=40,bands=5,seed=1]"
SCENES = ("leaves01", "leaves04", "leaves06")

HAZY = '''
"""A blur of its own, and a metric."""

from benchmark import metric, protocol
from benchmark.protocol import OPENCV, GaussianDecimation, Protocol


@protocol.register("hazy", title="Hazy", paper="nobody")
class Hazy(Protocol):
    """A blur whose width is a parameter."""

    summary = "another blur"
    scales = (2,)
    up = OPENCV
    metrics = ("psnr", "worst")
    main_metrics = ("worst",)

    sigma: float = protocol.parameter(default=1.0, help="of the blur", low=0.1)

    @property
    def down(self):
        return GaussianDecimation(self.sigma)


@metric.register("worst")
class Worst(metric.Metric):
    """The largest error."""

    title, unit, digits, higher, meaning = "Worst", "", 3, False, "largest difference"

    def of_band(self, pair, image):
        return (pair.estimate - pair.truth).abs().max()

    def of_scene(self, values, image):
        return float(values.max())
'''


class Raising(Method):
    """Raises what it is told to."""

    error: BaseException

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Raise it."""
        raise self.error


class Network(NetworkMethod):
    """Trains one weight."""

    def network(self, problem: Problem) -> nn.Module:
        """Build it."""
        return Gain(0.9)


class Late(Network):
    """Gives NaN, or raises, after so many steps."""

    begun = 0
    last = 7
    error: Exception | None = None

    def loss(self, output: Any, truth: Tensor, inputs: Inputs, problem: Problem) -> Tensor:
        """Do well for a while."""
        Late.begun += 1
        good = super().loss(output, truth, inputs, problem)
        if Late.begun <= self.last:
            return good
        if self.error:
            raise self.error
        return good * torch.nan


class MuteError(Exception):
    """Cannot even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class OddError(BaseException):
    """Is not caught by `except Exception`."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for prepared scenes."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings that save no checkpoint before the end."""
    return Settings(tmp_path / "results", CPU, {"torch": "2", "command": "?"}, (), 1e9)


@pytest.fixture
def known(registries: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Method]:
    """Return a function that makes a method of a class and some attributes, and registers it."""

    def make(base: type[Method], **attributes: object) -> Method:
        name = base.__name__.lower()
        cls = METHODS.register(name)(type(name, (base,), {"__module__": __name__, **attributes}))
        return cls()

    monkeypatch.setattr(Late, "begun", 0)
    return make


def split_of(cache: Path, reference: str = SMALL, **wanted: Any) -> Split:
    """Load scenes."""
    whole = {"train_on": (), "scenes": (), "root": Path("no-such-folder"), **wanted}
    return load_split(DataRequest(reference, cache=cache, **whole), EIGHT_BIT)


def planned(
    split: Split,
    method: str | Method,
    protocol: Protocol = EIGHT_BIT,
    profile: Profile = BRIEF,
    scale: int = 2,
    seed: int = 0,
) -> CellPlan:
    """Plan one cell."""
    made = METHODS.make(method) if isinstance(method, str) else method
    (task,) = plan_cells(split, Experiment(protocol, profile, (scale,), (made,), (seed,)))
    return task


def through(task: CellPlan, settings: Settings) -> tuple[CellPlan, Settings]:
    """Write a job down as text and read it."""
    text = json.dumps(Job(task, settings).to_json(), allow_nan=False)
    assert "\n" not in text  # it goes to a worker as a line
    job = Job.from_json(json.loads(text))
    return job.plan, job.settings


def carried(
    task: CellPlan,
    settings: Settings,
    stop: Callable[[], bool] = lambda: False,
    listener: Recorder | None = None,
) -> JobResult:
    """Carry a job out; it has nothing to complain of."""
    told: list[str] = []
    result = run_job(Job(task, settings), listener or Recorder(), stop, told.append)
    assert told == []
    return result


def cell_of(task: CellPlan, settings: Settings) -> Cell:
    """Read a cell that must be there."""
    cell = read_cell(task.address.folder(settings.results))
    assert cell is not None
    return cell


def checkpoint_of(task: CellPlan, settings: Settings) -> Path:
    """Return where a training's checkpoint lies."""
    return CellLock(settings.results, task.address, task.key).checkpoint


def one_line(reason: str) -> bool:
    """Return whether a reason fits into a table."""
    return 0 < len(reason) <= 300 and len(reason.splitlines()) == 1


@pytest.mark.parametrize(
    ("wanted", "method", "more"),
    [
        ({}, "bicubic", {}),
        ({"scenes": SCENES}, "wiener", {"scale": 3}),
        ({"scenes": SCENES}, "srcnn", {"seed": 7}),
        ({"train_on": (OTHER, SMALL)}, "espcn", {}),
        ({"train_on": (OTHER,), "scenes": SCENES}, "wiener", {"protocol": FLOAT}),
        ({"scenes": SCENES}, "proposed[alpha=0.1,subnetworks=2,middle=1]", {}),
        ({"scenes": SCENES}, "srcnn", {"profile": Profile("paper", "", patches=9, epochs=0)}),
        ({"scenes": SCENES}, "bicubic[clip=false]", {"protocol": PROTOCOLS.make("li2020")}),
    ],
)
@pytest.mark.usefixtures("registries")
def test_a_job_written_is_the_job_read(
    cache: Path, settings: Settings, wanted: Any, method: str, more: Any
) -> None:
    task = planned(split_of(cache, **wanted), method, **more)
    again, others = through(task, settings)
    assert again.key == task.key
    assert again.address == task.address
    assert again.method == task.method
    assert again.profile == task.profile
    assert again.protocol == task.protocol
    assert again.configuration == task.configuration
    assert others == settings


@pytest.mark.usefixtures("registries")
def test_a_protocol_and_a_metric_of_a_plugin_go_along(
    cache: Path, settings: Settings, tmp_path: Path
) -> None:
    file = plugin(tmp_path, HAZY)
    hazy = PROTOCOLS.make("hazy[sigma=0.5]")
    task = planned(split_of(cache, scenes=SCENES), "bicubic", hazy)
    written = Job(task, replace(settings, plugins=(file,))).to_json()
    del PROTOCOLS._entries["hazy"], METRICS._entries["worst"]
    again = Job.from_json(json.loads(json.dumps(written))).plan
    assert again.key == task.key
    assert again.protocol.facts() == hazy.facts()
    assert again.address.protocol == "hazy[sigma=0.5]"
    assert [METRICS.label(metric) for metric in again.metrics] == ["psnr", "worst"]
    assert again.key != planned(task.split, "bicubic", PROTOCOLS.make("hazy")).key


@pytest.mark.usefixtures("registries")
def test_where_and_how_to_compute_goes_along(cache: Path, settings: Settings) -> None:
    task = planned(split_of(cache, scenes=SCENES), "bicubic")
    device = Device(torch.device("cpu"), bfloat16=True)
    _, others = through(task, replace(settings, device=device, checkpoint_every=0.5))
    assert (others.device, others.checkpoint_every) == (device, 0.5)
    before = torch.get_num_threads()
    job = Job(task, settings).to_json()
    try:
        Job.from_json({**job, "threads": before + 1})
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.usefixtures("registries")
def test_folders_are_found_from_anywhere(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = plugin(Path())
    task = planned(split_of(Path("cache"), scenes=SCENES, root=Path("data")), "mine")
    job = Job(task, Settings(Path("results"), CPU, {}, (file,))).to_json()
    monkeypatch.chdir(cache)
    there = Job.from_json(job)
    again, settings = there.plan, there.settings
    assert again.key == task.key
    assert settings.results == tmp_path / "results"
    assert settings.plugins == (tmp_path / "mine.py",)
    assert again.split.request.root == tmp_path / "data"
    assert again.split.request.cache == tmp_path / "cache"


@pytest.mark.usefixtures("registries")
def test_a_plugin_is_imported_again(
    cache: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dict(METHODS._entries)
    file = plugin(tmp_path)
    settings = replace(settings, plugins=(file,))
    task = planned(split_of(cache, scenes=SCENES), "mine[kernel=5]")
    job = Job(task, settings).to_json()
    monkeypatch.setattr(METHODS, "_entries", before)  # a worker knows nothing of it yet
    there = Job.from_json(job)
    again, others = there.plan, there.settings
    assert again.key == task.key
    assert again.address.method == "mine[kernel=5]"
    assert type(again.method) is not type(task.method)
    assert others.plugins == (file,)


@pytest.mark.usefixtures("registries")
def test_a_job_names_the_plugins_that_it_needs_and_no_others(
    cache: Path, settings: Settings, tmp_path: Path
) -> None:
    mine, stripes = plugin(tmp_path / "a"), plugin(tmp_path / "b", STRIPES)
    settings = replace(settings, plugins=(mine, stripes))
    data, synthetic = {"file": str(stripes)}, {"module": "datasets.synthetic"}

    def needed(reference: str, method: str, **wanted: Any) -> Any:
        task = planned(split_of(cache, reference, **wanted), method)
        imports = Job(task, settings).to_json()["imports"]
        own = ("benchmark.protocols.", "benchmark.metrics.")
        return [place for place in imports if not place.get("module", "").startswith(own)]

    assert needed("stripes", "bicubic") == [{"module": "methods.bicubic"}, data]
    assert needed(SMALL, "mine") == [{"file": str(mine)}, synthetic]
    assert needed(SMALL, "wiener", train_on=(OTHER, SMALL)) == [
        {"module": "methods.wiener"},
        synthetic,
    ]


@pytest.mark.usefixtures("registries")
def test_a_plugin_in_the_users_home_is_found_again(
    cache: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell leaves the sign in `--plugin=~/mine.py` to us."""
    plugin(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    task = planned(split_of(cache, scenes=SCENES), "mine")
    again, _ = through(task, replace(settings, plugins=(Path("~/mine.py"),)))
    assert again.key == task.key


@pytest.mark.usefixtures("registries")
def test_a_plugins_comment_may_change_in_between(
    cache: Path, settings: Settings, tmp_path: Path
) -> None:
    file = plugin(tmp_path)
    task = planned(split_of(cache, scenes=SCENES), "mine")
    job = Job(task, replace(settings, plugins=(file,))).to_json()
    file.write_text(PLUGIN + "\n# A remark.\n")
    assert Job.from_json(job).plan.key == task.key


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PLUGIN.replace('"same")', '"same", bias=False)'), "its source, its data or the engine"),
        (PLUGIN.replace('register("mine"', 'register("yours"'), "unknown method 'mine'"),
        (PLUGIN.replace("kernel: int", "size: int"), "mine has no parameter 'kernel'"),
        (PLUGIN.replace("parameter(3,", "parameter(3, high=4, help="), "expected a whole number"),
        ("def half a line", "cannot be imported: SyntaxError"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit"),
        (None, "no plugin file at"),
    ],
)
@pytest.mark.usefixtures("registries")
def test_a_plugin_that_changed_in_between_is_not_run(
    cache: Path,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str | None,
    reason: str,
) -> None:
    before = dict(METHODS._entries)
    file = plugin(tmp_path)
    task = planned(split_of(cache, scenes=SCENES), "mine[kernel=5]")
    job = Job(task, replace(settings, plugins=(file,))).to_json()
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    monkeypatch.setattr(METHODS, "_entries", before)
    with pytest.raises(ChangedError, match=reason) as caught:
        Job.from_json(job)
    assert "changed during the run" in str(caught.value)
    result = result_of(caught.value)
    assert result.kind == "failed"
    assert one_line(result.reason)


@pytest.mark.usefixtures("registries")
def test_data_that_changed_in_between_are_not_run_on(
    cache: Path, settings: Settings, tmp_path: Path
) -> None:
    file = plugin(tmp_path, STRIPES)
    task = planned(split_of(cache, "stripes"), "bicubic")
    job = Job(task, replace(settings, plugins=(file,))).to_json()
    assert Job.from_json(job).plan.key == task.key
    file.write_text(
        STRIPES.replace("% 7", "% 13").replace('stamp = "stripes"', 'stamp = "another"')
    )
    with pytest.raises(ChangedError, match="its data"):
        Job.from_json(job)


@pytest.mark.usefixtures("registries")
def test_data_that_can_no_longer_be_read_are_the_users_affair(
    cache: Path, settings: Settings, tmp_path: Path
) -> None:
    """Nothing that comes later would fare better, so the run ends instead of failing the cell."""
    file = plugin(tmp_path, STRIPES)
    plan = planned(split_of(cache, "stripes"), "bicubic")
    job = Job(plan, replace(settings, plugins=(file,))).to_json()
    gone = STRIPES.replace("return Made()", 'raise RequestError("the disk is gone")')
    file.write_text("from benchmark.errors import RequestError\n" + gone)
    with pytest.raises(RequestError, match="the disk is gone") as caught:
        Job.from_json(job)
    assert result_of(caught.value) == JobResult("refused", "the disk is gone")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("all is said\nand more", "all is said"),
        ("Error(s) in loading:\n\tMissing key(s):\n \n\t\t'a'\n and 'b'",
         "Error(s) in loading: Missing key(s): 'a'"),
        ("nothing follows:", "nothing follows"),
        ("\n", ""),
    ],
)  # fmt: skip
def test_a_reason_goes_on_where_its_first_line_announces_more(message: str, reason: str) -> None:
    said = result_of(ValueError(message)).reason or ""
    assert said == f"ValueError: {reason}".removesuffix(": ")


def test_a_job_carried_out_is_a_cell_stored(cache: Path, settings: Settings) -> None:
    task, listener = planned(split_of(cache, scenes=SCENES), "espcn"), Recorder()
    assert carried(task, settings, listener=listener) == JobResult("done")
    cell = cell_of(task, settings)
    assert cell.status == "done"
    assert cell.facts["key"] == task.key
    assert cell.facts["depends"] == task.depends
    assert cell.facts["environment"] == settings.environment
    assert cell.facts["resumed"] == 0
    assert listener.scenes == ["leaves04"]
    assert listener.steps[-1][:2] == (12, 12)


def test_the_job_that_was_read_makes_the_same_cell(cache: Path, settings: Settings) -> None:
    task = planned(split_of(cache, scenes=SCENES), "espcn")
    assert carried(task, settings) == JobResult("done")
    again, others = through(task, replace(settings, results=settings.results / "again"))
    assert carried(again, others) == JobResult("done")
    one, other = (cell_of(task, where).facts["sums"] for where in (settings, others))
    for name in ("scores.csv", "weights.safetensors"):
        assert one[name] == other[name]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("it broke"), "ValueError: it broke"),
        (ValueError(), "ValueError"),
        (ValueError("one\ntwo\nthree"), "ValueError: one"),
        (ValueError("\n\nbelow"), "ValueError: below"),
        (ValueError("one\r\ntwo"), "ValueError: one"),
        (KeyError("name"), "KeyError: 'name'"),
        (MemoryError(), "MemoryError"),
        (torch.OutOfMemoryError("CUDA out of memory."), "OutOfMemoryError: CUDA out of memory."),
        (SystemExit(3), "SystemExit: 3"),
        (OddError("of its own"), "OddError: of its own"),
        (GeneratorExit(), "GeneratorExit"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_whatever_a_method_raises_is_a_failure(
    cache: Path,
    settings: Settings,
    known: Callable[..., Method],
    error: BaseException,
    reason: str,
) -> None:
    task = planned(split_of(cache, scenes=SCENES), known(Raising, error=error))
    result = carried(task, settings)
    assert (result.kind, result.reason) == ("failed", reason)
    assert one_line(result.reason)
    assert result.trace.startswith("Traceback (most recent call last):\n")
    assert "raise self.error" in result.trace
    assert read_cell(task.address.folder(settings.results)) is None


def test_a_long_reason_is_cut_and_stands_whole_in_the_trace(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    error = ValueError("long " * 1000)
    result = carried(planned(split_of(cache, scenes=SCENES), known(Raising, error=error)), settings)
    assert 290 < len(result.reason) <= 300
    assert result.reason.endswith(" long...")  # not in the middle of a word
    assert one_line(result.reason)
    assert "long " * 1000 in result.trace


def test_an_exception_without_a_readable_message_is_a_failure_too(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    result = carried(
        planned(split_of(cache, scenes=SCENES), known(Raising, error=MuteError())), settings
    )
    assert result.kind == "failed"
    assert result.reason.startswith("MuteError")
    assert one_line(result.reason)


class Tampering(Method):
    """Replaces a function that the engine uses."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Return the input."""
        functional.conv2d = functional.conv3d
        return low


def test_a_method_that_replaces_functions_of_the_engine_has_no_score(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    before = functional.conv2d
    result = carried(planned(split_of(cache, scenes=SCENES), known(Tampering)), settings)
    assert functional.conv2d is before
    assert result.kind == "failed"
    assert result.reason == (
        "TamperedError: it replaced torch.nn.functional.conv2d, which the engine uses too; define "
        "a function of another name instead"
    )


class Careless(Method):
    """Changes settings of the process when it is called."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Return the input."""
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(torch.get_num_threads() + 1)
        np.seterr(all="raise")
        os.chdir("/")
        return low


def test_settings_that_a_method_changes_do_not_reach_its_scores_or_the_next_cell(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    split = split_of(cache, scenes=SCENES)
    before = Path.cwd(), np.geterr(), torch.get_num_threads(), torch.get_default_dtype()
    careless, bicubic = planned(split, known(Careless)), planned(split, "bicubic")
    assert [carried(task, settings).kind for task in (careless, bicubic)] == ["done", "done"]
    after = Path.cwd(), np.geterr(), torch.get_num_threads(), torch.get_default_dtype()
    assert after == before
    one, other = (cell_of(task, settings).facts["sums"] for task in (careless, bicubic))
    assert one["scores.csv"] == other["scores.csv"]


def test_ctrl_c_is_none_of_the_methods_failures(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    task = planned(split_of(cache, scenes=SCENES), known(Raising, error=KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        carried(task, settings)


def test_a_results_folder_that_cannot_be_written_to_is_refused(
    cache: Path, settings: Settings
) -> None:
    settings.results.write_text("in the way")
    result = carried(planned(split_of(cache, scenes=SCENES), "bicubic"), settings)
    assert result.kind == "refused"
    assert result.reason.startswith(f"cannot write to the results folder {settings.results}: ")
    assert one_line(result.reason)


def test_a_stopped_job_continues_from_its_checkpoint(cache: Path, settings: Settings) -> None:
    task = planned(split_of(cache, scenes=SCENES), "espcn")
    whole = replace(settings, results=settings.results / "whole")
    assert carried(task, whole) == JobResult("done")
    result = carried(task, settings, after(8))
    assert (result.kind, result.trace) == ("stopped", "")
    assert "will resume from a checkpoint" in result.reason
    assert read_cell(task.address.folder(settings.results)) is None
    assert checkpoint_of(task, settings).exists()
    assert carried(task, settings) == JobResult("done")
    cell, other = cell_of(task, settings), cell_of(task, whole)
    assert cell.facts["resumed"] == 1
    for name in ("scores.csv", "weights.safetensors"):
        assert cell.facts["sums"][name] == other.facts["sums"][name]


def test_a_checkpoint_of_another_engine_does_not_stand_in_the_way(
    cache: Path, settings: Settings
) -> None:
    """Valid, with a correct checksum and the same key, but with unknown entries."""
    task, told = planned(split_of(cache, scenes=SCENES), "espcn"), list[str]()
    checkpointer = Checkpointer(checkpoint_of(task, settings), 1e9, lambda: False, told.append)
    checkpointer.save({"weights": torch.zeros(3)})
    result = run_job(Job(task, settings), Recorder(), lambda: False, told.append)
    assert result == JobResult("done")
    assert cell_of(task, settings).facts["resumed"] == 0
    assert len(told) == 1


def test_a_loss_that_is_not_finite_leaves_no_checkpoint(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    """From there the same training would only come to the same end."""
    task = planned(split_of(cache, scenes=SCENES), known(Late))
    often = replace(settings, checkpoint_every=0.0)
    result = carried(task, often)
    assert result.kind == "failed"
    assert result.reason == "TrainingError: the loss became nan before step 12"
    assert "Traceback" in result.trace
    assert [path for path in settings.results.rglob("*") if path.is_file()] == []


def test_another_failure_keeps_its_checkpoint_for_a_retry(
    cache: Path,
    settings: Settings,
    known: Callable[..., Method],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = planned(split_of(cache, scenes=SCENES), known(Late))
    often, listener = replace(settings, checkpoint_every=0.0), Recorder()
    monkeypatch.setattr(Late, "error", OSError("the network drive is gone"))
    assert carried(task, often).reason == "OSError: the network drive is gone"
    assert Late.begun == 8
    assert checkpoint_of(task, settings).exists()
    monkeypatch.setattr(Late, "last", 100)
    assert carried(task, often, listener=listener) == JobResult("done")
    assert Late.begun == 8 + (12 - 7)
    assert cell_of(task, settings).facts["resumed"] == 1


def test_a_training_that_failed_at_its_test_scenes_is_not_done_again(
    cache: Path,
    settings: Settings,
    known: Callable[..., Method],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Late, "last", 100)
    task = planned(split_of(cache, scenes=SCENES), known(Late))
    with monkeypatch.context() as patch:
        patch.setattr("benchmark.execution.computation.evaluation.score", lambda *_, **__: 1 / 0)
        assert carried(task, settings).reason == "ZeroDivisionError: division by zero"
    assert Late.begun == 12
    assert carried(task, settings) == JobResult("done")
    assert Late.begun == 12


def test_a_stored_failure_has_its_reason_and_its_traceback(cache: Path, settings: Settings) -> None:
    task = planned(split_of(cache, scenes=SCENES), "bicubic")
    trace = "Traceback (most recent call last):\n  in mine.py, größer\nValueError: it broke\n"
    Job(task, settings).store_failure(JobResult("failed", "ValueError: it broke", trace))
    cell = cell_of(task, settings)
    assert cell.status == "failed"
    assert cell.facts["reason"] == "ValueError: it broke"
    assert cell.facts["key"] == task.key
    assert cell.facts["depends"] == task.depends
    assert cell.facts["configuration"]["method"]["name"] == "bicubic"
    assert cell.facts["environment"] == settings.environment
    assert cell.facts["warnings"] == []
    assert (cell.folder / "traceback.txt").read_text(encoding="utf-8") == trace
    assert {path.name for path in cell.folder.iterdir()} == {"cell.json", "traceback.txt"}


def test_a_failure_about_a_file_name_of_no_encoding_is_stored(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    """Python hands such names over with half characters that no file can hold."""
    error = FileNotFoundError(f"no file {os.fsdecode(b'scene-' + bytes([255]) + b'.png')}")
    task = planned(split_of(cache, scenes=SCENES), known(Raising, error=error))
    result = carried(task, settings)
    Job(task, settings).store_failure(result)
    cell = cell_of(task, settings)
    assert cell.facts["reason"].startswith("FileNotFoundError: no file scene-")
    cell.facts["reason"].encode()  # a table can hold it as well
    assert "scene-" in (cell.folder / "traceback.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["done", "failed", "refused", "stopped"])
def test_an_ending_goes_through_json(kind: Any) -> None:
    result = JobResult(kind, "a\treason, größer \udcff", "a trace\nof lines")
    assert JobResult(**json.loads(json.dumps(asdict(result)))) == result


def test_what_was_raised_says_how_it_ended() -> None:
    assert result_of(Stopped()) == JobResult(
        "stopped", "its training will resume from a checkpoint"
    )
    assert result_of(RequestError("no room; free some")) == JobResult(
        "refused", "no room; free some"
    )
    assert result_of(ZeroDivisionError("one over nothing")).kind == "failed"
