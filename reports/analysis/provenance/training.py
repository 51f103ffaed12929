"""How the networks of a table were trained, and in what that differs from their papers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from benchmark.errors import counted
from benchmark.store.address import distinct_titles, method_title
from benchmark.store.cells import Cell
from reports.analysis.facts import as_list, as_number, as_text, get_nested
from reports.analysis.provenance.machines import Machine, Machines, machine_of
from reports.formatting import duration

REPEATABLE = (
    "bit for bit on a CPU of the same kind, with the same number of threads and the same versions "
    "of the packages; on a GPU, or with anything else changed, networks learn slightly different "
    "weights"
)
_LONGEST = 1e9  # seconds, beyond which a stored time is no training time
_RESOLUTION = timedelta(seconds=1)  # of the stored dates


def training_line(cells: Sequence[Cell], machines: Machines) -> str:
    """Describe how long each network was trained, and on what share of the pixels.

    Args:
        cells: of a table.
        machines: those of the cells; seconds of others than the main one are left out.

    Returns:
        Methods with the same steps and share together, ranges where scales or seeds differ; ""
        where no network was trained.
    """
    groups: dict[str, list[str]] = {}
    trials = False
    for title, own in _by_method(cells).items():
        networks = [cell for cell in own if _is_network(cell) and cell.status == "done"]
        if not networks:
            continue
        here = [cell for cell in networks if machines.is_main(cell)]
        seconds = [one for cell in here if (one := _number(cell, "times", "fit_s"))]
        took = _range([duration(min(seconds)), duration(max(seconds))]) if seconds else ""
        if len(here) < len(networks):
            took = f"{took}, partly on another machine" if here else "on another machine"
        groups.setdefault(_amount(networks), []).append(f"{title} ({took})" if took else title)
        trials = trials or bool(seconds and _numbers(here, "rate"))
    parts = [
        f"{', '.join(who)}: {amount}" if amount else ", ".join(who)
        for amount, who in groups.items()
    ]
    return "; ".join([*parts, *["times include the trials"] * trials])


def rate_line(cell: Cell) -> str:
    """Describe the trials that chose a network's learning rate; "" where it was not chosen."""
    trials = get_nested(cell.facts, "training", "tuning")
    rate = _number(cell, "training", "rate")
    if rate is None or not isinstance(trials, Mapping):
        return ""
    ends = []
    for factor, psnr in trials.items():
        known = as_number(psnr)
        ends.append(f"{as_text(factor)}: {'diverged' if known is None else f'{known:.2f} dB'}")
    return f"{rate:g} times the common one; trials on validation scenes: {', '.join(ends)}"


def seconds_line(cells: Sequence[Cell]) -> str:
    """Describe how many cells were computed at the same time as others on such a machine.

    Several runs that share a machine slow each other down, by how much is not known.

    Returns:
        One clause; "" where no two cells overlap in time.
    """
    spans: dict[Machine, list[tuple[datetime, datetime]]] = {}
    timed = 0
    for cell in cells:
        if span := _span(cell):
            timed += 1
            spans.setdefault(machine_of(cell), []).append(span)
    overlapping = sum(
        any(
            min(end, other_end) - max(start, other_start) > _RESOLUTION
            for place, (other_start, other_end) in enumerate(own)
            if place != index
        )
        for own in spans.values()
        for index, (start, end) in enumerate(own)
    )
    if not overlapping:
        return ""
    return (
        f"{overlapping} of {counted(timed, 'cell')} ran at the same time as another one, on the "
        "same machine or on one of the same kind; where they shared it, they took longer than "
        "they would have alone"
    )


def same_table(one: Cell, other: Cell) -> bool:
    """Return whether two cells stand in the same table."""
    places = [
        (cell.address.dataset, cell.address.protocol, cell.address.profile) for cell in (one, other)
    ]
    return places[0] == places[1]


def deviations_line(cells: Sequence[Cell]) -> str:
    """Describe in what each method's recipe differs from its paper's; "" where in nothing."""
    parts = []
    for title, own in _by_method(cells).items():
        found = dict.fromkeys(
            text
            for cell in own
            for one in as_list(get_nested(cell.facts, "configuration", "deviations"))
            if (text := as_text(one).rstrip("."))
        )
        if found:
            parts.append(f"{title}: {', '.join(found)}")
    return "; ".join(parts)


def has_networks(cells: Sequence[Cell]) -> bool:
    """Return whether a network was trained."""
    return any(_is_network(cell) and cell.status == "done" for cell in cells)


def _by_method(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Return the cells of every method by its title."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.address.method, []).append(cell)
    titles = distinct_titles(
        {label: method_title(label, own[0].facts) for label, own in found.items()}
    )
    return {titles[label]: own for label, own in found.items()}


def _is_network(cell: Cell) -> bool:
    return get_nested(cell.facts, "configuration", "recipe") is not None


def _amount(cells: Sequence[Cell]) -> str:
    """Describe the steps, passes and share of the pixels that some cells record."""
    parts = []
    if steps := _numbers(cells, "steps"):
        count = _range([f"{one:,.0f}" for one in steps])
        parts.append(f"{count} step{'s' * (count != '1')}")
    if batch := _numbers(cells, "batch"):
        parts.append(f"with batches of {_range([f'{one:.0f}' for one in batch])}")
    parts = [" ".join(parts)] if parts else []
    if rates := _numbers(cells, "rate"):
        times = _range([f"{one:g}" for one in rates])
        parts.append(f"at {times} times the common rate, as trials chose by validation")
    over = []
    if epochs := _numbers(cells, "epochs"):
        passes = _range([f"{one:.3g}" for one in epochs])
        over.append("one pass" if passes == "1" else f"{passes} passes")
    if shares := _numbers(cells, "share"):
        part = _range([_percent(one) for one in shares])
        over.append("all pixels" if part == "100" else f"{part} % of the pixels")
    if over:
        parts.append(f"{' over '.join(over)} of the patches" if shares else over[0])
    return ", ".join(parts)


def _span(cell: Cell) -> tuple[datetime, datetime] | None:
    """Return when a finished cell was computed; None where that is not known.

    A training that was resumed did not run without a break, and its beginning is not known.
    """
    fit, image = _number(cell, "times", "fit_s"), _number(cell, "times", "upscale_s")
    scenes = len(as_list(get_nested(cell.facts, "configuration", "dataset", "test")))
    seconds = (fit or 0.0) + (image or 0.0) * scenes
    if cell.status != "done" or get_nested(cell.facts, "resumed") or not 0 < seconds < _LONGEST:
        return None
    try:
        end = datetime.fromisoformat(as_text(get_nested(cell.facts, "date")))
        end = end if end.tzinfo else end.replace(tzinfo=UTC)
        return end - timedelta(seconds=seconds), end
    except (ValueError, OverflowError):
        return None


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.2g}"


def _numbers(cells: Sequence[Cell], name: str) -> list[float]:
    """Return the least and the largest of a number that the cells record; empty if none does."""
    found = [value for cell in cells if (value := _number(cell, "training", name)) is not None]
    return [min(found), max(found)] if found else []


def _number(cell: Cell, *path: str) -> float | None:
    return as_number(get_nested(cell.facts, *path))


def _range(texts: Sequence[str]) -> str:
    low, high = texts
    return low if low == high else f"{low} to {high}"
