"""Files of published numbers: read, checked, and never mixed between protocols."""

from pathlib import Path

import pytest

from benchmark.errors import RequestError
from reports.published.reader import base_name, load, published_for

HEADER = "paper,protocol,dataset,scale,method,metric,value,source\n"
GOOD = "P,wang2017,cave,2,Bicubic,psnr,31.73,Table 1\n"


def test_values_belong_to_one_protocol_and_data_set() -> None:
    rows = published_for("wang2017", "harvard[scaling=file]+cave")
    found = {(row.scale, row.method, row.metric): row.value for row in rows}
    assert found[4, "Kim[11]", "psnr"] == 38.59
    assert published_for("wang2017-float", "cave") == published_for("wang2017", "synthetic") == ()


@pytest.mark.parametrize("label", ["cave", "cave[a=1]", "cave+harvard", "cave@x,y", "cave[a=1]@x"])
def test_a_labels_base_name_ends_before_the_first_mark(label: str) -> None:
    assert base_name(label) == "cave"


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(HEADER + GOOD)
    (tmp_path / "a.csv").write_text(HEADER + GOOD.replace("Bicubic", '"A, B"') + "\n")
    for name in ("notes.txt", "._a.csv", "~$a.csv", ".~lock.a.csv#"):
        (tmp_path / name).write_text("not a table")
    rows = load(tmp_path)
    assert [(row.method, row.scale, row.value) for row in rows] == [
        ("A, B", 2, 31.73),
        ("Bicubic", 2, 31.73),
    ]
    assert published_for("wang2017", "cave", rows) == rows
    assert published_for("other", "cave", rows) == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"x\.csv:1: expected the columns paper,.*; found nothing$"),
        ("paper,value\nP,1\n", r"x\.csv:1: expected the columns .* found paper,value"),
        (HEADER + "P,wang2017\n", r"x\.csv:2: dataset: expected a text, found ''$"),
        (HEADER + GOOD.replace("Bicubic", " "), r"x\.csv:2: method: expected a text, found ''$"),
        (HEADER + GOOD.replace(",2,", ",two,"), r"x\.csv:2: scale: expected .* found 'two'"),
        (HEADER + GOOD.replace(",2,", ",1,"), r"x\.csv:2: scale: expected .* found '1'"),
        (HEADER + GOOD.replace("psnr", "PSNR"), r"x\.csv:2: metric: expected .* found 'PSNR'"),
        (HEADER + GOOD.replace("31.73", "31,7"), r"x\.csv: .*Expected 8 fields in line 2, saw 9"),
        (HEADER + GOOD.replace("31.73", "high"), r"x\.csv:2: value: expected .* found 'high'"),
        (HEADER + GOOD.replace("31.73", '"31,73"'), r"expected a number, .* point, found '31,73'"),
        (HEADER + GOOD.replace("psnr", "ps\u200bnr"), r"x\.csv:2: .*found 'ps\\u200bnr'$"),
        (HEADER + GOOD.replace(",2,", ",2\u2060,"), r"x\.csv:2: scale: .*found '2\\u2060'$"),
        (HEADER.replace("paper", "p\u0430per"), r"where column 1 is 'p\\u0430per', not 'paper'$"),
        (HEADER.replace("scale", "scale\u200b"), r"column 4 is 'scale\\u200b', not 'scale'$"),
        (HEADER.replace("source", "source,"), r"x\.csv:1: .*with column 9 too many$"),
        (HEADER.replace(",source", ""), r"x\.csv:1: .*where column 8 is missing$"),
        (HEADER.replace(",", ";"), r"x\.csv:1: expected .*; found semicolons .*: save it with com"),
        (HEADER.replace(",", "\t"), r"x\.csv:1: expected .*; found tabs .*: save it with commas$"),
        (HEADER + GOOD.replace("31.73", "nan"), r"x\.csv:2: value: expected .* found 'nan'"),
        (HEADER + GOOD + GOOD, r"x\.csv:3: Bicubic x2 psnr on cave is already given at x\.csv:2"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "x.csv").write_text(content, encoding="utf-8")
    with pytest.raises(RequestError, match=message):
        load(tmp_path)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_saved_by_a_spreadsheet_is_read(tmp_path: Path, mark: str, end: str) -> None:
    (tmp_path / "x.csv").write_bytes((mark + HEADER + GOOD).replace("\n", end).encode())
    (row,) = load(tmp_path)
    assert (row.paper, row.value, row.source) == ("P", 31.73, "Table 1")


def test_a_file_may_have_a_remark_on_a_value(tmp_path: Path) -> None:
    header = HEADER.replace("source", "source,remark")
    remarked = GOOD.replace("Table 1", '"Table 1","misprinted: 31.37"')
    (tmp_path / "a.csv").write_text(header + remarked + GOOD.replace(",2,", ",3,"))
    (tmp_path / "b.csv").write_text(HEADER + GOOD.replace(",2,", ",4,"))
    rows = load(tmp_path)
    assert [row.remark for row in rows] == ["misprinted: 31.37", "", ""]


@pytest.mark.parametrize(
    ("text", "digits"), [("31.73", 2), ("6.00", 2), (".05983", 5), ("31", 0), ("-1.5", 1)]
)
def test_the_digits_of_the_print_are_counted(tmp_path: Path, text: str, digits: int) -> None:
    (tmp_path / "x.csv").write_text(HEADER + GOOD.replace("31.73", text))
    (row,) = load(tmp_path)
    assert (row.digits, row.text) == (digits, text)


@pytest.mark.parametrize("metric", ["mpsnr", "ssim_matlab", "ergas[ratio=4]", "my-own2[a=1.5]"])
def test_any_label_of_a_metric_is_accepted(tmp_path: Path, metric: str) -> None:
    (tmp_path / "x.csv").write_text(HEADER + GOOD.replace("psnr", metric))
    assert [row.metric for row in load(tmp_path)] == [metric]


@pytest.mark.parametrize("metric", ["PSNR", "ergas[ratio=4", "ergas]", "a b", "2x", "x[]"])
def test_what_is_no_label_is_refused(tmp_path: Path, metric: str) -> None:
    (tmp_path / "x.csv").write_text(HEADER + GOOD.replace("psnr", metric))
    with pytest.raises(RequestError, match=r"x\.csv:2: metric: expected a metric's label, like"):
        load(tmp_path)


def test_the_case_of_a_files_name_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "X.CSV").write_text(HEADER + GOOD)
    assert len(load(tmp_path)) == 1


def test_a_file_in_utf_16_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(HEADER + GOOD, encoding="utf-16")
    with pytest.raises(
        RequestError, match=r"x\.csv: expected .* in UTF-8: .*save it as 'CSV UTF-8'"
    ):
        load(tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(HEADER.encode() + b"\xff\xfe\n")
    with pytest.raises(RequestError, match=r"x\.csv: expected a CSV file in UTF-8"):
        load(tmp_path)
