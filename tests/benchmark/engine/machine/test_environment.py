"""The environment that is stored with every cell."""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import SimpleNamespace

import loky
import psutil
import pytest
import torch

from benchmark import CHECKOUT
from benchmark.engine.machine import environment
from benchmark.engine.machine.device import Device
from benchmark.engine.machine.environment import describe, peak_memory, revision
from tests.benchmark.support import CPU

CUDA = Device(torch.device("cuda"), True)
NAMES = {
    *("python", "torch", "numpy", "scipy", "h5py", "cuda", "cudnn", "driver", "device"),
    *("precision", "gpu", "gpu_memory_bytes", "gpu_capability", "processor", "physical_cores"),
    *("logical_cores", "usable_cores", "threads", "platform", "commit", "dirty", "command"),
}


def test_versions_machine_precision_and_command_are_recorded() -> None:
    facts = describe(CPU)
    assert set(facts) == NAMES
    assert facts["python"] == platform.python_version()
    assert facts["torch"] == torch.__version__
    assert facts["numpy"] == version("numpy")
    assert facts["device"] == CPU.title
    assert facts["precision"] == "float32"
    assert facts["threads"] == torch.get_num_threads()
    assert facts["logical_cores"] == os.cpu_count()
    assert facts["processor"]
    assert facts["command"].startswith("run_all.py")
    assert json.loads(json.dumps(facts)) == facts


def system(folder: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, str]) -> None:
    """Put files in the place of /proc.

    Args:
        folder: an empty folder.
        monkeypatch: restores the system's own folder after the test.
        content: path to text, like `cpuinfo`.
    """
    for name, text in content.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.setattr(environment, "PROC", folder)


def test_what_cannot_be_found_is_null(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    system(tmp_path, monkeypatch, {})
    monkeypatch.setenv("PATH", str(tmp_path))  # without git, too
    monkeypatch.setattr(psutil, "cpu_count", lambda **_: None)
    for name in ("processor", "machine"):
        monkeypatch.setattr(platform, name, lambda: "")

    def missing(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(environment, "version", missing)
    facts = describe(CPU)
    unknown = {"torch", "numpy", "scipy", "h5py", "cudnn", "driver", "gpu", "gpu_memory_bytes"}
    unknown |= {"gpu_capability", "processor", "physical_cores", "commit", "dirty"}
    assert {name for name, value in facts.items() if value is None} - {"cuda"} == unknown


def test_a_system_that_refuses_to_be_read_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(psutil, "cpu_count", refuse)
    monkeypatch.setattr(loky, "cpu_count", refuse)
    facts = describe(CPU)
    assert facts["physical_cores"] is None
    assert facts["usable_cores"] == os.cpu_count()


def test_physical_cores_are_the_machines_and_usable_cores_the_processs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: 64 if logical else 32)
    monkeypatch.setattr(loky, "cpu_count", lambda: 6)
    facts = describe(CPU)
    assert (facts["physical_cores"], facts["usable_cores"]) == (32, 6)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_usable_cores_follow_the_affinity() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert environment.usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


CPUINFO = "processor\t: 0\nvendor_id\t: X\nmodel name\t: A Fast One @ 3 GHz\nmodel name\t: B\n"


def test_the_processor_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    system(tmp_path, monkeypatch, {"cpuinfo": CPUINFO})
    assert environment.processor() == "A Fast One @ 3 GHz"


@pytest.mark.parametrize("content", [{}, {"cpuinfo": "Hardware\t: a board\n"}])
def test_a_processor_without_a_model_has_an_architecture(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: dict[str, str]
) -> None:
    system(tmp_path, monkeypatch, content)
    assert environment.processor() == (platform.processor() or platform.machine())


NVIDIA = """\
NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023
GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)
"""
OPEN = """\
NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.14  Release Build  (builder@U16)
GCC version: gcc 12.2.0
"""


@pytest.mark.parametrize(
    ("text", "version"), [(NVIDIA, "535.104.05"), (OPEN, "550.54.14"), ("", None)]
)
def test_the_drivers_version_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, version: str | None
) -> None:
    system(tmp_path, monkeypatch, {"driver/nvidia/version": text})
    assert environment.nvidia_driver() == version


def test_a_gpu_is_described(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    system(tmp_path, monkeypatch, {"driver/nvidia/version": NVIDIA})
    known = SimpleNamespace(name="A GPU", total_memory=2**34, major=9, minor=0)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: known.name)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: known)
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)
    facts = describe(CUDA)
    assert facts["device"] == "A GPU, bfloat16"
    assert facts["gpu"] == "A GPU"
    assert facts["gpu_memory_bytes"] == 2**34
    assert facts["gpu_capability"] == "9.0"
    assert facts["cudnn"] == 91002
    assert facts["driver"] == "535.104.05"
    assert facts["precision"] == "bfloat16"


def fail(*_: object, **__: object) -> None:
    """Raise, whatever the arguments."""
    raise RuntimeError("no")


