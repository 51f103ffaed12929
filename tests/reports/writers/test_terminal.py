"""The table in the terminal: whole at every width, in colour only on a screen."""

import io
from pathlib import Path

from rich.console import Console

from benchmark.console import Output
from reports.writers.files import Tables, write_tables
from reports.writers.terminal import show
from tests.reports.conftest import Make, described, typed

LONG = "A method with quite a long name [bold]"


def shown(tables: Tables, width: int, *, terminal: bool = False) -> str:
    """Print into a text."""
    stream = io.StringIO()
    if terminal:
        console = Console(
            file=stream, width=width, force_terminal=True, color_system="standard", no_color=False
        )
    else:
        console = Console(file=stream, width=width, force_terminal=False)
    show(tables, console)
    return typed(stream.getvalue())


def stored(make: Make, results: Path, title: str = "SRCNN") -> Tables:
    """Store two methods at three scales and make their tables."""
    for scale in (2, 3, 4):
        make("bicubic", scale, psnr=33.0 - scale, sam=6.0, title="Bicubic", published="Bicubic")
        make("srcnn", scale, psnr=38.0 - scale, sam=4.0, title=title, published="Dong[4]")
    return write_tables(results, "cave")


def rows(text: str) -> list[list[str]]:
    """Return the words of every line of a text that has some."""
    return [line.split() for line in text.splitlines() if line.strip()]


def test_a_wide_terminal_shows_everything_in_one_table(make: Make, tmp_path: Path) -> None:
    text = shown(stored(make, tmp_path), 120)
    assert text.splitlines()[:5] == [
        "CAVE",
        "Protocol wang2017, profile standard",
        "Protocol: wang2017 -- the summary of wang2017",
        "Scenes: 4 for training, 2 for validation, 3 for testing",
        "Training: Bicubic (13 min), SRCNN (13 min)",
    ]
    assert rows(text)[5:7] == [
        ["PSNR", "↑", "SAM", "↓"],
        ["Method", "x2", "Δ", "x3", "Δ", "x4", "Δ", "x2", "Δ", "x3", "Δ", "x4", "Δ"],
    ]
    psnr = [
        ["Bicubic", "31.00", "-0.73", "30.00", "-1.58", "29.00", "-1.14"],
        ["SRCNN", "36.00", "-0.28", "35.00", "-0.10", "34.00", "-0.67"],
    ]
    sam = [
        ["6.00", "0.00", "6.00", "+0.01", "6.00", "-0.36"],
        ["4.00", "-0.23", "4.00", "-0.20", "4.00", "-0.52"],
    ]
    assert rows(text)[8:10] == [psnr[0] + sam[0], psnr[1] + sam[1]]
    assert text.splitlines()[-3:] == [
        "Δ measured minus published",
        "Nothing is marked: with 3 test scenes no difference can be tested.",
        "",
    ]


def test_output_that_is_no_terminal_is_plain_text(make: Make, tmp_path: Path) -> None:
    tables = stored(make, tmp_path)
    assert "\x1b" not in shown(tables, 120)
    assert "\x1b[1;32m36.00\x1b[0m" in shown(tables, 120, terminal=True)


def test_a_narrower_terminal_gets_psnr_over_sam(make: Make, tmp_path: Path) -> None:
    text = shown(stored(make, tmp_path), 60)
    assert ["Bicubic", "31.00", "-0.73", "30.00", "-1.58", "29.00", "-1.14"] in rows(text)
    assert ["Bicubic", "6.00", "0.00", "6.00", "+0.01", "6.00", "-0.36"] in rows(text)
    tables = text.partition("Δ measured minus published")[0]
    assert max(map(len, tables.splitlines())) <= 60


def test_a_narrow_terminal_drops_the_differences(make: Make, tmp_path: Path) -> None:
    text = shown(stored(make, tmp_path), 40)
    assert ["Bicubic", "31.00", "30.00", "29.00"] in rows(text)
    assert ["SRCNN", "4.00", "4.00", "4.00"] in rows(text)
    assert "Δ" not in text


def test_names_and_numbers_are_never_cut(make: Make, tmp_path: Path) -> None:
    tables = stored(make, tmp_path, LONG)
    for width in (10, 30, 50, 80, 100, 200):
        text = shown(tables, width)
        assert LONG in text
        assert {"36.00", "35.00", "34.00", "4.00"} <= set(text.split())
        assert "…" not in text


def test_failed_cells_and_notes_are_shown(make: Make, tmp_path: Path) -> None:
    make("bicubic", title="Bicubic")
    make("srcnn", status="failed", reason="out of [memory]", title="SRCNN")
    text = shown(write_tables(tmp_path, "cave"), 80)
    assert ["SRCNN", "failed¹", "failed¹"] in rows(text)
    assert "¹ failed: out of [memory]\n" in text


def test_synthetic_scenes_and_subsets_are_marked(make: Make, tmp_path: Path) -> None:
    make(dataset="s@face", synthetic=True, subset=True, test=["face"])
    lines = shown(write_tables(tmp_path, "s@face"), 30).splitlines()
    assert lines[0] == "CAVE (s@face) -- SYNTHETIC, subset of the scenes"
    assert lines[3].startswith("Scenes: a SUBSET: 4 for training (beads, cd, clay, cloth)")


def test_cells_that_do_not_fit_together_are_named(make: Make, tmp_path: Path) -> None:
    """It stood in the files alone: in the terminal, two engines looked like one."""
    make("bicubic", trained=False)
    make("srcnn", depends={"numerics": "b"})
    text = shown(write_tables(tmp_path, "cave"), 80)
    assert "Conflict: made with different versions of the engine: bicubic against srcnn" in text


def test_columns_stay_aligned_where_signs_are_replaced(make: Make, tmp_path: Path) -> None:
    for seed, psnr in enumerate((35.0, 36.0)):
        make("srcnn", seed=seed, psnr=psnr, warnings=["warned"])
    make("bicubic", trained=False, title="Bicubic ±")
    raw = io.BytesIO()
    stream = Output(io.TextIOWrapper(raw, encoding="ascii"))
    show(write_tables(tmp_path, "cave"), Console(file=stream, width=100, force_terminal=False))
    stream.flush()
    lines = [line for line in raw.getvalue().decode("ascii").splitlines() if " | " in line]
    assert "+-" in lines[-1]
    assert "[1]" in lines[-1] or "[1]" in lines[-2]
    assert (
        len({tuple(place for place, sign in enumerate(line) if sign == "|") for line in lines}) == 1
    )


def test_notes_on_what_the_main_table_does_not_show_are_left_out(
    make: Make, tmp_path: Path
) -> None:
    main, other = described("psnr", title="PSNR", main=True), described("cc", title="CC")
    rows = [{"scene": one, "psnr": 30.0, "cc": 0.9} for one in "abc"]
    make("bicubic", metrics=[main, other], rows=rows)
    bare = [{"scene": row["scene"], "psnr": row["psnr"]} for row in rows]
    make("srcnn", metrics=[main], rows=bare, warnings=["still improving"])
    tables = write_tables(tmp_path, "cave")
    assert len(tables.sections[0].notes) == 2
    lines = [line for line in shown(tables, 100).splitlines() if line[:1] in "¹²"]
    assert [line[1:] for line in lines if line] == [" still improving"]
