"""Galleries: the images of every finished method, and a reason for every other."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.split import Split
from benchmark.engine.training.profiles import PROFILES
from benchmark.errors import RequestError
from benchmark.execution.computation.reestimation import NO_WEIGHTS
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import plan_cells
from benchmark.execution.planning.request import Experiment, Request, chosen_methods
from benchmark.plugins.parameters import parameter
from benchmark.protocol import MATLAB, PROTOCOLS, Protocol, register
from benchmark.store.cells import WEIGHTS
from benchmark.tools.images.gallery import Gallery, galleries
from benchmark.tools.images.predictions import predict
from tests.benchmark.execution.computation.support import BRIEF
from tests.benchmark.execution.test_runner import run
from tests.benchmark.support import CPU
from tests.conftest import TINY


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROFILES, BRIEF.name, BRIEF)


@pytest.fixture
def request_of(tiny: Split, tmp_path: Path) -> Request:
    return Request(
        datasets=TINY,
        train_on="",
        scenes="",
        protocol="wang2017",
        profile=BRIEF.name,
        scales="3",
        methods="",
        seeds="0",
        device="cpu",
        data=tiny.request.root,
        results=tmp_path,
        cache=tiny.request.cache,
    )


def made(tiny: Split, results: Path, methods: str, seeds: Sequence[int] = (0,)) -> None:
    """Run cells of methods at x3."""
    wang = PROTOCOLS.make("wang2017")
    asked = Experiment(wang, BRIEF, (3,), chosen_methods(methods), tuple(seeds))
    run(results, plan_cells(tiny, asked))


def test_results_under_a_protocol_with_a_parameter_are_found(
    tiny: Split, tmp_path: Path, request_of: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PROTOCOLS, "_entries", dict(PROTOCOLS._entries))

    @register("graded", title="Graded", paper="Me, 2026")
    class Graded(Protocol):
        """Bicubic."""

        summary = "bicubic"
        scales = (3,)
        down = up = MATLAB
        metrics = main_metrics = ("psnr",)
        grade: int = parameter(default=1, help="of nothing")

    under = PROTOCOLS.make("graded[grade=2]")
    asked = Experiment(under, BRIEF, (3,), chosen_methods("bicubic"))
    run(tmp_path, plan_cells(tiny, asked))
    gallery = gallery_of(replace(request_of, protocol="graded[grade=2]"))
    assert [cell.address.method for cell in gallery.cells] == ["bicubic"]


def gallery_of(request: Request, *scenes: str) -> Gallery:
    (gallery,) = galleries(request, Progress(), scenes)
    return gallery


def test_every_finished_method_has_its_images(
    tiny: Split, tmp_path: Path, request_of: Request
) -> None:
    made(tiny, tmp_path, "bicubic,wiener,wiener[joint=true]")
    first, _, last, _ = tiny.test.names
    messages: list[tuple[str, int, int, str]] = []
    gallery = gallery_of(request_of, last, first)
    assert (gallery.scenes, gallery.tested) == ((first, last), 4)
    assert [cell.address.method for cell in gallery.cells] == gallery_labels(gallery)
    views = list(gallery.views(tmp_path, CPU, lambda *progress: messages.append(progress)))
    assert [view.scene for view in views] == [first, last]
    steps = list(enumerate([*gallery_labels(gallery), ""]))
    assert messages == [(scene, done, 3, label) for scene in (first, last) for done, label in steps]
    for view in views:
        assert set(view.estimates) == {"bicubic", "wiener", "wiener[joint=true]"}
        assert view.left_out == {}
        for plan in gallery.plans:
            (one,) = predict(plan, tmp_path, CPU, [view.scene])
            label = plan.address.method
            assert np.array_equal(view.estimates[label], one.estimates[label])
            assert np.array_equal(view.truth, one.truth)
            assert np.array_equal(view.low, one.low)


def gallery_labels(gallery: Gallery) -> list[str]:
    """Return the labels of the methods that have images."""
    return [plan.address.method for plan in gallery.plans]


def test_a_method_without_images_is_named_with_the_reason(
    tiny: Split, tmp_path: Path, request_of: Request
) -> None:
    made(tiny, tmp_path, "bicubic,wiener,wiener[joint=true]")
    folder = gallery_of(request_of).cells[0].folder.parent.parent
    (folder / "wiener" / "seed0" / WEIGHTS).unlink()
    (folder / "wiener[joint=true]" / "seed0" / "scores.csv").write_text("")
    (folder / "plugin[deep=2]" / "seed0").mkdir(parents=True)
    gallery = gallery_of(request_of)
    assert [cell.address.method for cell in gallery.cells] == ["bicubic", "wiener"]
    assert gallery.without_images == {"wiener": NO_WEIGHTS}
    assert set(gallery.left_out) == {"wiener[joint=true]", "plugin[deep=2]"}
    assert "does not match its checksum" in gallery.left_out["wiener[joint=true]"]
    assert "plugin" in gallery.left_out["plugin[deep=2]"]
    view = next(gallery.views(tmp_path, CPU))
    assert set(view.estimates) == {"bicubic"}
    assert set(view.left_out) == {"wiener", "wiener[joint=true]", "plugin[deep=2]"}


def test_a_method_that_was_asked_for_and_not_run_is_named(
    tiny: Split, tmp_path: Path, request_of: Request
) -> None:
    made(tiny, tmp_path, "bicubic")
    asked = gallery_of(replace(request_of, methods="bicubic,espcn"))
    assert asked.left_out == {"espcn": "missing: not run yet"}
    elsewhere = tmp_path / "other" / "wang2017" / BRIEF.name / "x3" / "espcn" / "seed0"
    elsewhere.mkdir(parents=True)  # of another data set
    assert gallery_of(request_of).left_out == {}


def test_a_method_that_fails_does_not_hide_the_others(
    tiny: Split, tmp_path: Path, request_of: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tiny, tmp_path, "bicubic,wiener")
    gallery = gallery_of(request_of, tiny.test.names[0])
    (wiener,) = [plan for plan in gallery.plans if plan.address.method == "wiener"]

    def broken(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(type(wiener.method), "upscale", broken)
    (view,) = gallery.views(tmp_path, CPU)
    assert set(view.estimates) == {"bicubic"}
    assert view.left_out == {"wiener": "ZeroDivisionError: by zero"}
    (folder,) = [cell.folder for cell in gallery.cells if cell.address.method == "bicubic"]
    (folder / "scores.csv").unlink()
    with pytest.raises(RequestError, match=r"no method has an image of .*ZeroDivisionError"):
        next(gallery.views(tmp_path, CPU))


def test_each_seed_has_a_gallery_and_deterministic_methods_are_in_all(
    tiny: Split, tmp_path: Path, request_of: Request
) -> None:
    made(tiny, tmp_path, "bicubic")
    made(tiny, tmp_path, "espcn", seeds=[0, 1])
    found = list(galleries(replace(request_of, seeds="1,0"), Progress()))
    assert [gallery.seed for gallery in found] == [1, 0]
    for gallery in found:
        seeds = {plan.address.method: plan.address.seed for plan in gallery.plans}
        assert seeds == {"bicubic": 0, "espcn": gallery.seed}


def test_bad_requests_are_one_line(tiny: Split, tmp_path: Path, request_of: Request) -> None:
    with pytest.raises(RequestError, match=r"there are no results of protocol wang2017"):
        gallery_of(request_of)
    made(tiny, tmp_path, "bicubic")
    with pytest.raises(RequestError, match=f"unknown is no test scene of .*{tiny.test.names[3]}"):
        gallery_of(request_of, "unknown")
    with pytest.raises(RequestError, match=r"nothing is done of .* x2.*--scales 2"):
        gallery_of(replace(request_of, scales="2"))
    with pytest.raises(RequestError, match=r"espcn \(missing: not run yet\)"):
        gallery_of(replace(request_of, methods="espcn"))
