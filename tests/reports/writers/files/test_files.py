"""The files of stored cells: names, sections, provenance, escapes, and what is reported."""

import re
from pathlib import Path

import pytest

from benchmark.errors import RequestError
from benchmark.store.address import key_of
from reports.analysis.provenance.training import REPEATABLE
from reports.writers import latex, markdown
from reports.writers.files import datasets_in, write_tables
from tests.reports.conftest import SCENES, Make, typed
from tests.reports.writers.files.support import HOSTILE, head, table


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
    with pytest.raises(RequestError) as caught:
        write_tables(tmp_path, "harvard")
    command = f"python run_all.py --dataset harvard --results {tmp_path}"
    assert str(caught.value).endswith(f"make them with: {command}")
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
