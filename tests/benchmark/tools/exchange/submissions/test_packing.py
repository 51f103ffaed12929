"""`submit`: what is packed, and what is refused before anything is written."""

import shutil
import zipfile
from pathlib import Path

import pytest

from benchmark.store.cells import WEIGHTS
from benchmark.store.remedies import GET_WEIGHTS
from tests.benchmark.tools.exchange.submissions.support import FORM, called
from tests.command_line import CommandLine


@pytest.fixture
def mine(made: CommandLine, tmp_path: Path) -> CommandLine:
    """Return a copy of the folder with cells."""
    shutil.copytree(made.folder, tmp_path, dirs_exist_ok=True)
    return CommandLine(tmp_path)


def test_a_submission_holds_cells_weights_code_and_form(made: CommandLine) -> None:
    with zipfile.ZipFile(made.folder / "espcn.zip") as archive:
        names = set(archive.namelist())
    cell = (
        "cells/"
        + next(iter((made.results).rglob("espcn/seed0"))).relative_to(made.results).as_posix()
    )
    assert {f"{cell}/cell.json", f"{cell}/scores.csv", f"{cell}/{WEIGHTS}"} <= names
    assert {"submission.yaml", "manifest.json", "code/checkout/methods/espcn.py"} <= names
    assert not any("bicubic" in name for name in names)


def test_a_new_form_is_told_as_json_with_the_command_for_it(hsisr: CommandLine) -> None:
    words = ("submit", "--new", "--form", "my form.yaml", "--methods", "a[x=1]", "--json")
    answer = hsisr(*words, "--results", "mine", "--plugin", "a.py")
    assert answer.json() == {
        "form": "my form.yaml",
        "then": "python run_all.py submit --methods 'a[x=1]' --form 'my form.yaml' --results mine "
        "--plugin a.py",
    }


def test_the_form_is_written_read_and_completed_by_options(mine: CommandLine) -> None:
    lacking = mine("submit", "--methods", "espcn")
    assert lacking.code == 2
    assert "lacks authors, licence, not_trained_on_test_scenes; give --authors" in lacking.err
    assert mine("submit", "--new").code == 0
    assert "exists already" in mine("submit", "--new").err
    form = mine.folder / "submission.yaml"
    text = form.read_text().replace('licence: ""', "licence: MIT").replace("[]", "[Jane Doe]")
    form.write_text(text.replace("scenes: false", "scenes: true"))
    answer = called(mine, "submit", "--methods", "espcn", "-o", "one.zip", "--licence", "CC-BY-4.0")
    assert answer.code == 0, answer.err
    first = answer.out.splitlines()[0]
    assert first.startswith("form       by Jane Doe; paper: Shi et al., Real-time single image")
    assert "; licence: CC-BY-4.0; states that no test scene" in first
    assert answer.out.splitlines()[-1] == (
        "try it as others will: python run_all.py verify one.zip"
    )


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "name the method to submit"),
        (("--methods", "vdsr"), "no results of method 'vdsr' in results; "),
        (("--methods", "espcn", "--scales", "4"), "no results of scale '4' of espcn"),
        (("--methods", "espcn", "--dataset", "cave"), "no results of dataset 'cave' of espcn"),
        (("--methods", "espcn", "-o", "mine.tar"), "expected a name that ends in .zip"),
        (("--methods", "espcn", "--form", "none.yaml"), "cannot read none.yaml"),
    ],
)
def test_a_request_that_cannot_be_met_is_one_line(
    made: CommandLine, words: tuple[str, ...], reason: str
) -> None:
    answer = made("submit", *FORM, *words)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert reason in answer.err


def test_a_cell_without_weights_is_refused_and_the_former_zip_stays(mine: CommandLine) -> None:
    before = (mine.folder / "espcn.zip").read_bytes()
    next(mine.results.rglob(f"espcn/seed0/{WEIGHTS}")).unlink()
    answer = called(mine, "submit", "--methods", "espcn", *FORM)
    assert (answer.code, answer.out) == (1, "")
    assert f"espcn/seed0: its weights are not there; {GET_WEIGHTS}\n" in answer.err
    assert answer.err.endswith("nothing is written: 1 cell refused\n")
    assert (mine.folder / "espcn.zip").read_bytes() == before


def test_a_damaged_cell_is_refused_and_not_left_out(mine: CommandLine) -> None:
    assert mine.tiny("espcn", "--seeds", "1").code == 0
    with next(mine.results.rglob("espcn/seed1/scores.csv")).open("a") as scores:
        scores.write("another,1\n")
    answer = called(mine, "submit", "--methods", "espcn", *FORM)
    assert answer.code == 1
    assert "espcn/seed1/scores.csv does not match its checksum" in answer.err
    assert answer.err.endswith("nothing is written: 1 cell refused\n")
    assert called(mine, "submit", "--methods", "espcn", "--seeds", "0", *FORM).code == 0


def test_a_stale_cell_is_refused(mine: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.execution.planning.plan.NUMERICS", 99)
    answer = called(mine, "submit", "--methods", "espcn", "-o", "new.zip", *FORM)
    assert answer.code == 1
    assert "the engine's numerics changed since it was computed" in answer.err
    assert not (mine.folder / "new.zip").exists()
    assert not list(mine.folder.glob(".new.zip*"))
