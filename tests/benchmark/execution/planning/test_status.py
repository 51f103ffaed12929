"""Where a cell stands: told from the disk alone, with a reason, and without a trace."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.data.split import SceneSet, Split
from benchmark.degradation.operators.gaussian import GaussianDecimation
from benchmark.engine.training.profiles import Profile
from benchmark.execution.planning import plan
from benchmark.execution.planning.plan import CellPlan, plan_cells
from benchmark.execution.planning.request import Experiment
from benchmark.execution.planning.status import Status, planned_status, status_of
from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS, Recipe
from benchmark.plugins import discovery
from benchmark.protocol import Protocol
from benchmark.store.cells import write
from benchmark.store.lock import CellLock
from tests.benchmark.store.test_lock import everything, locked_elsewhere
from tests.benchmark.support import EIGHT_BIT, variant

BRIEF = Profile("brief", "", patches=8, patch=24, epochs=1, batch=4, bands=2, validations=1)
PAPER = replace(BRIEF, epochs=0)

PLUGIN = '''
"""Mine."""

from torch import nn

from benchmark.method import NetworkMethod, parameter, register


@register("mine", title="Mine")
class Mine(NetworkMethod):
    """The smallest network there is."""

    kernel: int = parameter(3, "rows and columns")

    def network(self, problem):
        return nn.Conv2d(problem.bands, problem.bands, self.kernel, padding="same")
'''


def planned(
    split: Split,
    reference: str = "srcnn",
    profile: Profile = BRIEF,
    protocol: Protocol = EIGHT_BIT,
) -> CellPlan:
    """Plan one cell."""
    (task,) = plan_cells(split, Experiment(protocol, profile, (2,), (METHODS.make(reference),)))
    return task


def put(results: Path, task: CellPlan, **facts: Any) -> Path:
    """Store a task's cell, whatever its numbers; gives its folder."""
    known = {"key": task.key, "depends": task.depends, "configuration": task.configuration}
    facts = {**known, "status": "done", "reason": None, **facts}
    return write(results, task.address, facts, {"scores.csv": b"scene,psnr\na,30\n"}).folder


def stale(results: Path, task: CellPlan, before: CellPlan) -> str:
    """Return why a planned cell's cell is stale after another one was stored in its place."""
    put(results, before)
    found = status_of(task, results)
    assert found.state == "stale"
    assert not found.is_current
    assert found.cell is not None
    assert found.cell.facts["key"] == before.key
    return found.reason


def plugin(folder: Path, text: str = PLUGIN) -> Path:
    """Write the plugin and load it."""
    folder.mkdir(exist_ok=True)
    file = folder / "mine.py"
    file.write_text(text)
    discovery.load(file, *REGISTRIES)
    return file


def shorter(scenes: SceneSet) -> SceneSet:
    """Leave the last scene out."""
    return SceneSet(scenes.entries[:-1])


def test_a_cell_without_a_folder_is_missing(tiny: Split, tmp_path: Path) -> None:
    found = status_of(planned(tiny), tmp_path)
    assert found == Status("missing", "not run yet")
    assert not found.is_current


def test_a_stored_cell_is_done(tiny: Split, tmp_path: Path) -> None:
    folder = put(tmp_path, planned(tiny))
    found = status_of(planned(tiny), tmp_path)
    assert (found.state, found.reason, found.is_current) == ("done", "", True)
    assert found.cell is not None
    assert found.cell.folder == folder


def test_a_failed_cell_says_why_and_answers(tiny: Split, tmp_path: Path) -> None:
    put(tmp_path, planned(tiny), status="failed", reason="ValueError: it broke")
    found = status_of(planned(tiny), tmp_path)
    assert (found.state, found.reason, found.is_current) == ("failed", "ValueError: it broke", True)


def test_a_failed_cell_of_another_source_is_stale(tiny: Split, tmp_path: Path) -> None:
    put(tmp_path, planned(tiny), status="failed", reason="ValueError: it broke")
    found = status_of(planned(tiny, profile=replace(BRIEF, batch=8)), tmp_path)
    assert found.state == "stale"
    assert not found.is_current


def test_a_damaged_cell_says_what_is_wrong_with_it(tiny: Split, tmp_path: Path) -> None:
    folder = put(tmp_path, planned(tiny))
    (folder / "scores.csv").write_bytes(b"scene,psnr\na,99\n")
    found = status_of(planned(tiny), tmp_path)
    assert (found.state, found.cell, found.is_current) == ("damaged", None, False)
    assert found.reason == f"{folder / 'scores.csv'} does not match its checksum in cell.json"


def test_a_cell_copied_to_a_wrong_place_is_damaged(tiny: Split, tmp_path: Path) -> None:
    task, other = planned(tiny), planned(tiny, "espcn")
    folder, place = put(tmp_path, task), other.address.folder(tmp_path)
    place.parent.mkdir(parents=True)
    folder.rename(place)
    found = status_of(other, tmp_path)
    assert found.state == "damaged"
    assert "copied to another place" in found.reason


