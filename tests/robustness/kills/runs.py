"""The run that is killed: what phase it is in, and what it must give however often it is."""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.command_line import SMALL, Answer
from tests.faults import TRACED

WORDS = ("--dataset", SMALL, "--scales", "3", "--device", "cpu", "--plugin", "traced.py")
CELLS = ("--methods", "wiener,traced")
HERE = ("--in-process",)
# In the order in which a run comes to them.
PHASES = ("start", "preparation", "training", "evaluation", "tables")
# Seconds that a worker has to end when its run is gone.
ORPHANED = 2.0


def phase(lines: list[str]) -> str:
    """Return the phase of a run, by its lines."""
    now, built, last = "start", 0, False
    for line in lines:
        if re.search(r": 0 of \d+ scenes prepared", line):
            now = "preparation"
        elif re.search(r"scenes prepared|cells? to run", line):
            now = "tables" if line.startswith("0 cells") else "start"
        elif number := re.match(r"\[(\d+)/(\d+)\]", line):
            now, built, last = "start", 0, number[1] == number[2]
        elif "building" in line:
            built += 1
            now = "training" if built == 1 else "evaluation"
        # Beside the cell's name if nothing was printed meanwhile.
        if re.match(r"(?:    |\[.*: )done in", line):
            now = "tables" if last else "start"
    return now


def numbers(folder: Path) -> dict[str, object]:
    """Return all files of a run that another run must give again, bit for bit, on the same threads.

    Args:
        folder: where `results` and `.cache` are.

    Returns:
        Every file's place below the folder to its content: scores, weights and the CSV table as
        they are; what says when, how long or how often, without that. A file that is there and
        ought not to be makes a difference too.
    """
    files = [file for top in ("results", ".cache") for file in (folder / top).rglob("*")]
    return {
        str(file.relative_to(folder)): _timeless(file)
        for file in files
        # Whoever writes tables or prepares scenes holds a lock; its file may stay.
        if file.is_file() and not file.name.endswith(".lock")
    }


def _timeless(file: Path) -> object:
    if file.name == "cell.json":
        facts = json.loads(file.read_text(encoding="utf-8"))
        return [facts[name] for name in ("key", "status", "reason", "configuration", "parameters")]
    if re.fullmatch(r"seed\d\.json", file.name):  # where the cell comes from
        return {**json.loads(file.read_text(encoding="utf-8"))["computed"], "date": None}
    if file.name == "training.csv":
        rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
        return [{name: row[name] for name in row if name != "seconds"} for row in rows]
    if file.suffix in (".md", ".tex"):
        return [_timeless_row(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return file.read_bytes()


def _timeless_row(line: str) -> str:
    """Remove the date, how long trainings took and, in rows of costs, training and s/image."""
    for mark in (" | ", " & "):
        if len(parts := line.split(mark)) == 9:
            line = mark.join(parts[:-2])
    if line.startswith("|:"):  # the rule below a heading is as wide as the widest time
        line = re.sub("-+", "-", line)
    return untimed(re.sub(r"\d{4}-\d\d-\d\d", "date", line))


def untimed(text: str) -> str:
    """Remove how long trainings took, `(6.9 s)` in the head of a table."""
    return re.sub(r"\(\d[^()]* (s|min|h)\)", "(time)", text)


def resumed(folder: Path) -> list[int]:
    """Return for every trained cell how often its training has gone on from a checkpoint."""
    files = sorted((folder / "results").glob("*/*/*/*/traced/*/cell.json"))
    return [json.loads(file.read_text(encoding="utf-8"))["resumed"] for file in files]


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints that wait for their training to go on, the newest first."""
    found = (folder / "results" / ".work").rglob("*.checkpoint*")
    return sorted(file for file in found if file.suffix in (".checkpoint", ".old"))


@dataclass(frozen=True)
class Untouched:
    """A run that nobody touched: what it gave, and how long its phases took in seconds."""

    answer: Answer
    numbers: dict[str, object]
    spans: Mapping[str, float]


def prepare(folder: Path) -> Path:
    """Make a folder with the plugin in it."""
    folder.mkdir(exist_ok=True)
    (folder / "traced.py").write_text(TRACED, encoding="utf-8")
    return folder
