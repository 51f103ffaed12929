"""Two results folders to export from and to import into."""

from pathlib import Path

import pytest

from tests.benchmark.tools.exchange.support import Two


@pytest.fixture
def two(tmp_path: Path) -> Two:
    """Return two folders without cells."""
    return Two(tmp_path)
