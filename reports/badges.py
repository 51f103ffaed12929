"""The badge of a number: published, submitted, re-scored or retrained.

Tables and page ask `badge_of(cell)` for one cell, `badge_of_row(cells)` for a row that is made from
several, and `PUBLISHED` for a number from print. Each is a `Badge` with a `name`, which is one of
`MEANINGS` or empty where nothing is recorded, and a `text`, the evidence in one line.
`worth_showing(cells)` says whether a table needs badges at all.

The evidence is in `.origins` of the results folder, where this suite has written it; nothing that a
cell or a zip says about itself counts (see `benchmark.store.origins`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmark.errors import listed, plain
from benchmark.store.cells import Cell
from benchmark.store.origins import Kind, evidence


@dataclass(frozen=True)
class Badge:
    """Says how far a number was checked in this results folder.

    Attributes:
        name: a key of `MEANINGS`; empty where nothing is recorded.
        text: the evidence in one line, in plain text that may come from outside.
    """

    name: str
    text: str

    def __bool__(self) -> bool:
        """Return whether there is a badge."""
        return bool(self.name)


# From the weakest to the strongest evidence.
MEANINGS: Mapping[str, str] = {
    "published": "printed in a paper, not computed here",
    "submitted": "imported from a submission, not scored again here",
    "re-scored": "the stored weights were scored again here, with the same scores",
    "retrained": "computed here from the beginning, training included",
}
PUBLISHED = Badge("published", MEANINGS["published"])
_UNKNOWN = Badge("", "no record of where it was computed")
_ORDER = ("", *MEANINGS)


def badge_of(cell: Cell) -> Badge:
    """Return the badge of a cell, by the evidence in its results folder.

    A cell that failed has none, and neither has one that was copied or came with an ordinary
    import.
    """
    found = evidence(cell)
    if computed := found.get("computed"):
        trained = (cell.facts.get("times") or {}).get("fit_s") is not None
        name, what = ("retrained", "computed here") if trained else ("re-scored", _AGAIN)
        return Badge(name, f"{what}{_on(computed)}")
    if rescored := found.get("rescored"):
        agreement = plain(rescored.get("agreement") or "the same scores")
        return Badge("re-scored", f"{_AGAIN}{_on(rescored)}: {agreement}{_source(found)}")
    if submitted := found.get("submitted"):
        return Badge(
            "submitted", f"imported{_on(submitted)}, not scored again here{_source(found)}"
        )
    return _UNKNOWN


def badge_of_row(cells: Iterable[Cell]) -> Badge:
    """Return the badge of a row: the weakest of those of its finished cells."""
    badges = [badge_of(cell) for cell in cells if cell.status == "done"]
    if not badges:
        return Badge("", "no finished cell")
    weakest = min(badges, key=lambda badge: _ORDER.index(badge.name))
    texts = dict.fromkeys(badge.text for badge in badges if badge.name == weakest.name)
    return Badge(weakest.name, listed(texts, 3))


def worth_showing(cells: Iterable[Cell]) -> bool:
    """Return whether some cell was submitted, so that a table has to tell rows apart."""
    return any("submitted" in evidence(cell) for cell in cells)


_AGAIN = "stored weights scored here"


def _on(record: Mapping[str, Any]) -> str:
    """Return when it was done, and on which device if that is recorded: " on DAY on DEVICE"."""
    day, device = plain(record.get("date") or "")[:10], plain(record.get("device") or "")
    return f" on {day}" * bool(day) + f" on {device}" * bool(device)


def _source(found: Mapping[Kind, Mapping[str, Any]]) -> str:
    """Return who submitted a cell: "; submitted by A. Author in mine.zip"."""
    submitted = found.get("submitted")
    if not submitted:
        return ""
    authors = submitted.get("authors")
    who = listed([plain(one) for one in authors], 3) if isinstance(authors, list) else ""
    file = plain(submitted.get("file") or "")
    return f"; submitted{f' by {who}' * bool(who)}{f' in {file}' * bool(file)}"
