"""Checks of what a data set says of itself: its description, its split, its areas."""

from collections import Counter
from collections.abc import Mapping
from itertools import combinations

from benchmark.data.checks import check_names
from benchmark.dataset import Area
from benchmark.errors import RequestError, listed
from benchmark.tools.conformance import plugin
from benchmark.tools.conformance.check import Check, CheckFailedError, NotApplicableError, require
from benchmark.tools.conformance.datasets.harness import DataSetHarness


def described(harness: DataSetHarness) -> None:
    """The class has a docstring and a title, and its remark is one line or empty."""
    plugin.require_described(harness)
    plugin.require_line(harness.plugin.title, "its title")
    if harness.plugin.remark:
        plugin.require_line(harness.plugin.remark, "its remark")


def split(harness: DataSetHarness) -> None:
    """Names are unique and usable; test and validation scenes exist and have one role each."""
    try:
        check_names(harness.plugin, harness.label)
    except RequestError as error:
        raise CheckFailedError(str(error)) from error


def areas(harness: DataSetHarness) -> None:
    """Areas of one image lie inside it, do not overlap, and are declared as not independent."""
    found = harness.plugin.areas
    if not found:
        raise NotApplicableError("its scenes are whole images")
    names = harness.plugin.scenes
    other = sorted(set(names) ^ set(found))
    require(not other, f"expected an area of every scene and of no other, found {listed(other)}")
    for name, area in found.items():
        _require_area(name, area)
    for (one, first), (two, second) in combinations(found.items(), 2):
        require(
            not first.overlaps(second),
            f"the areas of {one} ({first}) and {two} ({second}) overlap",
        )
    _require_declared(found, independent=harness.plugin.independent)


def _require_area(name: str, area: Area) -> None:
    require(isinstance(area, Area), f"the area of {name} is {area!r:.60}, expected an Area")
    for what, part in (("rows", area.rows), ("columns", area.columns)):
        usable = part.step == 1 and part.start >= 0 and len(part) > 0
        require(usable, f"the {what} of {name} are {part}, expected a range from 0 in steps of 1")


def _require_declared(areas: Mapping[str, Area], *, independent: bool) -> None:
    image, count = Counter(area.image for area in areas.values()).most_common(1)[0]
    text = f"{count} scenes are areas of {f'the image {image}' if image else 'one image'}"
    require(count == 1 or not independent, f"{text}; declare `independent = False`")


CHECKS: dict[str, Check] = {
    "described": described,
    **plugin.CHECKS,
    "split": split,
    "areas": areas,
}
