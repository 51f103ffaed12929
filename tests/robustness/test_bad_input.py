"""Whatever is wrong with a request: one line that says so, exit code 2, nothing left behind."""

import os

import pytest
import torch

from tests.command_line import SMALL, CommandLine
from tests.robustness.refusals import refusal

FAST = ("--dataset", SMALL, "--scenes", "leaves01,leaves04", "--profile", "tiny")


def but(words: tuple[str, ...], *others: str) -> list[str]:
    """Replace the options that other words give, as no option may be given twice."""
    kept = [
        word
        for name, value in zip(words[::2], words[1::2], strict=True)
        if name not in others
        for word in (name, value)
    ]
    return [*kept, *others]


WRONG = {
    ("--scales", "9"): ["scale 9", "wang2017", "2, 3, 4"],
    ("--scales", "0"): ["scale 0", "2, 3, 4"],
    ("--scales", "1"): ["scale 1", "2, 3, 4"],
    ("--scales", "x"): ["--scales x", "'x' is not a whole number"],
    ("--scales", "2,,x"): ["--scales 2,,x", "'x' is not a whole number"],
    ("--scales", "2.5"): ["'2.5' is not a whole number"],
    ("--scales", "-2"): ["'-2' is not a whole number"],
    ("--scales", ","): ["--scales"],
    ("--seeds", "-1"): ["--seeds -1", "'-1' is not a whole number"],
    ("--seeds", "one"): ["'one' is not a whole number"],
    ("--seeds", ","): ["--seeds"],
    ("--seeds", "²"): ["'²' is not a whole number"],
    ("--methods", "espcn", "--seeds", str(10**20)): ["--seeds", str(10**20)],
    ("--methods", ","): ["--methods"],
    ("--methods", "srcn"): ["unknown method 'srcn'", "did you mean srcnn", "vdsr"],
    ("--methods", "zzz"): ["unknown method 'zzz'; known: ", "bicubic", "proposed"],
    ("--methods", "bicubic,srcn"): ["unknown method 'srcn'"],
    ("--methods", "wiener[join=true]"): ["no parameter 'join'", "did you mean joint"],
    ("--methods", "bicubic[x=1]"): ["bicubic has no parameter 'x'", "clip"],
    ("--methods", "wiener[joint=maybe]"): ["wiener[joint=maybe]", "true or false"],
    ("--methods", "proposed[alpha=half]"): ["proposed[alpha=half]", "a number from 0"],
    ("--methods", "proposed[alpha=nan]"): ["proposed[alpha=nan]", "a number from 0"],
    ("--methods", "proposed[alpha=7]"): ["proposed[alpha=7]", "up to 1"],
    ("--methods", "srcnn[middle=2]"): ["srcnn[middle=2]", "one of 1, 3, 5"],
    ("--methods", "wiener[joint=true"): ["'wiener[joint=true' cannot be read"],
    ("--methods", "wiener[joint]"): ["cannot be read", "NAME[key=value"],
    ("--methods", "wiener[joint=yes,joint=no]"): ["cannot be read"],
    ("--methods", "../evil"): ["cannot be read"],
    ("--dataset", "cav"): ["unknown data set 'cav'", "did you mean cave"],
    ("--dataset", ""): ["--dataset is empty", "--help"],
    ("--dataset", "synthetic[rows=4]"): ["synthetic[rows=4]", "a whole number from 16"],
    ("--dataset", "synthetic[rows=1e9]"): ["synthetic[rows=1e9]", "a whole number"],
    ("--dataset", "synthetic[row=48]"): ["no parameter 'row'", "did you mean rows"],
    ("--train-on", "harvrd"): ["unknown data set 'harvrd'", "did you mean harvard"],
    ("--profile", "fast"): ["unknown profile 'fast'", "quick", "paper"],
    ("--protocol", "wang"): ["unknown protocol 'wang'", "wang2017-float"],
    ("--device", "tpu"): ["unknown device 'tpu'", "auto, cpu or cuda"],
    ("--device", "cuda"): ["--device cuda", "no CUDA device", "cpu or auto"],
    ("--scenes", "leaves1"): ["no scene 'leaves1'", "did you mean leaves"],
    ("--scenes", "zzz"): ["no scene 'zzz'; there are leaves01, leaves02", "and 10 more"],
    ("--scene", "leaves04"): ["No such option: --scene", "--scenes", "--help"],
    ("--scales",): ["--scales", "requires an argument"],
    ("train",): ["No such command 'train'", "--help"],
    ("--plugin", "no_such.py"): ["no plugin file at", "no_such.py"],
    ("--plugin", "."): ["no plugin file at"],
    ("tables", "--dataset", "cave"): ["no results of data set 'cave'", "--dataset cave"],
    ("tables",): ["no results", "results"],
    ("tables", "extra"): ["extra", "--help"],
    ("fetch",): ["--help"],
    ("fetch", "cav"): ["unknown data set 'cav'", "did you mean cave"],
    ("fetch", "synthetic"): ["synthetic", "computed, not downloaded"],
    ("fetch", "chikusei"): ["cannot be downloaded", "get its files from https://naotoyokoya.com"],
    ("fetch", "folder"): ["folder cannot be downloaded by this command; its files are your own"],
    ("new",): ["--help"],
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_wrong_word_is_refused_before_anything_starts(
    hsisr: CommandLine, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    command = not words[0].startswith("-")
    answer = hsisr(*words) if command else hsisr(*but(("--methods", "bicubic", *FAST), *words))
    message = refusal(hsisr, answer)
    for part in WRONG[words]:
        assert part in message


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scenes", "leaves01"), ["--scenes leaves no test scene", "leaves04, leaves08"]),
        (("--scenes", "leaves04"), ["wiener must be trained", "no training scene"]),
    ],
)
def test_scenes_that_leave_nothing_to_do_are_refused(
    hsisr: CommandLine, words: tuple[str, ...], said: list[str]
) -> None:
    hsisr.environment["HSISR_CACHE"] = "kept"
    message = refusal(hsisr, hsisr(*but(FAST, "--methods", "wiener", *words)), "synthetic")
    for part in said:
        assert part in message


