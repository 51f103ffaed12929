"""Scenes are prepared once, read back equal, and made again when their files change."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from benchmark.data.cache import PreparedScenes, digest, prepare
from benchmark.dataset import DATASETS, Scene
from benchmark.errors import RequestError
from benchmark.plugins.discovery import load
from tests.benchmark.data.cache.support import ALL, NAMES, Kept, files, opened, same, scene, stored


def test_scenes_read_back_are_equal(kept: Kept, tmp_path: Path) -> None:
    prepared = opened(kept, tmp_path / "deep" / "cache")
    for name in NAMES:
        assert same(prepared.read(name), scene(name))
        assert prepared.digests[name] == digest(scene(name))
        assert prepared.shapes[name] == scene(name).cube.shape
    assert kept.reads == list(NAMES)
    assert files(tmp_path / "deep" / "cache") == ALL


def test_the_library_reads_what_is_stored(kept: Kept, tmp_path: Path) -> None:
    opened(kept, tmp_path)
    for name in NAMES:
        cube = load_file(stored(tmp_path, name))["cube"]
        assert cube.dtype == scene(name).cube.dtype
        np.testing.assert_array_equal(cube, scene(name).cube)


def test_a_second_run_reads_no_file_again(kept: Kept, tmp_path: Path) -> None:
    opened(kept, tmp_path)
    prepared = opened(kept, tmp_path)
    assert same(prepared.read("two"), scene("two"))
    assert kept.reads == list(NAMES)


def test_it_is_made_again_when_the_files_change(kept: Kept, tmp_path: Path) -> None:
    before = opened(kept, tmp_path).digests
    kept.offset = 1
    prepared = opened(kept, tmp_path)
    assert kept.reads == [*NAMES, *NAMES]
    assert same(prepared.read("one"), scene("one", 1))
    assert all(prepared.digests[name] != before[name] for name in NAMES)
    assert files(tmp_path) == ALL


def test_a_subset_has_a_folder_of_its_own(kept: Kept, tmp_path: Path) -> None:
    opened(kept, tmp_path)
    part = opened(kept, tmp_path, ["two"])
    assert list(part.digests) == ["two"]
    assert same(part.read("two"), scene("two"))
    assert len(files(tmp_path)) == 4
    opened(kept, tmp_path)
    opened(kept, tmp_path, ["two"])
    assert kept.reads == [*NAMES, "two"]


def test_what_was_made_before_a_source_failed_is_kept(kept: Kept, tmp_path: Path) -> None:
    kept.broken = "three"
    with pytest.raises(RequestError, match="three is damaged"):
        opened(kept, tmp_path)
    assert files(tmp_path) == [ALL[0], ALL[2]]  # nothing half-written
    kept.broken = ""
    opened(kept, tmp_path)
    assert kept.reads == list(NAMES)


def test_an_exception_of_the_data_sets_code_is_one_line(kept: Kept, tmp_path: Path) -> None:
    kept.offset = "one"  # type: ignore[assignment]
    with pytest.raises(RequestError, match=r"^kept: scene one: \w+: .* \(support\.py, line \d+"):
        opened(kept, tmp_path)
    assert files(tmp_path) == []


def test_a_failing_source_leaves_the_scenes_that_are_there(kept: Kept, tmp_path: Path) -> None:
    opened(kept, tmp_path)
    content = stored(tmp_path, "two").read_bytes()
    kept.offset, kept.broken = 1, "two"
    with pytest.raises(RequestError, match="two is damaged"):
        opened(kept, tmp_path)
    assert files(tmp_path) == ALL
    assert stored(tmp_path, "two").read_bytes() == content


def test_two_processes_prepare_every_scene_once(tmp_path: Path) -> None:
    sets, seen = [Kept(), Kept()], [threading.Event(), threading.Event()]

    def prepare_slowly(number: int) -> PreparedScenes:
        def progress(label: str, done: int, total: int, item: str) -> None:
            if done == 0:
                seen[number].set()
                time.sleep(0.2)

        return prepare(sets[number], "kept", Path("no-such-folder"), NAMES, tmp_path, progress)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(prepare_slowly, 0)
        seen[0].wait()
        second = pool.submit(prepare_slowly, 1)
        assert first.result().digests == second.result().digests
    assert [one.reads for one in sets] == [list(NAMES), []]


def test_a_cache_that_cannot_be_written_to_is_named(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RequestError, match=r"cannot write to .*file.*--cache"):
        opened(kept, tmp_path / "file")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("kept[path=a/b]", "kept[path=a_b]"),
        ("kept[path=\u8bad\u7ec3]", "kept[path=\u6d4b\u8bd5]"),  # of letters outside A to Z alone
    ],
)
def test_data_sets_with_similar_labels_do_not_replace_each_others_scenes(
    kept: Kept, tmp_path: Path, first: str, second: str
) -> None:
    for label in (first, second) * 2:
        prepare(kept, label, Path("no-such-folder"), NAMES, tmp_path)
    assert len(kept.reads) == 2 * len(NAMES)


def test_labels_become_harmless_folder_names(kept: Kept, tmp_path: Path) -> None:
    prepare(kept, "kept[rows=3,path=../x]", Path("no-such-folder"), NAMES, tmp_path)
    (folder,) = (tmp_path / "scenes").iterdir()
    assert re.fullmatch(r"kept_rows_3_path_\.\._x-[0-9a-f]{8}", folder.name)
    assert len(list(folder.iterdir())) == 3


def test_long_labels_have_folders_that_every_system_can_name(kept: Kept, tmp_path: Path) -> None:
    for end in "ab":
        label = f"kept[path={'/a_long_folder' * 30},test={end}]"
        prepare(kept, label, Path("no-such-folder"), NAMES, tmp_path)
    folders = list((tmp_path / "scenes").iterdir())
    assert [len(list(folder.iterdir())) for folder in folders] == [3, 3]


def test_progress_is_reported_scene_by_scene(kept: Kept, tmp_path: Path) -> None:
    calls: list[tuple[object, ...]] = []
    prepare(kept, "kept", Path("no-such-folder"), NAMES, tmp_path, lambda *now: calls.append(now))
    assert calls == [
        ("kept", 0, 3, "one"),
        ("kept", 1, 3, "two"),
        ("kept", 2, 3, "three"),
        ("kept", 3, 3, ""),
    ]


def test_the_digest_sees_all_that_a_scene_holds() -> None:
    base = scene("two")
    others = [
        Scene("two", base.cube + np.uint16(1), base.wavelengths, base.peak),
        Scene("two", base.cube.astype(np.int32), base.wavelengths, base.peak),
        Scene("two", base.cube.reshape(7, 10, 3), base.wavelengths, base.peak),
        Scene("two", base.cube, (400.0, 500.0, 613.0), base.peak),
        Scene("two", base.cube, base.wavelengths, 4095.0),
    ]
    digests = {digest(other) for other in others} | {digest(base)}
    assert len(digests) == 6
    flipped = np.asfortranarray(base.cube)
    again = Scene("another name", flipped, base.wavelengths, base.peak)
    assert digest(again) == digest(base)


SOURCE = """
from helper import factor

