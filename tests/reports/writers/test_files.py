"""The tables of stored cells: layout, numbers, marks, escapes, files."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import RequestError
from benchmark.store.address import key_of
from benchmark.store.cells import write
from reports.analysis.comparison.ranking import ranks
from reports.analysis.metrics import Metric
from reports.analysis.provenance.training import REPEATABLE
from reports.formatting import duration, signed, significant
from reports.writers import latex, markdown
from reports.writers.csv_files import guarded
from reports.writers.files import Tables, datasets_in, write_tables
from tests.reports.conftest import SCENES, Make, scored, typed

HOSTILE = r"a|b`c<d>*e*_f_[g]%&\#${}~^h"


def table(markdown_text: str, title: str) -> list[list[str]]:
    """Read a table of the page back: its heading and its rows, without the padding."""
    lines = typed(markdown_text).split(f"### {title}", 1)[1].strip().splitlines()
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([field.strip() for field in re.split(r"(?<!\\)\|", line)[1:-1]])
    return [rows[0], *rows[2:]]


def head(tables: Tables, what: str) -> str:
    """Return one line of the first section's provenance."""
    return typed(dict(tables.sections[0].provenance)[what])


def test_rows_are_methods_and_columns_psnr_then_sam_by_scale(make: Make, tmp_path: Path) -> None:
    for scale in (4, 2, 3):
        make("srcnn", scale, psnr=38.0 - scale, sam=2.0 + scale, title="SRCNN")
        make("bicubic", scale, psnr=33.0 - scale, sam=4.0 + scale, title="Bicubic", trained=False)
    rows = table(write_tables(tmp_path, "cave").markdown, "PSNR and SAM")
    assert rows == [
        ["Method", *(f"PSNR ↑ x{s}" for s in (2, 3, 4)), *(f"SAM ↓ x{s}" for s in (2, 3, 4))],
        ["Bicubic", "*31.00*", "*30.00*", "*29.00*", "*6.00*", "*7.00*", "*8.00*"],
        ["SRCNN", "**36.00**", "**35.00**", "**34.00**", "**4.00**", "**5.00**", "**6.00**"],
    ]


def test_published_values_are_shown_with_the_difference(make: Make, tmp_path: Path) -> None:
    make("srcnn", 2, psnr=35.10, sam=4.304, title="SRCNN", published="Dong[4]")
    make("srcnn[wide=true]", 2, psnr=36.28, sam=4.0, title="SRCNN", published="Dong[4]")
    make("own", 2, psnr=39.0, sam=1.0, title="Own")
    text = write_tables(tmp_path, "cave").markdown
    assert table(text, "Published by Wang et al., ICIG 2017") == [
        ["Published", "Measured", "PSNR ↑ x2", "SAM ↓ x2"],
        ["Bicubic", "--", "31.73", "6.00"],
        [r"Dong\[4\]", "SRCNN", "36.28 (-1.18)", "4.23 (+0.07)"],
        [r"Dong\[4\]", r"SRCNN \[wide=true\]", "36.28 (0.00)", "4.23 (-0.23)"],
        [r"Shi\[18\]", "--", "36.65", "4.12"],
        [r"Kim\[11\]", "--", "36.98", "4.35"],
        ["Ours", "--", "38.24", "1.56"],
    ]


def test_the_difference_is_that_of_the_two_numbers_printed(make: Make, tmp_path: Path) -> None:
    make("srcnn", 2, psnr=36.2851, sam=4.2349, published="Dong[4]")
    (row,) = write_tables(tmp_path, "cave").sections[0].grids[0].rows
    assert [(entry.text, entry.difference, entry.better) for entry in row[1:]] == [
        ("36.29", "+0.01", True),
        ("4.23", "0.00", None),
    ]


