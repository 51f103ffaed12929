"""Methods and data sets of other people: from a file, from a package, from `run_all.py new`."""

import re
import shlex
from pathlib import Path

import pytest

import run_all
from benchmark.cli import catalogue
from benchmark.errors import RequestError
from benchmark.plugins.discovery import discover
from benchmark.plugins.registry import Registry
from tests.command_line import SMALL, CommandLine, rows

MINE = '''
"""One convolution, and it trains."""

from torch import nn

from benchmark.method import NetworkMethod, Problem, Recipe, parameter, register


@register("mine", title="Mine", paper="Me, here and now", year="2026")
class Mine(NetworkMethod):
    """The smallest network there is."""

    bandwise = True
    kernel: int = parameter(3, "rows and columns", choices=(1, 3, 5))
    recipe = Recipe(lr=1e-3, epochs=1)

    def network(self, problem: Problem) -> nn.Module:
        """Build the network."""
        return nn.Conv2d(problem.bands, problem.bands, self.kernel, padding="same")
'''

STRIPES = '''
"""Three scenes out of nowhere."""

import numpy as np

from benchmark.dataset import DataSet, Scene, Source, register


class Made(Source):
    stamp = "stripes"

    def read(self, scene):
        level = 50 + 10 * len(scene) + np.arange(40)[:, None, None] % 7
        return Scene(scene, np.full((40, 36, 2), level, np.uint8), (400.0, 500.0), 255.0)


@register("stripes")
class Stripes(DataSet):
    """Stripes of two bands."""

    title = "Stripes"
    scenes = ("one", "three", "eleven")
    test = ("eleven",)
    validation = ("three",)

    def open(self, root, scenes):
        return Made()
'''


