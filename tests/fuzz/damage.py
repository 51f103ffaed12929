"""Damage as disks, downloads and people do it, and the judgement of what becomes of it.

Everything is drawn from a seed, so a failure names its file by number and comes again.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TypeVar

import numpy as np

from benchmark.errors import RequestError

T = TypeVar("T")
Kind = Callable[[bytes, np.random.Generator], bytes]

SECONDS = 5  # for one file of a few kilobytes; anything near it hangs
MEMORY = 4 << 30  # bytes of addresses, of which threads take much without using them


def flip_bits(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip one bit in each of one to three bytes."""
    made = bytearray(content)
    for place in rng.integers(0, len(made), rng.integers(1, 4)):
        made[place] ^= 1 << int(rng.integers(8))
    return bytes(made)


def change_byte(content: bytes, rng: np.random.Generator) -> bytes:
    """Set one byte to any other value."""
    made = bytearray(content)
    made[rng.integers(len(made))] ^= int(rng.integers(1, 256))
    return bytes(made)


def cut(content: bytes, rng: np.random.Generator) -> bytes:
    """Keep only a beginning, which may be empty."""
    return content[: rng.integers(len(content))]


def swap(content: bytes, rng: np.random.Generator) -> bytes:
    """Exchange two runs of bytes."""
    length = int(rng.integers(1, 33))
    first, second = sorted(int(place) for place in rng.integers(0, len(content) - length, 2))
    second = max(second, first + length)
    one, other = content[first : first + length], content[second : second + length]
    return (
        content[:first]
        + other
        + content[first + length : second]
        + one
        + content[second + length :]
    )


def lose(content: bytes, rng: np.random.Generator) -> bytes:
    """Remove a run of bytes."""
    place = int(rng.integers(len(content)))
    return content[:place] + content[place + int(rng.integers(1, 65)) :]


def repeat(content: bytes, rng: np.random.Generator) -> bytes:
    """Put a run of bytes there twice."""
    place = int(rng.integers(len(content)))
    return content[: place + int(rng.integers(1, 65))] + content[place:]


def blank(content: bytes, rng: np.random.Generator) -> bytes:
    """Fill a run of bytes with zeros, as a lost block reads."""
    place, length = int(rng.integers(len(content))), int(rng.integers(1, 513))
    return content[:place] + bytes(len(content[place : place + length])) + content[place + length :]


KINDS: tuple[Kind, ...] = (flip_bits, change_byte, cut, swap, lose, repeat, blank)


def damaged(
    content: bytes, count: int, seed: int, kinds: Sequence[Kind] = KINDS
) -> Iterator[tuple[str, bytes]]:
    """Yield `count` damaged copies that differ from the original, each with what was done to it."""
    rng = np.random.default_rng(seed)
    number = 0
    while number < count:
        kind = kinds[number % len(kinds)]
        made = kind(content, rng)
        if made != content:
            number += 1
            yield f"{kind.__name__} {number}", made


class HangError(BaseException):
    """Nothing that any code catches."""


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """End what takes too long or too much memory, where the system can (not on Windows)."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise HangError

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with _little_memory():
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _little_memory() -> Iterator[None]:
    """Let this process grow by so much only; what reads without end gets a MemoryError."""
    pages = Path("/proc/self/statm")
    if not pages.exists():  # Linux alone says how large a process is
        yield
        return
    import resource

    now = int(pages.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@dataclass
class Tally:
    """What became of damaged files; everything but the two good ends is a problem.

    Attributes:
        names: one of these must stand in every message.
        accepted: how many were read and gave what was expected.
        refused: how many ended in one line for the user.
        problems: the others: a traceback, a hang, a wrong value, a message of several lines.
    """

    names: tuple[str, ...]
    accepted: int = 0
    refused: int = 0
    problems: list[str] = field(default_factory=list)

    def feed(self, what: str, read: Callable[[], T], right: Callable[[T], bool]) -> None:
        """Read one damaged file and judge.

        Args:
            what: the file, for the list of problems.
            read: reads it.
            right: says whether what was read may be believed.
        """
        try:
            with limited():
                found = read()
        except RequestError as error:
            self.refused += 1
            text = str(error)
            if "\n" in text or not any(name in text for name in self.names):
                self.problems.append(f"{what}: unclear: {text}")
        except HangError:
            self.problems.append(f"{what}: hangs")
        except Exception as error:  # noqa: BLE001 - whatever it is, it would be a traceback
            self.problems.append(f"{what}: {type(error).__name__}: {error}")
        else:
            self.accepted += 1
            if not right(found):
                self.problems.append(f"{what}: believed, and wrong")

    @property
    def total(self) -> int:
        """How many were fed."""
        return self.accepted + self.refused + len(self.problems)

    def check(self, files: int) -> None:
        """Assert that so many files were fed, and that all ended well."""
        assert not self.problems, "\n".join(self.problems)
        assert self.accepted + self.refused == files
