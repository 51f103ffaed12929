"""The published values: complete, as two independent texts give them, each with its source."""

import csv
from decimal import Decimal

import pytest

from reports.published.reader import FOLDER, PublishedValue, load, published_for

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

# A survey of the field, which rounds to three digits: PSNR / SSIM / SAM [/ ERGAS].
SURVEY = {
    ("drsn-houston", "houston"): """
        Bicubic x4 42.172/.9655/2.468 x8 37.154/.9192/4.492
        ERCSR x4 44.042/.9756/2.200 x8 38.354/.9302/4.306
        DualSR x4 44.238/.9767/2.108 x8 38.515/.9320/4.152
        AS3ITransUNet x4 44.279/.9770/2.041 x8 38.579/.9334/3.672
        MSDformer x4 44.327/.9771/1.926 x8 38.598/.9339/3.658
        GELIN x4 44.397/.9776/1.960 x8 38.768/.9360/3.721
        SRDNet x4 44.465/.9778/1.962 x8 38.747/.9351/3.700
        DRSN x4 44.695/.9789/1.841 x8 38.851/.9364/3.578""",
    ("gewdiff", "mdas"): """
        MCNet x4 28.300/.6658/8.333
        MSDformer x4 28.284/.6592/8.744
        SNLSR x4 28.531/.6718/7.891""",
    ("gewdiff", "wdc"): """
        MCNet x4 33.389/.7441/8.550
        ESSAformer x4 25.504/.4120/18.72
        SNLSR x4 35.734/.7525/7.661""",
    ("jiang2020", "cave"): """
        Bicubic x4 34.721/.9277/4.176/5.272 x8 30.206/.8526/5.896/4.218
        EDSR x4 38.158/.9522/3.550/3.592 x8 32.407/.8842/5.687/3.390
        3D-FCNN x4 37.976/.9522/3.346/3.704 x8 31.969/.8863/5.095/3.554
        GDRRN x4 38.451/.9538/3.414/3.509 x8 32.576/.8890/5.360/3.346
        SSPSR x4 39.089/.9553/3.185/3.338 x8 33.434/.9010/4.487/3.042""",
    ("jiang2020", "chikusei"): """
        Bicubic x4 37.638/.8949/3.404/6.756 x8 34.505/.8228/5.044/4.849
        VDSR x4 37.776/.9065/3.664/6.871 x8 34.566/.8305/5.178/4.905
        EDSR x4 39.829/.9354/2.558/5.371 x8 35.422/.8501/4.421/4.509
        3D-FCNN x4 38.609/.9127/3.117/6.003 x8 34.838/.8313/4.843/4.596
        GDRRN x4 38.720/.9193/2.500/5.954 x8 34.815/.8357/4.316/4.588
        SSPSR x4 40.361/.9413/2.353/4.989 x8 35.837/.8624/4.013/4.312""",
    ("jiang2020", "pavia_centre"): """
        Bicubic x4 27.587/.6961/6.140/6.881 x8 24.597/.4725/7.848/4.828
        VDSR x4 27.882/.7242/6.700/6.699 x8 24.848/.5017/8.077/4.685
        EDSR x4 28.798/.7722/5.866/6.020 x8 25.004/.5130/7.859/4.636
        3D-FCNN x4 28.411/.7501/5.867/6.267 x8 24.934/.5038/7.688/4.647
        GDRRN x4 28.473/.7530/5.475/6.226 x8 24.865/.5014/7.353/4.622
        SSPSR x4 29.158/.7903/5.461/5.801 x8 25.199/.5365/7.331/4.527""",
    ("li2020", "cave"): """
        MCNet x2 45.102/.9738/2.241 x3 41.031/.9526/2.809 x4 39.026/.9319/3.292
        SFCSR x2 45.300/.9739/2.217 x3 41.198/.9524/2.794 x4 39.192/.9321/3.221
        ERCSR x2 45.332/.9740/2.218 x3 41.345/.9527/2.789 x4 39.224/.9322/3.243
        Bicubic x4 35.755/.9071/3.944
        3D-FCNN x4 37.626/.9195/3.360
        EDSR x4 38.587/.9292/3.804
        SSPSR x4 38.366/.9272/3.484
        DualSR x4 39.813/.9339/3.130""",
    ("li2020", "harvard"): """
        MCNet x2 46.263/.9827/1.883 x3 42.681/.9627/2.214 x4 40.081/.9367/2.410
        SFCSR x2 46.342/.9830/1.880 x3 42.778/.9632/2.203 x4 40.077/.9373/2.407
        ERCSR x2 46.372/.9832/1.875 x3 42.783/.9633/2.180 x4 40.211/.9374/2.384""",
    ("li2020", "pavia_centre"): """
        ERCSR x2 35.422/.9498/3.435 x3 31.230/.8690/4.650 x4 28.912/.7786/5.534""",
    ("liu2023", "cave"): """
        Bicubic x4 34.616/.9287/5.187/6.805 x8 30.072/.8511/7.095/10.866
        3D-FCNN x4 35.348/.9349/4.042/6.075 x8 30.362/.8669/5.671/10.250
        SSPSR x4 36.593/.9431/3.969/5.761 x8 30.452/.8670/5.609/10.745
        MCNet x4 36.718/.9434/3.959/5.628 x8 31.219/.8790/5.606/9.767
        ERCSR x4 36.632/.9436/3.914/5.661 x8 31.349/.8808/5.572/9.720
        SFCSR x4 36.672/.9438/3.922/5.641 x8 31.401/.8814/5.607/9.623
        F3DUN x4 36.937/.9458/3.634/5.443 x8 31.673/.8849/5.123/9.433""",
    ("liu2023", "harvard"): """
        Bicubic x4 42.413/.9265/3.052/3.490 x8 38.391/.8667/3.798/5.423
        3D-FCNN x4 42.802/.9310/2.859/3.350 x8 38.868/.8737/3.462/5.231
        SSPSR x4 43.452/.9387/2.679/3.098 x8 39.189/.8829/3.264/4.932
        MCNet x4 43.313/.9375/2.743/3.159 x8 39.170/.8819/3.512/4.948
        ERCSR x4 43.298/.9376/2.742/3.184 x8 39.319/.8839/3.465/4.880
        SFCSR x4 43.382/.9383/2.757/3.146 x8 39.261/.8829/3.443/4.901
        F3DUN x4 43.486/.9389/2.656/3.092 x8 39.327/.8849/3.274/4.855""",
}
# What PSNR, SSIM, SAM and ERGAS are called by the protocol that printed them.
NAMES = {
    "li2020": ("psnr", "ssim", "sam"),
    "jiang2020": ("mpsnr", "ssim_matlab", "sam", "ergas"),
    "liu2023": ("mpsnr", "ssim_uniform", "sam", "ergas[ratio=4]"),
    "drsn-houston": ("psnr", "ssim", "sam"),
    "gewdiff": ("psnr", "ssim", "sam"),
}
# Each table's number of values and their sum, counted from the text that the files were made from.
TOTALS = {
    ("drsn-houston", "houston", 4): (24, "376.9272"),
    ("drsn-houston", "houston", 8): (24, "346.3012"),
    ("gewdiff", "mdas", 4): (9, "112.0798"),
    ("gewdiff", "wdc", 4): (9, "131.4666"),
    ("jiang2020", "cave", 4): (42, "330.6987"),
    ("jiang2020", "cave", 8): (42, "302.0140"),
    ("jiang2020", "chikusei", 4): (60, "496.9837"),
    ("jiang2020", "chikusei", 8): (60, "460.6614"),
    ("jiang2020", "pavia_centre", 4): (60, "424.3773"),
    ("jiang2020", "pavia_centre", 8): (60, "386.75383"),
    ("li2020", "cave", 2): (12, "189.7210"),
    ("li2020", "cave", 3): (12, "176.8102"),
    ("li2020", "cave", 4): (24, "342.4801"),
    ("li2020", "cave", 8): (15, "200.4802"),
    ("li2020", "harvard", 2): (9, "147.5639"),
    ("li2020", "harvard", 3): (9, "137.7282"),
    ("li2020", "harvard", 4): (9, "130.3814"),
    ("li2020", "pavia_centre", 2): (3, "39.8068"),
    ("li2020", "pavia_centre", 3): (3, "36.7490"),
    ("li2020", "pavia_centre", 4): (3, "35.2246"),
    ("liu2023", "cave", 4): (48, "385.1999"),
    ("liu2023", "cave", 8): (48, "389.1247"),
    ("liu2023", "harvard", 4): (30, "351.6666"),
    ("liu2023", "harvard", 8): (30, "339.9891"),
}


