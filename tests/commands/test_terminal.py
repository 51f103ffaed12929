"""A run on a terminal: bars that stay in place, and a clean screen at its end and after Ctrl-C."""

import os
import re
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command_line import SCENES, SCRIPT, SMALL

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")

COLUMNS, ROWS = 72, 24
WORDS = ("--dataset", SMALL, "--scenes", SCENES, "--scales", "2,3", "--device", "cpu")
SLEEPING = """
import time

from benchmark.method import Method, register


@register("sleeping")
class Sleeping(Method):
    def upscale(self, low, problem, state):
        print("good night", flush=True)
        time.sleep(60)
"""
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


@dataclass(frozen=True)
class Session:
    """What a terminal received, its screen at the end, and the exit code."""

    received: str
    screen: list[str]
    code: int
    unchanged: bool


class Screen:
    """A terminal that knows what the bars use: lines, erasing, and one line up."""

    def __init__(self) -> None:
        self.lines = [""]
        self.row = self.column = 0

    def take(self, text: str) -> None:
        """Handle what a program writes."""
        for part in re.findall(r"\x1b\[\??[\d;]*[A-Za-z]|[^\x1b]", text):
            if part == "\r":
                self.column = 0
            elif part == "\n":
                self.row += 1
                if self.row == len(self.lines):
                    self.lines.append("")
            elif part == "\x1b[2K":
                self.lines[self.row] = ""
            elif part.startswith("\x1b[") and part.endswith("A"):
                self.row -= int(part[2:-1] or 1)
            elif not part.startswith("\x1b"):
                if self.column == COLUMNS:
                    assert "\u2501" not in self.lines[self.row], "a bar takes more than one line"
                    self.take("\r\n")
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + part + line[self.column + 1 :]
                self.column += 1

    @property
    def shown(self) -> list[str]:
        """The lines with text on them."""
        return [line.rstrip() for line in self.lines if line.strip()]


def session(folder: Path, *arguments: str, stop_at: str = "") -> Session:
    """Run `run_all.py` on a terminal of its own; press Ctrl-C when a text has appeared."""
    own, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
    settings = termios.tcgetattr(theirs)
    # Without this Ctrl-C discards what the program has written and nobody has read yet.
    settings[3] |= termios.NOFLSH
    termios.tcsetattr(theirs, termios.TCSANOW, settings)
    before = termios.tcgetattr(theirs)
    known = {name: value for name, value in os.environ.items() if not name.startswith("HSISR_")}
    known = {name: value for name, value in known.items() if name not in ("COLUMNS", "LINES")}
    start = (
        "import os, runpy, signal, sys; os.login_tty(0); "
        # Tests that run in the background may have been started with Ctrl-C ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"sys.argv[0] = {str(SCRIPT)!r}; "
        f"sys.path[0] = {str(SCRIPT.parent)!r}; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", start, *arguments],
        cwd=folder,
        env={**known, "TERM": "xterm", "OMP_NUM_THREADS": "1"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    received, deadline = b"", time.monotonic() + 100
    try:
        while time.monotonic() < deadline:
            if select.select([own], [], [], 0.2)[0]:
                received += os.read(own, 1 << 16)
                if stop_at and stop_at.encode() in received:
                    os.write(own, b"\x03")
                    stop_at = ""
            elif process.poll() is not None:
                break
        unchanged = termios.tcgetattr(theirs) == before
    finally:
        process.kill()
        code = process.wait()
        os.close(theirs)
        os.close(own)
    text, screen = received.decode(), Screen()
    screen.take(text)
    return Session(text, screen.shown, code, unchanged)


@pytest.mark.skipif(sys.platform != "linux", reason="a pseudo-terminal that Linux has")
def test_nothing_scrolls_away_on_a_terminal(tmp_path: Path) -> None:
    done = session(tmp_path, *WORDS, "--methods", "bicubic,wiener", "--jobs", "2")
    assert (done.code, done.unchanged) == (0, True), done.received
    assert "done in" not in done.received
    for text in ("0/4", "bicubic x2 seed 0", "wiener x3 seed 0"):
        assert text in done.received
    # Cells of milliseconds: which of these is drawn depends on when the screen is.
    assert any(f"{count}/4" in done.received for count in (1, 2, 3, 4))
    # The bars are gone, and what is left are the lines of the start and the table.
    assert not any("━" in line for line in done.screen)
    assert "4 cells to run, 0 found done" in done.screen
    assert done.received.rindex(SHOW) > done.received.rindex(HIDE)


@pytest.mark.skipif(sys.platform != "linux", reason="a pseudo-terminal that Linux has")
def test_ctrl_c_leaves_a_clean_terminal(tmp_path: Path) -> None:
    (tmp_path / "sleeping.py").write_text(SLEEPING, encoding="utf-8")
    words = (*WORDS, "--methods", "sleeping", "--plugin", "sleeping.py")
    done = session(tmp_path, *words, stop_at="good night")
    assert (done.code, done.unchanged) == (130, True), done.received
    assert not any("━" in line for line in done.screen)
    assert done.screen[-1].startswith("stopped; what was finished is kept")
    assert any("| good night" in line for line in done.screen)
    assert done.received.rindex(SHOW) > done.received.rindex(HIDE)