def written(folder: Path, name: str, text: str) -> str:
    """Write a plugin; return its path as the command line takes it."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def package(folder: Path, name: str, group: str, text: str, entry: str = "") -> Path:
    """Lay out an installed package that announces its module `name` under a group."""
    place = folder / "site"
    facts = place / f"{name}-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[{group}]\nanything = {entry or name}\n")
    (place / f"{name}.py").write_text(text, encoding="utf-8")
    return place


def test_a_method_from_a_file_is_trained_and_stands_in_the_table(hsisr: CommandLine) -> None:
    plugin = written(hsisr.folder, "mine.py", MINE)
    answer = hsisr.tiny("bicubic,mine,mine[kernel=5]", "--plugin", plugin)
    assert answer.code == 0, answer.err
    assert float(rows(answer.out)["Bicubic"][0]) > 20
    assert len(re.findall(r"^Mine( \[kernel=5\])? +[0-9.]+", answer.out, re.MULTILINE)) == 2
    cells = hsisr.cells()
    assert cells["mine 0"]["parameters"] == 3 * 3 + 1
    assert cells["mine[kernel=5] 0"]["parameters"] == 5 * 5 + 1
    assert cells["mine 0"]["configuration"]["method"]["paper"] == "Me, here and now"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_that_an_editor_of_windows_wrote_is_the_same_method(
    hsisr: CommandLine, mark: str
) -> None:
    plugin = written(hsisr.folder, "mine.py", MINE)
    assert hsisr.tiny("mine", "--plugin", plugin).code == 0
    Path(plugin).write_bytes((mark + MINE).replace("\n", "\r\n").encode())
    answer = hsisr.tiny("mine", "--plugin", plugin)
    assert (answer.code, answer.err) == (0, "0 cells to run, 1 found done\n")


def test_a_method_from_a_file_is_listed_with_its_parameters(hsisr: CommandLine) -> None:
    plugin = written(hsisr.folder, "mine.py", MINE)
    listed = {one["name"]: one for one in hsisr("methods", "--plugin", plugin, "--json").json()}
    assert listed["mine"]["parameters"] == ["kernel (one of 1, 3, 5, default 3): rows and columns"]
    assert "mine" not in {one["name"] for one in hsisr("methods", "--json").json()}


def test_a_data_set_from_a_file_is_run_and_gets_its_table(hsisr: CommandLine) -> None:
    plugin = written(hsisr.folder, "stripes.py", STRIPES)
    words = ("--dataset", "stripes", "--plugin", plugin, "--scales", "2", "--profile", "tiny")
    answer = hsisr(*words, "--methods", "bicubic,espcn")
    assert answer.code == 0, answer.err
    assert answer.out.startswith("Stripes\n")
    assert "1 for training, 1 for validation, 1 for testing" in answer.out
    assert hsisr.cells()["espcn 0"]["configuration"]["dataset"]["test"] == ["eleven"]


def test_one_file_may_hold_a_method_and_a_data_set(hsisr: CommandLine) -> None:
    plugin = written(hsisr.folder, "both.py", STRIPES + MINE)
    words = ("--dataset", "stripes", "--plugin", plugin, "--scales", "2", "--profile", "tiny")
    assert hsisr(*words, "--methods", "mine").code == 0
    assert set(hsisr.cells()) == {"mine 0"}


def test_two_plugins_are_given_by_two_options(hsisr: CommandLine) -> None:
    plugins = [
        "--plugin",
        written(hsisr.folder, "mine.py", MINE),
        "--plugin",
        written(hsisr.folder, "stripes.py", STRIPES),
    ]
    names = [one["name"] for one in hsisr("datasets", *plugins, "--json").json()]
    assert "stripes" in names
    assert "mine" in [one["name"] for one in hsisr("methods", *plugins, "--json").json()]


def test_a_method_of_an_installed_package_is_found(
    hsisr: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = package(hsisr.folder, "their_method", "hsisr.methods", MINE)
    monkeypatch.syspath_prepend(place)
    answer = hsisr.tiny("mine")
    assert answer.code == 0, answer.err
    assert set(hsisr.cells()) == {"mine 0"}


def test_a_data_set_of_an_installed_package_is_found(
    hsisr: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = package(hsisr.folder, "their_scenes", "hsisr.datasets", STRIPES, "their_scenes:Stripes")
    monkeypatch.syspath_prepend(place)
    assert "stripes" in [one["name"] for one in hsisr("datasets", "--json").json()]


def test_an_installed_package_that_cannot_be_imported_is_named(
    hsisr: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = package(hsisr.folder, "their_broken_one", "hsisr.methods", "import no_such_module")
    monkeypatch.syspath_prepend(place)
    answer = hsisr("methods")
    assert answer.code == 2
    assert answer.err.startswith(
        "error: method 'anything' of the package 'their_broken_one' cannot be imported: "
        "ModuleNotFoundError: No module named 'no_such_module'"
    )


def test_two_methods_of_one_name_are_refused_and_both_files_named(hsisr: CommandLine) -> None:
    plugin = written(hsisr.folder, "theirs.py", MINE.replace('"mine"', '"bicubic"'))
    answer = hsisr("methods", "--plugin", plugin)
    assert answer.code == 2
    own = Path(run_all.__file__).resolve().parent / "methods" / "bicubic.py"
    assert answer.err == (
        f"error: two methods are named 'bicubic': {own} and {plugin}; rename one\n"
    )


def test_two_data_sets_of_one_name_are_refused_and_both_files_named(hsisr: CommandLine) -> None:
    first = written(hsisr.folder, "first.py", STRIPES)
    second = written(hsisr.folder, "second.py", STRIPES)
    answer = hsisr("datasets", "--plugin", first, "--plugin", second)
    assert answer.code == 2
    assert answer.err == (
        f"error: two data sets are named 'stripes': {first} and {second}; rename one\n"
    )


def test_a_plugin_that_breaks_after_its_data_set_is_an_error(hsisr: CommandLine) -> None:
    plugin = written(hsisr.folder, "half.py", STRIPES + "\nraise ValueError('half done')\n")
    answer = hsisr("datasets", "--plugin", plugin)
    assert answer.code == 2
    assert answer.err == (
        f"error: plugin {plugin} cannot be imported: ValueError: half done; fix or remove it\n"
    )


def test_a_method_of_the_checkout_that_cannot_be_imported_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `run_all.py new` wrote lies in methods/, and whoever edits it makes mistakes."""
    folder = tmp_path / "checkouts_methods"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "edited.py").write_text("import no_such_module\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RequestError, match=r"edited.*no_such_module"):
        discover([Registry[object]("method", "checkouts_methods", "no.group")])


@pytest.mark.parametrize("name", ["my_method", "network", "recipe", "nn", "_x", "x2"])
def test_what_new_writes_trains_by_the_command_that_it_prints(
    hsisr: CommandLine, name: str
) -> None:
    answer = hsisr("new", name, "--folder", "plugins")
    assert (answer.code, answer.err) == (0, "")
    file = Path("plugins") / f"{name}.py"
    assert (hsisr.folder / file).is_file()
    assert answer.out.startswith(f"wrote {file}; try: python run_all.py ")
    printed = shlex.split(answer.out.partition("run_all.py ")[2])
    words = ("--dataset", SMALL, "--scenes", "leaves01,leaves04", "--scales", "2")
    tried = hsisr(*printed, *words, "--profile", "tiny")
    assert tried.code == 0, tried.err
    assert set(hsisr.cells()) == {"bicubic 0", f"{name} 0"}
    assert hsisr.cells()[f"{name} 0"]["parameters"] > 1000


def test_new_writes_into_the_checkout_unless_told_otherwise(
    hsisr: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "CHECKOUT", hsisr.folder)
    answer = hsisr("new", "my_method")
    file = hsisr.folder / "methods" / "my_method.py"
    assert answer.out == (f"wrote {file}; try: python run_all.py --methods bicubic,my_method\n")
    assert [path.name for path in file.parent.iterdir()] == ["my_method.py"]


def test_new_never_writes_over_a_file(hsisr: CommandLine) -> None:
    file = hsisr.folder / "mine.py"
    file.write_text("precious")
    answer = hsisr("new", "mine", "--folder", str(hsisr.folder))
    assert answer.code == 2
    assert answer.err == (f"error: {file} exists already; choose another name or remove it\n")
    assert file.read_text() == "precious"


@pytest.mark.parametrize("name", ["My", "2x", "a-b", "a b", "class", "a/b", "größe"])
def test_new_refuses_a_name_that_could_not_be_asked_for(hsisr: CommandLine, name: str) -> None:
    answer = hsisr("new", name, "--folder", "plugins")
    assert answer.code == 2
    assert answer.err.startswith(f"error: '{name}' cannot name a method; expected lower-case")
    assert list(hsisr.folder.iterdir()) == []
