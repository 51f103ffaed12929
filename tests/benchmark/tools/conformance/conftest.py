"""Fixtures of the tests of faulty plugins."""

import pytest


@pytest.fixture(autouse=True)
def forget(registries: None) -> None:
    """Undo what a test registers."""
