"""Quality and cost: a metric against the time per image, and against the number of parameters."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from benchmark.errors import counted
from benchmark.store.cells import Cell
from reports.analysis.metrics import Metric
from reports.analysis.results import read_results, rows_of
from reports.figures.drawing.context import FigureContext
from reports.figures.drawing.labels import place_names
from reports.figures.drawing.style import (
    SMALL,
    MethodStyles,
    drawing,
    set_log_scale,
    short_numbers,
)
from reports.figures.drawing.text import not_shown, shortened

_HEIGHT = 2.95  # inches
_ROOM = 0.12  # of the range of the quality, above and below the points
_LONGEST = 1.3  # inches of a name


@dataclass(frozen=True)
class Cost:
    """Quality and cost of one method.

    Attributes:
        quality: mean over the test scenes of the table's first metric.
        seconds: per image.
        parameters: number of learned values; 0 for a method that learns nothing.
        machine: where the time was measured.
    """

    quality: float
    seconds: float
    parameters: int
    machine: str


def costs_of(cells: Sequence[Cell]) -> tuple[dict[str, Cost], dict[str, str], Metric]:
    """Read the costs of finished cells of one data set, protocol, profile, scale and seed.

    Returns:
        A method's label to its cost; the methods that have none, with the reason; and the metric
        of the quality: the first one of the protocol's main table.
    """
    costs, without = {}, {}
    results = read_results(cells)
    metric = results.metrics[0]
    for one in rows_of(results.cells):
        quality = results.mean(one.method, one.scale, metric.name)
        known, scored = results.scored_scenes(one.method, one.scale, metric.name)
        if not math.isfinite(quality):
            without[one.method] = one.error or f"it has no finite {metric.title}"
        elif known < scored:
            without[one.method] = f"it has {metric.title} of {known} of {counted(scored, 'scene')}"
        elif not one.upscale_s > 0:
            without[one.method] = "its time was not recorded"
        else:
            machine = results.machines.names[one.machine]
            parameters = 0 if math.isnan(one.parameters) else int(one.parameters)
            costs[one.method] = Cost(quality, one.upscale_s, parameters, machine)
    return costs, without, metric


def front(
    points: Sequence[tuple[float, float]], *, higher: bool = True
) -> list[tuple[float, float]]:
    """Return the Pareto front, sorted: the points that no other point dominates.

    Args:
        points: (cost, quality); less cost is better.
        higher: whether more quality is better.
    """
    sign = 1 if higher else -1
    best: list[tuple[float, float]] = []
    for cost, quality in sorted(points, key=lambda point: (point[0], -sign * point[1])):
        if not best or sign * quality > sign * best[-1][1]:
            best.append((cost, quality))
    return best


@drawing()
def cost_figure(
    costs: Mapping[str, Cost],
    metric: Metric,
    context: FigureContext,
    left_out: Mapping[str, str] | None = None,
    seconds: str = "",
) -> Figure:
    """Draw the quality against seconds per image and against parameters, both on logarithmic axes.

    Seconds are of one machine, that of most methods, the first one of a tie.

    Args:
        costs: a method's label to its cost; not empty.
        metric: of the quality.
        context: heading and styles.
        left_out: methods without a cost, and why.
        seconds: what limits the comparison of seconds, as a sentence; empty for nothing.
    """
    styles = context.styles
    labels = styles.ordered(list(costs))
    counts = Counter(cost.machine for cost in costs.values())
    main = max(counts, key=counts.__getitem__)
    timed = [label for label in labels if costs[label].machine == main]
    where = f"Times on {main}."
    if others := [label for label in labels if label not in timed]:
        named = (f"{styles.title(label)} ({costs[label].machine})" for label in others)
        where += f" Without the times of other machines, not comparable: {'; '.join(named)}."
    caption = (
        f"{metric.title}: mean over the test scenes. {where} A time is that of the method alone: "
        f"where it needs an upscaled input, the engine computes that. {seconds} Line: no method is "
        f"both better and cheaper than those on it. {not_shown(left_out or {}, styles)}"
    )
    figure = context.new_figure(["quality and cost"], caption, _HEIGHT)
    left, right = figure.subplots(1, 2, sharey=True)
    quality = [costs[label].quality for label in labels]
    room = _ROOM * (max(quality) - min(quality)) or 1.0
    left.set_ylim(min(quality) - room, max(quality) + room)
    left.set_ylabel(f"{metric.title} ({metric.unit})" if metric.unit else metric.title)
    left.set_xlabel("seconds per image")
    _limit(left, [costs[label].seconds for label in timed])
    set_log_scale(left, "x", EngFormatter("s"))
    right.set_xlabel("learned parameters")
    _limit_from_zero(right, [costs[label].parameters for label in labels])
    left.yaxis.set_major_locator(MaxNLocator(7))
    names = {label: shortened(styles.title(label), _LONGEST, SMALL) for label in labels}
    times = [(costs[label].seconds, costs[label].quality) for label in timed]
    parameters = [(float(costs[label].parameters), costs[label].quality) for label in labels]
    higher = bool(metric.higher)
    lines = [
        _draw(left, times, timed, styles, higher=higher),
        _draw(right, parameters, labels, styles, higher=higher),
    ]
    figure.draw_without_rendering()  # names are placed within the final layout
    place_names(left, times, [names[label] for label in timed], lines[0])
    place_names(right, parameters, [names[label] for label in labels], lines[1])
    return figure


def _limit(axes: Axes, prices: Sequence[float]) -> None:
    low, high = min(prices), max(prices)
    stretch = max(1.6, (high / low) ** 0.14)
    axes.set_xlim(low / stretch, high * stretch)


def _limit_from_zero(axes: Axes, prices: Sequence[int]) -> None:
    """Make the axis logarithmic, with a linear part at zero for methods without parameters."""
    least = min((price for price in prices if price), default=1)
    start = 10 ** math.floor(math.log10(least))
    axes.set_xscale("symlog", linthresh=start, linscale=0.7)
    decades = range(math.ceil(math.log10(max(*prices, start))) + 1)
    axes.set_xticks([0, *(10**power for power in decades if 10**power >= start)])
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter(short_numbers())
    axes.set_xlim(-0.6 * start if 0 in prices else start / 2, 3 * max(*prices, start))


def _draw(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    labels: Sequence[str],
    styles: MethodStyles,
    *,
    higher: bool,
) -> list[tuple[float, float]]:
    """Draw the methods as points, and the front; return its corners."""
    best = front(points, higher=higher)
    best.append((axes.get_xlim()[1], best[-1][1]))
    axes.step(*zip(*best, strict=True), where="post", color="0.7", lw=1.0, zorder=1)
    for label, point in zip(labels, points, strict=True):
        axes.plot(*point, ms=6, **styles.style(label).plot())
    return best
