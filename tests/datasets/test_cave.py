"""CAVE is fetched whole, verified, and what it is said to be."""

import hashlib
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.dataset import DATASETS
from benchmark.errors import RequestError
from datasets import cave
from datasets._layouts.cave import BANDS, SCENES
from datasets._layouts.cave_copies import Published, pixels_digest
from datasets.cave import Cave
from tests.datasets.conftest import Web
from tests.datasets.makers import (
    cave_band,
    cave_cube,
    cave_files,
    cave_folder,
    cave_zip,
    png,
)
from tests.datasets.refusals import cave_refusal

TWO = ("balloons", "watercolors")

REAL = os.environ.get("HSISR_DATA")


def test_it_is_registered_with_its_paper_split() -> None:
    made = DATASETS.make("cave")
    assert isinstance(made, Cave)
    assert made.name == "cave"
    assert not made.synthetic
    assert len(set(made.scenes)) == 32
    assert len(made.test) == 7
    assert set(made.test + made.validation) <= set(made.scenes)
    assert not set(made.test) & set(made.validation)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, web: Web) -> bytes:
    """Make two fake scenes the whole of CAVE, their hashes known, their zip on the server."""
    content = cave_zip(tmp_path / "made" / "complete_ms_data.zip", *TWO).read_bytes()
    lines = [
        f"{hashlib.sha256(data).hexdigest()}  {name}\n"
        for scene in TWO
        for name, data in cave_files(scene).items()
        if name.endswith(".png")
    ]
    hashes = tmp_path / "made" / "hashes.txt"
    hashes.write_text("".join(lines))
    monkeypatch.setattr(cave, "SCENES", TWO)
    monkeypatch.setattr(cave, "HASHES", hashes)
    monkeypatch.setattr(Cave, "urls", (f"{web.address}/gone.zip", web.put("cave.zip", content)))
    monkeypatch.setattr(Cave, "size", len(content))
    return content


