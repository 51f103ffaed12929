"""The data sets of the checkout: none fails a check, with its files or without."""

from pathlib import Path

import numpy as np
import pytest

from benchmark.dataset import DATASETS
from benchmark.execution.registries import REGISTRIES
from benchmark.plugins.discovery import discover
from benchmark.tools.conformance import Conformance

discover(REGISTRIES)
OURS = [entry.name for entry in DATASETS if not entry.cls.required]
SMALL = {"synthetic": "synthetic[rows=24,columns=20,bands=5]"}


@pytest.mark.parametrize("name", OURS)
def test_a_data_set_of_the_checkout_fails_no_check(name: str, tmp_path: Path) -> None:
    checks = Conformance(DATASETS.make(SMALL.get(name, name)), data=tmp_path / "data")
    results = {result.name: result for result in checks}
    assert [str(result) for result in results.values() if not result.good] == []
    assert results["split"].outcome == results["missing-files-refused"].outcome == "passed"
    whole = checks.obstacle is None
    assert results["scenes-valid"].outcome == ("passed" if whole else "skipped")
    assert whole or name != "synthetic"


def test_a_folder_of_own_images_fails_no_check(tmp_path: Path) -> None:
    for number, name in enumerate("abcd"):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(number).random((12, 10, 4)))
    checks = Conformance(DATASETS.make(f"folder[path={tmp_path},test=c+d,peak=1]"))
    outcomes = {result.name: result.outcome for result in checks}
    assert outcomes.pop("areas") == outcomes.pop("areas-delivered") == "skipped"
    assert set(outcomes.values()) == {"passed"}
