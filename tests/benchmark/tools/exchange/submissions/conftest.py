"""Fixtures of the tests of submissions."""

import shutil
from pathlib import Path

import pytest

from tests.benchmark.tools.exchange.submissions.support import FORM, called
from tests.command_line import CommandLine


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Return a results folder with cells of two methods, and the submission of one, espcn.zip."""
    hsisr = CommandLine(tmp_path_factory.mktemp("submitted"))
    assert hsisr.tiny("bicubic,espcn").code == 0
    answer = called(hsisr, "submit", "--methods", "espcn", *FORM)
    assert answer.code == 0, answer.err
    return hsisr


@pytest.fixture
def theirs(made: CommandLine, tmp_path: Path) -> CommandLine:
    """Return an empty folder of somebody else, with espcn.zip and prepared scenes."""
    shutil.copy(made.folder / "espcn.zip", tmp_path)
    shutil.copytree(made.folder / ".cache", tmp_path / ".cache")
    return CommandLine(tmp_path)
