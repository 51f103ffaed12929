"""What stands around a number: versions, machine, precision, commit, command."""

import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from benchmark import machine
from benchmark.device import Device

CHECKOUT = Path(__file__).resolve().parent.parent
_PACKAGES = ("torch", "numpy", "scipy", "h5py")
_FOLDERS = ("--data", "--results", "--cache")
_GIT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
# From the root, a home or a drive, down to the last name's beginning.
_ABSOLUTE = re.compile(r"(?<![\w.:/\\-])(?:~|[A-Za-z]:)?[/\\](?:[^/\\,\]]+[/\\]+)*")


def describe(device: Device) -> dict[str, Any]:
    """Collect the environment for a cell.

    It never fails and starts CUDA only where the device is a CUDA one.

    Returns:
        JSON-serialisable facts; None stands for what could not be found.

        - python, torch, numpy, scipy, h5py: versions
        - cuda: version that torch was built for; cudnn: torch's number of the one in use;
          driver: version of the NVIDIA driver
        - device: as tables name it; precision: of convolutions
        - gpu, gpu_memory_bytes, gpu_capability: of the device, None on the CPU
        - processor, physical_cores, logical_cores; usable_cores: what this process may use;
          threads: what torch uses
        - platform
        - commit: of the checkout; dirty: whether tracked files differ from it, None outside one
        - command: without this machine's folders
    """
    checkout = revision(CHECKOUT)
    return {
        "python": platform.python_version(),
        **{package: _version(package) for package in _PACKAGES},
        "cuda": torch.version.cuda,
        **_gpu(device),
        "driver": machine.nvidia_driver(),
        "device": device.title,
        "precision": "bfloat16" if device.bfloat16 else "float32",
        "processor": machine.processor(),
        "physical_cores": machine.physical_cores(),
        "logical_cores": os.cpu_count(),
        "usable_cores": machine.usable_cores(),
        "threads": torch.get_num_threads(),
        "platform": platform.platform(),
        "commit": checkout.commit if checkout else None,
        "dirty": checkout.changed > 0 if checkout else None,
        "command": _command(sys.argv[1:]),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _gpu(device: Device) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(("cudnn", "gpu", "gpu_memory_bytes", "gpu_capability"))
    if device.torch.type == "cuda":
        try:
            known = torch.cuda.get_device_properties(device.torch)
            facts["gpu"] = known.name
            facts["gpu_memory_bytes"] = known.total_memory
            facts["gpu_capability"] = f"{known.major}.{known.minor}"
            facts["cudnn"] = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
        except (RuntimeError, AssertionError):  # a broken driver, or another cuDNN than built for
            pass
    return facts


def _command(arguments: Sequence[str]) -> str:
    """Give the command line without the folders of this machine, which no number depends on."""
    kept, skip = ["run_all.py"], False
    for argument in arguments:
        if not skip and argument.partition("=")[0] not in _FOLDERS:
            kept.append(_ABSOLUTE.sub("", argument))
        skip = argument in _FOLDERS
    return shlex.join(kept)


@dataclass(frozen=True)
class Revision:
    """The state of a git checkout.

    Attributes:
        commit: the whole hash.
        changed: how many tracked files differ from it; files that git does not know do not count.
    """

    commit: str
    changed: int


def revision(checkout: Path) -> Revision | None:
    """Ask git for the state of a checkout; None without git, or where it is no checkout.

    Args:
        checkout: the suite's own folder; a repository that merely lies around it does not count.
    """
    # Neither the variables of a git hook nor a repository further up are about this checkout.
    known = {name: value for name, value in os.environ.items() if name not in _GIT}
    above = str(checkout.resolve().parent)
    try:
        done = subprocess.run(
            ["git", "status", "--porcelain=v2", "--branch", "-uno"],  # noqa: S607 - from PATH
            cwd=checkout,
            env={**known, "GIT_CEILING_DIRECTORIES": above, "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    lines = done.stdout.splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
    if not re.fullmatch("[0-9a-f]{40,64}", commit):  # "(initial)" before the first commit
        return None
    return Revision(commit, sum(not line.startswith("#") for line in lines))


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