def test_the_other_protocol_has_no_published_column(make: Make, tmp_path: Path) -> None:
    make("bicubic", 2, published="Bicubic", protocol="wang2017-float")
    tables = write_tables(tmp_path, "cave")
    assert [grid.title for grid in tables.sections[0].grids] == [
        "PSNR and SAM",
        "Other metrics and cost",
        "Spread over the test scenes",
    ]
    assert "31.73" not in tables.markdown
    assert head(tables, "Published numbers").startswith("no paper's numbers are known")


def test_scenes_that_were_not_published_are_marked_everywhere_and_not_compared(
    make: Make, tmp_path: Path
) -> None:
    marked = {"marks": ["not the published data"], "remark": "Not the published data: 1 of 7."}
    make("bicubic", published="Bicubic")
    make("srcnn", published="SRCNN", **marked)
    tables = write_tables(tmp_path, "cave")
    assert typed(tables.markdown).startswith("# CAVE -- not the published data\n")
    facts = dict(tables.sections[0].provenance)
    assert facts["Remark"] == "Not the published data: 1 of 7."
    assert facts["Published numbers"] == (
        "not shown, because some scenes have a remark: not the published data"
    )
    captions = re.findall(r"\\caption\{(.*)", tables.paths[1].read_text(encoding="utf-8"))
    assert captions
    assert all("not the published data" in caption for caption in captions)


def test_a_subset_is_marked_everywhere_and_not_compared(make: Make, tmp_path: Path) -> None:
    label = "cave@face,flowers"
    make("bicubic", dataset=label, published="Bicubic", subset=True, test=["face", "flowers"])
    tables = write_tables(tmp_path, label)
    assert "31.73" not in tables.markdown + tables.paths[1].read_text()
    assert head(tables, "Published numbers").startswith("not shown, because they are means over")
    assert head(tables, "Scenes") == (
        "a SUBSET: 4 for training (beads, cd, clay, cloth), 2 for validation (hairs, paints), "
        "2 for testing (face, flowers)"
    )
    captions = re.findall(r"\\caption\{(.*)\}", tables.paths[1].read_text())
    assert len(captions) == 2
    assert all("subset of the scenes" in caption for caption in captions)


@pytest.mark.parametrize(
    ("trained_on", "compared", "named"),
    [
        (["cave"], True, None),
        (["cave", "harvard"], True, "cave, harvard"),
        (["harvard"], False, "harvard"),
        (["cave", "pavia"], False, "cave, pavia"),
    ],
)
def test_only_networks_that_saw_the_papers_scenes_are_compared(
    make: Make, tmp_path: Path, trained_on: list[str], compared: bool, named: str | None
) -> None:
    make("srcnn", dataset="cave+x", published="Dong[4]", trained_on=trained_on)
    tables = write_tables(tmp_path, "cave+x")
    assert ("36.28" in tables.markdown) is compared
    assert dict(tables.sections[0].provenance).get("Trained on") == named


def test_values_that_print_alike_rank_alike() -> None:
    psnr, sam = Metric("psnr", "PSNR", 2, higher=True), Metric("sam", "SAM", 2)
    assert ranks([30.001, 31.5, float("nan"), 31.499, 29.0], psnr) == [2, 1, 0, 1, 0]
    assert ranks([3.0, 1.0, 2.0], sam) == [0, 1, 2]
    assert ranks([3.0, float("nan")], sam) == [0, 0]


def test_several_seeds_have_a_mean_and_a_deviation(make: Make, tmp_path: Path) -> None:
    for seed, psnr in enumerate((35.0, 35.2, 35.7)):
        make("srcnn", seed=seed, psnr=psnr, sam=4.0)
    make("bicubic", psnr=31.0, sam=6.0, trained=False)
    make("vdsr", psnr=36.0, sam=5.0)
    tables = write_tables(tmp_path, "cave")
    mean, std = np.mean([35.0, 35.2, 35.7]), np.std([35.0, 35.2, 35.7], ddof=1)
    rows = table(tables.markdown, "PSNR and SAM")
    assert rows[1:] == [
        ["BICUBIC", "31.00", "6.00"],
        ["SRCNN", f"*{mean:.2f} ± {std:.2f}*", "**4.00 ± 0.00**"],
        ["VDSR", "**36.00**¹", "*5.00*¹"],
    ]
    assert tables.sections[0].notes == ("without seeds 1, 2",)
    assert head(tables, "Seeds") == "0, 1, 2"