def rows_of(protocol: str, dataset: str) -> dict[tuple[str, int, str], PublishedValue]:
    return {(row.method, row.scale, row.metric): row for row in published_for(protocol, dataset)}


@pytest.mark.parametrize("dataset", ["cave", "harvard"])
def test_the_papers_table_is_complete_and_as_printed(dataset: str) -> None:
    columns = [(metric, scale) for metric in ("psnr", "sam") for scale in (2, 3, 4)]
    printed = {}
    for line in PAPER[dataset].split("\n")[1:]:
        method, *values = line.split()
        for (metric, scale), value in zip(columns, values, strict=True):
            printed[method, scale, metric] = value
    rows = rows_of("wang2017", dataset)
    assert {key: row.text for key, row in rows.items()} == printed
    assert {row.source for row in rows.values()} == {"Table 1" if dataset == "cave" else "Table 2"}
    methods = list(dict.fromkeys(row.method for row in rows.values()))
    assert methods == ["Bicubic", "Dong[4]", "Shi[18]", "Kim[11]", "Ours"]


@pytest.mark.parametrize(("protocol", "dataset"), SURVEY)
def test_a_survey_of_the_field_gives_the_same_values(protocol: str, dataset: str) -> None:
    rows = rows_of(protocol, dataset)
    compared = 0
    for line in SURVEY[protocol, dataset].split("\n")[1:]:
        method, *cells = line.split()
        for scale, values in zip(cells[::2], cells[1::2], strict=True):
            for metric, text in zip(NAMES[protocol], values.split("/"), strict=True):
                printed = Decimal(rows[method, int(scale[1:]), metric].text)
                digits = len(text.partition(".")[2])
                assert abs(printed - Decimal(text)) <= Decimal("0.5").scaleb(-digits)
                compared += 1
    assert compared >= 9


