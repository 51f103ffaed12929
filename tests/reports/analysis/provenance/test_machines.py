"""Cells of different machines in one table: marked, and their seconds not compared."""

import csv
from pathlib import Path
from typing import Any

import pytest

from reports.analysis.provenance.machines import elsewhere, machine_of, machines_of, name_of
from reports.tables.model import Section
from reports.writers.files import Tables, write_tables
from tests.reports.conftest import Make, typed

CPU = {"processor": "AMD EPYC", "threads": 2, "precision": "bfloat16", "gpu": None}
ON_CPU: dict[str, Any] = {"device": "CPU, 2 threads, bfloat16", "environment": CPU}
GPU = {"processor": "Intel Xeon", "threads": 8, "precision": "bfloat16", "gpu": "NVIDIA H200"}
ON_GPU: dict[str, Any] = {"device": "NVIDIA H200, bfloat16", "environment": GPU}
NAME = "CPU, 2 threads, bfloat16 (AMD EPYC)"
NOTE = (
    "computed on NVIDIA H200, bfloat16, the others on CPU, 2 threads, bfloat16 (AMD EPYC); its "
    "scores may differ for that reason, and its seconds are not comparable"
)


def mixed(make: Make, folder: Path) -> Tables:
    """Store three cells of one machine and one of another."""
    make("bicubic", trained=False, title="Bicubic", **ON_CPU)
    make("srcnn", psnr=34.0, fit_s=9.0, upscale_s=0.5, **ON_CPU)
    make("espcn", psnr=33.0, fit_s=6.0, upscale_s=0.25, **ON_CPU)
    make("vdsr", psnr=36.0, fit_s=3.0, upscale_s=0.01, **ON_GPU)
    return write_tables(folder, "cave")


def grid(section: Section, title: str) -> dict[str, tuple[Any, ...]]:
    """Return a table's rows by the name of their method."""
    (found,) = [one for one in section.grids if one.title == title]
    return {row[found.labels - 1].text: row for row in found.rows}


@pytest.mark.parametrize(
    "other",
    [
        {"processor": "Intel Xeon"},
        {"threads": 4},
        {"precision": "float32"},
        {"device": "NVIDIA H200, bfloat16"},
        {"torch": "2.12.0"},
        {"gpu_memory_bytes": 8 * 2**30},
    ],
    ids=str,
)
def test_a_machine_is_all_that_changes_scores_or_seconds(make: Make, other: dict[str, Any]) -> None:
    first = make("a", **ON_CPU)
    same = make("b", 3, device="CPU, 2 threads, bfloat16", environment={**CPU, "commit": "x"})
    different = make("c", **{**ON_CPU, "environment": {**CPU, **other}})
    assert machine_of(first) == machine_of(same) != machine_of(different)
    machines = machines_of([first, same, different])
    assert machines.mixed
    assert [machines.note(cell) for cell in (first, same)] == ["", ""]
    assert machines.note(different).startswith("computed on ")
    assert len(set(machines.names.values())) == 2


def test_the_minority_is_marked_in_every_file(make: Make, tmp_path: Path) -> None:
    made = mixed(make, tmp_path)
    (section,) = made.sections
    assert section.notes == (NOTE,)
    notes = {name: row[1].notes for name, row in grid(section, "PSNR and SAM").items()}
    assert notes == {"Bicubic": (), "SRCNN": (), "ESPCN": (), "VDSR": (1,)}
    spread = grid(section, "Spread over the test scenes")
    tests = grid(section, "Compared with Bicubic")
    for row in (spread["VDSR"], tests["VDSR"]):
        assert (1,) in [entry.notes for entry in row]
    for row in (spread["SRCNN"], tests["SRCNN"]):
        assert not any(entry.notes for entry in row)
    assert "**36.00**¹" in made.markdown
    assert f"\n1. {NOTE}\n" in made.markdown
    assert r"\textsuperscript{1}\,computed on NVIDIA H200" in made.paths[1].read_text()
    with made.paths[2].open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["method"] for row in rows if row["other_machine"] == "True"} == {"vdsr"}
    assert {row["machine"] for row in rows} == {NAME, "NVIDIA H200, bfloat16"}