def test_a_gpu_that_does_not_answer_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "A GPU")
    monkeypatch.setattr(torch.cuda, "get_device_properties", fail)
    assert describe(CUDA)["gpu"] is None


def test_cuda_is_not_initialised_for_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("_lazy_init", "get_device_properties", "get_device_name", "device_count")
    for name in (*names, "is_available"):
        monkeypatch.setattr(torch.cuda, name, fail)
    monkeypatch.setattr(torch.backends.cudnn, "version", fail)
    assert describe(CPU)["gpu"] is None


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_real_gpu_is_described() -> None:
    facts = describe(CUDA)
    assert set(facts) == NAMES
    assert facts["gpu"] == torch.cuda.get_device_name()
    assert facts["gpu_memory_bytes"] > 2**30
    assert facts["cudnn"]
    assert json.loads(json.dumps(facts)) == facts


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], "run_all.py"),
        (["--dataset", "cave", "--scales", "2"], "run_all.py --dataset cave --scales 2"),
        (["--data", "/a/b", "--seeds", "1", "--results=/c"], "run_all.py --seeds 1"),
        (["--cache", "/a", "--data=/b", "--methods", "x"], "run_all.py --methods x"),
        (["tables", "--dataset", "cave"], "run_all.py tables --dataset cave"),
        (["--plugin", "/home/me/my work/mine.py"], "run_all.py --plugin mine.py"),
        (["--plugin=/home/me/mine.py"], "run_all.py --plugin=mine.py"),
        (["--plugin=~/mine.py", "C:\\Users\\me\\a.py"], "run_all.py --plugin=mine.py a.py"),
        (["--plugin", "../x-/mine.py"], "run_all.py --plugin ../x-/mine.py"),
        (["--dataset", "own[file=/a/b.mat,n=1]"], "run_all.py --dataset 'own[file=b.mat,n=1]'"),
        (["--methods", "a,b[c=true]"], "run_all.py --methods 'a,b[c=true]'"),
    ],
)
def test_the_command_is_recorded_without_this_machines_folders(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], command: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/run_all.py", *arguments])
    assert describe(CPU)["command"] == command


def test_no_folder_of_this_machine_is_recorded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    arguments = ["--data", str(tmp_path), f"--plugin={tmp_path}/x.py", f"{tmp_path}/results"]
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "run_all.py"), *arguments])
    text = json.dumps(describe(CPU))
    for folder in (tmp_path, Path.home(), Path.cwd(), Path(sys.prefix), CHECKOUT):
        assert f"{folder}/" not in text


def git(checkout: Path, *words: str) -> str:
    """Run git in a checkout and return its output."""
    names = ("-c", "user.name=Me", "-c", "user.email=me@example.org")
    done = subprocess.run(
        ["git", *names, *words], cwd=checkout, capture_output=True, encoding="utf-8", check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a checkout with one commit, whatever the user's git settings."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "-q")
    for name in ("code.py", "with blank.py"):
        (folder / name).write_text("x = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_untracked_files_do_not_make_a_checkout_dirty(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    (checkout / "new.py").touch()
    assert revision(checkout) == (commit, False)
    git(checkout, "mv", "with blank.py", "moved.py")
    assert revision(checkout) == (commit, True)


@pytest.mark.parametrize(("text", "dirty"), [("x = 1\n", False), ("x = 2\n", True)])
def test_a_cell_says_whether_its_commit_was_changed(
    monkeypatch: pytest.MonkeyPatch, checkout: Path, text: str, dirty: bool
) -> None:
    (checkout / "code.py").write_text(text)
    monkeypatch.setattr(environment, "CHECKOUT", checkout)
    facts = describe(CPU)
    assert facts["commit"] == git(checkout, "rev-parse", "HEAD")
    assert facts["dirty"] is dirty


def test_another_repository_is_not_taken_for_the_checkout(
    monkeypatch: pytest.MonkeyPatch, checkout: Path
) -> None:
    inner = checkout / "unpacked"
    inner.mkdir()
    assert revision(inner) == (None, None)
    commit = git(checkout, "rev-parse", "HEAD")
    other = checkout.parent / "other"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))  # as in a hook
    assert revision(checkout) == (commit, False)


def test_before_the_first_commit_there_is_none(checkout: Path) -> None:
    empty = checkout.parent / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    assert revision(empty) == (None, None)


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("git"),
        subprocess.CalledProcessError(128, "git"),
        subprocess.TimeoutExpired("git", 10),
    ],
    ids=repr,
)
def test_without_git_the_commit_is_null(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(subprocess, "run", refuse)
    facts = describe(CPU)
    assert facts["commit"] is None
    assert facts["dirty"] is None


def test_peak_memory_covers_a_tensor_that_was_held() -> None:
    held = torch.ones(2**22)
    assert peak_memory(CPU) > held.numel() * held.element_size()
