"""Methods that fail in every way we could think of: each costs its own row and nothing else.

Three runs go on at the same time: one has the faults that end or harm the process, around healthy
methods; one the exceptions, in its own process; one the methods that `--cell-timeout` must end.
"""

import csv
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command_line import SCENES, SMALL, Answer, CommandLine, rows
from tests.faults import Run, running
from tests.robustness.faulty_methods import (
    DIVERGED,
    DIVERGING,
    EXCEPTIONS,
    FAULTS,
    FLEEING,
    HANGING,
    TIMEOUT,
    TOO_LONG,
    plugin,
)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="what is left of a run is found through /proc"
)

LABEL = f"{SMALL}+{SCENES.replace(',', '+')}"
WORDS = ("--dataset", SMALL, "--scenes", SCENES, "--scales", "3", "--device", "cpu")
HEALTHY = ("bicubic", "wiener")
# Lines of one method's output that a run repeats, as the engine has it.
SHOWN = 40
FAILING = {name: one for name, one in (EXCEPTIONS | FAULTS).items() if one.reason}
FAILED = {name: one.reason for name, one in FAILING.items()} | {"diverging": DIVERGED}
HARMLESS = [name for name, one in FAULTS.items() if not one.reason]
# Healthy ones in the midst and at the end: whatever a fault does to others, it does before.
_NAMES = list(FAULTS)
ORDER = [*_NAMES[:8], HEALTHY[0], *_NAMES[8:], HEALTHY[1]]
HERE_ORDER = [*EXCEPTIONS, "diverging", HEALTHY[0]]
TITLE = f"{{}} x3 seed 0 on {LABEL}"


@dataclass(frozen=True)
class Ended:
    """A run that came to its end, and what was left of it two seconds later."""

    line: CommandLine
    words: tuple[str, ...]
    answer: Answer
    left: list[str]
    lines: list[str]

    def file(self, method: str, name: str) -> Path:
        """Return a file of a method's cell."""
        return self.line.results / LABEL / "wang2017" / "quick" / "x3" / method / "seed0" / name

    def reported(self, method: str) -> str:
        """Return what the run said of a method's cell when it had ended.

        It stands beside the cell's name, or below it and all that was printed meanwhile.
        """
        title = re.escape(TITLE.format(method))
        ends = re.compile(
            rf"^\[\d+/\d+\] {title}(?:: |\n(?:    [|].*\n)*    )((?:done|failed).*)$", re.MULTILINE
        )
        (end,) = ends.findall("\n".join(self.lines))
        return str(end)

    def failure(self, method: str) -> str:
        """Return the reason for a failed method from the line at the end of the run."""
        start = f"failed: {TITLE.format(method)}: "
        end = " (run again with --retry-failed)"
        (line,) = (one for one in self.lines if one.startswith(start))
        assert line.endswith(end)
        return line.removeprefix(start).removesuffix(end)


def _ended(folder: Path, words: tuple[str, ...], run: Run) -> Ended:
    answer = run.ended()
    return Ended(CommandLine(folder), words, answer, run.left_after(2), answer.err.splitlines())


