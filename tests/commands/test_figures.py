"""`figures` from the command line: what it draws, and what it leaves alone."""

from tests.command_line import SMALL, CommandLine

OTHER = "synthetic[rows=48,columns=40,bands=6]"


def test_figures_are_of_the_data_set_asked_for_and_no_table_changes(hsisr: CommandLine) -> None:
    words = ("--scales", "3", "--profile", "tiny", "--methods", "bicubic,wiener")
    for dataset in (SMALL, OTHER):
        assert hsisr("--dataset", dataset, *words).code == 0
    assert hsisr("tables", "--baseline", "wiener").code == 0
    tables = hsisr.results / "tables"
    before = {file: file.read_bytes() for file in tables.rglob("*") if file.is_file()}
    asked = ("--dataset", SMALL, "--profile", "tiny", "--scenes", "leaves04", "--format", "png")
    answer = hsisr("figures", *asked)
    assert answer.code == 0, answer.err
    assert {file: file.read_bytes() for file in before} == before
    drawn = hsisr.results / "figures"
    assert [folder.name for folder in drawn.iterdir()] == [SMALL]
    assert (drawn / SMALL / "wang2017" / "tiny" / "ranks-psnr.png").exists()
