"""How a finding reads."""

import pytest

from benchmark.tools.doctor.finding import WIDTH, Finding, sized


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 * 2**30, "5.0 GiB"),
        (3 * 2**40, "3.0 TiB"),
        (2**60, "1048576.0 TiB"),
    ],
)
def test_sizes_are_in_the_unit_that_fits(count: int, text: str) -> None:
    assert sized(count) == text


def test_a_finding_is_a_named_line() -> None:
    assert Finding("python", "ok", "3.11").lines() == ["  ok       python: 3.11"]


def test_the_remedy_stands_below() -> None:
    assert Finding("load", "warning", "2.0", "wait").lines() == [
        "  warning  load: 2.0",
        "           -> wait",
    ]


def test_lines_fit_into_the_width_and_keep_paths_whole() -> None:
    path = "/" + "long-name/" * 12
    lines = Finding("folder", "error", f"{'word ' * 60}{path}", "do this " * 40).lines()
    assert max(len(line) for line in lines if path not in line) <= WIDTH
    assert sum(path in line for line in lines) == 1
    assert all(line.startswith(" " * 11) for line in lines[1:])


def test_control_characters_of_file_names_do_not_reach_the_terminal() -> None:
    (line,) = Finding("cell", "warning", "a\x1b[31m\x07b\udcff").lines()
    assert line == "  warning  cell: a?[31m?b?"
