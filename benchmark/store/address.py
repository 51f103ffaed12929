"""Addresses of cells, and the hash of everything that their numbers depend on."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from benchmark.errors import plain

LONGEST = 160  # bytes of one folder's name; most systems allow 255
_DEVICE = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)  # reserved by Windows


def place_name(label: str) -> str:
    """Encode a label as a file name that every system accepts, different for every label.

    Characters that a system may reject are written as %XX; a long label is cut and ends in its
    hash.
    """
    name = quote(label, safe="[]=,+@ ", errors="surrogatepass")
    if not name or name[0] == "." or _DEVICE.fullmatch(name.partition(".")[0].rstrip()):
        name = f"%{ord(name[0]):02X}{name[1:]}" if name else "%"
    if name[-1] in ". ":
        name = f"{name[:-1]}%{ord(name[-1]):02X}"
    if len(name) > LONGEST:
        name = f"{name[: LONGEST - 17]}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return name


def label_of(folder: str) -> str:
    """Return the label whose folder has a name (see `place_name`); the name itself if it is cut."""
    label = unquote(folder, errors="surrogatepass")
    return label if place_name(label) == folder else folder


def method_title(label: str, facts: Mapping[str, Any]) -> str:
    """Return the title of a cell's method, with the parameters that differ from its defaults.

    Args:
        label: of the method, as in the cell's address.
        facts: the cell's `cell.json`, which another program may have written; where it has no
            title, the method's name serves.
    """
    name, bracket, changed = label.partition("[")
    try:
        stored = facts["configuration"]["method"]["title"]
    except (KeyError, TypeError):
        stored = None
    title = plain(stored or name) or name
    return f"{title} [{plain(changed).removesuffix(']')}]" if bracket else title


def distinct_titles(titles: Mapping[str, str]) -> dict[str, str]:
    """Add the name of the method to each title that several methods have.

    Args:
        titles: of methods, by their labels.

    Example:
        >>> distinct_titles({"tv": "TV", "mine": "TV", "bicubic": "Bicubic"})
        {'tv': 'TV (tv)', 'mine': 'TV (mine)', 'bicubic': 'Bicubic'}
    """
    counts = Counter(titles.values())
    return {
        label: f"{title} ({plain(label.partition('[')[0])})" if counts[title] > 1 else title
        for label, title in titles.items()
    }


@dataclass(frozen=True, order=True)
class Address:
    """Identifies a cell: one method at one scale and seed on one data set, protocol and profile.

    A cell is one entry of a table, and the unit that is run, stored, resumed and retried.
    """

    dataset: str
    protocol: str
    profile: str
    scale: int
    method: str
    seed: int

    def folder(self, results: Path) -> Path:
        """Return the cell's folder below the results folder."""
        parts = (self.dataset, self.protocol, self.profile, f"x{self.scale}", self.method)
        return results.joinpath(*map(place_name, parts), f"seed{self.seed}")

    def __str__(self) -> str:
        return f"{self.method} x{self.scale} seed {self.seed} on {self.dataset}"


def key_of(parts: Any) -> str:
    """Hash a value, such as the parts of a cell's key; the hash is the same on every machine.

    Args:
        parts: a JSON-serialisable value; the order of mappings does not matter.

    Returns:
        The SHA-256 of its canonical JSON, in hexadecimal digits.
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
