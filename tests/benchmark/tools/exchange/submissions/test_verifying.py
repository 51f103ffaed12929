"""`verify`: what is scored again, what differs, and which badge follows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load, save

from benchmark.execution.computation.job import JobResult
from benchmark.store.cells import WEIGHTS, cells
from benchmark.tools.exchange.submissions import scoring
from reports.badges import badge_of
from tests.benchmark.tools.exchange.submissions.support import (
    Content,
    ThreadWorker,
    called,
    cell_in,
    edited,
    with_facts,
    with_file,
)
from tests.command_line import CommandLine


def test_equal_scores_earn_a_badge_in_every_table(theirs: CommandLine) -> None:
    assert theirs("import", "espcn.zip").code == 0
    (cell,) = cells(theirs.results)
    assert badge_of(cell).name == "submitted"
    answer = called(theirs, "verify", "espcn.zip")
    assert answer.code == 0, answer.err
    found, verdict = answer.out.splitlines()[-2:]
    assert found.startswith("re-scored: equal: espcn x3 seed 0 on synthetic")
    assert found.endswith(": 1 scene, 6 metrics: equal in every digit")
    assert verdict == "re-scored: equal: 1 of 1 cell"
    assert badge_of(cell).name == "re-scored"
    assert "submitted by Jane Doe, John Doe in espcn.zip" in badge_of(cell).text
    shown = theirs("tables")
    assert "ESPCN    re-scored " in shown.out
    assert "\nSubmission: ESPCN: re-scored, stored weights scored here on " in shown.out
    assert "| ESPCN    | re-scored |" in theirs.page()
    (table,) = (theirs.results / "tables").glob("*.csv")
    assert table.read_text().splitlines()[1].endswith(",re-scored")
    assert "{Badge} &" in next((theirs.results / "tables").glob("*.tex")).read_text()


def test_a_cell_may_be_imported_after_it_was_verified(theirs: CommandLine) -> None:
    assert called(theirs, "verify", "espcn.zip").code == 0
    assert list(cells(theirs.results)) == []
    assert theirs("import", "espcn.zip").code == 0
    (cell,) = cells(theirs.results)
    assert badge_of(cell).name == "re-scored"


def test_tables_without_submissions_have_no_badges(made: CommandLine) -> None:
    assert "Badge" not in made("tables").out
    assert {badge_of(cell).name for cell in cells(made.results)} == {"retrained"}


def raised(content: Content) -> None:
    """Add 0.2 dB to the PSNR of the test scene."""
    text = content[f"{cell_in(content)}scores.csv"].decode()
    head, row = text.splitlines()
    scene, psnr, *others = row.split(",")
    better = ",".join([scene, str(float(psnr) + 0.2), *others])
    with_file(content, "scores.csv", f"{head}\n{better}\n".encode())


def disturbed(content: Content) -> None:
    """Change the weights by a tenth."""
    state = load(content[f"{cell_in(content)}{WEIGHTS}"])
    with_file(content, WEIGHTS, save({name: one * 1.1 for name, one in state.items()}))


@pytest.mark.parametrize("change", [raised, disturbed])
def test_other_scores_or_weights_are_named_scene_by_scene(theirs: CommandLine, change: Any) -> None:
    edited(theirs.folder / "espcn.zip", theirs.folder / "other.zip", change)
    assert theirs("import", "other.zip").code == 0
    answer = called(theirs, "verify", "other.zip")
    assert answer.code == 1
    assert "re-scored: DIFFERS: espcn x3 seed 0 on " in answer.out
    assert "    psnr of leaves04 comes out as " in answer.out
    assert answer.out.splitlines()[-1] == "NOT verified: 1 of 1 cell"
    (cell,) = cells(theirs.results)
    assert badge_of(cell).name == "submitted"
    facts = called(theirs, "verify", "other.zip", "--json").json()
    (one,) = facts["cells"]
    assert (facts["equal"], one["equal"], one["reason"]) == (False, False, "")
    assert {"psnr"} <= {found["metric"] for found in one["differences"]}


def test_a_difference_that_no_table_shows_is_tolerated_and_stated(theirs: CommandLine) -> None:
    def moved(content: Content) -> None:
        text = content[f"{cell_in(content)}scores.csv"].decode()
        head, row = text.splitlines()
        scene, psnr, *others = row.split(",")
        near = ",".join([scene, str(float(psnr) + 1e-5), *others])
        with_file(content, "scores.csv", f"{head}\n{near}\n".encode())

    edited(theirs.folder / "espcn.zip", theirs.folder / "near.zip", moved)
    answer = called(theirs, "verify", "near.zip")
    assert answer.code == 0
    assert "equal up to psnr 1e-05, below a tenth of the last digit of a table" in answer.out


def of(part: str, value: object) -> Any:
    def change(content: Content) -> None:
        with_facts(content, lambda facts: facts.update({part: value}))

    return change


def coarse(content: Content) -> None:
    def change(facts: dict[str, Any]) -> None:
        facts["metrics"][0]["digits"] = -3

    with_facts(content, change)


def unknown_metric(content: Content) -> None:
    with_facts(content, lambda facts: facts["metrics"].append({**facts["metrics"][0], "name": "x"}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (of("key", "a" * 64), "its key does not follow from what it depends on"),
        (coarse, "it describes the metric psnr otherwise than it is"),
        (unknown_metric, "unknown metric 'x'; "),
    ],
)
def test_what_a_forger_might_change_is_not_re_scored(
    theirs: CommandLine, change: Any, reason: str
) -> None:
    edited(theirs.folder / "espcn.zip", theirs.folder / "other.zip", change)
    answer = called(theirs, "verify", "other.zip")
    assert answer.code == 1
    assert "not re-scored: espcn x3 seed 0 on " in answer.out
    assert reason in answer.out
    assert not (theirs.results / ".origins").exists()


class Dying(ThreadWorker):
    """A worker that dies before the first estimate."""

    def work(self, job: Any, timeout: float, poll: float) -> Iterator[Any]:
        yield "ended", JobResult("failed", "its process was killed by SIGSEGV")


class Wrong(ThreadWorker):
    """A worker whose estimates have another size, or are NaN."""

    estimate = np.zeros((5, 3, 3), np.float32)

    def work(self, job: Any, timeout: float, poll: float) -> Iterator[Any]:
        file = Path(job["estimates"]) / "0.npy"
        np.save(file, self.estimate)
        yield "estimate", job["cells"][0], "leaves04", "../0.npy", True
        assert not file.exists()
        yield "estimated", job["cells"][0]
        yield "ended", JobResult("done")


class Pickled(Wrong):
    """A worker that sends objects, whose loading would run code."""

    estimate = np.array([print], object)


class Silent(ThreadWorker):
    """A worker that says it is done and has estimated nothing."""

    def work(self, job: Any, timeout: float, poll: float) -> Iterator[Any]:
        yield "estimated", job["cells"][0]
        yield "ended", JobResult("done")


@pytest.mark.parametrize(
    ("by", "reason"),
    [
        (Dying, "its process was killed by SIGSEGV"),
        (Wrong, "leaves04: the estimate has shape (5, 3, 3), expected (5, 48, 40)"),
        (Pickled, "leaves04: Object arrays cannot be loaded when allow_pickle=False"),
        (Silent, "not every test scene was estimated"),
    ],
)
def test_a_worker_that_does_otherwise_is_not_believed(
    theirs: CommandLine, by: type, reason: str
) -> None:
    answer = called(theirs, "verify", "espcn.zip", by=by)
    assert answer.code == 1
    assert f": {reason}" in answer.out


def test_the_verdict_is_made_by_the_scores_of_this_process(
    theirs: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored = []

    def counted(*arguments: Any, **options: Any) -> dict[str, float]:
        scored.append(arguments)
        return dict.fromkeys(["psnr", "sam", "sam_float", "ssim", "ergas", "rmse"], 1.0)

    monkeypatch.setattr(scoring, "score", counted)
    answer = called(theirs, "verify", "espcn.zip", "--json")
    assert answer.code == 1
    assert len(scored) == 1
    (cell,) = answer.json()["cells"]
    assert {one["computed"] for one in cell["differences"]} == {1.0}
    assert json.dumps(cell["scenes"]) == '["leaves04"]'


@pytest.mark.parametrize("part", ["configuration", "metrics", "depends"])
def test_facts_that_are_no_facts_are_not_re_scored(theirs: CommandLine, part: str) -> None:
    edited(theirs.folder / "espcn.zip", theirs.folder / "other.zip", of(part, {"dataset": [1]}))
    answer = called(theirs, "verify", "other.zip")
    assert answer.code == 1
    assert "not re-scored: espcn x3 seed 0 on " in answer.out