def test_fetch_keeps_the_zip_and_does_nothing_the_second_time(
    tmp_path: Path, published: bytes, web: Web, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "data"
    assert Cave().fetch(root) == root / "cave"
    assert [path.name for path in (root / "cave").iterdir()] == ["complete_ms_data.zip"]
    Cave().verify(root)
    assert Cave().open(root, TWO).read("watercolors").cube.shape == (24, 20, 31)
    asked = len(web.asked)
    capsys.readouterr()
    Cave().fetch(root)
    assert len(web.asked) == asked
    assert "all 2 scenes are there" in capsys.readouterr().err


def test_fetch_refuses_a_zip_of_the_right_size_with_other_pixels(
    tmp_path: Path, published: bytes, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    cave.HASHES.write_text(cave.HASHES.read_text().replace("  balloons_ms_07", "0  balloons_ms_07"))
    with pytest.raises(
        RequestError, match=r"1 file differs from the published data.*balloons_ms_07"
    ):
        Cave().fetch(tmp_path / "data")
    assert list((tmp_path / "data" / "cave").iterdir()) == []


def test_fetch_replaces_a_damaged_zip_and_survives_a_body_cut_short(
    tmp_path: Path, published: bytes, web: Web
) -> None:
    target = tmp_path / "data" / "cave" / "complete_ms_data.zip"
    target.parent.mkdir(parents=True)
    target.write_bytes(published[:500])
    web.put("cave.zip", published, withheld=99)
    with pytest.raises(RequestError, match="could not be downloaded"):
        Cave().fetch(tmp_path / "data")
    web.put("cave.zip", published)
    Cave().fetch(tmp_path / "data")
    assert target.read_bytes() == published


def test_fetch_does_not_download_a_zip_again_that_is_whole(
    tmp_path: Path, published: bytes, web: Web
) -> None:
    """A damaged zip of one scene is no reason: the scene is complete in the other one."""
    root = tmp_path / "data"
    (root / "cave").mkdir(parents=True)
    damaged = root / "cave" / "balloons_ms.zip"
    damaged.write_bytes(published[:500])
    for _ in range(3):
        Cave().fetch(root)
    assert web.asked.count("/cave.zip") == 1
    assert damaged.stat().st_size == 500
    (said,) = Cave().unpublished(root, TWO)
    assert f"{damaged} is not a complete zip archive" in said


def test_fetch_adds_the_published_zip_to_files_that_are_not(
    tmp_path: Path, published: bytes, web: Web
) -> None:
    root = tmp_path / "data"
    cave_folder(root / "cave", *TWO)
    cave_band(root, 6).write_bytes(turned("balloons", 6))
    Cave().fetch(root)
    assert web.asked.count("/cave.zip") == 1
    assert cave_band(root, 6).read_bytes() == turned("balloons", 6)
    read = Cave().open(root, ["balloons"]).read("balloons")
    assert (read.remark, read.cube[..., 5].tobytes()) == (
        "",
        cave_cube("balloons")[..., 5].tobytes(),
    )
    Cave().fetch(root)
    assert web.asked.count("/cave.zip") == 1


def test_fetch_keeps_what_is_there_until_something_better_is(
    tmp_path: Path, published: bytes, web: Web
) -> None:
    target = cave_zip(tmp_path / "data" / "cave" / "complete_ms_data.zip", "balloons")
    partial = target.read_bytes()
    web.put("cave.zip", published[:5000] + bytes(9) + published[5009:])
    with pytest.raises(RequestError, match="could not be downloaded"):
        Cave().fetch(tmp_path / "data")
    assert target.read_bytes() == partial


def test_bands_that_were_exchanged_are_noticed_where_they_are_the_published_ones(
    tmp_path: Path, published: bytes
) -> None:
    root = tmp_path / "data"
    cave_folder(root / "cave", *TWO)
    five, six = cave_band(root, 5), cave_band(root, 6)
    first, second = five.read_bytes(), six.read_bytes()
    five.write_bytes(second)
    six.write_bytes(first)
    text = cave_refusal(root)
    assert f"{five} has the content of the published balloons_ms_06.png" in text
    assert "fetch cave" in text
    # Encoded again by another program, a band has other bytes and may have the same pixels.
    six.write_bytes(second + b"behind the end")
    five.write_bytes(first)
    np.testing.assert_array_equal(
        Cave().open(root, ["balloons"]).read("balloons").cube, cave_cube("balloons")
    )


def turned(scene: str, band: int) -> bytes:
    """Encode one band, rotated by half a turn."""
    return png(np.ascontiguousarray(np.rot90(cave_cube(scene)[..., band - 1], 2)))


def half(root: Path, scene: str) -> Path:
    """Write a copy with half the rows and columns to a folder that sorts first."""
    folder = root / "CAVE" / f"{scene}_ms"
    folder.mkdir(parents=True)
    for band in range(31):
        content = png(np.ascontiguousarray(cave_cube(scene)[::2, ::2, band]))
        (folder / f"{scene}_ms_{band + 1:02}.png").write_bytes(content)
    return folder


@pytest.mark.parametrize("where", ["folder", "zip"])
@pytest.mark.parametrize("scene", TWO)
def test_the_published_copy_is_used_wherever_it_is_and_the_other_one_is_named(
    tmp_path: Path, published: bytes, where: str, scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "data"
    small = half(root, scene)
    if where == "folder":
        cave_folder(root / "cave", scene)
    else:
        cave_zip(root / "cave" / "complete_ms_data.zip", *TWO)
    read = Cave().open(root, [scene]).read(scene)
    np.testing.assert_array_equal(read.cube, cave_cube(scene))
    assert read.remark == ""
    said = capsys.readouterr().err
    assert f"cave: {scene} is taken from {root / 'cave'}" in said
    assert f"{small} is left (12 x 10 pixels, 31 of 31 files differ)" in said
    assert Cave().unpublished(root, [scene]) == [said.strip().removeprefix("cave: ")]


@pytest.mark.parametrize("damage", [b"", b"not a PNG"])
def test_a_damaged_copy_gives_way_to_the_published_one(
    tmp_path: Path, published: bytes, damage: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "data"
    small = half(root, "balloons")
    (small / "balloons_ms_04.png").write_bytes(damage)
    cave_folder(root / "cave", "balloons")
    read = Cave().open(root, ["balloons"]).read("balloons")
    np.testing.assert_array_equal(read.cube, cave_cube("balloons"))
    assert "balloons_ms_04.png cannot be used" in capsys.readouterr().err


def test_one_rotated_band_marks_the_scene(tmp_path: Path, published: bytes) -> None:
    root = tmp_path / "data"
    cave_folder(root / "cave", *TWO)
    cave_band(root, 7).write_bytes(turned("balloons", 7))
    source = Cave().open(root, TWO)
    assert source.read("balloons").remark == "not the published data"
    assert source.read("watercolors").remark == ""
    (said,) = Cave().unpublished(root, TWO)
    assert said.startswith("balloons in ")
    assert "is not the published data, by SHA-256 (24 x 20 pixels, 1 of 31 files differ: " in said
    assert "balloons_ms_07.png)" in said


@pytest.mark.parametrize("scene", TWO)
def test_files_encoded_again_are_published_if_their_pixels_are(
    tmp_path: Path, published: bytes, scene: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The digest of the pixels is computed here by hand: band after band, little-endian."""
    root = tmp_path / "data"
    folder = root / "cave" / f"{scene}_ms"
    folder.mkdir(parents=True)
    cube = cave_cube(scene)
    for band in range(31):
        stream = io.BytesIO()
        Image.fromarray(cube[..., band]).save(stream, "PNG", compress_level=1)
        (folder / f"{scene}_ms_{band + 1:02}.png").write_bytes(stream.getvalue())
    assert Cave().open(root, [scene]).read(scene).remark == "not the published data"
    kind = "u1" if scene == "watercolors" else "<u2"
    values = np.ascontiguousarray(cube.transpose(2, 0, 1)).astype(kind).tobytes()
    pixels = tmp_path / "pixels.txt"
    pixels.write_text(f"{hashlib.sha256(values).hexdigest()}  {scene}\n")
    monkeypatch.setattr(cave, "PIXELS", pixels)
    assert Cave().open(root, [scene]).read(scene).remark == ""
    assert Cave().unpublished(root, [scene]) == []


def test_of_two_copies_that_were_not_published_the_more_similar_one_is_used_and_marked(
    tmp_path: Path, published: bytes
) -> None:
    root = tmp_path / "data"
    half(root, "balloons")
    cave_folder(root / "cave", "balloons")
    cave_band(root, 7).write_bytes(turned("balloons", 7))
    read = Cave().open(root, ["balloons"]).read("balloons")
    assert read.cube.shape == (24, 20, 31)
    assert read.remark == "not the published data"


def test_the_scenes_are_prepared_again_when_the_published_copy_is_added(
    tmp_path: Path, published: bytes
) -> None:
    root = tmp_path / "data"
    half(root, "balloons")
    before = Cave().open(root, ["balloons"]).stamp
    cave_zip(root / "cave" / "balloons_ms.zip", "balloons")
    assert Cave().open(root, ["balloons"]).stamp != before


def test_verify_names_the_files_that_differ(tmp_path: Path, published: bytes) -> None:
    cave_folder(tmp_path / "data" / "cave", *TWO)
    Cave().verify(tmp_path / "data")
    cave_band(tmp_path / "data", 6).write_bytes(png(np.zeros((24, 20), np.uint16)))
    with pytest.raises(RequestError, match=r"1 file differs .*: .*balloons_ms_06\.png"):
        Cave().verify(tmp_path / "data")


def test_the_known_hashes_are_of_every_band_of_every_scene() -> None:
    lines = cave.HASHES.read_text().splitlines()
    names = {f"{scene}_ms_{band:02}.png" for scene in SCENES for band in BANDS}
    assert {line.split()[1] for line in lines} == names
    assert len(lines) == 32 * 31
    pixels = [line.split() for line in cave.PIXELS.read_text().splitlines()]
    assert [name for _, name in pixels] == sorted(SCENES)
    assert len({digest for digest, _ in pixels if len(digest) == 64}) == 32


@pytest.mark.skipif(not REAL or not (Path(REAL) / "cave").is_dir(), reason="needs HSISR_DATA")
def test_the_real_scenes_are_what_was_published() -> None:
    real = Path(str(REAL))
    source = Cave().open(real, TWO)
    balloons, watercolors = (source.read(scene) for scene in TWO)
    assert balloons.cube.shape == watercolors.cube.shape == (512, 512, 31)
    assert balloons.cube.dtype == np.uint16
    assert 255 < balloons.cube.max() < 65535
    assert watercolors.cube.dtype == np.uint8
    assert watercolors.peak == 255.0
    assert balloons.remark == watercolors.remark == ""
    Cave().verify(real, TWO)
    known = Published.read(cave.HASHES, cave.PIXELS)
    for scene in (balloons, watercolors):  # by their pixels too, not by their files alone
        assert pixels_digest(list(scene.cube.transpose(2, 0, 1))) == known.pixels[scene.name]
