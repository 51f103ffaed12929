"""Logarithmic axes whose ticks are plain numbers."""

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def short(value: float) -> str:
    """Write a number as people do: 20k, 2M, 0.05."""
    for size, unit in _UNITS:
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def plain_numbers() -> FuncFormatter:
    """Give a formatter for linear ticks: as `short`, but thousands are written out to 9999."""
    return FuncFormatter(
        lambda value, _: f"{value:g}" if abs(value) < 10_000 else short(round(value, 10))
    )


def log_ticks(axes: Axes, direction: str) -> None:
    """Make an axis logarithmic, with ticks at 1, 2 and 5 where there is room.

    Args:
        axes: whose limits may still change.
        direction: "x" or "y".
    """
    if direction == "x":
        axes.set_xscale("log")
    else:
        axes.set_yscale("log")
    axis = axes.xaxis if direction == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    wide = high > 100 * max(low, 1e-300)
    axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    axis.set_minor_locator(LogLocator(subs="auto"))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axis.set_minor_formatter(NullFormatter())
