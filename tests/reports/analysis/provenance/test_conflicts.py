"""Cells of one table that were not made alike."""

from benchmark.store.address import key_of
from benchmark.store.cells import Cell
from reports.analysis.provenance.conflicts import conflicts
from reports.analysis.provenance.table import provenance_of
from tests.reports.conftest import Make


def test_seeds_that_were_made_differently_are_named(make: Make) -> None:
    """Their mean and scatter stand in the table as if they were of one training."""
    adam, muon = {"recipe": "adam", "method": "a"}, {"recipe": "muon", "method": "b"}
    cells = [make("vdsr", scale=scale, seed=seed, depends=adam) for scale in (2, 3)
             for seed in (0, 1, 2)]  # fmt: skip
    assert not conflicts(cells)
    cells += [make("srcnn", scale=scale, depends=adam) for scale in (2, 3)]
    cells += [
        make("srcnn", scale=scale, seed=seed, depends=muon) for scale in (2, 3) for seed in (1, 2)
    ]
    cells.append(make("srcnn", scale=4, depends=muon))
    cells.append(make("srcnn", scale=4, seed=1, status="failed", depends=adam))
    (found,) = conflicts(cells)
    assert ("Conflict", found) in provenance_of(cells, "")
    assert found == (
        "seeds of srcnn at x2, x3 were made with different recipes and versions of the method: "
        "0 against 1, 2; their mean and scatter are not those of one training"
    )


def test_networks_of_one_common_recipe_must_share_it(make: Make) -> None:
    def networks(epochs: int) -> list[Cell]:
        profile = {"profile": {"name": "evening", "epochs": epochs}}
        return [
            make("srcnn", depends={"recipe": "adam"}, configuration=profile),
            make("vdsr", depends={"recipe": "adam"}, configuration=profile),
            make("proposed", depends={"recipe": "muon"}, configuration=profile),
            make("bicubic", depends={"recipe": key_of(None)}, trained=False, configuration=profile),
        ]

    (found,) = conflicts(networks(1))
    assert found == (
        "made with different recipes: proposed against srcnn, vdsr; not a fair comparison"
    )
    assert not conflicts(networks(0)), "each paper has a recipe of its own"
