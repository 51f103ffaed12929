"""Several cells at a time; the data prepared beforehand; what is running, shown."""

import json
import re
import sys
import time
from pathlib import Path

import pytest
import torch

from benchmark.cli.cluster import minutes, sbatch_options, show_submitted
from benchmark.execution.backends.slurm.backend import SlurmBackend
from benchmark.store.address import Address
from benchmark.store.lock import CellLock
from tests.benchmark.store.test_lock import locked_elsewhere
from tests.command_line import FAILING, SCENES, SMALL, CommandLine
from tests.faults import finished
from tests.robustness.test_two_runs import numbers

WORDS = ("--dataset", SMALL, "--scenes", SCENES, "--scales", "3", "--device", "cpu")
LABEL = f"{SMALL}+{SCENES.replace(',', '+')}"


def test_jobs_side_by_side_give_the_numbers_of_one_after_the_other(tmp_path: Path) -> None:
    words = (*WORDS, "--methods", "bicubic,wiener,back_projection")
    alone = CommandLine(tmp_path)(*words, "--results", "alone")
    answer = finished(tmp_path, *words, "--results", "beside", "--jobs", "2", "--json")
    assert (alone.code, answer.code) == (0, 0), answer.err
    assert len(json.loads(answer.out)["done"]) == 3
    assert {int(one) for one in re.findall(r"\[(\d)/3\] .*: done in", answer.err)} == {1, 2, 3}
    assert numbers(tmp_path / "beside") == numbers(tmp_path / "alone")
    assert not (tmp_path / "beside" / ".work").exists()


def test_jobs_that_cannot_be_are_refused(hsisr: CommandLine) -> None:
    for words, error in (
        (("--jobs", "0"), "error: --jobs"),
        (("--jobs", "2"), "error: --jobs needs worker processes; leave out --in-process\n"),
        (("--cell-timeout", "3"), "error: --cell-timeout needs worker processes; leave out --in-"),
        (("--jobs", "999", "--plan"), "error: --jobs 999: expected at most"),
    ):
        answer = hsisr.tiny("bicubic", *words)
        assert answer.code == 2
        assert answer.err.splitlines()[-1].startswith(error.strip())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_run_for_gpus_is_planned_where_there_are_none(hsisr: CommandLine) -> None:
    answer = hsisr(*WORDS[:-1], "cuda", "--methods", "bicubic,srcnn", "--plan")
    assert (answer.code, answer.err.count("error")) == (0, 0)
    assert answer.out.splitlines()[-1] == "2 cells: 2 missing"
    refused = hsisr(*WORDS[:-1], "cuda", "--methods", "bicubic")
    assert refused.code == 2
    assert "torch sees no CUDA device here" in refused.err


def test_what_was_prepared_is_not_prepared_again(hsisr: CommandLine) -> None:
    prepared = hsisr("prepare", "--dataset", SMALL)
    assert prepared.code == 0
    assert "18 of 18 scenes prepared" in prepared.err
    assert prepared.out == (
        f"{SMALL}: 12 scenes to train, 2 to validate, 4 to test, prepared in .cache\n"
    )
    assert not hsisr.results.exists()
    words = ("--dataset", SMALL, "--scales", "3", "--methods", "bicubic", "--profile", "tiny")
    assert "prepared" not in hsisr(*words).err
    again = hsisr("prepare", "--dataset", SMALL, "--json")
    assert again.err == ""
    assert again.json()[0]["test"] == 4


def test_data_that_are_missing_are_named(hsisr: CommandLine) -> None:
    answer = hsisr("prepare", "--dataset", "cave", "--data", "nowhere")
    assert answer.code == 2
    assert answer.err.startswith("error: ")
    assert hsisr("prepare").code == 2


def test_status_counts_what_is_there(hsisr: CommandLine) -> None:
    none = "0 cells: 0 done, 0 running, 0 queued, 0 failed; there is no folder results\n"
    assert hsisr("status").out == none
    assert hsisr.tiny("bicubic,wiener").code == 0
    assert hsisr("status").out == "2 cells: 2 done, 0 running, 0 queued, 0 failed\n"
    known = hsisr.cells()["wiener 0"]
    address = Address(**{**known["address"], "seed": 1})
    lock = CellLock(hsisr.results, address, known["key"])
    with locked_elsewhere(hsisr.results, address):
        lock.queued.write_text(json.dumps({"cell": str(address), "job": "71_3"}))
        answer = hsisr("status")
    assert answer.out.splitlines() == [
        f"queued      wiener x3 seed 1 on {LABEL}: job 71_3",
        "3 cells: 2 done, 0 running, 1 queued, 0 failed",
    ]
    shown = hsisr("status", "--json").json()
    assert (shown["done"], shown["queued"]) == (2, 1)
    assert shown["cells"][0]["job"] == "71_3"
    (file,) = hsisr.results.glob("*/*/*/*/wiener/*/scores.csv")
    file.write_text("scene\n")
    assert hsisr("status").out.splitlines()[-1].endswith("0 failed, 1 damaged")