@pytest.mark.parametrize(("protocol", "dataset", "scale"), TOTALS)
def test_a_table_is_complete(protocol: str, dataset: str, scale: int) -> None:
    rows = [row for row in published_for(protocol, dataset) if row.scale == scale]
    count, total = TOTALS[protocol, dataset, scale]
    assert (len(rows), sum(Decimal(row.text) for row in rows)) == (count, Decimal(total))


def test_there_is_nothing_but_these_tables() -> None:
    others = {(row.protocol, row.dataset, row.scale) for row in load()} - set(TOTALS)
    assert others == {("wang2017", name, scale) for name in PAPER for scale in (2, 3, 4)}


def test_values_are_plausible_and_are_printed_with_a_leading_zero() -> None:
    for row in load():
        assert row.text == row.text.strip()
        assert not row.text.startswith(".")
        if row.metric == "cc" or row.metric.startswith("ssim"):
            assert 0 < row.value < 1, row
        elif "psnr" in row.metric:
            assert 24 < row.value < 48, row
        elif row.metric == "rmse":
            assert 0.01 < row.value < 0.07, row
        else:
            assert 1 < row.value < 19, row


def test_rmse_and_psnr_of_a_row_are_of_the_same_size() -> None:
    """Means over scenes and bands in different orders: within 4 dB of each other, on any data."""
    for protocol, dataset, scale in TOTALS:
        rows = rows_of(protocol, dataset)
        for method in {row.method for row in rows.values()}:
            if (method, scale, "rmse") in rows:
                rmse, psnr = (rows[method, scale, name].value for name in ("rmse", "mpsnr"))
                assert 10 ** (-psnr / 20) == pytest.approx(rmse, rel=0.6)


def test_misprints_and_rows_computed_otherwise_say_so() -> None:
    def remarked(protocol: str, part: str) -> set[tuple[str, str, int, str]]:
        rows = [row for row in load() if row.protocol == protocol and part in row.remark]
        return {(row.dataset, row.method, row.scale, row.metric) for row in rows}

    ergas = remarked("liu2023", "ratio 4 at x8 too")
    assert {(scale, metric) for _, _, scale, metric in ergas} == {(8, "ergas[ratio=4]")}
    assert len(ergas) == 8 + 7
    assert remarked("li2020", "41.345") == {("cave", "ERCSR", 4, "psnr")}
    unclipped = remarked("li2020", "without clipping")
    assert {key[:2] for key in unclipped} == {("cave", "Bicubic")}
    assert len(unclipped) == 4 * 3
    assert {key[3] for key in remarked("jiang2020", "MATLAB")} == {"ssim_matlab"}
    assert remarked("jiang2020", "five decimals") == {("pavia_centre", "EDSR", 8, "rmse")}
    row = rows_of("li2020", "cave")["ERCSR", 4, "psnr"]
    assert row.value < rows_of("li2020", "cave")["ERCSR", 3, "psnr"].value == 41.345


def test_rows_that_nobody_saw_in_print_say_so() -> None:
    rows = rows_of("li2020", "cave")
    for scale in (2, 3):
        assert "not seen in print" in rows["Bicubic", scale, "psnr"].source
    assert all("not checked in print" in row.source for row in published_for("gewdiff", "wdc"))


def test_each_file_is_one_protocol_that_the_folders_page_describes() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    for file in FOLDER.glob("*.csv"):
        with file.open(newline="", encoding="utf-8") as stream:
            protocols = {row["protocol"] for row in csv.DictReader(stream)}
        assert protocols == {file.stem}
        assert f"| `{file.stem}` | `{file.name}` |" in page
