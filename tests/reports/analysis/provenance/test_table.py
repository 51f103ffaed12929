"""The head of a table: what its cells have in common."""

from reports.analysis.provenance.table import provenance_of
from tests.reports.conftest import Make


def test_a_profile_is_described_as_trained_networks_had_it(make: Make) -> None:
    """A closed form may have been stored when the profile was another."""
    former = {"profile": {"name": "quick", "summary": "as it was"}}
    cells = [
        make("bicubic", profile="quick", trained=False, configuration=former),
        make("srcnn", profile="quick"),
    ]
    assert dict(provenance_of(cells, ""))["Profile"].endswith("the summary of quick")
    assert dict(provenance_of(cells[:1], ""))["Profile"].endswith("as it was")
