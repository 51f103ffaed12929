"""The doctor as a whole."""

import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from benchmark.engine import device, environment
from benchmark.engine import environment as machine
from benchmark.errors import RequestError
from benchmark.tools.doctor import Examination, Finding, examine, hardware, installation, storage
from tests.benchmark.pretence import pretend

OK = Finding("a", "ok", "fine")
WARNING = Finding("b", "warning", "so so", "rest")
ERROR = Finding("c", "error", "ill", "operate")


def look(folder: Path) -> Examination:
    """Examine three folders that are not there yet."""
    return examine(folder / "data", folder / "results", folder / "cache")


def test_everything_is_looked_at_and_nothing_is_changed(tmp_path: Path) -> None:
    made = look(tmp_path)
    names = [finding.name for finding in made.findings]
    for name in (
        *("python", "packages", "modules", "methods", "datasets", "git", "precision", "threads"),
        *("load", "memory", "results", "cache", "data", "space", "file system"),
        *("unfinished cells", "superseded cells", "damaged cells"),
        *("data set cave", "data set harvard", "data set synthetic"),
    ):
        assert names.count(name) == 1, name
    assert any(name.startswith("gpu") for name in names)
    assert list(tmp_path.iterdir()) == []


def test_the_environment_is_the_one_of_the_cells(tmp_path: Path) -> None:
    assert look(tmp_path).environment == environment.describe(device.choose("auto"))


def test_an_error_is_what_fails() -> None:
    assert Examination({}, (OK, WARNING, ERROR)).failed
    assert not Examination({}, (OK, WARNING)).failed


def test_it_is_printed_in_lines() -> None:
    made = Examination({"python": "3.11", "cuda": None, "dirty": False}, (OK, WARNING, ERROR))
    assert made.lines() == [
        "Environment",
        "  python            3.11",
        "  cuda              none",
        "  dirty             False",
        "Findings",
        "  ok       a: fine",
        "  warning  b: so so",
        "           -> rest",
        "  error    c: ill",
        "           -> operate",
        "1 error, 1 warning",
    ]
    assert Examination({}, ()).lines()[-1] == "0 errors, 0 warnings"


def test_it_is_given_as_json() -> None:
    made = Examination({"python": "3.11"}, (OK, ERROR, ERROR)).as_dict()
    assert json.loads(json.dumps(made)) == made
    assert made["environment"] == {"python": "3.11"}
    assert made["findings"][1] == {
        "name": "c",
        "level": "error",
        "text": "ill",
        "remedy": "operate",
    }
    assert (made["errors"], made["warnings"]) == (2, 0)


def test_the_whole_fits_a_terminal_and_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["run_all.py", *["--json"] * 30])
    made = look(Path("no-such-folder"))
    assert max(len(line) for line in made.lines()) <= 100
    assert json.loads(json.dumps(made.as_dict())) == made.as_dict()


def test_a_check_that_fails_is_an_error_and_the_others_still_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("no")

    monkeypatch.setattr(storage, "file_systems", fail)
    made = look(tmp_path)
    text = "this could not be looked at: ZeroDivisionError: no"
    assert Finding("file system", "error", text) in made.findings
    assert made.findings[-1].name.startswith("data set")


def test_a_machine_that_is_not_linux_is_examined_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(tmp_path / "machine", monkeypatch, {})
    for name in ("sched_getaffinity", "getloadavg"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    made = look(tmp_path)
    assert {one.name for one in made.findings if one.level != "ok"} <= {
        *("git", "threads", "space", "data set cave", "data set harvard"),
    }
    assert "memory: not known here" in "\n".join(made.lines())
    assert made.environment["physical_cores"] is None


def test_a_gpu_that_is_there_and_not_used_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "nvidia_sign", lambda: ("/dev/nvidia0", True))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    made = look(tmp_path)
    assert made.failed
    assert made.environment["device"].startswith("CPU")


def test_a_gpu_that_cannot_be_chosen_leaves_the_processor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = device.choose

    def choose(name: str) -> device.Device:
        if name == "auto":
            raise RequestError("it is gone")
        return real(name)

    monkeypatch.setattr(device, "choose", choose)
    made = look(tmp_path)
    assert Finding("device", "error", "it is gone", "--device cpu does without") in made.findings
    assert made.environment["device"].startswith("CPU")


def test_no_space_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = SimpleNamespace(free=0, total=2**30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    made = look(tmp_path)
    assert [one.name for one in made.findings if one.level == "error"] == ["space"]


def test_what_shadows_a_plugin_folder_is_not_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    left: list[Any] = []

    def plugins(shadowed: set[str]) -> list[Finding]:
        left.append(shadowed)
        return []

    shadow = Finding("module datasets", "error", "another one")
    monkeypatch.setattr(installation, "modules", lambda _: [OK, shadow])
    monkeypatch.setattr(installation, "plugins", plugins)
    look(tmp_path)
    assert left == [{"datasets"}]


def test_checks_are_told_what_was_asked(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    made = look(tmp_path)
    wrong = {one.name: one for one in made.findings if one.level == "error"}
    assert set(wrong) == {"results"}
    assert hardware.UNKNOWN not in wrong["results"].text
