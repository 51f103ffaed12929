"""The page of all methods: their facts, what was measured of them, and what was published."""

from typing import Any

from reports.published.reader import PublishedValue
from reports.writers.method_table import method_page

NETWORK: dict[str, Any] = {
    "label": "net[maps=8]",
    "title": "Net [maps=8]",
    "year": "2020",
    "paper": "Author, 2020",
    "published": ["NET", "Net"],
    "inputs": ["low", "upscaled"],
    "bandwise": False,
    "parameters": {2: None, 4: 1_234_567},
    "operations": 6.58e9,
    "tiles": False,
}
BANDWISE = {
    **NETWORK,
    "label": "one",
    "title": "One",
    "inputs": ["upscaled"],
    "bandwise": True,
    "tiles": True,
    "published": [],
}
CLOSED = {
    **{name: NETWORK[name] for name in ("year", "paper", "inputs")},
    "label": "closed",
    "title": "Closed",
    "bandwise": False,
    "published": ["Bicubic"],
}
METHODS = [CLOSED, NETWORK, BANDWISE]
MEASURED = {
    "conditions": "Measured on a machine.",
    "methods": {
        "net[maps=8]": {
            "rate": 12.5,
            "rate_share": 0.506,
            "seconds": 7.25,
            "memory": 3 * 2**29,
            "share": None,
        }
    },
}
PROTOCOLS = [
    {
        "name": "first",
        "metrics": [
            {"name": "mpsnr", "title": "MPSNR", "main": True, "higher": True, "digits": 2},
            {"name": "psnr", "title": "PSNR", "main": True, "higher": True, "digits": 2},
        ],
    }
]


def value(protocol: str, method: str, metric: str, text: str, **others: Any) -> PublishedValue:
    facts = {"dataset": "cave", "scale": 4, "remark": "", **others}
    return PublishedValue(
        "paper", protocol, method=method, metric=metric, value=float(text), source="", text=text,
        **facts,
    )  # fmt: skip


PUBLISHED = [
    value("first", "Net", "psnr", "1.0"),
    value("first", "Net", "mpsnr", "30.10"),
    value("first", "Net", "mpsnr", "28.00", scale=8),
    value("first", "Bicubic", "mpsnr", "25.50", remark="not clipped"),
    value("first", "Other", "mpsnr", "31.00", dataset="harvard"),
    value("second", "NET", "psnr", "28.300", dataset="mdas"),
    value("second", "NET", "sam", "8.3", dataset="mdas"),
]


def rows(page: str) -> list[list[str]]:
    """Return the cells of every row of every table."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_a_row_has_the_size_and_the_cost_of_a_method() -> None:
    page = method_page(METHODS, MEASURED, PROTOCOLS, PUBLISHED)
    assert "`python run_all.py methods --table --measure`" in page
    assert "Measured on a machine." in page
    made = {row[0]: row[1:] for row in rows(page)[:4]}
    assert made["Method"][2:7] == [
        "Parameters, ×2", "Parameters, ×4", "GFLOP", "Image", "s/image"
    ]  # fmt: skip
    assert made["Net [maps=8] (`net[maps=8]`)"] == [
        "2020", "low-resolution and upscaled", "refused", "1,234,567", "6.58", "whole",
        "7.25", "1.5 GiB", "–", "12.50", "51 %", "Author, 2020",
    ]  # fmt: skip
    assert made["One (`one`)"][1] == "upscaled, band by band"
    assert made["One (`one`)"][5:11] == ["tiles", *"–––––"]
    assert made["Closed (`closed`)"][2:11] == [*"–––––––––"]


def test_without_measurements_there_are_no_columns_for_them() -> None:
    page = method_page(METHODS, None, PROTOCOLS, PUBLISHED)
    assert "--measure" not in page
    assert rows(page)[0] == [
        "Method", "Year", "Input", "Parameters, ×2", "Parameters, ×4", "GFLOP", "Image", "Paper"
    ]  # fmt: skip


def test_published_values_have_a_column_for_each_protocol_and_data_set() -> None:
    """Of the first main metric at x4; a data set without values of these methods has none."""
    headings, *methods = rows(method_page(METHODS, None, PROTOCOLS, PUBLISHED))[4:]
    assert headings == ["Method", "Published as", "first, cave: MPSNR", "second, mdas: psnr"]
    assert methods == [
        ["Closed", "Bicubic", "25.50†", "–"],
        ["Net [maps=8]", "NET, Net", "30.10", "28.300"],
    ]


def test_methods_without_a_published_value_are_named_below_the_table() -> None:
    unknown = {**NETWORK, "title": "Unknown", "published": ["UNKNOWN"]}
    page = method_page([*METHODS, unknown], None, PROTOCOLS, PUBLISHED)
    assert "Unknown" not in [row[0] for row in rows(page)[5:]]
    assert "No value at ×4 is known of Unknown." in page
    assert "is known of" not in method_page(METHODS, None, PROTOCOLS, PUBLISHED)
