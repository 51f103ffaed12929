"""What commands print, whatever standard output is: never a traceback, never another exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import FAILING, SCRIPT, CommandLine

SIGNS = {
    "utf-8": ("PSNR ↑", "×3", "failed¹", "Äquator"),
    "cp1252": ("PSNR ^", "×3", "failed¹", "Äquator"),
    "ascii": ("PSNR ^", "x3", "failed[1]", r"\xc4quator"),
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run one method that fails, and one that does not."""
    line = CommandLine(tmp_path_factory.mktemp("stored"))
    text = FAILING.replace('title="Failing"', 'title="Äquator"').replace("no such", "no ↑ \udcff")
    (line.folder / "failing.py").write_bytes(text.encode(errors="backslashreplace"))
    assert line.tiny("bicubic,failing", "--plugin", "failing.py").code == 1
    return line.folder


def shell(folder: Path, words: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """Run `run_all.py` by a shell; the words may redirect what it prints."""
    return subprocess.run(
        ["/bin/sh", "-c", f'"$0" "$1" {words}', sys.executable, str(SCRIPT)],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("encoding", SIGNS)
def test_tables_are_printed_in_any_encoding_and_written_in_utf_8(
    stored: Path, encoding: str
) -> None:
    done = shell(stored, "tables", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode(encoding)
    for sign in SIGNS[encoding]:
        assert sign in shown
    (page,) = (stored / "results" / "tables").glob("*.md")
    assert "PSNR ↑ ×3" in page.read_text(encoding="utf-8")


def test_a_run_whose_output_nobody_can_take_is_computed_and_succeeds(tmp_path: Path) -> None:
    """The reader of both streams goes away at once; a worker prints what no encoding has."""
    (tmp_path / "mine.py").write_text(
        "from benchmark.method import Method, register\n"
        '@register("mine", title="Mine", paper="nobody")\n'
        "class Mine(Method):\n"
        "    def upscale(self, low, problem, state):\n"
        '        print("− é \\udcff")\n'
        "        return low\n",
        encoding="utf-8",
    )
    words = (
        "--dataset 'synthetic[rows=48,columns=40,bands=5]' --scenes leaves04 --scales 3 "
        "--methods mine --plugin mine.py"
    )
    # Standard output is closed.
    line = f'{{ "$0" "$1" {words} 2>&1 >&-; echo $? >code; }} | true'
    subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, str(SCRIPT)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        timeout=120,
        check=True,
    )
    assert (tmp_path / "code").read_text() == "0\n"
    (cell,) = tmp_path.rglob("cell.json")
    assert '"status": "done"' in cell.read_text(encoding="utf-8")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_below_standard_output_is_said_in_one_line(stored: Path) -> None:
    done = shell(stored, "tables --json >/dev/full")
    assert done.returncode == 2
    assert done.stderr.decode() == (
        "error: cannot write to standard output: No space left on device; what was computed is "
        "stored, and the same command shows it again\n"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="file names of any bytes")
def test_names_that_are_no_utf_8_are_shown_escaped(stored: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(stored) + b"/r\xe9s[x]\xff"))
    (stored / "results").rename(odd)
    done = shell(stored, "tables --results $(printf 'r\\351s[x]\\377')")
    odd.rename(stored / "results")
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"written: r\udce9s[x]\udcff/tables/synthetic[" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="file names of any bytes")
def test_a_plugin_and_an_export_may_have_any_name(hsisr: CommandLine) -> None:
    plugin = hsisr.folder / os.fsdecode(b"f\xff.py")
    plugin.write_text(FAILING)
    assert hsisr.tiny("bicubic,failing", "--plugin", plugin.name).code == 1
    packed = hsisr("export", os.fsdecode(b"o\xff.zip"))
    assert packed.code == 0
    assert "2 cells in o\udcff.zip" in packed.out
    assert hsisr("export", "other.zip", "--json").json()["cells"]
    missing = hsisr("methods", "--plugin", os.fsdecode(b"n\xff.py"))
    assert missing.code == 2
    assert "/n\\udcff.py" in missing.err
