"""Code of other people: it prints, changes global state, is corrected; numbers stay right."""

import json
from pathlib import Path

import pytest

from tests.command_line import SCENES, SMALL, CommandLine, rows, started
from tests.commands.test_plugins import package

SHELF = """
import os
from helper import level

import numpy as np

from benchmark.dataset import DataSet, Scene, Source, register

print("importing the data set")
os.write(1, b"from C\\n")


class Made(Source):
    stamp = "the same files"

    def read(self, scene):
        print("reading", scene)
        os.write(1, b"from C\\n")
        number = ("one", "two", "three").index(scene)
        values = np.random.default_rng(number).integers(0, 256, (24, 20, 2)).astype(np.uint8)
        values[0, 0] = 255
        return Scene(scene, level(values), (400.0, 500.0), 255.0)


@register("shelf")
class Shelf(DataSet):
    title = "Shelf"
    scenes = ("one", "two", "three")
    test = ("three",)
    validation = ("two",)

    def open(self, root, scenes):
        return Made()
"""
WRONG = "def level(values):\n    return values // 16 * 16 + 15\n"
RIGHT = "def level(values):\n    return values\n"
METHOD = '''
import os
{top}

from benchmark.method import Method, register

print("importing {name}")
os.write(1, b"from C\\n")


@register("{name}", title="{name}", paper="Me")
class Mine(Method):
    """A method."""

    def fit(self, scenes, problem):
        print("fitting")
        os.write(1, b"from C\\n")
        return {{}}

    def upscale(self, low, problem, state):
        print("estimating")
        os.write(1, b"from C\\n")
        {body}
        return low
'''


def method(folder: Path, name: str, top: str = "", body: str = "pass") -> str:
    """Write a plugin; return its path."""
    file = folder / f"{name}.py"
    file.write_text(METHOD.format(name=name, top=top, body=body))
    return str(file)


def shelf(hsisr: CommandLine, helper: str) -> tuple[str, ...]:
    """Write the data set; return the options of a run on it."""
    (hsisr.folder / "shelf.py").write_text(SHELF)
    (hsisr.folder / "helper.py").write_text(helper)
    words = ("--dataset", "shelf", "--plugin", str(hsisr.folder / "shelf.py"), "--scales", "2")
    return (*words, "--methods", "bicubic")


def test_a_corrected_data_set_is_scored_again(hsisr: CommandLine) -> None:
    """The same files, read by another source: the old scores must not count as done."""
    before = hsisr(*shelf(hsisr, WRONG))
    assert before.code == 0, before.err
    words = shelf(hsisr, RIGHT)
    (plan,) = hsisr(*words, "--plan", "--json").json()
    assert plan["state"] == "stale"
    after = hsisr(*words)
    assert after.code == 0, after.err
    assert rows(before.out)["Bicubic"][0] != rows(after.out)["Bicubic"][0]


def test_a_refactored_data_set_that_delivers_the_same_is_done(hsisr: CommandLine) -> None:
    assert hsisr(*shelf(hsisr, WRONG)).code == 0
    words = shelf(hsisr, WRONG.replace("15", "(16 - 1)") + "# a remark\n")
    (plan,) = hsisr(*words, "--plan", "--json").json()
    assert plan["state"] == "done"


@pytest.mark.parametrize("in_process", ["", "1"])
def test_what_plugins_print_is_no_part_of_the_json(hsisr: CommandLine, in_process: str) -> None:
    """Python's output and C's, while importing, reading, fitting and estimating."""
    plugin = method(hsisr.folder, "loud", "import atexit\natexit.register(print, 'leaving')")
    words = (*shelf(hsisr, RIGHT)[:-1], "loud", "--plugin", plugin, "--json")
    answer = started(hsisr.folder, *words, HSISR_IN_PROCESS=in_process)
    assert answer.code == 0, answer.err
    assert len(answer.json()["done"]) == 1
    for printed in ("importing the data set", "reading three", "fitting", "estimating", "leaving"):
        assert printed in answer.err
    assert "from C" in answer.err


@pytest.mark.parametrize("command", ["plan", "methods", "datasets", "check"])
def test_every_command_prints_json_alone(hsisr: CommandLine, command: str) -> None:
    plugin = method(hsisr.folder, "loud")
    words = {
        "plan": (*shelf(hsisr, RIGHT), "--plan"),
        "check": ("check", "loud"),
    }.get(command, (command,))
    answer = hsisr(*words, "--plugin", plugin, "--json")
    assert answer.code == 0, answer.err
    assert answer.json()
    assert "importing loud" in answer.err


