"""Tables of README and docs come from cells that a run made; examples and commands on them run."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

import run_all
from benchmark import CHECKOUT
from benchmark.execution.registries import REGISTRIES
from benchmark.method.registration import all_methods
from benchmark.plugins.discovery import discover
from reports.writers.files import write_tables
from tests.command_line import CommandLine

RESULTS = CHECKOUT / "docs" / "results"
WRITTEN = [
    CHECKOUT / "README.md",
    CHECKOUT / "CONTRIBUTING.md",
    *(page for page in sorted((CHECKOUT / "docs").rglob("*.md")) if RESULTS not in page.parents),
]
PROTOCOLS = "protocols"  # one table of all protocols, from all cells
MARKS = re.compile(r"^<!-- from docs/results: (\S+) -->$", re.MULTILINE)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
REFERENCE = re.compile(r"[a-z0-9_-]+\[\w+=[^\]\[]*\]")  # such as bicubic[clip=false]
# Pages with parts that are made from stored cells, and the data sets of these.
MADE = {
    "README.md": ["cave"],
    "docs/start/quickstart.md": ["synthetic"],
    "docs/protocols/index.md": [PROTOCOLS],
    "docs/findings/index.md": ["cave"],
}


def _tables(markdown: str) -> list[str]:
    return [block.strip() for block in markdown.split("\n\n") if block.strip().startswith("|")]


def _shown(page: str, label: str) -> str:
    """Return a part of a page that is made from stored cells."""
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    return text.partition(f"<!-- from docs/results: {label} -->")[2].partition("<!-- end -->")[0]


def _python(page: str) -> str:
    """Return the only example in Python of a page."""
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return str(example)


def _length(plugin: str) -> int:
    return len([line for line in plugin.splitlines() if line.strip()])


def test_the_pages_show_results_of_cave_and_of_the_synthetic_scenes() -> None:
    found = {
        page.relative_to(CHECKOUT).as_posix(): labels
        for page in WRITTEN
        if (labels := MARKS.findall(page.read_text(encoding="utf-8")))
    }
    assert found == MADE


def test_the_table_of_protocols_is_what_the_stored_cells_give(hsisr: CommandLine) -> None:
    made = hsisr("protocols", "--table").out
    assert _shown("docs/protocols/index.md", PROTOCOLS).strip() == made.strip()


@pytest.mark.parametrize("label", ["synthetic", "cave"])
def test_every_results_table_of_the_pages_is_what_the_stored_cells_give(
    label: str, tmp_path: Path
) -> None:
    shown = {method.name for method in all_methods() if method.default_run}
    copy = tmp_path / "results"
    for cell in RESULTS.glob(f"{label}/**/cell.json"):
        if label == "synthetic" and cell.parent.parent.name not in shown:
            continue  # the page shows what the first command of the quick start runs
        for file in cell.parent.iterdir():
            target = copy / file.relative_to(RESULTS)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    made = _tables(write_tables(copy, label).markdown)
    pages = [page for page, labels in MADE.items() if label in labels]
    assert pages
    for page in pages:
        tables = _tables(_shown(page, label))
        assert tables
        for table in tables:
            assert table in made, f"{page}, regenerate:\n{made[0]}"


def test_the_page_of_all_tables_takes_every_stored_one() -> None:
    page = (CHECKOUT / "docs" / "findings" / "tables.md").read_text(encoding="utf-8")
    taken = re.findall(r"\{include\} \.\./results/tables/(\S+)", page)
    assert taken == sorted(file.name for file in (RESULTS / "tables").glob("*.md"))


def test_no_stored_cell_names_a_folder_of_the_machine_it_was_made_on() -> None:
    cells = list(RESULTS.rglob("cell.json"))
    assert cells
    for file in cells:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\"[^\"]*(/home/|/root/|/tmp/|--data[ =]|--cache)", text), file


def test_bit_for_bit_is_promised_for_the_same_number_of_threads_only() -> None:
    promised = 0
    code = [file for room in ("benchmark", "reports") for file in (CHECKOUT / room).rglob("*.py")]
    for file in [*WRITTEN, *code]:
        words = " ".join(file.read_text(encoding="utf-8").split())
        for found in re.finditer("bit[ -]for[ -]bit", words):
            promised += 1
            assert "threads" in words[found.start() : found.end() + 160], file
    assert promised >= 3


def test_the_readme_is_short() -> None:
    assert len((CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_the_method_of_the_pages_is_short_and_runs(hsisr: CommandLine) -> None:
    plugin = _python("docs/extend/method.md")
    assert _length(plugin) <= 20
    file = hsisr.folder / "mine.py"
    file.write_text(plugin, encoding="utf-8")
    answer = hsisr.tiny("mine[maps=4]", "--plugin", str(file))
    assert answer.code == 0, answer.err
    assert "Mine [maps=4]" in answer.out


def test_the_protocol_and_the_metric_of_the_pages_run(hsisr: CommandLine) -> None:
    plugin = _python("docs/extend/protocol.md")
    assert _length(plugin) < 40
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


@pytest.mark.parametrize(
    ("page", "kind", "name"), [("dataset", "dataset", "my_set"), ("metric", "metric", "mae")]
)
def test_the_other_plugins_of_the_pages_pass_their_checks(
    page: str, kind: str, name: str, hsisr: CommandLine
) -> None:
    file = hsisr.folder / f"{name}.py"
    file.write_text(_python(f"docs/extend/{page}.md"), encoding="utf-8")
    checked = hsisr("check", f"--{kind}", name, "--plugin", str(file))
    assert checked.code == 0, checked.out


def test_what_the_pages_name_with_parameters_can_be_made() -> None:
    discover(REGISTRIES)
    made = []
    for page in WRITTEN:
        for reference in REFERENCE.findall(page.read_text(encoding="utf-8")):
            for registry in REGISTRIES:
                if any(entry.name == reference.partition("[")[0] for entry in registry):
                    registry.make(reference)
                    made.append(reference)
    assert len(made) > 20


def _commands() -> list[tuple[str, str]]:
    """List the commands in the blocks of all pages, each with its page."""
    found = []
    for page in WRITTEN:
        for block in SHELL.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                _, command, words = line.partition("python run_all.py")
                if command:
                    found.append((page.relative_to(CHECKOUT).as_posix(), words))
    return found


def test_the_commands_of_the_pages_have_known_options_and_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = tmp_path / "results/cave/wang2017/evening/x2/srcnn/seed0/cell.json"  # for --config
    stored.parent.mkdir(parents=True)
    stored.write_text('{"request": {"dataset": "cave"}}', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    commands = _commands()
    assert len(commands) > 40
    group = typer.main.get_command(run_all.app)
    assert isinstance(group, TyperGroup)
    for page, line in commands:
        words = shlex.split(line, comments=True)
        if "..." in words:
            words.remove("...")
        command: Any = group
        if words and words[0] in group.commands:
            command = group.commands[words.pop(0)]
        try:
            command.make_context("run_all.py", words)
        except Exception as error:
            raise AssertionError(f"{page}: {line}: {error}") from error
