"""A page of 14 methods, four protocols and three seeds: its size, its short list, its layout."""

from pathlib import Path

import pytest

from benchmark.store.cells import cells
from reports.page import Page, write_page
from tests.reports.conftest import Make
from tests.reports.page.browser import Tab
from tests.reports.page.conftest import shown_of
from tests.reports.page.in_browser.support import rows, text
from tests.reports.page.many import SCENES, TRAINED, fill_many, operations


@pytest.fixture(scope="module")
def pages() -> list[Page]:
    """Return a list that holds the one page of all tests."""
    return []


@pytest.fixture
def many(make: Make, tmp_path: Path, pages: list[Page]) -> Page:
    """Return a written page, shared by all tests."""
    if not pages:
        fill_many(make)
        stored = list(cells(tmp_path))
        first = [one for one in stored if one.address.seed == 0]
        shown = shown_of(first, SCENES[:1])
        pages.append(write_page(tmp_path, stored, shown, operations=operations()))
    return pages[0]


def test_numbers_take_little_of_the_limit(many: Page) -> None:
    assert many.size < 4_000_000
    assert many.window == 24


def test_a_short_list_is_shown_and_the_rest_is_found(many: Page, tab: Tab) -> None:
    tab.size(1400)
    tab.open(many.path)
    protocols = "[...document.querySelector('#choice-protocol').options].map((one) => one.value)"
    assert tab.run(protocols) == ["jiang2020", "li2020", "liu2023", "wang2017"]
    assert tab.run("document.querySelector('#choice select').id") == "choice-protocol"
    measured = [one for one in rows(tab) if one in (*TRAINED, "Bicubic", "Total variation")]
    assert len(measured) == 8
    assert {"Bicubic", "MSDformer"} <= set(measured)  # the baseline and the best
    assert "GDRRN" not in measured
    tab.type("#comparison-filter", "gdrrn")
    assert rows(tab) == ["GDRRN"]
    tab.choose("#comparison-filter", "")
    tab.click("#comparison-all")
    assert set(TRAINED) < set(rows(tab))
    assert tab.run("document.querySelectorAll('#cost-operations circle.dot').length") == 12
    assert tab.run("document.activeElement.id") == "comparison-all"
    tab.click("#methods summary")
    tab.click("#methods-none")
    tab.type("#methods-filter", "net")
    shown = "[...document.querySelectorAll('#methods .tick')].filter((one) => !one.hidden).length"
    assert tab.run(shown) == 2  # MCNet, EUNet
    tab.click("#methods .tick:not([hidden]) input")
    assert tab.run("document.querySelector('#methods summary').textContent").startswith(
        "Methods: 1 of 14"
    )
    tab.choose("#choice-protocol", "wang2017")
    assert text(tab, "#methods summary") == "Methods: 8 of 14 shown"
    assert tab.complaints() == []


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("protocol", ["li2020", "wang2017"])
def test_nothing_is_wider_than_the_page(many: Page, tab: Tab, width: int, protocol: str) -> None:
    tab.size(width)
    tab.open(many.path)
    tab.choose("#choice-protocol", protocol)
    tab.click("#methods summary")
    element = "document.documentElement"
    assert tab.run(f"{element}.scrollWidth") <= tab.run(f"{element}.clientWidth")
    if width == 1400:  # on a large screen, no table of the short list has to be scrolled
        wide = "[...document.querySelectorAll('main .scroller')].filter((one) =>"
        wide += " one.checkVisibility() && one.scrollWidth > one.clientWidth)"
        wide += ".map((one) => one.ariaLabel)"
        assert tab.run(wide) == []


def test_long_tables_begin_short(many: Page, tab: Tab) -> None:
    tab.open(many.path)
    tab.choose("#choice-protocol", "wang2017")
    assert len(rows(tab, "#cells-table")) == 30
    tab.click("#cells .rest button")
    assert len(rows(tab, "#cells-table")) == 3 * (12 * 3 + 2)
