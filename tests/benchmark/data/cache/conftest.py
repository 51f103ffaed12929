"""Fixtures of the tests of prepared scenes."""

import pytest

from tests.benchmark.data.cache.support import Kept


@pytest.fixture
def kept() -> Kept:
    return Kept()
