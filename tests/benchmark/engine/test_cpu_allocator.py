"""Freed memory stays with the process; checked in processes of their own."""

import platform
import subprocess
import sys

import pytest

from benchmark.engine.cpu import keep_freed_memory, release_freed_memory

_LOOK = """
import resource, sys
import torch
from benchmark.engine.cpu import release_freed_memory, keep_freed_memory
assert keep_freed_memory()
assert keep_freed_memory()
def use():
    return [torch.ones(40 << 20, dtype=torch.uint8) for _ in range(2)]
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def resident():
    return int(open("/proc/self/statm").read().split()[1])
for _ in range(8):  # until every block has found its place
    use()
before = faults()
for _ in range(8):
    use()
print(faults() - before)
held = resident()
release_freed_memory()
print(held - resident())
"""
GLIBC = platform.libc_ver()[0] == "glibc"


def look() -> tuple[int, int]:
    """Count the page faults of 8 times 80 MiB, and the pages that are given back at last."""
    ran = subprocess.run([sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True)
    first, second = ran.stdout.split()
    return int(first), int(second)


@pytest.mark.skipif(not GLIBC, reason="another C library than glibc")
def test_freed_memory_is_used_again_and_given_back_on_demand() -> None:
    kept, given_back = look()
    pages = (80 << 20) // 4096
    assert kept < pages / 8
    assert given_back > pages / 2


def test_it_may_be_asked_for_anywhere() -> None:
    assert keep_freed_memory() is keep_freed_memory()
    release_freed_memory()


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_freed_memory.cache_clear()
    monkeypatch.setattr(sys, "platform", "win32")
    assert not keep_freed_memory()
    release_freed_memory()
    keep_freed_memory.cache_clear()
