"""How methods and data sets are found, and what is said when they are not."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmark.dataset import DATASETS
from benchmark.errors import RequestError
from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS, Method
from benchmark.plugins.discovery import discover, load
from benchmark.plugins.fingerprint import source_of
from benchmark.plugins.parameters import parameter
from benchmark.plugins.registry import Registry

discover(REGISTRIES)

PLUGIN = """
from benchmark.method import Method, parameter, register

@register("{name}", title="A title", paper="A paper")
class Mine(Method):
    strength: float = parameter(1.5, "how much", low=0.0)

    def upscale(self, low, problem, state):
        return low
"""


@pytest.mark.parametrize("default", [1, 1.0])
def test_equal_values_have_one_form(registries: None, default: float) -> None:
    @METHODS.register("gained", title="Gained", paper="A paper")
    class Gained(Method):
        gain: float = parameter(default=default, help="factor")
        sides: int = parameter(default=3, help="pixels")

    def forms(**values: float) -> list[str]:
        texts = [f"{name}={value}" for name, value in values.items()]
        cls: Any = Gained
        made: list[Any] = [cls(**values), METHODS.make(f"gained[{','.join(texts)}]")]
        return [f"{METHODS.label(one)} {one.gain!r} {one.sides!r}" for one in made]

    for one in (1, 1.0):
        assert forms(gain=one) == [f"gained {default!r} 3"] * 2
    for two in (2, 2.0):
        assert forms(gain=two) == ["gained[gain=2.0] 2.0 3"] * 2
    assert forms(sides=4) == [f"gained[sides=4] {default!r} 4"] * 2


@pytest.fixture(autouse=True)
def clean(registries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what a test registers; leave no compiled files."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def plugin(folder: Path, file: str, text: str) -> Path:
    """Write a plugin file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file
    path.write_text(text, encoding="utf-8")
    return path


class Thing:
    """What a registry of these tests holds."""

    name: str


def things() -> Registry[Thing]:
    """Make a registry with three things in it."""
    registry: Registry[Thing] = Registry("thing", "things", "hsisr.things")
    for name in ("bicubic", "proposed", "vdsr"):

        @registry.register(name, title=name.upper())
        class Registered(Thing):
            size: int = parameter(default=3, help="a size", low=1, high=9)

    return registry


def test_a_registered_class_becomes_a_frozen_dataclass_with_its_name() -> None:
    made = things().make("vdsr[size=5]")
    assert (made.name, made.size) == ("vdsr", 5)  # type: ignore[attr-defined]
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.size = 4  # type: ignore[attr-defined]


def test_an_entry_remembers_the_facts_and_the_file() -> None:
    entry = things().entry("vdsr")
    assert entry.facts == {"title": "VDSR"}
    assert entry.file == Path(__file__).resolve()


def test_the_label_is_canonical() -> None:
    registry = things()
    assert registry.label(registry.make("vdsr[ size = 3 ]")) == "vdsr"
    assert registry.label(registry.make("vdsr[size=4]")) == "vdsr[size=4]"


def test_an_unknown_name_is_refused_with_the_nearest_ones() -> None:
    with pytest.raises(RequestError) as caught:
        things().make("propose")
    assert str(caught.value) == (
        "unknown thing 'propose'; did you mean proposed? known: bicubic, proposed, vdsr"
    )


def test_a_name_like_none_is_refused_without_a_guess() -> None:
    with pytest.raises(RequestError) as caught:
        things().make("zzzzzz")
    assert str(caught.value) == "unknown thing 'zzzzzz'; known: bicubic, proposed, vdsr"


def test_the_checkouts_own_methods_and_data_sets_are_found() -> None:
    own = {"bicubic", "espcn", "proposed", "srcnn", "vdsr", "wiener"}
    assert own <= {entry.name for entry in METHODS}
    assert {"cave", "harvard", "synthetic"} <= {entry.name for entry in DATASETS}
    for name in own:
        assert METHODS.entry(name).file.name == f"{name}.py"


