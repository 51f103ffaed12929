"""Commands of the suite as they are printed: they work as they are, pasted into a shell."""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

# The folders of `--data`, `--results` and `--cache`, where these options are left out.
FOLDERS = {"data": Path("data"), "results": Path("results"), "cache": Path(".cache")}
# Environment variables that stand for these options where they are left out.
VARIABLES = {"data": "HSISR_DATA", "cache": "HSISR_CACHE"}


def command(*words: object, plugins: Iterable[Path] | None = (), **folders: Path) -> str:
    """Write a command line of `run_all.py`, quoted for a shell.

    Args:
        words: the command with its options.
        plugins: the files of `--plugin`.
        folders: data, results and cache; those that are not the default are written, and the
            default where an environment variable stands for another folder.

    Example:
        >>> command("export", "my cells.zip", results=Path("results"), data=Path("/data"))
        "python run_all.py export 'my cells.zip' --data /data"
    """
    written = ["python", "run_all.py", *map(str, words)]
    for name, folder in folders.items():
        if folder != FOLDERS[name] or os.environ.get(VARIABLES.get(name, "")):
            written += [f"--{name}", str(folder)]
    for file in plugins or ():
        written += ["--plugin", str(file)]
    return shlex.join(written)


def no_results(results: Path) -> str:
    """Return what to say of a folder without results: the command that makes some."""
    return f"no results in {results}; make them with: {command(results=results)}"