def test_failed_and_missing_cells_keep_their_places(make: Make, tmp_path: Path) -> None:
    make("bicubic", 2, psnr=31.0)
    make("bicubic", 3, psnr=30.0)
    make("srcnn", 2, status="failed", reason="out of memory\n(3 GiB)")
    make("vdsr", 2, psnr=36.0, sam=4.0, warnings=["still improving"])
    tables = write_tables(tmp_path, "cave")
    assert table(tables.markdown, "PSNR and SAM")[1:] == [
        ["BICUBIC", "*31.00*", "30.00", "**4.00**", "4.00"],
        ["SRCNN", "failed¹", "--", "failed¹", "--"],
        ["VDSR", "**36.00**²", "--", "**4.00**²", "--"],
    ]
    assert typed(tables.markdown).endswith(
        "### Notes\n\n1. failed: out of memory (3 GiB)\n2. still improving\n"
    )
    assert ["x2", "SRCNN¹", *["failed"] * 4, *["--"] * 3] in table(
        tables.markdown, "Other metrics and cost"
    )


def test_one_failed_seed_is_noted_and_the_others_are_averaged(make: Make, tmp_path: Path) -> None:
    make("srcnn", seed=0, psnr=35.0)
    make("srcnn", seed=1, status="failed", reason="the loss is not finite")
    tables = write_tables(tmp_path, "cave")
    assert table(tables.markdown, "PSNR and SAM")[1] == ["SRCNN", "35.00¹", "4.00¹"]
    assert tables.sections[0].notes == ("seed 1 failed: the loss is not finite",)


def test_scores_that_cannot_be_read_cost_their_own_place_only(make: Make, tmp_path: Path) -> None:
    make("bicubic", psnr=31.0)
    cell = make("srcnn", rows=[{**scored(30.0, 4.0)[1], "psnr": ""}])
    tables = write_tables(tmp_path, "cave")
    assert table(tables.markdown, "PSNR and SAM")[2] == ["SRCNN", "--¹", "4.00¹"]
    assert (
        tables.sections[0]
        .notes[0]
        .startswith("has no value for psnr of 3 of 3 scenes, sam of 2 of 3 scenes, sam_float of")
    )
    added = ("format", "address", "sums", "seal")
    facts = {name: value for name, value in cell.facts.items() if name not in added}
    write(tmp_path, cell.address, facts, {})
    tables = write_tables(tmp_path, "cave")
    assert table(tables.markdown, "PSNR and SAM")[1:] == [
        ["BICUBIC", "31.00", "4.00"],
        ["SRCNN", "--¹", "--¹"],
    ]
    assert "its scores cannot be read (FileNotFoundError)" in tables.markdown


def test_other_metrics_and_cost_have_a_table_of_their_own(make: Make, tmp_path: Path) -> None:
    make("srcnn", psnr=40.0, sam=4.0)
    make("bicubic", psnr=32.0, sam=6.0, trained=False)
    rows = table(write_tables(tmp_path, "cave").markdown, "Other metrics and cost")
    cost, spent = ["Parameters", "Training", "s/image"], ["57,281", "13 min", "0.125"]
    assert rows == [
        ["Scale", "Method", "SAM (float) ↓", "SSIM ↑", "ERGAS ↓", "RMSE ↓", *cost],
        ["x2", "BICUBIC", "*5.75*", "*0.9320*", "*3.12*", "*6.25*", "0", "--", "0.125"],
        ["x2", "SRCNN", "**3.75**", "**0.9400**", "**2.50**", "**5.00**", *spent],
    ]


