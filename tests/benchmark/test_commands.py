"""Commands that the suite prints are read by a shell as they were meant."""

import shlex
from pathlib import Path

from benchmark.commands import command


def test_words_are_quoted_and_default_folders_left_out() -> None:
    data, results, cache = Path("data"), Path("results"), Path(".cache")
    written = command("status", data=data, results=results, cache=cache)
    assert written == "python run_all.py status"
    assert command("status", plugins=None) == "python run_all.py status"


def test_a_shell_reads_what_was_meant() -> None:
    words = ["verify", Path("my cells; rm *.zip"), "--methods", "a[x=1]"]
    plugins = [Path("it's.py"), Path("b.py")]
    written = command(*words, results=Path("my results"), data=Path("/d"), plugins=plugins)
    assert shlex.split(written) == [
        "python", "run_all.py", *map(str, words), "--results", "my results", "--data", "/d",
        "--plugin", "it's.py", "--plugin", "b.py",
    ]  # fmt: skip
