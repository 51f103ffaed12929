"""The README's tables come from cells that a run made, and its examples from code that runs."""

import re
from pathlib import Path

import pytest

from benchmark.method.registration import all_methods
from reports.writers.files import write_tables
from tests.command_line import CommandLine

HERE = Path(__file__).resolve().parent.parent
README = (HERE / "README.md").read_text(encoding="utf-8")
RESULTS = HERE / "docs" / "results"
LABELS = re.findall(r"<!-- from docs/results: (\S+) -->", README)
PROTOCOLS = "protocols"  # one table of all protocols, from all cells


def _tables(markdown: str) -> list[str]:
    return [block for block in markdown.split("\n\n") if block.startswith("|")]


def test_the_readme_shows_results_of_cave_and_of_the_synthetic_scenes() -> None:
    assert LABELS == ["synthetic", PROTOCOLS, "cave"]


def _shown(label: str) -> str:
    """Return a part of the README that is made from stored cells."""
    return README.partition(f"<!-- from docs/results: {label} -->")[2].partition("<!-- end -->")[0]


def test_the_table_of_protocols_is_what_the_stored_cells_give(hsisr: CommandLine) -> None:
    made = hsisr("protocols", "--table").out
    assert _shown(PROTOCOLS).strip() == made.strip()


@pytest.mark.parametrize("label", ["synthetic", "cave"])
def test_every_results_table_of_the_readme_is_what_the_stored_cells_give(
    label: str, tmp_path: Path
) -> None:
    shown = {method.name for method in all_methods() if method.default_run}
    copy = tmp_path / "results"
    for cell in RESULTS.glob(f"{label}/**/cell.json"):
        if label == "synthetic" and cell.parent.parent.name not in shown:
            continue  # the README shows what its first command runs
        for file in cell.parent.iterdir():
            target = copy / file.relative_to(RESULTS)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    made = _tables(write_tables(copy, label).markdown)
    for table in _tables(_shown(label)):
        assert table.strip() in [one.strip() for one in made], f"regenerate:\n{made[0]}"


def test_no_stored_cell_names_a_folder_of_the_machine_it_was_made_on() -> None:
    cells = list(RESULTS.rglob("cell.json"))
    assert cells
    for file in cells:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\"[^\"]*(/home/|/root/|/tmp/|--data[ =]|--cache)", text), file


def test_bit_for_bit_is_promised_for_the_same_number_of_threads_only() -> None:
    promised = 0
    texts = [HERE / "README.md", HERE / "CONTRIBUTING.md", *(HERE / "docs").glob("*.md")]
    for file in [*texts, *(HERE / "benchmark").rglob("*.py"), *(HERE / "reports").rglob("*.py")]:
        words = " ".join(file.read_text(encoding="utf-8").split())
        for found in re.finditer("bit[ -]for[ -]bit", words):
            promised += 1
            assert "threads" in words[found.start() : found.end() + 160], file
    assert promised >= 3


def test_the_plugin_of_the_readme_is_short_and_complete() -> None:
    plugin = README.partition("```python\n")[2].partition("```")[0]
    lines = [line for line in plugin.splitlines() if line.strip()]
    assert len(lines) <= 20
    compile(plugin, "README.md", "exec")


def test_the_protocol_and_the_metric_of_the_readme_run(hsisr: CommandLine) -> None:
    plugin = README.split("```python\n")[2].partition("```")[0]
    lines = [line for line in plugin.splitlines() if line.strip()]
    assert len(lines) < 40
    file = hsisr.folder / "soft.py"
    file.write_text(plugin, encoding="utf-8")
    words = ("--plugin", str(file), "--protocol", "soft[sigma=1.5]")
    answer = hsisr.tiny("bicubic,wiener", *words)
    assert answer.code == 0, answer.err
    assert "Protocol soft[sigma=1.5], version 1" in answer.out
    assert "Worst" in answer.out
    checked = hsisr("check", "--protocol", "soft", "--plugin", str(file))
    assert checked.code == 0, checked.out
    assert hsisr("check", "--metric", "worst", "--plugin", str(file)).code == 0
