"""CAVE is found however it was unpacked, read exactly, and refused with one clear line."""

import hashlib
import io
import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.dataset import DATASETS
from benchmark.errors import RequestError
from datasets import cave
from datasets.cave import Cave
from tests.datasets.conftest import Web
from tests.datasets.makers import (
    cave_cube,
    cave_files,
    cave_folder,
    cave_zip,
    linked_zip,
    png,
    zipped,
)

TWO = ("balloons", "watercolors")
REAL = os.environ.get("HSISR_DATA")
LAYOUTS: dict[str, Callable[[Path], object]] = {
    "as unpacked": lambda root: cave_folder(root / "cave", *TWO),
    "one folder a scene": lambda root: cave_folder(root / "cave", *TWO, doubled=False),
    "top folder": lambda root: cave_folder(root / "cave" / "complete_ms_data", *TWO),
    "other top folder": lambda root: cave_folder(root / "cave" / "CAVE", *TWO),
    "no cave folder": lambda root: cave_folder(root / "complete_ms_data", *TWO),
    "the root itself": lambda root: cave_folder(root, *TWO),
    "official zip": lambda root: cave_zip(root / "cave" / "complete_ms_data.zip", *TWO),
    "official zip in the root": lambda root: cave_zip(root / "complete_ms_data.zip", *TWO),
    "zips": lambda root: [cave_zip(root / "cave" / f"{one}_ms.zip", one) for one in TWO],
    "zip and folder": lambda root: (
        cave_folder(root / "cave", TWO[0]),
        cave_zip(root / f"{TWO[1]}_ms.zip", TWO[1]),
    ),
}


