"""Memory that this process can still allocate."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")
# Limit, use, and the entry of memory.stat for file pages that are dropped on demand: version 2, 1.
_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def memory_available() -> int:
    """Return the bytes that this process can still allocate: of the machine, and of its cgroups."""
    free = [int(psutil.virtual_memory().available)]
    for folder in _own_cgroups():
        for limit, usage, droppable in _FILES:
            with suppress(OSError, ValueError):  # no limit is the word "max"
                most, used = (int((folder / name).read_text()) for name in (limit, usage))
                statistics = (folder / "memory.stat").read_text().split()
                dropped = int(statistics[statistics.index(droppable) + 1])
                free.append(most - max(used - dropped, 0))
    return max(min(free), 0)


def _own_cgroups() -> Iterator[Path]:
    """Yield the folders of the memory cgroups that limit this process, its own first."""
    with suppress(OSError):
        for line in OWN_CGROUPS.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "" or "memory" in controllers.split(","):
                root = CGROUPS / "memory" if controllers else CGROUPS
                own = root / path.lstrip("/")
                yield from (own, *(one for one in own.parents if one.is_relative_to(root)))
