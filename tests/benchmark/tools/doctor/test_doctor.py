"""The doctor as a whole, on valid and on broken installations."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

from benchmark import CHECKOUT
from benchmark.engine.machine import device, environment
from benchmark.errors import RequestError
from benchmark.tools.doctor import Examination, Finding, examine, folders

OK = Finding("a", "ok", "fine")
WARNING = Finding("b", "warning", "not so well", "rest")
ERROR = Finding("c", "error", "bad", "replace it")


def examined(folder: Path) -> Examination:
    """Examine three folders that do not exist yet."""
    return examine(folder / "data", folder / "results", folder / "cache")


def test_every_check_runs_and_nothing_is_changed(tmp_path: Path) -> None:
    found = examined(tmp_path)
    names = [finding.name for finding in found.findings]
    for name in (
        *("packages", "methods", "datasets", "results", "cache", "data", "damaged cells"),
        *("data set cave", "data set harvard", "data set synthetic"),
    ):
        assert names.count(name) == 1, name
    assert any(name.startswith("gpu") for name in names)
    assert list(tmp_path.iterdir()) == []


def test_the_environment_is_that_of_cells(tmp_path: Path) -> None:
    assert examined(tmp_path).environment == environment.describe(device.choose("auto"))


def test_a_gpu_that_cannot_be_chosen_leaves_the_cpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = device.choose

    def choose(name: str) -> device.Device:
        if name == "auto":
            raise RequestError("it is gone")
        return real(name)

    monkeypatch.setattr(device, "choose", choose)
    assert examined(tmp_path).environment["device"].startswith("CPU")


def test_it_is_printed_in_lines_and_fails_by_errors_only() -> None:
    found = Examination({"python": "3.11", "cuda": None, "dirty": False}, (OK, WARNING, ERROR))
    assert found.lines() == [
        "Environment",
        "  python            3.11",
        "  cuda              none",
        "  dirty             False",
        "Findings",
        "  ok       a: fine",
        "  warning  b: not so well",
        "           -> rest",
        "  error    c: bad",
        "           -> replace it",
        "1 error, 1 warning",
    ]
    assert found.failed
    assert not Examination({}, (OK, WARNING)).failed


def test_control_characters_of_file_names_do_not_reach_the_terminal() -> None:
    (line,) = Finding("cell", "warning", "a\x1b[31m\x07b\udcff\nc").lines()
    assert line == "  warning  cell: a [31m b c"


def test_it_is_returned_for_json(tmp_path: Path) -> None:
    error = {"name": "c", "level": "error", "text": "bad", "remedy": "replace it"}
    assert Examination({"python": "3.11"}, (ERROR, ERROR)).as_dict() == {
        "environment": {"python": "3.11"},
        "findings": [error, error],
        "errors": 2,
        "warnings": 0,
    }
    whole = examined(tmp_path).as_dict()
    assert json.loads(json.dumps(whole)) == whole


def test_a_check_that_fails_is_an_error_and_the_others_still_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("no")

    monkeypatch.setattr(folders, "damaged_cells", fail)
    found = examined(tmp_path)
    (error,) = (one for one in found.findings if one.level == "error")
    assert error.name == "damaged cells"
    assert error.text == "cannot be checked: ZeroDivisionError: no"
    assert found.findings[-1].name.startswith("data set")


def test_a_system_that_psutil_does_not_know_is_examined_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(psutil, "cpu_count", lambda **_: None)
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: [])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = examined(tmp_path)
    assert [one for one in found.findings if one.level == "error" and one.name != "gpu"] == []
    assert found.environment["physical_cores"] is None
    assert "free on an unknown file system" in "\n".join(found.lines())


BROKEN = """
import runpy, sys
sys.path = [*sys.path[1:], sys.path[0]]  # PYTHONPATH before the checkout
sys.argv = ["run_all.py", "doctor", "--data", "d", "--results", "r", "--cache", "c"]
runpy.run_path("run_all.py", run_name="__main__")
"""


def doctor(path: Path) -> tuple[int, str]:
    """Run the command in a separate process, with a folder first in Python's path."""
    done = subprocess.run(
        [sys.executable, "-c", BROKEN],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(path), "COLUMNS": "200"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_command_works_where_a_package_is_broken(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise OSError('libgomp.so.1: no such file')\n")
    code, shown = doctor(tmp_path)
    assert code == 1
    assert "error    environment: cannot be checked: OSError: libgomp.so.1: no such file" in shown
    assert "ok       results: r does not exist yet" in shown
    assert "data set cave" in shown


def test_the_command_does_not_import_what_shadows_a_module(tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "__init__.py").write_text("raise RuntimeError('it was imported')\n")
    code, shown = doctor(tmp_path)
    assert code == 1
    assert f"error    module datasets: import datasets finds {tmp_path / 'datasets'}" in shown
    assert "ok       methods: " in shown
    assert "it was imported" not in shown
