"""Whatever a method raises or changes is a failure of its own cell, with a reason of one line."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from benchmark.engine.training.checkpoint import Stopped
from benchmark.errors import RequestError
from benchmark.execution.computation.job import Job, JobResult, Settings, result_of
from benchmark.method import Method, Problem, State
from benchmark.store.cells import read as read_cell
from tests.benchmark.execution.computation.support import (
    SCENES,
    Raising,
    carried,
    cell_of,
    one_line,
    planned,
    split_of,
)


class MuteError(Exception):
    """Cannot even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class OddError(BaseException):
    """Is not caught by `except Exception`."""


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("all is said\nand more", "all is said"),
        ("Error(s) in loading:\n\tMissing key(s):\n \n\t\t'a'\n and 'b'",
         "Error(s) in loading: Missing key(s): 'a'"),
        ("nothing follows:", "nothing follows"),
        ("\n", ""),
    ],
)  # fmt: skip
def test_a_reason_goes_on_where_its_first_line_announces_more(message: str, reason: str) -> None:
    said = result_of(ValueError(message)).reason or ""
    assert said == f"ValueError: {reason}".removesuffix(": ")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("it broke"), "ValueError: it broke"),
        (ValueError(), "ValueError"),
        (ValueError("one\ntwo\nthree"), "ValueError: one"),
        (ValueError("\n\nbelow"), "ValueError: below"),
        (ValueError("one\r\ntwo"), "ValueError: one"),
        (KeyError("name"), "KeyError: 'name'"),
        (MemoryError(), "MemoryError"),
        (torch.OutOfMemoryError("CUDA out of memory."), "OutOfMemoryError: CUDA out of memory."),
        (SystemExit(3), "SystemExit: 3"),
        (OddError("of its own"), "OddError: of its own"),
        (GeneratorExit(), "GeneratorExit"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_whatever_a_method_raises_is_a_failure(
    cache: Path,
    settings: Settings,
    known: Callable[..., Method],
    error: BaseException,
    reason: str,
) -> None:
    task = planned(split_of(cache, scenes=SCENES), known(Raising, error=error))
    result = carried(task, settings)
    assert (result.kind, result.reason) == ("failed", reason)
    assert one_line(result.reason)
    assert result.trace.startswith("Traceback (most recent call last):\n")
    assert "raise self.error" in result.trace
    assert read_cell(task.address.folder(settings.results)) is None


def test_a_long_reason_is_cut_and_stands_whole_in_the_trace(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    error = ValueError("long " * 1000)
    result = carried(planned(split_of(cache, scenes=SCENES), known(Raising, error=error)), settings)
    assert 290 < len(result.reason) <= 300
    assert result.reason.endswith(" long...")  # not in the middle of a word
    assert one_line(result.reason)
    assert "long " * 1000 in result.trace


def test_an_exception_without_a_readable_message_is_a_failure_too(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    result = carried(
        planned(split_of(cache, scenes=SCENES), known(Raising, error=MuteError())), settings
    )
    assert result.kind == "failed"
    assert result.reason.startswith("MuteError")
    assert one_line(result.reason)


class Tampering(Method):
    """Replaces a function that the engine uses."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Return the input."""
        functional.conv2d = functional.conv3d
        return low


def test_a_method_that_replaces_functions_of_the_engine_has_no_score(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    before = functional.conv2d
    result = carried(planned(split_of(cache, scenes=SCENES), known(Tampering)), settings)
    assert functional.conv2d is before
    assert result.kind == "failed"
    assert result.reason == (
        "TamperedError: it replaced torch.nn.functional.conv2d, which the engine uses too; define "
        "a function of another name instead"
    )


class Careless(Method):
    """Changes settings of the process when it is called."""

    def upscale(self, low: Tensor, problem: Problem, state: State) -> Tensor:
        """Return the input."""
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(torch.get_num_threads() + 1)
        np.seterr(all="raise")
        os.chdir("/")
        return low


def test_settings_that_a_method_changes_do_not_reach_its_scores_or_the_next_cell(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    split = split_of(cache, scenes=SCENES)
    before = Path.cwd(), np.geterr(), torch.get_num_threads(), torch.get_default_dtype()
    careless, bicubic = planned(split, known(Careless)), planned(split, "bicubic")
    assert [carried(task, settings).kind for task in (careless, bicubic)] == ["done", "done"]
    after = Path.cwd(), np.geterr(), torch.get_num_threads(), torch.get_default_dtype()
    assert after == before
    one, other = (cell_of(task, settings).facts["sums"] for task in (careless, bicubic))
    assert one["scores.csv"] == other["scores.csv"]


def test_ctrl_c_is_none_of_the_methods_failures(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    task = planned(split_of(cache, scenes=SCENES), known(Raising, error=KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        carried(task, settings)


def test_a_results_folder_that_cannot_be_written_to_is_refused(
    cache: Path, settings: Settings
) -> None:
    settings.results.write_text("in the way")
    result = carried(planned(split_of(cache, scenes=SCENES), "bicubic"), settings)
    assert result.kind == "refused"
    assert result.reason.startswith(f"cannot write to the results folder {settings.results}: ")
    assert one_line(result.reason)


def test_a_stored_failure_has_its_reason_and_its_traceback(cache: Path, settings: Settings) -> None:
    task = planned(split_of(cache, scenes=SCENES), "bicubic")
    trace = "Traceback (most recent call last):\n  in mine.py, größer\nValueError: it broke\n"
    Job(task, settings).store_failure(JobResult("failed", "ValueError: it broke", trace))
    cell = cell_of(task, settings)
    assert cell.status == "failed"
    assert cell.facts["reason"] == "ValueError: it broke"
    assert cell.facts["key"] == task.key
    assert cell.facts["depends"] == task.depends
    assert cell.facts["configuration"]["method"]["name"] == "bicubic"
    assert cell.facts["environment"] == settings.environment
    assert cell.facts["warnings"] == []
    assert (cell.folder / "traceback.txt").read_text(encoding="utf-8") == trace
    assert {path.name for path in cell.folder.iterdir()} == {"cell.json", "traceback.txt"}


def test_a_failure_about_a_file_name_of_no_encoding_is_stored(
    cache: Path, settings: Settings, known: Callable[..., Method]
) -> None:
    """Python hands such names over with half characters that no file can hold."""
    error = FileNotFoundError(f"no file {os.fsdecode(b'scene-' + bytes([255]) + b'.png')}")
    task = planned(split_of(cache, scenes=SCENES), known(Raising, error=error))
    result = carried(task, settings)
    Job(task, settings).store_failure(result)
    cell = cell_of(task, settings)
    assert cell.facts["reason"].startswith("FileNotFoundError: no file scene-")
    cell.facts["reason"].encode()  # a table can hold it as well
    assert "scene-" in (cell.folder / "traceback.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["done", "failed", "refused", "stopped"])
def test_an_ending_goes_through_json(kind: Any) -> None:
    result = JobResult(kind, "a\treason, größer \udcff", "a trace\nof lines")
    assert JobResult(**json.loads(json.dumps(asdict(result)))) == result


def test_what_was_raised_says_how_it_ended() -> None:
    assert result_of(Stopped()) == JobResult(
        "stopped", "its training will resume from a checkpoint"
    )
    assert result_of(RequestError("no room; free some")) == JobResult(
        "refused", "no room; free some"
    )
    assert result_of(ZeroDivisionError("one over nothing")).kind == "failed"
