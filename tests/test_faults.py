"""Methods that fail in every way we could think of: each costs its own row and nothing else.

One run has them all side by side, around healthy methods; another one has those that must be
ended by `--cell-timeout`, and goes on at the same time.
"""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

import pytest

from tests.command_line import SCENES, SMALL, Answer, CommandLine, rows
from tests.faults import Run, finished, running

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="what is left of a run is found through /proc"
)

LABEL = f"{SMALL}+{SCENES.replace(',', '+')}"
WORDS = ("--dataset", SMALL, "--scenes", SCENES, "--scales", "3", "--device", "cpu")
HEALTHY = ("bicubic", "wiener")
# A worker imports while the one before it works, and needs a tenth of this for its job.
TIMEOUT = 6.0
# Lines of one method's output that a run repeats, as the engine has it.
SHOWN = 40


@dataclass(frozen=True)
class Fault:
    """What a method does before it returns the up-scaled image, and what comes of it.

    Attributes:
        does: lines of Python.
        reason: of the failed cell; empty where the cell is done all the same.
        trace: what its traceback.txt says among other things; empty where there is nothing to say.
    """

    does: str
    reason: str = ""
    trace: str = ""


FAULTS = {
    "raising": Fault(
        'raise ValueError("no such luck\\non two lines")',
        "ValueError: no such luck",
        "ValueError: no such luck\non two lines",
    ),
    # What the engine raises where nothing that comes later would fare better.
    "refusing": Fault(
        'raise benchmark.errors.RequestError("no such luck")',
        "RequestError: no such luck",
        "in upscale",
    ),
    "leaving": Fault("os._exit(3)", "its process ended with exit code 3 and no result"),
    "pretending": Fault("os._exit(0)", "its process ended with exit code 0 and no result"),
    "exiting": Fault("sys.exit(2)", "SystemExit: 2", "sys.exit(2)"),
    "crashing": Fault(
        "ctypes.string_at(0)",
        "its process was killed by SIGSEGV, a segmentation fault in compiled code",
        "Fatal Python error: Segmentation fault",
    ),
    "starving": Fault(
        "os.kill(os.getpid(), signal.SIGKILL)",
        "its process was killed by SIGKILL, most likely by the system, because memory ran out",
    ),
    "aborting": Fault(
        "os.abort()",
        "its process was killed by SIGABRT, compiled code aborted",
        "Fatal Python error: Aborted",
    ),
    "asking": Fault("input()", "EOFError: EOF when reading a line", "input()"),
    "small": Fault(
        "return low[:, ::2, ::2]",
        "ValueError: the estimate has shape (5, 24, 20), expected (5, 48, 40)",
        "in fitted",
    ),
    "undefined": Fault(
        "return low * float('nan')",
        "ValueError: the estimate contains NaN or infinity",
        "in score",
    ),
    "foreign": Fault(
        "return low.numpy()",
        "TypeError: the estimate is a ndarray, expected a tensor",
        "in fitted",
    ),
    "closing": Fault("sys.stdout.close(), sys.stderr.close(), os.close(1), os.close(2)"),
    "chatty": Fault(
        """
        for number in range(10_000):
            print("line", number)
        print("x" * 10_000_000, end="")
        """
    ),
    "fathering": Fault("subprocess.Popen(['sleep', '600'])"),
    "spinning": Fault("threading.Thread(target=time.sleep, args=(600,)).start()"),
    "scribbling": Fault(
        """
        rubbish = [
            b"\\x00\\xff rubbish", b"5", b"null", b"[]", b"{}", b"[[]]", b"[1]", b'"ended"',
            b'["ended"]', b'["ended", "well"]', b'["line"]', b'["printed"]', b'["scene", 1, 2]',
            b'["stepped", 0, 0, "x"]', b'["no such thing"]', b"[" * 100_000, b"half a line",
        ]
        for number in range(256):
            for line in rubbish:
                with contextlib.suppress(OSError):
                    os.write(number, b"\\n" + line)
        """
    ),
    "patching": Fault(
        """
        known = benchmark.metrics.scoring.METRICS
        benchmark.execution.evaluation.score = lambda *_: dict.fromkeys(known, 99.0)
        benchmark.protocols.degradation.Degradation.low = lambda *_: None
        torch.set_default_dtype(torch.float64)
        os.chdir("/")
        os.environ.clear()
        """
    ),
}
TOO_LONG = f"it took longer than --cell-timeout {TIMEOUT:g} s"
HANGING = {
    "endless": Fault("while True: time.sleep(0.01)", TOO_LONG),
    # The regular expression holds the interpreter's lock: no other thread of the process runs.
    "clinging": Fault("re.match('(a+)+$', 'a' * 60 + 'b')", TOO_LONG),
}
# It is in no process group of ours, and holds on to its output: nobody waits for it.
FLEEING = {"fleeing": Fault("subprocess.Popen(['sleep', '600'], start_new_session=True)")}
IMPORTS = """
import contextlib, ctypes, os, re, signal, subprocess, sys, threading, time

import torch

import benchmark.execution.evaluation, benchmark.protocols.degradation, benchmark.errors
import benchmark.metrics.scoring
from benchmark.method import Method, NetworkMethod, register
"""
DIVERGING = """
@register("diverging", title="Diverging", paper="nobody")
class Diverging(NetworkMethod):
    def network(self, bands, scale):
        return torch.nn.Conv2d(bands, bands, 3, padding=1)

    def loss(self, output, truth):
        return super().loss(output, truth) * float("nan")
"""
DIVERGED = "TrainingError: the loss became nan before step 25"
FAILED = {name: one.reason for name, one in FAULTS.items() if one.reason} | {"diverging": DIVERGED}
HARMLESS = [name for name, one in FAULTS.items() if not one.reason]


