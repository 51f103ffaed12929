"""Fixtures of the engine's tests."""

from collections.abc import Iterator

import pytest
import torch

from benchmark.execution.registries import REGISTRIES


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Compute on one thread: tiny images wait longer for threads than for sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget, after the test, which methods and data sets it registered."""
    for registry in REGISTRIES:
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
