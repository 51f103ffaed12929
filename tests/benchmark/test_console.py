"""Standard streams: any text in any encoding, and no error of a write."""

import encodings.aliases
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark import CHECKOUT
from benchmark.console import Output

LINE = "PSNR ↑ ×2 | 35.61¹˒⁴≈∘ −0.30 – Δ ± ∞ ° é λ \udcff 34.1⁴ 34¹⁴"
SHOWN = {
    "utf-8": r"PSNR ↑ ×2 | 35.61¹˒⁴≈∘ −0.30 – Δ ± ∞ ° é λ \udcff 34.1⁴ 34¹⁴",
    "ascii": r"PSNR ^ x2 | 35.61[1,4]~* -0.30 - D +- inf  deg \xe9 \u03bb \udcff 34.1[4] 34[14]",
    "cp1252": r"PSNR ^ ×2 | 35.61¹,4~* -0.30 – D ± inf ° é \u03bb \udcff 34.1[4] 34¹4",
    "latin-1": r"PSNR ^ ×2 | 35.61¹,4~* -0.30 - D ± inf ° é \u03bb \udcff 34.1[4] 34¹4",
    "cp437": r"PSNR ^ x2 | 35.61[1,4]≈* -0.30 - D ± ∞ ° é \u03bb \udcff 34.1[4] 34[14]",
    "shift_jis": r"PSNR ↑ ×2 | 35.61[1,4]~* −0.30 - Δ ± ∞ ° \xe9 λ \udcff 34.1[4] 34[14]",
}
TEXT_ENCODINGS = sorted(
    set(encodings.aliases.aliases.values())
    - {"base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec",
       "mbcs", "oem"}
)  # fmt: skip


def printed(text: str, encoding: str) -> str:
    """Print a text on a stream of an encoding, and read it from there."""
    raw = io.BytesIO()
    stream = Output(io.TextIOWrapper(raw, encoding=encoding, newline=""))
    stream.write(text)
    stream.flush()
    assert stream.failure is None
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", SHOWN)
def test_signs_that_an_encoding_lacks_are_readable(encoding: str) -> None:
    assert printed(LINE, encoding) == SHOWN[encoding]


@pytest.mark.parametrize("encoding", TEXT_ENCODINGS)
def test_a_note_is_never_read_as_a_digit_of_its_number(encoding: str) -> None:
    shown = printed("\n".join([*(f"34.5{digit}" for digit in "⁰¹²³⁴⁵⁶⁷⁸⁹"), LINE]), encoding)
    for number, line in enumerate(shown.splitlines()[:10]):
        assert line in (f"34.5[{number}]", f"34.5{'⁰¹²³⁴⁵⁶⁷⁸⁹'[number]}", "34.5?")


@given(st.text(st.characters(exclude_categories=())), st.sampled_from(TEXT_ENCODINGS))
def test_any_text_can_be_printed(text: str, encoding: str) -> None:
    text += "\n"  # some encodings wait for the next sign
    shown = printed(text, encoding)
    try:
        whole = text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return
    if whole:
        assert shown == text


SCRIPT = """
import os, sys
from pathlib import Path
from benchmark import console

console.prepare()
file = Path(sys.argv[1]).open("wb")
console.print_line("\\xe9 \\xd7")
console.print_line("\\xe9 \\xd7", err=True)
os.write(1, b"printed by a library in C")
os.write(2, b"printed by a library in C")
file.close()
sys.exit(3 if console.finish() else 0)
"""


def run(file: Path, redirect: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the script in a shell that redirects its streams."""
    return subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirect}', "sh", sys.executable, "-c", SCRIPT, str(file)],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a shell and /dev/full")
@pytest.mark.parametrize(
    ("redirect", "code"),
    [("<&- >&- 2>&-", 0), (">&-", 0), (">/dev/full", 3), ("2>/dev/full", 0)],
)
def test_closed_and_full_streams_raise_nothing_and_spoil_no_file(
    tmp_path: Path, redirect: str, code: int
) -> None:
    done = run(tmp_path / "file", redirect, PYTHONIOENCODING="ascii")
    assert done.returncode == code
    assert b"Error" not in done.stderr + done.stdout
    assert (tmp_path / "file").read_bytes() == b""


def test_a_reader_that_went_away_is_no_failure(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "file")],
        cwd=CHECKOUT,
        stdout=writing,
        stderr=writing,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="locales of POSIX")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_the_c_locale_prints_ascii(tmp_path: Path, unbuffered: str) -> None:
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run(tmp_path / "file", "", PYTHONUNBUFFERED=unbuffered, **locale)
    assert (done.returncode, done.stdout) == (0, b"\\xe9 x\nprinted by a library in C")
    assert done.stderr.startswith(b"\\xe9 x\n")
