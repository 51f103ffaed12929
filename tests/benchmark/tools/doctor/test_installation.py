"""Python, packages, modules, plugins and the commit, in checkouts made up for it."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from benchmark import CHECKOUT
from benchmark.dataset import DATASETS
from benchmark.engine import environment
from benchmark.errors import RequestError
from benchmark.method import METHODS
from benchmark.plugins import discovery
from benchmark.plugins.registry import Registry
from benchmark.tools.doctor import installation
from benchmark.tools.doctor.finding import Finding


def project(folder: Path, python: str, *packages: str) -> Path:
    """Write a `pyproject.toml`."""
    listed = ", ".join(f'"{one}"' for one in packages)
    text = f'[project]\nrequires-python = "{python}"\ndependencies = [{listed}]\n'
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_the_checkouts_own_ranges_are_kept_here() -> None:
    (python,) = installation.python(CHECKOUT)
    (packages,) = installation.packages(CHECKOUT)
    assert python.level == packages.level == "ok"
    assert "pyproject.toml asks for >=3.11" in python.text
    assert f"numpy {version('numpy')}, " in packages.text


@pytest.mark.parametrize(
    ("asked", "level"), [(">=3.11", "ok"), ("", "ok"), (">=3.99", "error"), ("<3", "error")]
)
def test_python_is_compared_with_its_range(tmp_path: Path, asked: str, level: str) -> None:
    (found,) = installation.python(project(tmp_path, asked))
    assert found.level == level
    assert ".".join(map(str, sys.version_info[:3])) in found.text
    assert bool(found.remedy) == (level == "error")


def test_packages_are_compared_with_their_ranges(tmp_path: Path) -> None:
    asked = ("numpy>=2", "scipy<1", "no-such-package>=3", "absent; python_version < '3'")
    found = {one.name: one for one in installation.packages(project(tmp_path, ">=3", *asked))}
    assert set(found) == {"package scipy", "package no-such-package", "packages"}
    scipy, missing = found["package scipy"], found["package no-such-package"]
    assert scipy.level == missing.level == "error"
    assert scipy.text == f"{version('scipy')} installed; pyproject.toml asks for <1"
    assert missing.text == "not installed; pyproject.toml asks for >=3"
    assert missing.remedy == "pip install -r requirements.txt"
    assert found["packages"] == Finding("packages", "ok", f"numpy {version('numpy')}")


def test_a_build_of_a_package_has_its_versions_range(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installation, "version", lambda _: "2.13.0+cpu")
    (found,) = installation.packages(project(tmp_path, ">=3", "torch>=2.13"))
    assert found == Finding("packages", "ok", "torch 2.13.0+cpu")


def test_without_packaging_it_says_that_nothing_was_compared(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("packaging", "packaging.requirements", "packaging.specifiers"):
        monkeypatch.setitem(sys.modules, name, None)
    checkout = project(tmp_path, ">=3.99", "scipy<1")
    (packages,) = installation.packages(checkout)
    assert packages.level == "warning"
    assert packages.text.startswith("versions were not compared")
    assert packages.remedy == "pip install packaging"
    (python,) = installation.python(checkout)
    assert python.text.endswith("pyproject.toml asks for >=3.99, which was not compared")


@pytest.mark.parametrize("text", [None, "[project]\nname = 'x'\n", "[project\n"])
def test_a_checkout_without_its_project_file_is_noticed(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    (found,) = installation.packages(tmp_path)
    assert found.level == "warning"
    assert str(tmp_path / "pyproject.toml") in found.text
    (python,) = installation.python(tmp_path)
    assert python.level == "ok"


def test_the_checkouts_modules_are_imported_here() -> None:
    (found,) = installation.modules(CHECKOUT)
    assert (found.name, found.level) == ("modules", "ok")


def package(folder: Path, name: str = "datasets") -> Path:
    """Make a package that must not be imported; gives the folder that it lies in."""
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text("raise RuntimeError('it was imported')\n")
    return folder


@pytest.fixture
def not_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget that `datasets` was imported already."""
    for name in [one for one in sys.modules if one.partition(".")[0] == "datasets"]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("not_yet")
