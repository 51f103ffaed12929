"""Formats are checked, and files that cannot be written are one message."""

from pathlib import Path

import pytest

from benchmark.errors import RequestError
from reports.output import check_formats, write_files


def test_formats_are_checked() -> None:
    assert check_formats(["pdf", "png", "pdf"], ("png", "pdf")) == ("pdf", "png")
    assert check_formats([], ("png", "pdf")) == ("png", "pdf")
    with pytest.raises(RequestError, match=r"expected some of png, pdf, found 'svg'; name them"):
        check_formats(["png", "svg"], ("png", "pdf"))


def test_a_folder_that_cannot_be_created_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match=r"cannot write figures to .*choose another folder"):
        write_files(tmp_path / "file" / "x", {tmp_path / "file" / "x" / "one.png": b""}, "figures")