def test_a_plugin_file_is_found_and_can_be_parametrised(tmp_path: Path) -> None:
    file = plugin(tmp_path, "mine.py", PLUGIN.format(name="mine"))
    load(file, *REGISTRIES)
    made = METHODS.make("mine[strength=2]")
    assert METHODS.label(made) == "mine[strength=2.0]"
    assert METHODS.entry("mine").file == file


def test_loading_a_plugin_twice_is_no_clash(tmp_path: Path) -> None:
    file = plugin(tmp_path, "mine.py", PLUGIN.format(name="mine"))
    load(file, *REGISTRIES)
    load(file, *REGISTRIES)
    assert METHODS.make("mine").name == "mine"


def test_two_plugins_of_one_name_are_refused_with_both_files(tmp_path: Path) -> None:
    first = plugin(tmp_path / "a", "mine.py", PLUGIN.format(name="mine"))
    second = plugin(tmp_path / "b", "mine.py", PLUGIN.format(name="mine"))
    load(first, *REGISTRIES)
    with pytest.raises(RequestError) as caught:
        load(second, *REGISTRIES)
    assert str(caught.value) == (f"two methods are named 'mine': {first} and {second}; rename one")
    assert METHODS.entry("mine").file == first


def test_a_plugin_may_not_take_the_name_of_a_method_of_the_checkout(tmp_path: Path) -> None:
    file = plugin(tmp_path, "other.py", PLUGIN.format(name="bicubic"))
    with pytest.raises(RequestError, match=r"two methods are named 'bicubic': .*bicubic\.py and"):
        load(file, *REGISTRIES)


def test_two_files_of_one_name_in_two_folders_are_two_plugins(tmp_path: Path) -> None:
    load(plugin(tmp_path / "a", "mine.py", PLUGIN.format(name="one")), *REGISTRIES)
    load(plugin(tmp_path / "b", "mine.py", PLUGIN.format(name="two")), *REGISTRIES)
    assert METHODS.make("one").name == "one"
    assert METHODS.make("two").name == "two"


def test_a_missing_plugin_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=rf"no plugin file at {tmp_path / 'gone.py'}"):
        load(tmp_path / "gone.py", *REGISTRIES)


def test_a_folder_is_no_plugin(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no plugin file at"):
        load(tmp_path, *REGISTRIES)


def test_a_plugin_must_end_in_py(tmp_path: Path) -> None:
    file = plugin(tmp_path, "mine.txt", PLUGIN.format(name="mine"))
    with pytest.raises(RequestError, match=r"not a Python file; a plugin's name ends in \.py"):
        load(file, *REGISTRIES)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named"),
        ("def broken(:\n    pass", "SyntaxError: "),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_a_plugin_that_cannot_be_imported_says_why(tmp_path: Path, text: str, reason: str) -> None:
    file = plugin(tmp_path, "mine.py", text)
    with pytest.raises(RequestError, match=f"plugin {file} cannot be imported: {reason}"):
        load(file, *REGISTRIES)


def test_a_plugin_that_registers_nothing_is_refused(tmp_path: Path) -> None:
    file = plugin(tmp_path, "mine.py", "class Lonely:\n    pass\n")
    with pytest.raises(RequestError, match="no method, data set, protocol or metric; decorate"):
        load(file, *REGISTRIES)


def installed(folder: Path, module: str, text: str, target: str) -> None:
    """Lay out a package as pip would: a module and its distribution's entry points."""
    plugin(folder, f"{module}.py", text)
    info = folder / f"{module}-1.0.dist-info"
    plugin(info, "METADATA", f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    plugin(info, "entry_points.txt", f"[hsisr.methods]\nfar = {target}\n")


def test_a_method_of_an_installed_package_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, "far_methods", PLUGIN.format(name="far"), "far_methods:Mine")
    monkeypatch.syspath_prepend(tmp_path)
    discover([METHODS])
    assert METHODS.entry("far").file == tmp_path / "far_methods.py"
    assert METHODS.label(METHODS.make("far[strength=0.5]")) == "far[strength=0.5]"


def test_a_broken_installed_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, "bad_methods", "raise ValueError('rotten')", "bad_methods:Mine")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RequestError) as caught:
        discover([METHODS])
    assert str(caught.value) == (
        "method 'far' of the package 'bad_methods' cannot be imported: "
        "ValueError: rotten; fix or remove it"
    )


