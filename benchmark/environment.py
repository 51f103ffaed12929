"""What stands around a number: versions, machine, precision, commit, command."""

import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmark.device import Device

_PACKAGES = ("torch", "numpy", "scipy", "h5py")
_FOLDERS = ("--data", "--results", "--cache")


def describe(device: Device) -> dict[str, Any]:
    """Collect the environment for a cell; everything in it is JSON-serialisable."""
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
        "cuda": torch.version.cuda,
        "device": device.title,
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "precision": "bfloat16" if device.bfloat16 else "float32",
        "platform": platform.platform(),
        "commit": _commit(),
        "command": _command(sys.argv[1:]),
    }


def _command(arguments: Sequence[str]) -> str:
    """Give the command line without the folders of this machine, which no number depends on."""
    kept, skip = ["run_all.py"], False
    for argument in arguments:
        if not skip and argument.partition("=")[0] not in _FOLDERS:
            kept.append(argument)
        skip = argument in _FOLDERS
    return " ".join(kept)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _commit() -> str:
    """Name the checkout's commit, `-dirty` where files differ; empty outside a checkout."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude=*"],  # noqa: S607 - from PATH
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def peak_memory(device: Device) -> int:
    """Give the most memory that the process (or its GPU share) has held so far, in bytes."""
    if device.torch.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device.torch))
    try:
        import resource
    except ImportError:  # not on Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
