"""Who is worth it: PSNR against the time for one image, and against the number of parameters."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.errors import plain
from benchmark.store.cells import Cell
from reports.analysis.facts import get_nested
from reports.analysis.results import read_results
from reports.figures.drawing.axes import log_ticks, short
from reports.figures.drawing.labels import write_names
from reports.figures.drawing.style import INK, SMALL, WIDTH, Roster, drawing, new_figure, place
from reports.figures.drawing.text import (
    MARGIN,
    Heading,
    caption,
    caption_height,
    fitting,
    not_shown,
    wrapped,
)

_HIGH = 2.6  # inches
_LONGEST = 1.3  # inches of a name


@dataclass(frozen=True)
class Cost:
    """What a method reaches and what it takes.

    Attributes:
        psnr: mean over the test scenes, in dB.
        seconds: for one image.
        parameters: trainable values; 0 for a method that is not trained.
        device: where the time was taken.
    """

    psnr: float
    seconds: float
    parameters: int
    device: str


def costs_of(cells: Sequence[Cell]) -> tuple[dict[str, Cost], dict[str, str]]:
    """Read the costs of finished cells of one data set, profile, scale and seed.

    Returns:
        A method's label to its cost; and the methods that have none, with the reason.
    """
    costs, without = {}, {}
    results = read_results(cells)
    for cell, error in zip(results.stored, results.cells["error"], strict=True):
        psnr = results.mean(cell.address.method, cell.address.scale, "psnr")
        seconds = get_nested(cell.facts, "times", "upscale_s", default=0)
        if not math.isfinite(psnr):
            without[cell.address.method] = error or "it has no finite PSNR"
        elif not seconds > 0:
            without[cell.address.method] = "its time was not recorded"
        else:
            device = plain(get_nested(cell.facts, "environment", "device", default="not recorded"))
            parameters = int(get_nested(cell.facts, "parameters", default=0))
            costs[cell.address.method] = Cost(psnr, float(seconds), parameters, device)
    return costs, without


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Give the points that no other is both left of and above, from left to right.

    Args:
        points: (cost, quality); less cost and more quality are better.
    """
    best: list[tuple[float, float]] = []
    for cost, quality in sorted(points, key=lambda point: (point[0], -point[1])):
        if not best or quality > best[-1][1]:
            best.append((cost, quality))
    return best


def cost_figure(
    costs: Mapping[str, Cost],
    roster: Roster,
    heading: Heading,
    left_out: Mapping[str, str] | None = None,
) -> Figure:
    """Draw PSNR against seconds an image and against parameters, both on logarithmic axes.

    Args:
        costs: a method's label to its cost; not empty.
        roster: names and looks of the methods.
        heading: of the data set and scale.
        left_out: methods without a cost, and why.
    """
    labels = roster.ordered(list(costs))
    devices = list(dict.fromkeys(costs[label].device for label in labels))
    where = f"Times on {devices[0]}."
    if len(devices) > 1:
        where = f"Times from DIFFERENT devices, not to be compared: {'; '.join(devices)}."
    told = (
        f"PSNR: mean over the test scenes. {where} They are of the method alone: where it wants an "
        f"up-scaled input, the engine makes that. Line: nobody is both better and cheaper than "
        f"the methods on it. {not_shown(left_out or {}, roster)}"
    )
    lines = wrapped(told, WIDTH - 0.2, SMALL)
    with drawing():
        top = heading.height()
        figure = new_figure(top + _HIGH + 0.38 + caption_height(lines))
        heading.draw(figure, "quality and cost")
        wide = (WIDTH - 0.46 - MARGIN - 0.2) / 2
        seconds = {label: costs[label].seconds for label in labels}
        axes = place(figure, 0.46, top, wide, _HIGH)
        _draw(figure, axes, seconds, costs, roster)
        axes.set_xlabel("seconds per image", labelpad=1)
        axes.set_ylabel("PSNR (dB)", labelpad=2)
        axes = place(figure, 0.46 + wide + 0.2, top, wide, _HIGH)
        least = min((cost.parameters for cost in costs.values() if cost.parameters), default=1)
        # A logarithmic axis has no zero: what learns no parameters stands left of all others.
        none = 10 ** math.floor(math.log10(least)) / 10
        sizes = {label: float(costs[label].parameters) or none for label in labels}
        _draw(figure, axes, sizes, costs, roster)
        _mark_none(axes, none)
        axes.tick_params(labelleft=False)
        axes.set_xlabel("trainable parameters", labelpad=1)
        caption(figure, lines)
    return figure


def _draw(
    figure: Figure,
    axes: Axes,
    prices: Mapping[str, float],
    costs: Mapping[str, Cost],
    roster: Roster,
) -> None:
    points = [(price, costs[label].psnr) for label, price in prices.items()]
    low, high = min(y for _, y in points), max(y for _, y in points)
    room = 0.12 * (high - low) or 1.0
    axes.set_ylim(low - room, high + room)
    least, most = min(x for x, _ in points), max(x for x, _ in points)
    stretch = max(1.6, (most / least) ** 0.14)
    axes.set_xlim(least / stretch, most * stretch)
    log_ticks(axes, "x")
    axes.yaxis.set_major_locator(MaxNLocator(7))
    axes.tick_params(pad=1.5)
    path = _steps(front(points), most * stretch)
    axes.plot(*zip(*path, strict=True), color="0.7", lw=1.0, zorder=1)
    for label, point in zip(prices, points, strict=True):
        axes.plot(*point, ms=6, **roster.look(label).point())
    names = [fitting(roster.title(label), _LONGEST, SMALL) for label in prices]
    write_names(figure, axes, points, names, path)


def _steps(corners: Sequence[tuple[float, float]], end: float) -> list[tuple[float, float]]:
    """Give the line that goes level from each point to below the next, then up, to the end."""
    path = [corners[0]]
    for before, after in pairwise(corners):
        path += [(after[0], before[1]), after]
    return [*path, (end, corners[-1][1])]


def _mark_none(axes: Axes, none: float) -> None:
    low, high = axes.get_xlim()
    decades = range(math.ceil(math.log10(none * 5)), math.floor(math.log10(high)) + 1)
    axes.set_xticks([none, *(10.0**power for power in decades)])
    axes.set_xticklabels(["none", *(short(10.0**power) for power in decades)])
    # The axis is broken between none and the first decade.
    across = axes.get_xaxis_transform()
    axes.plot(
        [none * 2.2, none * 3.4], [0, 0], color="white", lw=2, transform=across, clip_on=False
    )
    for at in (none * 2.2, none * 3.4):
        axes.plot(
            at, 0, marker=[(-0.4, -1), (0.4, 1)], ms=6, color=INK, mew=0.6,
            transform=across, clip_on=False,
        )  # fmt: skip
    axes.set_xticks([], minor=True)
    axes.set_xlim(low, high)