def test_a_training_scene_smaller_than_a_patch_is_found_before_the_first_cell(
    hsisr: CommandLine,
) -> None:
    """Bicubic needs no patches, but its cell would be all that this request ever gets."""
    hsisr.environment["HSISR_CACHE"] = "kept"
    small = "synthetic[rows=16,columns=20,bands=3]"
    answer = hsisr("--dataset", small, "--scenes", "leaves01,leaves04", "--scales", "2",
                   "--methods", "bicubic,espcn", "--profile", "quick")  # fmt: skip
    message = refusal(hsisr, answer, "synthetic")
    assert "a training scene of 16 x 20 pixels is smaller than a patch of" in message
    assert "--scenes" in message


def test_data_sets_of_different_bands_cannot_be_trained_on_together(hsisr: CommandLine) -> None:
    hsisr.environment["HSISR_CACHE"] = "kept"
    other = "synthetic[rows=48,columns=40,bands=6]"
    answer = hsisr(*FAST, "--scales", "2", "--methods", "wiener", "--train-on", other)
    message = refusal(hsisr, answer, "synthetic")
    assert f"same number of bands, found 6 in {other}, 5 in synthetic[" in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:\n", "SyntaxError"),
        ("import no_such_module\n", "No module named 'no_such_module'"),
        ("raise ValueError('one\\ntwo')\n", "ValueError: one two"),
        ("x = 1\n", "registers no method"),
        ("raise SystemExit(0)\n", "SystemExit"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_named(hsisr: CommandLine, text: str, said: str) -> None:
    plugin = hsisr.folder / "plugin.py"
    plugin.write_text(text)
    message = refusal(hsisr, hsisr.tiny("bicubic", "--plugin", str(plugin)))
    assert str(plugin) in message
    assert said in message


def test_a_plugin_that_is_no_python_file_is_named(hsisr: CommandLine) -> None:
    plugin = hsisr.folder / "notes.txt"
    plugin.write_text("hello\n")
    assert "notes.txt is not a Python file" in refusal(
        hsisr, hsisr("methods", "--plugin", plugin.name)
    )


@pytest.mark.parametrize("results", ["taken", "taken/below"])
def test_results_that_cannot_be_written_are_refused_before_the_first_cell(
    hsisr: CommandLine, results: str
) -> None:
    (hsisr.folder / "taken").write_text("precious")
    message = refusal(hsisr, hsisr.tiny("bicubic", "--results", results))
    assert f"cannot write to the results folder {results}: " in message
    assert "--results" in message
    assert (hsisr.folder / "taken").read_text() == "precious"


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="whoever runs this may write anywhere"
)
def test_a_results_folder_without_permission_is_refused(hsisr: CommandLine) -> None:
    hsisr.results.mkdir(mode=0o500)
    message = refusal(hsisr, hsisr.tiny("bicubic"))
    assert ": Permission denied; " in message


def test_a_cache_that_cannot_be_written_is_refused(hsisr: CommandLine) -> None:
    (hsisr.folder / "taken").write_text("precious")
    message = refusal(hsisr, hsisr.tiny("bicubic", "--cache", "taken"))
    assert "taken" in message
    assert "--cache" in message