import numpy as np

from benchmark.dataset import DataSet, Scene, Source, register


class Made(Source):
    stamp = "the same files"

    def read(self, scene):
        cube = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)
        return Scene(scene, cube * factor(), (400.0, 500.0, 600.0), 255.0)


@register("made")
class Scenes(DataSet):
    title = "Made"
    scenes = ("one", "two")
    test = ("two",)
    validation = ()

    def open(self, root, scenes):
        return Made()
"""


@pytest.mark.parametrize(
    ("source", "helper", "again", "changed"),
    [
        (SOURCE, "def factor():\n    return 1  # a remark\n", False, False),
        (f'"""A text."""\n{SOURCE}', "def factor(): return 1\n", False, False),
        (SOURCE.replace("* factor()", "* (factor() + 1)"), "def factor(): return 1\n", True, True),
        (SOURCE, "def factor(): return 3\n", True, True),
        (SOURCE, "def factor(): return 3 - 2\n", True, False),
    ],
    ids=["comment", "docstring", "source", "helper", "refactoring"],
)
@pytest.mark.usefixtures("registries")
def test_scenes_are_made_again_when_the_data_sets_source_changes(
    tmp_path: Path, source: str, helper: str, again: bool, changed: bool
) -> None:
    """Its files are the same; what it makes of them may not be."""

    def made(text: str, helper: str) -> tuple[dict[str, str], list[str]]:
        (tmp_path / "made.py").write_text(text)
        (tmp_path / "helper.py").write_text(helper)
        load(tmp_path / "made.py", DATASETS)
        told: list[str] = []
        prepared = prepare(
            DATASETS.make("made"),
            "made",
            tmp_path,
            ("one", "two"),
            tmp_path / "cache",
            lambda _label, _done, _total, item: told.append(item),
        )
        return dict(prepared.digests), told

    first, _ = made(SOURCE, "def factor(): return 1\n")
    second, told = made(source, helper)
    assert told == (["one", "two", ""] if again else [])
    assert (second != first) == changed
