"""Prepared scenes: read back equal, made anew when files change or the file is damaged."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.cache import PreparedScenes, digest, prepare
from benchmark.dataset import DataSet, Scene, Source
from benchmark.errors import RequestError

NAMES = ("one", "two", "three")


def scene(name: str, offset: int = 0) -> Scene:
    """Make a scene; each has another type."""
    number = NAMES.index(name)
    kind = (np.uint8, np.uint16, np.float32)[number]
    values = np.random.default_rng(number).integers(0, 200, (9 + number, 7, 3)) + offset
    cube = values.astype(kind)
    return Scene(name, cube, (400.0, 500.0, 612.5), (255.0, 65535.0, 256.0)[number])


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


def same(first: Scene, second: Scene) -> bool:
    """Compare two scenes in all that they hold."""
    return (
        first.name == second.name
        and first.cube.dtype == second.cube.dtype
        and np.array_equal(first.cube, second.cube)
        and (first.wavelengths, first.peak) == (second.wavelengths, second.peak)
    )


def files(cache: Path) -> list[str]:
    """List a folder, hidden files included."""
    return sorted(file.name for file in cache.iterdir())


def rewrite(file: Path, change: Callable[[bytes], bytes]) -> None:
    """Change the index of a prepared file, and its length to suit."""
    content = file.read_bytes()
    length, kind = struct.unpack("<Q8s", content[-16:])
    index = change(content[-16 - length : -16])
    file.write_bytes(content[: -16 - length] + index + struct.pack("<Q8s", len(index), kind))


def test_a_forged_length_makes_it_anew(kept: Kept, tmp_path: Path) -> None:
    opened(kept, tmp_path)
    file = tmp_path / "kept.scenes"
    for length in (0, 1, 2**63, 10**6):
        content = file.read_bytes()
        file.write_bytes(content[:-16] + struct.pack("<Q", length) + content[-8:])
        assert same(opened(kept, tmp_path).read("one"), scene("one"))


def test_any_damage_is_read_as_it_was_or_made_anew(kept: Kept, tmp_path: Path) -> None:
    opened(kept, tmp_path)
    file, random = tmp_path / "kept.scenes", np.random.default_rng(0)
    whole = file.read_bytes()
    for _ in range(300):
        content = bytearray(whole)
        content[random.integers(len(content))] ^= 1 << random.integers(8)
        cut = int(random.integers(2 * len(content)))  # half of them are whole
        file.write_bytes(content[:cut])
        prepared = opened(kept, tmp_path)
        assert all(same(prepared.read(name), scene(name)) for name in NAMES)


def test_scenes_read_back_are_equal(kept: Kept, tmp_path: Path) -> None:
    prepared = opened(kept, tmp_path / "deep" / "cache")
    for name in NAMES:
        assert same(prepared.read(name), scene(name))
        assert prepared.digests[name] == digest(scene(name))
        assert prepared.shapes[name] == scene(name).cube.shape
    assert kept.reads == list(NAMES)
    assert files(tmp_path / "deep" / "cache") == ["kept.scenes"]


def test_a_second_run_reads_no_file_again(kept: Kept, tmp_path: Path) -> None:
    opened(kept, tmp_path)
    prepared = opened(kept, tmp_path)
    assert same(prepared.read("two"), scene("two"))
    assert kept.reads == list(NAMES)


def test_it_is_made_anew_when_the_files_change(kept: Kept, tmp_path: Path) -> None:
    before = opened(kept, tmp_path).digests
    kept.offset = 1
    prepared = opened(kept, tmp_path)
    assert kept.reads == [*NAMES, *NAMES]
    assert same(prepared.read("one"), scene("one", 1))
    assert all(prepared.digests[name] != before[name] for name in NAMES)
    assert files(tmp_path) == ["kept.scenes"]


def test_a_part_has_a_file_of_its_own(kept: Kept, tmp_path: Path) -> None:
    opened(kept, tmp_path)
    part = opened(kept, tmp_path, ["two"])
    assert list(part.digests) == ["two"]
    assert same(part.read("two"), scene("two"))
    assert len(files(tmp_path)) == 2
    opened(kept, tmp_path)
    opened(kept, tmp_path, ["two"])
    assert kept.reads == [*NAMES, "two"]


@pytest.mark.parametrize("name", NAMES)
def test_a_flipped_bit_of_a_scene_makes_it_anew(kept: Kept, tmp_path: Path, name: str) -> None:
    prepared = opened(kept, tmp_path)
    content = bytearray((tmp_path / "kept.scenes").read_bytes())
    place = content.find(scene(name).cube.tobytes()[:40])
    assert place >= 0
    content[place + 11] ^= 1
    (tmp_path / "kept.scenes").write_bytes(content)
    assert same(prepared.read(name), scene(name))
    assert kept.reads == [*NAMES, *NAMES]
    assert same(opened(kept, tmp_path).read(name), scene(name))
    assert kept.reads == [*NAMES, *NAMES]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_made_anew(kept: Kept, tmp_path: Path, share: float) -> None:
    opened(kept, tmp_path)
    file = tmp_path / "kept.scenes"
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    prepared = opened(kept, tmp_path)
    assert all(same(prepared.read(name), scene(name)) for name in NAMES)
    assert kept.reads == [*NAMES, *NAMES]


def test_a_file_lost_between_opening_and_reading_is_made_anew(kept: Kept, tmp_path: Path) -> None:
    prepared = opened(kept, tmp_path)
    (tmp_path / "kept.scenes").unlink()
    assert same(prepared.read("three"), scene("three"))


def test_a_file_that_is_none_of_ours_is_made_anew(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "kept.scenes").write_bytes(b"something else altogether")
    assert same(opened(kept, tmp_path).read("one"), scene("one"))


@pytest.mark.parametrize("index", ["{", "{}", '{"one": {}}'])
def test_a_damaged_index_makes_it_anew(kept: Kept, tmp_path: Path, index: str) -> None:
    opened(kept, tmp_path)
    rewrite(tmp_path / "kept.scenes", lambda _: index.encode())
    prepared = opened(kept, tmp_path)
    assert prepared.digests["one"] == digest(scene("one"))
    assert same(prepared.read("one"), scene("one"))


def test_a_damaged_hash_never_reaches_the_keys_of_cells(kept: Kept, tmp_path: Path) -> None:
    opened(kept, tmp_path)
    digit = digest(scene("one")).encode()
    rewrite(tmp_path / "kept.scenes", lambda index: index.replace(digit, b"0" * 64))
    assert opened(kept, tmp_path).digests["one"] == digest(scene("one"))


def test_a_disk_that_damages_again_is_blamed(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = opened(kept, tmp_path)
    monkeypatch.setattr("benchmark.data.cache.digest", lambda _: "another every time")
    prepared.digests = {"one": "what it should be"}
    monkeypatch.setattr(prepared, "_look", lambda: None)
    with pytest.raises(RequestError, match=r"is damaged again right after it was made .*--cache"):
        prepared.read("one")


def test_nothing_half_written_stays_when_a_source_fails(kept: Kept, tmp_path: Path) -> None:
    kept.broken = "three"
    with pytest.raises(RequestError, match="three is damaged"):
        opened(kept, tmp_path)
    assert files(tmp_path) == []


def test_a_failing_source_leaves_the_old_file(kept: Kept, tmp_path: Path) -> None:
    opened(kept, tmp_path)
    content = (tmp_path / "kept.scenes").read_bytes()
    kept.offset, kept.broken = 1, "two"
    with pytest.raises(RequestError, match="two is damaged"):
        opened(kept, tmp_path)
    assert files(tmp_path) == ["kept.scenes"]
    assert (tmp_path / "kept.scenes").read_bytes() == content


def test_a_cache_that_cannot_be_written_to_is_named(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RequestError, match=r"cannot prepare scenes in .*file.*--cache"):
        opened(kept, tmp_path / "file")


def test_labels_become_harmless_file_names(kept: Kept, tmp_path: Path) -> None:
    prepare(kept, "kept[rows=3,path=../x]", Path("no-such-folder"), NAMES, tmp_path)
    assert len(files(tmp_path)) == 1
    assert files(tmp_path)[0].endswith(".scenes")
    assert (tmp_path / files(tmp_path)[0]).is_file()
    assert "/" not in files(tmp_path)[0]


def test_progress_is_announced_scene_by_scene(kept: Kept, tmp_path: Path) -> None:
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
