"""The provenance of a table: what was measured, on what, how, when, and on which machine."""

import re
from collections.abc import Sequence
from typing import Any

from benchmark.errors import listed, plain
from benchmark.store.cells import Cell
from reports.analysis import legacy
from reports.analysis.facts import as_list, as_text, get_nested
from reports.analysis.provenance.conflicts import conflicts
from reports.analysis.provenance.machines import machines_of
from reports.analysis.provenance.protocols import protocol_of
from reports.analysis.provenance.training import (
    REPEATABLE,
    deviations_line,
    has_networks,
    seconds_line,
    training_line,
)
from reports.formatting import DASH
from reports.published.reader import PublishedValue, base_name, published_for

SYNTHETIC = "SYNTHETIC"
DEPENDENT = (
    "the scenes are areas of one image: they are not independent, and say little about other images"
)


def is_synthetic(cells: Sequence[Cell]) -> bool:
    """Return whether the scenes are synthetic."""
    return any(_dataset(cell, "synthetic") for cell in cells)


def is_subset(cells: Sequence[Cell]) -> bool:
    """Return whether a subset of the scenes was chosen."""
    return any(_dataset(cell, "subset") for cell in cells)


def marks_of(cells: Sequence[Cell]) -> list[str]:
    """Return what is unusual about some of the scenes, such as "not the published data"."""
    found = (plain(mark) for cell in cells for mark in as_list(_dataset(cell, "marks")))
    return list(dict.fromkeys(filter(None, found)))


def title_of(cells: Sequence[Cell]) -> str:
    """Return the data set's title, with its label if that has more, marked if it is unusual."""
    label = cells[0].address.dataset
    title = plain(_dataset(cells[0], "title") or base_name(label))
    if label != base_name(label):
        title += f" ({plain(label)})"
    marks = [SYNTHETIC] * is_synthetic(cells) + ["subset of the scenes"] * is_subset(cells)
    marks += marks_of(cells)
    return f"{title} {DASH} {', '.join(marks)}" if marks else title


def comparable_published(cells: Sequence[Cell]) -> tuple[tuple[PublishedValue, ...], str]:
    """Return the published values comparable with these cells, and a line that explains them.

    Numbers over other scenes, or of networks trained on other scenes, are not compared.
    """
    address = cells[0].address
    rows = published_for(address.protocol, address.dataset)
    if not rows:
        return (), "no paper's numbers are known for this data set under this protocol"
    known = get_nested(cells[0].facts, "configuration", "protocol", "published_splits")
    if known is not None and base_name(address.dataset) not in as_list(known):
        return (), (
            "not shown, because the paper's test scenes of this data set are not known; "
            "`run_all.py published` lists its numbers"
        )
    if is_subset(cells):
        return (), "not shown, because they are means over the whole test split"
    if marks := marks_of(cells):
        return (), f"not shown, because some scenes have a remark: {listed(marks)}"
    own = {base_name(address.dataset)}
    together = _trained_together(cells) or own
    for cell in cells:
        trained = {base_name(name) for name in _trained_on(cell)}
        if trained and trained not in (own, together):
            return (), f"not shown, because the paper did not train on {listed(sorted(trained))}"
    sources = dict.fromkeys(f"{row.paper}, {row.source}" for row in rows)
    return rows, "; ".join(filter(None, ("; ".join(sources), trained_on_more(cells))))


def trained_on_more(cells: Sequence[Cell]) -> str:
    """Say on which data sets the paper trained its networks; "" if these cells are of the same."""
    own = {base_name(cells[0].address.dataset)}
    together = _trained_together(cells) or own
    if together == own or all(
        {base_name(name) for name in _trained_on(cell)} == together for cell in cells
    ):
        return ""
    return f"the paper trained each network on {' and '.join(sorted(together))} together"


