"""Commands that the suite prints are read by a shell as they were meant."""

import shlex
from pathlib import Path

import pytest

from benchmark.commands import VARIABLES, command


def test_words_are_quoted_and_default_folders_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    data, results, cache = Path("data"), Path("results"), Path(".cache")
    written = command("status", data=data, results=results, cache=cache)
    assert written == "python run_all.py status"
    assert command("status", plugins=None) == "python run_all.py status"


def test_a_default_folder_is_written_where_another_would_be_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HSISR_DATA", "/data")
    monkeypatch.setenv("HSISR_CACHE", "/cache")
    written = command("doctor", data=Path("data"), cache=Path(".cache"), results=Path("results"))
    assert written == "python run_all.py doctor --data data --cache .cache"


def test_a_shell_reads_what_was_meant() -> None:
    words = ["verify", Path("my cells; rm *.zip"), "--methods", "a[x=1]"]
    plugins = [Path("it's.py"), Path("b.py")]
    written = command(*words, results=Path("my results"), data=Path("/d"), plugins=plugins)
    assert shlex.split(written) == [
        "python", "run_all.py", *map(str, words), "--results", "my results", "--data", "/d",
        "--plugin", "it's.py", "--plugin", "b.py",
    ]  # fmt: skip