@dataclass(frozen=True)
class Runs:
    """The three runs: faults in workers, exceptions in the run's own process, endless methods."""

    faults: Ended
    exceptions: Ended
    hanging: Ended

    def of(self, method: str) -> Ended:
        """Return the run that has a failing method."""
        return self.exceptions if method in HERE_ORDER else self.faults


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Run all three at the same time."""
    with ExitStack() as stack:

        def start(plugins: str, methods: Sequence[str], *more: str) -> Callable[[], Ended]:
            folder = tmp_path_factory.mktemp("faults")
            (folder / "faults.py").write_text(plugins, encoding="utf-8")
            words = (*WORDS, "--plugin", str(folder / "faults.py"), *more)
            words += ("--methods", ",".join(methods))
            run = stack.enter_context(running(folder, *words))
            return lambda: _ended(folder, words, run)

        waiting = (
            start(plugin(FAULTS), ORDER),
            start(plugin(EXCEPTIONS, DIVERGING), HERE_ORDER, "--in-process"),
            start(
                plugin(HANGING | FLEEING),
                [*HANGING, *FLEEING, HEALTHY[0]],
                "--cell-timeout",
                f"{TIMEOUT:g}",
            ),
        )
        return Runs(*(wait() for wait in waiting))


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """Return the scores of the healthy methods where there are no others, by method."""
    line = CommandLine(tmp_path_factory.mktemp("healthy"))
    assert line(*WORDS, "--methods", ",".join(HEALTHY)).code == 0
    files = line.results.glob("*/*/*/x3/*/seed0/scores.csv")
    return {file.parts[-3]: file.read_bytes() for file in files}


def check_row(ended: Ended, method: str, reason: str) -> None:
    """Look for a failed row and its reason in what was printed, on the page and in the CSV."""
    marks = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    state, other = (entry.translate(marks) for entry in rows(ended.answer.out)[method.title()])
    assert state == other
    number = re.fullmatch(r"failed(\d+)", state)
    assert number
    printed = [line.translate(marks) for line in ended.answer.out.splitlines()]
    assert f"{number[1]} failed: {reason}" in printed
    page = re.sub(r"\\(.)", r"\1", ended.line.page()).translate(marks)
    assert re.search(rf"^\| {method.title()} +\| +{state} \| +{state} \|$", page, re.MULTILINE)
    assert f"\n{number[1]}. failed: {reason}\n" in page
    (table,) = (ended.line.results / "tables").glob("*.csv")
    kept = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    assert [
        (row["seed"], row["metric"], row["mean"], row["std"], row["n"])
        for row in kept
        if row["method"] == method
    ] == [("0", "psnr", "", "", "0"), ("0", "sam", "", "", "0")]


def test_runs_with_every_fault_end_by_themselves_and_report_what_failed(runs: Runs) -> None:
    for ended, order in ((runs.faults, ORDER), (runs.exceptions, HERE_ORDER)):
        assert ended.answer.code == 1
        assert f"{len(order)} cells to run, 0 found done" in ended.lines
        failed = [line for line in ended.lines if line.startswith("failed: ")]
        assert len(failed) == len(set(order) & set(FAILED))
        assert "Traceback" not in ended.answer.out
        assert ended.left == []


@pytest.mark.parametrize("method", FAILED)
def test_a_fault_is_stored_and_reported_in_one_line(runs: Runs, method: str) -> None:
    ended = runs.of(method)
    facts = json.loads(ended.file(method, "cell.json").read_text(encoding="utf-8"))
    assert (facts["status"], facts["reason"]) == ("failed", FAILED[method])
    assert ended.reported(method) == f"failed: {FAILED[method]}"
    assert ended.failure(method) == FAILED[method]
    check_row(ended, method, FAILED[method])


@pytest.mark.parametrize("method", FAILING)
def test_the_traceback_of_a_fault_is_kept(runs: Runs, method: str) -> None:
    folder = runs.of(method).file(method, "cell.json").parent
    assert sorted(file.name for file in folder.iterdir()) == ["cell.json", "traceback.txt"]
    trace = (folder / "traceback.txt").read_text(encoding="utf-8")
    assert FAILING[method].trace in trace
    # What ended without a word has left no trace, and none is made up.
    assert bool(FAILING[method].trace) == bool(trace)


@pytest.mark.parametrize("method", HARMLESS)
def test_side_effects_alone_do_not_fail_a_cell(
    runs: Runs, healthy: Mapping[str, bytes], method: str
) -> None:
    facts = json.loads(runs.faults.file(method, "cell.json").read_text(encoding="utf-8"))
    assert (facts["status"], facts["reason"]) == ("done", None)
    assert runs.faults.file(method, "scores.csv").read_bytes() == healthy["bicubic"]


def test_other_methods_have_the_scores_of_a_run_without_faults(
    runs: Runs, healthy: Mapping[str, bytes]
) -> None:
    for method in HEALTHY:
        assert runs.faults.file(method, "scores.csv").read_bytes() == healthy[method]
    assert runs.exceptions.file("bicubic", "scores.csv").read_bytes() == healthy["bicubic"]


def test_what_a_method_prints_is_cut_short(runs: Runs) -> None:
    lines = runs.faults.lines
    number = ORDER.index("chatty") + 1
    first = lines.index(f"[{number}/{len(ORDER)}] {TITLE.format('chatty')}")
    printed = [line for line in lines[first + 1 :] if line.startswith("    | line ")]
    assert printed == [f"    | line {one}" for one in range(SHOWN)]
    assert max(map(len, lines)) < 3000


def test_the_runs_own_lines_hold_no_traceback(runs: Runs) -> None:
    lines = [*runs.faults.lines, *runs.exceptions.lines, *runs.hanging.lines]
    own = [line for line in lines if not line.startswith("    | ")]
    assert [line for line in own if re.search("Traceback|Exception|^  File", line)] == []


@pytest.mark.parametrize("method", HANGING)
def test_a_method_that_does_not_end_is_ended(runs: Runs, method: str) -> None:
    facts = json.loads(runs.hanging.file(method, "cell.json").read_text(encoding="utf-8"))
    assert (facts["status"], facts["reason"]) == ("failed", TOO_LONG)
    assert runs.hanging.reported(method) == f"failed: {TOO_LONG}"
    assert runs.hanging.failure(method) == TOO_LONG
    check_row(runs.hanging, method, TOO_LONG)


def test_the_run_goes_on_after_a_method_that_does_not_end(
    runs: Runs, healthy: Mapping[str, bytes]
) -> None:
    assert runs.hanging.answer.code == 1
    # The one that fled its process group is out of reach; it has not held up anybody.
    assert set(runs.hanging.left) <= {"sleep"}
    for method in ("fleeing", "bicubic"):
        assert runs.hanging.file(method, "scores.csv").read_bytes() == healthy["bicubic"]


def test_the_same_command_runs_nothing_again_and_repeats_the_reasons(runs: Runs) -> None:
    again = runs.faults.line(*runs.faults.words)
    assert again.code == 1
    assert again.err.splitlines()[0] == f"0 cells to run, {len(HARMLESS) + 2} found done"
    assert again.err.splitlines()[1:] == [
        line for line in runs.faults.lines if line.startswith("failed: ")
    ]
    assert again.out == runs.faults.answer.out
