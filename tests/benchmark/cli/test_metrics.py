"""`run_all.py metrics`, and metrics added to stored results by `run_all.py score`."""

import shlex
from pathlib import Path

import pytest

from benchmark.store.cells import WEIGHTS
from benchmark.store.remedies import GET_WEIGHTS
from tests.command_line import SMALL, CommandLine


def test_metrics_are_listed_with_meaning_direction_and_parameters(hsisr: CommandLine) -> None:
    answer = hsisr("metrics")
    assert answer.code == 0
    assert (
        "ergas\n"
        "    title: ERGAS\n"
        "    meaning: relative global error, as in pansharpening; lower is better\n"
        "    parameters: ratio (a whole number from 0, default 0): ratio s of the pixels' sizes; "
        "0 for the scale\n"
    ) in answer.out
    rows = {row["name"]: row for row in hsisr("metrics", "--json").json()}
    assert {"psnr", "mpsnr", "sam", "ssim", "ssim_uniform", "ssim_matlab", "cc"} <= set(rows)
    assert rows["psnr"]["title"] == "PSNR in dB"
    assert rows["psnr"]["meaning"].endswith("; higher is better")


def places(hsisr: CommandLine) -> dict[str, Path]:
    """Return the folder of every stored cell by its method."""
    return {file.parts[-3]: file.parent for file in hsisr.results.glob("*/*/*/*/*/*/cell.json")}


def header(folder: Path) -> list[str]:
    """Return the names of the columns of a cell's scores."""
    return (folder / "scores.csv").read_text().partition("\n")[0].split(",")


def test_metrics_are_added_and_refusals_change_the_exit_code(hsisr: CommandLine) -> None:
    assert hsisr.tiny("bicubic,wiener,srcnn").code == 0
    found = places(hsisr)
    (found["srcnn"] / WEIGHTS).unlink()
    first = hsisr("score", "--metrics", "cc,ergas[ratio=4],cc", "--methods", "bicubic")
    assert (first.code, first.out) == (0, "metrics added to 1 cell, 0 had them, 0 refused\n")
    assert header(found["bicubic"])[-3:] == ["cc", "ergas[ratio=4]", "skipped"]
    names = [one["name"] for one in hsisr.cells()["bicubic 0"]["metrics"]]
    assert names[-2:] == ["cc", "ergas[ratio=4]"]
    assert header(found["wiener"])[-2:] == ["rmse", "skipped"]
    second = hsisr("score", "--metrics", "cc,ergas[ratio=4]")
    assert second.code == 1
    assert second.out == "metrics added to 1 cell, 1 had them, 1 refused\n"
    srcnn = found["srcnn"].relative_to(hsisr.results).as_posix()
    reason = f"it was stored without weights; {GET_WEIGHTS}"
    assert second.err.splitlines()[-1] == f"refused: {srcnn}: {reason}"
    third = hsisr("score", "--metrics", "cc", "--json")
    assert third.code == 1
    assert third.json() == {
        "added": {},
        "present": [found[name].relative_to(hsisr.results).as_posix() for name in
                    ("bicubic", "wiener")],
        "refused": {srcnn: reason},
    }  # fmt: skip
    other = hsisr("score", "--dataset", "cave")
    assert other.code == 2
    assert other.err.startswith(f"error: no results of dataset cave; there are results of {SMALL}")
    # The cells are found as they were: nothing has to be run again.
    found_again = "0 cells to run, 2 found done"
    assert hsisr.tiny("bicubic,wiener").err.splitlines() == [found_again]
    more = hsisr.tiny("bicubic,wiener", "--metrics", "cc,mpsnr,ergas[ratio=8]").err.splitlines()
    command = "python run_all.py score --metrics 'mpsnr,ergas[ratio=8]'"
    lack = f"stored cells lack mpsnr, ergas[ratio=8]; add them with: {command}"
    assert more == [found_again, lack]
    planned = hsisr.tiny("bicubic,wiener", "--metrics", "cc,mpsnr,ergas[ratio=8]", "--plan")
    assert [line.split(": ")[-1] for line in planned.out.splitlines()[:2]] == [
        "not scored by mpsnr, ergas[ratio=8] as now"
    ] * 2
    assert planned.out.splitlines()[2].startswith(lack)
    assert len(planned.out.splitlines()) == 4
    hsisr.results.rename(hsisr.folder / "my results")
    (hsisr.folder / ".cache").rename(hsisr.folder / "kept")
    where = ("--results", "my results", "--cache", "kept")
    answer = hsisr.tiny("bicubic,wiener", "--metrics", "mpsnr", *where)
    words = shlex.split(answer.err.partition("add them with: python run_all.py ")[2])
    assert words == ["score", "--metrics", "mpsnr", *where]
    assert hsisr(*words, "--methods", "bicubic").out.startswith("metrics added to 1 cell")


def test_what_is_advised_for_a_cell_without_weights_works(hsisr: CommandLine) -> None:
    assert hsisr.tiny("espcn").code == 0
    assert hsisr("export", "whole.zip", "--weights").code == 0
    cell = places(hsisr)["espcn"]
    weights = (cell / WEIGHTS).read_bytes()
    (cell / WEIGHTS).unlink()
    assert "0 cells to run" in hsisr.tiny("espcn").err  # to repeat the run alone does nothing
    assert GET_WEIGHTS.startswith("pack it by `export --weights` where it was computed and import")
    assert "1 given their weights" in hsisr("import", "whole.zip").out
    assert (cell / WEIGHTS).read_bytes() == weights
    (cell / WEIGHTS).unlink()
    assert GET_WEIGHTS.endswith("move its folder out of the results folder and repeat its run")
    cell.rename(hsisr.folder / "away")
    assert hsisr.tiny("espcn").code == 0
    assert (cell / WEIGHTS).exists()
    assert hsisr("score", "--metrics", "cc").out.startswith("metrics added to 1 cell")


def test_a_metric_of_a_plugin_is_added_from_its_file(hsisr: CommandLine) -> None:
    assert hsisr.tiny("bicubic").code == 0
    assert hsisr("new", "mine", "--kind", "metric", "--folder", ".").code == 0
    words = ("score", "--metrics", "mine[power=2]")
    assert hsisr(*words).err.startswith("error: unknown metric 'mine'")
    answer = hsisr(*words, "--plugin", "mine.py", "--dataset", *places_of(hsisr))
    assert (answer.code, answer.out) == (0, "metrics added to 1 cell, 0 had them, 0 refused\n")
    assert header(places(hsisr)["bicubic"])[-2:] == ["mine[power=2.0]", "skipped"]


def places_of(hsisr: CommandLine) -> list[str]:
    """Return the labels of the data sets that have results."""
    return [next(iter(hsisr.cells().values()))["address"]["dataset"]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no results in results; make them with: python run_all.py"),
        (("--metrics", "pnsr"), "unknown metric 'pnsr'; did you mean psnr"),
        (("--metrics", ","), "--metrics ',' names nothing"),
        (("--metrics", "ergas[ratio=-1]"), "ergas[ratio=-1]: expected a whole number from 0"),
        (("--device", "tpu"), "unknown device 'tpu'"),
        (("--metrics", "cc", "--metrics", "sam"), "--metrics is given twice"),
    ],
)
def test_what_cannot_be_added(hsisr: CommandLine, words: tuple[str, ...], message: str) -> None:
    answer = hsisr("score", *words)
    assert answer.code == 2
    assert answer.err.splitlines()[-1].startswith(f"error: {message}")
