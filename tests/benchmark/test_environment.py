"""What is noted beside a number."""

import json
import platform
import subprocess
import sys
from importlib.metadata import version

import pytest
import torch

from benchmark import environment
from benchmark.environment import describe, peak_memory
from tests.benchmark.support import CPU


def test_versions_machine_precision_and_command_are_noted() -> None:
    facts = describe(CPU)
    assert facts["python"] == platform.python_version()
    assert facts["torch"] == torch.__version__
    assert facts["numpy"] == version("numpy")
    assert facts["device"] == CPU.title
    assert facts["precision"] == "float32"
    assert facts["threads"] == torch.get_num_threads()
    assert facts["processor"]
    assert facts["command"].startswith("run_all.py")
    assert json.loads(json.dumps(facts)) == facts


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], "run_all.py"),
        (["--dataset", "cave", "--scales", "2"], "run_all.py --dataset cave --scales 2"),
        (["--data", "/a/b", "--seeds", "1", "--results=/c"], "run_all.py --seeds 1"),
        (["--cache", "/a", "--data=/b", "--methods", "x"], "run_all.py --methods x"),
        (["tables", "--dataset", "cave"], "run_all.py tables --dataset cave"),
    ],
)
def test_the_command_is_noted_without_this_machines_folders(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], command: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/run_all.py", *arguments])
    assert describe(CPU)["command"] == command


@pytest.mark.parametrize(
    "error", [FileNotFoundError("git"), subprocess.CalledProcessError(128, "git")], ids=repr
)
def test_outside_a_checkout_the_commit_is_empty(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(subprocess, "run", fail)
    assert environment._commit() == ""


def test_the_peak_of_memory_covers_what_was_held() -> None:
    held = torch.ones(2**22)
    assert peak_memory(CPU) > held.numel() * held.element_size()