def refusal(root: Path, *scenes: str) -> str:
    """Open and read the scenes; gives the one line that it ends with."""
    with pytest.raises(RequestError) as caught:
        source = Cave().open(root, scenes or ("balloons",))
        for scene in scenes or ("balloons",):
            source.read(scene)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def band_of(root: Path, band: int, scene: str = "balloons") -> Path:
    """Give the path of one band in the layout of `cave_folder`."""
    return root / "cave" / f"{scene}_ms" / f"{scene}_ms" / f"{scene}_ms_{band:02}.png"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with the two scenes, as unpacked."""
    cave_folder(tmp_path / "cave", *TWO)
    return tmp_path


def test_it_is_registered_with_its_paper_split() -> None:
    made = DATASETS.make("cave")
    assert isinstance(made, Cave) and made.name == "cave" and not made.synthetic
    assert len(set(made.scenes)) == 32 and len(made.test) == 7
    assert set(made.test + made.validation) <= set(made.scenes)
    assert not set(made.test) & set(made.validation)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_scenes(tmp_path: Path, layout: str) -> None:
    LAYOUTS[layout](tmp_path)
    source = Cave().open(tmp_path, TWO)
    for scene, peak in zip(TWO, (65535.0, 255.0), strict=True):
        read = source.read(scene)
        assert read.name == scene and read.peak == peak
        assert read.cube.dtype == cave_cube(scene).dtype
        np.testing.assert_array_equal(read.cube, cave_cube(scene))
        assert read.wavelengths == tuple(range(400, 701, 10))


def test_only_the_scenes_asked_for_need_be_there(root: Path) -> None:
    shutil.rmtree(root / "cave" / "watercolors_ms")
    assert Cave().open(root, ["balloons"]).read("balloons").cube.shape == (24, 20, 31)


def test_missing_scenes_and_bands_and_empty_folders_are_named(root: Path) -> None:
    band_of(root, 3).unlink()
    band_of(root, 4).unlink()
    (root / "cave" / "beads_ms").mkdir()
    text = refusal(root, "balloons", "beads", "cd", "watercolors")
    assert "expected 4 scenes of 31 bands, but 3 of them" in text
    assert "no files of cd;" in text
    assert "balloons lacks band 03, 04 (in " in text
    assert "the folder of beads holds no beads_ms_NN.png" in text
    assert f"Looked in {root}" in text and Cave.home in text and "--scenes" in text
    assert f"python run_all.py fetch cave --data {root}" in text


def test_a_root_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "nowhere, which is no folder" in refusal(tmp_path / "nowhere")


def test_an_incomplete_folder_gives_way_to_a_complete_zip(root: Path) -> None:
    band_of(root, 31).unlink()
    cave_zip(root / "cave" / "complete_ms_data.zip", "balloons")
    read = Cave().open(root, ["balloons"]).read("balloons")
    np.testing.assert_array_equal(read.cube, cave_cube("balloons"))


def test_a_zip_without_a_band_names_it(tmp_path: Path) -> None:
    files = cave_files("balloons")
    del files["balloons_ms_17.png"]
    zipped(tmp_path / "cave" / "balloons_ms.zip", files)
    text = refusal(tmp_path)
    assert "balloons lacks band 17 (in " in text and "balloons_ms.zip" in text


def test_the_stamp_changes_with_the_files_and_not_with_strays(root: Path) -> None:
    first = Cave().open(root, TWO).stamp
    (root / "cave" / "balloons_ms" / "notes.txt").write_text("mine")
    assert Cave().open(root, TWO).stamp == first
    os.utime(band_of(root, 9), (5, 5))
    assert Cave().open(root, TWO).stamp != first
    assert Cave().open(root, TWO[1:]).stamp != first


def test_the_stamp_of_a_zip_is_that_of_the_zip(tmp_path: Path) -> None:
    archive = cave_zip(tmp_path / "cave" / "complete_ms_data.zip", *TWO)
    first = Cave().open(tmp_path, TWO).stamp
    os.utime(archive, (5, 5))
    assert Cave().open(tmp_path, TWO).stamp != first


def _flip(content: bytes) -> bytes:
    place = content.index(b"IDAT") + 40
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def _short_data(content: bytes) -> bytes:
    """Keep every chunk whole, but let the pixels end early."""
    place = content.index(b"IDAT")
    length = int.from_bytes(content[place - 4 : place], "big")
    data = b"IDAT" + content[place + 4 : place + 4 + length // 2]
    chunk = (len(data) - 4).to_bytes(4, "big") + data + zlib.crc32(data).to_bytes(4, "big")
    return content[: place - 4] + chunk + content[place + 8 + length :]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda content: content[:-200], "cut short"),
        (lambda content: content[:30], "cut short"),
        (lambda content: b"", "an empty file"),
        (lambda content: b"<html></html>", "not a PNG file"),
        (_flip, "a checksum does not agree"),
        (_short_data, "cannot be used"),
    ],
)
@pytest.mark.parametrize("where", ["folder", "zip"])
def test_a_damaged_band_is_named_with_its_remedy(
    tmp_path: Path, damage: Callable[[bytes], bytes], says: str, where: str
) -> None:
    files = cave_files("balloons")
    files["balloons_ms_05.png"] = damage(files["balloons_ms_05.png"])
    if where == "zip":
        zipped(tmp_path / "cave" / "balloons_ms.zip", files)
    else:
        (tmp_path / "cave" / "balloons_ms").mkdir(parents=True)
        for name, content in files.items():
            (tmp_path / "cave" / "balloons_ms" / name).write_bytes(content)
    text = refusal(tmp_path)
    assert "balloons_ms_05.png cannot be used: " in text and says in text
    assert f"delete it and run 'python run_all.py fetch cave --data {tmp_path}'" in text


def _saved(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("scene", "content", "says"),
    [
        ("balloons", png(np.zeros((24, 20), np.uint8)), "16-bit grey PNG, found 8-bit RGBA"),
        ("balloons", _saved(Image.new("L", (20, 24))), "16-bit grey PNG, found 8-bit grey"),
        ("balloons", _saved(Image.new("P", (20, 24))), "palette"),
        ("balloons", _saved(Image.new("1", (20, 24))), "found 1-bit grey"),
        ("watercolors", png(np.zeros((24, 20), np.uint16)), "8-bit RGBA PNG, found 16-bit grey"),
        ("watercolors", _saved(Image.new("RGB", (20, 24))), "8-bit RGBA PNG, found 8-bit RGB"),
        ("watercolors", _saved(Image.new("RGBA", (20, 24), (1, 2, 1, 255))), "R = G = B"),
        ("watercolors", _saved(Image.new("RGBA", (20, 24), (1, 1, 1, 254))), "alpha 255"),
        ("balloons", png(np.zeros((20, 24), np.uint16)), "has 20 x 24 pixels but"),
        ("balloons", png(np.zeros((24, 21), np.uint16)), "bands of a scene have one size"),
    ],
)
def test_a_band_of_another_kind_or_size_is_refused(
    root: Path, scene: str, content: bytes, says: str
) -> None:
    band_of(root, 8, scene).write_bytes(content)
    text = refusal(root, scene)
    assert says in text and f"{scene}_ms_08.png" in text


def test_a_header_that_claims_a_huge_image_is_refused_before_decoding(root: Path) -> None:
    content = png(np.zeros((24, 20), np.uint16))
    header = b"IHDR" + (1 << 20).to_bytes(4, "big") * 2 + content[24:29]
    chunk = header + zlib.crc32(header).to_bytes(4, "big")
    band_of(root, 2).write_bytes(content[:12] + chunk + content[33:])
    assert "it claims 1048576 x 1048576 pixels" in refusal(root)


@pytest.mark.parametrize("cut", [True, False])
def test_a_zip_that_is_a_text_or_cut_short_is_refused(tmp_path: Path, cut: bool) -> None:
    archive = cave_zip(tmp_path / "cave" / "complete_ms_data.zip", "balloons")
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2] if cut else b"404 not found\n")
    text = refusal(tmp_path)
    assert f"{archive} is not a whole zip archive" in text and "download it again" in text


@pytest.mark.parametrize("name", ["/abs.png", "../balloons_ms_01.png", "a/../../b.png"])
def test_a_zip_with_a_member_that_leads_out_is_refused_though_read_in_place(
    tmp_path: Path, name: str
) -> None:
    archive = tmp_path / "cave" / "balloons_ms.zip"
    zipped(archive, {**cave_files("balloons"), name: b"evil"})
    assert f"'{name}', which leads out of its folder" in refusal(tmp_path)


def test_a_zip_with_a_link_is_refused_though_read_in_place(tmp_path: Path) -> None:
    linked_zip(tmp_path / "balloons_ms.zip", "balloons_ms_01.png")
    assert "'balloons_ms_01.png', which is neither a file nor a folder" in refusal(tmp_path)


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
    with pytest.raises(RequestError, match=r"1 files are not what was published.*balloons_ms_07"):
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


def test_verify_names_the_files_that_differ(tmp_path: Path, published: bytes) -> None:
    cave_folder(tmp_path / "data" / "cave", *TWO)
    Cave().verify(tmp_path / "data")
    band_of(tmp_path / "data", 6).write_bytes(png(np.zeros((24, 20), np.uint16)))
    with pytest.raises(RequestError, match=r"1 files .* differs\): .*balloons_ms_06\.png"):
        Cave().verify(tmp_path / "data")


def test_the_known_hashes_are_of_every_band_of_every_scene() -> None:
    lines = cave.HASHES.read_text().splitlines()
    names = {f"{scene}_ms_{band:02}.png" for scene in cave.SCENES for band in cave.BANDS}
    assert {line.split()[1] for line in lines} == names and len(lines) == 32 * 31


@pytest.mark.skipif(not REAL or not (Path(REAL) / "cave").is_dir(), reason="needs HSISR_DATA")
def test_the_real_scenes_are_what_was_published() -> None:
    real = Path(str(REAL))
    source = Cave().open(real, TWO)
    balloons, watercolors = (source.read(scene) for scene in TWO)
    assert balloons.cube.shape == watercolors.cube.shape == (512, 512, 31)
    assert balloons.cube.dtype == np.uint16 and 255 < balloons.cube.max() < 65535
    assert watercolors.cube.dtype == np.uint8 and watercolors.peak == 255.0
    Cave().verify(real, TWO)
