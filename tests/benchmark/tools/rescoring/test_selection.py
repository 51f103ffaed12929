"""Cells chosen by their addresses."""

from pathlib import Path

import pytest

from benchmark.errors import RequestError
from benchmark.store.address import Address
from benchmark.store.cells import Cell
from benchmark.tools.rescoring import chosen
from tests.benchmark.support import network_method

assert network_method("srcnn")  # the plugins of the checkout are known

PLACES = [
    Address("cave", "li2020", "quick", 2, "bicubic", 0),
    Address("cave", "wang2017", "paper", 2, "srcnn", 0),
    Address("cave+face", "wang2017", "quick", 2, "wiener[joint=true]", 0),
    Address("harvard", "wang2017", "quick", 4, "gone", 1),
]
CELLS = [Cell(place, Path(), {}) for place in PLACES]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({}, [0, 1, 2, 3]),
        ({"datasets": ["cave"]}, [0, 1]),
        ({"datasets": ["cave+face", "harvard"]}, [2, 3]),
        ({"protocols": ["wang2017"], "profiles": ["quick"]}, [2, 3]),
        ({"methods": ["wiener[joint=yes]", "gone"]}, [2, 3]),
        ({"methods": ["bicubic"], "protocols": ["wang2017"]}, []),
    ],
)
def test_cells_are_chosen_by_all_filters(filters: dict[str, list[str]], numbers: list[int]) -> None:
    found = chosen(CELLS, **filters)
    assert [PLACES.index(cell.address) for cell in found] == numbers


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"datasets": ["cav"]}, "no results of dataset cav; there are results of cave, cave+face"),
        ({"methods": ["vdsr"]}, "no results of method vdsr; there are results of bicubic, srcnn"),
        ({"protocols": ["liu2023"]}, "no results of protocol liu2023; there are results of li2020"),
    ],
)
def test_a_filter_without_results_is_refused(filters: dict[str, list[str]], message: str) -> None:
    with pytest.raises(RequestError, match=message.replace("+", r"\+")):
        chosen(CELLS, **filters)
