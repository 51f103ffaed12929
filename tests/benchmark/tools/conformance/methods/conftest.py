"""Fixtures of the tests of faulty methods."""

from collections.abc import Iterator

import pytest

from benchmark.protocols.degradation import _axis


@pytest.fixture(autouse=True)
def clean(registries: None) -> Iterator[None]:
    """Undo what a test registers, and what its method writes into the cached degradation."""
    yield
    _axis.cache_clear()
