"""Progress of a run: a few plain lines in a log, bars that stay in place on a terminal."""

import sys
import time
from collections.abc import Callable
from io import StringIO

import pytest

from benchmark.engine.training.listener import WholeCell
from benchmark.execution.listeners.bars import Bars
from benchmark.execution.listeners.progress import Progress, make


class Clock:
    """A clock that tests set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_run_is_reported_in_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, stream = Clock(monkeypatch), StringIO()
    with Progress(stream) as progress:
        progress.preparing("cave", 0, 32, "balloons")
        progress.preparing("cave", 7, 32, "clay")
        progress.preparing("cave", 32, 32, "")
        progress.begin(2, 5)
        progress.cell(1, "srcnn x2 seed 0 on cave")
        clock.now += 5
        progress.stepped(25, 100, 0.5, 0.01)
        progress.validated(31.239)
        clock.now += 55
        progress.stepped(50, 100, 0.012345, 0.01)
        clock.now += 59
        progress.stepped(75, 100, 0.01, 0.01)
        progress.validated(31.1)  # the better weights were kept
        progress.scene("balloons")
        clock.now += 1
        progress.cell_ended(None)
        progress.cell(2, "vdsr x2 seed 0 on cave")
        clock.now += 3
        progress.cell_ended("ValueError: no")
    title = "[1/2] srcnn x2 seed 0 on cave"
    assert stream.getvalue().splitlines() == [
        "cave: 0 of 32 scenes prepared",
        "cave: 32 of 32 scenes prepared",
        "2 cells to run, 5 found done",
        f"{title}: step 50/100, 2 min left, 0.5 steps/s, loss 0.0123, validation 31.24 dB",
        f"{title}: done in 2 min, validation 31.24 dB; 2 min left for the run",
        "[2/2] vdsr x2 seed 0 on cave: failed: ValueError: no",
    ]


def test_a_log_has_a_line_a_minute_at_most_and_one_a_finished_cell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, stream = Clock(monkeypatch), StringIO()
    progress = Progress(stream)
    progress.begin(3, 0)
    for number, seconds in enumerate((0.5, 600, 30), 1):
        progress.cell(number, f"srcnn x{number} seed 0 on cave")
        for step in range(1, 101):
            clock.now += seconds / 100
            progress.stepped(step, 100, 0.5, 0.01)
            progress.alive()
        progress.cell_ended(None)
    lines = stream.getvalue().splitlines()[1:]
    assert sum("done in" in line for line in lines) == 3
    assert sum(": step " in line for line in lines) == 10
    assert len(lines) == 13


def test_the_time_left_is_that_of_trials_and_training_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three trials of 100 steps, and the training of 900 steps that they choose the rate of."""
    clock = Clock(monkeypatch)
    progress = Progress(StringIO())
    progress.begin(1, 0)
    progress.cell(1, "srcnn x2 seed 0 on cave")
    whole, taken = WholeCell(progress), 0
    for steps, before, after in ((100, 0, 1100), (100, 100, 1000), (100, 200, 900), (900, 300, 0)):
        whole.positioned(before, after)
        for step in range(25, steps + 1, 25):
            clock.now += 50
            taken += 25
            whole.stepped(step, steps, 0.5, 0.01)
            if taken > 25:
                assert progress.pace.left() == pytest.approx(2 * (1200 - taken))


def test_a_cell_that_goes_on_from_a_checkpoint_does_not_make_the_others_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    progress = Progress(StringIO())
    progress.begin(3, 0)
    titles = [f"srcnn x2 seed {seed} on cave" for seed in range(3)]
    progress.forecast(dict.fromkeys(titles, 1000.0))
    progress.cell(1, titles[0])
    for step in (925, 950, 975, 1000):
        clock.now += 25
        progress.stepped(step, 1000, 0.5, 0.01)
    progress.cell_ended(None)
    assert progress.pace.left() == 2000
    progress.cell(2, titles[1])
    for step in range(25, 1001, 25):
        clock.now += 50  # twice as long as expected
        progress.stepped(step, 1000, 0.5, 0.01)
    progress.cell_ended(None)
    assert progress.pace.left() == pytest.approx(2000, rel=0.15)


def test_a_cell_without_steps_gives_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, stream = Clock(monkeypatch), StringIO()
    progress = Progress(stream)
    progress.begin(1, 0)
    progress.cell(1, "wiener")
    for _ in range(200):
        clock.now += 0.5
        progress.alive()
    progress.scene("balloons")
    clock.now += 60
    progress.alive()
    assert stream.getvalue().splitlines()[1:] == [
        "[1/1] wiener: running for 60 s",
        "[1/1] wiener: running for 3 min, scene balloons",
    ]


