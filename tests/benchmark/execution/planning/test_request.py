"""Requests as typed: read, checked before anything heavy, carried out."""

from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from benchmark.errors import RequestError
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.request import (
    Request,
    check_writable,
    chosen_methods,
    numbers,
    resolve,
)
from benchmark.execution.registries import REGISTRIES
from benchmark.execution.runner import Outcome, RunOptions, run_experiment
from benchmark.method import METHODS
from benchmark.plugins.discovery import discover
from benchmark.store.cells import cells

discover(REGISTRIES)
SMALL = "synthetic[rows=32,columns=34,bands=3]"


@pytest.fixture
def asked(tmp_path: Path) -> Request:
    """Ask for two methods without a network on small scenes."""
    return Request(
        datasets=SMALL,
        train_on="",
        scenes="",
        protocol="wang2017",
        profile="quick",
        scales="2",
        methods="bicubic,wiener",
        seeds="0",
        device="cpu",
        data=tmp_path / "data",
        results=tmp_path / "results",
        cache=tmp_path / "cache",
    )


def done(request: Request, *, retry_failed: bool = False, **changes: Any) -> list[Outcome]:
    """Run a request in this process, in silence."""
    options = RunOptions(retry_failed=retry_failed, isolated=False)
    return run_experiment(resolve(replace(request, **changes)), options, Progress(StringIO()))


@pytest.mark.parametrize(
    ("text", "values"),
    [("", []), ("2", [2]), ("2,3, 4", [2, 3, 4]), ("4,2,4", [4, 2]), ("0,", [0]), ("007", [7])],
)
def test_numbers_are_read_and_doubles_count_once(text: str, values: list[int]) -> None:
    assert list(numbers(text, "--scales")) == values


@pytest.mark.parametrize(
    "text", ["x2", "2.0", "-1", "2;3", "\N{SUPERSCRIPT TWO}", "1e3", "2 3", "9" * 19]
)
def test_anything_but_whole_numbers_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        numbers(f"2,{text}", "--scales")
    limit = " from 0" if text == "-1" else " of at most 18 digits" if len(text) > 18 else ""
    assert str(caught.value) == (
        f"--scales 2,{text}: '{text}' is not a whole number{limit}; write it like --scales 2,3"
    )


def test_methods_are_built_and_doubles_count_once() -> None:
    text = "proposed[alpha=0.5,relu_last=true],bicubic,proposed[relu_last=yes, alpha=.5],bicubic"
    labels = [METHODS.label(method) for method in chosen_methods(text)]
    assert labels == ["proposed[alpha=0.5,relu_last=true]", "bicubic"]


def test_one_method_with_two_settings_is_two_methods() -> None:
    labels = [METHODS.label(method) for method in chosen_methods("srcnn[middle=5],srcnn")]
    assert labels == ["srcnn[middle=5]", "srcnn"]


def test_all_methods_come_where_none_is_named() -> None:
    names = [method.name for method in chosen_methods("")]
    own = ["bicubic", "wiener", "srcnn", "espcn", "vdsr", "proposed"]
    assert [name for name in names if name in own] == own


def test_a_request_is_carried_out(asked: Request) -> None:
    (ran,) = done(asked, methods="bicubic,wiener[joint=true],bicubic", scales="4,2")
    assert ran.label == SMALL
    assert len(ran.done) == 4
    assert ran.failed == {}
    found = [(cell.address.scale, cell.address.method) for cell in cells(asked.results)]
    assert found == [(2, "bicubic"), (2, "wiener[joint=true]"), (4, "bicubic"),
                     (4, "wiener[joint=true]")]  # fmt: skip


def test_the_protocols_own_scales_are_run_where_none_is_named(asked: Request) -> None:
    (ran,) = done(asked, scales="", methods="bicubic")
    assert [title.split()[1] for title in ran.done] == ["x2", "x3", "x4"]


def test_every_data_set_is_a_table_of_its_own(asked: Request) -> None:
    other = "synthetic[rows=32,columns=34,bands=3,seed=1]"
    ran = done(asked, datasets=f"{SMALL},{other}")
    assert [one.label for one in ran] == [SMALL, other]
    assert [len(one.done) for one in ran] == [2, 2]