def plugin(folder: Path, faults: Mapping[str, Fault], more: str = "") -> Path:
    """Write one file with a method for every fault."""
    parts = [IMPORTS]
    for name, fault in faults.items():
        parts.append(
            f'@register("{name}", title="{name.title()}", paper="nobody")\n'
            f"class {name.title()}(Method):\n"
            "    def upscale(self, low, problem, state):\n"
            f"{indent(dedent(fault.does).strip(), ' ' * 8)}\n"
            "        return low\n"
        )
    file = folder / "faults.py"
    file.write_text("\n\n".join([*parts, more]), encoding="utf-8")
    return file


# Healthy ones in the midst and at the end: whatever a fault does to others, it does before.
_NAMES = list(FAULTS)
ORDER = [*_NAMES[:8], HEALTHY[0], "diverging", *_NAMES[8:], HEALTHY[1]]
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
        """Give a file of a method's cell."""
        return self.line.results / LABEL / "wang2017" / "quick" / "x3" / method / "seed0" / name

    def failure(self, method: str) -> str:
        """Give the line in which the run says at its end that a method failed, without the rest."""
        start = f"failed: {TITLE.format(method)}: "
        end = " (run again with --retry-failed)"
        (line,) = (one for one in self.lines if one.startswith(start))
        assert line.endswith(end)
        return line.removeprefix(start).removesuffix(end)


def _ended(folder: Path, words: tuple[str, ...], run: Run) -> Ended:
    answer = run.ended()
    return Ended(CommandLine(folder), words, answer, run.left_after(2), answer.err.splitlines())


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Ended]:
    """Give the run with all faults but the hanging ones, and the run with those."""
    folders = tmp_path_factory.mktemp("faults"), tmp_path_factory.mktemp("hanging")
    first: tuple[str, ...] = (*WORDS, "--plugin", str(plugin(folders[0], FAULTS, DIVERGING)))
    first += ("--methods", ",".join(ORDER))
    second: tuple[str, ...] = (*WORDS, "--plugin", str(plugin(folders[1], HANGING | FLEEING)))
    second += (
        "--methods",
        ",".join([*HANGING, *FLEEING, "bicubic"]),
        "--cell-timeout",
        f"{TIMEOUT:g}",
    )
    with running(folders[0], *first) as one, running(folders[1], *second) as other:
        return _ended(folders[0], first, one), _ended(folders[1], second, other)


@pytest.fixture(scope="module")
def faults(both: tuple[Ended, Ended]) -> Ended:
    """Give the run with all faults but the hanging ones."""
    return both[0]


@pytest.fixture(scope="module")
def hanging(both: tuple[Ended, Ended]) -> Ended:
    """Give the run whose methods do not come to an end."""
    return both[1]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """Give the scores of the healthy methods where there are no others, by method."""
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
    kept = table.read_text(encoding="utf-8").splitlines()
    assert [line.rpartition(f",{method},")[2] for line in kept if f",{method}," in line] == [
        "0,psnr,,,0",
        "0,sam,,,0",
    ]


def test_a_run_with_every_fault_ends_by_itself_and_says_what_failed(faults: Ended) -> None:
    assert faults.answer.code == 1
    assert f"{len(FAULTS) + 3} cells to run, 0 found done" in faults.lines
    assert len([line for line in faults.lines if line.startswith("failed: ")]) == len(FAILED)
    assert "Traceback" not in faults.answer.out
    assert faults.left == []