def test_the_provenance_names_protocol_scenes_dates_and_devices(make: Make, tmp_path: Path) -> None:
    remark = "Scaled by its maximum."
    make("bicubic", date="2026-03-04T01:00:00Z", device="cpu", trained=False, remark=remark)
    make("srcnn", date="2026-03-01T10:00:00Z", remark="Scaled by its maximum.")
    tables = write_tables(tmp_path, "cave")
    lines = [(what, typed(text)) for what, text in tables.sections[0].provenance]
    both = "cpu (1 cell); NVIDIA H200 (1 cell, marked)"
    mixed = f"NOT one machine: {both}; seconds of marked cells are not compared"
    assert "same number of threads" in REPEATABLE
    assert lines == [
        ("Protocol", "wang2017 -- the summary of wang2017"),
        ("Profile", "standard -- the summary of standard"),
        ("Scenes", "4 for training, 2 for validation, 3 for testing"),
        ("Seed", "0"),
        ("Device", mixed),
        ("Repeatable", REPEATABLE),
        ("Training", "SRCNN (on another machine)"),
        ("Date", "2026-03-01 to 2026-03-04"),
        ("Remark", "Scaled by its maximum."),
        (
            "Published numbers",
            (
                "Wang et al., ICIG 2017, Table 1; the paper trained each network on cave and "
                "harvard together"
            ),
        ),
    ]
    assert tables.markdown.startswith("# CAVE\n\n## Protocol wang2017, profile standard\n\n- **Pro")


def test_synthetic_scenes_are_marked_in_every_file(make: Make, tmp_path: Path) -> None:
    make("bicubic", dataset="synthetic", title="Bicubic", synthetic=True)
    tables = write_tables(tmp_path, "synthetic")
    assert typed(tables.markdown).startswith("# CAVE -- SYNTHETIC\n")
    assert tables.sections[0].provenance[0][0] == "SYNTHETIC"
    captions = re.findall(r"\\caption\{(.*)\}", tables.paths[1].read_text())
    assert len(captions) == 2
    assert all(caption.startswith(r"\textbf{CAVE -- SYNTHETIC.}") for caption in captions)


def test_rows_are_bicubic_then_the_others_by_name(make: Make, tmp_path: Path) -> None:
    for method in ("vdsr", "bicubic", "espcn", "srcnn"):
        make(method)
    grid = write_tables(tmp_path, "cave").sections[0].grids[0]
    assert [row[0].text for row in grid.rows] == ["BICUBIC", "ESPCN", "SRCNN", "VDSR"]


def test_each_protocol_and_profile_has_its_own_section(make: Make, tmp_path: Path) -> None:
    for protocol, profile in (("wang2017", "quick"), ("wang2017-float", "quick")):
        make(protocol=protocol, profile=profile, psnr=30.0 + len(protocol))
    make(profile="paper", psnr=50.0)
    tables = write_tables(tmp_path, "cave")
    found = [(s.protocol, s.profile, s.grids[0].rows[0][1].text) for s in tables.sections]
    assert found == [
        ("wang2017", "paper", "50.00"),
        ("wang2017", "quick", "38.00"),
        ("wang2017-float", "quick", "44.00"),
    ]


def test_hostile_names_are_escaped_in_markdown(make: Make, tmp_path: Path) -> None:
    make("evil", title=HOSTILE + "\n# heading")
    text = write_tables(tmp_path, "cave").markdown
    escaped = r"a\|b\`c&lt;d&gt;\*e\*\_f\_\[g\]%&amp;\\\#\$\{\}\~^h \# heading"
    assert table(text, "PSNR and SAM")[1] == [escaped, "35.00", "4.00"]
    assert markdown.escape("- not a list") == r"\- not a list"
    assert markdown.escape("1. not a list") == r"1\. not a list"
    assert markdown.escape("35.10") == "35.10"