def test_stale_by_the_engines_numerics(
    tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = planned(tiny)
    monkeypatch.setattr(plan, "NUMERICS", plan.NUMERICS + 1)
    assert stale(tmp_path, planned(tiny), before) == "the engine's numerics changed"


def test_stale_by_a_profile_and_the_recipe_that_it_gives(tiny: Split, tmp_path: Path) -> None:
    now = planned(tiny, profile=replace(BRIEF, batch=8))
    assert stale(tmp_path, now, planned(tiny)) == (
        "the profile (batch 4 before, 8 now) and the recipe (batch_size 4 before, 8 now) changed"
    )


def test_stale_by_the_profile_alone(tiny: Split, tmp_path: Path) -> None:
    now = planned(tiny, profile=replace(BRIEF, patches=9, bands=1, summary="said better"))
    assert stale(tmp_path, now, planned(tiny)) == (
        "the profile (bands 2 before, 1 now; patches 8 before, 9 now) changed"
    )


def test_stale_by_the_methods_own_recipe(
    tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cls, common = METHODS.entry("srcnn").cls, planned(tiny).key
    monkeypatch.setattr(cls, "recipe", Recipe(lr=0.5, epochs=3))
    before = planned(tiny, profile=PAPER)
    monkeypatch.setattr(cls, "recipe", Recipe(lr=0.25, epochs=3, clip_norm=1.0))
    assert stale(tmp_path, planned(tiny, profile=PAPER), before) == (
        "the recipe (clip_norm 0.0 before, 1.0 now; lr 0.5 before, 0.25 now) changed"
    )
    assert planned(tiny).key == common  # by the profile's recipe


def test_stale_by_the_protocol(tiny: Split, tmp_path: Path) -> None:
    now = planned(tiny, protocol=variant(EIGHT_BIT, version=2))
    assert stale(tmp_path, now, planned(tiny)) == "the protocol (version 1 before, 2 now) changed"


def test_what_changed_in_an_operator_is_named(tiny: Split, tmp_path: Path) -> None:
    before, now = (
        planned(tiny),
        planned(tiny, protocol=variant(EIGHT_BIT, down=GaussianDecimation(2.0))),
    )
    assert stale(tmp_path, now, before) == "the protocol (down: sigma 3.0 before, 2.0 now) changed"
    own = {"operator": "Box", "mean": True}
    for task, code in ((before, "ab"), (now, "cd")):
        task.configuration["protocol"]["up"] = {**own, "source": code}
    assert stale(tmp_path, now, before) == (
        "the protocol (down: sigma 3.0 before, 2.0 now; up: the code of Box) changed"
    )


def test_texts_and_limits_make_no_cell_stale(tiny: Split, tmp_path: Path) -> None:
    """A protocol may offer x8 one day, and a profile may be described in other words."""
    put(tmp_path, planned(tiny))
    wider = variant(EIGHT_BIT, summary="other words", scales=(2, 3, 4, 8), metrics=("psnr",))
    now = planned(tiny, protocol=wider, profile=replace(BRIEF, summary="other words"))
    assert status_of(now, tmp_path).state == "done"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"train": shorter}, "the training scenes changed"),
        ({"validation": shorter}, "the validation scenes changed"),
        ({"test": shorter}, "the test scenes changed"),
        ({"train": shorter, "test": shorter}, "the training scenes and the test scenes changed"),
    ],
)
def test_stale_by_the_data(
    tiny: Split, tmp_path: Path, change: dict[str, Callable[[SceneSet], SceneSet]], reason: str
) -> None:
    parts = {name: made(getattr(tiny, name)) for name, made in change.items()}
    now = planned(replace(tiny, **parts))  # type: ignore[arg-type]
    assert stale(tmp_path, now, planned(tiny)) == reason


def test_data_that_a_method_does_not_look_at_make_nothing_stale(
    tiny: Split, tmp_path: Path
) -> None:
    put(tmp_path, planned(tiny, "bicubic"))
    other = replace(tiny, train=shorter(tiny.train), validation=shorter(tiny.validation))
    assert status_of(planned(other, "bicubic"), tmp_path).state == "done"


@pytest.mark.usefixtures("registries")
def test_stale_by_the_methods_source(tiny: Split, tmp_path: Path) -> None:
    plugin(tmp_path)
    before = planned(tiny, "mine")
    plugin(tmp_path, PLUGIN.replace('padding="same")', 'padding="same", bias=False)'))
    now = planned(tiny, "mine")
    assert stale(tmp_path / "results", now, before) == "the method's source changed"


