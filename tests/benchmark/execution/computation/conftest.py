"""Fixtures of the tests of computing a cell."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.execution.computation.job import Settings
from benchmark.method import METHODS, Method
from tests.benchmark.execution.computation.support import Late
from tests.benchmark.support import CPU


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for prepared scenes."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings that save no checkpoint before the end."""
    return Settings(tmp_path / "results", CPU, {"torch": "2", "command": "?"}, (), 1e9)


@pytest.fixture
def known(registries: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Method]:
    """Return a function that makes a method of a class and some attributes, and registers it."""

    def make(base: type[Method], **attributes: object) -> Method:
        name = base.__name__.lower()
        cls = METHODS.register(name)(type(name, (base,), {"__module__": __name__, **attributes}))
        return cls()

    monkeypatch.setattr(Late, "begun", 0)
    return make
