"""Fixtures of the tests of faulty methods."""

from collections.abc import Iterator

import pytest

from benchmark.protocols.degradation import _axis


@pytest.fixture(autouse=True)
def clean(registries: None) -> Iterator[None]:
    """Forget what a test registers, and what its method wrote where it must not."""
    yield
    _axis.cache_clear()
