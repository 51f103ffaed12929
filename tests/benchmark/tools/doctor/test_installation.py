"""Checks of Python, packages, modules, plugins and the GPU, on made-up installations."""

import shutil
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from benchmark import CHECKOUT
from benchmark.engine.machine import environment
from benchmark.errors import RequestError
from benchmark.plugins import discovery
from benchmark.plugins.registry import Registry
from benchmark.tools.doctor import installation
from benchmark.tools.doctor.finding import Finding


def project(folder: Path, monkeypatch: pytest.MonkeyPatch, python: str, *packages: str) -> None:
    """Make a folder with a `pyproject.toml` the checkout."""
    listed = ", ".join(f'"{one}"' for one in packages)
    text = f'[project]\nrequires-python = "{python}"\ndependencies = [{listed}]\n'
    (folder / "pyproject.toml").write_text(text)
    monkeypatch.setattr(installation, "CHECKOUT", folder)


def test_the_checkouts_own_requirements_are_met_here() -> None:
    (found,) = installation.packages()
    assert found.level == "ok"
    assert f"numpy {version('numpy')}, " in found.text


@pytest.mark.parametrize(
    ("required", "names"),
    [(">=3.11", []), ("", []), (">=3.99", ["python"]), ("<3", ["python"])],
)
def test_python_is_compared_with_its_range(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, required: str, names: list[str]
) -> None:
    project(tmp_path, monkeypatch, required)
    *errors, summary = installation.packages()
    assert [one.name for one in errors] == names
    for error in errors:
        assert error.level == "error"
        assert f"{required} is required" in error.text
    assert f"Python {'.'.join(map(str, sys.version_info[:3]))}" in summary.text


def test_packages_are_compared_with_their_ranges(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    required = ("numpy>=2", "scipy<1", "no-such-package>=3", "absent; python_version < '3'")
    project(tmp_path, monkeypatch, ">=3", *required)
    scipy, missing, summary = installation.packages()
    assert scipy == Finding(
        "package scipy",
        "error",
        f"{version('scipy')} is installed, <1 is required",
        "pip install -r requirements.txt",
    )
    assert missing.level == "error"
    assert missing.text == "nothing is installed, >=3 is required"
    assert summary.text.endswith(f", numpy {version('numpy')}")


def test_the_checkouts_modules_are_imported_here() -> None:
    assert list(installation.modules()) == []


@pytest.mark.parametrize("kind", ["package", "module", "folder", "nothing"])
def test_a_module_from_elsewhere_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == "datasets"]:
        monkeypatch.delitem(sys.modules, name)
    others = [one for one in sys.path if Path(one).resolve() not in (CHECKOUT, Path.cwd())]
    monkeypatch.setattr(sys, "path", [str(tmp_path), *others])
    if kind == "module":
        (tmp_path / "datasets.py").write_text("raise RuntimeError\n")
    elif kind != "nothing":
        (tmp_path / "datasets").mkdir()
    if kind == "package":
        (tmp_path / "datasets" / "__init__.py").write_text("raise RuntimeError\n")
    (found,) = (one for one in installation.modules() if one.name == "module datasets")
    where = "nothing" if kind == "nothing" else str(tmp_path / "datasets")
    assert found.level == "error"
    assert found.text.startswith(f"import datasets finds {where}")
    assert found.text.endswith(f"instead of {CHECKOUT / 'datasets'}")
    assert str(CHECKOUT / "run_all.py") in found.remedy


@pytest.mark.parametrize(
    ("module", "registry", "folder", "names"),
    [
        ("benchmark.method", "METHODS", "methods", "back_projection, bi3dqrnn, bicubic, "),
        (
            "benchmark.dataset",
            "DATASETS",
            "datasets",
            "cave, chikusei, folder, harvard, indian_pines, pavia_centre, synthetic",
        ),
    ],
)
def test_plugins_are_counted(module: str, registry: str, folder: str, names: str) -> None:
    (found,) = installation.plugins(module, registry)
    assert (found.name, found.level) == (folder, "ok")
    assert names in found.text