def test_seconds_of_another_machine_are_set_apart(make: Make, tmp_path: Path) -> None:
    (section,) = mixed(make, tmp_path).sections
    rows = grid(section, "Other metrics and cost")
    assert [entry.text for entry in rows["SRCNN"][-2:]] == ["9.0 s", "0.500"]
    assert [entry.text for entry in rows["VDSR"][-2:]] == ["(3.0 s)", "(0.010)"]
    assert [entry.notes for entry in rows["VDSR"][-2:]] == [(1,), (1,)]
    assert [entry.notes for entry in rows["SRCNN"][-2:]] == [(), ()]
    (found,) = [one for one in section.grids if one.title == "Other metrics and cost"]
    assert f"Seconds are of {NAME}; those in parentheses are of another machine" in found.legend


def test_the_head_names_every_machine_and_how_many_cells_it_has(make: Make, tmp_path: Path) -> None:
    head = dict(mixed(make, tmp_path).sections[0].provenance)
    assert head["Device"] == (
        f"NOT one machine: {NAME} (3 cells); NVIDIA H200, bfloat16 (1 cell, marked); "
        "seconds of marked cells are not compared"
    )
    assert head["Training"] == "ESPCN (6.0 s), SRCNN (9.0 s), VDSR (on another machine)"


def test_of_two_machines_with_as_many_cells_all_but_the_first_are_marked(
    make: Make, tmp_path: Path
) -> None:
    make("bicubic", trained=False, **ON_GPU)
    make("srcnn", **ON_CPU)
    (section,) = write_tables(tmp_path, "cave").sections
    assert "NVIDIA H200, bfloat16 (1 cell); " in dict(section.provenance)["Device"]
    notes = {name: row[1].notes for name, row in grid(section, "PSNR and SAM").items()}
    assert notes == {"BICUBIC": (), "SRCNN": (1,)}


def test_one_machine_has_no_notes(make: Make, tmp_path: Path) -> None:
    make("bicubic", trained=False, **ON_CPU)
    make("srcnn", **ON_CPU)
    make("vdsr", status="failed", reason="no", **ON_GPU)  # has no numbers
    (section,) = write_tables(tmp_path, "cave").sections
    assert section.notes == ("failed: no",)
    assert "NOT" not in dict(section.provenance)["Device"]


def test_seeds_of_another_machine_are_not_averaged_into_the_seconds(
    make: Make, tmp_path: Path
) -> None:
    for seed, seconds in ((0, 8.0), (1, 10.0)):
        make("srcnn", seed=seed, fit_s=seconds, **ON_CPU)
    make("srcnn", seed=2, fit_s=1.0, **ON_GPU)
    (section,) = write_tables(tmp_path, "cave").sections
    assert grid(section, "Other metrics and cost")["SRCNN"][-2].text == "9.0 s"
    assert section.notes == (f"seed 2 {NOTE}",)
    assert dict(section.provenance)["Training"] == (
        "SRCNN (8.0 s to 10 s, partly on another machine)"
    )


def test_gpus_of_one_name_in_different_machines_are_told_apart(make: Make, tmp_path: Path) -> None:
    make("a", **ON_GPU)
    make("b", **ON_GPU)
    make("c", **{**ON_GPU, "environment": {**GPU, "threads": 16}})
    (section,) = write_tables(tmp_path, "cave").sections
    (note,) = section.notes
    assert (
        "NVIDIA H200, bfloat16 [16 threads], the others on NVIDIA H200, bfloat16 [8 threads]; its"
        in note
    )