def provenance_of(cells: Sequence[Cell], published: str) -> tuple[tuple[str, str], ...]:
    """Describe what a section's numbers were made from, as (what, text) lines.

    Args:
        cells: the section's cells; not empty.
        published: the line about the published numbers.
    """
    address = cells[0].address
    lines = []
    if is_synthetic(cells):
        lines.append((SYNTHETIC, "computed scenes; these numbers say nothing about real images"))
    lines += [
        ("Protocol", _named(protocol_of(cells), cells, "protocol")),
        ("Profile", _named(address.profile, cells, "profile")),
        ("Scenes", _scenes(cells)),
    ]
    trained = sorted({name for cell in cells for name in _trained_on(cell)})
    # Outside brackets, the label continues with +scenes and @training data sets.
    if trained and trained != [re.split(r"[+@](?![^\[]*\])", address.dataset)[0]]:
        lines.append(("Trained on", ", ".join(trained)))
    seeds = sorted({cell.address.seed for cell in cells})
    lines.append(("Seeds" if len(seeds) > 1 else "Seed", ", ".join(map(str, seeds))))
    machines = machines_of(cells)
    lines.append(("Device", machines.line()))
    if has_networks(cells):
        lines.append(("Repeatable", REPEATABLE))
    if trainings := training_line(cells, machines):
        lines.append(("Training", trainings))
    if seconds := seconds_line(cells):
        lines.append(("Seconds", seconds))
    if deviations := deviations_line(cells):
        lines.append(("Deviates from its paper", deviations))
    dates = sorted(filter(None, (as_text(get_nested(cell.facts, "date"))[:10] for cell in cells)))
    if dates:
        lines.append(("Date", dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"))
    lines.extend(("Conflict", text) for text in conflicts(cells))
    remarks = [plain(_dataset(cell, "remark") or "") for cell in cells]
    remarks += [DEPENDENT] * are_dependent(cells)
    lines.extend(("Remark", remark) for remark in dict.fromkeys(remarks) if remark)
    lines.append(("Published numbers", published))
    return tuple(lines)


def are_dependent(cells: Sequence[Cell]) -> bool:
    """Return whether the scenes of a data set are areas of one image."""
    return any(_dataset(cell, "independent") is False for cell in cells)


def _trained_together(cells: Sequence[Cell]) -> set[str]:
    """Return the data sets that the paper's networks were trained on together; empty for none."""
    address = cells[0].address
    before = legacy.TRAINED_TOGETHER.get(address.protocol, [])
    return {
        as_text(name)
        for cell in cells
        for name in as_list(
            get_nested(cell.facts, "configuration", "protocol", "trained_together", default=before)
        )
    }


def _dataset(cell: Cell, key: str) -> Any:
    return get_nested(cell.facts, "configuration", "dataset", key)


def _trained_on(cell: Cell) -> list[str]:
    return _names(cell, "trained_on")


def _named(name: str, cells: Sequence[Cell], key: str) -> str:
    # A method that is not trained may have been stored when the profile was another.
    trained = [cell for cell in cells if get_nested(cell.facts, "configuration", "recipe")]
    found = (get_nested(cell.facts, "configuration", key, "summary") for cell in trained or cells)
    summary = next((plain(text) for text in found if text), "")
    return f"{name} {DASH} {summary}" if summary else name


def _scenes(cells: Sequence[Cell]) -> str:
    """Count the scenes, and name them where they are a subset."""
    # A method that is not trained may have no training scenes.
    fullest = max(cells, key=lambda cell: len(_names(cell, "train")))
    subset = is_subset(cells)
    parts = []
    for key, use in (("train", "training"), ("validation", "validation"), ("test", "testing")):
        names = _names(fullest, key)
        part = f"{len(names)} for {use}"
        parts.append(f"{part} ({listed(names, 100)})" if subset and names else part)
    text = ", ".join(parts)
    if split := _split(cells):
        text += f"; {split}"
    if len({tuple(_names(cell, "test")) for cell in cells}) > 1:
        text += "; NOT the same test scenes for every method"
    return f"a SUBSET: {text}" if subset else text


def _split(cells: Sequence[Cell]) -> str:
    """Say where the split comes from, and what it leaves out; "" where that is not recorded."""
    found: dict[str, None] = {}
    for cell in cells:
        name = _dataset(cell, "split")
        if name is None:
            continue
        text = f"split of {as_text(name)}" if name else "the data set's own split"
        if left_out := _names(cell, "left_out"):
            text += f", which leaves out {listed(left_out, 100)}"
        found[text] = None
    return " and ".join(found)


def _names(cell: Cell, key: str) -> list[str]:
    return [plain(name) for name in as_list(_dataset(cell, key))]
