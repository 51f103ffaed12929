"""Memory that is freed and asked for again at every step, kept instead of given back."""

import ctypes
import sys
from functools import cache

# Parameters of glibc's mallopt(3).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4


@cache
def keep_freed_memory() -> bool:
    """Tell the C library to keep freed memory in this process.

    By itself glibc gives a freed block of many megabytes back to the system, and the next layer's
    output is made of pages that the system has to find and clear first: a third of the time that
    SRCNN takes for a step. Done once a process.

    Returns:
        True where the C library was told; False where it is another one than glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        tune = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has none
        return False
    most = 2**31 - 1
    return bool(tune(_MMAP_MAX, 0) and tune(_TRIM_THRESHOLD, most) and tune(_TOP_PAD, 64 << 20))


def give_back() -> None:
    """Give freed memory back to the system now, so that what a process holds can be read."""
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