def test_a_plugin_that_cannot_be_imported_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(registries: list[Registry[Any]]) -> None:
        raise RequestError("methods/mine.py cannot be imported: NameError: x")

    monkeypatch.setattr(discovery, "discover", refuse)
    (found,) = installation.plugins("benchmark.method", "METHODS")
    assert found.level == "error"
    assert found.text == "methods/mine.py cannot be imported: NameError: x"


@pytest.fixture
def gpu_nodes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Hide all GPUs from torch, which is built for CUDA; a test may add device files."""
    nodes: list[Path] = []
    monkeypatch.setattr(Path, "glob", lambda _self, _pattern: iter(nodes))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(environment, "nvidia_driver", lambda: "535.104.05")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return nodes


NODE = Path("/dev/nvidia0")


@pytest.mark.usefixtures("gpu_nodes")
def test_a_machine_without_a_gpu_is_fine() -> None:
    text = "no NVIDIA GPU found; networks run on the CPU"
    assert installation.gpu() == [Finding("gpu", "ok", text)]


@pytest.mark.parametrize(
    ("node", "cuda", "visible", "level", "text", "remedy"),
    [
        (
            NODE,
            None,
            "0",
            "error",
            ", built without CUDA",
            "https://pytorch.org/get-started/locally/",
        ),
        (NODE, "12.8", "0", "error", "too old", "install a driver for CUDA 12.8 or newer"),
        (NODE, "12.8", "", "warning", "", "unset CUDA_VISIBLE_DEVICES, now ''"),
        (NODE, "12.8", "-1", "warning", "", "unset CUDA_VISIBLE_DEVICES, now '-1'"),
        (NODE, "12.8", "none", "warning", "", "unset CUDA_VISIBLE_DEVICES, now 'none'"),
        # A container without its host's GPUs may have NVIDIA's program.
        (None, "12.8", "0", "warning", "/usr/bin/nvidia-smi", "start a container with its GPUs"),
    ],
)
def test_a_gpu_that_torch_does_not_see_is_reported_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
    gpu_nodes: list[Path],
    node: Path | None,
    cuda: str | None,
    visible: str,
    level: str,
    text: str,
    remedy: str,
) -> None:
    def unavailable() -> bool:
        warnings.warn("the NVIDIA driver on your system is too old", stacklevel=1)
        return False

    gpu_nodes += [node] if node else []
    monkeypatch.setattr(shutil, "which", lambda _: None if node else "/usr/bin/nvidia-smi")
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(torch.cuda, "is_available", unavailable)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    (found,) = installation.gpu()
    assert found.level == level
    assert f"{node or '/usr/bin/nvidia-smi'} shows an NVIDIA GPU" in found.text
    assert f"torch {torch.__version__}, built " in found.text
    assert "driver 535.104.05; torch warns: the NVIDIA driver on your system is" in found.text
    assert text in found.text
    assert remedy in found.remedy


@pytest.fixture
def one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch report a GPU, simulated on the CPU."""
    known = SimpleNamespace(name="A GPU", total_memory=24 * 2**30)
    real = torch.ones
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: known)
    monkeypatch.setattr(torch, "ones", lambda size, **_: real(size))


@pytest.mark.usefixtures("one_gpu")
def test_a_gpu_that_computes_is_named() -> None:
    assert installation.gpu() == [Finding("gpu 0", "ok", "A GPU, 24.0 GiB")]


@pytest.mark.usefixtures("one_gpu")
@pytest.mark.parametrize("function", ["ones", "cuda.get_device_properties"])
def test_a_gpu_that_does_not_compute_is_an_error(
    monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA error: no kernel image is available\nmore lines")

    monkeypatch.setattr(f"torch.{function}", fail)
    (found,) = installation.gpu()
    assert found.level == "error"
    assert found.text == "cannot compute: CUDA error: no kernel image is available"
    assert "--device cpu" in found.remedy


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_real_gpu_computes() -> None:
    found = installation.gpu()
    assert len(found) == torch.cuda.device_count()
    assert {one.level for one in found} == {"ok"}
    assert torch.cuda.get_device_name(0) in found[0].text
