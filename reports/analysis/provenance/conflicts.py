"""In which of the parts that their numbers depend on cells of one comparison differ."""

from collections.abc import Iterable, Sequence

from benchmark.errors import listed, plain
from benchmark.store.address import key_of
from benchmark.store.cells import Cell
from reports.analysis.facts import get_nested
from reports.analysis.metrics import disagreements
from reports.analysis.provenance.protocols import version_of

# The parts of a cell's key.
_PARTS = {
    "numerics": "versions of the engine",
    "protocol": "settings of the protocol",
    "profile": "settings of the profile",
    "train": "training scenes",
    "validation": "validation scenes",
    "test": "test scenes",
    "recipe": "recipes",
    "method": "versions of the method",
    "parameters": "parameters",
}
# What a table's cells that depend on it must have in common; its methods are not the same.
_COMMON = [part for part in _PARTS if part not in ("method", "parameters")]
_NOTHING = key_of(None)


def differing(one: Cell, other: Cell, parts: Iterable[str]) -> list[str]:
    """Return in which of these parts two cells differ, in words."""
    return [_PARTS[part] for part in parts if _digest(one, part) != _digest(other, part)]


def conflicts(cells: Sequence[Cell]) -> list[str]:
    """List what cells of one table do not have in common, as copied ones may not."""
    found = []
    versions: dict[str, list[str]] = {}
    for cell in cells:
        versions.setdefault(version_of(cell) or "not recorded", []).append(cell.address.method)
    if len(versions) > 1:
        against = " against ".join(
            f"{version} ({listed(map(plain, sorted(set(names))))})"
            for version, names in sorted(versions.items())
        )
        found.append(f"different versions of the protocol: {against}; not a fair comparison")
    for part in _COMMON:
        made: dict[str, list[str]] = {}
        for cell in cells:
            # Without epochs, the profile takes the recipe of each paper.
            if part == "recipe" and not get_nested(
                cell.facts, "configuration", "profile", "epochs"
            ):
                continue
            digest = _digest(cell, part)
            if digest and digest != _NOTHING:
                made.setdefault(digest, []).append(cell.address.method)
        groups = sorted((sorted(set(names)) for names in made.values()), key=len)
        if len(groups) > 1:
            against = " against ".join(listed(map(plain, names)) for names in groups)
            found.append(f"made with different {_PARTS[part]}: {against}; not a fair comparison")
    return found + _mixed_seeds(cells) + disagreements(cells)


def _mixed_seeds(cells: Sequence[Cell]) -> list[str]:
    """List the methods of which the seeds differ in more than the seed."""
    own: dict[tuple[str, int], list[Cell]] = {}
    for cell in cells:
        if cell.status == "done":
            own.setdefault((cell.address.method, cell.address.scale), []).append(cell)
    scales: dict[tuple[str, str, str], list[str]] = {}
    for (method, scale), seeds in own.items():
        parts: dict[str, list[str]] = {}
        for part, words in _PARTS.items():
            made: dict[str, list[int]] = {}
            for cell in seeds:
                if digest := _digest(cell, part):
                    made.setdefault(digest, []).append(cell.address.seed)
            if len(made) > 1:
                groups = sorted(sorted(numbers) for numbers in made.values())
                against = " against ".join(", ".join(map(str, numbers)) for numbers in groups)
                parts.setdefault(against, []).append(words)
        for against, differ in parts.items():
            key = (method, " and ".join(differ), against)
            scales.setdefault(key, []).append(f"x{scale}")
    return [
        f"seeds of {plain(method)} at {', '.join(at)} were made with different {words}: {against}; "
        "their mean and scatter are not those of one training"
        for (method, words, against), at in scales.items()
    ]


def _digest(cell: Cell, part: str) -> str:
    """Return the hash of a part; "" where none is recorded."""
    return str(get_nested(cell.facts, "depends", part) or "")
