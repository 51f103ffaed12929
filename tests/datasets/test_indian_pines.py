"""Indian Pines is the known image, divided by area, and degrades as it should."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.errors import RequestError
from benchmark.plugins.discovery import discover
from benchmark.protocol import PROTOCOLS
from datasets import indian_pines
from datasets.indian_pines import IndianPines

# PSNR in dB and SAM in degrees of the whole image, divided by its maximum and cropped to 144 x 144.
BICUBIC = {2: (37.84, 1.70), 4: (34.35, 2.41)}


def whole() -> np.ndarray:
    """Read the whole image in [0, 1], cropped to a multiple of every scale."""
    scene = indian_pines.read(indian_pines.find(Path("nowhere")))
    return (scene.cube / np.float32(scene.peak)).astype(np.float32)[:144, :144]


def scores(estimate: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Compute PSNR over the cube and the mean spectral angle, in double precision."""
    estimate, truth = estimate.astype(float), truth.astype(float)
    psnr = -10 * np.log10(((estimate - truth) ** 2).mean())
    lengths = np.linalg.norm(estimate, axis=-1) * np.linalg.norm(truth, axis=-1)
    cosine = np.clip((estimate * truth).sum(-1) / lengths, -1, 1)
    return float(psnr), float(np.degrees(np.arccos(cosine)).mean())


def pillow(cube: np.ndarray, size: int) -> np.ndarray:
    """Resize every band by Pillow's bicubic, which is antialiased."""
    bands = (Image.fromarray(np.ascontiguousarray(band)) for band in np.moveaxis(cube, -1, 0))
    resized = [np.asarray(band.resize((size, size), Image.Resampling.BICUBIC)) for band in bands]
    return np.stack(resized, axis=-1)


@pytest.mark.parametrize("scale", BICUBIC)
def test_bicubic_of_the_whole_image_has_the_known_scores(scale: int) -> None:
    truth = whole()
    oracle = pillow(pillow(truth, 144 // scale), 144)
    psnr, sam = scores(oracle, truth)
    assert (round(psnr, 2), round(sam, 2)) == BICUBIC[scale]
    discover([PROTOCOLS])
    degradation = PROTOCOLS.make("jiang2020").degradation(scale)
    low = degradation.low(torch.from_numpy(truth).permute(2, 0, 1))
    estimate = degradation.upscale(low, (144, 144)).permute(1, 2, 0).numpy()
    # They treat the border differently, and nothing else.
    inner = slice(4 * scale, -4 * scale)
    np.testing.assert_allclose(estimate[inner, inner], oracle[inner, inner], atol=2e-5)
    assert scores(estimate, truth) == pytest.approx((psnr, sam), abs=0.03)


def test_indian_pines_is_the_known_image() -> None:
    source = IndianPines().open(Path("nowhere"), IndianPines().scenes)
    scenes = {name: source.read(name) for name in IndianPines().scenes}
    assert {scene.peak for scene in scenes.values()} == {9604.0}
    assert {scene.cube.shape for name, scene in scenes.items() if name in IndianPines().test} == {
        (48, 48, 200)
    }
    assert scenes["training"].cube.shape == (89, 96, 200)
    assert min(int(scene.cube.min()) for scene in scenes.values()) >= 955


def test_areas_of_indian_pines_for_other_purposes_are_apart() -> None:
    areas, test = IndianPines().areas, IndianPines().test
    for name in ("training", "validation"):
        assert all(areas[one].rows.start - areas[name].rows.stop == 8 for one in test)
    assert areas["validation"].columns.start - areas["training"].columns.stop == 8


def test_indian_pines_is_found_in_the_data_folder_first_and_verified(tmp_path: Path) -> None:
    file = tmp_path / "indian_pines" / "Indian_pines_corrected.npy"
    file.parent.mkdir()
    np.save(file, np.ones((145, 145, 200), np.uint16))
    source = IndianPines().open(tmp_path, ["test1"])
    with pytest.raises(RequestError, match="is not the known file: expected SHA-256 8f038e4d"):
        source.read("test1")


def test_without_the_package_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indian_pines, "PACKAGE", "no_such_package")
    with pytest.raises(RequestError, match=r"install it with: pip install tensorly==0\.10\.0"):
        IndianPines().open(tmp_path, ["test1"])