def test_an_installed_package_without_the_class_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, "odd_methods", PLUGIN.format(name="far"), "odd_methods:Absent")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RequestError, match=r"'odd_methods' cannot be imported: AttributeError"):
        discover([METHODS])


def test_a_broken_file_among_the_methods_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin(tmp_path / "some_methods", "__init__.py", "")
    plugin(tmp_path / "some_methods", "mine.py", "import no_such_module_anywhere")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        RequestError, match=r"some_methods/mine\.py cannot be imported: ModuleNotFoundError"
    ):
        discover([Registry[object]("method", "some_methods", "no.group")])


def test_two_classes_of_one_name_in_a_file_are_refused(tmp_path: Path) -> None:
    text = PLUGIN.format(name="mine")
    second = text.replace("class Mine", "class Other")
    with pytest.raises(RequestError) as caught:
        load(file := plugin(tmp_path, "mine.py", text + second), *REGISTRIES)
    assert str(caught.value) == (
        f"two methods are named 'mine': Mine and Other in {file}; rename one"
    )


def test_the_class_of_a_reloaded_file_may_have_another_name(tmp_path: Path) -> None:
    text = PLUGIN.format(name="mine")
    load(plugin(tmp_path, "mine.py", text), *REGISTRIES)
    load(plugin(tmp_path, "mine.py", text.replace("class Mine", "class Other")), *REGISTRIES)
    assert type(METHODS.make("mine")).__name__ == "Other"


@pytest.mark.parametrize("name", ["", "my method", "mine[x=1]", "netz_ä", " mine"])
def test_a_name_that_could_not_be_asked_for_is_refused(tmp_path: Path, name: str) -> None:
    file = plugin(tmp_path, "one.py", PLUGIN.format(name=name))
    with pytest.raises(RequestError, match=r"one\.py: expected the name of a method, found '.*'"):
        load(file, METHODS)


def test_names_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    load(plugin(tmp_path, "one.py", PLUGIN.format(name="mine")), METHODS)
    with pytest.raises(
        RequestError, match=r"^two methods are named 'Mine' and 'mine': .*one\.py a"
    ):
        load(plugin(tmp_path, "two.py", PLUGIN.format(name="Mine")), METHODS)


def test_the_ending_of_a_plugin_file_may_be_upper_case(tmp_path: Path) -> None:
    file = plugin(tmp_path, "ONE.PY", PLUGIN.format(name="mine"))
    load(file, METHODS)
    assert METHODS.make("mine[strength=2]") is not None
    one = source_of(METHODS.entry("mine").cls)
    file.write_text(file.read_text() + "# a comment\n")
    load(file, METHODS)
    assert source_of(METHODS.entry("mine").cls) == one


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('def __post_init__(self):\n        raise ValueError("no")', "ValueError: no; correct "),
        ("def __init__(self, needed):\n        pass", "TypeError: "),
    ],
)
def test_a_class_that_cannot_be_built_is_one_line(tmp_path: Path, body: str, says: str) -> None:
    file = plugin(tmp_path, "one.py", PLUGIN.format(name="mine") + f"\n    {body}\n")
    load(file, METHODS)
    with pytest.raises(RequestError, match=rf"^method 'mine' cannot be built: {says}.*one\.py$"):
        METHODS.make("mine")
