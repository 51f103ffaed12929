"""BibTeX: what the suite's plugins carry, and what `cite` makes of it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.dataset import DATASETS
from benchmark.errors import RequestError
from benchmark.execution.registries import REGISTRIES
from benchmark.method import METHODS
from benchmark.metric import METRICS
from benchmark.plugins.discovery import discover
from benchmark.plugins.registry import BIBTEX
from benchmark.protocol import PROTOCOLS
from benchmark.tools.citations import Cited, bibliography, entries_of, named, suite_entry
from tests.command_line import CommandLine

discover(REGISTRIES)
OWN = ("methods", "datasets", "benchmark")
EVERYTHING = [
    Cited(registry.kind, entry)
    for registry in REGISTRIES
    for entry in registry
    if entry.cls.__module__.partition(".")[0] in OWN
]
# Own images, and formulas of textbooks, have no paper.
WITHOUT = {"folder", "psnr", "mpsnr", "rmse", "cc"}


def test_every_plugin_of_the_suite_carries_its_entry() -> None:
    assert {one.entry.name for one in EVERYTHING if not entries_of(one)} == WITHOUT


def test_a_parser_of_bibtex_reads_every_entry() -> None:
    parser = pytest.importorskip("bibtexparser")
    text = bibliography(EVERYTHING)
    library = parser.parse_string(text)
    assert library.failed_blocks == []
    keys = {key for one in EVERYTHING for key in entries_of(one)}
    assert {entry.key for entry in library.entries} == {*keys, "hsisr_bench"}
    for entry in library.entries:
        fields = entry.fields_dict
        assert {"author", "title"} <= set(fields), entry.key
        assert "year" in fields or entry.entry_type == "misc", entry.key
        authors = re.split(r"\s+and\s+", fields["author"].value)
        assert all(one.count(",") == 1 or one.startswith("{") for one in authors), entry.key
        assert {"@article": "journal", "@inproceedings": "booktitle"}.get(
            f"@{entry.entry_type}", "title"
        ) in fields, entry.key


def test_what_is_used_twice_is_cited_once_and_says_for_what() -> None:
    text = bibliography(named(["cave"], ["wang2017"], methods=["proposed[alpha=0.5]", "bicubic"]))
    assert text.count("@inproceedings{wang2017residual,") == 1
    assert "% protocol wang2017, method proposed\n@inproceedings{wang2017residual," in text
    assert "% data set cave\n@article{yasuma2010cave," in text
    assert "% metric ergas\n" in text


def test_named_metrics_replace_those_of_the_protocol() -> None:
    names = [one.entry.name for one in named(protocols=["wang2017"], metrics=["rmse"])]
    assert names == ["wang2017", "rmse"]


def test_a_plugin_without_an_entry_is_named_in_one_line() -> None:
    entry = METHODS.entry("bicubic")
    without = replace(entry, name="mine", facts={"paper": "Me @ home, 2026"})
    text = bibliography([Cited("method", without)])
    assert text.endswith(
        "% method mine carries no BibTeX entry (bibtex= of its registration); it names: "
        "Me  at  home, 2026"
    )


@pytest.mark.parametrize(
    "entry",
    [
        "Me, 2026",
        "@article{mine, title = {open}",
        "@article{title = {no key}}",
        "@article{a, title = {twice}} @article{a, title = {twice}}",
    ],
)
def test_a_malformed_entry_is_refused_with_its_file(entry: str) -> None:
    one = replace(METHODS.entry("bicubic"), facts={BIBTEX: entry})
    with pytest.raises(RequestError, match=r"the BibTeX of method bicubic in .*bicubic\.py is mal"):
        entries_of(Cited("method", one))


def test_one_key_for_two_entries_is_refused() -> None:
    other = replace(
        METHODS.entry("bicubic"), name="mine", facts={BIBTEX: "@book{keys1981cubic, title = {x}}"}
    )
    with pytest.raises(RequestError, match="keys1981cubic stands for two entries, of method bicub"):
        bibliography([Cited("method", METHODS.entry("bicubic")), Cited("method", other)])


def test_the_suite_is_cited_as_in_its_file(tmp_path: Path) -> None:
    file = tmp_path / "CITATION.cff"
    file.write_text(
        'title: "A suite"\nversion: 1.5.0\nauthors:\n  - family-names: Doe\n    given-names: Jane\n'
        '  - name: "The others"\ndate-released: 2026-11-26\n'
    )
    assert suite_entry(file) == (
        "@misc{hsisr_bench,\n  author = {Doe, Jane and {The others}},\n  title = {{A suite}},\n"
        "  year = {2026},\n  howpublished = {Software},\n  note = {Version 1.5.0}\n}"
    )


def test_entries_are_not_stored_with_cells() -> None:
    for registry in (METHODS, PROTOCOLS, DATASETS, METRICS):
        assert all(BIBTEX not in entry.described for entry in registry)
    assert BIBTEX not in PROTOCOLS.make("li2020").facts()


def test_cite_prints_and_writes(hsisr: CommandLine) -> None:
    words = ("cite", "--dataset", "cave", "--protocol", "li2020", "--methods", "mcnet")
    shown = hsisr(*words)
    assert (shown.code, shown.err) == (0, "")
    assert "% protocol li2020, method mcnet\n@article{li2020mcnet,\n" in shown.out
    written = hsisr(*words, "--output", "refs.bib")
    assert written.out == "written: refs.bib\n"
    assert (hsisr.folder / "refs.bib").read_text(encoding="utf-8") == shown.out
    assert hsisr(*words, "-o", "refs.txt").err == (
        "error: --output refs.txt: expected a name that ends in .bib\n"
    )
    alone = hsisr("cite")
    assert alone.out.count("@") == 1
    assert "name --dataset" in alone.err


def test_check_mentions_a_missing_entry_and_passes(hsisr: CommandLine) -> None:
    assert hsisr("new", "mine", "--kind", "protocol", "--folder", ".").code == 0
    answer = hsisr("check", "--protocol", "mine", "--plugin", "mine.py")
    assert answer.code == 0
    assert answer.err == (
        "note: it carries no BibTeX entry (bibtex= of register), so that `cite` can only name it\n"
    )