class TestShadows:
    """Another `datasets` is found before the checkout's."""

    def shadow(self) -> Finding:
        every = installation.modules(CHECKOUT)
        (found,) = (one for one in every if one.name == "module datasets")
        assert found.level == "error"
        assert str(CHECKOUT / "run_all.py") in found.remedy
        return found

    def test_named_by_pythonpath(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        other = package(tmp_path)
        monkeypatch.setenv("PYTHONPATH", f"{os.pathsep}{other}")
        monkeypatch.syspath_prepend(str(other))
        text = self.shadow().text
        assert text.startswith(f"{other / 'datasets'} is imported instead of {CHECKOUT}")
        assert f"PYTHONPATH names {other}, and the checkout stands later" in text

    def test_in_the_current_folder(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.chdir(package(tmp_path))
        monkeypatch.setattr(sys, "path", ["", str(CHECKOUT), *sys.path])
        assert "the current folder is in Python's path" in self.shadow().text

    def test_a_file_of_that_name(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "datasets.py").write_text("raise RuntimeError\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        assert self.shadow().text.startswith(f"{tmp_path / 'datasets.py'} is imported")

    def test_installed(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        other = package(tmp_path)
        rest = [one for one in sys.path if Path(one).resolve() not in (CHECKOUT, Path.cwd())]
        monkeypatch.setattr(sys, "path", [str(other), *rest])
        assert "it is installed or imported already, and the checkout is not" in self.shadow().text

    def test_gone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rest = [one for one in sys.path if Path(one).resolve() not in (CHECKOUT, Path.cwd())]
        monkeypatch.setattr(sys, "path", rest)
        text = self.shadow().text
        assert text.startswith("no such module is found instead of")
        assert text.endswith("the checkout is not in Python's path")

    def test_a_folder_that_is_no_package(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "datasets").mkdir()
        rest = [one for one in sys.path if Path(one).resolve() not in (CHECKOUT, Path.cwd())]
        monkeypatch.setattr(sys, "path", [str(tmp_path), *rest])
        assert self.shadow().text.startswith(f"{tmp_path / 'datasets'} is imported")


def test_the_plugins_are_counted() -> None:
    methods, datasets = installation.plugins(())
    assert (methods.name, methods.level) == ("methods", "ok")
    assert "bicubic" in methods.text
    assert datasets.text == f"{len(list(DATASETS))} known: " + ", ".join(
        entry.name for entry in DATASETS
    )


def test_a_plugin_that_cannot_be_imported_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(registries: list[Registry[Any]]) -> None:
        if registries == [METHODS]:
            raise RequestError("methods/mine.py cannot be imported: NameError: x; mend it")

    monkeypatch.setattr(discovery, "discover", refuse)
    methods, datasets = installation.plugins(())
    assert methods.level == "error"
    assert "methods/mine.py cannot be imported" in methods.text
    assert datasets.level == "ok"


def test_a_shadowed_folder_is_not_searched_for_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[Registry[Any]] = []
    monkeypatch.setattr(discovery, "discover", searched.extend)
    (methods,) = installation.plugins({"datasets"})
    assert methods.name == "methods"
    assert searched == [METHODS]


@pytest.mark.parametrize(
    ("state", "level", "text"),
    [
        (None, "warning", "no commit is known for"),
        (environment.Revision("a" * 40, 0), "ok", f"commit {'a' * 12}, tracked files as"),
        (environment.Revision("a" * 40, 3), "ok", f"commit {'a' * 12} with changes in 3 tracked"),
    ],
)
def test_the_commit_is_told(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    state: environment.Revision | None,
    level: str,
    text: str,
) -> None:
    monkeypatch.setattr(environment, "revision", lambda _: state)
    (found,) = installation.commit(tmp_path)
    assert found.level == level
    assert found.text.startswith(text)
    assert bool(found.remedy) == (state is None or state.changed > 0)


SICK = """
import sys
{before}
from pathlib import Path
from benchmark.tools.doctor import examine
found = examine(Path("d"), Path("r"), Path("c"))
print("\\n".join(found.lines()))
sys.exit(found.failed)
"""


def examined(before: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run the doctor in a Python of its own, in the checkout.

    Args:
        before: runs first.
        path: stands first in Python's path.
    """
    return subprocess.run(
        [sys.executable, "-c", SICK.format(before=before)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_doctor_works_where_a_package_is_broken(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise OSError('libgomp.so.1: no such file')\n")
    done = examined("", tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "error    engine: it cannot be imported: OSError: libgomp.so.1: no" in done.stdout


def test_the_doctor_does_not_import_what_shadows(tmp_path: Path) -> None:
    # What PYTHONPATH names stands before a checkout that is added by hand.
    before = "sys.path = [*sys.path[1:], sys.path[0]]"
    done = examined(before, package(tmp_path))
    assert (done.returncode, done.stderr) == (1, "")
    assert "error    module datasets:" in done.stdout
    assert f"PYTHONPATH names {tmp_path}" in done.stdout.replace("\n           ", " ")
    assert "it was imported" not in done.stdout
