"""What this machine has, read from the system's own files; None where it does not say.

Linux says the most. Elsewhere nothing here fails: what it would have read is not known.
"""

import math
import os
import platform
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

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
