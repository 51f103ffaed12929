"""`run_all.py check` for the four kinds of plugins."""

import os

import pytest

from tests.command_line import CommandLine

TINY = "synthetic[rows=16,columns=20,bands=3]"


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("bicubic",), "29 checks, 0 failed, "),
        (("bicubic", "--under", "li2020"), "29 checks, 0 failed, "),
        (("--dataset", TINY), "13 checks, 0 failed, 2 skipped"),
        (("--protocol", "liu2023"), "15 checks, 0 failed, 0 skipped"),
        (("--metric", "ergas[ratio=4]"), "15 checks, 0 failed, "),
    ],
)
def test_a_sound_plugin_of_each_kind_passes(
    hsisr: CommandLine, words: tuple[str, ...], count: str
) -> None:
    answer = hsisr("check", *words)
    assert (answer.code, answer.err) == (0, "")
    *results, last = answer.out.splitlines()
    assert last.startswith(count)
    assert {line.split(": ")[1] for line in results} <= {"passed", "skipped"}
    assert results[0] == "described: passed"


def test_the_results_as_json_have_the_names_of_the_lines(hsisr: CommandLine) -> None:
    words = ("check", "--metric", "rmse")
    lines = hsisr(*words).out.splitlines()[:-1]
    rows = hsisr(*words, "--json").json()
    assert [row["name"] for row in rows] == [line.partition(":")[0] for line in lines]


FAULTY = '''
from benchmark.metric import Metric, register

@register("upside_down")
class UpsideDown(Metric):
    """Calls errors good."""

    title, digits, higher, meaning = "Upside down", 2, True, "mean squared error"

    def of_band(self, pair, image):
        return pair.squared_error
'''


def test_the_exit_code_says_that_a_check_failed(hsisr: CommandLine) -> None:
    (hsisr.folder / "faulty.py").write_text(FAULTY)
    words = ("check", "--metric", "upside_down", "--plugin", "faulty.py")
    answer = hsisr(*words)
    assert answer.code == 1
    assert "\nperfect-is-best: failed: wang2017: a perfect estimate has 0, " in answer.out
    assert answer.out.splitlines()[-1].startswith("15 checks, 2 failed, ")
    again = hsisr(*words, "--json")
    assert again.code == 1
    failed = [row["name"] for row in again.json() if row["outcome"] == "failed"]
    assert failed == ["perfect-is-best", "worse-is-worse"]


ONE_OF = "error: expected one of METHOD, --dataset, --protocol, --metric, found "


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), f"{ONE_OF}none of them; check one plugin at a time\n"),
        (
            ("bicubic", "--metric", "psnr"),
            f"{ONE_OF}METHOD, --metric; check one plugin at a time\n",
        ),
        (("bicubic", "--scenes", "face"), "error: --scenes needs --dataset; name the data set"),
        (("--metric", "pnsr"), "error: unknown metric 'pnsr'; did you mean psnr"),
        (("--protocol", "li2021"), "error: unknown protocol 'li2021'; did you mean li2020"),
        (("--dataset", "cav"), "error: unknown data set 'cav'; did you mean cave?"),
        (("--dataset", TINY, "--scenes", "leaf"), f"error: --scenes: {TINY} has no scene 'leaf'"),
        (("--dataset", "folder"), "error: folder: expected the folder of the images and the names"),
        (("--metric", "psnr", "--under", "li2020"), "error: --under is for a method; leave it out"),
        (("--dataset", TINY, "--under", "li2020"), "error: --under is for a method; leave it out"),
        (("bicubic", "--under", "wang"), "error: unknown protocol 'wang'; did you mean wang2017"),
    ],
)
def test_what_cannot_be_checked(hsisr: CommandLine, words: tuple[str, ...], message: str) -> None:
    answer = hsisr("check", *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(message)
    assert answer.err.count("\n") == 1


def test_data_that_are_not_there_are_named_in_one_line(hsisr: CommandLine) -> None:
    folder = hsisr.folder / "files"
    answer = hsisr("check", "--dataset", "cave", "--scenes", "face,cd", "--data", str(folder))
    assert answer.code == 2
    assert "split: passed\n" in answer.out
    assert "missing-files-refused: passed\n" in answer.out
    assert answer.out.count(": skipped: its files cannot be opened\n") == 5
    assert answer.err.count("\n") == 1
    expected = "error: cave: expected 2 scenes of 31 bands, but 2 of them are missing: no files of"
    assert answer.err.startswith(f"{expected} cd, face. Searched {folder}")
    assert f"run_all.py fetch cave --data {folder}" in answer.err


@pytest.mark.skipif("HSISR_DATA" not in os.environ, reason="HSISR_DATA says where CAVE is")
def test_real_scenes_of_cave_pass(hsisr: CommandLine) -> None:
    words = ("--scenes", "balloons,watercolors", "--data", os.environ["HSISR_DATA"])
    answer = hsisr("check", "--dataset", "cave", *words)
    assert (answer.code, answer.err) == (0, "")
    assert "reading-reproducible: passed\n" in answer.out