def test_training_on_other_scenes_is_part_of_the_label(asked: Request) -> None:
    other = "synthetic[rows=32,columns=34,bands=3,seed=1]"
    (ran,) = done(asked, train_on=other, methods="wiener")
    assert ran.label == f"{SMALL}@{other}"
    (cell,) = cells(asked.results)
    assert cell.facts["configuration"]["dataset"]["trained_on"] == [other]


def test_a_subset_of_scenes_is_part_of_the_label(asked: Request) -> None:
    (ran,) = done(asked, scenes="leaves04,leaves01", methods="bicubic")
    assert ran.label == f"{SMALL}+leaves01+leaves04"
    (cell,) = cells(asked.results)
    assert cell.scores()["scene"].tolist() == ["leaves04"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"protocol": "wang"},
            "unknown protocol 'wang'; did you mean wang2017? known: jiang2020, li2020, liu2023, ",
        ),
        ({"profile": "fast"}, "unknown profile 'fast'; known: quick"),
        (
            {"scales": "2,9"},
            "scale 9 is not in protocol wang2017: expected a scale from 2 to 8; published are 2, 3",
        ),
        ({"metrics": "psnr,pnsr"}, "unknown metric 'pnsr'; did you mean psnr or mpsnr"),
        ({"metrics": "ergas[ratio=x]"}, "ergas[ratio=x]: expected a whole number from 0"),
        ({"scales": "two"}, "--scales two: 'two' is not a whole number"),
        ({"seeds": "0,x"}, "--seeds 0,x: 'x' is not a whole number"),
        ({"methods": "bicubik"}, "unknown method 'bicubik'; did you mean bicubic"),
        ({"methods": "srcnn[middle=4]"}, "srcnn[middle=4]: expected one of 1, 3, 5"),
        ({"methods": "bicubic[x=1]"}, "bicubic has no parameter 'x'; it has: clip"),
        ({"device": "tpu"}, "unknown device 'tpu'; expected auto, cpu or cuda"),
        ({"datasets": ""}, "--dataset is empty"),
        ({"datasets": "syntetic"}, "unknown data set 'syntetic'; did you mean synthetic"),
        ({"train_on": "nothing"}, "unknown data set 'nothing'"),
        ({"scenes": "leaves04x"}, "--scenes: "),
        ({"scenes": "leaves04"}, "wiener must be trained and --scenes leaves no training scene"),
    ],
    ids=str,
)
def test_a_wrong_request_is_refused_before_any_cell(
    asked: Request, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestError) as caught:
        done(asked, **changes)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert list(cells(asked.results)) == []


def test_a_wrong_second_data_set_is_refused_before_the_first_is_run(asked: Request) -> None:
    with pytest.raises(RequestError, match="unknown data set"):
        done(asked, datasets=f"{SMALL},nothing")
    assert list(cells(asked.results)) == []


def test_a_results_folder_that_is_a_file_is_named(asked: Request, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RequestError, match=r"cannot write to the results folder .*file"):
        done(asked, results=tmp_path / "file")


def test_failed_cells_are_run_again_when_asked(
    asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("for now")

    with monkeypatch.context() as patched:
        patched.setattr("benchmark.degradation.degradation.Degradation.upscale", fail)
        (ran,) = done(asked, methods="bicubic")
        assert list(ran.failed.values()) == ["ValueError: for now"]
    (ran,) = done(asked, methods="bicubic")
    assert list(ran.failed.values()) == ["ValueError: for now"]
    (ran,) = done(asked, methods="bicubic", retry_failed=True)
    assert len(ran.done) == 1


def test_a_list_that_names_nothing_is_refused() -> None:
    with pytest.raises(RequestError, match="--methods ',' names nothing"):
        chosen_methods(",")
    with pytest.raises(
        RequestError, match="--scales ', ' names nothing; separate values by commas"
    ):
        numbers(", ", "--scales")


def test_a_data_set_or_a_scene_named_twice_counts_once(asked: Request) -> None:
    spelt = "synthetic[bands=3,rows=32,columns=34]"
    (ran,) = done(asked, datasets=f"{SMALL},{spelt}", scenes="leaves04,leaves01,leaves04")
    assert ran.label == f"{SMALL}+leaves01+leaves04"
    assert len(ran.done) == 2


def test_probing_the_results_folder_leaves_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
