"""The notebooks of docs/notebooks run from their first cell to their last, and show what they say.

Without nbclient and ipykernel (requirements-dev.txt) their runs are skipped.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from benchmark import CHECKOUT

NOTEBOOKS = sorted((CHECKOUT / "docs" / "notebooks").glob("*.ipynb"))
# Text of an output, or a part of it, that a run must give.
SHOWN = {
    "first-table": ("Bicubic", "Wiener [joint=true]", "0 cells computed, 2 found; in results"),
    "my-own-method": ("spline", "sharpened", "residual", "untrained"),
    "reading-results": ("PSNR in dB", "VDSR", "scenes"),
}


def cells(file: Path) -> list[dict[str, Any]]:
    """Return the cells of a notebook."""
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return found


def outputs(book: list[dict[str, Any]]) -> str:
    """Return all texts that cells of code have given."""
    return json.dumps([cell["outputs"] for cell in book if cell["cell_type"] == "code"])


def test_there_are_three() -> None:
    assert {file.stem for file in NOTEBOOKS} == set(SHOWN)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_stored_as_a_run_has_left_it(file: Path) -> None:
    code = [cell for cell in cells(file) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not re.search(r"/(home|root|tmp|Users)/|[A-Z]:\\\\", file.read_text(encoding="utf-8"))
    for text in SHOWN[file.stem]:
        assert text in outputs(code)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    home = tmp_path / "docs" / "notebooks"  # where it writes results, instead of the checkout
    home.mkdir(parents=True)
    (tmp_path / "docs" / "results").symlink_to(CHECKOUT / "docs" / "results")
    for name in [name for name in os.environ if name.startswith("HSISR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    book = nbformat.read(file, as_version=4)
    place = {"metadata": {"path": str(home)}}
    nbclient.NotebookClient(book, timeout=300, resources=place).execute()
    for text in SHOWN[file.stem]:
        assert text in outputs(book.cells)
