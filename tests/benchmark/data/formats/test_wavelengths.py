"""Wavelengths as they are stated: on the command line, in headers, in text files."""

from pathlib import Path

import pytest

from benchmark.data.formats.wavelengths import in_nm, parse
from benchmark.errors import RequestError


@pytest.mark.parametrize(
    ("values", "unit", "nm"),
    [
        ((400.0, 700.0), "", (400.0, 700.0)),
        ((0.4, 2.5), "", (400.0, 2500.0)),
        ((400.0, 700.0), "Nanometers", (400.0, 700.0)),
        ((0.4, 2.5), "Micrometers", (400.0, 2500.0)),
        ((0.4, 2.5), " um ", (400.0, 2500.0)),
        ((0.4, 2.5), "\u00b5m", (400.0, 2500.0)),
        ((0.4, 2.5), "Unknown", (400.0, 2500.0)),
        ((25_000.0, 4_000.0), "Wavenumber", ()),
        ((), "", ()),
    ],
)
def test_wavelengths_are_converted_to_nm(
    values: tuple[float, ...], unit: str, nm: tuple[float, ...]
) -> None:
    assert in_nm(values, unit) == nm


@pytest.mark.parametrize("count", [2, 10, 200, 2000])
def test_a_list_may_be_longer_than_the_name_of_a_file(tmp_path: Path, count: int) -> None:
    nm = tuple(400.0 + band for band in range(count))
    assert parse("+".join(f"{one:g}" for one in nm), tmp_path) == nm


def test_all_wavelengths_of_an_image_have_one_unit() -> None:
    assert in_nm((45.0, 700.0)) == (45.0, 700.0)


@pytest.mark.parametrize(
    ("text", "nm"),
    [
        ("", ()),
        ("400:10:430", (400.0, 410.0, 420.0, 430.0)),
        ("0.4:0.1:0.6", (400.0, 500.0, 600.0)),
        ("400:2.5:405", (400.0, 402.5, 405.0)),
        ("450+550+650", (450.0, 550.0, 650.0)),
        ("bands.txt", (400.5, 500.0)),
        ("commas.txt", (400.0, 500.0)),
        ("marked.txt", (400.0, 500.0)),
    ],
)
def test_each_notation_is_read(tmp_path: Path, text: str, nm: tuple[float, ...]) -> None:
    (tmp_path / "bands.txt").write_text("0.4005\n0.5\n")
    (tmp_path / "commas.txt").write_text("400,500\n")
    (tmp_path / "marked.txt").write_text("400\n500\n", encoding="utf-8-sig")
    assert parse(text, tmp_path) == nm


@pytest.mark.parametrize(
    "text",
    ["400", "400:700", "400:7:700", "400:0:700", "700:10:400", "400:1e-9:700", "a+b", "x.txt",
     "words.txt", "nan:1:3", "1:2:3:4"],
)  # fmt: skip
def test_anything_else_is_refused_with_an_example(tmp_path: Path, text: str) -> None:
    (tmp_path / "words.txt").write_text("blue\ngreen\n")
    if text == "400":  # a single number is the list of one band
        assert parse(text, tmp_path) == (400.0,)
        return
    with pytest.raises(RequestError, match=r"such as 400:10:700, the numbers joined by \+, or"):
        parse(text, tmp_path)
