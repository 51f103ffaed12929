"""Previews: windows of the scored images, or the reason why there is none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save

from benchmark.data.split import DataRequest, Split, load_split
from benchmark.engine.training import profiles
from benchmark.errors import RequestError
from benchmark.execution.computation.reestimation import NO_WEIGHTS
from benchmark.execution.listeners.progress import Progress
from benchmark.execution.planning.plan import Folders, plan_cells, replan
from benchmark.execution.planning.request import Experiment
from benchmark.method import METHODS
from benchmark.protocol import PROTOCOLS
from benchmark.store.cells import WEIGHTS, Cell, cells, extend
from benchmark.tools.images import previews as module
from benchmark.tools.images.model import CellPreview, View
from benchmark.tools.images.predictions import predict
from benchmark.tools.images.previews import corner_of_detail, preview_of, previews
from reports.page.images import PlacedPreview, fit_to_size
from tests.benchmark.execution.test_runner import BRIEF, planned, run
from tests.benchmark.support import CPU, EIGHT_BIT
from tests.benchmark.tools.exchange.support import put


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tests' own profile be found by its name."""
    monkeypatch.setitem(profiles.PROFILES, BRIEF.name, BRIEF)


def shown(
    split: Split,
    folder: Path,
    size: int = 16,
    scenes: tuple[str, ...] = (),
    cache: Path | None = None,
) -> list[CellPreview]:
    """Preview all that is stored below a folder."""
    folders = Folders(split.request.root, folder, cache or folder / "cache")
    found = previews(list(cells(folder)), folders, CPU, Progress(), size=size, scenes=scenes)
    return list(found)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_preview_is_a_window_of_what_was_scored(tiny: Split, tmp_path: Path, scale: int) -> None:
    (plan,) = planned(tiny, "bicubic", scales=[scale])
    run(tmp_path, [plan])
    whole = {one.scene: one for one in predict(plan, tmp_path, CPU)}
    found = shown(tiny, tmp_path)
    assert [one.scene for one in found] == list(tiny.test.names)
    for one in found:
        made, preview = whole[one.scene], one.preview
        assert preview is not None
        estimate = made.estimates["bicubic"]
        top, left = preview.corner
        window = (slice(None), slice(top, top + 16), slice(left, left + 16))
        assert (preview.truth == made.truth[window]).all()
        assert (preview.estimate == estimate[window]).all()
        squares = np.square(estimate.astype(float) - made.truth).mean(axis=(1, 2))
        assert preview.error == pytest.approx(squares, rel=1e-5)
        assert tuple(preview.shape) == made.truth.shape[1:]
        for row in range(16):  # every pixel of the window has its low-resolution pixel
            at = (top + row) // scale - top // scale
            assert (preview.low[:, at, 0] == made.low[:, (top + row) // scale, left // scale]).all()
        assert preview.low.shape[1] == (top + 15) // scale - top // scale + 1


def test_previews_are_cached(tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, planned(tiny, "espcn"))
    first = shown(tiny, tmp_path)
    monkeypatch.setattr(module, "predict", lambda *_: pytest.fail("estimated again"))
    again = shown(tiny, tmp_path)
    for one, other in zip(first, again, strict=True):
        assert one.preview is not None
        assert other.preview is not None
        assert (one.preview.estimate == other.preview.estimate).all()


def test_a_damaged_preview_is_computed_again(tiny: Split, tmp_path: Path) -> None:
    run(tmp_path, planned(tiny, "bicubic"))
    first = shown(tiny, tmp_path)
    for file in (tmp_path / "cache" / "previews").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    again = shown(tiny, tmp_path)
    assert all(one.preview for one in [*first, *again])


def test_the_preview_of_other_weights_is_not_taken(tiny: Split, tmp_path: Path) -> None:
    """Another machine trains other weights of a cell with the same key."""
    plans = planned(tiny, "espcn")
    run(tmp_path / "mine", plans)
    run(tmp_path / "yours", plans)
    first = shown(tiny, tmp_path / "mine", cache=tmp_path)
    (cell,) = cells(tmp_path / "yours")
    zero = {name: torch.zeros_like(one) for name, one in load_file(cell.folder / WEIGHTS).items()}
    extend(tmp_path / "yours", cell, {}, {WEIGHTS: save(zero)})
    for one, other in zip(first, shown(tiny, tmp_path / "yours", cache=tmp_path), strict=True):
        assert one.preview is not None
        assert other.preview is not None
        assert one.preview.estimate.any()
        assert not other.preview.estimate.any()


def test_a_scene_that_a_protocol_crops_has_one_window_at_every_scale(tmp_path: Path) -> None:
    """Its last pixels, where the detail is, are not in the truth of x3."""
    cube = np.full((34, 34, 3), 0.5, np.float32)
    for number, name in enumerate(("one", "two", "three")):
        cube[20:, 20:] = np.random.default_rng(number).random((14, 14, 3))
        np.save(tmp_path / f"{name}.npy", cube)
    protocol = PROTOCOLS.make("li2020")
    request = DataRequest(f"folder[path={tmp_path},test=one]", (), (), tmp_path, tmp_path / "kept")
    split = load_split(request, protocol)
    method = METHODS.make("bicubic")
    run(tmp_path / "results", plan_cells(split, Experiment(protocol, BRIEF, (2, 3), (method,))))
    for size in (16, 64):
        found = [one.preview for one in shown(split, tmp_path / "results", size)]
        assert [one is None for one in found] == [False, False]
        placed = [
            PlacedPreview(0, 0, scale, 0, one, "") for scale, one in zip((2, 3), found, strict=True)
        ]
        store, (section,) = fit_to_size(placed, 10**9)
        ((_, scene),) = section["scenes"]
        assert len(store.texts) == 6  # one overview and truth, two low images and estimates
        assert {tuple(one["shape"]) for _, _, one, _ in scene["shown"]} == {
            tuple(scene["truth"]["shape"])
        }


def test_a_cell_without_weights_has_a_reason(tiny: Split, tmp_path: Path) -> None:
    run(tmp_path, planned(tiny, "espcn", "bicubic"))
    for file in tmp_path.rglob(WEIGHTS):
        file.unlink()
    reasons = {(one.address.method, one.reason) for one in shown(tiny, tmp_path)}
    assert ("bicubic", "") in reasons
    (reason,) = {reason for method, reason in reasons if method == "espcn"}
    assert reason.endswith(NO_WEIGHTS)


def test_a_cell_without_weights_is_not_planned_again(
    tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, planned(tiny, "espcn"))
    for file in tmp_path.rglob(WEIGHTS):
        file.unlink()
    monkeypatch.setattr(module, "replan", lambda *_: pytest.fail("planned again"))
    assert {one.preview for one in shown(tiny, tmp_path)} == {None}


def test_as_many_scenes_are_shown_as_the_page_has_room_for(tiny: Split, tmp_path: Path) -> None:
    run(tmp_path, planned(tiny, "bicubic"))
    names = list(tiny.test.names)
    folders = Folders(tiny.request.root, tmp_path, tmp_path / "cache")
    found = {
        room: [
            one.scene
            for one in previews(list(cells(tmp_path)), folders, CPU, Progress(), room=room)
        ]
        for room in (1, 10**9)
    }
    assert found == {1: names[:1], 10**9: names}
    one_of_them = previews(list(cells(tmp_path)), folders, CPU, Progress(), room=1, scenes=names)
    assert [one.scene for one in one_of_them] == names  # those that are named are all shown


@pytest.mark.parametrize(
    "configuration", [None, {}, {"dataset": {"test": 5}}, {"dataset": {"test": [], "bands": "x"}}]
)
def test_a_cell_that_does_not_say_its_scenes_has_no_preview(
    tmp_path: Path, configuration: object
) -> None:
    put(tmp_path, configuration=configuration)
    folders = Folders(tmp_path, tmp_path, tmp_path / "cache")
    assert list(previews(list(cells(tmp_path)), folders, CPU, Progress(), room=10**6)) == []


def test_an_error_of_a_method_is_the_reason(
    tiny: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, planned(tiny, "bicubic"))

    def broken(*_: object) -> None:
        raise ZeroDivisionError("in the plugin")

    monkeypatch.setattr(module, "predict", broken)
    found = shown(tiny, tmp_path)
    assert {one.preview for one in found} == {None}
    assert {one.reason for one in found} == {
        "its estimate could not be computed again (ZeroDivisionError: in the plugin)"
    }


def test_scenes_can_be_chosen_and_one_seed_is_enough(tiny: Split, tmp_path: Path) -> None:
    asked = Experiment(EIGHT_BIT, BRIEF, (2,), (METHODS.make("espcn"),), (0, 1))
    run(tmp_path, plan_cells(tiny, asked))
    name = tiny.test.names[1]
    (one,) = shown(tiny, tmp_path, scenes=(name, "unknown"))
    assert (one.scene, one.address.seed) == (name, 0)


def test_a_cell_of_unknown_data_cannot_be_planned(tiny: Split, tmp_path: Path) -> None:
    run(tmp_path, planned(tiny, "bicubic"))
    (cell,) = cells(tmp_path)
    unknown = Cell(replace(cell.address, dataset="nowhere"), cell.folder, cell.facts)
    folders = Folders(tiny.request.root, tmp_path, tmp_path / "cache")
    with pytest.raises(RequestError, match="nowhere"):
        replan(unknown, folders, Progress(), {})


def test_the_window_lies_where_there_is_detail() -> None:
    truth = np.full((3, 64, 80), 100, dtype=np.uint8)
    truth[:, 40:50, 60:70] = np.indices((10, 10)).sum(axis=0) % 2 * 200
    row, column = corner_of_detail(truth, 16)
    assert row <= 40 <= 50 <= row + 16
    assert column <= 60 <= 70 <= column + 16


def test_a_small_scene_is_shown_whole() -> None:
    truth = np.random.default_rng(0).integers(0, 256, (4, 12, 10)).astype(np.uint8)
    made = View("small", (1.0, 2.0, 3.0, 4.0), truth, truth[:, ::4, ::4], {"m": truth})
    preview = preview_of(made, 4, 128)
    assert (preview.truth == truth).all()
    assert (preview.low == made.low).all()
    assert (preview.overview == truth[[2, 1, 1]]).all()
    assert tuple(preview.corner) == (0, 0)
    assert not preview.error.any()


def test_pixels_are_rounded_for_display_and_errors_are_not() -> None:
    truth = np.full((2, 8, 8), 100.25, dtype=np.float32)
    estimate = np.full((2, 8, 8), 100.75, dtype=np.float32)
    estimate[1] = -3.0
    preview = preview_of(View("s", (), truth, truth[:, ::2, ::2], {"m": estimate}), 2, 8)
    for image, values in ((preview.truth, [100, 100]), (preview.estimate, [101, 0])):
        assert image.dtype == np.uint8
        assert [int(band[0, 0]) for band in image] == values
    assert preview.low.dtype == preview.overview.dtype == np.uint8
    assert preview.error == pytest.approx([0.25, 103.25**2])


def test_the_overview_is_an_average() -> None:
    truth = np.zeros((1, 320, 200), dtype=np.uint8)
    truth[:, ::2] = 200
    made = View("big", (550.0,), truth, truth[:, ::2, ::2], {"m": truth})
    overview = preview_of(made, 2, 32).overview
    assert overview.shape == (3, 160, 100)
    assert (overview == 100).all()


def test_the_overview_of_a_narrow_scene_has_a_row() -> None:
    truth = np.zeros((1, 8, 2000), dtype=np.uint8)
    truth[:, ::2] = 200
    made = View("narrow", (550.0,), truth, truth[:, ::2, ::2], {"m": truth})
    overview = preview_of(made, 2, 32).overview
    assert overview.shape == (3, 1, 153)
    assert (overview == 100).all()
