"""Fixtures of the fuzz tests."""

from pathlib import Path

import pytest

from tests.command_line import CommandLine
from tests.fuzz.cells import Results, store_all


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return three cells that stay as they are."""
    folder = tmp_path_factory.mktemp("kept")
    store_all(folder)
    return folder


@pytest.fixture
def results(hsisr: CommandLine, kept: Path) -> Results:
    """Return three cells in a folder of their own."""
    return Results(hsisr, kept)
