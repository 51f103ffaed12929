"""One table of all protocols: Bicubic, closed forms, the best network here, the best published."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.store.cells import cells
from reports.writers.protocol_list import bicubic_row
from reports.writers.protocol_table import protocol_table
from tests.reports.conftest import Make
from tests.reports.writers.test_protocol_list import facts, store

__all__ = ["facts"]  # a fixture


def parts(facts: Mapping[str, Any], folder: Path) -> dict[str, list[str]]:
    """Return the parts of the table's rows of jiang2020, by heading, x4 and x8."""
    stored = {"results": list(cells(folder))}
    table = protocol_table([(facts, bicubic_row(facts, "cave", stored))], "cave", stored)
    head, _, *rows = (
        [part.strip() for part in line.strip("|").split("|")] for line in table.splitlines()
    )
    return {name: [row[column] for row in rows] for column, name in enumerate(head)}


def test_a_protocol_without_results_shows_what_is_printed(
    facts: Mapping[str, Any], tmp_path: Path
) -> None:
    shown = parts(facts, tmp_path)
    assert shown["Bicubic, printed"] == ["34.7214", "30.2056"]
    assert shown["Bicubic, measured"] == shown["Best network, measured"] == ["–", "–"]
    assert shown["Best published"] == ["39.0892 (SSPSR)", "33.4340 (SSPSR)"]


def test_methods_without_training_have_a_column_each(
    make: Make, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    store(make, facts, "bicubic[clip=false]", 34.72138, trained=False, published="Bicubic")
    store(make, facts, "wiener", 35.726, trained=False, title="Wiener")
    shown = parts(facts, tmp_path)
    assert shown["Bicubic, measured"] == ["34.7214", "–"]
    assert shown["Wiener"] == ["35.73", "–"]
    assert shown["Best network, measured"] == ["–", "–"]


def test_the_best_network_is_that_of_the_longest_trainings(
    make: Make, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    def train(method: str, psnr: float, profile: str, patches: int, **more: Any) -> None:
        configuration = {"profile": {"name": profile, "patches": patches}}
        training = {"steps": 1500, "epochs": 1.0, "batch": 8, "share": 1.0}
        store(make, facts, method, psnr, profile=profile, configuration=configuration,
              training=training, title=method.upper(), **more)  # fmt: skip

    train("edsr", 37.0, "evening", 12_000)
    train("edsr", 36.0, "overnight", 60_000)  # what counts, though it is worse
    train("eunet", 36.5, "evening", 12_000)
    train("eunet", 36.75, "evening", 12_000, seed=1)
    train("srcnn", 39.0, "overnight", 60_000, status="failed", reason="no")
    assert parts(facts, tmp_path)["Best network, measured"] == ["36.62 (EUNET, `evening`)", "–"]