@pytest.mark.parametrize("method", FAILED)
def test_a_fault_is_stored_and_told_in_one_line(faults: Ended, method: str) -> None:
    facts = json.loads(faults.file(method, "cell.json").read_text(encoding="utf-8"))
    assert (facts["status"], facts["reason"]) == ("failed", FAILED[method])
    assert f"    failed: {FAILED[method]}" in faults.lines
    assert faults.failure(method) == FAILED[method]


@pytest.mark.parametrize("method", [name for name, one in FAULTS.items() if one.reason])
def test_where_it_failed_is_kept(faults: Ended, method: str) -> None:
    folder = faults.file(method, "cell.json").parent
    assert sorted(file.name for file in folder.iterdir()) == ["cell.json", "traceback.txt"]
    trace = (folder / "traceback.txt").read_text(encoding="utf-8")
    assert FAULTS[method].trace in trace
    # What ended without a word has left no trace, and none is made up.
    assert bool(FAULTS[method].trace) == bool(trace)


@pytest.mark.parametrize("method", FAILED)
def test_a_failed_row_stands_in_the_tables_with_its_reason(faults: Ended, method: str) -> None:
    check_row(faults, method, FAILED[method])


@pytest.mark.parametrize("method", HARMLESS)
def test_what_does_no_harm_to_the_estimate_fails_nothing(
    faults: Ended, healthy: Mapping[str, bytes], method: str
) -> None:
    facts = json.loads(faults.file(method, "cell.json").read_text(encoding="utf-8"))
    assert (facts["status"], facts["reason"]) == ("done", None)
    if method != "patching":  # which gave itself its marks
        assert faults.file(method, "scores.csv").read_bytes() == healthy["bicubic"]


@pytest.mark.parametrize("method", HEALTHY)
def test_the_others_numbers_are_those_of_a_run_without_faults(
    faults: Ended, healthy: Mapping[str, bytes], method: str
) -> None:
    assert faults.file(method, "scores.csv").read_bytes() == healthy[method]


def test_what_a_method_prints_is_cut_short(faults: Ended) -> None:
    number = ORDER.index("chatty") + 1
    first = faults.lines.index(f"[{number}/{len(ORDER)}] {TITLE.format('chatty')}")
    printed = [line for line in faults.lines[first + 1 :] if line.startswith("    | line ")]
    assert printed == [f"    | line {one}" for one in range(SHOWN)]
    assert max(map(len, faults.lines)) < 3000


def test_what_a_run_says_itself_holds_no_traceback(faults: Ended, hanging: Ended) -> None:
    own = [line for line in [*faults.lines, *hanging.lines] if not line.startswith("    | ")]
    assert [line for line in own if re.search("Traceback|Exception|^  File", line)] == []


@pytest.mark.parametrize("method", HANGING)
def test_a_method_that_does_not_end_is_ended(hanging: Ended, method: str) -> None:
    facts = json.loads(hanging.file(method, "cell.json").read_text(encoding="utf-8"))
    assert (facts["status"], facts["reason"]) == ("failed", TOO_LONG)
    assert f"    failed: {TOO_LONG}" in hanging.lines
    assert hanging.failure(method) == TOO_LONG
    check_row(hanging, method, TOO_LONG)


def test_the_run_goes_on_after_a_method_that_does_not_end(
    hanging: Ended, healthy: Mapping[str, bytes]
) -> None:
    assert hanging.answer.code == 1
    # The one that fled its process group is out of reach; it has not held up anybody.
    assert set(hanging.left) <= {"sleep"}
    for method in ("fleeing", "bicubic"):
        assert hanging.file(method, "scores.csv").read_bytes() == healthy["bicubic"]


def test_the_same_command_runs_nothing_again_and_repeats_the_reasons(faults: Ended) -> None:
    again = faults.line(*faults.words)
    assert again.code == 1
    assert again.err.splitlines()[0] == f"0 cells to run, {len(HARMLESS) + 2} found done"
    told = [line for line in faults.lines if line.startswith("failed: ")]
    assert again.err.splitlines()[1:] == told
    assert again.out == faults.answer.out


def test_failed_cells_are_run_again_when_asked_for_and_no_others(faults: Ended) -> None:
    again = finished(
        faults.line.folder,
        *faults.words[:-1],
        "bicubic,leaving,closing,raising",
        "--retry-failed",
        "--json",
    )
    assert again.code == 1
    assert "2 cells to run, 2 found done" in again.err
    assert again.json()["done"] == []
    assert again.json()["found"] == [TITLE.format("bicubic"), TITLE.format("closing")]
    assert again.json()["failed"] == {
        TITLE.format(method): FAILED[method] for method in ("leaving", "raising")
    }
