"""What the tests of clusters share: when they run, and cells that can be watched."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from tests.command_line import SMALL, CommandLine
from tests.robustness.test_two_runs import numbers

# No wait is longer, in seconds.
LIMIT = 300.0
WORDS = ("--dataset", SMALL, "--scales", "3", "--plugin", "watched.py", "--checkpoint-every", "0.5")

# The smallest network there is; it says where it runs, and takes its time until it is released: 5 s
# for a third of its 300 steps, and more than any wait for the rest, so that an interruption that
# comes late does not find it done. No text names the file that releases it: such a file would be
# part of the plugin.
WATCHED = """
import itertools, os, time

from torch import nn

from benchmark.method import NetworkMethod, register

steps = itertools.count()


@register("watched", title="Watched", paper="nobody")
class Watched(NetworkMethod):
    pause = later = 0.0

    def network(self, problem):
        place = os.environ.get("SLURMD_NODENAME", ""), os.environ.get("CUDA_VISIBLE_DEVICES", "")
        if "PLACES" in os.environ:
            with open(os.environ["PLACES"], "a") as file:
                print(*place, file=file)
        return nn.Conv2d(problem.bands, problem.bands, 3, padding=1)

    def loss(self, output, truth, inputs, problem):
        until = time.monotonic() + (self.pause if next(steps) < 100 else self.later)
        while time.monotonic() < until and not os.path.exists(
            os.path.splitext(__file__)[0] + ".released"
        ):
            time.sleep(0.05)
        return super().loss(output, truth, inputs, problem)


@register("slow", title="Slow", paper="nobody")
class Slow(Watched):
    pause, later = 0.05, 2.0
"""


def require(reason: str) -> None:
    """Skip the tests of clusters where they cannot run, or are not wanted: they take minutes.

    The variable HSISR_CLUSTERS decides: "1" must run them, and a missing package is a failure;
    "auto" runs those that can be run; without it none is.

    Args:
        reason: why they cannot run here; "" if they can.
    """
    wanted = os.environ.get("HSISR_CLUSTERS", "")
    if not wanted:
        pytest.skip("they take minutes: set HSISR_CLUSTERS=1 to run them")
    if reason:
        (pytest.skip if wanted == "auto" else pytest.fail)(reason)


def prepared(folder: Path, prepared_scenes: Path | None = None) -> Path:
    """Make a folder with the plugin in it, and a cache that is shared with other folders."""
    folder.mkdir(exist_ok=True)
    (folder / "watched.py").write_text(WATCHED, encoding="utf-8")
    if prepared_scenes is not None:
        (folder / ".cache").symlink_to(prepared_scenes)
    return folder


@dataclass(frozen=True)
class Alone:
    """What a run on one machine gives.

    Attributes:
        folder: where it ran.
        numbers: the files with the numbers of each cell, by their place.
    """

    folder: Path
    numbers: dict[str, bytes]

    @classmethod
    def run(cls, folder: Path) -> Self:
        """Run every cell that the tests run on clusters."""
        methods = ("--methods", "bicubic,watched", "--seeds", "0,1", "--device", "cpu")
        answer = CommandLine(prepared(folder))(*WORDS, *methods)
        assert answer.code == 0, answer.err
        return cls(folder, numbers(folder / "results"))

    def check(self, folder: Path, *, logs: bool = False) -> None:
        """Check that the cells of another run have the same numbers; it left nothing behind.

        Args:
            folder: where the run was started.
            logs: True if the logs of jobs are left, because one of them was lost.
        """
        found = numbers(folder / "results")
        assert found
        # The slow network computes what the other one computes.
        assert {place: self.numbers[place.replace("slow", "watched")] for place in found} == found
        assert failed_or_aside(folder) == []
        work = folder / "results" / ".work"
        assert (work.exists(), [one.name for one in work.glob("*")]) == (logs, ["slurm"] * logs)


def release(folder: Path) -> None:
    """Let the slow network train as fast as it can, from now on."""
    (folder / "watched.released").touch()


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.1)


def wait_for_checkpoints(folder: Path, count: int = 1) -> None:
    """Wait until so many trainings have one."""
    place = ".work/*/*/*/*/*/*/*.checkpoint"
    results = folder / "results"
    wait_for(lambda: len(list(results.glob(place))) >= count, "no checkpoint was written")


def cells(folder: Path) -> dict[str, Any]:
    """Return every stored cell's `cell.json` by method and seed."""
    files = (folder / "results").glob("*/*/*/*/*/*/cell.json")
    read = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return {f"{one['address']['method']} {one['address']['seed']}": one for one in read}


def failed_or_aside(folder: Path) -> list[str]:
    """Name the cells that failed, now or before: an interruption is no failure."""
    aside = (folder / "results").glob(".superseded/**/cell.json")
    return [name for name, one in cells(folder).items() if one["status"] == "failed"] + [
        str(file) for file in aside
    ]
