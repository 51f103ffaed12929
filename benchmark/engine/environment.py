"""What stands around a number: versions, machine, precision, commit, command."""

import math
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from benchmark import CHECKOUT
from benchmark.engine.device import Device

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
        "driver": nvidia_driver(),
        "device": device.title,
        "precision": "bfloat16" if device.bfloat16 else "float32",
        "processor": processor(),
        "physical_cores": physical_cores(),
        "logical_cores": os.cpu_count(),
        "usable_cores": usable_cores(),
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


PROC, SYS, DEV = Path("/proc"), Path("/sys"), Path("/dev")


# Locks and renames on these may not hold between two machines.
NETWORK = {
    *("9p", "afs", "beegfs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "fuse.glusterfs", "gpfs"),
    *("lustre", "nfs", "nfs4", "smb3", "smbfs", "fuse.rclone", "fuse.s3fs", "wekafs"),
}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _number(pattern: str, text: str) -> int | None:
    match = re.search(pattern, text, re.MULTILINE)
    return int(match[1]) if match else None


def processor() -> str | None:
    """Name the processor's model, or at least its architecture."""
    try:
        # Line by line: with hundreds of cores the whole file takes the kernel long.
        with (PROC / "cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or None


def physical_cores() -> int | None:
    """Count the cores of the machine; hardware threads of one core count once."""
    folders = (SYS / "devices" / "system" / "cpu").glob("cpu[0-9]*/topology")
    # The second name is the one of kernels before 5.3.
    listed = {
        _text(folder / "core_cpus_list") or _text(folder / "thread_siblings_list")
        for folder in folders
    }
    return len(listed - {""}) or None


def usable_cores() -> int:
    """Count the logical cores that this process may use: by its affinity and its cgroups."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        allowed = os.cpu_count() or 1
    for group in _groups("cpu"):
        quota = _number(r"^(\d+) \d+", _text(group / "cpu.max"))
        period = _number(r" (\d+)$", _text(group / "cpu.max"))
        if quota is None:
            quota = _number(r"^(\d+)$", _text(group / "cpu.cfs_quota_us"))  # -1 means no limit
            period = _number(r"^(\d+)$", _text(group / "cpu.cfs_period_us"))
        if quota and period:
            allowed = min(allowed, math.ceil(quota / period))
    return max(allowed, 1)


def memory_available() -> int | None:
    """Give the bytes that this process can still take, by the machine and by its cgroups."""
    kilobytes = _number(r"^MemAvailable:\s+(\d+) kB", _text(PROC / "meminfo"))
    if kilobytes is None:
        return None
    free = [kilobytes * 1024]
    for group in _groups("memory"):
        for limit, used, cached in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            most = _number(r"^(\d+)$", _text(group / limit))
            if most is not None:
                taken = _number(r"^(\d+)$", _text(group / used)) or 0
                # Files kept in memory are given back when somebody asks for it.
                kept = _number(rf"^{cached} (\d+)$", _text(group / "memory.stat")) or 0
                free.append(most - max(taken - kept, 0))
    return max(min(free), 0)


def _groups(controller: str) -> Iterator[Path]:
    """Give the control groups that limit this process, its own first, of versions 2 and 1."""
    root = SYS / "fs" / "cgroup"
    for line in _text(PROC / "self" / "cgroup").splitlines():
        _, controllers, place = [*line.split(":", 2), "", ""][:3]
        if controllers and controller not in controllers.split(","):
            continue
        top = root / controller if controllers else root
        inner = [part for part in place.split("/") if part not in ("", "..")]
        for depth in range(len(inner), -1, -1):
            yield top.joinpath(*inner[:depth])


def nvidia_driver() -> str | None:
    """Give the version of the NVIDIA driver that the kernel has loaded."""
    text = _text(PROC / "driver" / "nvidia" / "version")
    match = re.search(r"Kernel Module\b.*?\s(\d+(?:\.\d+)+)\s", text)
    return match[1] if match else None


def nvidia_sign() -> tuple[str, bool]:
    """Say what shows that an NVIDIA GPU is here, without asking any library.

    Returns:
        What was found, empty if nothing was; and whether it is proof. On Linux only a device
        file is: a container sees its host's driver, and programs outlive their GPU.
    """
    files = sorted(DEV.glob("nvidia[0-9]*"))
    if files:
        return str(files[0]), True
    driver = PROC / "driver" / "nvidia"
    if driver.exists():
        return str(driver), False
    return shutil.which("nvidia-smi") or "", not PROC.is_dir()


def file_system(path: Path) -> str | None:
    """Give the type of the file system that a path is on, or would be made on."""
    real = Path(os.path.realpath(path))
    found, best = None, -1
    for line in _text(PROC / "self" / "mounts").splitlines():
        _, point, kind = [*line.split(" ", 3), "", "", ""][:3]
        # Blanks in names are written in octal.
        mount = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point))
        if point and real.is_relative_to(mount) and len(mount.parts) >= best:
            found, best = kind, len(mount.parts)  # of two at one place the later one is seen
    return found or None
