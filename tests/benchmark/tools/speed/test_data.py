"""Preparing a data set is measured, against the plain way where it has PNG files."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from skimage.io import imsave

from benchmark.data.split import Split
from benchmark.engine.training.profiles import Profile
from benchmark.tools.speed import accuracy, baseline_images, data
from benchmark.tools.speed.baseline_process import Apart
from tests.benchmark.support import CPU, network_method


def test_a_data_set_is_prepared_opened_and_read(tiny: Split, tmp_path: Path) -> None:
    with Apart() as apart:
        rows = data.prepare(tiny, tmp_path, CPU, apart)
    assert [row.what for row in rows] == ["prepare", "open", "read"]
    count = len(tiny.train) + len(tiny.validation) + len(tiny.test)
    assert all(f"{count} scenes" in row.of and row.value > 0 for row in rows)
    assert rows[0].plain is None  # it has no files
    assert list((tmp_path / "0").rglob("*.safetensors"))


def test_the_plain_way_keeps_images_as_float32(tmp_path: Path) -> None:
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    imsave(files[0], np.array([[0, 65535], [13107, 1]], np.uint16), check_contrast=False)
    imsave(files[1], np.array([[0, 255], [51, 1]], np.uint8), check_contrast=False)
    baseline_images.preparer(files, tmp_path / "c.h5")()
    with h5py.File(tmp_path / "c.h5") as h5:
        assert np.allclose(h5["0"][()], np.array([[0, 1], [0.2, 1 / 65535]]), atol=1e-9)
        assert np.allclose(h5["1"][()], np.array([[0, 1], [0.2, 1 / 255]]), atol=1e-7)


@pytest.mark.parametrize("reference", ["espcn", "srcnn"])
def test_fast_training_reaches_what_plain_training_reaches(tiny: Split, reference: str) -> None:
    profile = Profile("tiny", "", patches=16, patch=16, batch=4, bands=2, validations=2)
    row = accuracy.trained(network_method(reference), tiny, profile, 2, CPU)
    assert row.unit == "dB"
    assert row.plain is not None
    assert row.value == pytest.approx(row.plain, abs=1e-3)
    assert 5 < row.value < 60
