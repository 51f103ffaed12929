"""`export` and `import` from the command line."""

from tests.command_line import CommandLine


def test_imported_cells_are_in_the_tables(hsisr: CommandLine) -> None:
    assert hsisr.tiny("bicubic,espcn").code == 0
    packed = hsisr("export", "out.zip")
    assert packed.code == 0
    assert packed.out.startswith("2 cells in out.zip")
    taken = hsisr("import", "out.zip", "--results", "mine")
    assert taken.code == 0
    assert taken.out.startswith("2 cells added, 0 present before")
    assert hsisr("tables", "--results", "mine").code == 0
    (theirs,) = (hsisr.results / "tables").glob("*.csv")
    assert (hsisr.folder / "mine" / "tables" / theirs.name).read_bytes() == theirs.read_bytes()
    again = hsisr("import", "out.zip", "--results", "mine", "--json").json()
    assert (len(again["present"]), again["added"]) == (2, [])


def test_a_conflict_is_refused_with_its_reason_and_replaced_when_asked(
    hsisr: CommandLine,
) -> None:
    plugin = hsisr.folder / "mine.py"
    text = """
from benchmark.method import Method, register

@register("mine", title="Mine", paper="Me, 2026")
class Mine(Method):
    def upscale(self, low, problem, state):
        return low * 1.0
"""
    plugin.write_text(text)
    words = ("mine", "--plugin", str(plugin))
    assert hsisr.tiny(*words).code == 0
    assert hsisr("export", "one.zip").code == 0
    plugin.write_text(text.replace("1.0", "0.5"))
    assert hsisr.tiny(*words).code == 0
    refused = hsisr("import", "one.zip")
    assert refused.code == 1
    assert "\nrefused: " in refused.err
    assert "method" in refused.err
    before = hsisr.cells()["mine 0"]["key"]
    assert hsisr("import", "one.zip", "--replace").code == 0
    assert hsisr.cells()["mine 0"]["key"] != before
    assert list((hsisr.results / ".superseded").rglob("cell.json"))


def test_a_damaged_cell_is_left_out_and_named(hsisr: CommandLine) -> None:
    assert hsisr.tiny("bicubic,wiener").code == 0
    (cell,) = hsisr.results.rglob("bicubic/seed0/cell.json")
    cell.write_text(cell.read_text().replace('"done"', '"gone"'))
    shown = hsisr("export", "out.zip")
    assert shown.code == 1
    assert "does not match its checksum" in shown.err


def test_a_damaged_cell_that_an_import_replaces_is_told(hsisr: CommandLine) -> None:
    assert hsisr.tiny("bicubic").code == 0
    assert hsisr("export", "out.zip").code == 0
    (scores,) = hsisr.results.rglob("bicubic/seed0/scores.csv")
    scores.write_text("torn")
    answer = hsisr("import", "out.zip")
    assert answer.code == 0
    (line,) = (one for one in answer.err.splitlines() if one.startswith("replaced, "))
    assert line.startswith("replaced, and kept in .superseded: results/synthetic[")
    assert line.endswith("scores.csv does not match its checksum in cell.json")


def test_another_file_is_refused_in_one_line(hsisr: CommandLine) -> None:
    (hsisr.folder / "out.zip").write_bytes(b"PK, but nothing else")
    answer = hsisr("import", "out.zip")
    assert answer.code == 2
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert hsisr("export", "more.zip").code == 2
