"""The examples in docstrings run as they are printed."""

import doctest
import importlib
import pkgutil

import pytest

import benchmark
from benchmark.execution.registries import REGISTRIES

MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(benchmark.__path__, "benchmark.")
    if not info.ispkg and info.name != "benchmark.execution.backends.worker"
)
# What the authors of plugins build upon, and where an example shows how.
WITH_EXAMPLES = {
    "benchmark.method.base": 1,
    "benchmark.method.network": 1,
    "benchmark.dataset": 1,
    "benchmark.protocol": 1,
    "benchmark.metric": 1,
    "benchmark.plugins.parameters": 2,
}


@pytest.fixture(autouse=True)
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the plugins that an example registers."""
    for registry in REGISTRIES:
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    module = importlib.import_module(name)
    # What authors import from a package stands in its __init__.
    known = {**vars(importlib.import_module(name.rpartition(".")[0])), **vars(module)}
    found = doctest.DocTestFinder().find(module, name, globs=known)
    examples = [test for test in found if test.examples]
    assert len(examples) >= WITH_EXAMPLES.get(name, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    output: list[str] = []
    for test in examples:
        runner.run(test, out=output.append)
    assert runner.failures == 0, "".join(output)
