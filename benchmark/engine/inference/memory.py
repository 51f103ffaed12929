"""Memory that this process can still allocate."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")
# Files of the limit and the use, and the entry of memory.stat for reclaimable file pages, in
# cgroup versions 2 and 1.
_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def memory_available() -> int:
    """Return the bytes that this process can still allocate, by its machine and its cgroups."""
    free = [int(psutil.virtual_memory().available)]
    for folder in _own_cgroups():
        for limit, usage, reclaimable in _FILES:
            with suppress(OSError, ValueError):  # without a limit it is "max"
                maximum, used = (int((folder / name).read_text()) for name in (limit, usage))
                statistics = (folder / "memory.stat").read_text().split()
                freeable = int(statistics[statistics.index(reclaimable) + 1])
                free.append(maximum - max(used - freeable, 0))
    return max(min(free), 0)


def _own_cgroups() -> Iterator[Path]:
    """Yield the folders of the memory cgroups that limit this process, its own first."""
    with suppress(OSError):
        for line in OWN_CGROUPS.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "" or "memory" in controllers.split(","):
                root = CGROUPS / "memory" if controllers else CGROUPS
                own = root / path.lstrip("/")
                yield from (folder for folder in (own, *own.parents) if folder.is_relative_to(root))
