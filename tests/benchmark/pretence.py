"""A machine that is not this one: the system's files in a folder of the test's own."""

from pathlib import Path

import pytest

from benchmark.engine import environment

NVIDIA = """\
NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023
GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)
"""


def pretend(folder: Path, patch: pytest.MonkeyPatch, files: dict[str, str]) -> None:
    """Let `benchmark.engine.environment` see these files and no others.

    Args:
        folder: an empty folder.
        patch: puts the real machine back after the test.
        files: path without the first slash to content, like `proc/meminfo`.
    """
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    for name in ("PROC", "SYS", "DEV"):
        patch.setattr(environment, name, folder / name.lower())
    patch.setenv("PATH", str(folder / "bin"))
