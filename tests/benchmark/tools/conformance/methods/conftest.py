"""Fixtures of the tests of faulty methods."""

from collections.abc import Iterator

import pytest

from benchmark.degradation.operators.operator import _matrix


@pytest.fixture(autouse=True)
def clean(registries: None) -> Iterator[None]:
    """Undo what a test registers, and what its method writes into the cached degradation."""
    yield
    _matrix.cache_clear()