def test_hostile_names_are_escaped_in_latex() -> None:
    assert latex.escape(HOSTILE) == (
        r"a\textbar{}b`c\ensuremath{<}d\ensuremath{>}{*}e{*}\_f\_{[}g{]}\%\&\textbackslash{}\#\$\{\}"
        r"\textasciitilde{}\textasciicircum{}h"
    )


def test_the_csv_agrees_with_numpy(make: Make, tmp_path: Path) -> None:
    cells = [make("srcnn", seed=1, psnr=35.3), make("bicubic", 4, psnr=30.1, sam=6.4)]
    lone = make("vdsr", rows=scored(36.0, 4.0, ["face"]))
    wanted = []
    for cell in [cells[1], cells[0], lone]:
        with (cell.folder / "scores.csv").open() as stream:
            scores = list(csv.DictReader(stream))
        for metric in ("psnr", "sam", "sam_float", "ssim", "ergas", "rmse", "skipped"):
            values = np.array([float(row[metric]) for row in scores])
            std = float(np.std(values, ddof=1)) if len(values) > 1 else None
            wanted.append((cell.address.method, metric, float(np.mean(values)), std, len(values)))
    with write_tables(tmp_path, "cave").paths[2].open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    more = ["machine", "other_machine", "protocol_version"]
    header = ["dataset", "protocol", "profile", "scale", "method", "seed", "metric"]
    assert list(rows[0]) == [*header, "mean", "std", "n", *more]
    assert {row["dataset"] for row in rows} == {"cave"}
    assert {(row["method"], row["scale"], row["seed"]) for row in rows} == {
        ("srcnn", "2", "1"),
        ("bicubic", "4", "0"),
        ("vdsr", "2", "0"),
    }
    by_key = {(row["method"], row["metric"]): row for row in rows}
    assert len(by_key) == len(rows) == len(wanted) == 21
    for method, metric, mean, std, n in wanted:
        row = by_key[method, metric]
        assert float(row["mean"]) == pytest.approx(mean, rel=1e-12)
        assert int(row["n"]) == n
        if std is None:
            assert row["std"] == ""
        else:
            assert float(row["std"]) == pytest.approx(std, rel=1e-9, abs=1e-12)


def test_a_failed_cell_stays_in_the_csv_with_n_zero(make: Make, tmp_path: Path) -> None:
    make("srcnn", status="failed", reason="no")
    assert write_tables(tmp_path, "cave").paths[2].read_text().splitlines()[1:] == [
        "cave,wang2017,standard,2,srcnn,0,psnr,,,0,NVIDIA H200,False,",
        "cave,wang2017,standard,2,srcnn,0,sam,,,0,NVIDIA H200,False,",
    ]


def test_labels_cannot_be_formulas_in_a_spreadsheet(make: Make, tmp_path: Path) -> None:
    make("=cmd()", rows=[{"scene": "face", "psnr": -3.5, "sam": 1.0}], device="=gpu()")
    lines = write_tables(tmp_path, "cave").paths[2].read_text().splitlines()
    assert lines[1] == "cave,wang2017,standard,2,'=cmd(),0,psnr,-3.5,,1,'=gpu(),False,"
    assert [guarded(text) for text in ("+a", "-a", "@a", "a=b")] == ["'+a", "'-a", "'@a", "a=b"]


def test_the_files_are_named_after_the_label_and_hold_what_is_returned(
    make: Make, tmp_path: Path
) -> None:
    make(dataset="cave[crop=64]+a/b")
    tables = write_tables(tmp_path, "cave[crop=64]+a/b")
    folder = tmp_path / "tables"
    name = "cave[crop=64]+a%2Fb"
    assert tables.paths == (
        *(folder / f"{name}.{ending}" for ending in ("md", "tex", "csv")),
        folder / "comparisons" / f"{name}.csv",
    )
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(tables.paths)
    assert tables.paths[0].read_text(encoding="utf-8") == tables.markdown