@pytest.mark.usefixtures("registries")
def test_stale_by_a_parameters_new_default(tiny: Split, tmp_path: Path) -> None:
    plugin(tmp_path)
    before = planned(tiny, "mine")
    plugin(tmp_path, PLUGIN.replace("parameter(3,", "parameter(11,"))
    now = planned(tiny, "mine")
    assert stale(tmp_path / "results", now, before) == (
        "the method's source and the method's parameters changed"
    )


@pytest.mark.usefixtures("registries")
def test_comments_docstrings_and_layout_make_nothing_stale(tiny: Split, tmp_path: Path) -> None:
    plugin(tmp_path)
    put(tmp_path / "results", planned(tiny, "mine"))
    for text in (
        PLUGIN + "\n# A remark.\n",
        PLUGIN.replace("Mine.", "Mine, and nobody else's."),
        PLUGIN.replace("    def network", "\n    # Builds it.\n    def network"),
        PLUGIN.replace(', padding="same")', ",\n        padding='same',\n    )"),
    ):
        plugin(tmp_path, text)
        assert status_of(planned(tiny, "mine"), tmp_path / "results").state == "done", text


def test_texts_for_readers_make_nothing_stale(tiny: Split, tmp_path: Path) -> None:
    put(tmp_path, planned(tiny))
    told = planned(
        tiny,
        profile=replace(BRIEF, summary="said better"),
        protocol=variant(EIGHT_BIT, summary="said better"),
    )
    assert status_of(told, tmp_path).state == "done"


def test_a_cell_that_does_not_say_what_it_depended_on_is_stale(tiny: Split, tmp_path: Path) -> None:
    put(tmp_path, planned(tiny), key="of an older engine", depends={})
    found = status_of(planned(tiny), tmp_path)
    assert (found.state, found.reason) == ("stale", "it does not say what it depended on")


def test_what_a_cell_depended_on_and_no_longer_does_is_named(tiny: Split, tmp_path: Path) -> None:
    task = planned(tiny)
    put(tmp_path, task, key="of another engine", depends={**task.depends, "weather": "rain"})
    found = status_of(task, tmp_path)
    assert (found.state, found.reason) == ("stale", "weather changed")


def test_a_cell_that_another_run_computes_is_running(tiny: Split, tmp_path: Path) -> None:
    task = planned(tiny)
    with locked_elsewhere(tmp_path, task.address) as other:
        before = everything(tmp_path)
        found = planned_status(task, tmp_path)
        assert (found.state, found.reason) == ("running", "another run is computing it")
        # What lies in its place does not matter until the other run is done.
        assert status_of(task, tmp_path).state == "missing"
        assert planned_status(planned(tiny, "espcn"), tmp_path).state == "missing"
        assert everything(tmp_path) == before
        os.kill(other.pid, signal.SIGKILL)
        other.wait(10)
        assert planned_status(task, tmp_path).state == "missing"


def test_a_stale_cell_is_running_too(tiny: Split, tmp_path: Path) -> None:
    task = planned(tiny)
    put(tmp_path, planned(tiny, profile=replace(BRIEF, batch=8)))
    with locked_elsewhere(tmp_path, task.address):
        assert planned_status(task, tmp_path).state == "running"
    assert planned_status(task, tmp_path).state == "stale"


def test_a_done_cell_is_done_even_while_it_is_locked(tiny: Split, tmp_path: Path) -> None:
    task = planned(tiny)
    put(tmp_path, task)
    with locked_elsewhere(tmp_path, task.address):
        assert planned_status(task, tmp_path).state == "done"


def test_an_unfinished_training_mentions_its_checkpoint(tiny: Split, tmp_path: Path) -> None:
    task, other = planned(tiny), planned(tiny, profile=replace(BRIEF, batch=8))
    file = CellLock(tmp_path, task.address, task.key).checkpoint
    file.parent.mkdir(parents=True)
    file.write_bytes(b"state")
    before = everything(tmp_path)
    assert planned_status(task, tmp_path) == Status(
        "missing", "not run yet; its training will resume from a checkpoint"
    )
    # Another recipe's training does not go on from it.
    assert planned_status(other, tmp_path) == Status("missing", "not run yet")
    assert everything(tmp_path) == before
    put(tmp_path, other)
    found = planned_status(task, tmp_path)
    assert found.state == "stale"
    assert found.reason.endswith("changed; its training will resume from a checkpoint")


def test_an_interrupted_checkpoint_write_is_mentioned_too(tiny: Split, tmp_path: Path) -> None:
    """Killed between the two files, a training goes on from the older one."""
    task = planned(tiny)
    file = CellLock(tmp_path, task.address, task.key).checkpoint
    file.parent.mkdir(parents=True)
    file.with_name(f"{file.name}.old").write_bytes(b"state")
    assert "will resume from a checkpoint" in planned_status(task, tmp_path).reason


def test_looking_makes_no_file(tiny: Split, tmp_path: Path) -> None:
    for reference in ("bicubic", "srcnn"):
        planned_status(planned(tiny, reference), tmp_path / "results")
    assert everything(tmp_path) == set()
