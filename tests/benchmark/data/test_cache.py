"""Prepared scenes: read back equal, made again when files change or a scene is damaged."""

import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from benchmark.data.cache import PreparedScenes, digest, prepare
from benchmark.dataset import DATASETS, DataSet, Scene, Source
from benchmark.errors import RequestError
from benchmark.plugins.discovery import load

NAMES = ("one", "two", "three")


def scene(name: str, offset: int = 0) -> Scene:
    """Make a scene; each has another type."""
    number = NAMES.index(name)
    kind = (np.uint8, np.uint16, np.float32)[number]
    values = np.random.default_rng(number).integers(0, 200, (9 + number, 7, 3)) + offset
    cube = values.astype(kind)
    return Scene(name, cube, (400.0, 500.0, 612.5), (255.0, 1023.0, 256.0)[number])


class Kept(DataSet):
    """A data set whose files are one number, counting what is read of it."""

    name = "kept"
    title = "Kept"
    scenes = NAMES
    test = ("three",)
    validation = ()

    def __init__(self) -> None:
        self.offset = 0
        self.reads: list[str] = []
        self.broken = ""

    def open(self, root: Path, scenes: Sequence[str]) -> Source:
        """Stamp with the number."""
        return _Kept(self)


class _Kept(Source):
    def __init__(self, owner: Kept) -> None:
        self.owner = owner
        self.stamp = f"offset {owner.offset}"

    def read(self, scene_name: str) -> Scene:
        if scene_name == self.owner.broken:
            raise RequestError(f"{scene_name} is damaged")
        self.owner.reads.append(scene_name)
        return scene(scene_name, self.owner.offset)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def opened(kept: Kept, cache: Path, names: Sequence[str] = NAMES) -> PreparedScenes:
    """Prepare with the label `kept`."""
    return prepare(kept, "kept", Path("no-such-folder"), names, cache)


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


def same(first: Scene, second: Scene) -> bool:
    """Compare two scenes in all that they hold."""
    return (
        first.name == second.name
        and first.cube.dtype == second.cube.dtype
        and np.array_equal(first.cube, second.cube)
        and (first.wavelengths, first.peak) == (second.wavelengths, second.peak)
    )


def files(cache: Path) -> list[str]:
    """List the files below a folder, hidden ones included."""
    return sorted(str(file.relative_to(cache)) for file in cache.rglob("*") if file.is_file())


def stored(cache: Path, name: str) -> Path:
    """Return the file of one scene."""
    return cache / "scenes" / "kept" / f"{name}.safetensors"


ALL = [f"scenes/kept/{name}.safetensors" for name in sorted(NAMES)]


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


@pytest.mark.parametrize("name", NAMES)
def test_a_flipped_bit_of_a_scene_makes_that_scene_again(
    kept: Kept, tmp_path: Path, name: str
) -> None:
    prepared = opened(kept, tmp_path)
    content = bytearray(stored(tmp_path, name).read_bytes())
    content[-11] ^= 1
    stored(tmp_path, name).write_bytes(content)
    for one in NAMES:
        assert same(prepared.read(one), scene(one))
    assert kept.reads == [*NAMES, name]
    assert same(opened(kept, tmp_path).read(name), scene(name))
    assert kept.reads == [*NAMES, name]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_scene_is_made_again(kept: Kept, tmp_path: Path, share: float) -> None:
    opened(kept, tmp_path)
    content = stored(tmp_path, "two").read_bytes()
    stored(tmp_path, "two").write_bytes(content[: int(share * len(content))])
    prepared = opened(kept, tmp_path)
    assert all(same(prepared.read(name), scene(name)) for name in NAMES)
    assert kept.reads == [*NAMES, "two"]


@pytest.mark.parametrize("name", NAMES)
def test_any_damage_is_read_as_it_was_or_made_again(kept: Kept, tmp_path: Path, name: str) -> None:
    opened(kept, tmp_path)
    file, random = stored(tmp_path, name), np.random.default_rng(0)
    whole = file.read_bytes()
    for _ in range(100):
        content = bytearray(whole)
        content[random.integers(len(content))] ^= 1 << random.integers(8)
        cut = int(random.integers(2 * len(content)))  # half of them are whole
        file.write_bytes(content[:cut])
        prepared = opened(kept, tmp_path)
        assert prepared.digests[name] == digest(scene(name))
        assert same(prepared.read(name), scene(name))


def test_a_scene_damaged_or_lost_after_opening_is_made_again(kept: Kept, tmp_path: Path) -> None:
    prepared = opened(kept, tmp_path)
    stored(tmp_path, "three").unlink()
    stored(tmp_path, "two").write_bytes(b"something else altogether")
    for name in NAMES:
        assert same(prepared.read(name), scene(name))
    assert kept.reads == [*NAMES, "two", "three"]
    assert files(tmp_path) == ALL


@pytest.mark.parametrize("damage", [b"\xff" * 8, b"\0" * 8, (1 << 62).to_bytes(8, "little")])
def test_a_forged_length_makes_a_scene_again(kept: Kept, tmp_path: Path, damage: bytes) -> None:
    prepared = opened(kept, tmp_path)
    file = stored(tmp_path, "one")
    file.write_bytes(damage + file.read_bytes()[8:])
    assert same(prepared.read("one"), scene("one"))
    file.write_bytes(damage + file.read_bytes()[8:])
    assert same(opened(kept, tmp_path).read("one"), scene("one"))


def test_a_damaged_hash_never_reaches_the_keys_of_cells(kept: Kept, tmp_path: Path) -> None:
    opened(kept, tmp_path)
    content = stored(tmp_path, "one").read_bytes()
    digits = digest(scene("one")).encode()
    assert digits in content
    stored(tmp_path, "one").write_bytes(content.replace(digits, b"0" * 64))
    assert opened(kept, tmp_path).digests["one"] == digest(scene("one"))


def test_a_file_of_the_former_format_is_not_looked_at(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "kept.scenes").write_bytes(bytes(100))
    assert same(opened(kept, tmp_path).read("one"), scene("one"))
    assert (tmp_path / "kept.scenes").read_bytes() == bytes(100)


def test_files_that_changed_during_a_run_are_noticed(kept: Kept, tmp_path: Path) -> None:
    prepared = opened(kept, tmp_path)
    stored(tmp_path, "one").unlink()
    kept.offset = 1
    with pytest.raises(RequestError, match="scene one changed during the run"):
        prepared.read("one")


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
    with pytest.raises(RequestError, match=r"^kept: scene one: \w+: .* \(test_cache\.py, line \d+"):
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
