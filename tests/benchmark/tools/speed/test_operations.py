"""Operations of networks are counted once, and kept while the method's source is the same."""

from pathlib import Path

import pytest

from benchmark.method import METHODS
from benchmark.tools.speed import operations as module
from benchmark.tools.speed.methods import method_facts
from benchmark.tools.speed.operations import Counts


def test_they_are_those_of_the_table_of_methods(tmp_path: Path) -> None:
    counted = Counts(tmp_path).of("espcn", 4, 31)
    assert counted == method_facts(METHODS.make("espcn"))["operations"]


def test_bands_and_scale_count(tmp_path: Path) -> None:
    """SRCNN works band by band on the upscaled image, so both are factors."""
    counts = Counts(tmp_path)
    one = counts.of("srcnn", 2, 1)
    assert one is not None
    assert counts.of("srcnn", 2, 7) == 7 * one
    assert counts.of("srcnn", 4, 1) == 4 * one


def test_what_has_no_network_is_not_counted(tmp_path: Path) -> None:
    counts = Counts(tmp_path)
    assert counts.of("bicubic", 2, 31) is None
    assert counts.of("no such method", 2, 31) is None
    counts.save()
    assert not list(tmp_path.iterdir())


def test_they_are_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    counts = Counts(tmp_path, said.append)
    first = [counts.of("srcnn", scale, 1) for scale in (2, 3)]
    assert said == ["operations of srcnn x2", "operations of srcnn x3"]
    counts.save()
    again = Counts(tmp_path, lambda _: pytest.fail("counted again"))
    assert [again.of("srcnn", scale, 1) for scale in (2, 3)] == first
    monkeypatch.setattr(module, "source_of", lambda _: "another source")
    said.clear()
    Counts(tmp_path, said.append).of("srcnn", 2, 1)
    assert said == ["operations of srcnn x2"]


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "operations.json").write_text("{")
    counts = Counts(tmp_path)
    assert counts.of("srcnn", 2, 1)
    counts.save()
    assert Counts(tmp_path, lambda _: pytest.fail("counted again")).of("srcnn", 2, 1)