def test_a_cell_that_is_computed_again_counts_once(hsisr: CommandLine) -> None:
    plugin = hsisr.folder / "failing.py"
    plugin.write_text(FAILING)
    assert hsisr.tiny("failing,wiener", "--plugin", str(plugin)).code == 1
    known = hsisr.cells()
    locks = [CellLock(hsisr.results, Address(**known[f"{name} 0"]["address"]), "b" * 64)
             for name in ("failing", "wiener")]  # fmt: skip
    for lock in locks:
        assert lock.acquire()
        lock.progress.write_text(json.dumps({"cell": "it", "updated": time.time()}))
    assert hsisr("status").out.splitlines()[-1] == "2 cells: 0 done, 2 running, 0 queued, 0 failed"
    for lock in locks:
        lock.checkpoint.write_bytes(b"state")
        lock.release()
    kept = "a checkpoint of its training is kept"
    assert hsisr("status").out.splitlines() == [
        f"interrupted {locks[1].checkpoint.parent.relative_to(hsisr.results / '.work')}: {kept}",
        f"failed      failing x3 seed 0 on {LABEL}: ValueError: no such luck; {kept}",
        "2 cells: 0 done, 0 running, 0 queued, 1 interrupted, 1 failed",
    ]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--on", "mars"), "--on mars: expected ray or slurm, or leave it out"),
        (("--workers", "2"), "--workers needs --on ray"),
        (("--on", "slurm", "--gpus-per-cell", "2"), "--gpus-per-cell needs --on ray"),
        (("--on", "ray", "--at-most", "3"), "--at-most needs --on slurm"),
        (("--submit",), "--submit needs --on slurm"),
        (("--partition", "gpu", "--on", "ray"), "--partition needs --on slurm"),
        (("--on", "ray", "--in-process"), "--in-process is for this machine; leave it out"),
        (("--on", "slurm", "--in-process"), "--in-process is for this machine; leave it out"),
        (("--on", "slurm", "--time", "soon"), "--time soon: expected a time such as 90, "),
        (("--on", "slurm", "--time", "0:00"), "--time 0:00: expected more than nothing"),
        (("--on", "slurm", "--slurm", "=x"), "--slurm =x: expected name=value, found '=x'"),
        (("--on", "slurm", "--slurm", "a=x,qos="), "--slurm a=x,qos=: expected name=value"),
        (("--on", "slurm", "--slurm", "n1,qos=y"), "--slurm n1,qos=y: expected name=value"),
        (("--on", "slurm", "--slurm", "qos"), "--slurm qos: expected name=value, found 'qos'"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    hsisr: CommandLine, words: tuple[str, ...], error: str
) -> None:
    for more in ((), ("--plan",)):
        answer = hsisr.tiny("bicubic", *words, *more)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith(f"error: {error}")
    assert not hsisr.results.exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 90),
        ("90:30", 91),
        ("4:00:00", 240),
        ("0:00:01", 1),
        ("2-0", 2880),
        ("1-12", 2160),
        ("1-12:30", 2190),
        ("1-12:30:01", 2191),
    ],
)
def test_a_time_limit_is_read_as_sbatch_reads_it(text: str, expected: int) -> None:
    assert minutes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("account=x,qos=y", {"account": "x", "qos": "y"}),
        ("exclude=n1,n2,--qos=y", {"exclude": "n1,n2", "qos": "y"}),
        ("mail-type=BEGIN,END, mail-user=a@b", {"mail-type": "BEGIN,END", "mail-user": "a@b"}),
        ("exclusive,nodelist=n[1,3]", {"exclusive": True, "nodelist": "n[1,3]"}),
        ("exclusive=user,--test-only", {"exclusive": "user", "test-only": True}),
        ("exclude=n1,hold,n2", {"exclude": "n1,n2", "hold": True}),
        ("export=ALL,X=1,licenses=a:2,b:1", {"export": "ALL,X=1", "licenses": "a:2,b:1"}),
    ],
)
def test_any_option_of_sbatch_is_read(text: str, expected: dict[str, object]) -> None:
    assert sbatch_options(text) == expected


def test_a_missing_package_or_command_is_named(
    hsisr: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    answer = hsisr.tiny("bicubic", "--on", "ray")
    assert answer.code == 2
    assert "error: --on ray needs the package ray" in answer.err
    assert "pip install ray" in answer.err
    monkeypatch.setenv("PATH", str(tmp_path))
    answer = hsisr.tiny("bicubic", "--on", "slurm")
    assert answer.code == 2
    assert "error: --on slurm: the command sbatch is not found; run this where" in answer.err


def test_what_is_printed_for_jobs_of_slurm_names_the_results_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said: list[str] = []
    backend = SlurmBackend.__new__(SlurmBackend)
    backend._cells, backend._report, backend._results = [], said.append, Path("my results")
    backend.stop()
    look = "look: python run_all.py status --results 'my results'"
    end = "end: python run_all.py stop --results 'my results'"
    repeat = "or repeat the command to wait for the rest"
    assert said == [f"SLURM goes on with 0 jobs; {look}, {end}, {repeat}"]
    show_submitted([], Path("my results"), as_json=False)
    assert f"; {look}; the same command without --submit" in capsys.readouterr().out


def test_there_is_nothing_to_stop(hsisr: CommandLine) -> None:
    answer = hsisr("stop")
    assert answer.code == 0
    assert answer.out == "0 jobs ended; none computes cells of results\n"