def test_the_doctor_prints_json_alone(hsisr: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    name, text = "their_loud_method", METHOD.format(name="loud", top="", body="pass")
    monkeypatch.syspath_prepend(package(hsisr.folder, name, "hsisr.methods", text))
    answer = hsisr("doctor", "--json")
    assert answer.json()
    assert "importing loud" in answer.err


STATE = """
import torch, numpy, random, sys
from torch.nn import functional
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
torch.set_default_device("meta")
torch.use_deterministic_algorithms(True)
torch.set_num_threads(torch.get_num_threads() + 1)
numpy.seterr(all="raise")
random.seed(5); torch.manual_seed(5)
os.chdir("/")
functional.conv2d = functional.mse_loss = torch.Tensor.sum = None
"""


def test_one_plugins_state_changes_no_other_methods_cell(hsisr: CommandLine) -> None:
    """In one process, where everything is shared; at the import and in a call."""
    body = STATE.replace("\n", "\n        ")
    plugins = ("--plugin", method(hsisr.folder, "rude", STATE))
    late = ("--plugin", method(hsisr.folder, "late", "", body.partition("functional.conv2d")[0]))
    assert hsisr.tiny("bicubic,wiener,espcn").code == 0
    alone = {file.parent.parent.name: file.read_bytes() for file in scores(hsisr)}
    hsisr.results.rename(hsisr.folder / "before")
    answer = hsisr.tiny("late,rude,bicubic,wiener,espcn", *plugins, *late)
    assert answer.code == 0, answer.err
    together = {file.parent.parent.name: file.read_bytes() for file in scores(hsisr)}
    assert set(together) == {*alone, "rude", "late"}
    for name, content in alone.items():
        assert together[name] == content, name
    assert together["rude"] == together["bicubic"]
    note = next(line for line in answer.err.splitlines() if line.startswith("note: "))
    assert "rude.py changes the working folder, numpy's treatment of errors, the default" in note


def scores(hsisr: CommandLine) -> list[Path]:
    """Find the scores of every cell."""
    return list(hsisr.results.glob("*/*/*/*/*/*/scores.csv"))


def test_a_plugin_that_replaces_the_scorer_is_imported_after_it(tmp_path: Path) -> None:
    """Else nothing would be known of the engine to put back."""
    top = "import benchmark.engine.scoring.scene as it\nit.score = None"
    answer = started(tmp_path, "methods", "--plugin", method(tmp_path, "mine", top))
    assert answer.code == 0, answer.err
    assert "changes benchmark.engine.scoring.scene.score when it is imported" in answer.err


def test_a_cells_process_imports_no_other_plugin(tmp_path: Path) -> None:
    """One that ends its process when it is imported a second time harms nobody else."""
    mark = tmp_path / "imported"
    top = (
        f"if os.path.exists({str(mark)!r}): os._exit(3)\n"
        f"if os.environ.get('HSISR_TEST') == '1': open({str(mark)!r}, 'w').close()"
    )
    plugin = method(tmp_path, "once", top)
    fine = method(tmp_path, "fine")
    words = ("--dataset", SMALL, "--scenes", SCENES, "--scales", "3", "--json", "--plugin", fine)
    chosen = ("--methods", "fine,once", "--plugin", plugin)
    answer = started(tmp_path, *words, *chosen, HSISR_TEST="1")
    assert answer.code == 1
    found = json.loads(answer.out)
    assert [one.partition(" ")[0] for one in found["done"]] == ["fine"]
    assert [one.partition(" ")[0] for one in found["failed"]] == ["once"]


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (("--methods", "SRCNN"), "unknown method 'SRCNN'; did you mean srcnn? known: "),
        (("--methods", "Bi-Cubic"), "unknown method 'Bi-Cubic'; did you mean bicubic? known: "),
        (("--dataset", "CAVE"), "unknown data set 'CAVE'; did you mean cave? known: "),
        (("--profile", "Evening"), "unknown profile 'Evening'; did you mean evening? known: "),
        (("--protocol", "WANG2017"), "unknown protocol 'WANG2017'; did you mean wang2017? known: "),
        (("--methods", "vdsr[LR_DEPTH=3]"), "vdsr has no parameter 'LR_DEPTH'"),
        (("--dataset", "cave", "--scenes", "Ballons"), "; did you mean balloons"),
        (("check", "VDSR"), "unknown method 'VDSR'; did you mean vdsr? known: "),
    ],
)
def test_a_name_in_another_case_is_guessed(
    hsisr: CommandLine, words: tuple[str, ...], guess: str
) -> None:
    answer = hsisr(*words)
    assert answer.code == 2
    assert guess in answer.err


def test_a_data_set_without_a_title_is_named_when_data_sets_are_listed(hsisr: CommandLine) -> None:
    (hsisr.folder / "helper.py").write_text(RIGHT)
    file = hsisr.folder / "shelf.py"
    file.write_text(SHELF.replace('    title = "Shelf"\n', ""))
    answer = hsisr("datasets", "--plugin", str(file))
    assert answer.code == 2
    assert "error: shelf: AttributeError: 'Shelf' object has no attribute 'title'" in answer.err
