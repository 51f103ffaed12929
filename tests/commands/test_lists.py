"""Help and the lists of methods and data sets."""

import re
import subprocess
import sys
from pathlib import Path

from tests.command_line import SCRIPT, CommandLine


def test_help_answers_without_importing_anything_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(SCRIPT), "--help"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()
    }
    assert "typer" in imported
    heavy = {"torch", "numpy", "pandas", "scipy", "h5py", "skimage", "PIL", "pooch"}
    assert not imported & (heavy | {"datasets", "methods"})
    for word in ("--dataset", "--methods", "--profile", "tables", "fetch", "Exit codes"):
        assert word in done.stdout


def test_methods_lists_each_with_its_paper_and_parameters(hsisr: CommandLine) -> None:
    answer = hsisr("methods")
    assert (answer.code, answer.err) == (0, "")
    names = [line for line in answer.out.splitlines() if not line.startswith(" ")]
    closed = ["bicubic", "back_projection", "wiener", "total_variation"]
    assert [name for name in names if name in closed] == closed
    assert set(names) >= {"srcnn", "espcn", "vdsr", "proposed"}
    assert "    parameters: joint (true or false, default false): " in answer.out
    listed = hsisr("methods", "--json").json()
    assert [one["name"] for one in listed] == names
    assert all(one["paper"] for one in listed)
    assert {one["name"]: one["inputs"] for one in listed}["espcn"] == "low, band by band"


def test_methods_writes_a_table_of_sizes_and_published_numbers(hsisr: CommandLine) -> None:
    answer = hsisr("methods", "--table", "--methods", "bicubic,espcn")
    assert (answer.code, answer.err) == (0, "")
    row = next(line for line in answer.out.splitlines() if "`espcn`" in line)
    assert [cell.strip() for cell in row.split("|")][4:6] == ["21,284", "24,752"]
    assert "wang2017, cave: PSNR" in answer.out
    found = hsisr("methods", "--table", "--methods", "espcn", "--json").json()
    assert found["measured"] is None
    assert found["methods"][0]["parameters"] == {"2": 21284, "4": 24752}
    refused = hsisr("methods", "--measure")
    assert refused.code == 2
    assert refused.err == "error: --measure needs --table, which shows what was measured\n"


def test_the_page_of_methods_has_a_row_for_each_and_their_sizes(hsisr: CommandLine) -> None:
    page = (SCRIPT.parent / "docs" / "findings" / "methods.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| .+? \(`(.+?)`\) ", page, re.MULTILINE)
    assert rows == [one["name"] for one in hsisr("methods", "--json").json()]
    assert re.search(r"`espcn`.* 21,284 \| +24,752 ", page)


def test_datasets_lists_each_with_its_scenes(hsisr: CommandLine) -> None:
    answer = hsisr("datasets")
    assert (answer.code, answer.err) == (0, "")
    listed = {one["name"]: one for one in hsisr("datasets", "--json").json()}
    assert {name: one["scenes"] for name, one in listed.items()} == {
        "cave": "32, of them 7 for testing",
        "chikusei": "20, of them 4 for testing",
        "folder": "as in --dataset 'folder[path=DIR,test=a+b]'",
        "harvard": "77, of them 10 for testing",
        "indian_pines": "5, of them 3 for testing",
        "pavia_centre": "7, of them 5 for testing",
        "synthetic": "18, of them 4 for testing",
    }
    for one in listed.values():
        assert f"    scenes: {one['scenes']}" in answer.out