def test_what_a_method_prints_stands_below_the_title_of_its_cell() -> None:
    stream = StringIO()
    progress = Progress(stream)
    progress.begin(3, 0)
    progress.cell(1, "quiet")
    progress.cell_ended(None)
    progress.cell(2, "loud")
    progress.line("    | one")
    progress.line("    | two")
    progress.cell_ended(None)
    beside = progress.beside(3)
    beside.cell(3, "also loud")
    beside.line("    | three")
    beside.cell_ended("no")
    assert [line.partition(" in 0 s")[0] for line in stream.getvalue().splitlines()] == [
        "3 cells to run, 0 found done",
        "[1/3] quiet: done",
        "[2/3] loud", "    | one", "    | two", "    done",
        "[3/3] also loud", "[3] | three", "[3] failed: no",
    ]  # fmt: skip


def test_one_scene_is_in_the_singular() -> None:
    stream = StringIO()
    Progress(stream).preparing("cave", 1, 1, "face")
    Progress(stream).preparing("import", 0, 1, "", what="cells checked")
    assert stream.getvalue() == "cave: 1 of 1 scene prepared\nimport: 0 of 1 cell checked\n"


def test_plain_lines_have_no_control_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, stream = Clock(monkeypatch), StringIO()
    progress = Progress(stream)
    progress.begin(1, 0)
    progress.cell(1, "x")
    clock.now += 60
    progress.stepped(1, 2, 1.0, 0.01)
    progress.cell_ended(None)
    assert all(character == "\n" or character.isprintable() for character in stream.getvalue())


def test_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    Progress().line("hello")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


def test_bars_are_for_terminals_that_can_draw_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", StringIO())
    assert type(make()) is Progress
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert type(make()) is Bars
    monkeypatch.setenv("TERM", "dumb")
    assert type(make()) is Progress


def test_bars_write_no_line_about_a_cell_that_is_done() -> None:
    stream = StringIO()
    with Bars(stream) as progress:
        progress.preparing("cave", 0, 2, "balloons")
        progress.preparing("cave", 2, 2, "")
        progress.begin(3, 0)
        progress.cell(1, "srcnn [x2]")
        progress.stepped(25, 100, 0.5, 0.01)
        progress.validated(30.0)
        progress.scene("balloons")
        progress.cell_ended(None)
        progress.cell(2, "vdsr [x2]")
        progress.cell_ended("ValueError: no")
        progress.cell(3, "mine")
        progress.line("    | hello")
        progress.cell_ended(None)
    lines = [line.rstrip() for line in stream.getvalue().splitlines() if line.strip()]
    assert lines[:4] == [
        "3 cells to run, 0 found done",
        "[2/3] vdsr [x2]: failed: ValueError: no",
        "[3/3] mine",
        "    | hello",
    ]


@pytest.mark.parametrize("kind", [Progress, Bars])
def test_a_coarse_clock_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, kind: Callable[[StringIO], Progress]
) -> None:
    Clock(monkeypatch)
    progress = kind(StringIO())
    progress.begin(1, 0)
    progress.cell(1, "srcnn")
    progress.stepped(1, 2, 0.5, 0.01)
    progress.stepped(2, 2, 0.5, 0.01)
    progress.cell_ended(None)


def test_a_missing_validation_is_not_reported() -> None:
    stream = StringIO()
    progress = Progress(stream)
    progress.cell(1, "srcnn")
    progress.validated(float("nan"))
    progress.cell_ended(None)
    assert "nan" not in stream.getvalue()


def test_brackets_in_names_are_shown_on_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    stream = Terminal()
    with Bars(stream) as bars:
        bars.preparing("synthetic[rows=48]", 0, 2, "[old] tree")
        bars._bars.refresh()
        bars.preparing("synthetic[rows=48]", 2, 2, "")
        bars.begin(1, 0)
        bars.cell(1, "wiener[joint=true] x2")
        bars.scene("leaf [red]")
        bars._bars.refresh()
        bars.line("kept: /data/[old]/x")
    shown = stream.getvalue()
    for text in ("synthetic[rows=48]", "[old] tree", "wiener[joint=true] x2", "leaf [red]",
                 "/data/[old]/x"):  # fmt: skip
        assert text in shown


def test_cells_side_by_side_have_a_bar_each() -> None:
    stream = Terminal()
    with Bars(stream) as bars:
        bars.begin(3, 0)
        one, other = bars.beside(1), bars.beside(2)
        one.cell(1, "srcnn")
        other.cell(2, "vdsr")
        assert [task.description for task in bars._bars.tasks] == ["cells", "srcnn", "vdsr"]
        one.cell_ended(None)
        assert [task.description for task in bars._bars.tasks] == ["cells", "vdsr"]
        assert bars._bars.tasks[0].completed == 1
