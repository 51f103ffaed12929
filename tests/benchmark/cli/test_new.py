"""`run_all.py new`: the template of each kind works by the command that is printed."""

import shlex

import pytest

from benchmark.cli import catalogue
from tests.command_line import SMALL, CommandLine

WORDS = ("--scales", "2", "--profile", "tiny", "--methods", "bicubic")
SCENES = ("--dataset", SMALL, "--scenes", "leaves01,leaves04")


@pytest.mark.parametrize("kind", ["dataset", "protocol", "metric"])
def test_a_run_with_the_template_works(hsisr: CommandLine, kind: str) -> None:
    answer = hsisr("new", "my_own", "--kind", kind, "--folder", "plugins")
    assert (answer.code, answer.err) == (0, "")
    start, _, printed = answer.out.partition("run_all.py ")
    assert start == "wrote plugins/my_own.py; try: python "
    words = shlex.split(printed)
    assert words[:2] == ["--methods", "bicubic"]
    scenes = () if kind == "dataset" else SCENES
    tried = hsisr(*words, *scenes, *WORDS[:4])
    assert tried.code == 0, tried.err
    (cell,) = hsisr.cells().values()
    address, metrics = cell["address"], [one["name"] for one in cell["metrics"]]
    assert address["dataset"].startswith("my_own" if kind == "dataset" else "synthetic")
    assert address["protocol"] == ("my_own" if kind == "protocol" else "wang2017")
    assert metrics[-1] == {"metric": "my_own", "protocol": "ergas[ratio=4]"}.get(kind, "rmse")


@pytest.mark.parametrize(
    ("kind", "folder"),
    [("dataset", "datasets"), ("protocol", "benchmark/protocols"), ("metric", "benchmark/metrics")],
)
def test_new_writes_into_the_folder_of_its_kind(
    hsisr: CommandLine, monkeypatch: pytest.MonkeyPatch, kind: str, folder: str
) -> None:
    monkeypatch.setattr(catalogue, "CHECKOUT", hsisr.folder)
    assert hsisr("new", "my_own", "--kind", kind).code == 0
    assert [path.name for path in (hsisr.folder / folder).iterdir()] == ["my_own.py"]


@pytest.mark.parametrize("kind", ["method", "dataset", "protocol", "metric"])
def test_what_would_be_a_helper_of_the_checkout_is_refused(
    hsisr: CommandLine, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(catalogue, "CHECKOUT", hsisr.folder)
    answer = hsisr("new", "_mine", "--kind", kind)
    assert answer.code == 2
    assert answer.err.startswith("error: '_mine' begins with _, as the helpers in ")
    assert list(hsisr.folder.iterdir()) == []
    assert hsisr("new", "_mine", "--kind", kind, "--folder", "own").code == 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [("bicubic", "method"), ("cave", "dataset"), ("li2020", "protocol"), ("psnr", "metric")],
)
def test_a_name_that_is_taken_is_refused(hsisr: CommandLine, name: str, kind: str) -> None:
    answer = hsisr("new", name, "--kind", kind, "--folder", "own")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: '{name}' is the ")
    assert answer.err.endswith(f"{name}.py already; choose another name\n")
    assert not (hsisr.folder / "own").exists()


def test_the_printed_command_works_in_a_folder_with_spaces(hsisr: CommandLine) -> None:
    answer = hsisr("new", "my_own", "--folder", "my plugins")
    words = shlex.split(answer.out.partition("run_all.py ")[2])
    assert words[-2:] == ["--plugin", "my plugins/my_own.py"]
    assert hsisr(*words, *SCENES, *WORDS[:4]).code == 0


def test_an_unknown_kind_is_refused(hsisr: CommandLine) -> None:
    answer = hsisr("new", "mine", "--kind", "data")
    assert answer.code == 2
    assert answer.err.startswith("error: unknown kind of plugin 'data'; did you mean dataset? kno")
    assert list(hsisr.folder.iterdir()) == []