def test_without_cells_nothing_is_written_and_the_remedy_is_named(
    make: Make, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=r"with: python run_all\.py --dataset harvard$"):
        write_tables(tmp_path, "harvard")
    make(dataset="cave")
    with pytest.raises(RequestError, match="there are some of cave; make them with"):
        write_tables(tmp_path, "harvard")
    # A run with that name would be refused.
    with pytest.raises(RequestError, match=r"; did you mean cave\? there are some of cave$"):
        write_tables(tmp_path, "CAVE")
    with pytest.raises(RequestError, match=r"did you mean srcnn\? there are some of srcnn"):
        write_tables(tmp_path, "cave", baseline="SRCN")
    assert not (tmp_path / "tables").exists()


def test_data_sets_with_cells_are_listed_once(make: Make, tmp_path: Path) -> None:
    assert datasets_in(tmp_path) == []
    for dataset, scale in (("harvard", 2), ("cave", 2), ("cave", 3)):
        make(scale=scale, dataset=dataset)
    write_tables(tmp_path, "cave")
    assert datasets_in(tmp_path) == ["cave", "harvard"]


def test_methods_scored_on_other_scenes_are_reported(make: Make, tmp_path: Path) -> None:
    make("bicubic")
    make("srcnn", test=[*SCENES, "more"])
    assert head(write_tables(tmp_path, "cave"), "Scenes").endswith(
        "NOT the same test scenes for every method"
    )


def test_a_copied_cell_that_conflicts_with_the_others_is_reported(
    make: Make, tmp_path: Path
) -> None:
    for method in ("bicubic", "srcnn", "vdsr"):
        make(method, depends={"train": key_of(None) if method == "bicubic" else "t"})
    assert "Conflict" not in write_tables(tmp_path, "cave").markdown
    make("espcn", depends={"numerics": "b", "train": "t"})
    page = write_tables(tmp_path, "cave").markdown
    assert (
        "- **Conflict:** made with different versions of the engine: espcn against bicubic, "
        "srcnn, vdsr; not a fair comparison\n"
    ) in page
    assert page.count("Conflict") == 1


def test_a_perfect_estimate_is_infinite_and_still_the_best(make: Make, tmp_path: Path) -> None:
    perfect, *others = scored(9.0, 0.0)
    make("oracle", rows=[{**perfect, "psnr": "inf", "sam": 0}, *({**o, "sam": 0} for o in others)])
    make("bicubic", psnr=31.0)
    tables = write_tables(tmp_path, "cave")
    assert table(tables.markdown, "PSNR and SAM")[2] == ["ORACLE", "**∞**", "**0.00**"]
    assert ",oracle,0,psnr,inf,,3,NVIDIA H200,False,\n" in tables.paths[2].read_text()


def test_signs_and_times_are_readable() -> None:
    assert signed(-1.184, 2) == "\N{MINUS SIGN}1.18"
    assert [signed(value, 2) for value in (0.5, -0.001, 0.0)] == ["+0.50", "0.00", "0.00"]
    numbers = [significant(value) for value in (0.0, 0.0002, 0.125, 3.14159, 250.4)]
    assert numbers == ["< 0.001", "< 0.001", "0.125", "3.14", "250"]
    assert [duration(value) for value in (4.2, 90, 754, 9000, 259_200)] == [
        "4.2 s",
        "90 s",
        "13 min",
        "2.5 h",
        "3.0 d",
    ]


def test_latex_sets_the_scales_of_the_other_metrics_apart(make: Make, tmp_path: Path) -> None:
    for scale in (2, 3):
        make("srcnn", scale)
    lines = write_tables(tmp_path, "cave").paths[1].read_text().splitlines()
    gap = lines.index(r"\addlinespace")
    assert lines.count(r"\addlinespace") == 1
    assert lines[gap - 1].startswith(r"\ensuremath{\times}2 & SRCNN")
    assert lines[gap + 1].startswith(r"\ensuremath{\times}3 & SRCNN")
