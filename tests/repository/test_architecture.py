"""The imports keep to the contracts of pyproject.toml; files stay short; commands start fast."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark import CHECKOUT

LONGEST = 350  # lines; a file that outgrows it is two things
FOLDERS = ("benchmark", "datasets", "methods", "reports")
SOURCES = [
    *(file for folder in FOLDERS for file in sorted((CHECKOUT / folder).rglob("*.py"))),
    CHECKOUT / "run_all.py",
]


def shown(file: Path) -> str:
    """Return a file's place in the checkout."""
    return file.relative_to(CHECKOUT).as_posix()


def check_contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """Hold the checkout in a folder against the contracts in its pyproject.toml."""
    code = (
        "from importlinter.cli import lint_imports; "
        "raise SystemExit(lint_imports(no_cache=True, no_logo=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_imports_keep_to_the_contracts() -> None:
    done = check_contracts(CHECKOUT)
    assert done.returncode == 0, done.stdout


def test_a_forbidden_import_is_found(tmp_path: Path) -> None:
    for folder in FOLDERS:
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    with (tmp_path / "methods" / "bicubic.py").open("a", encoding="utf-8") as file:
        file.write("from benchmark.metrics.psnr import PSNR\n")
    done = check_contracts(tmp_path)
    assert done.returncode == 1
    assert "methods.bicubic -> benchmark.metrics.psnr" in done.stdout


def test_the_command_line_imports_nothing_heavy_at_its_top() -> None:
    """Whatever the files of the command line import at their top is light, all the way down."""
    code = (
        "import sys, run_all; "
        "print({'torch', 'numpy', 'pandas', 'scipy', 'h5py', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")


@pytest.mark.parametrize("file", SOURCES, ids=shown)
def test_a_source_file_is_short(file: Path) -> None:
    length = len(file.read_text(encoding="utf-8").splitlines())
    assert length <= LONGEST


@pytest.fixture
def shadow(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which another package called `datasets` is in Python's path."""
    other = tmp_path / "datasets"
    other.mkdir()
    (other / "__init__.py").write_text("raise RuntimeError('the other datasets was imported')\n")
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def test_the_checkouts_datasets_win_over_another_when_run_all_runs(
    shadow: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "run_all.py"), "datasets"],
        cwd=tmp_path,
        env=shadow,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("cave\n")


def test_the_checkouts_datasets_win_over_another_when_pytest_runs(shadow: dict[str, str]) -> None:
    tests = "tests/datasets/test_synthetic.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only", tests],
        cwd=CHECKOUT,
        env=shadow,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert f"{tests}::" in done.stdout


def test_the_other_datasets_would_have_been_noticed(shadow: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import datasets"],
        cwd=tmp_path.parent,
        env=shadow,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert "the other datasets was imported" in done.stderr
