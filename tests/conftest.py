"""What the tests of several folders share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.plugins.discovery import discover

if TYPE_CHECKING:
    from benchmark.data.split import Split
    from tests.command_line import CommandLine

# Before torch is imported: several test processes share the cores, and threads that spin while they
# wait for each other slow all of them down.
os.environ.setdefault("OMP_NUM_THREADS", "1")

TINY = "synthetic[rows=48,columns=40,bands=5]"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the files that run whole commands: the slowest, and they wait for processes.

    At the end one worker would be busy with the last of them, and the others idle.
    """
    here = Path(__file__).parent
    slow = {here / name for name in ("clusters", "commands", "repository", "robustness")}
    items.sort(key=lambda item: slow.isdisjoint(item.path.parents))


@pytest.fixture(autouse=True, scope="session")
def no_flushing() -> Iterator[None]:
    """Do not wait for the disk in this process: there are thousands of small files.

    A handle that cannot be flushed is an error all the same; processes that tests start flush.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)
        yield


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> "Split":
    """Return eighteen scenes of 48 x 40 pixels and 5 bands: 12 train, 2 validate, 4 test."""
    from benchmark.data.split import DataRequest, load_split
    from benchmark.dataset import DATASETS
    from benchmark.protocol import PROTOCOLS

    discover([DATASETS, PROTOCOLS])
    nowhere = Path("no-such-folder")
    request = DataRequest(TINY, (), (), nowhere, tmp_path_factory.mktemp("prepared"))
    return load_split(request, PROTOCOLS.make("wang2017"))


@pytest.fixture
def hsisr(tmp_path: Path) -> "CommandLine":
    """Return the command line in an empty folder."""
    from tests.command_line import CommandLine

    return CommandLine(tmp_path)
