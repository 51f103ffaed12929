"""A damaged, torn or lost scene is made again, and never read as it is."""

from pathlib import Path

import numpy as np
import pytest

from benchmark.data.cache import digest
from benchmark.errors import RequestError
from tests.benchmark.data.cache.support import ALL, NAMES, Kept, files, opened, same, scene, stored


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
