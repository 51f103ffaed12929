"""`verdicts` and `claims` from the command line, and the pages of docs/ that they write."""

import csv
import io
import shlex

import pytest

from benchmark import CHECKOUT
from reports.published.reader import published_for
from tests.command_line import CommandLine

DOCS = CHECKOUT / "docs" / "findings"
PROTOCOLS = ("jiang2020", "li2020", "liu2023", "wang2017")


@pytest.mark.parametrize("command", ["verdicts", "claims"])
def test_the_page_in_docs_is_what_the_stored_cells_give(hsisr: CommandLine, command: str) -> None:
    page = f"docs/findings/{command}.md"
    answer = hsisr(command, "--output", page)
    assert (answer.code, answer.out) == (0, f"written: {page}\n")
    made = (hsisr.folder / page).read_text(encoding="utf-8")
    assert f"Written by `python run_all.py {command} --output {page}` from" in made
    assert (DOCS / f"{command}.md").read_text(encoding="utf-8") == made, (
        f"regenerate: python run_all.py {command} --output docs/findings/{command}.md"
    )


def test_every_published_row_of_cave_has_one_verdict(hsisr: CommandLine) -> None:
    listed = hsisr("verdicts", "--json").json()
    found = {(row["protocol"], row["scale"], row["published"]): row["verdict"] for row in listed}
    expected = [row for name in PROTOCOLS for row in published_for(name, "cave")]
    assert set(found) == {(row.protocol, row.scale, row.method) for row in expected}
    for row in listed:
        assert found[row["protocol"], row["scale"], row["published"]] == row["verdict"]
    bicubic = {verdict for (_, _, name), verdict in found.items() if name == "Bicubic"}
    assert bicubic == {"reproduced"}


def test_the_same_rows_are_printed_and_written_as_csv_and_json(hsisr: CommandLine) -> None:
    """Without any stored cell, each of them says that nothing was run."""
    (hsisr.folder / "empty").mkdir()
    empty = ("verdicts", "--results", "empty")
    shown = hsisr(*empty)
    assert shown.code == 0
    assert "cave, protocol li2020" in shown.out
    listed = hsisr(*empty, "--json").json()
    assert {row["verdict"] for row in listed} == {"not run"}
    assert hsisr(*empty, "--output", "rows.csv").code == 0
    rows = list(csv.DictReader(io.StringIO((hsisr.folder / "rows.csv").read_text("utf-8"))))
    assert [row["printed"] for row in rows] == [row["printed"] for row in listed]


def test_a_page_names_the_command_that_wrote_it(hsisr: CommandLine) -> None:
    (hsisr.folder / "my results").mkdir()
    for words in (
        ("verdicts", "--dataset", "harvard", "--results", "my results", "--output", "page.md"),
        ("claims", "--results", "my results", "--output", "page.md"),
    ):
        assert hsisr(*words).code == 0
        made = (hsisr.folder / "page.md").read_text(encoding="utf-8")
        assert f"Written by `python run_all.py {shlex.join(words)}` from" in made
    assert made.count("--results 'my results'\n") == made.count("python run_all.py --dataset")


def test_bad_requests_are_refused_in_one_line(hsisr: CommandLine) -> None:
    for words, said in {
        ("verdicts", "--output", "page.txt"): "expected a name that ends in .md or .csv",
        ("claims", "--output", "page.csv"): "expected a name that ends in .md",
        ("verdicts", "--results", "resluts"): "there is no folder resluts; name the one to judge",
        ("claims", "--results", "resluts"): "there is no folder resluts; name the one to judge",
        ("verdicts", "--dataset", "moon"): "no published numbers of any protocol on moon",
        ("verdicts", "--dataset", "houston"): "drsn-houston alone, which is no protocol of",
        ("verdicts", "--dataset", "houston", "--json"): "drsn-houston alone",
        ("verdicts", "--dataset", "houston", "--output", "x.csv"): "drsn-houston alone",
    }.items():
        answer = hsisr(*words)
        assert answer.code == 2
        assert said in answer.err
        assert answer.err.count("\n") == 1
