"""The command line as tests call it: in this process, or as a process of its own."""

import contextlib
import csv
import dataclasses
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import run_all
from benchmark.engine.training.profiles import PROFILES
from benchmark.execution.registries import REGISTRIES
from benchmark.plugins.discovery import discover

SCRIPT = Path(run_all.__file__).resolve()
SMALL = "synthetic[rows=48,columns=40,bands=5]"
# leaves04 is a test scene, leaves06 one for validation.
SCENES = "leaves01,leaves04,leaves06"
PSNR = "PSNR ↑"

# What a plugin's method raises, and the plugin.
RAISES = 'raise ValueError("no such luck\\non two lines")'
FAILING = f"""
from benchmark.method import Method, register

@register("failing", title="Failing", paper="nobody")
class Failing(Method):
    def upscale(self, low, problem, state):
        {RAISES}
"""

discover(REGISTRIES)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Read standard output, all of it, as JSON."""
        return json.loads(self.out)


class CommandLine:
    """`run_all.main` in this process, in a folder of its own.

    What a call changes for everybody (arguments, folder, registered plugins) is put back, and
    there is a profile `tiny` that trains for two steps. Cells are
    computed in this process too: they know that profile, and need no second to start.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.results = folder / "results"
        self.environment = environment

    def __call__(self, *arguments: str) -> Answer:
        out, err = io.StringIO(), io.StringIO()
        tiny = dataclasses.replace(
            PROFILES["quick"], name="tiny", patches=16, patch=16, batch=8, epochs=1
        )
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patch.setattr(sys, "argv", ["run_all.py", *arguments])
            patch.chdir(self.folder)
            for name in ("HSISR_DATA", "HSISR_CACHE"):
                patch.delenv(name, raising=False)
            for name, value in {
                "COLUMNS": "200",
                "HSISR_IN_PROCESS": "1",
                **self.environment,
            }.items():
                patch.setenv(name, value)
            for registry in REGISTRIES:
                patch.setattr(registry, "_entries", dict(registry._entries))
            patch.setitem(PROFILES, "tiny", tiny)
            threads = torch.get_num_threads()
            torch.set_num_threads(1)  # tiny images wait longer for threads than for sums
            try:
                code = run_all.main()
            finally:
                torch.set_num_threads(threads)
        return Answer(code, out.getvalue(), err.getvalue())

    def tiny(self, methods: str, *arguments: str) -> Answer:
        """Run methods on three tiny scenes at factor 3 by the profile `tiny`."""
        words = ("--dataset", SMALL, "--scenes", SCENES, "--scales", "3", "--profile", "tiny")
        return self(*words, "--methods", methods, *arguments)

    def cells(self) -> dict[str, Any]:
        """Return every stored cell's `cell.json` by method and seed."""
        read = [json.loads(file.read_text()) for file in self.results.glob("*/*/*/*/*/*/cell.json")]
        return {f"{one['address']['method']} {one['address']['seed']}": one for one in read}

    def page(self) -> str:
        """Return the only Markdown page."""
        (page,) = (self.results / "tables").glob("*.md")
        return page.read_text(encoding="utf-8")


def started(folder: Path, *arguments: str, **environment: str) -> Answer:
    """Run `run_all.py` as a process of its own."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("HSISR_")}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        cwd=folder,
        env={**known, "COLUMNS": "200", "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def rows(shown: str) -> dict[str, list[str]]:
    """Parse a printed table: the first word of a line to the words after it."""
    words = [line.split() for line in shown.splitlines() if line.strip()]
    return {line[0]: line[1:] for line in words}


def table(file: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
