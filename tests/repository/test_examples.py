"""The examples in docstrings run as they are printed."""

import doctest
import importlib
import pkgutil

import pytest

import benchmark
from benchmark.execution.registries import REGISTRIES
from benchmark.method import IterativeMethod
from tests.command_line import CommandLine

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


def test_the_iterative_method_of_the_examples_takes_a_size_that_the_scale_does_not_divide(
    hsisr: CommandLine,
) -> None:
    """The upscaled image has 51 rows and 42 columns, of which 50 and 40 are the scene."""
    (example,) = doctest.DocTestParser().get_examples(str(IterativeMethod.__doc__))
    header = "from benchmark.method import IterativeMethod, register\n\n"
    (hsisr.folder / "mine.py").write_text(header + example.source, encoding="utf-8")
    small = "synthetic[rows=50,columns=40,bands=5]"
    words = ("--dataset", small, "--scenes", "leaves04", "--scales", "3", "--plugin", "mine.py")
    assert hsisr(*words, "--methods", "descent").code == 0
