"""Labels of plugins and data sets as names of folders and files, and in the table for programs."""

import csv
import re
from pathlib import Path

import pytest

from benchmark.errors import RequestError
from benchmark.store.address import Address, place_name
from benchmark.store.cells import cells, damaged
from reports.writers.files import write_tables
from tests.reports.conftest import Make, scored

LABELS = (
    "..", "../..", "../../../etc/passwd", "/etc/passwd", ".", "", "...", ".hidden", "a/b", "a\\b",
    "a\0b", "a\nb", "\x1b[31m", "C:\\x", "C:x", "CON", "con", "NUL.txt", "aux", "COM1", "lpt9.x",
    "name.", "name ", " name", "name. .", " ", "a|b", "a<b>c", 'a"b', "a*b?", "a:b", "~root", "%2E",
    "%", "%%", "$HOME", "`ls`", "=cmd|'/c calc'!A0", "@SUM(1)", "+1", "-1", "＝1", "abc\u202edef",
    "a\ud800", "高光谱", "é", "x" * 300, "x" * 299 + "y", "高" * 100,
    "cave+" + "+".join(["leaves01"] * 40), r"\input{x}", "<script>", "a,b",
    "a;b", "[x]", "[x=1]", "a\tb", "a\rb",
)  # fmt: skip
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@pytest.mark.parametrize("label", LABELS, ids=ascii)
def test_a_label_is_one_folder_below_the_results_on_any_system(label: str, tmp_path: Path) -> None:
    for address in (
        Address(label, "p", "q", 2, "m", 0),
        Address("d", label, "q", 2, "m", 0),
        Address("d", "p", label, 2, "m", 0),
        Address("d", "p", "q", 2, label, 0),
    ):
        folder = address.folder(tmp_path)
        parts = folder.relative_to(tmp_path).parts
        assert len(parts) == 6
        for part in parts:
            assert part.isascii()
            assert part.isprintable()
            assert not set(part) & set('/\\:*?"<>|')
            assert len(part) <= 160
            assert not part.startswith(".")
            assert not part.endswith((".", " "))
            assert not DEVICES.fullmatch(part.partition(".")[0].strip())
        folder.mkdir(parents=True)


def test_two_labels_never_share_a_folder() -> None:
    assert len({place_name(label) for label in LABELS}) == len(LABELS)
    assert place_name("synthetic[rows=48]+a@b, c") == "synthetic[rows=48]+a@b, c"


@pytest.mark.parametrize("label", LABELS, ids=ascii)
def test_a_cell_of_any_label_is_stored_found_and_tabulated(
    label: str, make: Make, tmp_path: Path
) -> None:
    rows = [{**row, label.replace(",", "") or "x": 1} for row in scored(30.0, 4.0)]
    named = all(sign.isprintable() and sign not in '",' for sign in label) and label not in rows[0]
    make(label, dataset=label, reason=label, title=label, rows=rows if named else None)
    make("broken", dataset=label, status="failed", reason=label)
    assert damaged(tmp_path) == []
    assert {cell.address.dataset for cell in cells(tmp_path)} == {label}
    tables = write_tables(tmp_path, label)
    folder = tmp_path / "tables"
    assert {path.parent for path in tables.paths} == {folder, folder / "comparisons"}
    there = [path for path in folder.rglob("*") if path.is_file() and path.name[0] != "."]
    assert sorted(there) == sorted(tables.paths)
    with tables.paths[2].open(newline="", encoding="utf-8") as stream:
        found = list(csv.reader(stream))
    assert {len(row) for row in found} == {13}
    for row in found[1:]:
        assert all(field.isprintable() for field in row)
        assert not any(field.startswith(tuple("=+-@＝＋－＠")) for field in row[:7])


def test_a_refusal_is_one_printable_line() -> None:
    text = str(RequestError("a\nb\x1b[31m\x9bc\x00d\u2028e\u202ef\ud800g"))
    assert text == r"a b [31m c d e\u202ef\ud800g"
