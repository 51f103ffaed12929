"""The list of published numbers: one table a protocol, values as printed."""

import io

import pytest
from rich.console import Console

from benchmark.errors import RequestError
from benchmark.execution.registries import REGISTRIES
from benchmark.plugins.discovery import discover
from benchmark.tools.protocol_facts import protocol_facts
from reports.analysis.metrics import from_facts
from reports.published.reader import load
from reports.writers.published_list import as_json, chosen, show_published

discover(REGISTRIES)
KNOWN = {str(one["name"]): from_facts(one["metrics"]) for one in protocol_facts()}


def shown(protocol: str = "", dataset: str = "") -> list[list[str]]:
    """Print a choice and return the words of every line."""
    stream = io.StringIO()
    show_published(chosen(protocol, dataset), Console(file=stream, width=80), KNOWN)
    return [line.split() for line in stream.getvalue().splitlines()]


def test_a_choice_is_one_protocol_and_one_data_set() -> None:
    rows = chosen("wang2017", "harvard[scaling=file]")
    assert {(row.protocol, row.dataset) for row in rows} == {("wang2017", "harvard")}
    assert len(rows) == 30
    assert chosen() == list(load())
    with pytest.raises(RequestError, match=r"of wang2017 on x; there are some of .*jiang2020 on"):
        chosen("wang2017", "x")


def test_values_are_shown_as_printed_under_their_own_protocol() -> None:
    lines = shown(dataset="cave")
    headings = [line for line in lines if line[:2] == ["cave,", "protocol"]]
    assert [line[2] for line in headings] == ["jiang2020", "li2020", "liu2023", "wang2017"]
    sspsr = ["39.0892", "33.4340", "0.9553†", "0.9010†", "3.1846", "4.4874"]
    assert ["SSPSR", *sspsr] in [line[:7] for line in lines]
    sfcsr = ["45.300", "41.198", "39.192", "35.294", "0.9739", "0.9524", "0.9321", "0.8828"]
    assert ["SFCSR", *sfcsr] in [line[:9] for line in lines]
    assert ["SSPSR", "–", "–", "38.366", "–", "–", "–", "0.9272"] in [line[:8] for line in lines]
    assert ["Ours", "38.24", "37.86", "37.14", "1.56", "1.73", "1.85"] in lines


def test_every_method_has_its_source() -> None:
    lines = [" ".join(line) for line in shown("wang2017", "cave")]
    assert "Bicubic, Dong[4], Shi[18], Kim[11], Ours: Wang et al., ICIG 2017: Table 1" in lines


def test_remarks_are_marked_and_stand_beneath() -> None:
    lines = [" ".join(line) for line in shown("liu2023", "cave")]
    (remark,) = [line for line in lines if line.startswith("† ERGAS")]
    assert remark.startswith("† ERGAS (ratio 4) ×8 of Bicubic, EDSR,")
    assert sum("10.8664†" in line for line in lines) == 1


def test_metrics_of_an_unknown_protocol_are_shown_by_their_labels() -> None:
    stream = io.StringIO()
    show_published(chosen("liu2023", "cave"), Console(file=stream, width=200), {})
    (heading,) = [line for line in stream.getvalue().splitlines() if "psnr" in line]
    assert "ergas[ratio=4]" in heading.split()
    assert "↑" not in stream.getvalue()


def test_values_as_json() -> None:
    (first, *_) = as_json(chosen("wang2017", "cave"))
    assert first == {
        "paper": "Wang et al., ICIG 2017",
        "protocol": "wang2017",
        "dataset": "cave",
        "scale": 2,
        "method": "Bicubic",
        "metric": "psnr",
        "value": 31.73,
        "source": "Table 1",
        "text": "31.73",
        "remark": "",
    }
