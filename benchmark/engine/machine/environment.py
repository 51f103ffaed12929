"""Environment of a run, stored with its cells: versions, machine, commit, command."""

import os
import platform
import re
import shlex
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import loky
import psutil
import torch

from benchmark import CHECKOUT
from benchmark.engine.machine.device import Device
from benchmark.errors import redact_paths

_PACKAGES = ("torch", "numpy", "scipy", "h5py")
_FOLDERS = ("--data", "--results", "--cache")
_GIT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
PROC = Path("/proc")


def describe(device: Device, command: str = "") -> dict[str, Any]:
    """Collect the environment for a cell.

    Never raises; initialises CUDA only if the device is a GPU.

    Args:
        device: where cells are computed.
        command: the command line to store; this process's if empty.

    Returns:
        JSON-serialisable facts; None for anything that could not be determined.

        - python, torch, numpy, scipy, h5py: versions
        - cuda: version that torch was built for; cudnn: number of the version in use;
          driver: version of the NVIDIA driver
        - device: its name in tables; precision: of convolutions
        - gpu, gpu_memory_bytes, gpu_capability: of the device, None on the CPU
        - processor, physical_cores, logical_cores; usable_cores: available to this process;
          threads: used by torch
        - platform
        - commit: of the checkout; dirty: whether tracked files differ from it, None outside one
        - command: the command line without this machine's folders
    """
    commit, dirty = revision(CHECKOUT)
    return {
        "python": platform.python_version(),
        **{package: _version(package) for package in _PACKAGES},
        "cuda": torch.version.cuda,
        **_gpu(device),
        "driver": nvidia_driver(),
        "device": device.title,
        "precision": "bfloat16" if device.bfloat16 else "float32",
        "processor": processor(),
        "physical_cores": physical_cores(),
        "logical_cores": os.cpu_count(),
        "usable_cores": usable_cores(),
        "threads": torch.get_num_threads(),
        "platform": platform.platform(),
        "commit": commit,
        "dirty": dirty,
        "command": command or command_line(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _gpu(device: Device) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(("cudnn", "gpu", "gpu_memory_bytes", "gpu_capability"))
    if device.torch.type == "cuda":
        # Raised with a broken driver, or a cuDNN that torch was not built for.
        with suppress(RuntimeError, AssertionError):
            known = torch.cuda.get_device_properties(device.torch)
            facts["gpu"] = known.name
            facts["gpu_memory_bytes"] = known.total_memory
            facts["gpu_capability"] = f"{known.major}.{known.minor}"
            facts["cudnn"] = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    return facts


def command_line() -> str:
    """Return the command line without this machine's folders; numbers do not depend on them."""
    kept, skip = ["run_all.py"], False
    for argument in sys.argv[1:]:
        if not skip and argument.partition("=")[0] not in _FOLDERS:
            kept.append(redact_paths(argument, argument=True))
        skip = argument in _FOLDERS
    return shlex.join(kept)


def revision(checkout: Path) -> tuple[str | None, bool | None]:
    """Get the state of a checkout from git.

    Args:
        checkout: the suite's own folder; a repository in a folder above it is ignored.

    Returns:
        The commit's hash, and whether tracked files differ from it; (None, None) without git,
        outside a checkout and before its first commit.
    """
    # A git hook's variables, or a repository further up, may belong to another checkout.
    inherited = {name: value for name, value in os.environ.items() if name not in _GIT}
    above = str(checkout.resolve().parent)
    try:
        status = subprocess.run(
            ["git", "status", "--porcelain=v2", "--branch", "-uno"],  # noqa: S607 - from PATH
            cwd=checkout,
            env={**inherited, "GIT_CEILING_DIRECTORIES": above, "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None, None
    lines = status.stdout.splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
    if commit in ("", "(initial)"):  # git's word for "no commit yet"
        return None, None
    return commit, any(not line.startswith("#") for line in lines)


def peak_memory(device: Device) -> int:
    """Return the peak memory of this process so far, on the GPU for a CUDA device, in bytes."""
    if device.torch.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device.torch))
    try:
        import resource
    except ImportError:  # Windows
        return int(psutil.Process().memory_info().peak_wset)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def processor() -> str | None:
    """Return the processor's model, or its architecture where the model is unknown."""
    # Line by line: with hundreds of cores the kernel takes long to write the whole file.
    with suppress(OSError), (PROC / "cpuinfo").open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or None


def physical_cores() -> int | None:
    """Count the cores of the machine; hardware threads of one core count once."""
    with suppress(OSError, NotImplementedError):
        count: int | None = psutil.cpu_count(logical=False)
        return count
    return None


def usable_cores() -> int:
    """Count the logical cores that this process may use, by its affinity and cgroup quota."""
    try:
        return int(loky.cpu_count())
    except (OSError, ValueError):  # a cgroup file that cannot be read
        return os.cpu_count() or 1


def nvidia_driver() -> str | None:
    """Return the version of the NVIDIA driver that the kernel has loaded."""
    with suppress(OSError):
        words = (PROC / "driver" / "nvidia" / "version").read_text(errors="replace").split()
        return next((word for word in words if re.fullmatch(r"\d+(\.\d+)+", word)), None)
    return None
