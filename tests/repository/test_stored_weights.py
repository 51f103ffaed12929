"""The weights that are kept in docs/results: small, and those of the cells beside them."""

from benchmark import CHECKOUT
from benchmark.store.cells import WEIGHTS, cells, damaged

RESULTS = CHECKOUT / "docs" / "results"
LARGEST = 30_000_000  # bytes of all together: they are part of every clone


def test_every_stored_cell_is_as_it_was_written() -> None:
    """Scores and weights match the checksums in `cell.json`."""
    assert damaged(RESULTS) == []
    assert len(list(cells(RESULTS))) > 100


def test_the_weights_are_small() -> None:
    sizes = {str(file.parent): file.stat().st_size for file in RESULTS.rglob(WEIGHTS)}
    assert sum(sizes.values()) <= LARGEST, sizes
