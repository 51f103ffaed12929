"""What a run with stored weights says: the cells left out, and whether scores agree."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmark.console import print_line

if TYPE_CHECKING:
    from benchmark.execution.runner import Outcome


def facts_of(outcomes: Sequence["Outcome"]) -> dict[str, Any]:
    """Return the outcomes of a run with stored weights as plain values."""
    return {
        "left_out": {name: why for one in outcomes for name, why in one.left_out.items()},
        "differences": {
            found.cell: [str(one) for one in found.differences]
            for outcome in outcomes
            for found in outcome.agreements
        },
    }


def report_pretrained(outcomes: Sequence["Outcome"]) -> bool:
    """Print on standard error what a run with stored weights found; return whether it falls short.

    It does where a cell is left out for want of weights, or scores differ by more than a table
    shows.
    """
    from benchmark.execution.computation.pretrained import summary_of

    agreements = [found for one in outcomes for found in one.agreements]
    left_out = facts_of(outcomes)["left_out"]
    if agreements:
        print_line(summary_of(agreements), err=True)
    for name, why in left_out.items():
        print_line(f"left out: {name}: {why}; train it without --pretrained", err=True)
    beyond = [(found.cell, one) for found in agreements for one in found.beyond]
    for name, one in beyond:
        print_line(f"other scores: {name}: {one}", err=True)
    return bool(left_out or beyond)
