"""Published numbers: complete, checked, and never mixed between protocols."""

import csv
from pathlib import Path

import pytest

from benchmark.errors import RequestError
from reports.published.reader import FOLDER, PublishedValue, base_name, load, published_for

HEADER = "paper,protocol,dataset,scale,method,metric,value,source\n"
GOOD = "P,wang2017,cave,2,Bicubic,psnr,31.73,Table 1\n"

# PSNR at x2 x3 x4, then SAM, as the paper's two tables print them.
PAPER = {
    "cave": """
        Bicubic 31.73 31.58 30.14 6.00 5.99 6.36
        Dong[4] 36.28 35.10 34.67 4.23 4.20 4.52
        Shi[18] 36.65 35.39 34.91 4.12 4.16 4.43
        Kim[11] 36.98 35.87 35.02 4.35 4.21 4.39
        Ours 38.24 37.86 37.14 1.56 1.73 1.85""",
    "harvard": """
        Bicubic 36.67 36.52 36.39 3.09 3.10 3.17
        Dong[4] 38.98 38.41 38.10 2.57 2.61 2.74
        Shi[18] 39.35 38.63 38.29 2.55 2.57 2.61
        Kim[11] 39.54 39.02 38.59 2.46 2.49 2.53
        Ours 40.13 39.68 39.14 1.14 1.21 1.35""",
}


@pytest.mark.parametrize("dataset", ["cave", "harvard"])
def test_the_papers_table_is_complete_and_as_printed(dataset: str) -> None:
    columns = [(metric, scale) for metric in ("psnr", "sam") for scale in (2, 3, 4)]
    printed = {}
    for line in PAPER[dataset].split("\n")[1:]:
        method, *values = line.split()
        for (metric, scale), value in zip(columns, values, strict=True):
            printed[method, scale, metric] = float(value)
    rows = published_for("wang2017", dataset)
    assert {(row.method, row.scale, row.metric): row.value for row in rows} == printed
    assert {row.source for row in rows} == {"Table 1" if dataset == "cave" else "Table 2"}
    assert list(dict.fromkeys(row.method for row in rows)) == [
        "Bicubic",
        "Dong[4]",
        "Shi[18]",
        "Kim[11]",
        "Ours",
    ]


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


# PSNR / SSIM / SAM [/ ERGAS], as the survey of the field gives them.
QUOTED = {
    ("li2020", "MCNet", 2): "45.102/.9738/2.241",
    ("li2020", "MCNet", 3): "41.031/.9526/2.809",
    ("li2020", "MCNet", 4): "39.026/.9319/3.292",
    ("li2020", "SFCSR", 2): "45.300/.9739/2.217",
    ("li2020", "SFCSR", 3): "41.198/.9524/2.794",
    ("li2020", "SFCSR", 4): "39.192/.9321/3.221",
    ("li2020", "ERCSR", 2): "45.332/.9740/2.218",
    ("li2020", "ERCSR", 3): "41.345/.9527/2.789",
    ("li2020", "ERCSR", 4): "39.224/.9322/3.243",
    ("li2020", "Bicubic", 4): "35.755/.9071/3.944",
    ("li2020", "3D-FCNN", 4): "37.626/.9195/3.360",
    ("li2020", "EDSR", 4): "38.587/.9292/3.804",
    ("li2020", "SSPSR", 4): "38.366/.9272/3.484",
    ("li2020", "DualSR", 4): "39.813/.9339/3.130",
    ("jiang2020", "Bicubic", 4): "34.72/.9277/4.176/5.272",
    ("jiang2020", "GDRRN", 4): "38.45/.9538/3.414/3.509",
    ("jiang2020", "3DCNN", 4): "37.98/.9522/3.346/3.704",
    ("jiang2020", "EDSR", 4): "38.16/.9522/3.550/3.592",
    ("jiang2020", "RCAN", 4): "38.76/.9530/3.605/3.418",
    ("jiang2020", "SSPSR", 4): "39.09/.9553/3.185/3.338",
}


def _key(row: PublishedValue) -> tuple[str, str, int, str, str]:
    return (row.protocol, row.dataset, row.scale, row.method, row.metric)


def test_values_of_other_protocols_are_complete_and_as_quoted() -> None:
    rows = [row for row in load() if row.protocol != "wang2017"]
    wanted = {}
    for (protocol, method, scale), line in QUOTED.items():
        for metric, text in zip(("psnr", "ssim", "sam", "ergas"), line.split("/"), strict=False):
            wanted[protocol, "cave", scale, method, metric] = text
    assert {_key(row): row.text.lstrip("0") for row in rows} == wanted


def test_each_file_is_one_protocol_that_the_folders_page_describes() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    for file in FOLDER.glob("*.csv"):
        with file.open(newline="", encoding="utf-8") as stream:
            protocols = {row["protocol"] for row in csv.DictReader(stream)}
        assert protocols == {file.stem}
        assert f"| `{file.stem}` | `{file.name}` |" in page
