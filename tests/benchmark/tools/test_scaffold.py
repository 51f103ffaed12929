"""The templates of new plugins: they load, pass every check, and a method trains unchanged."""

import sys
from pathlib import Path

import pytest

from benchmark.engine.training.loop import TrainingTask, train
from benchmark.engine.training.profiles import Profile
from benchmark.errors import RequestError
from benchmark.method import METHODS, NetworkMethod
from benchmark.metric import RESERVED
from benchmark.plugins.discovery import load
from benchmark.tools.conformance import Conformance
from benchmark.tools.scaffold import REGISTRIES, write
from tests.benchmark.support import CPU, Recorder, SamePatches, problem, random


@pytest.fixture(autouse=True)
def clean(registries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what a test registers; leave no compiled files."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.mark.parametrize("name", ["my_method", "x", "net2", "_", "network", "true", "_1"])
def test_the_written_method_loads_and_trains(tmp_path: Path, name: str) -> None:
    file = write(name, tmp_path)
    assert file == tmp_path / f"{name}.py"
    load(file, METHODS)
    method = METHODS.make(f"{name}[features=6]")
    assert isinstance(method, NetworkMethod)
    assert METHODS.label(method) == f"{name}[features=6]"
    x = random(2, 4, 12, 12)
    profile = Profile("short", "", patches=2, epochs=8, batch=1)
    bank, listener = SamePatches(x, 0.5 * x, 2), Recorder()
    made = train(TrainingTask(method, problem(2, 4), profile, 0, bank), CPU, listener)
    assert made.history[-1]["loss"] < made.history[0]["loss"]
    assert method.network(problem(2, 4))(random(1, 4, 9, 7)).shape == (1, 4, 9, 7)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((kind, "mine") for kind in REGISTRIES),
        ("dataset", "_"),
        ("protocol", "_"),
        ("metric", "_"),
        ("dataset", "scene"),  # a class that the template imports
        ("protocol", "division"),
    ],
)
def test_the_template_of_each_kind_passes_every_check(tmp_path: Path, kind: str, name: str) -> None:
    file = write(name, tmp_path, kind)
    assert len(file.read_text().splitlines()) < 40
    load(file, REGISTRIES[kind])
    plugin = REGISTRIES[kind].make(name)
    results = list(Conformance(plugin, data=tmp_path) if kind == "dataset" else Conformance(plugin))
    assert len(results) >= 13
    assert [str(result) for result in results if not result.good] == []


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    expected = r"unknown kind of plugin 'metod'; did you mean method or metric\? known: method, "
    with pytest.raises(RequestError, match=expected):
        write("mine", tmp_path, "metod")


def test_title_and_class_name_follow_from_the_name(tmp_path: Path) -> None:
    load(write("my_own_method", tmp_path), METHODS)
    entry = METHODS.entry("my_own_method")
    assert entry.facts["title"] == "My own method"
    assert entry.cls.__name__ == "MyOwnMethod"


def test_only_the_file_is_written(tmp_path: Path) -> None:
    write("mine", tmp_path / "deep")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["mine.py"]


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("precious")
    with pytest.raises(RequestError, match=r"mine\.py exists already"):
        write("mine", tmp_path)
    assert (tmp_path / "mine.py").read_text() == "precious"


@pytest.mark.parametrize(
    "name",
    ["", "my-method", "2nd", "My", "class", "a b", "../up", "m\N{LATIN SMALL LETTER E WITH ACUTE}"],
)
def test_an_invalid_name_is_refused(tmp_path: Path, name: str) -> None:
    for kind, what in {"method": "method", "dataset": "data set"}.items():
        expected = f"'{name}' cannot name a {what}; expected lower-case"
        with pytest.raises(RequestError, match=expected):
            write(name, tmp_path, kind)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", RESERVED)
def test_a_metric_cannot_have_the_name_of_another_column(name: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=f"'{name}' cannot name a metric, as it is another col"):
        write(name, tmp_path, "metric")
    assert not list(tmp_path.iterdir())
    assert write(name, tmp_path).is_file()


@pytest.mark.parametrize("name", ["all", "default"])
def test_a_method_cannot_have_the_name_of_a_group(name: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=f"'{name}' cannot name a method, as it stands for"):
        write(name, tmp_path)
    assert not list(tmp_path.iterdir())
    assert write(name, tmp_path, "dataset").is_file()
