"""Jobs written down as plain values and read back: the same cell, or a clear refusal."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.engine.machine.device import Device
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError
from benchmark.execution.computation.job import ChangedError, Job, JobResult, Settings, result_of
from benchmark.method import METHODS
from benchmark.metric import METRICS
from benchmark.protocol import PROTOCOLS
from tests.benchmark.execution.computation.support import (
    SCENES,
    SMALL,
    carried,
    cell_of,
    one_line,
    planned,
    split_of,
    through,
)
from tests.benchmark.execution.planning.test_status import PLUGIN, plugin
from tests.benchmark.support import CPU, FLOAT
from tests.commands.test_plugins import STRIPES

OTHER = "synthetic[rows=48,columns=40,bands=5,seed=1]"

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


def test_the_job_that_was_read_makes_the_same_cell(cache: Path, settings: Settings) -> None:
    task = planned(split_of(cache, scenes=SCENES), "espcn")
    assert carried(task, settings) == JobResult("done")
    again, others = through(task, replace(settings, results=settings.results / "again"))
    assert carried(again, others) == JobResult("done")
    one, other = (cell_of(task, where).facts["sums"] for where in (settings, others))
    for name in ("scores.csv", "weights.safetensors"):
        assert one[name] == other[name]
