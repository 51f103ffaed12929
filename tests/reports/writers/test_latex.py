"""Tables in LaTeX: they compile as they are and in a paper, and every row has its columns."""

import re
import subprocess
from itertools import product
from pathlib import Path

import pytest

from reports.tables.model import Entry, Grid, Section
from reports.writers import latex
from reports.writers.files import write_tables
from tests.reports.conftest import Make, needs_latex, scored
from tests.reports.writers.files.support import HOSTILE

SCENES = tuple("abcdefg")


def everything(make: Make) -> None:
    """Store cells with every kind of entry that a table can hold."""
    for scale in (2, 3, 4):
        make("srcnn", scale, published="Dong[4]", title=HOSTILE, warnings=[HOSTILE])
        make("srcnn", scale, seed=1, psnr=36.0, published="Dong[4]", title=HOSTILE)
        make("bicubic", scale, psnr=31.0, sam=11.5, published="Bicubic", trained=False)
    make("small", 2, psnr=8.5, sam=3.0, title="[3cm] first")
    make("broken", 2, status="failed", reason="no", title="*broken")
    perfect = [{**row, "psnr": "inf", "sam": 0} for row in scored(30.0, 0.0)]
    make("oracle", 3, rows=perfect)


def tabulars(text: str) -> list[tuple[str, list[str]]]:
    """Return the layout and the rows of every table."""
    found = re.findall(r"\\begin\{tabular\}\{([^\n]*)\}\n(.*?)\\end\{tabular\}", text, re.DOTALL)
    return [
        (layout, [line for line in body.splitlines() if line.endswith(r"\\")])
        for layout, body in found
    ]


def test_braces_are_balanced_and_every_row_has_every_column(make: Make, tmp_path: Path) -> None:
    everything(make)
    text = write_tables(tmp_path, "cave").paths[1].read_text()
    bare = re.sub(r"\\[\\{}&%$#_]", "", text)
    assert bare.count("{") == bare.count("}") > 0
    assert bare.count("$") % 2 == 0
    tables = tabulars(text)
    assert len(tables) == text.count(r"\begin{table}") == text.count(r"\end{table}") == 4
    for layout, rows in tables:
        columns = len(re.findall("[lrS]", re.sub(r"@\{\}|\[.*?\]", "", layout)))
        assert len(rows) >= 4
        for row in rows:
            spans = [int(width) - 1 for width in re.findall(r"\\multicolumn\{(\d+)\}", row)]
            assert len(re.findall(r"(?<!\\)&", row)) + sum(spans) == columns - 1, row


def test_numbers_are_aligned_by_siunitx_and_suffixes_have_a_column_of_their_own(
    make: Make, tmp_path: Path
) -> None:
    everything(make)
    text = write_tables(tmp_path, "cave").paths[1].read_text()
    (layout, rows), (_, published), *_ = tabulars(text)
    assert layout.startswith("@{}lS[table-format=2.2]@{}lS[table-format=2.2]@{}l")
    (network,) = [row for row in rows if row.startswith("a\\textbar")]
    assert (
        r"& \bfseries 35.50 & \,{\scriptsize\ensuremath{\pm}0.71}\textsuperscript{3} &" in network
    )
    (failed,) = [row for row in rows if row.startswith("{*}broken")]
    assert failed.startswith(r"{*}broken & {failed} & \textsuperscript{1,2} & {--} &  &")
    (other,) = [row for row in rows if row.startswith("{[}3cm{]}")]
    assert other.startswith(r"{[}3cm{]} first & 8.50 & \textsuperscript{2} & {--} &  &")
    # An underlined number is text, padded to the width of the column's numbers.
    assert r"{\phantom{0}\underline{4.00}}" in rows[3] + network
    assert any(r"{\textbf{\ensuremath{\infty}}}" in row for row in rows)
    assert any(r"36.28 & \,{\scriptsize(\ensuremath{-}0.78)}" in row for row in published)
    assert not any(line.startswith(("[", "*")) for line in text.splitlines())


def test_thousands_are_grouped_in_whole_numbers_only(make: Make, tmp_path: Path) -> None:
    make("srcnn")
    text = write_tables(tmp_path, "cave").paths[1].read_text()
    assert "group-digits=integer" in text
    (row,) = [row for row in tabulars(text)[-1][1] if "SRCNN" in row]
    assert "& 0.9350 &" in row
    assert "& 57281 &" in row


def test_details_stay_out_and_marks_are_explained(make: Make, tmp_path: Path) -> None:
    for method, better in (("bicubic", 0.0), ("even", 0.0), ("srcnn", 3.0), ("vdsr", 3.0)):
        rows = scored(31 + better, 5 - better, SCENES)
        for index, row in enumerate(rows):
            if method in ("even", "vdsr"):
                row["psnr"] = float(str(row["psnr"])) + 0.1 * (-1) ** index
        make(method, rows=rows)
    made = write_tables(tmp_path, "cave")
    text = made.paths[1].read_text()
    assert text.count(r"\begin{table}") == 4
    assert "Compared with" in made.markdown
    assert "Compared with" not in text
    assert r"\textsuperscript{\ensuremath{\circ}}" in text
    assert r"\ensuremath{\approx} cannot be told from the best of its column" in text
    assert "1/64 = 0.0156" in text


def pdflatex(folder: Path, name: str) -> str:
    """Run pdflatex, check that it succeeds, and return its log."""
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", name]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Output written on" in done.stdout
    return done.stdout


@needs_latex
def test_the_file_compiles_as_it_is(make: Make, tmp_path: Path) -> None:
    everything(make)
    made = write_tables(tmp_path, "cave").paths[1]
    pdflatex(made.parent, made.name)


@needs_latex
def test_many_tables_compile(tmp_path: Path) -> None:
    grid = Grid("Costs", "A legend.", (), ("Method", "PSNR"), ((Entry("a"), Entry("31.00")),))
    section = Section("p", "quick", "1", "Protocol p", (), (grid,) * 4, ())
    (tmp_path / "many.tex").write_text(latex.page("CAVE", (section,) * 14))
    pdflatex(tmp_path, "many.tex")


@needs_latex
def test_six_columns_fit_a_page(make: Make, tmp_path: Path) -> None:
    for seed, scale in product((0, 1), (2, 3, 4)):
        make("srcnn", scale, seed, 35.0 + seed, published="Dong[4]", warnings=["still improving"])
        make("bicubic", scale, psnr=31.0, sam=11.5, published="Bicubic", trained=False)
    made = write_tables(tmp_path, "cave").paths[1]
    assert "Overfull" not in pdflatex(made.parent, made.name)


@needs_latex
@pytest.mark.parametrize("text", ["before", ""])
def test_it_can_be_read_into_a_paper(make: Make, tmp_path: Path, text: str) -> None:
    everything(make)
    tex = write_tables(tmp_path, "cave").paths[1]
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs,siunitx}\\begin{document}\n"
        f"{text}\\input{{{tex.as_posix()}}}\nThe last word.\n\\end{{document}}\n"
    )
    pdflatex(tmp_path, "paper.tex")
    found = subprocess.run(
        ["pdftotext", "paper.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert found.returncode != 0 or "The last word." in found.stdout


def test_signs_are_escaped() -> None:
    assert latex.escape("≈ 95 %, ∘") == r"\ensuremath{\approx} 95 \%, \ensuremath{\circ}"
