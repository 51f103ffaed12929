"""A band that is damaged, or not of the published kind, is refused with one clear line."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.cave import Cave
from tests.datasets.makers import (
    cave_band,
    cave_cube,
    cave_files,
    png,
    zipped,
)
from tests.datasets.refusals import cave_refusal


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
        (lambda _: b"", "an empty file"),
        (lambda _: b"<html></html>", "not a PNG file"),
        (lambda content: content[:8] + content[-12:], "cut short"),
        (lambda content: content[:8] + content[33:], "it has no header"),
        (_flip, "checksum in"),
        (_short_data, "truncated"),
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
    text = cave_refusal(tmp_path)
    assert "balloons_ms_05.png cannot be used: " in text
    assert says in text
    assert f"delete it and run: python run_all.py fetch cave --data {tmp_path}" in text


def _saved(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _transparent() -> bytes:
    stream = io.BytesIO()
    Image.new("L", (20, 24), 7).save(stream, "PNG", transparency=7)
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_colour_scene_may_be_encoded_again_without_loss(root: Path, mode: str) -> None:
    band = cave_cube("watercolors")[..., 7]
    cave_band(root, 8, "watercolors").write_bytes(_saved(Image.fromarray(band).convert(mode)))
    read = Cave().open(root, ["watercolors"]).read("watercolors")
    np.testing.assert_array_equal(read.cube, cave_cube("watercolors"))
    assert read.cube.dtype == np.uint8


@pytest.mark.parametrize(
    ("scene", "content", "says"),
    [
        ("balloons", png(np.zeros((24, 20), np.uint8)), "16-bit grey PNG, found 8-bit RGBA"),
        ("balloons", _saved(Image.new("L", (20, 24))), "16-bit grey PNG, found 8-bit grey"),
        ("balloons", _saved(Image.new("P", (20, 24))), "palette"),
        ("balloons", _saved(Image.new("1", (20, 24))), "found 1-bit grey"),
        ("watercolors", png(np.zeros((24, 20), np.uint16)), "8-bit RGBA PNG, found 16-bit grey"),
        ("watercolors", _saved(Image.new("P", (20, 24))), "8-bit RGBA PNG, found 1-bit palette"),
        ("watercolors", _saved(Image.new("RGB", (20, 24), (1, 2, 1))), "R = G = B"),
        ("watercolors", _saved(Image.new("LA", (20, 24), (1, 254))), "alpha 255"),
        ("watercolors", _transparent(), "found a transparent colour"),
        ("watercolors", _saved(Image.new("RGBA", (20, 24), (1, 2, 1, 255))), "R = G = B"),
        ("watercolors", _saved(Image.new("RGBA", (20, 24), (1, 1, 1, 254))), "alpha 255"),
        ("balloons", png(np.zeros((20, 24), np.uint16)), "has 20 x 24 pixels but"),
        ("balloons", png(np.zeros((24, 21), np.uint16)), "bands of a scene have one size"),
    ],
)
def test_a_band_of_another_kind_or_size_is_refused(
    root: Path, scene: str, content: bytes, says: str
) -> None:
    cave_band(root, 8, scene).write_bytes(content)
    text = cave_refusal(root, scene)
    assert says in text
    assert f"{scene}_ms_08.png" in text


def test_a_band_in_interlaced_rows_is_refused(root: Path) -> None:
    content = png(np.zeros((24, 20), np.uint16))
    header = content[12:28] + b"\1"
    checksum = zlib.crc32(header).to_bytes(4, "big")
    cave_band(root, 2).write_bytes(content[:12] + header + checksum + content[33:])
    assert "expected no interlacing, found methods [0, 0, 1]" in cave_refusal(root)


def test_a_header_that_claims_a_huge_image_is_refused_before_decoding(root: Path) -> None:
    content = png(np.zeros((24, 20), np.uint16))
    header = b"IHDR" + (1 << 20).to_bytes(4, "big") * 2 + content[24:29]
    chunk = header + zlib.crc32(header).to_bytes(4, "big")
    cave_band(root, 2).write_bytes(content[:12] + chunk + content[33:])
    assert "it claims 1048576 x 1048576 pixels" in cave_refusal(root)
