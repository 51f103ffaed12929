"""Networks scored with stored weights: the same cell, and no training."""

import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmark.data.split import Split
from benchmark.engine.machine import environment
from benchmark.errors import RequestError
from benchmark.execution.backends.inline import InlineBackend
from benchmark.execution.computation import evaluation
from benchmark.execution.computation.job import Job, Settings
from benchmark.execution.computation.pretrained import (
    available,
    require_weights,
    summary_of,
    why_untrained,
)
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import CellPlan
from benchmark.execution.runner import Outcome, Runner
from benchmark.store.cells import WEIGHTS, Cell, extend, read
from tests.benchmark.execution.test_runner import planned, run
from tests.benchmark.support import CPU


@pytest.fixture(scope="module")
def trained(tiny: Split, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a results folder with a trained network and a closed form, which no test changes."""
    results = tmp_path_factory.mktemp("trained")
    run(results, planned(tiny, "espcn", "wiener"))
    return results


@pytest.fixture
def stored(trained: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return Path(shutil.copytree(trained, tmp_path / "stored"))


@pytest.fixture
def untrainable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every training fail."""

    def fail(*_: object) -> None:
        raise AssertionError("a network was trained")

    monkeypatch.setattr(evaluation, "train_network", fail)


def score(results: Path, stored: Path, plans: list[CellPlan]) -> Outcome:
    """Score cells with stored weights, in this process."""
    settings = Settings(results, CPU, environment.describe(CPU), pretrained=stored)
    return Runner(settings, Progress(StringIO()), InlineBackend()).run(plans)


def cell_of(results: Path, plan: CellPlan) -> Cell:
    """Read a cell, which must be there."""
    cell = read(plan.address.folder(results))
    assert cell is not None
    return cell


def test_a_network_is_stored_in_16_bits_as_it_was_scored(tiny: Split, trained: Path) -> None:
    (plan,) = planned(tiny, "espcn")
    weights = load_file(plan.address.folder(trained) / WEIGHTS)
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    (closed,) = planned(tiny, "wiener")
    weights = load_file(closed.address.folder(trained) / WEIGHTS)
    assert torch.float16 not in {tensor.dtype for tensor in weights.values()}


@pytest.mark.usefixtures("untrainable")
def test_the_scores_are_the_stored_ones_in_every_digit(
    tiny: Split, trained: Path, tmp_path: Path
) -> None:
    plans = planned(tiny, "bicubic", "espcn", "wiener")
    outcome = score(tmp_path, trained, plans)
    assert outcome.done == [str(plan.address) for plan in plans]
    assert outcome.left_out == outcome.failed == {}
    ((agreement),) = outcome.agreements
    assert (agreement.cell, agreement.differences) == (str(plans[1].address), ())
    assert summary_of([agreement]).endswith(": 1 of 1 in every digit")
    before, now = (cell_of(folder, plans[1]) for folder in (trained, tmp_path))
    assert now.facts["sums"] == before.facts["sums"]
    for name in ("key", "configuration", "training", "parameters", "metrics", "status"):
        assert now.facts[name] == before.facts[name], name


@pytest.mark.usefixtures("untrainable")
def test_a_cell_says_that_it_was_not_trained_here_and_where_it_was(
    tiny: Split, trained: Path, tmp_path: Path
) -> None:
    (plan,) = planned(tiny, "espcn")
    score(tmp_path / "first", trained, [plan])
    facts, before = cell_of(tmp_path / "first", plan).facts, cell_of(trained, plan).facts
    device = before["environment"]["device"]
    note = f"not trained here: weights of {before['date'][:10]}, trained on {device}"
    assert facts["warnings"] == [*before["warnings"], note]
    assert facts["times"]["fit_s"] is None
    assert facts["times"]["upscale_s"] > 0
    # Handed on once more, it says so once.
    score(tmp_path / "second", tmp_path / "first", [plan])
    assert cell_of(tmp_path / "second", plan).facts["warnings"] == facts["warnings"]


@pytest.mark.usefixtures("untrainable")
def test_networks_without_weights_are_left_out_with_the_reason(
    tiny: Split, trained: Path, tmp_path: Path
) -> None:
    espcn, srcnn = planned(tiny, "espcn", "srcnn")
    outcome = score(tmp_path, trained, [espcn, srcnn])
    assert outcome.done == [str(espcn.address)]
    assert outcome.left_out == {str(srcnn.address): f"no weights are stored in {trained}"}
    assert read(srcnn.address.folder(tmp_path)) is None


def test_a_cell_that_is_trained_already_stays(tiny: Split, trained: Path, tmp_path: Path) -> None:
    (srcnn,) = planned(tiny, "srcnn")
    run(tmp_path, [srcnn])
    outcome = score(tmp_path, trained, [srcnn])
    assert (outcome.found, outcome.left_out) == ([str(srcnn.address)], {})
    assert outcome.agreements == []  # they are not the weights stored there


def test_weights_of_another_cell_are_not_taken(tiny: Split, stored: Path) -> None:
    (plan,) = planned(tiny, "espcn")
    assert why_untrained(plan, stored) == ""
    extend(stored, cell_of(stored, plan), {"key": "0" * 64}, {})
    assert why_untrained(plan, stored).startswith(f"the weights in {stored} are of another cell: ")
    extend(stored, cell_of(stored, plan), {"key": plan.key, "status": "failed"}, {})
    assert why_untrained(plan, stored) == f"the cell in {stored} failed: None"
    extend(stored, cell_of(stored, plan), {"status": "done"}, {})
    (plan.address.folder(stored) / WEIGHTS).unlink()
    assert why_untrained(plan, stored) == f"the cell in {stored} is stored without its weights"
    (plan.address.folder(stored) / "scores.csv").unlink()
    assert why_untrained(plan, stored).startswith(f"the cell in {stored} is damaged: ")


def test_changed_weights_are_noticed(tiny: Split, stored: Path) -> None:
    (plan,) = planned(tiny, "espcn")
    file = plan.address.folder(stored) / WEIGHTS
    save_file({name: 2 * tensor for name, tensor in load_file(file).items()}, file)
    assert "does not match its checksum" in why_untrained(plan, stored)


def test_scores_that_differ_are_named(tiny: Split, stored: Path, tmp_path: Path) -> None:
    """As on a device that adds in another order, and on one that computes something else."""
    (plan,) = planned(tiny, "espcn")
    file = plan.address.folder(stored) / "scores.csv"
    head, first, *others = file.read_text().splitlines()
    scene, psnr, *more = first.split(",")
    for shift, beyond in ((0.0004, 0), (0.25, 1)):
        row = ",".join([scene, str(float(psnr) + shift), *more])
        text = "\n".join([head, row, *others]) + "\n"
        extend(stored, cell_of(stored, plan), {}, {"scores.csv": text.encode()})
        (agreement,) = score(tmp_path / str(shift), stored, [plan]).agreements
        assert [(one.scene, one.metric) for one in agreement.differences] == [(scene, "psnr")]
        assert len(agreement.beyond) == beyond
        assert summary_of([agreement]).endswith(
            f": 0 of 1 in every digit, the others up to psnr {shift:.2g}"
        )


def test_a_run_without_any_weights_is_refused_before_it_begins(tiny: Split, trained: Path) -> None:
    plans = planned(tiny, "bicubic", "srcnn", "vdsr")
    table = "synthetic[rows=48,columns=40,bands=5], wang2017, brief: espcn"
    assert available(trained) == [table]
    with pytest.raises(RequestError) as caught:
        require_weights(plans, trained)
    assert str(caught.value) == (
        f"--pretrained: {plans[1].address}: no weights are stored in {trained}, nor can 1 other "
        f"cell be scored; there are weights of {table}; name other cells, or train without "
        "--pretrained"
    )
    require_weights(planned(tiny, "bicubic", "srcnn", "espcn"), trained)
    require_weights(planned(tiny, "bicubic"), trained)


@pytest.mark.parametrize("where", [None, "stored"])
def test_a_job_keeps_where_its_weights_are(tiny: Split, tmp_path: Path, where: str | None) -> None:
    (plan,) = planned(tiny, "bicubic")
    folder = tmp_path / where if where else None
    settings = Settings(tmp_path, CPU, environment.describe(CPU), pretrained=folder)
    sent = Job(plan, settings).to_json()
    assert Job.from_json(sent).settings == replace(settings, plugins=())
