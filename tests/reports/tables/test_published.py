"""The grids of published values: precision of the print, remarks, several rows of one method."""

from pathlib import Path

import pytest

from reports.analysis.provenance import table as provenance
from reports.published.reader import load
from reports.writers.files import write_tables
from tests.reports.conftest import SCENES, Make, described, needs_latex
from tests.reports.writers.files.support import table
from tests.reports.writers.test_latex import pdflatex

HEADER = "paper,protocol,dataset,scale,method,metric,value,source,remark\n"
METRICS = [
    described("mpsnr", title="MPSNR", unit="dB", digits=2, main=True),
    described("ergas[ratio=4]", title="ERGAS", digits=2, higher=False, main=True),
]


@pytest.fixture(autouse=True)
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let papers have printed a few values under a protocol of their own."""
    folder = tmp_path / "printed"
    folder.mkdir()
    (folder / "x.csv").write_text(
        HEADER
        + "P,mine,cave,4,Bicubic,mpsnr,34.6163,T,\n"
        + "P,mine,cave,8,Bicubic,mpsnr,30.1,T,\n"
        + "P,mine,cave,4,Bicubic,ergas[ratio=4],6.8047,T,\n"
        + "P,mine,cave,8,Bicubic,ergas[ratio=4],10.8664,T,with ratio 4 at x8\n"
        + "P,mine,cave,8,EDSR,ergas[ratio=4],10.1562,T,with ratio 4 at x8\n"
        + "P,mine,cave,8,EDSR,sharp,.5,T,\n"
        + "Q,mine,cave,2,Only,mpsnr,40.0,T,\n"
    )
    rows = load(folder)
    monkeypatch.setattr(provenance, "published_for", lambda *_: rows)


def made(make: Make, folder: Path) -> list[str]:
    """Store two variants of Bicubic, and return the titles of the grids."""
    for method, psnr in (("bicubic", 34.61638), ("bicubic[clip=false]", 34.5)):
        for scale in (4, 8):
            rows = [{"scene": one, "mpsnr": psnr, "ergas[ratio=4]": 6.80479} for one in SCENES]
            make(method, scale, protocol="mine", published="Bicubic", title="Bicubic",
                 metrics=METRICS, rows=rows, trained=False)  # fmt: skip
    (section,) = write_tables(folder, "cave").sections
    return [grid.title for grid in section.grids if grid.title.startswith("Published")]


def test_values_and_differences_have_the_digits_of_the_print(make: Make, tmp_path: Path) -> None:
    assert made(make, tmp_path) == ["Published by P: MPSNR and ERGAS", "Published by P: sharp"]
    page = write_tables(tmp_path, "cave").markdown
    assert table(page, "Published by P: MPSNR and ERGAS") == [
        ["Published", "Measured", "MPSNR ↑ x4", "MPSNR ↑ x8", "ERGAS ↓ x4", "ERGAS ↓ x8"],
        ["Bicubic", "Bicubic",
         "34.6163 (+0.0001)", "30.1 (+4.5)", "6.8047 (+0.0001)", "10.8664 (-4.0616)†"],
        ["Bicubic", r"Bicubic \[clip=false\]",
         "34.6163 (-0.1163)", "30.1 (+4.4)", "6.8047 (+0.0001)", "10.8664 (-4.0616)†"],
        ["EDSR", "--", "--", "--", "--", "10.1562†"],
    ]  # fmt: skip
    assert "in parentheses the measured one, rounded as in print, minus it." in page
    # A metric that no cell has is shown by its label; nobody knows which direction is better.
    assert table(page, "Published by P: sharp")[0][2:] == ["sharp x4", "sharp x8"]


def test_a_remark_is_beneath_the_grid(make: Make, tmp_path: Path) -> None:
    made(make, tmp_path)
    page = write_tables(tmp_path, "cave").markdown
    assert page.count("† ERGAS ×8 of Bicubic, EDSR: with ratio 4 at x8.\n") == 1


@needs_latex
def test_a_remark_compiles(make: Make, tmp_path: Path) -> None:
    made(make, tmp_path)
    file = tmp_path / "tables" / "cave.tex"
    assert r"\textsuperscript{\ensuremath{\dagger}}" in file.read_text()
    pdflatex(file.parent, file.name)
