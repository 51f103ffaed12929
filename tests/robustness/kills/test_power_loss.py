"""What a power loss tears is noticed, and changes no number."""

import re
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults import LIMIT, finished, running
from tests.robustness.kills.runs import (
    CELLS,
    HERE,
    WORDS,
    Untouched,
    checkpoints,
    numbers,
    prepare,
    resumed,
)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the processes of a run are found through /proc"
)

# Bytes that a power loss tears together.
PAGE = 4096


def tear(file: Path, at: int | None = None) -> None:
    """Make a page of a file zeros, as a power loss may leave it; in its middle unless told."""
    content = file.read_bytes()
    first = len(content) // 2 if at is None else at
    file.write_bytes(content[:first] + bytes(len(content[first:][:PAGE])) + content[first + PAGE :])


def _wait_for_checkpoints(folder: Path, count: int, after: int = 0) -> None:
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        with suppress(FileNotFoundError):  # the newest has just become the older one
            found = [file.stat().st_mtime_ns > after for file in checkpoints(folder)]
            if sum(found) >= count:
                return
        time.sleep(0.01)
    raise TimeoutError(f"no new checkpoint in {LIMIT:g} s")


def test_what_a_power_loss_tears_is_noticed_and_changes_no_number(
    untouched: Untouched, tmp_path: Path
) -> None:
    folder = prepare(tmp_path / "torn")
    words = (*WORDS, *CELLS, *HERE)
    often = ("--checkpoint-every", "0.05")
    unusable = r"checkpoint .* cannot be used"
    with running(folder, *words, *often) as run:
        _wait_for_checkpoints(folder, 2)
        run.kill_all()
    tear(torn := checkpoints(folder)[0])
    before = torn.stat().st_mtime_ns
    with running(folder, *words, *often) as run:
        assert run.heard(unusable)
        _wait_for_checkpoints(folder, 1, after=before)
        run.kill_all()
    # What is left of the newest has not taken the place of the older one, which is good.
    checkpoints(folder)[0].write_bytes(b"")
    answer = finished(folder, *words)
    assert answer.code == 0, answer.err
    assert len(re.findall(unusable, answer.err)) == 1
    assert resumed(folder) != [0]
    assert numbers(folder) == untouched.numbers

    traced, wiener = sorted((folder / "results").glob("*/*/*/x3/*/*"))
    (traced / "cell.json").write_bytes(b"")
    tear(wiener / "scores.csv")
    scene = next((folder / ".cache").rglob("*.safetensors"))
    scene.write_bytes(scene.read_bytes()[:10_000])
    answer = finished(folder, *words)
    assert answer.code == 0, answer.err
    assert re.findall("damaged: ([a-z]+) x3", answer.err) == ["wiener", "traced"]
    aside = folder / "results" / ".superseded"
    assert (next(aside.rglob("traced/seed0*")) / "cell.json").read_bytes() == b""
    assert len(list(aside.rglob("seed0*"))) == 2
    shutil.rmtree(aside)
    assert numbers(folder) == untouched.numbers


def test_a_scene_torn_in_the_cache_is_made_again(untouched: Untouched, tmp_path: Path) -> None:
    folder = prepare(tmp_path / "scene")
    words = (*WORDS, "--methods", "wiener", *HERE)
    assert finished(folder, *words).code == 0
    scene = next((folder / ".cache").rglob("*.safetensors"))
    whole = scene.read_bytes()
    tear(scene)
    assert scene.read_bytes() != whole
    shutil.rmtree(folder / "results")
    assert finished(folder, *words).code == 0
    (scores,) = (folder / "results").glob("*/*/*/x3/wiener/*/scores.csv")
    assert scores.read_bytes() == untouched.numbers[str(scores.relative_to(folder))]
    assert scene.read_bytes() == whole
