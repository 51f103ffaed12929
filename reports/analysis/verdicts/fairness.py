"""What two trainings must have in common to be compared, and in what else they differ."""

from typing import Any

from benchmark.errors import listed
from reports.analysis.facts import as_text, get_nested
from reports.analysis.provenance.conflicts import differing
from reports.analysis.verdicts.groups import Group

_COMMON = ("numerics", "protocol", "train", "validation", "test")
# Facts of a cell that may differ in a fair pair, and what stands for one that is not recorded.
_FACTS: dict[tuple[str, ...], tuple[str, str]] = {
    ("training", "rate"): ("factor of the learning rate, chosen by validation:", "none"),
    ("configuration", "profile", "half_weights"): ("weights rounded to 16 bits:", "false"),
    ("training", "share"): ("share of the patches' values:", "not recorded"),
    ("environment", "device"): ("machine:", "not recorded"),
}


def obstacles(one: Group, other: Group) -> str:
    """Return what makes a comparison of two trainings unfair; "" where it is fair.

    Trainings of different lengths are of different profiles, which may have different recipes.
    """
    parts = list(_COMMON)
    if one.patches == other.patches:
        parts += ["profile", "recipe"]
    if one.method.partition("[")[0] == other.method.partition("[")[0]:
        parts.append("method")
    return listed(differing(one.cells[0], other.cells[0], parts))


def besides(one: Group, other: Group) -> tuple[str, ...]:
    """List in what two trainings differ beside their methods and lengths."""
    mine, theirs = (
        get_nested(group.cells[0].facts, "configuration", "recipe", default={})
        for group in (one, other)
    )
    found = [
        f"{name.replace('_', ' ')}: {_text(mine[name])} against {_text(theirs[name])}"
        for name in mine
        if name in theirs and name != "epochs" and mine[name] != theirs[name]
    ]
    for path, (words, missing) in _FACTS.items():
        values = [_values(group, path, missing) for group in (one, other)]
        if values[0] != values[1]:
            found.append(f"{words} {values[0]} against {values[1]}")
    return tuple(found)


def _values(group: Group, path: tuple[str, ...], missing: str) -> str:
    found: list[Any] = [get_nested(cell.facts, *path) for cell in group.cells]
    return " or ".join(sorted({missing if one is None else _text(one) for one in found}))


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else as_text(value)
