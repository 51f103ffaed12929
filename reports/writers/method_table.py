"""All methods in Markdown: what each is, what it costs, and what was published of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.errors import listed
from reports.analysis.metrics import from_facts, main_of
from reports.formatting import MISSING, REMARKED, TIMES, significant
from reports.published.reader import PublishedValue
from reports.writers.markdown import markdown_table

SCALE = 4  # of the published values, as of the measurements
_GIB = 2**30
_SIZES = (f"Parameters, {TIMES}2", f"Parameters, {TIMES}4", "GFLOP", "Image")
_INPUTS = {"low": "low-resolution", "upscaled": "upscaled"}

_LEGEND = f"""\
Sizes are those of networks for 31 bands. GFLOP: one forward pass for a low-resolution image of 31
{TIMES} 32 {TIMES} 32 at {TIMES}4, two operations for each multiplication; of band-wise networks for
all bands, and with the protocol's operators of those that apply them (EUNet). Image: large ones
are estimated in overlapping tiles, which give the values of the whole; or only as a whole, because
a pixel depends on all others, or on its position.""".replace("\n", " ")
_PUBLISHED = f"""\
The first main metric of each protocol, by its rows in `reports/published`. Columns differ in split,
degradation and metric: no two of them are comparable. {REMARKED}: with a remark, which `python
run_all.py published` shows.""".replace("\n", " ")

Facts = Mapping[str, Any]


def method_page(
    methods: Sequence[Facts],
    measured: Facts | None,
    protocols: Sequence[Facts],
    published: Sequence[PublishedValue],
) -> str:
    """Write the page.

    Args:
        methods: the facts of each, in the order of the rows.
        measured: `conditions`, a paragraph on the machine; and `methods`, the figures by label;
            None if nothing was measured.
        protocols: the facts of each protocol, with its metrics.
        published: published values under any protocol.
    """
    parts = [
        "# Methods",
        f"Written by `python run_all.py methods --table{' --measure' * (measured is not None)}`.",
        _costs(methods, measured and measured["methods"]),
        _LEGEND,
        str(measured["conditions"]) if measured else "",
        f"## Published at {TIMES}{SCALE}",
        _published(methods, protocols, published),
        _PUBLISHED,
    ]
    return "\n\n".join(part for part in parts if part)


def _costs(methods: Sequence[Facts], measured: Mapping[str, Facts] | None) -> str:
    headings = ["Method", "Year", "Input", *_SIZES]
    figures = [] if measured is None else ["s/image", "Memory", "Of peak", "Patches/s", "Of peak"]
    rows = [
        [
            f"{facts['title']} (`{facts['label']}`)",
            facts["year"],
            _inputs(facts),
            *_sizes(facts),
            *(() if measured is None else _figures(measured.get(facts["label"], {}))),
            facts["paper"],
        ]
        for facts in methods
    ]
    align = ["left", "left", "left", "right", "right", "right", "left", *("right" for _ in figures)]
    return markdown_table(rows, [*headings, *figures, "Paper"], [*align, "left"])


def _inputs(facts: Facts) -> str:
    """Return the names of the input images."""
    images = " and ".join(_INPUTS.get(name, name) for name in facts["inputs"])
    return f"{images}, band by band" if facts["bandwise"] else images


def _sizes(facts: Facts) -> list[str]:
    if "parameters" not in facts:  # not a network
        return [MISSING] * 4
    operations, tiles = facts["operations"], facts["tiles"]
    return [
        *("refused" if count is None else f"{count:,}" for count in facts["parameters"].values()),
        MISSING if operations is None else significant(operations / 1e9),
        MISSING if tiles is None else "tiles" if tiles else "whole",
    ]


def _figures(measured: Facts) -> list[str]:
    def text(name: str, unit: str = "", factor: float = 1.0, digits: int | None = None) -> str:
        value = measured.get(name)
        if value is None:
            return MISSING
        number = significant(value * factor) if digits is None else f"{value * factor:.{digits}f}"
        return number + unit

    return [
        text("seconds"),
        text("memory", " GiB", 1 / _GIB, 1),
        text("share", " %", 100, 0),
        text("rate"),
        text("rate_share", " %", 100, 0),
    ]


def _published(
    methods: Sequence[Facts], protocols: Sequence[Facts], published: Sequence[PublishedValue]
) -> str:
    """Write one column for each protocol and data set that has a value of a method."""
    main = {str(one["name"]): main_of(from_facts(one["metrics"]))[0] for one in protocols}
    at_scale = [row for row in published if row.scale == SCALE]
    first: dict[str, str] = {}  # the main metric of each protocol; the first printed of others
    for row in at_scale:
        name = main[row.protocol].name if row.protocol in main else row.metric
        first.setdefault(row.protocol, name)
    values = {
        (row.protocol, row.dataset, row.method): row.text + REMARKED * bool(row.remark)
        for row in at_scale
        if row.metric == first[row.protocol]
    }
    named = [facts for facts in methods if facts["published"]]
    known = {name for facts in named for name in facts["published"]}
    columns = sorted({key[:2] for key in values if key[2] in known})
    headings = [
        f"{protocol}, {dataset}: {main[protocol].title if protocol in main else first[protocol]}"
        for protocol, dataset in columns
    ]
    rows = [
        [
            facts["title"],
            listed(facts["published"]),
            *(
                next(
                    (
                        values[*column, name]
                        for name in facts["published"]
                        if (*column, name) in values
                    ),
                    MISSING,
                )
                for column in columns
            ),
        ]
        for facts in named
    ]
    none = [row[0] for row in rows if set(row[2:]) <= {MISSING}]
    known_rows = [row for row in rows if row[0] not in none]
    made = markdown_table(known_rows, ["Method", "Published as", *headings], ["left", "left"])
    if not none:
        return made
    return f"{made}\n\nNo value at {TIMES}{SCALE} is known of {listed(none, len(none))}."
