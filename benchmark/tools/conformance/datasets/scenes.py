"""Checks of the scenes that a data set reads."""

from benchmark.data.checks import check_together
from benchmark.errors import RequestError, counted
from benchmark.tools.conformance.check import (
    Check,
    CheckFailedError,
    NotApplicableError,
    require,
)
from benchmark.tools.conformance.datasets.harness import DataSetHarness


def scenes_valid(harness: DataSetHarness) -> None:
    """Every scene is as `Scene` describes it.

    As many wavelengths as bands, or none; finite values from 0 to the peak; an image.
    """
    problems = [one for one in harness.readings.values() if isinstance(one, str)]
    more = f" (and {counted(len(problems) - 1, 'more scene')})" if len(problems) > 1 else ""
    require(not problems, f"{problems[0] if problems else ''}{more}")


def scenes_together(harness: DataSetHarness) -> None:
    """All scenes have the same bands and wavelengths, and no two the same pixels."""
    try:
        check_together([one.delivered for one in harness.valid.values()])
    except RequestError as error:
        raise CheckFailedError(str(error)) from error


def areas_delivered(harness: DataSetHarness) -> None:
    """The scenes have the rows and columns of their areas."""
    areas = harness.plugin.areas
    if not areas:
        raise NotApplicableError("its scenes are whole images")
    for name, one in harness.valid.items():
        found, expected = one.delivered.shape[:2], areas[name].shape
        require(found == expected, f"{name} has {found} pixels, its area {expected}")


def reading_reproducible(harness: DataSetHarness) -> None:
    """Reading again, from files opened again and in another order, gives the same bits."""
    source = harness.source()
    for name, before in reversed(harness.valid.items()):
        again = harness.read(source, name)
        require(again.digest == before.digest, f"reading {name} again gives another scene")


CHECKS: dict[str, Check] = {
    "scenes-valid": scenes_valid,
    "scenes-together": scenes_together,
    "areas-delivered": areas_delivered,
    "reading-reproducible": reading_reproducible,
}
