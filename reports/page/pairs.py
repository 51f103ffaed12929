"""The paired tests of a section, for the page."""

from collections.abc import Mapping
from typing import Any

from reports.analysis.comparison.pairs import Comparison, Comparisons
from reports.formatting import p_value

_DIGITS = 6  # significant ones of a difference in the page


def pairs_of(comparisons: Comparisons, labels: Mapping[str, int]) -> list[dict[str, Any]]:
    """Describe every comparison; methods are indices.

    Args:
        comparisons: of a table.
        labels: the index of each method.
    """
    return [_pair(one, labels) for one in comparisons.items]


def _pair(one: Comparison, labels: Mapping[str, int]) -> dict[str, Any]:
    return {
        "baseline": one.against == "baseline",
        "metric": one.metric.name,
        "scale": one.scale,
        "method": labels[one.method],
        "other": labels[one.other],
        "mean": _short(one.mean),
        "low": _short(one.low),
        "high": _short(one.high),
        "n": one.n,
        "wins": one.wins,
        "losses": one.below if one.metric.higher else one.above,
        "seeds": list(one.seeds),
        "p": [_short(one.p), p_value(one.p)],
        "adjusted": [_short(one.adjusted), p_value(one.adjusted)],
        "decidable": one.decidable,
        "differs": one.significant,
    }


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
