"""One thing that the doctor found, and how it reads."""

import textwrap
from dataclasses import dataclass
from typing import Literal

WIDTH = 100  # columns of a line
GIB = 2**30

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what was looked at.
        level: "error" stops a run or spoils its numbers, "warning" may; "ok" is information.
        text: what was found.
        remedy: what to do about it; empty where there is nothing to do.
    """

    name: str
    level: Level
    text: str
    remedy: str = ""

    def lines(self) -> list[str]:
        """Write it down in lines of 100 columns; only a word that is longer makes a longer one."""
        shown = wrapped(f"  {self.level:<7}  ", f"{self.name}: {self.text}")
        return shown + (wrapped(" " * 11 + "-> ", self.remedy) if self.remedy else [])


def wrapped(head: str, text: str) -> list[str]:
    """Break a text at its blanks; what cannot be shown becomes a question mark.

    Args:
        head: stands before the first line; the others are indented as far.
        text: of names and paths that may hold anything.
    """
    return textwrap.wrap(
        "".join(letter if letter.isprintable() else "?" for letter in text),
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def sized(count: int) -> str:
    """Write a number of bytes in the unit that fits it: `57.3 GiB`."""
    size, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