def test_a_cell_that_records_no_machine_is_another_machine(make: Make, tmp_path: Path) -> None:
    make("a", **ON_CPU)
    make("b", **ON_CPU)
    make("c", device="")
    (section,) = write_tables(tmp_path, "cave").sections
    assert section.notes[0].startswith("computed on a machine that is not recorded, the others on")


@pytest.mark.parametrize(
    ("engine", "precision", "name"),
    [
        (2, "bfloat16", "CPU, 2 threads, bfloat16 (AMD EPYC)"),
        (3, "bfloat16", "CPU, 2 threads, trained in bfloat16, scored in float32 (AMD EPYC)"),
        (3, "float32", "CPU, 2 threads, float32 (AMD EPYC)"),
    ],
)
def test_the_precision_of_training_and_of_scoring_are_named(
    make: Make, engine: int, precision: str, name: str
) -> None:
    cell = make(
        device=f"CPU, 2 threads, {precision}",
        environment={**CPU, "precision": precision},
        configuration={"engine": engine},
    )
    assert name_of(cell) == name
    assert machines_of([cell]).line() == name


def test_a_figure_shows_the_seconds_of_most_of_its_own_methods(make: Make) -> None:
    cells = [make("a", **ON_GPU), make("b", **ON_CPU), make("c", **ON_CPU)]
    assert elsewhere(cells, ["a", "b", "c"]) == {"a": "NVIDIA H200, bfloat16"}
    assert elsewhere(cells, ["a"]) == {}
    assert elsewhere(cells, []) == {}


def test_the_terminal_shows_the_note(make: Make, tmp_path: Path) -> None:
    from tests.reports.writers.test_terminal import shown

    text = shown(mixed(make, tmp_path), 100)
    assert "36.00¹" in text
    assert typed(f"¹ {NOTE}\n") in text


def test_gpus_of_one_name_and_versions_of_torch_are_told_apart(make: Make, tmp_path: Path) -> None:
    """A GeForce RTX 3060 is sold with 8 and with 12 GiB, which differ in speed."""
    name = "NVIDIA GeForce RTX 3060, float32"
    facts = {"gpu_memory_bytes": 12 * 2**30 - 10**7, "torch": "2.13.0", "precision": "float32"}
    make("bicubic", trained=False, device=name, environment=facts)
    make("srcnn", device=name, environment={**facts, "gpu_memory_bytes": 12 * 2**30})
    make("espcn", device=name, environment={**facts, "gpu_memory_bytes": 8 * 2**30})
    make("vdsr", device=name, environment={**facts, "torch": "2.12.0"})
    (section,) = write_tables(tmp_path, "cave").sections
    assert [note.partition(", most")[0] for note in section.notes] == [
        f"computed on {name} [8 GiB, torch 2.13.0]",
        f"computed on {name} [12 GiB, torch 2.12.0]",
    ]


def test_seeds_of_one_machine_share_a_note(make: Make, tmp_path: Path) -> None:
    for scale in (2, 3, 4):
        make("bicubic", scale, trained=False, **ON_CPU)
        make("espcn", scale, **ON_CPU)
    for seed in (0, 1, 2):
        make("srcnn", 2, seed, **ON_GPU)
        make("vdsr", 2, seed, **(ON_GPU if seed else ON_CPU))
    (section,) = write_tables(tmp_path, "cave").sections
    about = [note for note in section.notes if "computed on" in note]
    assert about == [f"seeds 1, 2 {NOTE}", NOTE] or about == [NOTE, f"seeds 1, 2 {NOTE}"]


def test_a_longer_name_has_only_what_differs(make: Make) -> None:
    stored = [
        make(f"m{index}", device="NVIDIA H200, bfloat16", environment={**GPU, "torch": version})
        for index, version in enumerate(("2.12.0", "2.13.0"))
    ]
    assert list(machines_of(stored).names.values()) == [
        "NVIDIA H200, bfloat16 [torch 2.12.0]", "NVIDIA H200, bfloat16 [torch 2.13.0]",
    ]  # fmt: skip
